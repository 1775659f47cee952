#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws what `videoport bench` measured: plot_bench.py BENCH.json DIRECTORY

One PNG a plot, by gnuplot: medians, with bars from the lower to the upper quartile. A plot whose groups were not measured
is left out, and so is a line.
"""

import collections
import json
import pathlib
import subprocess
import sys

PAGE = 4096

# `lines`: legend -> (group, series of the JSON). `value`: what is drawn for a cost in ns a unit; `mark`: what is written at a place
# on the x axis.
Plot = collections.namedtuple("Plot", "name title x y log lines value mark")


def same(cost):
    return cost


def inverse(cost):
    """ns a byte -> GB/s"""
    return 1 / cost


def a_second(cost):
    return 1e9 / cost


def number(x):
    return "%d" % x


def size(x):
    for unit in ("B", "KiB", "MiB"):
        if x < 1024:
            break
        x /= 1024
    else:
        unit = "GiB"
    return "%g %s" % (x, unit)


def size_of_pages(x):
    return size(x * PAGE)


def picture(x):
    return {320 * 200: "320x200", 1024 * 768: "1024x768", 1920 * 1080: "1920x1080"}[x]


PLOTS = [
    Plot("lists", "Start + Execute + Complete, cost of a page", "length of the transfer", "ns a page", "x y",
         {"contiguous": ("L", "contiguous"), "scattered": ("L", "scattered"), "mixed (runs of 8)": ("L", "mixed"),
          "limit: count the runs": ("L", "limit: count runs"), "limit: read 8, write 24": ("L", "limit: read 8, write 24"),
          "DPDK, translation alone": ("L", "DPDK, translation alone")}, same, size_of_pages),
    Plot("outstanding", "Start + Execute + Complete of one page, by operations outstanding", "operations outstanding",
         "ns a transfer", "x", {"": ("F", "outstanding")}, same, number),
    Plot("adapters", "Start + Execute + Complete of one page, by adapters in use in turn", "adapters", "ns a transfer", "x",
         {"": ("G", "adapters")}, same, number),
    Plot("bounce", "Through map registers", "length of the transfer", "GB/s", "x",
         {"to device, warm": ("B", "to device, warm"), "from device, warm": ("B", "from device, warm"),
          "limit: memcpy, warm": ("B", "memcpy, warm"), "to device, cold": ("B", "to device, cold"),
          "from device, cold": ("B", "from device, cold"), "limit: memcpy, cold": ("B", "memcpy, cold")}, inverse, size),
    Plot("registers", "64 MiB through map registers, cold", "map registers", "GB/s", "x",
         {"to device": ("B", "registers, to device"), "from device": ("B", "registers, from device")}, inverse, number),
    Plot("locks", "VideoPortLockBuffer + VideoPortUnlockBuffer, cost of a page", "length of the buffer", "ns a page", "x y",
         {"lock + unlock": ("K", "lock + unlock"), "limit: MDL block and frames": ("K", "limit"),
          "DPDK, translation alone": ("K", "DPDK, translation alone")}, same, size_of_pages),
    Plot("memory", "Memory of an operation that is outstanding", "length of the transfer", "bytes", "x y",
         {"": ("G", "memory")}, same, size_of_pages),
    Plot("pictures", "Pictures to the screen", "size of the picture", "pictures a second", "x y",
         {"simulated adapter": ("E", "sim"), "simulated adapter, bounced": ("E", "sim, bounced"),
          "QEMU's virtio GPU": ("E", "virtio GPU"), "limit: virtio GPU, the device alone": ("E", "virtio GPU, alone"),
          "limit: memcpy": ("E", "memcpy")}, a_second, picture),
]

# Two threads against one: what is drawn is the factor.
THREADS = ["memcpy 4 KiB", "1 page, own devices", "1 page, shared adapter", "bounce, own adapters", "bounce, shared registers"]

COLOURS = ["#0060ad", "#c03020", "#2a8a3a", "#8a4fb0"]  # what is ours
LIMITS = ["#000000", "#777777"]  # what it is held against; dashed


def points(bench, group, series):
    """[(x, low, median, high)] in the order of x"""
    found = []
    for report in bench["groups"]:
        for case in report["cases"] if report["group"] == group else []:
            if case.get("plot", {}).get("series") == series:
                found.append((case["plot"]["x"], *(case["ns"] if "ns" in case else case["value"])))
    return sorted(found)


def head(title, path):
    return ["set terminal pngcairo size 900,420 font ',11'", "set output '%s'" % path, "set title '%s'" % title,
            "set grid", "set border 3", "set tics nomirror out"]


def style(legends):
    """legend -> gnuplot's words for its line"""
    limits = [legend for legend in legends if legend.startswith("limit")]
    ours = [legend for legend in legends if legend not in limits]
    words = {legend: "lc rgb '%s' pt %d lw 2" % (COLOURS[i], 5 + i) for i, legend in enumerate(ours)}
    words.update({legend: "lc rgb '%s' pt %d lw 1.5 dt 2" % (LIMITS[i], 1 + i) for i, legend in enumerate(limits)})
    return words


