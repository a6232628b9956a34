#!/usr/bin/env python3
"""Holds the sources to the include rules: who may include whom, and what only one place may use.

    check_rules.py FOLDER       checks the checkout in FOLDER; prints file:line and the rule; exit 1
    check_rules.py --self-test  checks that each rule can fail, in a tree made for it
"""
import fnmatch
import pathlib
import re
import sys
import tempfile

# A layer may include itself and what stands here.
MAY_INCLUDE = {
    "base": "",
    "core": "base",
    "postgres": "base core",
    "engine": "base core postgres",
    "commands": "base core postgres engine",
    "agent": "base core postgres engine commands",
    "cli": "base core postgres engine commands",
}

# Third-party headers, and the only files (below daemon/) that may include them.
ONLY_IN = [
    (r"pqxx/|pqxx$", ["postgres/*"]),
    (r"libpq-fe\.h|libpq/|postgres_ext\.h", ["postgres/*"]),
    (r"pg_query", ["core/statement_*", "core/lint*"]),
    (r"boost/beast", ["agent/http_server.cc", "cli/agent_client.cc"]),
    (r"boost/asio", ["agent/*", "cli/agent_client.*"]),
    (r"spdlog/", ["base/log.cc"]),
    (r"prometheus/", ["agent/metrics*"]),
    (r"CLI/", ["cli/arguments.cc", "agent/arguments.cc"]),
    (r"toml\+\+", ["commands/settings*.cc"]),
]

INCLUDE = re.compile(r'\s*#\s*include\s*[<"]([^>"]+)[>"]')
SLEEP = re.compile(r"\b(sleep_for|sleep_until|usleep|nanosleep|clock_nanosleep|sleep)\s*\(")
COMMENT = re.compile(r"(^|\s)//.*")


def sources(folder):
    return sorted(path for path in folder.rglob("*") if path.suffix in (".h", ".cc"))


def lines_of(path):
    return enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)


def broken_arrow(layer, header):
    other = header.split("/")[0]
    if layer not in MAY_INCLUDE or other not in MAY_INCLUDE or "/" not in header or layer == other:
        return None
    allowed = MAY_INCLUDE[layer].split()
    if other in allowed:
        return None
    return f"{layer}/ may include {', '.join(allowed) or 'nothing'}, not {other}/"


def misplaced_header(file, header):
    for pattern, places in ONLY_IN:
        if re.match(pattern, header) and not any(fnmatch.fnmatch(file, p) for p in places):
            return f"<{header}> belongs in {', '.join(places)} only"
    return None


def check_includes(top):
    daemon = top / "daemon"
    for path in sources(daemon):
        file = path.relative_to(daemon).as_posix()
        for number, line in lines_of(path):
            include = INCLUDE.match(line)
            if not include:
                continue
            for rule in (broken_arrow(file.split("/")[0], include[1]), misplaced_header(file, include[1])):
                if rule:
                    yield path, number, rule


def check_sleeps(top):
    clock = top / "daemon/base/clock"
    for path in sources(top / "daemon") + sources(top / "tests"):
        if path.with_suffix("") == clock:
            continue
        for number, line in lines_of(path):
            call = SLEEP.search(COMMENT.sub("", line))
            if call:
                yield path, number, f"{call[1]}: only base/clock sleeps; wait for the event instead"


def compiled_test_globs(top):
    """The patterns of file(GLOB) in tests/CMakeLists.txt, those of a foreach once for each word."""
    text = (top / "tests/CMakeLists.txt").read_text(encoding="utf-8")
    loops = dict(re.findall(r"foreach\((\w+) ([\w ]+)\)", text))
    for pattern in re.findall(r"file\(GLOB [^)]*\$\{CMAKE_CURRENT_SOURCE_DIR\}/([^)\s]+)\)", text):
        variable = re.search(r"\$\{(\w+)\}", pattern)
        words = loops.get(variable[1], "").split() if variable else [""]
        for word in words:
            yield re.sub(r"\$\{\w+\}", word, pattern)


def check_tests_are_compiled(top):
    tests = top / "tests"
    compiled = {path for pattern in compiled_test_globs(top) for path in tests.glob(pattern)}
    for path in sources(tests):
        if re.search(r"_(pg)?test\.cc$", path.name) and path not in compiled:
            yield path, 1, "tests/CMakeLists.txt compiles no such file: this test never runs"


