"""What a comparison asks of a migration tool, and what the tools' descriptions share."""
import dataclasses
import datetime
import functools
import glob
import os
import pathlib
import subprocess

import contention_server as servers

INSTALL = 'run "tests/bench/install-peers"'
FIRST = datetime.datetime(2020, 1, 1)

# What one transaction of the tool holds.
EACH = "each migration with its history row"
ALL = "all that is pending"
APART = "each migration, and its history row in another"


@dataclasses.dataclass(frozen=True)
class Migration:
    """One change, as SQL: statements that end with a semicolon and have none inside, since some tools split there."""

    name: str  # "0001_bench"; 32 letters at most, since Alembic's column has no more.
    up: str
    down: str


@dataclasses.dataclass(frozen=True)
class Command:
    argv: list  # The program by its absolute path.
    env: dict  # Beside os.environ.
    cwd: str | None


class Peer:
    """What a comparison asks of a tool. A folder is empty for `write`, and belongs to one tool."""

    name = ""
    transaction = EACH

    def version(self):
        """The tool's version; servers.Unusable with what to install."""
        raise NotImplementedError

    def write(self, folder, migrations):
        """The tool's own files, its configuration too."""
        raise NotImplementedError

    def up(self, folder, url):
        """Applies all that is pending; its exit code is not 0 when that failed."""
        raise NotImplementedError

    def down(self, folder, url):
        """Rolls back everything; None for a tool that has no command for that."""
        return None


def put(folder, name, text):
    file = pathlib.Path(folder, name)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def stamp(number):
    """A name's first part for tools that number by the second: 20200101000001."""
    return (FIRST + datetime.timedelta(seconds=number)).strftime("%Y%m%d%H%M%S")


def stamped(migrations):
    """(what a tool with timestamps would call it, the migration)."""
    return [(f"{stamp(number)}_{each.name}", each) for number, each in enumerate(migrations, start=1)]


def count_of(folder, pattern):
    return str(len(glob.glob(os.path.join(folder, pattern))))


@functools.cache
def first_line(*argv):
    ran = subprocess.run(argv, capture_output=True, text=True, check=False)
    return (ran.stdout or ran.stderr).strip().splitlines()[0]


@functools.cache
def psql():
    """The program itself: Debian's /usr/bin/psql is a script that looks for it."""
    return os.path.join(servers.find_bin(), "psql")
