# SPDX-License-Identifier: MIT
"""What the tests of `videoport run` share."""

import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(os.environ["VIDEOPORT_ROOT"]) / "tests" / "cli"))
import command  # noqa: E402  pylint: disable=wrong-import-position

DRIVERS = pathlib.Path(os.environ["VPORT_DRIVERS"])
CRASHED = 4


def driver(name):
    """Path of a driver that meson.build made."""
    return DRIVERS / (name + ".sys")


def machines(name, decoder=False):
    """The driver for every machine that it could be built for, x86-64 first; if it needs a decoder of instructions, only for those
    for which the command has one (libzydis for i386 may be missing)."""
    i386 = os.environ["VPORT_I386_TRAPS"] or not decoder
    return [path for path in (driver(name), driver(name + "-i386"))[:2 if i386 else 1] if path.exists()]
