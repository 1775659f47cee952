#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks the house rules that a compiler does not (docs/architecture.md, CONTRIBUTING.md).

Usage: check_floors.py [ROOT]

Prints one line per broken rule, "file:line: what is wrong", and exits with 1 if there is any.
"""

import os
import pathlib
import re
import sys

# An #include points to the same room or to a lower floor. A room of two parts may also include what is right in the first.
FLOORS = {
    "base": 0, "mem": 1, "dma": 2, "nt": 2, "bus": 3, "hal": 4, "videoprt": 5, "ldr": 5, "verify": 5, "host": 6, "run": 7, "cli": 8,
}

NO_WINDOWS = ("base", "mem", "dma", "bus")
NO_LINUX = ("hal", "videoprt")

# Names that only Windows has, in code.
WINDOWS_NAME = re.compile(
    r"\b(?:NTSTATUS|NTAPI|P?VOID|P?U?(?:CHAR|SHORT|LONG|LONGLONG|LONG_PTR)|P?BOOLEAN|P?K?IRQL|P?LARGE_INTEGER"
    r"|P?PHYSICAL_ADDRESS|P?MDL|P?IRP|P?(?:DEVICE|DRIVER)_OBJECT|VP_STATUS"
    r"|(?:VideoPort|Vp|Io|Ke|Mm|Ex|Rtl|Hal|Zw|Nt|Ob|Po|Ps)[A-Z][a-z]\w*)\b")

# What a floor without Linux may have: C's own library, which every system has. Threads, files and time are not in it.
C_LIBRARY = {"ctype.h", "limits.h", "stdalign.h", "stdarg.h", "stdatomic.h", "stdbool.h", "stddef.h", "stdint.h", "stdio.h",
             "stdlib.h", "string.h"}

SOURCE = {".c", ".h", ".S", ".py", ".sh", ".build", ".map", ".bash"}
PLACES = ("bench", "docs", "examples", "include", "miniports", "scripts", "src", "tests", ".ci")


def sources(root):
    """Every source file, relative to the root."""
    for place in PLACES:
        for folder, folders, files in os.walk(root / place):
            folders[:] = [name for name in folders if name != "__pycache__"]
            for name in files:
                path = pathlib.Path(folder, name).relative_to(root)
                if path.suffix in SOURCE:
                    yield path
    for name in ("Makefile", "meson.build", "meson_options.txt"):
        if (root / name).exists():
            yield pathlib.Path(name)


def without_comments(text):
    """C text with comments and strings blanked, line numbers kept. Include lines keep their names."""
    def blank(match):
        word = match.group(0)
        if word.startswith("/"):
            return " " + "\n" * word.count("\n")
        before = text[text.rfind("\n", 0, match.start()) + 1:match.start()]
        return word if re.fullmatch(r"\s*#\s*include\s*", before) else '""'

    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.S)
    return pattern.sub(blank, text)


def room_of(path):
    """("bus/sim", "bus") for src/bus/sim/x.c; (None, None) outside src."""
    parts = path.parts
    if parts[0] != "src" or len(parts) < 3:
        return None, None
    return "/".join(parts[1:-1]), parts[1]


def floors_agree(path, target):
    """Why `path` may not include "target", or None."""
    room, base = room_of(path)
    target_room, target_base = room_of(pathlib.Path("src") / target)
    if target_room is None or room == target_room or target_base not in FLOORS:
        return None
    if target_room.startswith("bus/") and not path.name.startswith("adapter_"):
        return "%s must not know a concrete bus (%s)" % (room, target_room)
    if base == target_base:
        return None if target_room == target_base else "%s must not see %s" % (room, target_room)
    if FLOORS[target_base] < FLOORS[base]:
        return None
    return "%s (floor %d) must not include %s (floor %d)" % (room, FLOORS[base], target_room, FLOORS[target_base])


def header_agrees(path, header, ddk):
    """Why `path` may not include <header>, or None."""
    base = room_of(path)[1]
    if base in NO_WINDOWS and header in ddk:
        return "%s carries no Windows name, but includes <%s>" % (base, header)
    if base in NO_LINUX and header not in ddk | C_LIBRARY and not header.startswith("videoport/"):
        return "%s makes no Linux call, but includes <%s>" % (base, header)
    if base == "videoprt" and header not in ddk:
        return "videoprt is an NT driver, but includes <%s>" % header
    if path.parts[0] == "miniports" and header not in ddk | {"stddef.h", "stdint.h"}:
        return "a miniport includes only include/ddk, not <%s>" % header
    return None


def ddk_surface(root):
    """Names of the headers, and of the STATUS_ and ERROR_ codes, of include/ddk."""
    headers = {path.name: path.read_text() for path in (root / "include" / "ddk").glob("*.h")}
    codes = set(re.findall(r"#\s*define\s+((?:STATUS|ERROR)_\w+)", "\n".join(headers.values())))
    return set(headers), codes


def windows_names(line, codes):
    return WINDOWS_NAME.findall(line) + [word for word in re.findall(r"\b(?:STATUS|ERROR)_\w+", line) if word in codes]


def is_miniports(path, name):
    """"name", included from `path`, lies in miniports/ too."""
    return os.path.normpath(path.parent / name).startswith("miniports" + os.sep) and not name.startswith("videoport/")


def check_line(path, line, ddk, codes):
    base = room_of(path)[1]
    include = re.match(r'\s*#\s*include\s*(["<])([^">]+)[">]', line)
    if include:
        quoted, name = include.groups()
        why = None
        if quoted == "<":
            why = header_agrees(path, name, ddk)
        elif base:
            why = floors_agree(path, name)
        elif path.parts[0] == "miniports" and not is_miniports(path, name):
            why = "a miniport includes only include/ddk, not \"%s\"" % name
        return [why] if why else []
    found = []
    if base in NO_WINDOWS:
        found += ["%s carries no Windows name, but says %s" % (base, m) for m in windows_names(line, codes)]
    if base == "videoprt":
        found += ["videoprt uses documented services only, but says %s" % m
                  for m in re.findall(r"\b(?:vport_|VPORT_)\w+", line)]
    return found


def check_file(root, path, ddk, codes):
    text = (root / path).read_text(encoding="utf-8", errors="replace")
    if "SPDX-License-Identifier: MIT" not in "".join(text.splitlines(True)[:2]):
        yield 1, "the SPDX line is missing"
    if path.suffix not in (".c", ".h"):
        return
    for number, line in enumerate(without_comments(text).splitlines(), 1):
        for why in check_line(path, line, ddk, codes):
            yield number, why


def main(arguments):
    root = pathlib.Path(arguments[0] if arguments else pathlib.Path(__file__).resolve().parent.parent)
    ddk, codes = ddk_surface(root)
    broken = 0
    for path in sorted(set(sources(root))):
        for number, why in check_file(root, path, ddk, codes):
            print("%s:%d: %s" % (path, number, why))
            broken += 1
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
