# SPDX-License-Identifier: MIT
"""`videoport blit` on QEMU's devices: sizes, both kinds of memory, with and without IOMMU, and what goes wrong."""

import json
import os
import re
import unittest
import zlib

import png
from command import ENVIRONMENT, FAILED, USAGE, CommandTest

# Slow as an emulated register is, edu moves a picture through 4 KiB of memory twice: small ones tell as much.
EDU_SIZES = [(1, 1), (5, 3), (61, 47)]
GPU_SIZES = [(16, 16), (61, 47), (1000, 700)]
MEMORIES = ["buffer=guest,frames=scattered", "buffer=guest,frames=contiguous", "buffer=own"]


class Pictures(CommandTest):
    def noise(self, width, height):
        """A large picture without a loop over its pixels: no two rows alike."""
        line = self.random.randbytes(3 * width + height)
        raw = b"".join(b"\0" + line[y:y + 3 * width] for y in range(height))
        return self.file("picture.png", png.SIGNATURE + png.header(width, height) +
                         png.chunk(b"IDAT", zlib.compress(raw, 1)) + png.chunk(b"IEND", b""))

    def move(self, adapter, width, height, *more):
        answer = json.loads(self.succeed("blit", self.noise(width, height), "--adapter", adapter, "--json", *more))
        self.assertTrue(answer["identical"], adapter)
        self.assertEqual(answer["adapter"], adapter.split(",")[0])
        self.assertEqual(answer["bytes"], 4 * width * height)
        self.assertGreaterEqual(answer["to_device"]["bytes"], answer["bytes"])
        return answer

    def shown(self, adapter, width, height):
        """The screenshot that QEMU takes of its own screen, decoded here, against the file."""
        shot = self.folder / "shot.png"
        self.move(adapter, width, height, "-o", shot)
        self.assertEqual(png.decode(shot.read_bytes()), png.decode((self.folder / "picture.png").read_bytes()))


class VirtioGpu(Pictures):
    def test_every_size_memory_and_iommu(self):
        for width, height in GPU_SIZES:
            for memory in MEMORIES:
                for iommu in ("off", "on"):
                    with self.subTest(width=width, height=height, memory=memory, iommu=iommu):
                        self.move("qemu:virtio-gpu,%s,iommu=%s" % (memory, iommu), width, height)

    def test_the_screen_is_what_was_sent(self):
        self.shown("qemu:virtio-gpu,frames=scattered", 61, 47)

    def test_the_largest(self):
        self.move("qemu:virtio-gpu,frames=scattered", 3840, 2160)

    def test_scattered_pages_are_elements_of_their_own(self):
        guest = self.move("qemu:virtio-gpu,frames=scattered", 1000, 700)
        self.assertEqual(guest["to_device"]["bounced_bytes"], 0)
        self.assertGreaterEqual(guest["to_device"]["elements"], 684)

    def test_own_memory_bounces_and_the_iommu_saves_it(self):
        self.assertGreaterEqual(self.move("qemu:virtio-gpu,buffer=own", 64, 64)["to_device"]["bounced_bytes"], 64 * 64 * 4)
        answer = self.move("qemu:virtio-gpu,buffer=guest,frames=scattered,iommu=on", 1000, 700)
        self.assertEqual((answer["to_device"]["elements"], answer["to_device"]["bounced_bytes"]), (1, 0))

    def test_one_map_register_splits_pixels_between_operations(self):
        answer = self.move("qemu:virtio-gpu,buffer=own,map-registers=1", 61, 47)
        self.assertGreater(answer["to_device"]["operations"], 2)

    def test_a_picture_beyond_the_devices_memory_is_refused(self):
        self.refuse(FAILED, "NOT_ENOUGH_MEMORY|memory", "blit", self.noise(8400, 8400), "-a", "qemu:virtio-gpu,memory=1G")


class Edu(Pictures):
    def test_every_size_memory_and_iommu(self):
        for width, height in EDU_SIZES:
            for memory in MEMORIES:
                for iommu in ("off", "on"):
                    with self.subTest(width=width, height=height, memory=memory, iommu=iommu):
                        answer = self.move("qemu:edu,%s,iommu=%s" % (memory, iommu), width, height)
                        self.assertEqual(answer["from_device"]["bytes"], answer["bytes"])

    def test_into_another_cards_memory(self):
        for screen in ("bochs-display", "vga"):
            with self.subTest(screen=screen):
                self.shown("qemu:edu,screen=%s" % screen, 80, 64)

    def test_messages_instead_of_a_line(self):
        self.move("qemu:edu,interrupt=message", 32, 16)

    def test_without_a_screen_there_is_no_screenshot(self):
        self.refuse(FAILED, "no screen", "blit", self.picture(8, 8), "-a", "qemu:edu", "-o", self.folder / "shot.png")
        self.assertNotIn("shot.png", self.names())


class Wrong(CommandTest):
    def test_combinations(self):
        picture = self.picture(4, 4)
        for adapter, what in (("qemu:virtio-gpu,screen=vga", "screen="), ("qemu:virtio-gpu,interrupt=message", "interrupt="),
                              ("qemu:cirrus", "no key 'cirrus'"), ("qemu:edu,memory=3G", "too large"),
                              ("qemu:edu,device=edu", "twice"), ("qemu:bochs-display", "no miniport")):
            with self.subTest(adapter=adapter):
                self.refuse(USAGE, re.escape(what), "blit", picture, "-a", adapter)

    def test_no_qemu(self):
        self.refuse(ENVIRONMENT, "qemu-system-x86", "blit", self.picture(4, 4), "-a", "qemu:edu",
                    env={**os.environ, "PATH": str(self.folder)})


if __name__ == "__main__":
    unittest.main()
