# SPDX-License-Identifier: MIT
"""Prints the import library definition of videoprt.sys for x86-64, with more names at its end.

usage: make_def.py ROOT NAME...
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(sys.argv[1]) / "scripts"))
import make_export_table  # noqa: E402  pylint: disable=wrong-import-position

sys.stdout.write(make_export_table.definition("amd64"))
for name in sys.argv[2:]:
    print("    " + name)
