# SPDX-License-Identifier: MIT
"""Single instructions that a process may not do, done for the driver."""

import json
import os
import unittest

from common import CRASHED, command, driver, machines

DEVICE = """id 5650524d 5650524d
wide 5650524d
vector 5650524d
push 5650524d
store 100
arithmetic 11d
compare 1 0
test 0 1
exchange 11d 55
stos 77
version 5
time 1
block 1 1
irql 2
""".splitlines()
EXPECTED = {"traps.sys": DEVICE + ["raised 2", "lowered 0", "port ff"],
            "traps-i386.sys": DEVICE + ["chain ffffffff", "try 1 1234", "chain ffffffff", "port ff"]}
# Where libzydis for i386 is missing, drivers for i386 are told so.
DECODED = machines("traps", decoder=True)


class Traps(command.CommandTest):
    def test_every_instruction_does_what_it_says(self):
        for traps in DECODED:
            with self.subTest(driver=traps.name):
                done = command.run("run", traps)
                said = [line[len("debug      "):].strip() for line in done.stdout.splitlines() if line.startswith("debug ")]
                expected = EXPECTED[traps.name]
                self.assertEqual([line for line in said if line in expected], expected, done.stdout)
                self.assertNotIn("***", done.stdout)

    def test_narrow_accesses_are_the_accessors(self):
        """movb is VideoPortReadRegisterUchar and so on: whatever the device makes of narrow accesses."""
        for traps in DECODED:
            said = [entry["text"] for entry in self.account(traps)["debug"]]
            for name in ("movzx", "movsx", "narrow", "memcpy"):
                with self.subTest(driver=traps.name, access=name):
                    both = [text.split()[1:] for text in said if text.startswith(name)]
                    self.assertEqual(both[0], both[1])

    @staticmethod
    def account(traps):
        return json.loads(command.run("run", traps, "--json").stdout)

    def test_what_was_emulated_is_told(self):
        for traps in DECODED:
            with self.subTest(driver=traps.name):
                kinds = {entry["what"]: entry["count"] for entry in self.account(traps)["trapped"]}
                self.assertGreaterEqual(kinds["plain access to a device register"], 20)
                self.assertEqual(kinds["port instruction"], 2)
                self.assertEqual(kinds["read of KUSER_SHARED_DATA"], 2 if traps == driver("traps") else 3)
                self.assertEqual(kinds["access to the processor block"], 2 if traps == driver("traps") else 9)
                self.assertEqual(kinds.get("access to CR8 (IRQL)"), 3 if traps == driver("traps") else None)
                self.assertEqual(kinds["cli, sti, hlt or wbinvd (no effect)"], 3)

    @unittest.skipIf(os.environ["VPORT_I386_TRAPS"] or not driver("traps-i386").exists(), "libzydis for i386 is there")
    def test_without_a_decoder_it_is_said(self):
        done = command.run("run", driver("traps-i386"))
        self.assertEqual(done.returncode, CRASHED, done.stdout)
        self.assertIn("built without libzydis for its machine", done.stdout)


if __name__ == "__main__":
    unittest.main()
