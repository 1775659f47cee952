# SPDX-License-Identifier: MIT
"""The PE parser beside an independent one (LLVM's), over every driver that meson.build made, and over damaged ones; and damaged
ones run."""

import json
import os
import re
import subprocess
import unittest

from common import CRASHED, DRIVERS, command

# How many damaged images: looked at, run. VPORT_MUTANTS=10 makes it ten times as many.
LOOKED_AT, RUN = (count * int(os.environ.get("VPORT_MUTANTS", "1")) for count in (250, 60))


def readobj(path):
    """What LLVM has to say, None if it has nothing good to say."""
    done = subprocess.run(["llvm-readobj", "--file-headers", "--sections", "--coff-imports", path], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    text = done.stdout.decode("latin-1")
    return None if done.returncode or done.stderr else text


def field(text, name):
    return int(re.search(r"^ *%s: (?:.*\()?(0x[0-9A-Fa-f]+|\d+)\)?$" % name, text, re.M)[1], 0)


def printable(name):
    return re.sub(r"[^ -~]", "?", name)


def headers_of(text):
    return {"entry": field(text, "AddressOfEntryPoint"), "image_size": field(text, "SizeOfImage"),
            "image_base": field(text, "ImageBase"), "section_alignment": field(text, "SectionAlignment"),
            "machine": {0x8664: "x86-64", 0x14c: "i386"}.get(field(text, "Machine"))}


def sections_of(text):
    """(name, rva, bytes in memory, access) of those that take any."""
    found = []
    for part in re.findall(r"^  Section \{\n(.*?)^  \}", text, re.M | re.S):
        size = field(part, "VirtualSize") or field(part, "RawDataSize")
        flags = int(re.search(r"Characteristics \[ \((0x[0-9A-F]+)\)", part)[1], 16)
        access = "".join(letter if flags >> bit & 1 else "-" for letter, bit in (("r", 30), ("w", 31), ("x", 29)))
        if size:
            found.append((field(part, "VirtualAddress"), size, access))
    return found


def imports_of(text):
    """(library, name, number) in order: the number is the ordinal where there is no name, else a hint."""
    found = []
    for part in re.findall(r"^Import \{\n(.*?)^\}", text, re.M | re.S):
        library = printable(re.search(r"^  Name: (.*)$", part, re.M)[1])
        for name, number in re.findall(r"^  Symbol: (.*?) \((\d+)\)$", part, re.M | re.S):
            found.append((library, printable(name), int(number)))
    return found


def from_file(text):
    """Do all tables of imports lie in what sections have in the file? LLVM reads on behind that, where an image in memory is 0."""
    backed = [(field(part, "VirtualAddress"), field(part, "RawDataSize"))
              for part in re.findall(r"^  Section \{\n(.*?)^  \}", text, re.M | re.S)]
    tables = [field(text, "ImportTableRVA") + field(text, "ImportTableSize")] if "ImportTableRVA" in text else []
    tables += [int(rva, 16) + 8 * (part.count("  Symbol: ") + 1) for part in re.findall(r"^Import \{\n(.*?)^\}", text, re.M | re.S)
               for rva in re.findall(r"TableRVA: (0x[0-9A-F]+)", part)]
    return all(any(start < end <= start + size for start, size in backed) for end in tables if end)


class Images(command.CommandTest):
    def compare(self, path, account, text):
        told = dict(account, image_base=int(account["image_base"], 0))
        self.assertEqual({key: told[key] for key in headers_of(text)}, headers_of(text), path)
        self.assertEqual([(entry["rva"], entry["size"], entry["access"]) for entry in told["sections"]], sections_of(text), path)
        if not from_file(text):
            return
        theirs = imports_of(text)
        self.assertEqual([(entry["library"], entry.get("name", "")) for entry in told["imports"]],
                         [(library, name) for library, name, _ in theirs], path)
        for entry, (_, _, number) in zip(told["imports"], theirs):
            self.assertEqual(entry.get("ordinal", number), number, path)

    def test_every_driver(self):
        paths = sorted(DRIVERS.glob("*.sys"))
        self.assertGreater(len(paths), 20)
        for path in paths:
            with self.subTest(driver=path.name):
                text = readobj(path)
                self.assertTrue(from_file(text))
                self.compare(path, self.json("inspect", path), text)

    def mutants(self, count):
        """Damaged drivers: more in their headers and tables than in the rest."""
        drivers = sorted(DRIVERS.glob("*.sys"))
        for number in range(count):
            bytes_ = bytearray(self.random.choice(drivers).read_bytes())
            for _ in range(self.random.randint(1, 8)):
                at = self.random.randrange(self.random.choice((0x200, 0x400, len(bytes_), len(bytes_))))
                width = self.random.choice((1, 1, 2, 4))
                value = self.random.choice((0, 1, 0x7f, 0x80000000, 0xffffffff, self.random.getrandbits(32), len(bytes_)))
                bytes_[at:at + width] = (value & (1 << 8 * width) - 1).to_bytes(width, "little")
            if self.random.random() < 0.1:
                del bytes_[self.random.randrange(len(bytes_)):]
            yield self.file("mutant-%d.sys" % number, bytes(bytes_))

    def test_damaged_drivers_looked_at(self):
        agreed = 0
        for path in self.mutants(LOOKED_AT):
            done = command.run("inspect", path, "--json")
            self.assertIn(done.returncode, (command.OK, command.FAILED), path)
            text = readobj(path)
            if done.returncode == command.OK and text is not None:
                self.compare(path, json.loads(done.stdout), text)
                agreed += 1
            path.unlink()
        self.assertGreater(agreed, LOOKED_AT // 10)

    def test_damaged_drivers_run(self):
        ends = set()
        for path in self.mutants(RUN):
            done = command.run("run", path, "--timeout", "1")
            self.assertIn(done.returncode, (command.OK, command.FAILED, CRASHED), (path, done.stdout))
            self.assertEqual(re.findall(r"[\x00-\x09\x0b-\x1f\x7f-\xff]", done.stdout), [], path)
            ends.add(done.returncode)
            path.unlink()
        self.assertGreater(len(ends), 1)


if __name__ == "__main__":
    unittest.main()
