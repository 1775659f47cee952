# SPDX-License-Identifier: MIT
"""docs/videoport.1: formatted without a complaint, and about the command that there is."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import unittest

ROOT = pathlib.Path(os.environ["VIDEOPORT_ROOT"])
PAGE = ROOT / "docs" / "videoport.1"


def output(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


@unittest.skipUnless(shutil.which("man"), "man-db is not installed")
class Manual(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        done = subprocess.run(["man", "--warnings", "-l", PAGE], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env=dict(os.environ, MANWIDTH="100", LC_ALL="C.UTF-8"), check=False)
        cls.code, cls.complaints = done.returncode, done.stderr
        cls.text = re.sub(".\b", "", done.stdout)

    def test_no_warning(self):
        self.assertEqual((self.code, self.complaints), (0, ""))

    def test_every_option_is_in_it(self):
        for command, least in (("blit", 6), ("run", 10), ("inspect", 1), ("bench", 4)):
            options = set(re.findall(r"--[a-z-]+", output(os.environ["VIDEOPORT"], command, "--help")))
            options -= {"--help", "--usage", "--version"}
            self.assertGreaterEqual(len(options), least)
            for option in options:
                self.assertIn(option, self.text)

    def test_every_key_is_in_it_with_its_values(self):
        for kind in json.loads(output(os.environ["VIDEOPORT"], "adapters", "--json")):
            for key in kind["keys"]:
                self.assertRegex(self.text, r"(?m)^ +%s=" % re.escape(key["name"]))
                if re.fullmatch(r"[a-z0-9|]+", key["values"]):
                    self.assertIn("%s=%s" % (key["name"], key["values"]), self.text)

    def test_sections(self):
        for section in ("NAME", "SYNOPSIS", "DESCRIPTION", "ADAPTER KEYS", "JSON", "ENVIRONMENT", "EXIT STATUS", "EXAMPLES"):
            self.assertRegex(self.text, "(?m)^%s$" % section)


if __name__ == "__main__":
    unittest.main()
