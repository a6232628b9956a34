#!/usr/bin/env python3
"""The fault matrix in tests/chaos/README.md: each fault, and the tests that show what happens then.

    fault_matrix.py --write FOLDER  writes the table of the checkout in FOLDER
    fault_matrix.py FOLDER          prints what is wrong with it; exit 1
    fault_matrix.py --self-test     checks that each rule can fail

The rows are those of tests/chaos/faults.tsv: id, fault, what has to happen, and, where a fault cannot be had here,
"not here: " and why. A test shows a fault when its name begins with the id ("D7_ARole..."), or when a comment
says so: "// Faults: P3, D16." on the line before it, "# Faults: D22." anywhere in a script.
"""
import pathlib
import re
import sys

ROWS = "tests/chaos/faults.tsv"
PAGE = "tests/chaos/README.md"
BEGIN = "<!-- the fault matrix: tests/rules/fault_matrix.py --write -->\n"
END = "<!-- end of the fault matrix -->\n"

ID = r"[PNDFCGM]\d+"
TEST = re.compile(
    rf"(?:// Faults: ((?:{ID}(?:, )?)+)\.\n)?TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\s*\)", re.M
)
MARK = re.compile(rf"^\W*Faults: ((?:{ID}(?:, |,\n\W*)?)+)\.$", re.M)


def shown_by(path, text):
    """(id, test) of each fault that a file's tests show."""
    if not path.endswith(".cc"):
        for match in MARK.finditer(text):
            for fault in re.findall(ID, match[1]):
                yield fault, path.removeprefix("tests/").removesuffix("/transcript")
        return
    for ids, suite, name in TEST.findall(text):
        faults = re.findall(ID, ids)
        begin = re.match(rf"({ID})_", name)
        for fault in faults + ([begin[1]] if begin else []):
            yield fault, f"{suite}.{name}"


def tests_of(files):
    shown = {}
    for path, text in sorted(files.items()):
        for fault, test in shown_by(path, text):
            if test not in shown.setdefault(fault, []):
                shown[fault].append(test)
    return shown


def state_of(row, shown):
    if len(row) == 4:
        return row[3]
    return ", ".join(f"`{test}`" for test in shown.get(row[0], []))


def table(rows, shown):
    had = sum(1 for row in rows if len(row) == 3)
    text = f"\n{len(rows)} faults; {had} are injected by tests, {len(rows) - had} cannot be had here.\n\n"
    text += "| id | fault | what has to happen | shown by |\n|---|---|---|---|\n"
    for row in rows:
        cells = [cell.replace("|", "\\|") for cell in (*row[:3], state_of(row, shown))]
        text += f"| {' | '.join(cells)} |\n"
    return text + "\n"


def faults_in(rows, files, page):
    shown = tests_of(files)
    ids = [row[0] for row in rows]
    for fault in sorted(set(shown) - set(ids)):
        yield f"{shown[fault][0]} shows {fault}, which is no row of {ROWS}"
    for row in rows:
        if ids.count(row[0]) != 1:
            yield f"{row[0]} has {ids.count(row[0])} rows"
        if len(row) == 3 and row[0] not in shown:
            yield f"{row[0]} is shown by no test"
        if len(row) == 4 and (row[0] in shown or not row[3].startswith("not here: ")):
            yield f"{row[0]}: a reason, or a test"
    if BEGIN + table(rows, shown) + END not in page:
        yield f"{PAGE} is not up to date: tests/rules/fault_matrix.py --write"


def read(folder):
    rows = [line.split("\t") for line in (folder / ROWS).read_text(encoding="utf-8").splitlines()]
    files = {}
    for path in sorted((folder / "tests").rglob("*")):
        name = str(path.relative_to(folder))
        script = path.suffix in ("", ".py") and path.is_file() and not name.startswith("tests/rules/")
        if path.name.endswith("test.cc") or script:
            files[name] = path.read_text(encoding="utf-8", errors="replace")
    return rows, files


def write(folder):
    rows, files = read(folder)
    page = (folder / PAGE).read_text(encoding="utf-8")
    head, _, rest = page.partition(BEGIN)
    tail = rest.partition(END)[2]
    (folder / PAGE).write_text(head + BEGIN + table(rows, tests_of(files)) + END + tail, encoding="utf-8")


def self_test():
    rows = [["P1", "killed", "nothing changes"], ["N7", "loss", "goes on", "not here: no netem"], ["D2", "crash", "as P1"]]
    files = {
        "tests/a_test.cc": "// Faults: P1, D2.\nTEST(A, B) {\nTEST_F(C,\n   D2_X) {\n",
        "tests/scenarios/x/transcript": "# Faults: P1.\n$ lockstep\n",
    }
    assert tests_of(files) == {"P1": ["A.B", "scenarios/x"], "D2": ["A.B", "C.D2_X"]}, tests_of(files)
    page = "# Page\n" + BEGIN + table(rows, tests_of(files)) + END
    assert not list(faults_in(rows, files, page))
    more = {**files, "tests/b_test.cc": "TEST(E, N7_Y) {\n"}
    unknown = {**files, "tests/b_test.cc": "// Faults: C99.\nTEST(E, F) {\n"}
    less = {"tests/a_test.cc": files["tests/a_test.cc"].replace(", D2", "").replace("D2_", "")}
    for words, case in {
        "no row": (rows, unknown, page),
        "P1 has 2 rows": (rows + [rows[0]], files, page),
        "D2 is shown by no test": (rows, less, page),
        "N7: a reason, or a test": (rows, more, page),
        "not up to date": (rows, files, page.replace("killed", "ended")),
    }.items():
        found = list(faults_in(*case))
        assert any(words in fault for fault in found), (words, found)
    print("each rule can fail")


def main(arguments):
    if arguments == ["--self-test"]:
        self_test()
        return 0
    folder = pathlib.Path(arguments[-1])
    if arguments[0] == "--write":
        write(folder)
        return 0
    rows, files = read(folder)
    faults = list(faults_in(rows, files, (folder / PAGE).read_text(encoding="utf-8")))
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
