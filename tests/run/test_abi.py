# SPDX-License-Identifier: MIT
"""Calling conventions: a driver that checks what it gets back and what arrives, as a Windows compiler builds it."""

import json
import os
import re
import subprocess
import unittest

from common import command, machines

# drivers/abi.c: one in FindAdapter, and all the rest for each of four positions of the stack.
CHECKS = 1 + 4 * 23

# Functions of the C library that return a structure: a caller built with -freg-struct-return would not find it.
STRUCTURES = {"div", "ldiv", "lldiv", "imaxdiv", "mallinfo", "mallinfo2", "inet_makeaddr", "cexp", "clog", "csqrt", "cpow"}


class Abi(command.CommandTest):
    def test_every_value_arrives(self):
        for abi in machines("abi"):
            with self.subTest(driver=abi.name):
                account = json.loads(command.run("run", abi, "--json").stdout)  # it has no modes: that step fails
                said = [entry["text"].strip() for entry in account["debug"]]
                self.assertEqual([text for text in said if text.startswith("wrong")], [])
                self.assertIn("checks %d" % CHECKS, said)
                self.assertEqual(said.count("variadic 123456789abcdef0 -7 text c"), 4)
                self.assertNotIn("reports", account)

    @unittest.skipUnless(os.environ["VIDEOPORT_I386"], "no compiler for i386")
    def test_no_library_function_is_called_whose_result_would_be_lost(self):
        names = subprocess.run(["nm", "-D", "--undefined-only", os.environ["VIDEOPORT_I386"]], stdout=subprocess.PIPE, text=True,
                               check=True).stdout
        called = set(re.findall(r" U (\w+)", names))
        self.assertIn("memcpy", called)
        self.assertEqual(called & STRUCTURES, set())


if __name__ == "__main__":
    unittest.main()
