"""What the tests of security share: a private PostgreSQL, the programs, and folders of migrations."""
import argparse
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

TESTS = pathlib.Path(__file__).resolve().parents[1]
CHECKOUT = TESTS.parent
sys.path.insert(0, str(TESTS / "bench"))

import bench_agent as agents
import contention_server as servers

PATIENCE_SECONDS = 120
SKIPPED = 77

# AddressSanitizer keeps what was freed, which would count as memory here. Preloaded libraries come before it.
os.environ["ASAN_OPTIONS"] = ":".join(filter(None, [
    os.environ.get("ASAN_OPTIONS"), "quarantine_size_mb=4:verify_asan_link_order=0"]))

# Set by `run`.
programs = argparse.Namespace()


class Done:
    """A command that has ended."""

    def __init__(self, completed):
        self.code, self.out, self.err = completed.returncode, completed.stdout, completed.stderr
        self.said = self.out + self.err


def clean_environment(more=()):
    """What the caller has configured does not count."""
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith(("PG", "LOCKSTEP_")) and name != "DATABASE_URL"}
    return kept | {"NO_COLOR": "1", "LC_ALL": "C.UTF-8"} | dict(more)


def lockstep(folder, *arguments, environment=(), **options):
    """Runs it in `folder`; bytes that are no text are shown as such."""
    completed = subprocess.run(
        [programs.lockstep, *map(str, arguments)], cwd=folder, env=clean_environment(environment),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="backslashreplace",
        timeout=PATIENCE_SECONDS, check=False, **options)
    return Done(completed)


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def write_pair(migrations, stem, up, down="select 1;"):
    migrations.mkdir(exist_ok=True)
    (migrations / f"{stem}.up.sql").write_text(up + "\n", encoding="utf-8")
    (migrations / f"{stem}.down.sql").write_text(down + "\n", encoding="utf-8")


class Case(unittest.TestCase):
    """Each test has a folder of its own, and a database where the class has a server (`with_server`)."""

    with_server = True
    server_settings = {}
    server = None
    port = None  # of a server that listens on loopback too

    @classmethod
    def setUpClass(cls):
        if cls.with_server:
            if cls.port:
                cls.addClassCleanup(setattr, servers, "PORT", servers.PORT)
                servers.PORT = cls.port
            settings = cls.server_settings | ({"port": cls.port, "listen_addresses": "127.0.0.1"} if cls.port else {})
            cls.server = servers.Server(servers.find_bin(), settings)
            cls.addClassCleanup(cls.server.stop)

    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="lockstep-security-")
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        self.migrations = self.folder / "migrations"
        self.migrations.mkdir()
        if self.server:
            self.database = f"test_{id(self):x}"
            self.server.run("postgres", f"create database {self.database}")

    def sql(self, text, user="postgres"):
        """As that user; what psql printed."""
        command = [self.server.program("psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]
        done = subprocess.run(command + ["-d", self.url(user)], input=text, capture_output=True, text=True,
                              check=False, env=clean_environment())
        if done.returncode != 0:
            raise servers.StatementFailed(done.stderr.strip())
        return done.stdout.strip()

    def url(self, user="postgres"):
        return self.server.url(self.database, user)

    def lockstep(self, *arguments, user="postgres", environment=()):
        environment = {"DATABASE_URL": self.url(user)} | dict(environment)
        return lockstep(self.folder, *arguments, environment=environment)

    def succeeds(self, *arguments, **options):
        done = self.lockstep(*arguments, **options)
        self.assertEqual(done.code, 0, done.said)
        return done

    def wait_for(self, happened, say):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not happened():
            self.assertLess(time.monotonic(), deadline, say())
            time.sleep(0.02)

    def agent(self, user="postgres", settings=()):
        """A running lockstepd, which ends with the test."""
        agent = agents.Agent(programs.lockstepd, self.url(user), self.migrations, settings)
        self.addCleanup(agent.close)
        return agent


def sanitized(program):
    """Whether it is one of AddressSanitizer's, which lets itself be looked at and needs address space."""
    return b"__asan_init" in pathlib.Path(program).read_bytes()


def memory(pid, line="VmHWM"):
    """In kB: the most that the process has had in memory so far, or, as VmRSS, what it has now. 0: it has ended."""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    found = [each for each in status.splitlines() if each.startswith(line + ":")]
    return int(found[0].split()[1]) if found else 0


def run(about):
    """The tests of the script that calls it: NAME --lockstep PROGRAM [--large] [TEST...]"""
    parser = argparse.ArgumentParser(description=about)
    build = CHECKOUT / "build/dev/bin"
    parser.add_argument("--lockstep", default=str(build / "lockstep"))
    parser.add_argument("--lockstepd", default=str(build / "lockstepd"))
    parser.add_argument("--large", action="store_true", help="in the full size, which takes minutes")
    parser.add_argument("tests", nargs="*")
    parser.parse_args(namespace=programs)
    ended = unittest.main(argv=[sys.argv[0], *programs.tests], verbosity=2, exit=False).result
    if ended.wasSuccessful() and ended.testsRun == len(ended.skipped) > 0:
        sys.exit(SKIPPED)
    sys.exit(not ended.wasSuccessful())
