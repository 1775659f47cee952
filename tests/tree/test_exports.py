# SPDX-License-Identifier: MIT
"""docs/exports.md: what its generator writes today, with a test for every function; and how the generator tells a call."""

import os
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(os.environ["VIDEOPORT_ROOT"])
sys.path.insert(0, str(ROOT / "scripts"))
import make_export_doc as doc  # noqa: E402  pylint: disable=wrong-import-position


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rows = doc.all_rows()

    def test_every_function_has_a_test(self):
        self.assertEqual(doc.untested(self.rows), [])

    def test_it_is_up_to_date(self):
        written = (ROOT / "docs/exports.md").read_text(encoding="utf-8")
        self.assertEqual(written.splitlines(), doc.page(self.rows).splitlines(), "run scripts/make_export_doc.py")

    def test_links_lead_somewhere(self):
        for link in set(re.findall(r"\]\(\.\./([^)]*)\)", doc.page(self.rows))):
            self.assertTrue((ROOT / link).is_file(), link)

    def test_every_video_port_function_says_what_it_is_for(self):
        for row in self.rows["videoprt.sys"]:
            self.assertTrue(row.purpose, row.name)
            if row.state == "implemented" and row.name != "VideoPortLockPages":
                self.assertNotEqual(row.irql, "not stated", row.name)

    def test_nothing_is_in_two_tables(self):
        names = [row.name for rows in self.rows.values() for row in rows]
        self.assertEqual(sorted(names), sorted(set(names)))


class Calls(unittest.TestCase):
    def calls(self, text, hidden=()):
        return doc.calls_in(text, set(hidden))

    def test_a_call_in_a_body_counts(self):
        self.assertIn("KeFoo", self.calls("static void test(void **state)\n{\n    assert_true(KeFoo(1));\n}\n"))

    def test_these_do_not(self):
        for text in ("/* KeFoo(1) */ void f(void)\n{\n    // KeFoo(1)\n}\n",
                     'void f(void)\n{\n    puts("KeFoo(1)");\n}\n',
                     "VOID NTAPI KeFoo(int x);\nvoid f(void)\n{\n    ;\n}\n",
                     "VOID NTAPI KeFoo(int x)\n{\n}\n",
                     "void f(void)\n{\n    use(KeFoo);\n    x->KeFoo(1);\n}\n",
                     "static void *table[] = {KeFoo(1)};\n",
                     "#define CALL KeFoo(1)\nvoid f(void)\n{\n    ;\n}\n"):
            self.assertNotIn("KeFoo", self.calls(text), text)

    def test_a_macro_of_that_name_is_another_function(self):
        plain = "void f(void)\n{\n    KeFoo(1);\n}\n"
        self.assertNotIn("KeFoo", self.calls(plain, ["KeFoo"]))
        self.assertIn("KeFoo", self.calls(plain.replace("KeFoo", "(KeFoo)"), ["KeFoo"]))
        self.assertIn("KeFoo", self.calls("#undef KeFoo\n" + plain, ["KeFoo"]))

    def test_a_cast_is_no_call(self):
        self.assertNotIn("ULONG", self.calls("void f(void)\n{\n    x = f(ULONG)(y);\n}\n"))

    def test_the_runtime_is_asked_by_name(self):
        asks = 'void *need(const char *name)\n{\n    return vport_crt_find(name);\n}\n'
        self.assertEqual(doc.runtime_calls_in(asks + 'void f(void)\n{\n    g(need("strlen")); /* need("atoi") */\n}\n'), {"strlen"})
        self.assertEqual(doc.runtime_calls_in('void f(void)\n{\n    need("strlen");\n}\n'), set())


class Comments(unittest.TestCase):
    def test_purpose_and_level(self):
        for comment, level, purpose in (("Makes it. PASSIVE. NO_ERROR.", "PASSIVE", "Makes it"),
                                        ("Frees it; all. <= DISPATCH, not at night. More.", "<= DISPATCH, not at night", "Frees it; all"),
                                        ("Waits. The level is PASSIVE.", "not stated", "Waits")):
            self.assertEqual((doc.irql(comment), doc.purpose(comment)), (level, purpose))

    def test_states(self):
        self.assertEqual(doc.state("F", "Obsolete, fixed result: NULL.", {}), "fixed result: NULL")
        self.assertEqual(doc.state("F", "Runs. PASSIVE. Refused: no hardware. ERROR.", {}), "refused: no hardware")
        self.assertEqual(doc.state("F", "Runs. PASSIVE.", {"F": "not ours"}), "absent: not ours")
        self.assertEqual(doc.state("F", "(MR-1) Accepted: all is well.", {}), "accepted: all is well")
        self.assertEqual(doc.state("F", "Refused calls are counted.", {}), "implemented")


if __name__ == "__main__":
    unittest.main()
