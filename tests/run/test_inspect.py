# SPDX-License-Identifier: MIT
"""`videoport inspect`, compared with an independent reader of PE files (binutils' objdump)."""

import json
import random
import re
import shutil
import subprocess
import unittest

from common import command, driver

OBJDUMP = next((name for name in ("x86_64-w64-mingw32-objdump", "objdump") if shutil.which(name)), "objdump")


def dump(path, flag):
    return subprocess.run([OBJDUMP, flag, path], stdout=subprocess.PIPE, text=True, check=True).stdout


def imports_of(path):
    """(library, name) in order, as objdump has them."""
    found, library = [], None
    for line in dump(path, "-p").splitlines():
        if "DLL Name:" in line:
            library = line.split("DLL Name:")[1].strip()
        else:
            match = re.match(r"\s+[0-9a-f]+\s+\d+\s+(\w+)$", line)
            if match and library:
                found.append((library, match[1]))
        if line.startswith("The Export Tables") or line.startswith("PE File Base Relocations"):
            library = None
    return found


def sections_of(path):
    """(name, rva) in order."""
    base = int(re.search(r"ImageBase\s+([0-9a-f]+)", dump(path, "-p"))[1], 16)
    return [(match[1], int(match[2], 16) - base)
            for match in re.finditer(r"^\s+\d+ (\.\w+)\s+[0-9a-f]+\s+([0-9a-f]+)", dump(path, "-h"), re.M)]


class Inspect(command.CommandTest):
    def test_agrees_with_objdump(self):
        for name in ("sim", "traps", "missing_import", "bugcheck"):
            with self.subTest(driver=name):
                account = self.json("inspect", driver(name))
                self.assertEqual([(entry["library"], entry["name"]) for entry in account["imports"]], imports_of(driver(name)))
                self.assertEqual([(entry["name"], entry["rva"]) for entry in account["sections"]], sections_of(driver(name)))
                self.assertEqual(account["machine"], "x86-64")
                text = dump(driver(name), "-p")
                self.assertEqual(account["entry"], int(re.search(r"AddressOfEntryPoint\s+([0-9a-f]+)", text)[1], 16))
                self.assertEqual(account["image_size"], int(re.search(r"SizeOfImage\s+([0-9a-f]+)", text)[1], 16))

    def test_says_what_is_missing(self):
        account = self.json("inspect", driver("missing_import"))
        self.assertEqual([entry["name"] for entry in account["imports"] if not entry["satisfied"]], ["VideoPortDoesNotExist"])
        self.assertEqual(account["missing_imports"], 1)
        self.assertRegex(self.succeed("inspect", driver("missing_import")), r"\n  -  VideoPortDoesNotExist\n")
        self.assertRegex(self.succeed("inspect", driver("sim")), r"missing    nothing: all \d+ imports are there")

    def test_mutations_are_survived(self):
        """Damaged files are refused or read; nothing else happens."""
        rng = random.Random(command.SEED)
        good = driver("sim").read_bytes()
        for _ in range(60):
            bytes_ = bytearray(good)
            for _ in range(rng.randint(1, 20)):
                bytes_[rng.randrange(min(len(bytes_), rng.choice((64, 512, 1024, len(bytes_)))))] = rng.choice((0, 1, 0x7f, 0xff, rng.randrange(256)))
            path = self.file("mutant.sys", bytes(bytes_[:rng.choice((len(bytes_), rng.randrange(len(bytes_))))]))
            done = command.run("inspect", path, "--json")
            self.assertIn(done.returncode, (command.OK, command.FAILED), done.stderr)
            if done.returncode == command.OK:
                json.loads(done.stdout)
            else:
                self.assertRegex(done.stderr, r"\Avideoport inspect: .*mutant\.sys: ")

    def test_refusals(self):
        self.refuse(command.USAGE, "which driver", "inspect")
        self.refuse(command.FAILED, "not a Windows image", "inspect", self.file("empty.sys", b""))
        self.refuse(command.FAILED, "No such file", "inspect", self.folder / "none.sys")


if __name__ == "__main__":
    unittest.main()
