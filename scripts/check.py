#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs every test of the project: `make check`.

Usage: check.py [RUN...]     all runs, or those named
       check.py --list       which runs there are

Each run is one build directory under build-check/ and the Meson suites that make sense in it. The last line says how many
test cases passed and failed; the exit status is 0 only if none failed and everything could be built.
"""

import collections
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILDS = ROOT / "build-check"
LOG_HEAD, LOG_TAIL = 30, 50  # lines of a failed test's output

Run = collections.namedtuple("Run", "name about compiler setup suites")

# `suites`: what `meson test` is given. The suite `once` is of tests that no compiler of ours changes. Drivers' binaries (`run`,
# `ldr`) want signals, addresses and a system call filter to themselves, which sanitizers' runtimes also want.
SANITIZE = ["-Db_sanitize=address,undefined", "-Db_lundef=false"]
RUNS = [
    Run("gcc", "gcc, everything", "gcc", [], ["--no-suite", "fuzz"]),
    Run("clang", "clang, optimised", "clang", ["-Dbuildtype=release"], ["--no-suite", "fuzz", "--no-suite", "once"]),
    Run("address", "clang with AddressSanitizer and UndefinedBehaviorSanitizer; fuzzing", "clang", SANITIZE,
        ["--no-suite", "once", "--no-suite", "run"]),
    Run("thread", "gcc with ThreadSanitizer", "gcc", ["-Db_sanitize=thread"],
        ["--no-suite", "fuzz", "--no-suite", "once", "--no-suite", "property", "--no-suite", "run", "--no-suite", "ldr"]),
    Run("m32", "the library in 32 bits, under the examples", "gcc",
        ["-Dprograms=false", "-Dc_args=-m32", "-Dc_link_args=-m32"], ["--suite", "examples"]),
]

# A sanitizer that finds something ends the program with a status that no test takes for an answer.
ENVIRONMENT = {
    "ASAN_OPTIONS": "exitcode=97",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1:exitcode=97",
    "TSAN_OPTIONS": "halt_on_error=1:exitcode=97",
}


class Failure(Exception):
    """A step that did not work; the text has already been cut to what helps."""


def excerpt(text):
    """The beginning, where sanitizers say what is wrong, and the end, without the lines of what went well."""
    lines = [line for line in text.splitlines() if not re.match(r"\[ RUN      \]|\[       OK \]", line)]
    if len(lines) > LOG_HEAD + LOG_TAIL:
        lines[LOG_HEAD:-LOG_TAIL] = ["..."]
    return "\n".join("    " + line for line in lines)


def step(command, environment):
    done = subprocess.run(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
    if done.returncode:
        raise Failure("%s\n%s" % (" ".join(map(str, command)), excerpt(done.stdout)))


def build(run, directory, environment):
    """Set up anew when the options have changed; otherwise what is there is built upon."""
    stamp = directory / "check-options"
    options = json.dumps([run.compiler, run.setup])
    if not (directory / "build.ninja").exists() or not stamp.exists() or stamp.read_text() != options:
        shutil.rmtree(directory, ignore_errors=True)
        step(["meson", "setup", directory, *run.setup], environment)
        stamp.write_text(options)
    step(["ninja", "-C", directory], environment)


def cases(output):
    """(passed, failed) test cases by what cmocka or unittest says; None if it is neither."""
    passed = sum(map(int, re.findall(r"^\[  PASSED  \] (\d+) test", output, re.M)))
    failed = sum(map(int, re.findall(r"^\[  FAILED  \] (\d+) test", output, re.M)))
    if passed or failed:
        return passed, failed
    ran = re.search(r"^Ran (\d+) test", output, re.M)
    if not ran:
        return None
    failed = sum(map(int, re.findall(r"(?:failures|errors)=(\d+)", output)))
    return int(ran.group(1)) - failed, failed


def judge(result):
    """(passed, failed, text) of one line of Meson's log."""
    output = (result.get("stdout") or "") + (result.get("stderr") or "")
    good = result["result"] in ("OK", "EXPECTEDFAIL")
    if result["result"] == "SKIP":
        return 0, 0, "skipped: %s" % result["name"]
    passed, failed = cases(output) or (1, 0)
    if good:
        return passed, 0, ""
    text = "%s: %s after %.1f s\n%s" % (result["name"], result["result"], result["duration"], excerpt(output))
    return (passed if failed else 0), max(failed, 1), text


def test(run, directory, environment):
    log = directory / "meson-logs" / "testlog.json"
    log.unlink(missing_ok=True)
    command = ["meson", "test", "-C", directory, "--no-rebuild", "--timeout-multiplier", "3", *run.suites]
    done = subprocess.run(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
    if not log.exists():
        raise Failure("%s\n%s" % (" ".join(map(str, command)), excerpt(done.stdout)))
    passed = failed = 0
    for line in log.read_text(errors="replace").splitlines():
        good, bad, text = judge(json.loads(line))
        passed, failed = passed + good, failed + bad
        if text:
            print(text)
    if done.returncode and not failed:
        raise Failure("meson test ended with status %d\n%s" % (done.returncode, excerpt(done.stdout)))
    return passed, failed


def perform(run):
    environment = dict(os.environ, CC=run.compiler, **ENVIRONMENT)
    directory = BUILDS / run.name
    begin = time.monotonic()
    print("== %s: %s" % (run.name, run.about), flush=True)
    try:
        build(run, directory, environment)
        built = time.monotonic()
        passed, failed = test(run, directory, environment)
    except Failure as failure:
        print(failure)
        print("   %s: not done, after %.0f s" % (run.name, time.monotonic() - begin), flush=True)
        return 0, 1
    print("   %d passed, %d failed; built in %.0f s, tested in %.0f s"
          % (passed, failed, built - begin, time.monotonic() - built), flush=True)
    return passed, failed


def main(arguments):
    if arguments == ["--list"]:
        for run in RUNS:
            print("%-10s %s" % (run.name, run.about))
        return 0
    unknown = set(arguments) - {run.name for run in RUNS}
    if unknown:
        print("check.py: no such run: %s" % ", ".join(sorted(unknown)), file=sys.stderr)
        return 2
    totals = [perform(run) for run in RUNS if not arguments or run.name in arguments]
    passed, failed = sum(t[0] for t in totals), sum(t[1] for t in totals)
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