def lines_text(plot, data, path):
    marks = sorted({x for rows in data.values() for x, *_ in rows})
    words = style(data)
    text = head(plot.title, path) + [
        "set xlabel '%s'" % plot.x, "set ylabel '%s'" % plot.y,
        "set xtics (%s)" % ", ".join("'%s' %g" % (plot.mark(x), x) for x in marks),
        "set offsets graph 0.03, graph 0.03, 0, 0",
        "set key bmargin center horizontal; set bmargin at screen 0.28" if list(data) != [""] else "unset key",
        "set logscale x 2" if "x" in plot.log.split() else "",
        "set logscale y 10" if "y" in plot.log.split() else "set yrange [0:*]",
        "set ytics (%s)" % ", ".join("'%s' %d" % (size(4 ** k), 4 ** k) for k in range(4, 12)) if plot.y == "bytes" else "",
        "plot " + ", ".join("'-' using 1:2:3:4 with yerrorlines title \"%s\" %s" % (legend, words[legend]) for legend in data)]
    for rows in data.values():
        for x, low, median, high in rows:
            ends = sorted((plot.value(low), plot.value(high)))
            text.append("%g %g %g %g" % (x, plot.value(median), *ends))
        text.append("e")
    return "\n".join(text) + "\n"


def factors(bench):
    """[(name, low, median, high)] of two threads over one"""
    found = []
    for report in bench["groups"]:
        for case in report["cases"] if report["group"] == "T" else []:
            if case.get("plot", {}).get("x") == 2:
                found.append((case["plot"]["series"], *case["ratio"]["quartiles"]))
    return sorted(found, key=lambda row: THREADS.index(row[0]))


def threads_text(rows, path):
    text = head("Two threads: throughput over that of one", path) + [
        "set yrange [0:2.2]", "set ylabel 'times one thread'", "unset key", "set style fill solid 0.5", "set bmargin 4",
        "set grid noxtics",
        "set xrange [-0.6:%g]" % (len(rows) - 0.4),
        "set xtics (%s)" % ", ".join("\"%s\" %d" % (row[0].replace(", ", "\\n"), i) for i, row in enumerate(rows)),
        "set arrow from graph 0, first 2 to graph 1, first 2 nohead dt 2 lc rgb '#000000'",
        "plot '-' using 1:2:3:4:(0.5) with boxerrorbars lc rgb '%s'" % COLOURS[0]]
    text += ["%d %g %g %g" % (i, median, low, high) for i, (_, low, median, high) in enumerate(rows)]
    return "\n".join(text + ["e"]) + "\n"


def draw(text, path):
    subprocess.run(["gnuplot"], input=text, text=True, check=True)
    print("drew %s" % path)


def main(arguments):
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    bench = json.loads(pathlib.Path(arguments[0]).read_text(encoding="utf-8"))
    directory = pathlib.Path(arguments[1])
    directory.mkdir(parents=True, exist_ok=True)
    for plot in PLOTS:
        data = {legend: points(bench, *where) for legend, where in plot.lines.items()}
        data = {legend: rows for legend, rows in data.items() if rows}
        path = directory / (plot.name + ".png")
        if data:
            draw(lines_text(plot, data, path), path)
    rows = factors(bench)
    if rows:
        draw(threads_text(rows, directory / "threads.png"), directory / "threads.png")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
