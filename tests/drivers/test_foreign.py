# SPDX-License-Identifier: MIT
"""Drivers in the style of other people's: each as a .sys for both machines and as a shared object, with the same account."""

import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import unittest

import png
from command import FAILED, CommandTest, run

DRIVERS = pathlib.Path(os.environ["VPORT_DRIVERS"])
FORMS = ["%s-amd64.sys", "%s.so"] + ["%s-i386.sys"] * (os.environ["VPORT_I386"] == "yes")
YELLOW, RED, BLACK = (255, 255, 0), (255, 0, 0), (0, 0, 0)


def forms(name):
    """The driver in each form; where i386's libraries cannot be had it is not run there."""
    return [DRIVERS / (form % name) for form in FORMS]


class Foreign(CommandTest):
    def account(self, driver, *arguments, expected=0):
        done = run("run", driver, "--json", *arguments)
        self.assertEqual((done.returncode, done.stderr), (expected, ""), done.stdout)
        account = json.loads(done.stdout)
        self.assertEqual(account["exit_code"], expected)
        return account

    @staticmethod
    def states(account):
        return {step["name"]: step["state"] for step in account["steps"]}

    @staticmethod
    def said(account):
        return [line["text"] for line in account.get("debug", [])]

    def shot(self, driver, adapter, *arguments):
        """The account of a run whose screenshot could be taken, and the colours at the middle of each of the eight bars."""
        path = self.folder / "shot.png"
        account = self.account(driver, "-a", adapter, "-o", path, *arguments)
        states = self.states(account)
        for step in ("start", "set mode", "map memory", "draw", "screenshot", "unload"):
            self.assertEqual(states.get(step), "ok", (driver, step, account["steps"]))
        width, height, pixels = png.decode(path.read_bytes())
        # A ramp from black to white lies under the bars.
        at = [3 * (height * 15 // 16 * width + x * width // 16) for x in (1, 15)]
        self.assertLess(pixels[at[0]], 64, driver)
        self.assertGreater(pixels[at[1]], 192, driver)
        at = [3 * (height // 4 * width + x * width // 16) for x in range(1, 16, 2)]
        return account, (width, height), [tuple(pixels[i:i + 3]) for i in at]


@unittest.skipUnless(shutil.which("qemu-system-x86_64"), "qemu-system-x86 is not installed")
class Displays(Foreign):
    BARS = [(255, 255, 255), YELLOW, (0, 255, 255), (0, 255, 0), (255, 0, 255), RED, (0, 0, 255), BLACK]

    def test_nt4_vga_with_a_palette_at_a0000(self):
        for driver in forms("nt4vga"):
            for adapter in ("qemu:vga", "qemu:cirrus-vga"):
                account, size, bars = self.shot(driver, adapter, "--mode", "320x200", "--ioctl",
                                                "QUERY_PUBLIC_ACCESS_RANGES", "--ioctl", "0x230ffc")
                self.assertEqual(size, (640, 400))
                # Three bits of red and green, two of blue, and six bits a component in the palette.
                self.assertEqual([tuple(value >> 7 for value in bar) for bar in bars],
                                 [tuple(value >> 7 for value in bar) for bar in self.BARS])
                self.assertIn("DAC index 5a", self.said(account))
                self.assertEqual([(claim["start"], claim["length"]) for claim in account["claims"] if claim["legacy"]],
                                 [("0x3b0", 12), ("0x3c0", 32), ("0xa0000", 0x20000)])
                self.assertEqual([request["status"] for request in account["ioctls"]], [0, 1])
                # In I/O space, before and after mapping; a port's handle is its number.
                self.assertEqual(struct.unpack_from("<III", bytes.fromhex(account["ioctls"][0]["output"])), (1, 1, 0x3c0))

    def test_nt4_vga_with_four_planes(self):
        for driver in forms("nt4vga"):
            _, size, bars = self.shot(driver, "qemu:vga", "--mode", "640x480")
            self.assertEqual(size, (640, 480))
            # A VGA's bright colours: two thirds and one third of red, green and blue.
            self.assertEqual([tuple(value >> 7 for value in bar) for bar in bars],
                             [tuple(value >> 7 for value in bar) for bar in self.BARS])

    def test_w2k_vbe_by_ports(self):
        for driver in forms("w2kvbe"):
            for mode in ("640x480", "1024x768"):
                account, size, bars = self.shot(driver, "qemu:vga", "--mode", mode)
                self.assertEqual("%dx%d" % size, mode)
                self.assertEqual(bars, self.BARS)
            said = self.said(account)
            self.assertEqual(said[:5], ["PCI 1234:1111, 256 bytes, BAR e0000000", "VGA status 1", "Windows 5.1", "no coffee",
                                        "registry 8086"])
            self.assertTrue(said[5].startswith("garbage "), said[5])
            self.assertEqual(said[6], "first pixel c0ffef")
            self.assertEqual([report["rule"] for report in account["reports"]], ["SG-8", "PORT"])
            self.assertTrue(account["trapped"])

    def test_w2k_vbe_in_other_depths(self):
        for driver in forms("w2kvbe"):
            for bits in (24, 8):
                _, size, bars = self.shot(driver, "qemu:vga", "--mode", "800x600x%d" % bits)
                self.assertEqual(size, (800, 600))
                self.assertEqual([tuple(value >> 7 for value in bar) for bar in bars],
                                 [tuple(value >> 7 for value in bar) for bar in self.BARS], (driver, bits))
        account = self.account(forms("w2kvbe")[0], "-a", "qemu:vga", "--mode", "800x600x16", expected=FAILED)
        details = [step["detail"] for step in account["steps"] if step["name"] == "modes"]
        self.assertEqual(details, ["none of the driver's 5 modes is a graphics mode of 800 x 600 x 16"])

    def test_w2k_vbe_on_other_cards_with_the_same_ports(self):
        for adapter in ("qemu:qxl-vga", "qemu:ati-vga"):
            _, _, bars = self.shot(forms("w2kvbe")[0], adapter, "--mode", "800x600")
            self.assertEqual(bars, self.BARS, adapter)

    def test_a_card_that_is_not_the_drivers(self):
        account = self.account(forms("xpati")[0], "-a", "qemu:vga", expected=FAILED)
        self.assertEqual(account["steps"][0]["state"], "failed")
        self.assertIn("HwVidFindAdapter", account["steps"][0]["detail"])

    def test_xp_registers_by_plain_loads_and_the_monitor_over_i2c(self):
        for driver in forms("xpati"):
            account, size, bars = self.shot(driver, "qemu:ati-vga", "--mode", "800x600",
                                            "--ioctl", "0x232404:in=c00c00000800:size=8", "--ioctl", "0x232404:in=000000001000:size=8",
                                            "--ioctl", "0x232404:in=800c0000ff0b:size=4000")
            self.assertEqual((size, bars), ((800, 600), self.BARS))
            said = self.said(account)
            self.assertEqual(said, ["legacy resources of 1002:5046", "DDC: 1", "I2C service: EDID byte 1 is ff", "wait: 258, then",
                                    "wait: 0, synchronized 1", "filled 5a 0"])
            self.assertEqual([(child["type"], child["name"]) for child in account["children"]], [(1, "RHT1234")])
            # The second and third pixel of the second row: within the white frame. Then one answer longer than its buffer.
            self.assertEqual([request["status"] for request in account["ioctls"]], [0, 234, 0])
            self.assertEqual(account["ioctls"][0]["output"], "ffffff00ffffff00")
            # The second row, but for its last byte: the frame's left edge, then seven bars of a hundred pixels and most of the eighth.
            row = b"".join(bytes((bar[2], bar[1], bar[0], 0)) * 100 for bar in self.BARS)
            self.assertEqual(bytes.fromhex(account["ioctls"][2]["output"])[4:], row[4:3071])


    def test_qxl_by_what_lies_in_its_memory(self):
        for driver in forms("qxlfb"):
            account, size, bars = self.shot(driver, "qemu:qxl-vga", "--mode", "800x600")
            self.assertEqual((size, bars), ((800, 600), self.BARS))
            said = self.said(account)
            self.assertRegex("\n".join(said), r"^\d+ modes, header at 3ffe000$")

    def test_every_display_can_be_named(self):
        keys = next(kind["keys"] for kind in self.json("adapters") if kind["name"] == "qemu")
        names = next(key["values"] for key in keys if key["name"] == "device").split("|")
        self.assertGreaterEqual(len(names), 9)
        for name in names:
            done = run("run", forms("sloppy")[0], "-a", "qemu:" + name, "--json")
            account = json.loads(done.stdout)
            self.assertEqual((account["adapter"]["name"], self.states(account)["unload"]), ("qemu:" + name, "ok"))


class Sim(Foreign):
    def test_xp_bus_master_moves_bytes_in_pieces(self):
        sent = self.random.randbytes(301)
        file = self.file("sent.bin", sent)
        for driver in forms("xpdma"):
            back = self.folder / "back.bin"
            account, size, _ = self.shot(driver, "sim:reach=32", "--ioctl", "0x232440:in=%s" % file,
                                         "--ioctl", "0x232444:out=%s:size=301" % back)
            self.assertEqual(size, (640, 480))
            self.assertEqual(back.read_bytes(), sent)
            self.assertEqual([request["status"] for request in account["ioctls"]], [0, 0])
            self.assertEqual([(adapter["maximum_length"], adapter["common_buffers"]) for adapter in account["dma_adapters"]], [(64, 1)])
            self.assertEqual([(way["operations"], way["bytes"]) for way in account["dma"]], [(5, 301), (5, 301)])

    def test_what_is_given_up_and_called_a_success(self):
        for driver in forms("sloppy"):
            account = self.account(driver, "--ioctl", "MAP_VIDEO_MEMORY", "--ioctl", "UNMAP_VIDEO_MEMORY",
                                   "--ioctl", "QUERY_CURRENT_MODE:size=64", "--ioctl", "RESET_DEVICE", expected=FAILED)
            states = self.states(account)
            self.assertEqual((states["start"], states["modes"], states["unload"]), ("ok", "failed", "ok"))
            self.assertTrue(re.fullmatch(r"registers 0+", self.said(account)[0]), account["debug"])
            self.assertEqual([request["status"] for request in account["ioctls"]], [0, 0, 0, 0])
            self.assertEqual([report["rule"] for report in account["reports"]], ["PORT", "PORT", "PORT", "LEAK"])


class Runtime(Foreign):
    def test_the_kernels_c_runtime_for_shared_objects_without_ntapi(self):
        account = self.account(DRIVERS / "runtime.so", expected=FAILED)
        self.assertEqual(self.said(account), ["wrong: 0"])

    def test_all_of_it_was_called(self):
        header = (pathlib.Path(os.environ["VIDEOPORT_ROOT"]) / "include" / "ddk" / "vport_ms_abi.h").read_text()
        listed = set(re.findall(r"^VPORT_KERNEL_CRT\([^,]+, (\w+),", header, re.M))
        symbols = subprocess.run(["nm", "-u", DRIVERS / "runtime.so"], stdout=subprocess.PIPE, text=True, check=True).stdout
        self.assertGreater(len(listed), 10)
        self.assertEqual(set(re.findall(r" U ntoskrnl_(\w+)$", symbols, re.M)), listed)


if __name__ == "__main__":
    unittest.main()
