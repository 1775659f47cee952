# SPDX-License-Identifier: MIT
"""scripts/check.py: what counts as passed, what as failed, and that nothing failed goes unseen."""

import contextlib
import importlib.util
import io
import os
import pathlib
import stat
import tempfile
import unittest

ROOT = pathlib.Path(os.environ["VIDEOPORT_ROOT"])
SPEC = importlib.util.spec_from_file_location("check", ROOT / "scripts" / "check.py")
check = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(check)

CMOCKA = "[==========] 3 test(s) run.\n[  PASSED  ] 2 test(s).\n[  FAILED  ] 1 test(s), listed below:\n[  FAILED  ] one\n"
GROUP = "[==========] 5 test(s) run.\n[  PASSED  ] 5 test(s).\n"
UNITTEST = "Ran 7 tests in 0.1s\n\nFAILED (failures=1, errors=2, skipped=1)\n"


def result(outcome, output):
    return {"name": "a test", "result": outcome, "duration": 1.5, "stdout": output}


class Counting(unittest.TestCase):
    def test_cases_are_what_the_framework_says(self):
        self.assertEqual(check.cases(CMOCKA), (2, 1))
        self.assertEqual(check.cases(GROUP + GROUP), (10, 0))
        self.assertEqual(check.cases(UNITTEST), (4, 3))
        self.assertEqual(check.cases("Ran 3 tests in 0.2s\n\nOK\n"), (3, 0))
        self.assertIsNone(check.cases("all is well\n"))

    def test_a_test_of_no_framework_is_one_case(self):
        self.assertEqual(check.judge(result("OK", "fine\n")), (1, 0, ""))
        passed, failed, text = check.judge(result("FAIL", "bad\n"))
        self.assertEqual((passed, failed), (0, 1))
        self.assertIn("a test: FAIL after 1.5 s\n    bad", text)

    def test_a_failure_counts_even_if_every_case_passed(self):
        for outcome in ("FAIL", "TIMEOUT", "ERROR", "INTERRUPT", "UNEXPECTEDPASS"):
            self.assertEqual(check.judge(result(outcome, GROUP))[:2], (0, 1), outcome)
        self.assertEqual(check.judge(result("FAIL", CMOCKA))[:2], (2, 1))

    def test_a_skipped_test_is_said(self):
        self.assertEqual(check.judge(result("SKIP", "")), (0, 0, "skipped: a test"))

    def test_an_excerpt_keeps_both_ends(self):
        text = check.excerpt("\n".join("line %d" % n for n in range(1000)))
        self.assertIn("line 0\n", text)
        self.assertIn("line 999", text)
        self.assertNotIn("line 500", text)


class Whole(unittest.TestCase):
    def run_with_meson(self, script):
        """The last line and the exit status of a run in which `script` stands for meson and for ninja."""
        with tempfile.TemporaryDirectory() as folder:
            for name in ("meson", "ninja"):
                tool = pathlib.Path(folder, name)
                tool.write_text("#!/bin/sh\ntool=%s\n%s\n" % (name, script))
                tool.chmod(tool.stat().st_mode | stat.S_IEXEC)
            path, builds = os.environ["PATH"], check.BUILDS
            os.environ["PATH"], check.BUILDS = "%s:%s" % (folder, path), pathlib.Path(folder, "builds")
            printed = io.StringIO()
            try:
                with contextlib.redirect_stdout(printed):
                    code = check.main(["gcc"])
            finally:
                os.environ["PATH"], check.BUILDS = path, builds
            return printed.getvalue().splitlines()[-1], code

    # `meson setup DIR`, `ninja -C DIR`, `meson test -C DIR`
    BUILT = 'if [ $tool = ninja ]; then touch "$2/build.ninja"; fi\n[ "$1" != setup ] || mkdir -p "$2"\n'
    LOG = '[ "$1" != test ] || { mkdir -p "$3/meson-logs"; echo \'%s\' > "$3/meson-logs/testlog.json"; %s; }'

    def test_all_passed(self):
        log = self.LOG % ('{"name": "x", "result": "OK", "duration": 1, "stdout": "Ran 4 tests"}', "exit 0")
        self.assertEqual(self.run_with_meson(self.BUILT + log), ("4 passed, 0 failed", 0))

    def test_one_failed(self):
        log = self.LOG % ('{"name": "x", "result": "FAIL", "duration": 1, "stdout": ""}', "exit 1")
        self.assertEqual(self.run_with_meson(self.BUILT + log), ("0 passed, 1 failed", 1))

    def test_meson_fails_without_a_failed_test(self):
        log = self.LOG % ('{"name": "x", "result": "OK", "duration": 1, "stdout": ""}', "exit 1")
        self.assertEqual(self.run_with_meson(self.BUILT + log), ("0 passed, 1 failed", 1))

    def test_what_cannot_be_built_is_a_failure(self):
        self.assertEqual(self.run_with_meson("echo no compiler; exit 1"), ("0 passed, 1 failed", 1))
        self.assertEqual(self.run_with_meson(self.BUILT + "[ $tool = meson ] || exit 1"), ("0 passed, 1 failed", 1))

    def test_unknown_runs_are_refused(self):
        with contextlib.redirect_stderr(io.StringIO()) as said:
            self.assertEqual(check.main(["nonsense"]), 2)
        self.assertIn("no such run: nonsense", said.getvalue())


if __name__ == "__main__":
    unittest.main()
