#!/usr/bin/env python3
"""Holds the documents to the programs: every command line in them must be one that is taken, and is run.

    check_documented.py FOLDER LOCKSTEP LOCKSTEPD   checks the checkout in FOLDER against the programs; exit 1
    check_documented.py --self-test                 checks that each rule can fail

A command line is a line of a fenced block that begins with "lockstep", "lockstepd" or "curl" (variables may
stand before it). Command, options and the number of arguments are looked up in the program's own --help;
of curl, the path that is asked for in docs/api.md. The README's lines of "lockstep" are run as they stand
by tests/scenarios/documented, wherever its socket is; of the others, some scenario runs the same command
with the same options. A line of "systemctl", "journalctl" or "apt" is run as it stands by tests/systemd, which
follows docs/install.md too.
"""
import functools
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

FENCE = re.compile(r"^\s*```")
ASSIGNMENT = re.compile(r"^[A-Za-z_]\w*=")
SHELL = {"|", ">", ">>", "2>&1", "2>/dev/null", ";", "&&"}
# "  --keep N      of those ..." and "  -r, --range A:B  only ...": the option, and whether it takes a value.
OPTION = re.compile(r"^  (?:(-\w), )?(--[\w-]+)( \S+)?")
USAGE = re.compile(r"^usage: lockstep (.*?)(?: \[OPTIONS\])?$", re.M)


# The helper "agent OPTIONS..." starts lockstepd with them.
RUNS_THE_AGENT = re.compile(r"(^|&& |; |=\S+ )agent(?: |$)")
# Of curl, those that take a value.
CURL_WITH_VALUE = {"-d", "-H", "-X", "-o", "-w", "--unix-socket", "--max-time", "--data", "--header", "--request"}
# What an operator types beside our own programs; the page of which every line is run.
HOST_PROGRAMS = ("systemctl", "journalctl", "apt")
RUN_WORD_FOR_WORD = "docs/install.md"
API_PATH = re.compile(r"`(?:POST |PUT |DELETE )?(/[\w./-]*)")


class Refused(Exception):
    pass


def documents(folder):
    names = ["README.md", "CONTRIBUTING.md", "migrations/README.md"]
    found = [folder / name for name in names]
    return found + sorted(folder.glob("docs/**/*.md")) + sorted(folder.glob("deploy/**/*.md"))


def words_of(line, program="lockstep"):
    """The words after the program, up to where the shell takes over; None for another line."""
    try:
        words = shlex.split(line)
    except ValueError:
        return None
    while words and ASSIGNMENT.match(words[0]):
        words.pop(0)
    if not words or words[0] != program:
        return None
    ends = [i for i, word in enumerate(words) if word in SHELL or word.endswith(";")]
    if not ends:
        return words[1:]
    last = words[ends[0]]
    return words[1 : ends[0]] + ([last[:-1]] if last.endswith(";") and last != ";" else [])


def fenced_commands(text, program="lockstep"):
    inside = False
    for number, line in enumerate(text.splitlines(), start=1):
        if FENCE.match(line):
            inside = not inside
        elif inside and words_of(line.strip(), program) is not None:
            yield number, line.strip()


def transcript_commands(text, program="lockstep"):
    """Every command line of a program in a transcript, also behind helpers such as "json" and "as"."""
    for line in text.splitlines():
        if not line.startswith("$ "):
            continue
        for part in re.split(r"&&|;|\|", RUNS_THE_AGENT.sub(r"\1lockstepd ", line[2:])):
            at = re.search(rf"(?<![\w/.-]){program}\s.*", part)
            if at:
                yield at.group(0).strip()


