# SPDX-License-Identifier: MIT
"""`videoport blit` on every kind of PNG, and on files that only look like one."""

import struct
import unittest
import zlib

import png
from command import FAILED, OK, SANITIZED, CommandTest, run

WIDTH, HEIGHT = 37, 29  # no multiple of 8, so that every pass of an interlaced picture has an odd end


def eight(sample, depth):
    """What a sample becomes: the high byte of 16 bits, smaller ones spread over 0..255."""
    return sample >> 8 if depth == 16 else sample * 255 // ((1 << depth) - 1)


def expected(pixel, colour, depth, palette):
    if colour == png.PALETTE:
        return palette[pixel[0]]
    values = [eight(v, depth) for v in pixel]
    return tuple(values[:3]) if colour in (png.RGB, png.RGBA) else (values[0],) * 3


class EveryKind(CommandTest):
    def move(self, samples, width, height, colour, depth, interlace, extra=b"", palette=None):
        data = png.encode(samples, width, height, colour, depth, interlace, self.random, extra)
        shot = self.folder / "shot.png"
        self.succeed("blit", self.file("in.png", data), "-o", shot)
        got = png.decode(shot.read_bytes())
        want = bytes(v for row in samples for pixel in row for v in expected(pixel, colour, depth, palette))
        self.assertEqual(got, (width, height, want))

    def samples(self, width, height, colour, depth):
        top = 1 << depth
        return [[tuple(self.random.randrange(top) for _ in range(png.CHANNELS[colour])) for _ in range(width)]
                for _ in range(height)]

    def test_every_colour_type_depth_and_interlace(self):
        for colour, depths in png.DEPTHS.items():
            for depth in depths:
                for interlace in (0, 1):
                    with self.subTest(colour=colour, depth=depth, interlace=interlace):
                        palette = [tuple(self.random.randrange(256) for _ in range(3)) for _ in range(1 << min(depth, 8))]
                        extra = png.chunk(b"PLTE", bytes(v for entry in palette for v in entry))
                        self.move(self.samples(WIDTH, HEIGHT, colour, depth), WIDTH, HEIGHT, colour, depth, interlace,
                                  extra if colour == png.PALETTE else b"", palette)

    def test_transparency_changes_no_colour(self):
        palette = [(10, 20, 30), (200, 100, 50), (1, 2, 3), (255, 255, 255)]
        plte = png.chunk(b"PLTE", bytes(v for entry in palette for v in entry))
        for interlace in (0, 1):
            self.move(self.samples(WIDTH, HEIGHT, png.PALETTE, 2), WIDTH, HEIGHT, png.PALETTE, 2, interlace,
                      plte + png.chunk(b"tRNS", b"\0\x80\xff"), palette)
            for depth in png.DEPTHS[png.GRAY]:
                self.move(self.samples(WIDTH, HEIGHT, png.GRAY, depth), WIDTH, HEIGHT, png.GRAY, depth, interlace,
                          png.chunk(b"tRNS", struct.pack(">H", 1)))
            for depth in png.DEPTHS[png.RGB]:
                self.move(self.samples(WIDTH, HEIGHT, png.RGB, depth), WIDTH, HEIGHT, png.RGB, depth, interlace,
                          png.chunk(b"tRNS", struct.pack(">HHH", 1, 2, 3)))

    def test_gamma_and_profile_chunks_change_no_colour(self):
        extra = png.chunk(b"gAMA", struct.pack(">I", 100000)) + png.chunk(b"sRGB", b"\0")
        self.move(self.samples(9, 9, png.RGB, 8), 9, 9, png.RGB, 8, 0, extra)

    def test_small_and_thin_pictures(self):
        for width, height in ((1, 1), (1, 2), (2, 1), (1, 700), (3000, 1), (1024, 1), (1023, 3), (1025, 2)):
            for interlace in (0, 1):
                with self.subTest(width=width, height=height, interlace=interlace):
                    self.move(self.samples(width, height, png.RGB, 8), width, height, png.RGB, 8, interlace)


