# SPDX-License-Identifier: MIT
"""One driver (drivers/shape.c) in the many shapes that linkers give to images: it runs in all of them, and what is special is
said."""

import json
import re
import struct
import unittest

from common import CRASHED, command, machines


class Image:
    """A PE file's bytes, to be changed; offsets as Microsoft's "PE Format" has them."""

    def __init__(self, path):
        self.bytes = bytearray(path.read_bytes())
        self.header = self.number(0x3c)
        self.wide = self.number(self.header + 24, "H") == 0x20b
        self.width, self.form = (8, "Q") if self.wide else (4, "I")
        self.directories = self.header + 24 + (112 if self.wide else 96)
        table = self.header + 24 + self.number(self.header + 20, "H")
        self.sections = [struct.unpack_from("<8x4I", self.bytes, table + 40 * i) for i in range(self.number(self.header + 6, "H"))]

    def number(self, offset, form="I"):
        return struct.unpack_from("<" + form, self.bytes, offset)[0]

    def put(self, offset, value, form="I"):
        struct.pack_into("<" + form, self.bytes, offset, value)

    def offset(self, rva):
        return next(rva - start + place for size, start, raw, place in self.sections if start <= rva < start + max(size, raw))

    def descriptors(self):
        """Offsets of the import descriptors."""
        at = self.offset(self.number(self.directories + 8))
        while self.number(at + 12):
            yield at
            at += 20

    def slots(self, descriptor):
        """(offset in the lookup table, offset in the address table) of each import."""
        lookup, address = (self.offset(self.number(descriptor + field)) for field in (0, 16))
        while self.number(lookup, self.form):
            yield lookup, address
            lookup, address = lookup + self.width, address + self.width


class Shapes(command.CommandTest):
    def account(self, path):
        return json.loads(command.run("run", path, "-o", self.folder / "shot.png", "--json").stdout)

    def runs(self, path):
        """It does what the plain shape does; returns what is told of the image."""
        account = self.account(path)
        self.assertEqual((account["exit_code"], account.get("debug")), (0, None), path)
        self.assertEqual([(step["name"], step["state"]) for step in account["steps"]], [
            ("start", "ok"), ("set mode", "ok"), ("map memory", "ok"), ("draw", "ok"), ("screenshot", "ok"),
            ("unmap memory", "ok"),
            ("power off (D3)", "ok"), ("power on (D0)", "ok"), ("reset", "skipped"), ("unload", "ok")])
        self.assertEqual(account["screen"], {"width": 320, "height": 200})
        self.assertNotIn("missing_imports", account)
        return account["image"]

    def test_plain(self):
        for path in machines("shape-plain", decoder=True):
            image = self.runs(path)
            self.assertEqual((image["seeded_cookie"], image["thread_local"]), (True, True))
            self.assertEqual((image["shares_pages"], image["write_dropped"]), (False, False))
            self.assertRegex(command.run("run", path).stdout, r"image +\S+: \d+ bytes at 0x[0-9a-f]+, stack cookie seeded, "
                             r"thread-local storage ignored\n")
            account = self.json("inspect", path)
            self.assertEqual(account["missing_imports"], 0)
            self.assertIn("thread-local storage is ignored, as the kernel's loader does", account["notes"])
            self.assertIn("it has a stack cookie, which the loader seeds", account["notes"])

    def test_sections_that_share_pages(self):
        for path in machines("shape-packed", decoder=True):
            self.assertTrue(self.runs(path)["shares_pages"])
            self.assertEqual(self.json("inspect", path)["section_alignment"], 0x80)

    def test_at_its_own_address_only(self):
        for path in machines("shape-fixed", decoder=True):
            self.assertEqual(self.runs(path)["base"], "0x20000000")
            self.assertIn("relocations are stripped: it runs at its own base only", self.json("inspect", path)["notes"])

    def test_pointers_to_imports_among_code(self):
        for path in machines("shape-merged", decoder=True):
            self.assertNotIn(".rdata", [section["name"] for section in self.json("inspect", path)["sections"]])
            self.runs(path)

    def test_code_that_asks_to_be_writable(self):
        for path in machines("shape-init", decoder=True):
            self.assertTrue(self.runs(path)["write_dropped"])

    def test_exports_and_a_forwarder(self):
        for path in machines("shape-exporting", decoder=True):
            self.runs(path)

    def test_import_by_number(self):
        for path in machines("shape-ordinal", decoder=True):
            account = self.account(path)
            self.assertEqual(account["missing_imports"], [{"library": "VIDEOPRT.SYS", "name": "#77"}])
            self.assertEqual(account["exit_code"], CRASHED)
            self.assertIn("called VIDEOPRT.SYS #77, which nothing here provides", account["crash"]["what"])
            self.assertIn({"library": "VIDEOPRT.SYS", "ordinal": 77, "satisfied": False}, self.json("inspect", path)["imports"])

    def test_places_of_a_crash(self):
        for path in machines("shape-fault", decoder=True):
            done = command.run("run", path)
            self.assertEqual(done.returncode, CRASHED)
            function = r"" if "i386" in path.name else r", in the function at \+0x[0-9a-f]+"
            self.assertRegex(done.stdout, r"read from address 0, a NULL pointer\.\n    At %s\+0x[0-9a-f]+ \(\.text%s\), "
                             r"in HwInitialize" % (re.escape(path.name), function))

    def test_bound_to_another_system(self):
        """Addresses and stamps that a linker's companion put there for some other version are ignored."""
        for path in machines("shape-plain", decoder=True):
            image = Image(path)
            for descriptor in image.descriptors():
                image.put(descriptor + 4, 0xffffffff)
                for _, address in image.slots(descriptor):
                    image.put(address, 0x41414141, image.form)
            image.put(image.directories + 8 * 11, 0x200)  # a directory of bound imports
            image.put(image.directories + 8 * 11 + 4, 0x20)
            self.runs(self.file(path.name, image.bytes))

    def test_names_in_the_address_table_only(self):
        """As old linkers write it."""
        for path in machines("shape-plain", decoder=True):
            image = Image(path)
            for descriptor in image.descriptors():
                for lookup, address in image.slots(descriptor):
                    image.put(address, image.number(lookup, image.form), image.form)
                image.put(descriptor, 0)
            self.runs(self.file(path.name, image.bytes))

    def test_no_sizes_of_sections(self):
        """Old linkers leave VirtualSize 0 and mean the raw size."""
        for path in machines("shape-plain", decoder=True):
            image = Image(path)
            table = image.header + 24 + image.number(image.header + 20, "H")
            image.put(table + 8, 0)
            self.runs(self.file(path.name, image.bytes))


if __name__ == "__main__":
    unittest.main()
