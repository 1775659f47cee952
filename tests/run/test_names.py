# SPDX-License-Identifier: MIT
"""Imports of older drivers: variables, functions by name, what the C runtime calls back, the ROM; bound, called and read."""

import json
import unittest

from common import command, machines

# drivers/names.c; the last ones are for i386 alone.
CHECKS, CHECKS_I386 = 11, 4


class Names(command.CommandTest):
    def test_every_import_is_what_it_should_be(self):
        for driver in machines("names", decoder=True):
            with self.subTest(driver=driver.name):
                account = json.loads(command.run("run", driver, "--adapter", "sim:memory=64M", "--json").stdout)  # it has no modes: that step fails
                said = [entry["text"].strip() for entry in account["debug"]]
                self.assertEqual([text for text in said if text.startswith("wrong")], [])
                self.assertIn("checks %d" % (CHECKS + (CHECKS_I386 if "i386" in driver.name else 0)), said)
                self.assertIn("asked for it and 42", said)
                self.assertNotIn("reports", account)


if __name__ == "__main__":
    unittest.main()
