# SPDX-License-Identifier: MIT
"""Windows drivers on QEMU's devices, the emulator started before the sandbox closes."""

import json
import os
import shutil
import time
import unittest

import png

from common import command, driver


@unittest.skipUnless(shutil.which("qemu-system-x86_64"), "qemu-system-x86 is not installed")
class Qemu(command.CommandTest):
    def test_display_driver_shows_what_is_drawn(self):
        shot = self.folder / "shot.png"
        account = json.loads(self.succeed("run", driver("bochs"), "-a", "qemu:bochs-display", "--mode", "640x480", "-o", shot,
                                          "--json"))
        self.assertEqual({step["name"]: step["state"] for step in account["steps"]}["draw"], "ok")
        self.assertTrue(account["trapped"])
        width, height, pixels = png.decode(shot.read_bytes())
        self.assertEqual((width, height), (640, 480))
        bars = [tuple(pixels[3 * (100 * width + x):][:3]) for x in range(40, 640, 80)]
        self.assertEqual(bars, [(255, 255, 255), (255, 255, 0), (0, 255, 255), (0, 255, 0), (255, 0, 255), (255, 0, 0),
                                (0, 0, 255), (0, 0, 0)])

    def test_dma_driver_moves_a_picture(self):
        account = json.loads(self.succeed("run", driver("virtio_gpu"), "-a", "qemu", "--blit", self.picture(160, 120), "--json"))
        self.assertEqual(account["blit"], {"shown": "identical", "returned": "impossible"})
        self.assertGreaterEqual(account["dma"][0]["bytes"], 160 * 120 * 4)

    def test_the_emulator_ends_with_the_run(self):
        before = self.emulators()
        self.succeed("run", driver("bochs"), "-a", "qemu:bochs-display")
        deadline = time.monotonic() + 30  # an emulator takes a moment, and other tests have theirs
        while self.emulators() - before and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertEqual(self.emulators() - before, set())

    @staticmethod
    def emulators():
        """Ids of emulators that are no one's any more."""
        found = set()
        for entry in os.listdir("/proc"):
            try:
                with open("/proc/%s/stat" % int(entry), encoding="ascii") as stat:
                    name, rest = stat.read().split("(", 1)[1].rsplit(")", 1)
            except (OSError, ValueError):
                continue
            if name.startswith("qemu-system") and rest.split()[1] == "1" and rest.split()[0] != "Z":
                found.add(int(entry))
        return found


if __name__ == "__main__":
    unittest.main()
