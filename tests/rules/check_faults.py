#!/usr/bin/env python3
"""Holds tests/faults.md to the sources: every row that has to be there is, and every test it names exists.

    check_faults.py FOLDER       checks the checkout in FOLDER; prints what is wrong; exit 1
    check_faults.py --self-test  checks that each rule can fail
"""
import pathlib
import re
import sys

# The rows that the table has to have.
ROWS = (
    [f"C{n}" for n in range(1, 12)]
    + [f"G{n}" for n in range(1, 7)]
    + [f"M{n}" for n in range(1, 6)]
    + ["P12", "P14", "P15", "P16", "P19", "N1", "N12", "D5", "D25"]
)
# Tests of these suites are there for the table, and stand in it.
SUITES = ["AgentFaults", "AgentWithPasswordFile"]

ROW = re.compile(r"^\| ([A-Z]\d+) \| (.+) \| (.+) \|$")
TEST = re.compile(r"^TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\s*\)", re.M)
NAME = re.compile(r"`(\w+\.\w+)`")


def tests_in(sources):
    return {f"{suite}.{name}" for text in sources for suite, name in TEST.findall(text)}


def faults_in(table, tests):
    rows = [match for match in map(ROW.match, table.splitlines()) if match]
    ids = [row[1] for row in rows]
    for row in ROWS:
        if ids.count(row) != 1:
            yield f"{row} has {ids.count(row)} rows, not 1"
    named = set()
    for row in rows:
        names = NAME.findall(row[3])
        named.update(names)
        if not names:
            yield f"{row[1]} names no test"
        for name in names:
            if name not in tests:
                yield f"{row[1]}: there is no test {name}"
            # "C1_AFlood..." belongs to C1.
            mark = re.match(r"[A-Z]\d+(?=_)", name.split(".")[1])
            if mark and mark[0] != row[1]:
                yield f"{row[1]}: {name} is of row {mark[0]}"
    for test in sorted(tests - named):
        if test.split(".")[0] in SUITES:
            yield f"{test} stands in no row"


def self_test():
    good = "\n".join(f"| {row} | what | `A.T` |" for row in ROWS)
    tests = tests_in(["TEST_F(A, T) {\n", "TEST(B,\n     C1_X) {\n", "  // TEST(A, U)\n"])
    assert tests == {"A.T", "B.C1_X"}, tests
    assert not list(faults_in(good, tests))
    bad = {
        "C3 has 0 rows, not 1": (good.replace("| C3 |", "| X3 |"), tests),
        "C1 has 2 rows, not 1": (good + "\n| C1 | what | `A.T` |", tests),
        "G1 names no test": (good.replace("| G1 | what | `A.T` |", "| G1 | what | none |"), tests),
        "M1: there is no test A.V": (good.replace("| M1 | what | `A.T` |", "| M1 | what | `A.V` |"), tests),
        "C2: B.C1_X is of row C1": (good.replace("| C2 | what | `A.T` |", "| C2 | what | `B.C1_X` |"), tests),
        "AgentFaults.C1_Y stands in no row": (good, tests | {"AgentFaults.C1_Y"}),
    }
    for fault, case in bad.items():
        assert list(faults_in(*case)) == [fault], (fault, list(faults_in(*case)))
    print("each rule can fail")
    return 0


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    tests = pathlib.Path(arguments[0]) / "tests"
    sources = [path.read_text(encoding="utf-8") for path in sorted(tests.rglob("*test.cc"))]
    faults = list(faults_in((tests / "faults.md").read_text(encoding="utf-8"), tests_in(sources)))
    for fault in faults:
        print(f"tests/faults.md: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
