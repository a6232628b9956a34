"""The application: pgbench clients, and what each of their transactions felt."""
import dataclasses
import glob
import os
import re
import signal
import subprocess
import time

from contention_server import Lines

CLIENTS = 8
DRAIN_SECONDS = 120
DRAINED_LAG = 20  # ms
PROGRESS = re.compile(r"progress: [\d.]+ s, ([\d.]+) tps.*?(?:lag ([\d.]+) ms)?$")


class LoadFailed(Exception):
    """pgbench or one of its clients gave up; nothing was measured."""


@dataclasses.dataclass(frozen=True)
class Transaction:
    due: float  # When the application wanted it, seconds since the epoch.
    ended: float
    latency: float  # Milliseconds from due to ended: what the user of the application waits.
    lag: float  # That part of it which passed before a client was free: the queue behind a stall.


def parse_log(text):
    """pgbench --log: client, number, latency in us, script, end in s and us, with --rate the lag in us.

    With --rate the latency counts from the scheduled start, so it holds the lag already.
    """
    for line in text.splitlines():
        words = line.split()
        latency = int(words[2]) / 1000
        ended = int(words[4]) + int(words[5]) / 1e6
        lag = int(words[6]) / 1000 if len(words) > 6 else 0.0
        yield Transaction(ended - latency / 1000, ended, latency, lag)


def is_drained(line):
    """Whether a line of pgbench's progress tells of a second in which nobody had to queue."""
    told = PROGRESS.match(line.strip())
    return bool(told) and float(told[1]) > 0 and float(told[2] or 0) < DRAINED_LAG


class Load:
    """Runs from its construction to `finish`; `close` ends it wherever it is."""

    def __init__(self, server, database, folder, script, rate):
        self.folder = folder
        file = os.path.join(folder, "application.sql")
        with open(file, "w", encoding="utf-8") as output:
            output.write(script)
        command = [server.program("pgbench"), "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "2"]
        command += ["-T", "86400", "-P", "1", "-l", "--log-prefix", os.path.join(folder, "log"), "-f", file]
        command += ["-R", str(rate)] if rate else []
        self.process = subprocess.Popen(
            command + [server.url(database)],
            env=os.environ | {"PGAPPNAME": "application"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.lines = Lines(self.process.stderr)

    def wait_until_drained(self, moment):
        """Until everything that was due before the moment has ended: a stall leaves a queue behind it."""
        deadline = moment + DRAIN_SECONDS
        line = None
        while line != "" and time.time() < deadline:
            told, line = self.lines.queue.get(timeout=DRAIN_SECONDS)
            if told - 1 > moment and is_drained(line):
                return
        raise LoadFailed(f"the application ended, or did not recover in {DRAIN_SECONDS} s: {self._said()}")

    def finish(self):
        """Every transaction of the run. The alarm is what pgbench itself ends its -T by."""
        self.process.send_signal(signal.SIGALRM)
        self.process.wait(60)
        self.lines.join()
        if self.process.returncode != 0 or "aborted" in self._said():
            raise LoadFailed(f"pgbench failed: {self._said()}")
        found = []
        for name in glob.glob(os.path.join(self.folder, "log.*")):
            with open(name, encoding="utf-8") as log:
                found += parse_log(log.read())
        return found

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def _said(self):
        lines = [line.strip() for line in self.lines.all if not line.startswith("progress:")]
        return " ".join(lines[-5:])
