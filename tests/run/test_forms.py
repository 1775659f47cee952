# SPDX-License-Identifier: MIT
"""Our own miniports in four forms: a shared object of this system, one with the Windows convention throughout, a .sys for x86-64
and one for i386. Every form does the same, to the last byte of the screen."""

import json
import os
import shutil
import unittest

from common import DRIVERS, command

FORMS = ("-native.so", "-ms_abi.so", ".sys", "-i386.sys")
ADAPTERS = {
    "sim": ("sim:memory=256M", "sim:sg=off,reach=24,memory=256M", "sim:map-registers=2,frames=scattered,memory=256M",
            "sim:coherent=off,memory=256M"),
    "edu": ("qemu:edu",),
    "virtio_gpu": ("qemu",),
}

# All that a run tells, but for addresses of memory and what only an image has.
SAME = ("adapter", "steps", "callbacks", "claims", "children", "modes", "blit", "dma_adapters", "dma", "screen", "reports", "ioctls",
        "exit_code")

# IOCTL_VPORT_SET_SIZE and IOCTL_VPORT_BLIT (miniports/blit_ioctl.h), well and badly used, between requests of every display.
REQUESTS = ("QUERY_NUM_AVAIL_MODES:size=8", "QUERY_AVAIL_MODES:size=4096", "0x232404:in=4000000030000000", "0x232404:in=40000000",
            "0x232404:in=0000000000000000", "0x232400:in=00", "0x232400:in=07000000" + 7 * "00000000" + ":size=16",
            "0x232404:in=ffffffffffffffff", "RESET_DEVICE", "0x23fffc")


def forms(miniport):
    """(form, path): i386 can have QEMU's devices only where libjansson for that machine is installed."""
    found = [(form, DRIVERS / (miniport + form)) for form in FORMS]
    without = () if miniport == "sim" or os.environ["VPORT_I386_QEMU"] else ("-i386.sys",)
    return [(form, path) for form, path in found if path.exists() and form not in without]


class Forms(command.CommandTest):
    def outcome(self, path, adapter, *arguments):
        """What is told, and the screen; the educational device has none."""
        shot = self.folder / "shot.png"
        shot.unlink(missing_ok=True)
        screen = () if adapter == "qemu:edu" else ("-o", shot)
        account = json.loads(command.run("run", path, "-a", adapter, "--json", *screen, *arguments).stdout)
        self.assertNotIn("crash", account, path)
        return {key: account.get(key) for key in SAME}, shot.read_bytes() if shot.exists() else b""

    def compare(self, miniport, *arguments):
        for adapter in ADAPTERS[miniport]:
            told = {form: self.outcome(path, adapter, *arguments) for form, path in forms(miniport)}
            self.assertGreaterEqual(len(told), 3)
            for form, (account, screen) in told.items():
                with self.subTest(adapter=adapter, form=form):
                    for key in SAME:
                        self.assertEqual(account[key], told[FORMS[0]][0][key], key)
                    self.assertEqual(screen, told[FORMS[0]][1])
            yield told[FORMS[0]]

    def check(self, miniport, shown):
        picture = self.picture(211, 97)
        for account, screen in self.compare(miniport, "--blit", picture):
            self.assertEqual((account["exit_code"], account["blit"]["shown"]), (0, "identical" if shown else "impossible"))
            self.assertGreaterEqual(account["dma"][0]["bytes"], 211 * 97 * 4)
            self.assertEqual(screen != b"", shown)
        for account, _ in self.compare(miniport, *(word for request in REQUESTS for word in ("--ioctl", request))):
            statuses = [request["status"] for request in account["ioctls"]]
            self.assertEqual(len(statuses), len(REQUESTS))
            self.assertEqual((statuses[2], statuses[3]), (0, 122))  # NO_ERROR, ERROR_INSUFFICIENT_BUFFER
            self.assertNotEqual(statuses[-1], 0)

    def test_sim(self):
        self.check("sim", True)

    @unittest.skipUnless(shutil.which("qemu-system-x86_64"), "qemu-system-x86 is not installed")
    def test_edu(self):
        self.check("edu", False)

    @unittest.skipUnless(shutil.which("qemu-system-x86_64"), "qemu-system-x86 is not installed")
    def test_virtio_gpu(self):
        self.check("virtio_gpu", True)

    @unittest.skipIf(os.environ["VPORT_I386_QEMU"] or not (DRIVERS / "edu-i386.sys").exists(), "libjansson for i386 is there")
    def test_without_qemu_it_is_said(self):
        done = command.run("run", DRIVERS / "edu-i386.sys", "-a", "qemu:edu")
        self.assertEqual(done.returncode, command.ENVIRONMENT)
        self.assertIn("it was built without libjansson for its machine", done.stdout)


if __name__ == "__main__":
    unittest.main()
