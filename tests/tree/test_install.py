# SPDX-License-Identifier: MIT
"""What `meson install` puts where, and that a program outside of this tree can be built with it, shared and static."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(os.environ["VIDEOPORT_ROOT"])
BUILD = pathlib.Path(os.environ["VIDEOPORT_BUILD"])

PROGRAM = r"""
#include <stdio.h>
#include <videoport/host.h>

int main(void)
{
    struct vport_machine *machine;
    char error[VPORT_ERROR_TEXT];
    struct vport_machine_statistics statistics;

    if (vport_machine_create(&(struct vport_machine_config){.adapter = "sim:sg=off,reach=24"}, &machine, error) != VPORT_OK ||
        vport_machine_start(machine, NULL, error) != VPORT_OK) {
        puts(error);
        return 1;
    }
    vport_machine_statistics(machine, &statistics);
    printf("%s %s\n", statistics.adapter, statistics.driver);
    vport_machine_destroy(machine);
    return 0;
}
"""

# A miniport's source needs no more than the installed headers.
MINIPORT = r"""
#include <stddef.h>
#include <ntdef.h>
#include <guiddef.h>
#include <dderror.h>
#include <devioctl.h>
#include <miniport.h>
#include <ntddvdeo.h>
#include <video.h>

VP_STATUS NTAPI start(PVOID Extension, PVP_DMA_ADAPTER Adapter, PVOID Mdl, PULONG Length, PEXECUTE_DMA Execute);
VP_STATUS NTAPI start(PVOID Extension, PVP_DMA_ADAPTER Adapter, PVOID Mdl, PULONG Length, PEXECUTE_DMA Execute)
{
    return VideoPortStartDma(Extension, Adapter, Mdl, 0, Length, Execute, NULL, TRUE);
}
"""


def output(*command, **options):
    return subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, text=True, check=True, **options).stdout


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.root = pathlib.Path(folder.name)
        output("meson", "install", "-C", BUILD, "--no-rebuild", env=dict(os.environ, DESTDIR=str(cls.root)))
        cls.library = cls.find("libvideoport.so")
        cls.pc = cls.find("videoport.pc").parent

    @classmethod
    def find(cls, name):
        found = [path for path in cls.root.rglob(name)]
        assert len(found) == 1, (name, found)
        return found[0]

    def flags(self, *arguments):
        environment = dict(os.environ, PKG_CONFIG_PATH=str(self.pc), PKG_CONFIG_SYSROOT_DIR=str(self.root))
        return output("pkg-config", *arguments, "videoport", env=environment).split()

    def build(self, text, *flags):
        source = self.root / "program.c"
        source.write_text(text)
        program = self.root / "program"
        output("cc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter", source, "-o", program, *flags)
        return program

    def test_a_program_links_with_the_shared_library(self):
        program = self.build(PROGRAM, *self.flags("--cflags", "--libs"))
        environment = dict(os.environ, LD_LIBRARY_PATH=str(self.library.parent))
        self.assertEqual(output(program, env=environment), "sim sim\n")

    def test_a_program_links_with_the_static_library(self):
        archive = self.find("libvideoport.a")
        others = [flag for flag in self.flags("--libs", "--static") if flag != "-lvideoport" and not flag.startswith("-L")]
        program = self.build(PROGRAM, *self.flags("--cflags"), archive, *others)
        self.assertEqual(output(program), "sim sim\n")

    def test_a_miniport_compiles_with_the_installed_headers(self):
        program = self.build(MINIPORT, "-c", "-fshort-wchar", *self.flags("--cflags"))
        self.assertIn("VideoPortStartDma", output("nm", "-u", program))

    def test_the_shared_library_shows_its_door_and_nothing_else(self):
        declared = set()
        for header in (ROOT / "include" / "videoport").glob("*.h"):
            text = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.S)
            declared |= set(re.findall(r"^(?!typedef)[a-z][^\n=;]*?\b\*?(vport_\w+)\(", text, re.M))
        declared = {name for name in declared if not re.search(r"static inline[^;{]*\b%s\(" % name, self.headers())}
        lines = output("nm", "-D", "--defined-only", self.library).splitlines()
        shown = {line.split()[-1].split("@")[0] for line in lines if " A " not in line}
        self.assertEqual({name for name in shown if name.startswith("vport_")}, declared)
        for name in shown - declared:
            self.assertRegex(name, r"^(VideoPort|READ_|WRITE_|ntoskrnl_)")

    def headers(self):
        return "\n".join(path.read_text() for path in (ROOT / "include" / "videoport").glob("*.h"))

    def test_the_documents_are_where_they_are_looked_for(self):
        self.assertEqual(self.find("videoport.1").parent.name, "man1")
        self.assertEqual(self.find("completions").parent.name, "bash-completion")
        self.assertTrue((self.find("completions") / "videoport").exists())

    def test_the_installed_command_runs(self):
        command = self.root / "videoport-copy"
        shutil.copy(next(path for path in self.root.rglob("bin/videoport")), command)
        self.assertRegex(output(command, "--version"), r"^videoport \d")


if __name__ == "__main__":
    unittest.main()
