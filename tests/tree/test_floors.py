# SPDX-License-Identifier: MIT
"""scripts/check_floors.py: this tree keeps the rules, and a tree that breaks one is told so."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(os.environ["VIDEOPORT_ROOT"])
SPDX = "/* SPDX-License-Identifier: MIT */\n"


def check(root):
    done = subprocess.run([sys.executable, ROOT / "scripts" / "check_floors.py", root], stdout=subprocess.PIPE, text=True,
                          check=False)
    return done.returncode, done.stdout


class Floors(unittest.TestCase):
    def test_this_tree(self):
        self.assertEqual(check(ROOT), (0, ""))

    def broken(self, path, text, said, spdx=True):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            ddk = root / "include" / "ddk"
            ddk.mkdir(parents=True)
            (ddk / "ntddk.h").write_text(SPDX + "#define STATUS_SUCCESS 0\n")
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text((SPDX if spdx else "") + text)
            code, output = check(root)
            if said is None:
                self.assertEqual((code, output), (0, ""))
            else:
                self.assertEqual((code, output), (1, "%s:%s\n" % (path, said)))

    def test_upward_include(self):
        self.broken("src/base/a.c", '#include "mem/space.h"\n', "2: base (floor 0) must not include mem (floor 1)")
        self.broken("src/hal/a.h", '\n#  include "host/keys.h"\n', "3: hal (floor 4) must not include host (floor 6)")
        self.broken("src/mem/a.c", '#include "base/arith.h"\n', None)

    def test_same_floor(self):
        self.broken("src/nt/a.c", '#include "dma/dma.h"\n', "2: nt (floor 2) must not include dma (floor 2)")

    def test_buses_do_not_see_each_other(self):
        self.broken("src/bus/qemu/a.c", '#include "bus/sim/sim.h"\n', "2: bus/qemu must not know a concrete bus (bus/sim)")
        self.broken("src/bus/qemu/a.c", '#include "bus/bus.h"\n#include "bus/qemu/b.h"\n', None)

    def test_only_adapter_files_know_a_concrete_bus(self):
        self.broken("src/host/machine.c", '#include "bus/sim/sim.h"\n', "2: host must not know a concrete bus (bus/sim)")
        self.broken("src/host/adapter_sim.c", '#include "bus/sim/sim.h"\n', None)

    def test_windows_names(self):
        self.broken("src/dma/a.c", "\nNTSTATUS f(void);\n", "3: dma carries no Windows name, but says NTSTATUS")
        self.broken("src/mem/a.c", "int x = STATUS_SUCCESS;\n", "2: mem carries no Windows name, but says STATUS_SUCCESS")
        self.broken("src/bus/sim/a.c", "#include <ntddk.h>\n", "2: bus carries no Windows name, but includes <ntddk.h>")
        self.broken("src/dma/a.c", '/* NTSTATUS */ // PMDL\nconst char *a = "PMDL";\n', None)

    def test_linux_headers(self):
        self.broken("src/hal/a.c", "#include <pthread.h>\n", "2: hal makes no Linux call, but includes <pthread.h>")
        self.broken("src/hal/a.c", "#include <ntddk.h>\n#include <stdint.h>\n", None)
        self.broken("src/videoprt/a.c", "#include <stdint.h>\n", "2: videoprt is an NT driver, but includes <stdint.h>")

    def test_videoprt_uses_no_names_of_ours(self):
        self.broken("src/videoprt/a.c", "void f(void) { vport_dma_map(); }\n",
                    "2: videoprt uses documented services only, but says vport_dma_map")

    def test_miniports_include_the_ddk_only(self):
        self.broken("miniports/sim/a.c", "#include <stdio.h>\n", "2: a miniport includes only include/ddk, not <stdio.h>")
        self.broken("miniports/sim/a.c", '#include "../../src/dma/dma.h"\n',
                    '2: a miniport includes only include/ddk, not "../../src/dma/dma.h"')
        self.broken("miniports/sim/a.c", '#include "../blit_ioctl.h"\n#include "b.h"\n', None)

    def test_licence(self):
        for path, text in (("src/base/a.c", "int a;\n"), ("scripts/a.py", "pass\n"), ("meson.build", "project()\n")):
            self.broken(path, text, "1: the SPDX line is missing", spdx=False)


if __name__ == "__main__":
    unittest.main()
