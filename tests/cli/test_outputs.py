# SPDX-License-Identifier: MIT
"""What `videoport blit` writes, and what it leaves behind: whole files or none. Traces. Memory."""

import os
import resource
import signal
import subprocess
import time
import unittest
import zlib

import png
from command import ENVIRONMENT, FAILED, SANITIZED, VIDEOPORT, CommandTest

SLOW = "sim:mode=threaded,latency=10s"  # a blit that would take half a minute


class Outputs(CommandTest):
    def test_unwritable_is_found_before_the_work(self):
        picture = self.picture()
        for path, why in (("/proc/shot.png", ""), (self.folder / "no" / "shot.png", "No such file or directory"),
                          (self.folder, "Is a directory"), (str(self.folder) + "/new/", "Is a directory"), ("", "No such file"),
                          (self.folder / "picture.png" / "shot.png", "Not a directory"),
                          (self.folder / ("x" * 300), "File name too long")):
            for option in ("-o", "--trace"):
                with self.subTest(path=path, option=option):
                    self.refuse(FAILED, "cannot be written: .*" + why, "blit", picture, option, path, "-a", SLOW, timeout=5)
        self.assertEqual(self.names(), ["picture.png"])

    @unittest.skipIf(os.geteuid() == 0, "root may write anywhere")
    def test_read_only_file_is_not_replaced(self):
        shot = self.file("shot.png", b"old")
        shot.chmod(0o400)
        self.refuse(FAILED, "Permission denied", "blit", self.picture(), "-o", shot)
        self.assertEqual(shot.read_bytes(), b"old")

    def test_failure_keeps_the_old_file(self):
        shot = self.file("shot.png", b"old")
        picture = self.picture()
        bad = self.file("bad.png", picture.read_bytes()[:-20])
        self.refuse(FAILED, "ends in the middle", "blit", bad, "-o", shot)
        self.assertEqual(shot.read_bytes(), b"old")
        self.assertEqual(self.names(), ["bad.png", "picture.png", "shot.png"])

    def test_success_replaces_it_and_follows_links(self):
        shot = self.file("shot.png", b"old")
        link = self.folder / "link.png"
        link.symlink_to("shot.png")
        self.succeed("blit", self.picture(5, 4), "-o", link)
        self.assertTrue(link.is_symlink())
        self.assertEqual(png.decode(shot.read_bytes())[:2], (5, 4))
        self.assertEqual(self.names(), ["link.png", "picture.png", "shot.png"])

    def test_new_files_have_ordinary_rights(self):
        shot = self.folder / "shot.png"
        self.succeed("blit", self.picture(5, 4), "-o", shot, preexec_fn=lambda: os.umask(0o027))
        self.assertEqual(shot.stat().st_mode & 0o777, 0o640)

    def test_output_over_the_input(self):
        picture = self.picture(9, 8)
        before = png.decode(picture.read_bytes())
        self.succeed("blit", picture, "-o", picture)
        self.assertEqual(png.decode(picture.read_bytes()), before)

    def test_full_device(self):
        self.refuse(FAILED, "/dev/full: not written: No space left on device", "blit", self.picture(), "-o", "/dev/full")
        self.refuse(FAILED, "/dev/full: not written: No space left on device", "blit", self.picture(), "--trace", "/dev/full")
        self.assertTrue(os.path.exists("/dev/full"))

    def test_file_size_limit_leaves_nothing(self):
        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

        noise = [[tuple(self.random.randrange(256) for _ in range(3)) for _ in range(64)] for _ in range(64)]
        picture = self.file("noise.png", png.encode(noise, 64, 64, png.RGB, 8, 0, self.random))
        self.refuse(FAILED, "shot.png: not written: File too large", "blit", picture, "-o", self.folder / "shot.png",
                    preexec_fn=limit)
        self.assertEqual(self.names(), ["noise.png"])

    def test_pipe(self):
        done = subprocess.run([VIDEOPORT, "blit", self.picture(6, 5), "-o", "/dev/stderr"], stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, check=True)
        self.assertEqual(png.decode(done.stderr)[:2], (6, 5))

    def killed(self, kind, delay):
        """A run that gets a signal after `delay` seconds; what is there must be whole, and nothing else."""
        picture, shot = self.folder / "picture.png", self.folder / "shot.png"
        with subprocess.Popen([VIDEOPORT, "blit", picture, "-o", shot, "--trace", self.folder / "trace"],
                              stdout=subprocess.DEVNULL) as child:
            time.sleep(delay)
            child.send_signal(kind)
        if shot.exists():
            self.assertEqual(png.decode(shot.read_bytes()), png.decode(picture.read_bytes()))
        self.assertLessEqual(set(self.names()), {"picture.png", "shot.png", "trace"})

    def test_killed_at_any_time_leaves_a_whole_file_or_none(self):
        self.picture(400, 300)
        for number in range(24):
            for name in ("shot.png", "trace"):
                (self.folder / name).unlink(missing_ok=True)
            self.killed((signal.SIGKILL, signal.SIGTERM, signal.SIGINT)[number % 3], 0.003 * number)

    def test_interrupted_while_replacing(self):
        self.picture(400, 300)
        self.succeed("blit", self.folder / "picture.png", "-o", self.folder / "shot.png")
        for number in range(24):
            self.killed((signal.SIGHUP, signal.SIGTERM, signal.SIGINT)[number % 3], 0.003 * number)
            self.assertTrue((self.folder / "shot.png").exists())


