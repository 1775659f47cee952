# SPDX-License-Identifier: MIT
"""Prints the import library definition of videoprt.sys, with a name more that nothing provides.

usage: make_def.py ROOT amd64|i386
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(sys.argv[1]) / "scripts"))
import make_export_table  # noqa: E402  pylint: disable=wrong-import-position

sys.stdout.write(make_export_table.definition(sys.argv[2]))
print("    VideoPortDoesNotExist" + {"amd64": "", "i386": "@8"}[sys.argv[2]])
