# SPDX-License-Identifier: MIT
"""pictures/demo.png is what scripts/make_demo_picture.py draws: the same pixels (compression may differ between zlibs)."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(os.environ["VIDEOPORT_ROOT"])
sys.path.insert(0, str(ROOT / "tests" / "cli"))

import png  # noqa: E402


class Picture(unittest.TestCase):
    def test_the_script_draws_it(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "demo.png")
            subprocess.run([sys.executable, ROOT / "scripts" / "make_demo_picture.py", path], check=True)
            self.assertEqual(png.decode(path.read_bytes()), png.decode((ROOT / "pictures" / "demo.png").read_bytes()))

    def test_it_is_small_enough_to_ship(self):
        self.assertLess((ROOT / "pictures" / "demo.png").stat().st_size, 1500000)


if __name__ == "__main__":
    unittest.main()
