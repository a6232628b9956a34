#!/usr/bin/env python3
"""Holds the documents to the program: every command line in them must be one that it takes, and is run.

    check_documented.py FOLDER PROGRAM   checks the checkout in FOLDER against the program; exit 1
    check_documented.py --self-test      checks that each rule can fail

A command line is a line of a fenced block that begins with "lockstep" (variables may stand before it).
Command, options and the number of arguments are looked up in the program's own --help. The README's lines
are run as they stand by tests/scenarios/documented; of the others, some scenario runs the same command
with the same options.
"""
import functools
import pathlib
import re
import shlex
import subprocess
import sys

FENCE = re.compile(r"^\s*```")
ASSIGNMENT = re.compile(r"^[A-Za-z_]\w*=")
SHELL = {"|", ">", ">>", "2>&1", "2>/dev/null", ";", "&&"}
# "  --keep N      of those ..." and "  -r, --range A:B  only ...": the option, and whether it takes a value.
OPTION = re.compile(r"^  (?:(-\w), )?(--[\w-]+)( \S+)?")
USAGE = re.compile(r"^usage: lockstep (.*?)(?: \[OPTIONS\])?$", re.M)


class Refused(Exception):
    pass


def documents(folder):
    names = ["README.md", "CONTRIBUTING.md", "migrations/README.md"]
    found = [folder / name for name in names]
    return found + sorted(folder.glob("docs/**/*.md")) + sorted(folder.glob("deploy/**/*.md"))


def words_of(line):
    """The words after "lockstep", up to where the shell takes over; None for another line."""
    try:
        words = shlex.split(line)
    except ValueError:
        return None
    while words and ASSIGNMENT.match(words[0]):
        words.pop(0)
    if not words or words[0] != "lockstep":
        return None
    ends = [i for i, word in enumerate(words) if word in SHELL or word.endswith(";")]
    if not ends:
        return words[1:]
    last = words[ends[0]]
    return words[1 : ends[0]] + ([last[:-1]] if last.endswith(";") and last != ";" else [])


def fenced_commands(text):
    inside = False
    for number, line in enumerate(text.splitlines(), start=1):
        if FENCE.match(line):
            inside = not inside
        elif inside and words_of(line.strip()) is not None:
            yield number, line.strip()


def transcript_commands(text):
    """Every lockstep command line of a transcript, also behind helpers such as "json" and "as"."""
    for line in text.splitlines():
        if not line.startswith("$ "):
            continue
        for part in re.split(r"&&|;|\|", line[2:]):
            at = re.search(r"\blockstep\s.*", part)
            if at:
                yield at.group(0).strip()


class Program:
    def __init__(self, path):
        self.path = path

    @functools.lru_cache(maxsize=None)
    def help(self, *command):
        done = subprocess.run([self.path, *command, "--help"], capture_output=True, text=True, check=False)
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


def faults_in(folder, program):
    lines, shapes = run_shapes(folder, program)
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
            if str(name) == "README.md" and line not in lines:
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
    print("each rule can fail")
    return 0


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    folder, program = arguments
    faults = list(faults_in(pathlib.Path(folder), Program(program)))
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
