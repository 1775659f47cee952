#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws what `videoport bench` measured: plot_bench.py BENCH.json DIRECTORY

One PNG a plot, by gnuplot. A plot whose groups were not measured is left out.
"""

import collections
import json
import pathlib
import subprocess
import sys

# `series`: legend -> (group, series of the JSON). `value`: what is drawn for a cost in ns a unit.
Plot = collections.namedtuple("Plot", "name title x y log series value")


def same(cost):
    return cost


def speed(cost):
    """ns a byte -> GB/s, ns a transfer -> thousand million transfers a second"""
    return 1 / cost


def millions(cost):
    return 1e3 / cost


PLOTS = [
    Plot("lists", "Start + Execute + Complete, a page", "pages of the transfer", "ns a page", "x y",
         {"contiguous": ("L", "contiguous"), "scattered": ("L", "scattered"), "mixed (runs of 8)": ("L", "mixed"),
          "limit: count the runs": ("L", "limit: count runs"), "limit: read 8, write 24": ("L", "limit: read 8, write 24")}, same),
    Plot("outstanding", "One page, by operations outstanding", "operations outstanding", "ns a transfer", "x",
         {"Start + Execute + Complete": ("F", "outstanding")}, same),
    Plot("adapters", "One page, by adapters in use in turn", "adapters", "ns a transfer", "x",
         {"Start + Execute + Complete": ("G", "adapters")}, same),
    Plot("bounce", "Through map registers", "bytes of the transfer", "GB/s", "x",
         {"to device, warm": ("B", "to device, warm"), "from device, warm": ("B", "from device, warm"),
          "memcpy, warm": ("B", "memcpy, warm"), "to device, cold": ("B", "to device, cold"),
          "from device, cold": ("B", "from device, cold"), "memcpy, cold": ("B", "memcpy, cold")}, speed),
    Plot("registers", "A large transfer through map registers, cold", "map registers", "GB/s", "x",
         {"to device": ("B", "registers, to device"), "from device": ("B", "registers, from device")}, speed),
    Plot("locks", "VideoPortLockBuffer + VideoPortUnlockBuffer", "pages", "ns a page", "x y",
         {"lock + unlock": ("K", "lock + unlock"), "limit: MDL block and frames": ("K", "limit")}, same),
    Plot("threads", "Throughput by threads", "threads", "million a second", "",
         {"memcpy 4 KiB": ("T", "memcpy 4 KiB"), "1 page, own devices": ("T", "1 page, own devices"),
          "1 page, shared adapter": ("T", "1 page, shared adapter"), "bounce, own adapters": ("T", "bounce, own adapters"),
          "bounce, shared registers": ("T", "bounce, shared registers")}, millions),
    Plot("memory", "Memory of an operation that is outstanding", "pages of the transfer", "bytes", "x y",
         {"resident memory an operation": ("G", "memory")}, same),
]


def points(bench, group, series):
    """[(x, low, median, high)] in the order of x"""
    found = []
    for report in bench["groups"]:
        for case in report["cases"] if report["group"] == group else []:
            if case.get("plot", {}).get("series") == series:
                found.append((case["plot"]["x"], *(case["ns"] if "ns" in case else case["value"])))
    return sorted(found)


def gnuplot_text(plot, data, path):
    lines = [
        "set terminal pngcairo size 900,420 font ',11'",
        "set output '%s'" % path,
        "set title '%s'" % plot.title,
        "set xlabel '%s'" % plot.x,
        "set ylabel '%s'" % plot.y,
        "set grid",
        "set key outside right top vertical",
        "set offsets graph 0.02, graph 0.02, 0, 0",
    ]
    if "x" in plot.log.split():
        lines.append("set logscale x 2")
        lines.append("set format x '%.0b %B'")
    else:
        lines.append("set xtics 1")
    lines.append("set logscale y 10" if "y" in plot.log.split() else "set yrange [0:*]")
    lines.append("plot " + ", ".join("'-' using 1:2 with linespoints linewidth 2 title '%s'" % legend for legend in data))
    for rows in data.values():
        lines += ["%g %g" % (x, plot.value(median)) for x, _, median, _ in rows] + ["e"]
    return "\n".join(lines) + "\n"


def main(arguments):
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    bench = json.loads(pathlib.Path(arguments[0]).read_text(encoding="utf-8"))
    directory = pathlib.Path(arguments[1])
    directory.mkdir(parents=True, exist_ok=True)
    for plot in PLOTS:
        data = {legend: points(bench, *where) for legend, where in plot.series.items()}
        data = {legend: rows for legend, rows in data.items() if rows}
        if not data:
            continue
        path = directory / (plot.name + ".png")
        subprocess.run(["gnuplot"], input=gnuplot_text(plot, data, path), text=True, check=True)
        print("drew %s" % path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
