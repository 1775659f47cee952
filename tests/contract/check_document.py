#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does docs/contract.md name, for each clause, exactly the tests that carry its id?

usage: check_document.py CONTRACT.md TESTS-DIRECTORY

A clause is a table row "| SD-9 | ... |"; its last column names tests in backquotes. A clause without a test must be excused
in without-test.txt, and only such a one may be.
"""
import pathlib
import re
import sys

FAMILIES = "SD|EX|CD|GA|LB|CB|SG|MR"


def tests_by_clause(directory):
    found = {}
    for path in sorted(directory.glob("test_*.c")):
        for name in re.findall(r"^RIG_(?:OUTSIDE_)?TEST\((\w+)", path.read_text(), re.M):
            family, decision, number = re.match(r"([a-z]{2})_(a?)0*(\d+)_", name).groups()
            found.setdefault(f"{family}-{decision}{number}".upper(), []).append(name)
    return found


def main():
    document, directory = map(pathlib.Path, sys.argv[1:])
    tests = tests_by_clause(directory)
    excused = set(re.findall(rf"^((?:{FAMILIES})-A?\d+): *\S", (directory / "without-test.txt").read_text(), re.M))
    rows = re.findall(rf"^\| ((?:{FAMILIES})-A?\d+) \|.*\| ([^|]*) \|$", document.read_text(), re.M)
    wrong = 0
    for clause, column in rows:
        named, real = set(re.findall(r"`(\w+)`", column)), set(tests.get(clause, []))
        if named != real:
            print(f"{clause}: only in the document: {sorted(named - real)}, only in the tests: {sorted(real - named)}")
            wrong += 1
        if bool(real) == (clause in excused):
            print(f"{clause}: {'has a test and an excuse' if real else 'has neither a test nor an excuse'}")
            wrong += 1
    for clause in sorted(set(tests) - {clause for clause, _ in rows}):
        print(f"{clause}: has tests but no row in {document}")
        wrong += 1
    print(f"{len(rows)} clauses, {sum(map(len, tests.values()))} tests, {wrong} mistakes")
    return 1 if wrong or not rows else 0


if __name__ == "__main__":
    sys.exit(main())
