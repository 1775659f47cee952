# SPDX-License-Identifier: MIT
"""Drivers that do harm: each is stopped and told of in the right words, and the tool survives."""

import json
import re
import unittest

from common import CRASHED, command, driver

# driver, what is said of it, is the place in its image named?
ENDS = [
    ("null_read", r"read from address 0, a NULL pointer", True),
    ("wild_write", r"wrote to address 0x123456789000, where it has nothing", True),
    ("wild_jump", r"jumped to address 0x123456789000", False),
    ("stack_overflow", r"ran out of stack", True),
    ("open", r"made the system call open, which drivers have no business with", True),
    ("fork", r"made the system call fork,", True),
    ("connect", r"made the system call socket,", True),
    ("execve", r"made the system call execve,", True),
    ("kill_parent", r"made the system call kill,", True),
    ("new_code", r"made the system call mprotect,", True),
    ("int80", r"made the system call exit,", True),
    ("missing_import", r"called VideoPortDoesNotExist, which nothing here provides", True),
    ("own_code", r"wrote to address 0x[0-9a-f]+, where it has nothing", True),
    ("divide", r"divided by zero", True),
    ("ud2", r"executed an instruction that does not exist here", True),
    ("breakpoint", r"stopped at a breakpoint", True),
    ("bugcheck", r"ended in bug check 0x000000ea \(0x1, 0x2, 0x3, 0x4\)", False),
    ("rdmsr", r'only a kernel may.*"rdmsr" is a privileged instruction that is not emulated', True),
    ("lgdt", r'"lgdt .*" is a privileged instruction that is not emulated', True),
    ("limits", r"made the system call prlimit64,", True),
    ("shrink", r"read from address 0, a NULL pointer", True),
]


class Hostile(command.CommandTest):
    def crash(self, name, *arguments):
        done = command.run("run", driver(name), *arguments)
        self.assertEqual((done.returncode, done.stderr), (CRASHED, ""), done.stdout)
        return done.stdout

    def test_each_is_told_of(self):
        for name, words, placed in ENDS:
            with self.subTest(driver=name):
                text = self.crash(name)
                self.assertRegex(text, r"\n\*\*\* The driver " + r"(.*)" + words)
                if placed:
                    self.assertRegex(text, r"\n    At %s\.sys\+0x[0-9a-f]+ \(\.text, in the function at \+0x[0-9a-f]+\), in "
                                           r"HwInitialize\.\n" % name)
                self.assertIn("While starting the driver.", text)

    def test_stack_smash_is_stopped_wherever_it_leads(self):
        self.assertRegex(self.crash("stack_smash"), r"\n\*\*\* The driver ")

    def test_loop_is_stopped_and_found(self):
        text = self.crash("loop", "--timeout", "1")
        self.assertRegex(text, r"\*\*\* The driver did not come back in time\.\n    At loop\.sys\+0x[0-9a-f]+ \(\.text")
        self.assertIn("in HwInitialize", text)

    def test_silence_is_no_hiding_place(self):
        self.assertRegex(self.crash("silence", "--timeout", "1"), r"\*\*\* The driver did not come back in time")

    def test_frees_of_what_is_not_there_are_reported(self):
        for name in ("double_free", "foreign_free"):
            with self.subTest(driver=name):
                done = command.run("run", driver(name))
                self.assertRegex(done.stdout, r"(?i)free")
                self.assertRegex(done.stdout, r"%s\.sys\+0x|VideoPortFreePool" % name)

    def test_nonsense_on_the_event_pipe_is_survived(self):
        done = command.run("run", driver("babble"), "-o", self.folder / "shot.png")
        self.assertIn(done.returncode, (1, 2, 3, CRASHED))
        self.assertEqual(re.findall(r"[\x00-\x09\x0b-\x1f]", done.stdout), [])
        done = command.run("run", driver("babble"), "--json")
        self.assertIsInstance(json.loads(done.stdout), dict)

    def test_an_early_exit_is_no_success(self):
        done = command.run("run", driver("exit"))
        self.assertEqual(done.returncode, CRASHED, done.stdout)
        self.assertIn("ended its process", done.stdout)

    def test_a_driver_that_finds_no_memory_is_no_crash(self):
        done = command.run("run", driver("no_memory"))
        self.assertEqual(done.returncode, command.FAILED, done.stdout)
        self.assertRegex(done.stdout, r"failed     start: ")

    def test_json_has_it_all(self):
        done = command.run("run", driver("null_read"), "--json")
        self.assertEqual(done.returncode, CRASHED)
        account = json.loads(done.stdout)
        self.assertEqual(account["exit_code"], CRASHED)
        self.assertRegex(account["crash"]["what"], "NULL pointer")
        self.assertRegex(account["crash"]["place"], r"^null_read\.sys\+0x")
        self.assertEqual(account["crash"]["inside"], "HwInitialize")
        self.assertEqual(account["crash"]["last_calls"][0]["name"], "HwInitialize")

    def test_missing_import_is_listed_before_anything_runs(self):
        text = self.crash("missing_import")
        self.assertLess(text.index("missing    VIDEOPRT.SYS: VideoPortDoesNotExist"), text.index("DriverEntry"))


if __name__ == "__main__":
    unittest.main()
