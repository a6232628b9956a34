"""What the workloads of the comparison share: a server, a database for each cell, the tools, what a run costs."""
import dataclasses
import os
import pathlib
import shutil
import subprocess

import bench_measure
import contention_server as servers

# As PostgreSQL is installed, but for room for a hundred programs at once. Durability is the default.
SETTINGS = {
    "max_connections": 300,
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "autovacuum_naptime": "1min",
}


class CellFailed(Exception):
    """A tool did not do what was asked of it; the text says what it said."""


@dataclasses.dataclass(frozen=True)
class Cell:
    """One tool on one case of a workload."""

    workload: str
    case: str
    tool: str
    costs: tuple = ()  # of each run
    facts: dict = dataclasses.field(default_factory=dict)  # counts, such as round trips
    note: str = ""  # why there is no figure


class World:
    """`limit`: the seconds after which a run is given up."""

    def __init__(self, server, measure, proxy, scratch, limit):
        self.server, self.limit = server, limit
        self.measure_program, self.proxy_program = measure, proxy
        self.scratch = pathlib.Path(scratch)
        self.log = self.scratch / "output"
        self.databases = 0

    def url(self, database, port=None):
        """TCP, since some tools know no sockets, without TLS."""
        return f"postgresql://postgres@127.0.0.1:{port or self.server.port}/{database}?sslmode=disable"

    def database(self):
        """A new one, empty."""
        self.databases += 1
        name = f"bench{self.databases}"
        self.server.run("postgres", f"create database {name}")
        return name

    def drop(self, database):
        self.server.run("postgres", f"drop database {database} with (force)")

    def folder(self, name):
        folder = self.scratch / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def measure(self, command):
        """The Cost of a run that did what it should; CellFailed with the end of its output."""
        with open(self.log, "wb") as output:
            cost = bench_measure.measure(
                self.measure_program,
                command.argv,
                limit=self.limit,
                env=os.environ | command.env,
                cwd=command.cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        if cost.limit:
            raise CellFailed(f"more than {self.limit} s")
        if cost.exit != 0:
            raise CellFailed(f"exit {cost.exit}: {self.last_words()}")
        return cost

    def last_words(self):
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1][:200] if lines else "it said nothing"

    def proxy(self, round_trip_ms):
        return bench_measure.LatencyProxy(self.proxy_program, f"127.0.0.1:{self.server.port}", round_trip_ms)


def start_server(bin_dir):
    return servers.Server(bin_dir, SETTINGS | servers.on_loopback())
