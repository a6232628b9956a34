"""Who applies the migration, and with which timings."""
import dataclasses
import json
import os
import pathlib
import subprocess
import time

GIVE_UP_SECONDS = 240
LOCK_TIMEOUT = "canceling statement due to lock timeout"
START_UP = "create table start_up (id int);\n"


class StrategyFailed(Exception):
    """It failed otherwise than for a lock; nothing was measured."""


@dataclasses.dataclass(frozen=True)
class Attempted:
    started: float
    ended: float
    done: bool
    attempts: int


class Psql:
    """Runs the file in one transaction; after a lock timeout it pauses and tries again."""

    def __init__(self, name, about, lock_timeout="0", pauses=()):
        self.name, self.about = name, about
        self.lock_timeout = lock_timeout
        self.pauses = pauses

    def write(self, folder, shape):
        pathlib.Path(folder, "up.sql").write_text(shape.migration, encoding="utf-8")

    def start_up(self, *_):
        return None

    def apply(self, server, database, folder):
        started = time.time()
        for number, pause in enumerate((*self.pauses, None), start=1):
            if self._try(server, database, folder):
                return Attempted(started, time.time(), True, number)
            if pause is None or time.time() - started + pause > GIVE_UP_SECONDS:
                break
            time.sleep(pause)
        return Attempted(started, time.time(), False, number)

    def _try(self, server, database, folder):
        command = [server.program("psql"), "-X", "-q", "-1", "-v", "ON_ERROR_STOP=1"]
        command += ["-d", server.url(database), "-c", f"set lock_timeout = '{self.lock_timeout}'"]
        done = subprocess.run(
            command + ["-f", os.path.join(folder, "up.sql")],
            env=os.environ | {"PGAPPNAME": "migration"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0 and LOCK_TIMEOUT not in done.stderr:
            raise StrategyFailed(f"psql failed: {done.stderr.strip()}")
        return done.returncode == 0


class Lockstep:
    """`lockstep upgrade`. Its first migration needs no lock that anybody has: its time is the start-up's."""

    name = "lockstep"
    about = "lockstep upgrade"

    def __init__(self, program):
        self.program = program

    def write(self, folder, shape):
        migrations = pathlib.Path(folder, "migrations")
        migrations.mkdir()
        for revision, text in (("0001_start_up", START_UP), ("0002_measured", shape.migration)):
            (migrations / f"{revision}.up.sql").write_text(text, encoding="utf-8")
            (migrations / f"{revision}.down.sql").write_text("select 1;\n", encoding="utf-8")

    def start_up(self, server, database, folder):
        """Seconds that an upgrade takes which waits for nothing; the bookkeeping is installed before."""
        self._must(server, database, folder, "init")
        started = time.time()
        self._must(server, database, folder, "upgrade", "0001")
        return time.time() - started

    def apply(self, server, database, folder):
        started = time.time()
        ran = self._run(server, database, folder, "upgrade", "--output", "json")
        ended = time.time()
        state = self._document(ran)["state"]
        if state not in ("done", "deferred"):
            raise StrategyFailed(f"lockstep upgrade: {state}: {ran.stdout.strip()} {ran.stderr.strip()}")
        ran = self._must(server, database, folder, "history", "--output", "json")
        return Attempted(started, ended, state == "done", attempts_in(self._document(ran)))

    def _must(self, *words):
        ran = self._run(*words)
        if ran.returncode != 0:
            raise StrategyFailed(f"lockstep {words[3]}: {ran.stdout.strip()} {ran.stderr.strip()}")
        return ran

    def _run(self, server, database, folder, *words):
        settings = {"LOCKSTEP_LOCK_DEADLINE": f"{GIVE_UP_SECONDS}s"} | dict(os.environ)
        settings.pop("LOCKSTEP_CONFIG", None)
        return subprocess.run(
            [self.program, *words, "--database-url", server.url(database)],
            cwd=folder,
            env=settings,
            capture_output=True,
            text=True,
            check=False,
        )

    def _document(self, ran):
        try:
            return json.loads(ran.stdout)
        except ValueError:
            raise StrategyFailed(f"lockstep printed no document: {ran.stdout} {ran.stderr}") from None


def attempts_in(history):
    """Of the migration that was measured, whether it was applied or deferred in the end."""
    measured = next(each for each in history["migrations"] if each["revision"] == "0002")
    if measured["attempts"] is not None:
        return measured["attempts"]
    return (measured["failure"] or {}).get("attempts") or 0


def exponential(first, cap, tries):
    """The pauses between so many tries."""
    return tuple(min(first * 2**i, cap) for i in range(tries - 1))


def strategies(program):
    return [
        Lockstep(program),
        Psql("psql", "psql, no timeout"),
        Psql("psql-5s", "psql, lock_timeout 5 s, 5 tries, 1 s apart", "5s", (1,) * 4),
        Psql(
            "psql-500ms",
            "psql, lock_timeout 500 ms, 20 tries, 1 s apart, doubling up to 16 s",
            "500ms",
            exponential(1, 16, 20),
        ),
    ]
