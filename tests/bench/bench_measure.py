"""What a command costs, and what crosses the wire to PostgreSQL: bench_measure and bench_latency_proxy."""
import dataclasses
import json
import os
import pathlib
import signal
import subprocess
import tempfile


class MeasureFailed(Exception):
    """Nothing was measured; the text says why."""


@dataclasses.dataclass(frozen=True)
class Cost:
    """Of one run of a command and all its descendants; measure.cc says how each figure is taken."""

    wall_seconds: float  # until the command itself has ended
    user_seconds: float
    system_seconds: float
    peak_bytes: int  # of the largest single process
    bytes_read: int  # by read() and its like
    read_calls: int
    major_faults: int
    voluntary_switches: int
    involuntary_switches: int
    instructions: int | None  # in user space; None: this machine does not count them
    exit: int  # 128 and more: ended by a signal
    limit: bool  # it, or what it left behind, was killed because it took too long
    left_behind: int  # descendants that outlived whoever started them

    @property
    def cpu_seconds(self):
        return self.user_seconds + self.system_seconds


def measure(program, command, limit=None, **start):
    """The Cost of the words of `command`, run by bench_measure (`program`) and killed after `limit` seconds.

    `start` is as for subprocess.run: env, cwd, stdin, stdout, stderr; without a stdin there is nothing to
    read. A command that fails is measured too; MeasureFailed when there is none, or somebody ended
    bench_measure.
    """
    with tempfile.TemporaryDirectory(prefix="lockstep-bench-") as folder:
        report = pathlib.Path(folder) / "cost.json"
        words = [program, "--report", str(report)]
        words += ["--limit", str(limit)] if limit else []
        start = {"stdin": subprocess.DEVNULL} | start
        done = subprocess.run([*words, "--", *map(str, command)], check=False, **start)
        if done.returncode != 0:
            raise MeasureFailed(f"bench_measure ended with {done.returncode}: {' '.join(map(str, command))}")
        return Cost(**json.loads(report.read_text(encoding="utf-8")))


@dataclasses.dataclass(frozen=True)
class Connection:
    """What crossed on one; support/round_trips.h says what a round trip is."""

    application_name: str
    startup_round_trips: int
    round_trips: int  # after the startup
    bytes_to_server: int
    bytes_to_client: int
    opaque: bool  # encrypted, or a request to cancel: no round trips were counted
    open: bool  # still


@dataclasses.dataclass(frozen=True)
class Traffic:
    """What crossed on all connections."""

    connections: tuple
    most_open: int  # at once

    def total(self, figure):
        return sum(getattr(connection, figure) for connection in self.connections)


class LatencyProxy:
    """bench_latency_proxy, which listens on `port` of 127.0.0.1 while the context lasts.

    `server` is HOST:PORT, or FOLDER:PORT for a Unix socket. Each byte takes half of `round_trip_ms` in each
    direction, and making a connection takes one round trip.
    """

    def __init__(self, program, server, round_trip_ms):
        self.words = [program, "--to", server, "--round-trip-ms", str(round_trip_ms)]

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="lockstep-bench-")
        self.report = pathlib.Path(self.folder.name) / "traffic.json"
        # Its input ends with us, however we end, and it with its input. Ctrl-C is ours to handle.
        self.process = subprocess.Popen(
            [*self.words, "--report", str(self.report)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        line = self.process.stdout.readline().strip()
        if not line:
            self.__exit__()
            raise MeasureFailed(f"bench_latency_proxy ended with {self.process.returncode}")
        self.port = int(line)
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self.folder.cleanup()

    def take(self):
        """The Traffic since the last time. Waits for a second at most until the clients that have gone are
        seen to have; a connection that is open even then goes on in the next Traffic."""
        os.kill(self.process.pid, signal.SIGUSR1)
        if not self.process.stdout.readline():
            raise MeasureFailed(f"bench_latency_proxy ended with {self.process.wait()}")
        told = json.loads(self.report.read_text(encoding="utf-8"))
        connections = tuple(Connection(**connection) for connection in told["connections"])
        return Traffic(connections=connections, most_open=told["most_open"])
