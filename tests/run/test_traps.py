# SPDX-License-Identifier: MIT
"""Single instructions that a process may not do, done for the driver."""

import unittest

from common import command, driver

EXPECTED = """id 5650524d 5650524d
wide 5650524d
vector 5650524d
store 100
arithmetic 11d
compare 1 0
test 0 1
exchange 11d 55
stos 77
version 5
time 1
block 1
irql 0
raised 2
lowered 0
port ff""".splitlines()


class Traps(command.CommandTest):
    def test_every_instruction_does_what_it_says(self):
        done = command.run("run", driver("traps"))
        said = [line[len("debug      "):].strip() for line in done.stdout.splitlines() if line.startswith("debug ")]
        self.assertEqual([line for line in said if line in EXPECTED], EXPECTED, done.stdout)
        self.assertNotIn("***", done.stdout)

    def test_narrow_accesses_are_the_accessors(self):
        """movb is VideoPortReadRegisterUchar and so on: whatever the device makes of narrow accesses."""
        account = self.account()
        said = [entry["text"] for entry in account["debug"]]
        for name in ("movzx", "movsx", "narrow", "memcpy"):
            both = [text.split()[1:] for text in said if text.startswith(name)]
            self.assertEqual(both[0], both[1], name)

    def account(self):
        import json
        return json.loads(command.run("run", driver("traps"), "--json").stdout)

    def test_what_was_emulated_is_told(self):
        kinds = {entry["what"]: entry["count"] for entry in self.account()["trapped"]}
        self.assertGreaterEqual(kinds["plain access to a device register"], 20)
        self.assertEqual(kinds["port instruction"], 2)
        self.assertEqual(kinds["read of KUSER_SHARED_DATA"], 2)
        self.assertEqual(kinds["access to CR8 (IRQL)"], 3)
        self.assertEqual(kinds["cli, sti, hlt or wbinvd (no effect)"], 3)


if __name__ == "__main__":
    unittest.main()
