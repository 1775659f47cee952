# SPDX-License-Identifier: MIT
"""The command line: every option, every way to get it wrong, and what is printed."""

import json
import os
import pty
import select
import unittest

from command import FAILED, OK, USAGE, VIDEOPORT, CommandTest, run

KEYS = {"sg", "reach", "max-length", "map-registers", "frames", "memory", "coherent", "latency", "queue", "mode",
        "video-memory"}


class Usage(CommandTest):
    def test_nothing(self):
        self.refuse(USAGE, "no command given.*\n.*--help", )

    def test_unknown_command(self):
        self.refuse(USAGE, "there is no command 'blot'\nTry 'videoport help'", "blot", "x.png")

    def test_unknown_option(self):
        for arguments in (["--nonsense"], ["blit", "--nonsense"], ["adapters", "--nonsense"], ["blit", "-z", "x.png"]):
            self.refuse(USAGE, "option.*\nTry `videoport[ a-z]* --help'", *arguments)

    def test_blit_without_a_picture_or_with_two(self):
        self.refuse(USAGE, "which picture?", "blit")
        self.refuse(USAGE, "one picture at a time: 'b.png' is too much", "blit", "a.png", "b.png")

    def test_missing_option_argument(self):
        for option in ("-a", "-o", "--repeat", "--seed", "--trace"):
            self.refuse(USAGE, "requires an argument", "blit", "x.png", option)

    def test_numbers(self):
        for option, text in (("--repeat", "0"), ("--repeat", "-1"), ("--repeat", "x"), ("--repeat", "1x"), ("--repeat", ""),
                             ("--repeat", "99999999999999999999999"), ("--seed", "-1"), ("--seed", "0x10"), ("--seed", " 1")):
            self.refuse(USAGE, "%s takes a whole number from [01] up" % option, "blit", "x.png", "%s=%s" % (option, text))

    def test_unknown_adapter(self):
        self.refuse(USAGE, "there is no adapter 'voodoo'; there is sim.*\nTry 'videoport adapters'", "blit", self.picture(),
                    "-a", "voodoo")

    def test_unknown_key_suggests_the_nearest(self):
        self.refuse(USAGE, "adapter 'sim': there is no key 'reech'; did you mean 'reach'\\?", "blit", self.picture(), "-a",
                    "sim:reech=24")
        text = self.refuse(USAGE, "there is no key 'zzzzzz'; the keys are", "blit", self.picture(), "-a", "sim:zzzzzz=1")
        for key in KEYS:
            self.assertIn(key, text)

    def test_impossible_values_name_key_value_and_what_is_possible(self):
        for pair, why in (("sg=maybe", "not one of its values"), ("sg=", "not one of its values"),
                          ("reach=33", "not one of its values"), ("reach=2", "not one of its values"),
                          ("max-length=0", "too small"), ("max-length=4G", "too large"), ("max-length=x", "not a number"),
                          ("max-length=1KB", "not a number"), ("map-registers=0", "too small"),
                          ("map-registers=-1", "not a number"), ("map-registers=1048577", "too large"),
                          ("map-registers=1K", "not a number"), ("frames=upside-down", "not one of its values"),
                          ("memory=1M", "too small"), ("memory=99999999999999999999G", "too large"),
                          ("memory=1025G", "too large"), ("coherent=1", "not one of its values"),
                          ("latency=11s", "too large"), ("latency=5h", "not a number"), ("queue=ON", "not one of its values"),
                          ("mode=random", "not one of its values"), ("video-memory=3M", "not a power of two"),
                          ("video-memory=1", "too small"), ("video-memory=1G", "too large")):
            with self.subTest(pair=pair):
                key, value = pair.split("=")
                self.refuse(USAGE, "%s=%s: %s.*; it takes .* \\(default " % (key, value, why), "blit", self.picture(), "-a",
                            "sim:" + pair)

    def test_malformed_pairs(self):
        for spec, why in (("sim:sg", "'sg' needs a value: sg=on\\|off"), ("sim:sg=on,sg=off", "'sg' is given twice"),
                          ("sim:,", "there is no key ''"), ("sim:sg=on,,reach=24", "there is no key ''"),
                          ("sim:" + "x" * 200, "too long to be key=value"), (":sg=on", "there is no adapter ''"),
                          ("", "there is no adapter ''")):
            with self.subTest(spec=spec):
                self.refuse(USAGE, why, "blit", self.picture(), "-a", spec)

    def test_a_wrong_adapter_leaves_nothing(self):
        picture = self.picture()
        self.refuse(USAGE, "no key", "blit", picture, "-o", self.folder / "s.png", "--trace", self.folder / "t", "-a", "sim:x=1")
        self.assertEqual(self.names(), ["picture.png"])