class Hostile(CommandTest):
    def setUp(self):
        super().setUp()
        samples = [[tuple(self.random.randrange(256) for _ in range(3)) for _ in range(23)] for _ in range(17)]
        self.good = png.encode(samples, 23, 17, png.RGB, 8, 0, self.random)
        self.shot = self.folder / "shot.png"

    def no_picture(self, data, pattern, **options):
        path = self.file("bad.png", data)
        self.refuse(FAILED, pattern, "blit", path, "-o", self.shot, **options)
        self.assertEqual(self.names(), ["bad.png"])

    def test_missing(self):
        self.refuse(FAILED, r"nowhere\.png: No such file or directory", "blit", self.folder / "nowhere.png")

    def test_directory(self):
        self.refuse(FAILED, "Is a directory", "blit", self.folder)

    def test_empty(self):
        self.no_picture(b"", "the file is empty")

    def test_other_content(self):
        self.no_picture(b"GIF89a or so, long enough", "not a PNG file")
        self.no_picture(b"\x89PN", "not a PNG file")

    def test_truncated_anywhere(self):
        for length in [*range(8, 60), *range(60, len(self.good), 37), len(self.good) - 1]:
            with self.subTest(length=length):
                self.no_picture(self.good[:length], "the file ends in the middle|not a PNG file")

    def test_wrong_checksum(self):
        at = self.good.index(b"IDAT") + 6
        self.no_picture(self.good[:at] + bytes([self.good[at] ^ 1]) + self.good[at + 1:], "damaged PNG file")

    def test_too_little_data(self):
        body = zlib.compress(b"\0" + bytes(3 * 5))
        data = png.SIGNATURE + png.header(5, 2) + png.chunk(b"IDAT", body) + png.chunk(b"IEND", b"")
        self.no_picture(data, "damaged PNG file")

    def test_impossible_headers(self):
        for width, height, depth, colour, interlace in (
                (0, 5, 8, 2, 0), (5, 0, 8, 2, 0), (5, 5, 3, 2, 0), (5, 5, 8, 5, 0), (5, 5, 16, 3, 0), (5, 5, 8, 2, 7),
                (0x80000000, 1, 8, 2, 0), (0xFFFFFFFF, 0xFFFFFFFF, 8, 2, 0)):
            with self.subTest(width=width, height=height, depth=depth, colour=colour, interlace=interlace):
                data = png.SIGNATURE + png.header(width, height, depth, colour, interlace) + png.chunk(b"IEND", b"")
                self.no_picture(data, "damaged PNG file")

    def test_palette_missing(self):
        data = png.SIGNATURE + png.header(2, 2, 8, png.PALETTE) + png.chunk(b"IDAT", zlib.compress(b"\0\0\0" * 2))
        self.no_picture(data + png.chunk(b"IEND", b""), "damaged PNG file")

    def test_huge_is_refused_with_both_sizes_and_without_memory(self):
        data = png.SIGNATURE + png.header(100000, 100000) + png.chunk(b"IDAT", zlib.compress(b"")) + png.chunk(b"IEND", b"")
        self.no_picture(data, "100000 x 100000 pixels need 40000000000 bytes of video memory; adapter 'sim' has 268435456")

    def test_larger_than_this_adapter(self):
        path = self.picture(600, 500)
        self.refuse(FAILED, "600 x 500 pixels need 1200000 bytes of video memory; adapter 'sim' has 1048576", "blit", path,
                    "-a", "sim:video-memory=1M")
        self.succeed("blit", path, "-a", "sim:video-memory=2M")

    def test_flipped_bits_never_crash(self):
        for _ in range(60 if SANITIZED else 250):
            data = bytearray(self.good)
            for _ in range(self.random.randrange(1, 4)):
                data[self.random.randrange(8, len(data))] ^= 1 << self.random.randrange(8)
            done = run("blit", self.file("bad.png", bytes(data)), "-o", self.shot)
            self.assertIn(done.returncode, (OK, FAILED), done.stderr)
            self.assertEqual(self.shot.exists(), done.returncode == OK)
            self.shot.unlink(missing_ok=True)

    def test_repaired_checksums_never_crash(self):
        """Damage that the checksums do not show, so that it reaches the decoder."""
        for _ in range(60 if SANITIZED else 250):
            data = bytearray(self.good)
            at = self.random.randrange(8, len(data))
            data[at] = self.random.randrange(256)
            done = run("blit", self.file("bad.png", repair(bytes(data))))
            self.assertIn(done.returncode, (OK, FAILED), done.stderr)


def repair(data):
    """The same chunks with right checksums, as far as their lengths make sense."""
    out, at = data[:8], 8
    while at + 12 <= len(data):
        (length,) = struct.unpack(">I", data[at:at + 4])
        if at + 12 + length > len(data):
            break
        out += png.chunk(data[at + 4:at + 8], data[at + 8:at + 8 + length])
        at += 12 + length
    return out + data[at:]


if __name__ == "__main__":
    unittest.main()