class Program:
    def __init__(self, path):
        self.path = path

    @functools.lru_cache(maxsize=None)
    def help(self, *command):
        done = subprocess.run([self.path, *filter(None, command), "--help"], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Refused(f"'lockstep {' '.join(command)}' is no command")
        return done.stdout

    def commands(self):
        block = self.help().split("commands:\n")[1].split("\n\n")[0]
        names = [re.match(r"  (.*?)(?:  |$)", line).group(1) for line in block.splitlines()]
        return {" ".join(word for word in name.split() if word.islower() and "|" not in word) for name in names}

    def options(self, command):
        found = {}
        for line in self.help(*command.split()).splitlines():
            match = OPTION.match(line)
            if match:
                for name in filter(None, match.group(1, 2)):
                    found[name] = (match.group(2), match.group(3) is not None)
        return found

    def arguments(self, command):
        """The least and the most of them."""
        usage = USAGE.search(self.help(*command.split())).group(1)[len(command) :].split()
        return sum(not word.startswith("[") for word in usage), len(usage)


def shape_of(words, program):
    """Command and options of a line; Refused when the program would not take it."""
    command, given, arguments = None, set(), []
    rest = list(words)
    options = program.options("status")  # those of every command, until the command is known
    while rest:
        word = rest.pop(0)
        if re.match(r"--?[a-z]", word):
            name, _, value = word.partition("=")
            if name not in options:
                raise Refused(f"'{command or 'lockstep'}' has no option '{name}'")
            long_name, takes_value = options[name]
            given.add(long_name)
            if takes_value and not value:
                if not rest:
                    raise Refused(f"'{name}' needs a value")
                rest.pop(0)
        elif command is None:
            both = f"{word} {rest[0]}" if rest else word
            command = both if both in program.commands() else word
            if command not in program.commands():
                raise Refused(f"'{command}' is no command")
            rest = rest[1:] if command == both and " " in both else rest
            options = program.options(command)
        else:
            arguments.append(word)
    if command is None:
        return "", frozenset(given)
    least, most = program.arguments(command)
    if not least <= len(arguments) <= most:
        raise Refused(f"'{command}' takes {least} to {most} arguments, not {len(arguments)}")
    return command, frozenset(given)


def agent_shape_of(words, program):
    """The options of a line of lockstepd; Refused when it would not take them."""
    given = set()
    rest = list(words)
    options = program.options("")
    while rest:
        name, _, value = rest.pop(0).partition("=")
        if name not in options:
            raise Refused(f"'lockstepd' does not take '{name}'")
        long_name, takes_value = options[name]
        given.add(long_name)
        if takes_value and not value:
            if not rest:
                raise Refused(f"'{name}' needs a value")
            rest.pop(0)
    return frozenset(given)


def path_of(url):
    """What is asked for of the agent: its path, with "*" for the name of a run."""
    path = re.sub(r"^\w+://(\$\([^)]*\)|[^/])*", "", url).split("?")[0] or "/"
    return re.sub(r"^(/api/v1/runs/)(\$\([^)]*\)|[^/]+)", r"\1*", path)


def curl_shape_of(words):
    """Method, door and path of a line of curl; Refused when it is not a question that can be told."""
    url, method, over_socket = None, None, False
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word in CURL_WITH_VALUE:
            if not rest:
                raise Refused(f"'{word}' needs a value")
            value = rest.pop(0)
            over_socket = over_socket or word == "--unix-socket"
            if word in ("-X", "--request"):
                method = value
            elif word in ("-d", "--data"):
                method = method or "POST"
        elif not word.startswith("-"):
            url = word
    if url is None:
        raise Refused("there is no URL")
    return method or "GET", "socket" if over_socket else "TCP", path_of(url)


def run_shapes(folder, program):
    """What the scenarios run, exactly and by shape."""
    lines, shapes = set(), set()
    for transcript in sorted(folder.glob("tests/scenarios/*/transcript")):
        for line in transcript_commands(transcript.read_text(encoding="utf-8")):
            if transcript.parent.name == "documented":
                lines.add(line)
            try:
                shapes.add(shape_of(words_of(line) or [], program))
            except Refused:
                pass  # scenarios try wrong command lines too
    return lines, shapes


def other_shapes(folder, program, shape):
    """The same for lockstepd and curl: `shape` tells that of a line's words."""
    shapes = set()
    for transcript in sorted(folder.glob("tests/scenarios/*/transcript")):
        for line in transcript_commands(transcript.read_text(encoding="utf-8"), program):
            try:
                shapes.add(shape(words_of(line, program) or []))
            except Refused:
                pass
    return shapes


def other_faults(folder, program, shape):
    shapes = other_shapes(folder, program, shape)
    for document in documents(folder):
        for number, line in fenced_commands(document.read_text(encoding="utf-8"), program):
            try:
                fault = None if shape(words_of(line, program)) in shapes else "no scenario runs the like of it"
            except Refused as refusal:
                fault = str(refusal)
            if fault:
                yield f"{document.relative_to(folder)}:{number}: {line}: {fault}"


def host_faults(folder):
    page = (folder / RUN_WORD_FOR_WORD).read_text(encoding="utf-8")
    test = (folder / "tests/systemd/service").read_text(encoding="utf-8")
    run = {line for program in HOST_PROGRAMS for _, line in fenced_commands(page, program)}
    for document in documents(folder):
        for program in HOST_PROGRAMS:
            for number, line in fenced_commands(document.read_text(encoding="utf-8"), program):
                if line not in run and f'"{line}"' not in test:
                    yield f"{document.relative_to(folder)}:{number}: {line}: tests/systemd does not run this line"


def curl_shape_in(folder):
    """Of a path that docs/api.md does not have, no line may speak."""
    page = (folder / "docs/api.md").read_text(encoding="utf-8")
    paths = {path.replace("/runs/ID", "/runs/*") for path in API_PATH.findall(page)}

    def shape(words):
        found = curl_shape_of(words)
        if found[2] not in paths:
            raise Refused(f"docs/api.md has no path '{found[2]}'")
        return found

    return shape


def where_the_socket_is_left_out(line):
    return re.sub(r"--socket \S+", "--socket PATH", line)


def faults_in(folder, program):
    lines, shapes = run_shapes(folder, program)
    lines = {where_the_socket_is_left_out(line) for line in lines}
    checked = 0
    for document in documents(folder):
        name = document.relative_to(folder)
        for number, line in fenced_commands(document.read_text(encoding="utf-8")):
            checked += 1
            try:
                shape = shape_of(words_of(line), program)
            except Refused as refusal:
                yield f"{name}:{number}: {line}: {refusal}"
                continue
            if str(name) == "README.md" and where_the_socket_is_left_out(line) not in lines:
                yield f"{name}:{number}: {line}: tests/scenarios/documented does not run this line"
            elif shape not in shapes:
                yield f"{name}:{number}: {line}: no scenario runs '{shape[0]}' with these options"
    if checked == 0:
        yield "no command line was found in any document"


class FakeProgram(Program):
    PAGES = {
        "": "usage: lockstep COMMAND [OPTIONS]\n\ncommands:\n  upgrade [GOAL]  apply\n  lock show       show\n"
            "  status          look\n\nrest",
        "upgrade": "usage: lockstep upgrade [GOAL] [OPTIONS]\n\n  --keep N  keep\n  --dir DIR  folder\n",
        "lock show": "usage: lockstep lock show [OPTIONS]\n\n  --dir DIR  folder\n",
        "status": "usage: lockstep status [OPTIONS]\n\n  -v, --verbose  more\n  --dir DIR  folder\n",
    }

    def __init__(self):
        super().__init__("")

    def help(self, *command):
        return self.PAGES[" ".join(command)]


def agent_self_test():
    program = FakeProgram()
    program.PAGES = {"": "usage: lockstepd [OPTIONS]\n\n  --config FILE  its file\n  --version  show it\n"}
    assert agent_shape_of(words_of("A=b lockstepd --config x", "lockstepd"), program) == {"--config"}
    for line in ("lockstepd --confg x", "lockstepd x", "lockstepd --config"):
        try:
            agent_shape_of(words_of(line, "lockstepd"), program)
        except Refused:
            continue
        raise AssertionError(f"'{line}' was taken")
    assert list(transcript_commands("$ A=b agent --config x; ls", "lockstepd")) == ["lockstepd --config x"]
    assert list(transcript_commands("$ lockstepd --version\n$ cat lockstepd.log", "lockstepd")) == ["lockstepd --version"]
    assert not list(transcript_commands("$ lockstepd --version"))


def curl_self_test():
    shapes = {"curl -s http://h:1/api/v1/readiness?revision=1": ("GET", "TCP", "/api/v1/readiness"),
              "curl --unix-socket /s -d {} http://x/api/v1/runs": ("POST", "socket", "/api/v1/runs"),
              'curl "http://$(cat address)/metrics"': ("GET", "TCP", "/metrics"),
              "curl -X DELETE --unix-socket s http://x/api/v1/runs/ID": ("DELETE", "socket", "/api/v1/runs/*")}
    for line, shape in shapes.items():
        assert curl_shape_of(words_of(line, "curl")) == shape, line
    assert len(set(shapes.values())) == len(shapes)


def host_self_test():
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        for name in ("README.md", "CONTRIBUTING.md", "migrations/README.md", "docs/install.md", "tests/systemd/service"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text("```\napt install x\n```\n" if "docs" in name else 'run("systemctl stop x")')
        (folder / "README.md").write_text("```\nsystemctl stop x\napt install x\njournalctl -f\n```\n")
        faults = list(host_faults(folder))
        assert len(faults) == 1 and faults[0].startswith("README.md:4: journalctl -f"), faults


def self_test():
    program = FakeProgram()
    good = {"lockstep upgrade": ("upgrade", frozenset()),
            "A=b lockstep --dir x lock show | cat": ("lock show", frozenset({"--dir"})),
            "lockstep upgrade -1 --keep=3": ("upgrade", frozenset({"--keep"})),
            "lockstep status -v": ("status", frozenset({"--verbose"}))}
    for line, shape in good.items():
        assert shape_of(words_of(line), program) == shape, line
    for line in ("lockstep upgrad", "lockstep upgrade a b", "lockstep upgrade --kep 3", "lockstep lock",
                 "lockstep upgrade --keep", "lockstep status x"):
        try:
            shape_of(words_of(line), program)
        except Refused:
            continue
        raise AssertionError(f"'{line}' was taken")
    assert list(fenced_commands("lockstep a\n```\nlockstep b\nls\n```\nlockstep c")) == [(3, "lockstep b")]
    assert list(transcript_commands("$ json lockstep current; echo\nlockstep no")) == ["lockstep current"]
    agent_self_test()
    curl_self_test()
    host_self_test()
    print("each rule can fail")
    return 0


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    folder, program, agent = pathlib.Path(arguments[0]), Program(arguments[1]), Program(arguments[2])
    faults = list(faults_in(folder, program))
    faults += other_faults(folder, "lockstepd", lambda words: agent_shape_of(words, agent))
    faults += other_faults(folder, "curl", curl_shape_in(folder))
    faults += host_faults(folder)
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
