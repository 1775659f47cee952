#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Puts what was measured into docs/performance.md: update_performance.py OUT

OUT is a directory with bench.json, bench.txt and the plots, on a computer that does nothing else:

    make bench                                                        # builds; measures once for the eye
    build-bench/src/cli/videoport bench -o out/bench.json > out/bench.txt
    scripts/plot_bench.py out/bench.json out

The table of goals, the last table and docs/performance/*.png are replaced; the text around them is a person's.
"""

import json
import pathlib
import re
import shutil
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "performance.md"


def goal_row(goal):
    low, median, high = ("%.2f" % quartile for quartile in goal["quartiles"])
    verdict = goal["verdict"] if goal["verdict"] == "met" else "**%s**" % goal["verdict"].lower()
    return "| %s | %s: %s | %s | %s %g | %s (%s .. %s) | %s |" % (
        goal["goal"], goal["group"], goal["case"], goal["to"] or "ns a page", {"at most": "≤", "at least": "≥"}[goal["bound"]],
        goal["limit"], median, low, high, verdict)


def goals_table(measured):
    head = ["| goal | case | to | bound | measured (quartiles) | |", "| --- | --- | --- | --- | --- | --- |"]
    return "\n".join(head + [goal_row(goal) for goal in measured["goals"]])


def printed_table(text):
    """From the computer's name on: before it comes what was built and installed."""
    lines = [line.rstrip() for line in text.splitlines()]
    first = next(i for i, line in enumerate(lines) if re.search(r"; lists by \w+$", line))
    last = max(i for i, line in enumerate(lines) if re.match(r"  G\d+ ", line))
    return "```\n%s\n```" % "\n".join(lines[first:last + 1])


def replace(document, name, content):
    pattern = r"(<!-- %s: scripts/update_performance.py -->\n).*?(\n<!-- end -->)" % name
    document, count = re.subn(pattern, lambda match: match.group(1) + content + match.group(2), document, flags=re.S)
    if count != 1:
        sys.exit("%s: no place for the %s" % (DOCUMENT, name))
    return document


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    out = pathlib.Path(sys.argv[1])
    document = DOCUMENT.read_text()
    document = replace(document, "goals", goals_table(json.loads((out / "bench.json").read_text())))
    document = replace(document, "table", printed_table((out / "bench.txt").read_text()))
    DOCUMENT.write_text(document)
    for plot in sorted(out.glob("*.png")):
        if (DOCUMENT.parent / "performance" / plot.name).exists():
            shutil.copyfile(plot, DOCUMENT.parent / "performance" / plot.name)


if __name__ == "__main__":
    main()