class Help(CommandTest):
    def test_help_teaches_with_examples(self):
        text = self.succeed("--help")
        for word in ("Usage: videoport", "blit", "adapters", "Exit status", "videoport blit picture.png -o shot.png"):
            self.assertIn(word, text)
        blit = self.succeed("blit", "--help")
        for word in ("--adapter", "--output", "--repeat", "--seed", "--json", "--trace", "Examples:", "Exit status"):
            self.assertIn(word, blit)
        self.assertIn("Examples:", self.succeed("adapters", "--help"))

    def test_help_command_is_the_same(self):
        self.assertEqual(self.succeed("help"), self.succeed("--help"))
        self.assertEqual(self.succeed("help", "blit"), self.succeed("blit", "--help"))
        self.assertEqual(self.succeed("help", "adapters"), self.succeed("adapters", "--help"))
        self.refuse(USAGE, "there is no command 'nonsense'", "help", "nonsense")

    def test_lines_fit_a_terminal(self):
        for arguments in (["--help"], ["blit", "--help"], ["adapters", "--help"]):
            for line in self.succeed(*arguments).splitlines():
                self.assertLessEqual(len(line), 100, line)

    def test_version(self):
        self.assertRegex(self.succeed("--version"), r"\Avideoport \d+\.\d+\.\d+\n\Z")


class Adapters(CommandTest):
    def test_text(self):
        text = self.succeed("adapters")
        self.assertRegex(text, "(?m)^sim: ")
        self.assertIn("can run here", text)
        for key in KEYS:
            self.assertRegex(text, "(?m)^    %s=.*\n        .*\\(default .+\\)$" % key)

    def test_json(self):
        kinds = json.loads(self.succeed("adapters", "--json"))
        sim = next(kind for kind in kinds if kind["name"] == "sim")
        self.assertEqual(set(sim), {"name", "help", "available", "keys"})
        self.assertIs(sim["available"], True)
        self.assertEqual({key["name"] for key in sim["keys"]}, KEYS)
        for key in sim["keys"]:
            self.assertEqual(set(key), {"name", "values", "default", "help"})

    def test_defaults_can_be_given(self):
        sim = json.loads(self.succeed("adapters", "--json"))[0]
        spec = "sim:" + ",".join("%s=%s" % (key["name"], key["default"]) for key in sim["keys"])
        picture = self.picture()
        counts = [{k: v for k, v in self.json("blit", picture, "-a", s)["to_device"].items() if k != "seconds"}
                  for s in (spec, "sim")]
        self.assertEqual(counts[0], counts[1])

    def test_arguments_are_refused(self):
        self.refuse(USAGE, "'sim' is too much", "adapters", "sim")


DIRECTION = {"requests", "operations", "elements", "bytes", "bounced_bytes", "queued", "seconds"}


