# SPDX-License-Identifier: MIT
"""`videoport bench`: one round of small groups, what is printed, and every way to ask wrongly."""

import json
import shutil
import unittest

from command import FAILED, SANITIZED, USAGE, CommandTest


class Bench(CommandTest):
    def measure(self, *groups):
        return self.json("bench", "--quick", "--rounds", "1", *groups)

    def test_the_wrong_words(self):
        self.refuse(USAGE, "there is no group 'X'", "bench", "X")
        self.refuse(USAGE, "option.*nonsense", "bench", "--nonsense")
        for rounds in ("0", "-1", "x", "1x", "10002"):
            self.refuse(USAGE, "--rounds takes a whole number from 1 to", "bench", "--rounds=%s" % rounds)

    def test_a_file_that_cannot_be_written_is_known_before_anything_is_measured(self):
        self.refuse(FAILED, "cannot be written", "bench", "F", "-o", self.folder / "no" / "bench.json")

    @unittest.skipIf(SANITIZED, "a sanitizer's times say nothing")
    def test_json(self):
        result = self.measure("Q")
        (group,) = result["groups"]
        self.assertEqual((group["group"], group["rounds"]), ("Q", 1))
        cases = {case["name"]: case for case in group["cases"]}
        waits = cases["1 page, each waits"]
        low, median, high = waits["ns"]
        self.assertTrue(0 < low <= median <= high)
        self.assertEqual(waits["ratio"]["to"], "1 page, registers free")
        self.assertAlmostEqual(waits["ratio"]["quartiles"][1], median / cases["1 page, registers free"]["ns"][1], 3)

    @unittest.skipIf(SANITIZED, "a sanitizer's times say nothing")
    def test_goals_are_judged_by_their_bounds(self):
        for goal in self.measure("Q", "F")["goals"]:
            ratio, limit = goal["quartiles"][1], goal["limit"]
            met = ratio >= limit if goal["bound"] == "at least" else ratio <= limit
            self.assertEqual(goal["verdict"], "met" if met else "MISSED", goal)

    @unittest.skipIf(SANITIZED, "a sanitizer's times say nothing")
    def test_a_peer_is_measured_or_named_as_missing(self):
        path = self.folder / "bench.json"
        text = self.succeed("bench", "--quick", "--rounds", "1", "K", "-o", path)
        (group,) = json.loads(path.read_text())["groups"]
        peer = [case for case in group["cases"] if "DPDK" in case["name"]]
        packages = [missing["package"] for missing in group["missing"]]
        if peer:
            self.assertEqual([case["ratio"]["to"] for case in peer],
                             ["%d pages" % pages for pages in (1, 16, 256, 4096, 65536)])
            self.assertEqual(packages, [])
        else:
            self.assertEqual(packages, ["librte-eal23"])
            self.assertRegex(text, r"(?m)^  missing: DPDK's address translation \(.*\); Debian's package is librte-eal23$")

    @unittest.skipIf(SANITIZED, "a sanitizer's times say nothing")
    def test_pictures_reach_qemu_or_it_is_named_as_missing(self):
        (group,) = self.measure("E")["groups"]
        references = {case["name"]: case["ratio"]["to"] for case in group["cases"] if "ratio" in case}
        packages = [missing["package"] for missing in group["missing"]]
        self.assertEqual(packages, [] if shutil.which("qemu-system-x86_64") else ["qemu-system-x86"])
        for size in ("320x200", "1024x768", "1920x1080"):
            self.assertEqual(references[size + ", whole path"], size + ", memcpy")
            if not packages:
                for way in ("the device alone", "whole path"):
                    name = "virtio GPU %s, " % size
                    self.assertEqual(references[name + way], name + "memcpy")

    @unittest.skipIf(SANITIZED, "a sanitizer's times say nothing")
    def test_table_and_file_are_of_one_run(self):
        path = self.folder / "bench.json"
        text = self.succeed("bench", "--quick", "--rounds", "1", "Q", "-o", path)
        result = json.loads(path.read_text())
        for case in result["groups"][0]["cases"]:
            self.assertRegex(text, r"(?m)^  %s +%.3f ns/transfer" % (case["name"], case["ns"][1]))
        self.assertIn("Not measured here", text)
        self.assertEqual(self.names(), ["bench.json"])


if __name__ == "__main__":
    unittest.main()