def violations(top):
    for check in (check_includes, check_sleeps, check_tests_are_compiled):
        for path, number, rule in check(top):
            yield f"{path.relative_to(top)}:{number}: {rule}"


CMAKE = """
file(GLOB pgtests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/postgres/*_pgtest.cc)
foreach(layer base core)
  file(GLOB tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/unit/${layer}/*_test.cc)
endforeach()
"""

# A tree in which all is well ...
GOOD = {
    "tests/CMakeLists.txt": CMAKE,
    "tests/unit/core/a_test.cc": '#include "core/a.h"\n',
    "tests/postgres/a_pgtest.cc": "",
    "daemon/base/clock.cc": "void f() { sleep_for(1); }\n",
    "daemon/core/a.h": '#include "base/clock.h"\n',
    "daemon/core/statement_kind.cc": "#include <pg_query.h>\n",
    "daemon/postgres/session.cc": '#include "core/a.h"\n#include <pqxx/pqxx>\n',
    "daemon/commands/settings_file.cc": "#include <toml++/toml.h>\n",
    "daemon/engine/run.cc": '// It never calls sleep().\nquery("select pg_sleep(1)");\n',
    "daemon/cli/main.cc": '#include "commands/a.h"\n',
}

# ... and what breaks it: a file, its text, and the line and rule that have to be named.
BAD = [
    ("daemon/base/a.h", '#include "core/a.h"', 1, "base/ may include nothing, not core/"),
    ("daemon/core/b.cc", '\n#include "engine/run.h"', 2, "core/ may include base, not engine/"),
    ("daemon/cli/b.cc", '#include "agent/a.h"', 1, "not agent/"),
    ("daemon/agent/b.cc", '#include "cli/a.h"', 1, "not cli/"),
    ("daemon/engine/b.cc", "#include <pqxx/pqxx>", 1, "postgres/* only"),
    ("daemon/core/c.cc", "#include <libpq-fe.h>", 1, "postgres/* only"),
    ("daemon/core/splitter.cc", "#  include <pg_query.h>", 1, "core/statement_*"),
    ("daemon/agent/http_routes.cc", "#include <boost/beast.hpp>", 1, "agent/http_server.cc"),
    ("daemon/engine/c.cc", "#include <boost/asio.hpp>", 1, "agent/*"),
    ("daemon/base/text.cc", "#include <spdlog/spdlog.h>", 1, "base/log.cc only"),
    ("daemon/engine/d.cc", "#include <prometheus/registry.h>", 1, "agent/metrics* only"),
    ("daemon/cli/main2.cc", "#include <CLI/CLI.hpp>", 1, "cli/arguments.cc, agent/arguments.cc only"),
    ("daemon/commands/plan.cc", "#include <toml++/toml.h>", 1, "commands/settings*.cc only"),
    ("daemon/engine/e.cc", "f();\nstd::this_thread::sleep_for(1s);", 2, "only base/clock sleeps"),
    ("daemon/base/clock_test.cc", "::usleep (5);", 1, "only base/clock sleeps"),
    ("tests/unit/core/b_test.cc", "sleep(1);", 1, "only base/clock sleeps"),
    ("tests/unit/other/a_test.cc", "", 1, "never runs"),
    ("tests/unit/a_test.cc", "", 1, "never runs"),
    ("tests/support/a_pgtest.cc", "", 1, "never runs"),
]


def write(top, name, text):
    path = top / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        top = pathlib.Path(folder)
        for name, text in GOOD.items():
            write(top, name, text)
        failed = [f"a good tree: {found}" for found in violations(top)]
        for name, text, number, rule in BAD:
            path = write(top, name, text)
            found = list(violations(top))
            if len(found) != 1 or not found[0].startswith(f"{name}:{number}: ") or rule not in found[0]:
                failed.append(f"{name}: expected line {number} and '{rule}', found {found}")
            path.unlink()
    print("\n".join(failed) or f"{len(BAD)} seeded violations, each found")
    return 1 if failed else 0


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    top = pathlib.Path(arguments[0])
    if not sources(top / "daemon"):
        print(f"no sources in '{top}/daemon'", file=sys.stderr)
        return 2
    found = list(violations(top))
    print("\n".join(found) or "all rules are kept")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
