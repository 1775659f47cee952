# SPDX-License-Identifier: MIT
"""A driver's life, told: our own miniport as the .sys that Windows would load."""

import json
import shutil
import struct
import subprocess
import unittest

import png

from common import command, driver

SIM = driver("sim")


class Life(command.CommandTest):
    def account(self, *arguments):
        return json.loads(self.succeed("run", SIM, "--json", *arguments))

    def test_all_steps_in_order(self):
        account = self.account("-o", self.folder / "shot.png")
        self.assertEqual([step["name"] for step in account["steps"]],
                         ["start", "set mode", "map memory", "draw", "screenshot", "unmap memory", "power off (D3)",
                          "power on (D0)", "reset", "unload"])
        self.assertEqual({step["state"] for step in account["steps"]}, {"ok"})
        self.assertEqual(account["exit_code"], 0)
        self.assertNotIn("reports", account)
        self.assertNotIn("missing_imports", account)

    @unittest.skipUnless(driver("sim-i386").exists(), "no driver for i386 was built")
    def test_a_machine_process_that_cannot_be_started_is_of_the_environment(self):
        program = shutil.copy(command.VIDEOPORT, self.folder / "videoport")
        self.file("videoport-i386", b"no program").chmod(0o755)
        done = subprocess.run([program, "run", driver("sim-i386")], stdout=subprocess.PIPE, text=True, check=False)
        self.assertIn("videoport-i386: Exec format error", done.stdout)
        self.assertEqual(done.returncode, command.ENVIRONMENT)

    def test_what_it_claimed(self):
        account = self.account()
        self.assertEqual([(claim["space"], claim["length"]) for claim in account["claims"]],
                         [("memory", 4096), ("memory", 256 << 20)])
        self.assertIn("vector", account["interrupt"])
        self.assertEqual(len(account["children"]), 1)
        self.assertEqual(len(account["dma_adapters"]), 1)

    @staticmethod
    def pixel(pixels, width, x, y):
        at = 3 * (y * width + x)
        return tuple(pixels[at:at + 3])

    def test_the_screen_shows_what_was_drawn(self):
        shot = self.folder / "shot.png"
        self.succeed("run", SIM, "--mode", "800x600", "-o", shot)
        width, height, pixels = png.decode(shot.read_bytes())
        self.assertEqual((width, height), (800, 600))
        self.assertEqual(self.pixel(pixels, width, 0, 0), (255, 255, 255))
        self.assertEqual(self.pixel(pixels, width, 150, 100), (255, 255, 0))
        self.assertEqual(self.pixel(pixels, width, 650, 100), (0, 0, 255))
        self.assertEqual(self.pixel(pixels, width, 400, 500), (127, 127, 127))

    def test_mode_that_is_not_there(self):
        done = command.run("run", SIM, "--mode", "801x600")
        self.assertEqual(done.returncode, command.FAILED)
        self.assertIn("none of the driver's 10 modes is a graphics mode of 801 x 600", done.stdout)
        self.assertIn("done       unload", done.stdout)

    def test_dma_is_as_with_the_same_source_built_natively(self):
        picture = self.picture(211, 97)
        for keys in ("sim", "sim:sg=off,reach=24", "sim:map-registers=2,frames=scattered", "sim:coherent=off"):
            with self.subTest(adapter=keys):
                shot = self.folder / "shot.png"
                account = self.account("-a", keys, "--blit", picture, "-o", shot)
                self.assertEqual(account["blit"], {"shown": "identical", "returned": "identical"})
                native = self.json("blit", picture, "-a", keys)
                self.assertEqual([(way["operations"], way["bytes"], way["bounced"]) for way in account["dma"]],
                                 [(native[way]["operations"], native[way]["bytes"], native[way]["bounced_bytes"])
                                  for way in ("to_device", "from_device")])

    @unittest.skipUnless(driver("sim-i386").exists(), "no compiler for i386")
    def test_i386_does_the_same(self):
        picture = self.picture(211, 97)
        for keys in ("sim", "sim:sg=off,reach=24", "sim:coherent=off,memory=256M"):
            accounts = [json.loads(self.succeed("run", each, "-a", keys, "--blit", picture, "--json"))
                        for each in (SIM, driver("sim-i386"))]
            for key in ("steps", "callbacks", "claims", "modes", "blit", "dma"):
                self.assertEqual(accounts[1][key], accounts[0][key], key)

    def test_shared_object(self):
        account = json.loads(self.succeed("run", driver("sim").with_name("sim-native.so"), "--blit", self.picture(), "--json"))
        self.assertEqual(account["blit"], {"shown": "identical", "returned": "identical"})
        self.assertEqual(account["steps"], self.account("--blit", self.picture())["steps"])
        refused = command.run("run", self.file("broken.so", b"\x7fELF and no more"))
        self.assertEqual(refused.returncode, command.FAILED)
        self.assertIn("broken.so", refused.stdout)

    def test_requests(self):
        out = self.folder / "modes.bin"
        account = self.account("--ioctl", "QUERY_NUM_AVAIL_MODES:out=%s" % out, "--ioctl", "0x230408:size=80",
                               "--ioctl", "ioctl_video_set_current_mode:in=01000000")
        self.assertEqual(struct.unpack("<II", out.read_bytes()), (10, 80))
        self.assertEqual([request["status"] for request in account["ioctls"]], [0, 0, 0])
        self.assertEqual(struct.unpack("<4I", bytes.fromhex(account["ioctls"][1]["output"])[:16])[2:], (1024, 768))

    def test_relay_shows_both_directions(self):
        text = self.succeed("run", SIM, "--relay")
        self.assertRegex(text, r"> DriverEntry\(Context1=0x[0-9a-f]+, Context2=0x[0-9a-f]+\)")
        self.assertRegex(text, r"< VideoPortGetDmaAdapter\(HwDeviceExtension=0x[0-9a-f]+, VpDeviceDescription=0x[0-9a-f]+\) from "
                               r"sim\.sys\+0x[0-9a-f]+ .* = 0x[0-9a-f]+")
        self.assertRegex(text, r"> HwStartIO\(HwDeviceExtension=0x[0-9a-f]+, RequestPacket=0x[0-9a-f]+\)")

    def test_relay_of_a_shared_object(self):
        text = self.succeed("run", driver("sim").with_name("sim-native.so"), "--relay", "--blit", self.picture())
        self.assertRegex(text, r"< VideoPortGetDmaAdapter\(HwDeviceExtension=0x[0-9a-f]+, VpDeviceDescription=0x[0-9a-f]+\) from "
                               r"sim-native\.so\+0x[0-9a-f]+ \(in the function \w+\).* = 0x[0-9a-f]+")
        self.assertRegex(text, r"> HwStartIO\(HwDeviceExtension=0x[0-9a-f]+, RequestPacket=0x[0-9a-f]+\)")
        self.assertRegex(text, r"> HwVidExecuteDma\(")

    def test_relay_sees_the_dma_callback(self):
        text = self.succeed("run", SIM, "--relay", "--blit", self.picture())
        self.assertRegex(text, r"> HwVidExecuteDma\(")
        self.assertRegex(text, r"blit       shown: identical; read back: identical")

    def test_without_the_sandbox_all_is_the_same(self):
        self.assertEqual(self.account("--no-sandbox")["steps"], self.account()["steps"])

    def test_same_seed_same_run(self):
        def told(account):
            return {key: account[key] for key in ("steps", "callbacks", "modes", "claims")}
        self.assertEqual(told(self.account("--seed", "7")), told(self.account("--seed", "7")))

    def test_threaded(self):
        account = self.account("-a", "sim:mode=threaded", "--blit", self.picture())
        self.assertEqual(account["blit"], {"shown": "identical", "returned": "identical"})

    def test_wrong_usage(self):
        self.refuse(command.USAGE, "which driver", "run")
        self.refuse(command.USAGE, "no such request", "run", SIM, "--ioctl", "NONSENSE")
        self.refuse(command.USAGE, "WIDTHxHEIGHT", "run", SIM, "--mode", "800")
        self.refuse(command.FAILED, "No such file", "run", self.folder / "none.sys")
        self.refuse(command.FAILED, "not a Windows image", "run", self.file("text.sys", b"hello"))

    def test_unknown_adapter(self):
        done = command.run("run", SIM, "-a", "nonsense")
        self.assertEqual(done.returncode, command.USAGE)
        self.assertIn("there is no adapter 'nonsense'", done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
