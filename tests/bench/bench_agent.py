"""A running lockstepd that lives as long as its benchmark, and what one asks of it."""
import contextlib
import ctypes
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

import contention_server as servers

PATIENCE_SECONDS = 60
PR_SET_PDEATHSIG = 1
LISTENS = re.compile(r"listens on http://([^:]+):(\d+)\b")


class AgentFailed(Exception):
    """The agent did not do what the benchmark is about; nothing was measured."""


# What may go wrong with an agent and its server; it ends a measurement, not necessarily the benchmark.
TROUBLE = (AgentFailed, servers.SessionEnded, servers.StatementFailed, OSError)


def write_migrations(folder, bodies):
    """A pair of files for each, named 0001, 0002 and so on."""
    folder.mkdir()
    for number, body in enumerate(bodies, 1):
        (folder / f"{number:04}_bench.down.sql").write_text("select 1;\n", encoding="utf-8")
        (folder / f"{number:04}_bench.up.sql").write_text(body + "\n", encoding="utf-8")
    return folder


class SocketConnection(http.client.HTTPConnection):
    def __init__(self, path, patience):
        super().__init__("agent", timeout=patience)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Agent:
    """Starts in its constructor; `close` ends it and deletes its files.

    `settings` are lines of its configuration, beside the folder, the doors and the log's form; `environment`
    holds variables beside its own.
    """

    def __init__(self, program, url, migrations, settings=(), listen="127.0.0.1:0", environment=None):
        self.program, self.url, self.environment = program, url, environment or {}
        self.directory = tempfile.TemporaryDirectory(prefix="lockstep-bench-agent-")
        self.folder = pathlib.Path(self.directory.name)
        self.door = self.folder / "s.sock"
        self.log = self.folder / "log"
        self.usual = [f'dir = "{migrations}"', f'listen = "{listen}"', f'socket.path = "{self.door}"']
        self.usual += ['log.format = "json"', 'folder.settle = "0"']
        self.configure(settings)
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(str(self.folder / "notify"))
        self.notify.settimeout(PATIENCE_SECONDS)
        self.start()

    def configure(self, settings):
        """What it reads at its next start or reload."""
        text = "\n".join([*self.usual, *settings]) + "\n"
        (self.folder / "lockstep.toml").write_text(text, encoding="utf-8")

    def start(self):
        """Also once more, after it was killed."""
        self.process, self.executed_at = self._execute()

    def _execute(self):
        """The process, and the moment of its exec by the monotonic clock."""
        libc = ctypes.CDLL(None)
        reader, writer = os.pipe()

        def last_before_exec():
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # Nothing outlives the benchmark.
            os.write(writer, struct.pack("d", time.monotonic()))

        environment = {name: value for name, value in os.environ.items() if name != "LOCKSTEP_CONFIG"}
        environment |= self.environment | {"DATABASE_URL": self.url, "NOTIFY_SOCKET": str(self.folder / "notify")}
        with open(self.log, "w", encoding="utf-8") as log:
            process = subprocess.Popen(
                [self.program, "--config", str(self.folder / "lockstep.toml")],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=last_before_exec,
            )
        (executed_at,) = struct.unpack("d", os.read(reader, 8))
        os.close(reader)
        os.close(writer)
        return process, executed_at

    @property
    def pid(self):
        return self.process.pid

    def wait_until_notified(self):
        """Until it has told systemd that it is ready; the moment, by the monotonic clock."""
        while True:
            try:
                told = self.notify.recv(4096)
            except TimeoutError:
                raise AgentFailed(f"the agent did not say that it is ready: {self.said()}") from None
            if b"READY=1" in told.splitlines():
                return time.monotonic()

    def ignore_notifications(self):
        """Reads them from now on: the agent's loop waits for systemd, for a second, when nobody does."""

        def read():
            with contextlib.suppress(OSError):  # Or it is closed between two words.
                self.notify.settimeout(None)
                while self.notify.recv(4096):
                    pass  # `close` sends an empty one.

        threading.Thread(target=read, daemon=True).start()

    def wait_until_ready(self, pause=0.001):
        """Until /api/v1/readiness says so; the moment, by the monotonic clock."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if self.request("GET", "/api/v1/readiness")[0] == 200:
                    return time.monotonic()
            except (FileNotFoundError, ConnectionError):
                pass  # Its door is not open yet.
            time.sleep(pause)
        raise AgentFailed(f"the agent is not ready: {self.said()}")

    def request(self, method, path, body=None, patience=PATIENCE_SECONDS):
        """(status, document)"""
        connection = SocketConnection(self.door, patience)
        try:
            connection.request(method, path, body and json.dumps(body))
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def address(self):
        """Host and port of its TCP door, from the log, which is written a moment later than the door opens."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            found = LISTENS.search(self.log.read_text(encoding="utf-8"))
            if found:
                return found[1], int(found[2])
            time.sleep(0.01)
        raise AgentFailed(f"the agent has no TCP door: {self.said()}")

    def said(self):
        return self.log.read_text(encoding="utf-8", errors="replace")[-1000:].strip()

    def kill(self):
        """The moment of the SIGKILL, by the wall clock."""
        moment = time.time()
        self.process.kill()
        return moment

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end, contextlib.suppress(OSError):
            end.sendto(b"", socket.MSG_DONTWAIT, str(self.folder / "notify"))
        self.notify.close()
        self.directory.cleanup()
