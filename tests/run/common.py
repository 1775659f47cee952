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


def machines(name):
    """The driver for every machine that it could be built for, x86-64 first."""
    return [path for path in (driver(name), driver(name + "-i386")) if path.exists()]
