# SPDX-License-Identifier: MIT
"""docs/videoport.bash in a bash of its own."""

import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(os.environ["VIDEOPORT_ROOT"])

# Splits the line as readline does, calls the function, prints what it offers.
DRIVER = r"""
source "$1"; COMP_LINE=$2; COMP_POINT=${#2}
mapfile -t COMP_WORDS < <(printf '%s' "$2" | grep -oE '[:=]+|[^][:space:]:=]+')
[[ $2 == *[[:space:]] || $2 == *: || $2 == *= ]] && COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_videoport videoport "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
printf '%s\n' "${COMPREPLY[@]}"
"""


class Completion(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "photo.png").touch()
        (self.folder / "notes.txt").touch()
        (self.folder / "pictures").mkdir()

    def offers(self, line):
        path = "%s:%s" % (pathlib.Path(os.environ["VIDEOPORT"]).parent, os.environ["PATH"])
        done = subprocess.run(["bash", "--norc", "-c", DRIVER, "bash", ROOT / "docs" / "videoport.bash", line], cwd=self.folder,
                              env=dict(os.environ, PATH=path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              check=True)
        self.assertEqual(done.stderr, "")
        return set(done.stdout.split())

    def test_commands(self):
        self.assertEqual(self.offers("videoport "), {"adapters", "bench", "blit", "help", "inspect", "run", "--help", "--version"})
        self.assertEqual(self.offers("videoport bl"), {"blit"})
        self.assertEqual(self.offers("videoport help "), {"adapters", "bench", "blit", "inspect", "run"})
        self.assertEqual(self.offers("videoport adapters --j"), {"--json"})

    def test_pictures_and_folders(self):
        self.assertEqual(self.offers("videoport blit "), {"photo.png", "pictures"})

    def test_options_are_those_of_the_command(self):
        text = subprocess.run([os.environ["VIDEOPORT"], "blit", "--help"], stdout=subprocess.PIPE, text=True, check=True).stdout
        offered = self.offers("videoport blit --")
        self.assertLessEqual({"--adapter", "--output", "--repeat", "--seed", "--json", "--trace"}, offered)
        for option in offered:
            self.assertIn(option, text)
        self.assertEqual(self.offers("videoport blit --repeat "), set())

    def test_groups_are_those_of_the_command(self):
        text = subprocess.run([os.environ["VIDEOPORT"], "bench", "--help"], stdout=subprocess.PIPE, text=True, check=True).stdout
        groups = {line.split()[0] for line in text.partition("Groups:\n")[2].splitlines() if line.strip()}
        self.assertEqual(self.offers("videoport bench "), groups)

    def test_adapters(self):
        self.assertEqual(self.offers("videoport blit -a s"), {"sim"})
        self.assertEqual(self.offers("videoport blit x.png --adapter s"), {"sim"})
        self.assertEqual(self.offers("videoport blit --adapter=s"), {"sim"})

    def test_keys_and_values(self):
        self.assertLessEqual({"sg=", "reach=", "map-registers=", "mode="}, self.offers("videoport blit -a sim:"))
        self.assertEqual(self.offers("videoport blit -a sim:ma"), {"max-length=", "map-registers="})
        self.assertEqual(self.offers("videoport blit -a sim:reach="), {"24", "28", "32", "64"})
        self.assertEqual(self.offers("videoport blit -a sim:sg=off,reach=2"), {"24", "28"})
        # What stands after the last = is what bash replaces.
        self.assertEqual(self.offers("videoport blit -a sim:sg=off,coh"), {"off,coherent="})


if __name__ == "__main__":
    unittest.main()