class Printed(CommandTest):
    def test_json_has_exactly_the_promised_fields(self):
        result = self.json("blit", self.picture(61, 47))
        self.assertEqual(set(result), {"adapter", "driver", "width", "height", "bytes", "to_device", "from_device",
                                       "map_registers", "identical"})
        self.assertEqual((result["adapter"], result["width"], result["height"], result["bytes"], result["identical"]),
                         ("sim", 61, 47, 61 * 47 * 4, True))
        self.assertIsInstance(result["driver"], str)
        self.assertEqual(set(result["map_registers"]), {"granted", "high_water"})
        for direction in ("to_device", "from_device"):
            counts = result[direction]
            self.assertEqual(set(counts), DIRECTION)
            self.assertIsInstance(counts["seconds"], float)
            self.assertGreater(counts["seconds"], 0)
            self.assertEqual((counts["requests"], counts["bytes"]), (1, 61 * 47 * 4))
            self.assertGreaterEqual(counts["elements"], counts["operations"])

    def test_repeat_counts_every_frame(self):
        result = self.json("blit", self.picture(10, 10), "--repeat", "5")
        for direction in ("to_device", "from_device"):
            self.assertEqual((result[direction]["requests"], result[direction]["bytes"]), (5, 5 * 400))
        self.assertRegex(self.succeed("blit", self.picture(10, 10), "--repeat", "5"), r"frames +[\d.]+ /s +[\d.]+ /s")

    def test_keys_reach_the_machine(self):
        picture = self.picture(64, 64)  # 16384 bytes from the middle of a page: 5 pages
        base = self.json("blit", picture, "-a", "sim:frames=scattered")["to_device"]
        self.assertEqual((base["operations"], base["elements"], base["bounced_bytes"], base["queued"]), (1, 5, 0, 0))
        one = self.json("blit", picture, "-a", "sim:map-registers=1")
        self.assertEqual((one["to_device"]["operations"], one["map_registers"]["granted"]), (5, 1))
        run = self.json("blit", picture, "-a", "sim:frames=contiguous,memory=2G")["to_device"]
        self.assertEqual(run["elements"], 1)
        self.assertEqual(self.json("blit", picture, "-a", "sim:max-length=4K")["to_device"]["operations"], 5)
        far = self.json("blit", picture, "-a", "sim:reach=24,memory=16G,frames=scattered")
        self.assertGreater(far["to_device"]["bounced_bytes"], 0)
        self.assertEqual(self.json("blit", picture, "-a", "sim:sg=off,frames=scattered")["to_device"]["elements"], 1)
        self.assertEqual(self.json("blit", picture, "-a", "sim:queue=on")["from_device"]["queued"], 1)

    def test_table(self):
        shot = self.folder / "shot.png"
        text = self.succeed("blit", self.picture(), "-o", shot)
        for pattern in (r"adapter +sim, driver \w+", r"picture +61 x 47 pixels, 11 468 bytes", r"requests +1 +1",
                        r"operations +\d+ +\d+", r"elements +\d+ +\d+", r"bytes +11 468 +11 468", r"bytes bounced +\d+ +\d+",
                        r"queued +0 +0", r"throughput +\d+ MB/s +\d+ MB/s", r"map registers +[\d ]+ granted, \d+ most in use",
                        r"shown picture +identical", r"returned picture +identical", r"screenshot +%s" % shot):
            self.assertRegex(text, "(?m)^ *%s" % pattern)
        self.assertNotIn("\033", text)

    def test_full_standard_output_is_a_failure(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            for arguments in (["--help"], ["--version"], ["adapters"], ["adapters", "--json"], ["blit", self.picture()],
                              ["blit", self.picture(), "--json"]):
                done = run(*arguments, stdout=full)
                self.assertEqual(done.returncode, FAILED, arguments)
                self.assertIn("No space left on device", done.stderr)


class Terminal(CommandTest):
    def on_terminal(self, *arguments, **environment):
        """Runs with standard output and error on a terminal; returns what it showed and the exit status."""
        child, master = pty.fork()
        if child == 0:
            os.environ.pop("NO_COLOR", None)
            os.environ.update({"TERM": "xterm", **environment})
            os.execv(VIDEOPORT, [VIDEOPORT, *map(str, arguments)])
        shown = b""
        while select.select([master], [], [], 60)[0]:
            try:
                part = os.read(master, 65536)
            except OSError:
                break
            if not part:
                break
            shown += part
        os.close(master)
        return shown.decode(), os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    def test_colours_on_a_terminal_only_and_no_color_is_respected(self):
        picture = self.picture()
        for arguments in (["blit", picture], ["adapters"]):
            shown, code = self.on_terminal(*arguments)
            self.assertIn("\033[1m", shown)
            self.assertEqual(code, OK)
            self.assertNotIn("\033", self.on_terminal(*arguments, NO_COLOR="1")[0])
            self.assertNotIn("\033", self.on_terminal(*arguments, TERM="dumb")[0])
            self.assertIn("\033", self.on_terminal(*arguments, NO_COLOR="")[0])

    def test_progress_when_it_takes_longer(self):
        spec = "sim:mode=threaded,map-registers=1,latency=150ms"
        shown, code = self.on_terminal("blit", self.picture(64, 64), "-a", spec)
        self.assertEqual(code, OK)
        self.assertRegex(shown, r"videoport blit: to the adapter \(0\.\d s\)")
        self.assertTrue(shown.index("to the adapter") < shown.index("identical"))
        self.assertIn("\r\033[K", shown)

    def test_no_progress_when_it_is_quick_or_not_on_a_terminal(self):
        self.assertNotIn("to the adapter (", self.on_terminal("blit", self.picture(8, 8))[0])
        self.succeed("blit", self.picture(64, 64), "-a", "sim:mode=threaded,map-registers=1,latency=100ms")


if __name__ == "__main__":
    unittest.main()
