# SPDX-License-Identifier: MIT
"""What the tests of the command share: running it as a user does, and pictures to run it on."""

import json
import os
import pathlib
import random
import subprocess
import tempfile
import unittest

import png

VIDEOPORT = os.environ["VIDEOPORT"]
SANITIZED = os.environ.get("VPORT_SANITIZE", "none") != "none"
SEED = int(os.environ.get("VPORT_SEED", "1"))

OK, FAILED, USAGE, ENVIRONMENT = 0, 1, 2, 3


def run(*arguments, **options):
    """Runs the command without a terminal; `stdout` and `stderr` are texts of the result."""
    options.setdefault("timeout", 120)
    options.setdefault("stdout", subprocess.PIPE)
    return subprocess.run([VIDEOPORT, *map(str, arguments)], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                          check=False, **options)


class CommandTest(unittest.TestCase):
    """A folder of its own for every test, and assertions about how the command ends."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="videoport-test-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.random = random.Random(SEED)
        print("VPORT_SEED=%d" % SEED)

    def picture(self, width=61, height=47, name="picture.png"):
        """A picture in which every pixel is its own."""
        path = self.folder / name
        path.write_bytes(png.plain(width, height, lambda x, y: (x & 255, y & 255, (x * 7 + y * 13 + (x >> 8)) & 255)))
        return path

    def file(self, name, content):
        path = self.folder / name
        path.write_bytes(content)
        return path

    def names(self):
        return sorted(path.name for path in self.folder.iterdir())

    def succeed(self, *arguments, **options):
        done = run(*arguments, **options)
        self.assertEqual((done.returncode, done.stderr), (OK, ""))
        return done.stdout

    def refuse(self, code, pattern, *arguments, **options):
        """It ends with `code`, says something that matches `pattern`, and nothing on standard output."""
        done = run(*arguments, **options)
        self.assertRegex(done.stderr, pattern)
        self.assertRegex(done.stderr, r"\Avideoport[ a-z]*: ")
        self.assertEqual((done.returncode, done.stdout), (code, ""), done.stderr)
        return done.stderr

    def json(self, *arguments):
        return json.loads(self.succeed(*arguments, "--json"))
