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
