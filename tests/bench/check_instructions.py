#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Counts the instructions of the hot paths and compares them with those recorded.

Usage: check_instructions.py HOT_PATHS INSTRUCTIONS BUILD [--record]

HOT_PATHS is the program, INSTRUCTIONS the file with what was recorded, BUILD what it is built by: counts of another build
mean nothing, so that is a skip (77). A path that takes more than 5 % more than recorded fails; one that takes less
passes, and should be recorded. Needs valgrind, and a processor with AVX2.
"""

import pathlib
import re
import shutil
import subprocess
import sys

FEW, MANY = 1000, 3000  # the difference is the paths' alone
TOLERANCE = 0.05
SKIP = 77


def read(path):
    """(build, {path name: instructions})"""
    build, counts = None, {}
    for line in path.read_text(encoding="utf-8").splitlines():
        name, _, value = (part.strip() for part in line.partition(":"))
        if name == "build":
            build = value
        elif name and not name.startswith("#"):
            counts[name] = int(value)
    return build, counts


def collected(program, name, repetitions):
    done = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, name, str(repetitions)],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    found = re.search(r"Collected : (\d+)", done.stdout)
    if done.returncode or not found:
        raise SystemExit("%s '%s' under valgrind:\n%s" % (program, name, done.stdout))
    return int(found.group(1))


def count(program, name):
    return round((collected(program, name, MANY) - collected(program, name, FEW)) / (MANY - FEW))


def record(path, build, counts):
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"^build:.*$", "build: " + build, text, flags=re.M)
    for name, number in counts.items():
        text = re.sub("^%s:.*$" % re.escape(name), "%s: %d" % (name, number), text, flags=re.M)
    path.write_text(text, encoding="utf-8")


def has_avx2():
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    return cpuinfo.exists() and re.search(r"\bavx2\b", cpuinfo.read_text(encoding="utf-8")) is not None


def compare(program, recorded):
    failed = 0
    for name, expected in recorded.items():
        actual = count(program, name)
        change = actual / expected - 1
        slow = change > TOLERANCE
        print("%-32s %6d instructions, recorded %6d: %+.1f %%%s" % (name, actual, expected, 100 * change,
                                                                    "  SLOWER" if slow else ""))
        failed += slow
    return failed


def main(arguments):
    program, path, build = arguments[0], pathlib.Path(arguments[1]), arguments[2]
    recorded_build, recorded = read(path)
    if not shutil.which("valgrind") or not has_avx2():
        print("no valgrind here, or no AVX2")
        return SKIP
    if arguments[3:] == ["--record"]:
        record(path, build, {name: count(program, name) for name in recorded})
        return 0
    if build != recorded_build:
        print("recorded for '%s', this is '%s'" % (recorded_build, build))
        return SKIP
    return 1 if compare(program, recorded) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
