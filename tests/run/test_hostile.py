# SPDX-License-Identifier: MIT
"""Drivers that do harm: each is stopped and told of in the right words, and the tool survives."""

import json
import re
import struct
import unittest

from common import CRASHED, command, driver, machines

# driver, what is said of it, is the place in its image named? The same on both machines, where it can be.
ENDS = [
    ("null_read", r"read from address 0, a NULL pointer", True),
    ("wild_write", r"wrote to address 0x12345[0-9a-f]+, where it has nothing", True),
    ("wild_jump", r"jumped to address 0x12345[0-9a-f]+", False),
    ("stack_overflow", r"ran out of stack", True),
    ("open", r"made the system call open, which drivers have no business with", True),
    ("fork", r"made the system call fork,", True),
    ("connect", r"made the system call socket(call)?,", True),
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
    ("machine_code", r"wrote to address 0x[0-9a-f]+, where it has nothing", True),
    ("heap", r"(wrote to address 0x[0-9a-f]+, where it has nothing|destroyed memory that is not its own)", None),
    ("alignment", r"asked for alignment checks \(EFLAGS\.AC\) and used an address that is not aligned", True),
    ("hoard", r"made the system call memfd_create,", True),
    ("huge_screen", r"wrote more into a file than any screenshot has", True),
]

# What does not come back, and the function of the driver that it hangs in.
LOOPS = [("loop", "HwInitialize"), ("isr_loop", "HwInterrupt"), ("dpc_loop", "HwInitialize"), ("masked_loop", "HwInitialize"),
         ("flood", "HwInitialize")]


class Hostile(command.CommandTest):
    def crash(self, path, *arguments):
        done = command.run("run", path, *arguments)
        self.assertEqual((done.returncode, done.stderr), (CRASHED, ""), done.stdout)
        return done.stdout

    def test_each_is_told_of(self):
        for name, words, placed in ENDS:
            for path in machines(name, decoder=name in ("rdmsr", "lgdt")):
                with self.subTest(driver=path.name):
                    text = self.crash(path)
                    self.assertRegex(text, r"\n\*\*\* The driver " + r"(.*)" + words)
                    if placed:
                        self.assertRegex(text, r"\n    At %s\+0x[0-9a-f]+ \(\.text(, in the function at \+0x[0-9a-f]+)?\), in "
                                               r"HwInitialize\.\n" % path.name)
                    if placed is not None:
                        self.assertIn("While starting the driver.", text)

    def test_stack_smash_is_stopped_wherever_it_leads(self):
        for path in machines("stack_smash"):
            self.assertRegex(self.crash(path), r"\n\*\*\* The driver ")

    def test_loops_are_stopped_and_found(self):
        for name, function in LOOPS:
            for path in machines(name):
                with self.subTest(driver=path.name):
                    text = self.crash(path, "--timeout", "1")
                    self.assertRegex(text, r"\*\*\* The driver did not come back in time\.\n    At %s\+0x[0-9a-f]+ \(\.text"
                                     % path.name)
                    self.assertIn("in " + function, text)

    def test_whoever_does_not_listen_is_stopped_too(self):
        for path in machines("deaf"):
            self.assertRegex(self.crash(path, "--timeout", "1"), r"did not come back in time, nor did it say where it is\.")

    def test_other_threads_are_told_of_as_well(self):
        """In threaded mode the interrupt is on a thread of its own, with a second stack of its own and the same filter."""
        for name, words in (("isr_overflow", "ran out of stack, or left it"), ("isr_open", "made the system call open,")):
            for mode in ("deterministic", "threaded"):
                for path in machines(name):
                    with self.subTest(driver=path.name, mode=mode):
                        text = self.crash(path, "-a", "sim:mode=%s,memory=256M" % mode, "--timeout", "10")
                        self.assertRegex(text, r"\*\*\* The driver %s.*\n    At %s\+0x[0-9a-f]+ \(\.text.*in HwInterrupt"
                                         % (words, path.name))

    def test_memory_is_limited(self):
        for path in machines("greedy"):
            for limit in (64, 256):
                with self.subTest(driver=path.name, limit=limit):
                    done = command.run("run", path, "--json", "--memory", limit, "-a", "sim:memory=64M")
                    account = json.loads(done.stdout)
                    said = [entry["text"] for entry in account["debug"]]
                    self.assertEqual(said[0], "There is no memory for 16777216 bytes of pool: the driver gets NULL.")
                    took = int(re.search(r"took (\d+) MiB", said[1])[1])
                    self.assertTrue(limit / 2 <= took <= limit, took)
        self.refuse(command.USAGE, "--memory takes a whole number from 0 to 1048576, not '1G'", "run", driver("greedy"),
                    "--memory", "1G")

    def test_silence_is_no_hiding_place(self):
        self.assertRegex(self.crash(driver("silence"), "--timeout", "1"), r"\*\*\* The driver did not come back in time")

    def test_frees_of_what_is_not_there_are_reported(self):
        for name, words in (("double_free", "it was freed before"), ("foreign_free", "it never was one")):
            with self.subTest(driver=name):
                done = command.run("run", driver(name))
                self.assertRegex(done.stdout, r"POOL\b.*is not a live pool block \(%s\)" % words)
                self.assertRegex(done.stdout, r"%s\.sys\+0x|VideoPortFreePool" % name)

    def test_nonsense_on_the_event_pipe_is_survived(self):
        done = command.run("run", driver("babble"), "-o", self.folder / "shot.png")
        self.assertIn("%n%s", done.stdout)
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

    def test_places_in_a_shared_object(self):
        text = self.crash(driver("null_read").with_name("null_read-native.so"))
        self.assertRegex(text, r"read from address 0, a NULL pointer\.\n    At null_read-native\.so\+0x[0-9a-f]+ "
                               r"\(in the function (Act|Initialize)\), in HwInitialize\.\n    While starting the driver\.\n")

    def test_a_shared_object_with_damaged_symbols(self):
        """The linker does not look at a file's sections; the account does, and believes nothing."""
        good = driver("null_read").with_name("null_read-native.so").read_bytes()
        headers, size, count = struct.unpack_from("<Q", good, 0x28)[0], *struct.unpack_from("<HH", good, 0x3a)
        for _ in range(40):
            bytes_ = bytearray(good)
            for _ in range(self.random.randint(1, 12)):
                at = headers + self.random.randrange(count) * size + self.random.choice((0, 4, 24, 32, 40))
                value = self.random.choice((0, 2, 11, 0xffffffff, len(good), self.random.getrandbits(32)))
                struct.pack_into("<I", bytes_, at, value)
            if self.random.random() < 0.3:
                struct.pack_into("<Q", bytes_, 0x28, self.random.choice((0, len(good) - 8, 2**63, self.random.getrandbits(64))))
            text = self.crash(self.file("damaged.so", bytes(bytes_)))
            self.assertRegex(text, r"\n    At damaged\.so\+0x[0-9a-f]+( \(in the function [ -~]*\))?, in HwInitialize\.\n")

    def test_missing_import_is_listed_before_anything_runs(self):
        text = self.crash(driver("missing_import"))
        self.assertLess(text.index("missing    VIDEOPRT.SYS: VideoPortDoesNotExist"), text.index("DriverEntry"))


if __name__ == "__main__":
    unittest.main()
