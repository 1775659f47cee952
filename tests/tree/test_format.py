# SPDX-License-Identifier: MIT
"""Every C file is formatted as .clang-format says (include/ddk has one of its own, which leaves its tables alone)."""

import os
import pathlib
import re
import shutil
import subprocess
import unittest

ROOT = pathlib.Path(os.environ["VIDEOPORT_ROOT"])
FOLDERS = ["bench", "examples", "include", "miniports", "src", "tests"]
VERSION = "14"  # Debian 12's; others differ in details


def version(tool):
    said = subprocess.run([tool, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return re.search(r"version (\d+)", said).group(1)


class Format(unittest.TestCase):
    def test_all_files(self):
        tool = shutil.which("clang-format-%s" % VERSION) or shutil.which("clang-format")
        self.assertIsNotNone(tool, "clang-format is missing: apt-get install clang-format")
        if version(tool) != VERSION:
            self.skipTest("clang-format is version %s, not %s" % (version(tool), VERSION))
        files = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.[ch]"))]
        self.assertGreater(len(files), 300)
        done = subprocess.run([tool, "--dry-run", "--Werror", *files], stderr=subprocess.PIPE, text=True, check=False)
        wrong = sorted(set(re.findall(r"^(\S+?):\d+:\d+: error", done.stderr, re.M)))
        self.assertEqual(wrong, [], "run clang-format -i on these")
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