class Traces(CommandTest):
    def trace(self, *arguments):
        path = self.folder / "trace"
        self.succeed("blit", *arguments, "--trace", path)
        return path.read_bytes()

    def test_same_seed_same_bytes_other_seed_other_bytes(self):
        picture = self.picture()
        for spec in ("sim", "sim:sg=off,reach=24,map-registers=2,queue=on,coherent=off", "sim:latency=20us,max-length=3000"):
            first = self.trace(picture, "-a", spec, "--seed", "7")
            self.assertEqual(first, self.trace(picture, "-a", spec, "--seed", "7"))
            self.assertNotEqual(first, self.trace(picture, "-a", spec, "--seed", "8"))
            self.assertGreater(first.count(b"\n"), 20)
            self.assertTrue(first.endswith(b"\n"))

    def test_says_what_happened(self):
        trace = self.trace(self.picture(64, 64), "-a", "sim:map-registers=1").decode()
        self.assertEqual(len([line for line in trace.splitlines() if " map op=" in line]), 10)
        self.assertEqual(len([line for line in trace.splitlines() if " unmap op=" in line]), 10)

    def test_seed_decides_where_pages_lie(self):
        """The default seed is 0."""
        picture = self.picture()
        self.assertEqual(self.trace(picture), self.trace(picture, "--seed", "0"))


class Memory(CommandTest):
    @unittest.skipIf(SANITIZED, "sanitizers have memory of their own")
    def test_peak_is_three_pictures_and_64_mib(self):
        width, height = 6000, 4000
        row = b"\0" + bytes(v & 255 for x in range(width) for v in (x, x >> 4, x * 3))
        packer = zlib.compressobj(1)
        data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
        size = 4 * width * height
        for interlace in (0, 1):
            body = data
            if interlace:
                body = zlib.compress(bytes(interlaced_size(width, height)), 1)
            path = self.file("large.png", png.SIGNATURE + png.header(width, height, 8, png.RGB, interlace)
                             + png.chunk(b"IDAT", body) + png.chunk(b"IEND", b""))
            # A platform that is not coherent holds the locked pages twice: as the device sees them, too.
            for spec, copies in (("sim", 3), ("sim:sg=off,reach=24", 3), ("sim:coherent=off", 4)):
                with self.subTest(interlace=interlace, spec=spec):
                    shot = ["-o", self.folder / "shot.png"] if spec == "sim" else []
                    self.assertLessEqual(self.peak("blit", path, "-a", spec, *shot), copies * size + (64 << 20))

    def peak(self, *arguments):
        """Most resident memory of the run, in bytes."""
        child = subprocess.Popen([VIDEOPORT, *map(str, arguments)], stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(child.returncode, 0)
        return usage.ru_maxrss * 1024

    @unittest.skipIf(SANITIZED, "sanitizers have memory of their own")
    def test_too_little_memory_is_said(self):
        """A picture that fits the adapter, in a process that may not have so much."""
        path = self.file("large.png", png.SIGNATURE + png.header(8000, 8000) + png.chunk(b"IDAT", b"") + png.chunk(b"IEND", b""))
        self.refuse(FAILED, "no memory for a picture of 256000000 bytes", "blit", path,
                    preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (400 << 20, 400 << 20)))

    @unittest.skipIf(SANITIZED, "sanitizers reserve address space themselves")
    def test_too_little_address_space_is_of_the_environment(self):
        def limit(size):
            return lambda: resource.setrlimit(resource.RLIMIT_AS, (size, size))

        for size in (256 << 20, 1 << 30):
            self.refuse(ENVIRONMENT, r"limited to %d bytes \(ulimit -v\)" % size, "blit", self.picture(), preexec_fn=limit(size))
        self.succeed("blit", self.picture(), preexec_fn=limit(16 << 30))


def interlaced_size(width, height):
    """Bytes of an interlaced 8-bit RGB picture's data with a filter byte a row."""
    total = 0
    for x0, y0, dx, dy in png.PASSES:
        columns, rows = (width - x0 + dx - 1) // dx, (height - y0 + dy - 1) // dy
        total += rows * (1 + 3 * columns)
    return total


if __name__ == "__main__":
    unittest.main()
