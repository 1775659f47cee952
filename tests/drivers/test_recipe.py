# SPDX-License-Identifier: MIT
"""docs/driver-authors.md, run: what is installed is enough to build the example driver in each form, and each form shows the same."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import png

ROOT = pathlib.Path(os.environ["VIDEOPORT_ROOT"])
BUILD = pathlib.Path(os.environ["VIDEOPORT_BUILD"])
TOOLS = {"make": "make", "meson": "meson", "ninja": "ninja-build", "pkg-config": "pkg-config", "gdb": "gdb", "clang": "clang",
         "lld-link": "lld", "llvm-dlltool": "llvm", "x86_64-w64-mingw32-gcc": "gcc-mingw-w64-x86-64",
         "i686-w64-mingw32-gcc": "gcc-mingw-w64-i686", "qemu-system-x86_64": "qemu-system-x86"}
I386 = os.environ["VPORT_I386"] == "yes"  # drivers for it can be run, not only built
FORMS = ["bochs.so", "bochs-ms.so", "bochs-amd64.sys", "bochs-clang-amd64.sys"] + ["bochs-i386.sys", "bochs-clang-i386.sys"] * I386
PKG_CONFIG = """#!/bin/sh
exec %s --define-variable=prefix=%s "$@"
"""


class Recipe(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        missing = sorted(package for tool, package in TOOLS.items() if not shutil.which(tool))
        assert not missing, "missing packages: " + " ".join(missing)
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        folder = pathlib.Path(folder.name)
        subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild"], env=dict(os.environ, DESTDIR=str(folder / "root")),
                       check=True, stdout=subprocess.DEVNULL)
        prefix = next(folder.rglob("bin/videoport")).parent.parent
        # As if the prefix were where it says it is: pkg-config is told of it.
        (folder / "bin").mkdir()
        wrapper = folder / "bin" / "pkg-config"
        wrapper.write_text(PKG_CONFIG % (shutil.which("pkg-config"), prefix))
        wrapper.chmod(0o755)
        cls.environment = dict(os.environ, PATH="%s:%s:%s" % (folder / "bin", prefix / "bin", os.environ["PATH"]),
                               PKG_CONFIG_PATH=str(next(prefix.rglob("videoport-ddk.pc")).parent))
        cls.folder = folder / "example"
        shutil.copytree(ROOT / "examples" / "drivers" / "bochs", cls.folder)

    def sh(self, script, expected=0):
        done = subprocess.run(["sh", "-e", "-c", script], cwd=self.folder, env=self.environment, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, timeout=300, check=False)
        self.assertEqual(done.returncode, expected, "%s\n%s" % (script, done.stdout))
        return done.stdout

    def shows(self, driver, adapter):
        self.sh("videoport run %s -a %s --mode 800x600 -o shot.png" % (driver, adapter))
        width, height, pixels = png.decode((self.folder / "shot.png").read_bytes())
        self.assertEqual((width, height), (800, 600))
        return pixels

    def test_every_command_of_the_page(self):
        text = (ROOT / "docs" / "driver-authors.md").read_text()
        scripts = re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S)
        self.assertGreaterEqual(len(scripts), 7)
        for script in scripts:
            if not I386:
                script = re.sub(r"^videoport run \S*i386.*\n", "", script, flags=re.M)
            output = self.sh(script)
            for run in re.findall(r"^( *)videoport run (\S+)", script, re.M):
                self.assertIn("done       unload", output, run)
            if "gdb" in script:
                self.assertRegex(output, r"#0 +SetMode \(Extension=0x[0-9a-f]+, Packet=0x[0-9a-f]+\) at bochs.c:\d+")
        self.assertIn("done       screenshot", self.sh("videoport run bochs.so --adapter qemu:vga --screenshot shot.png"))

    def test_every_form_shows_the_same(self):
        self.sh("make")
        first = self.shows(FORMS[0], "qemu:bochs-display")
        at = 3 * (100 * 800 + 150)
        self.assertEqual(tuple(first[at:at + 3]), (255, 255, 0))
        for form in FORMS:
            self.assertEqual(self.shows(form, "qemu:bochs-display"), first, form)
        for adapter in ("qemu:vga", "qemu:secondary-vga"):
            self.assertEqual(self.shows("bochs-amd64.sys", adapter), first, adapter)

    def test_meson_builds_the_same_forms(self):
        self.sh("meson setup other && ninja -C other")
        first = self.shows("other/" + FORMS[0], "qemu:bochs-display")
        at = 3 * (100 * 800 + 150)
        self.assertEqual(tuple(first[at:at + 3]), (255, 255, 0))
        for form in FORMS:
            if form != "bochs-ms.so":  # which the Meson file leaves out
                self.assertEqual(self.shows("other/" + form, "qemu:bochs-display"), first, form)

    def test_a_shared_object_may_copy_from_registers(self):
        source = (self.folder / "bochs.c").read_text()
        copying = re.sub(r"VideoPortReadRegisterBufferUchar\((.*?), Descriptor, EDID_SIZE\);", r"memcpy(Descriptor, \1, EDID_SIZE);",
                         source)
        self.assertNotEqual(copying, source)
        (self.folder / "copying.c").write_text(copying)
        for level in ("-O0", "-O2"):
            self.sh("cc -std=gnu11 %s -fPIC -shared $(pkg-config --cflags videoport-ddk) -o copying.so copying.c" % level)
            self.assertRegex(self.sh("videoport run copying.so -a qemu:bochs-display"), r"child +monitor 0x1 RHT1234")

    def test_the_sanitizer_finds_what_is_wrong(self):
        source = (self.folder / "bochs.c").read_text()
        broken = source.replace("    return TRUE;\n", "    volatile ULONG Beyond = SIZES;\n    return Sizes[Beyond].Width != 1;\n", 1)
        self.assertNotEqual(broken, source)
        (self.folder / "broken.c").write_text(broken)
        self.sh("cc -std=gnu11 -g -fPIC -shared -fsanitize=address $(pkg-config --cflags videoport-ddk) -o broken.so broken.c")
        output = self.sh('LD_PRELOAD="$(cc -print-file-name=libasan.so)" videoport run --no-sandbox broken.so '
                         "-a qemu:bochs-display", expected=4)
        self.assertIn("global-buffer-overflow", output)
        self.assertRegex(output, r"in Initialize .*broken\.c:\d+")


if __name__ == "__main__":
    unittest.main()
