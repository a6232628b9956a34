"""A private PostgreSQL that lives as long as one run of the benchmark."""
import glob
import os
import pathlib
import pwd
import queue
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

PORT = 54321  # Only names the socket's file: nothing listens on the network, unless `settings` say so.
START_SECONDS = 60

# What disturbs a measurement of locks is switched off: no checkpoint falls into a run, no commit waits for
# a disk. Autovacuum runs often and is switched off table by table, so that it comes only where it is asked.
SETTINGS = {
    "listen_addresses": "",
    "port": PORT,
    "max_connections": 100,
    "shared_buffers": "256MB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_wal_size": "20GB",
    "checkpoint_timeout": "1d",
    "autovacuum_naptime": "1s",
    "log_statement": "none",
}


class Unusable(Exception):
    """Something that the benchmark needs is missing; the text says what, and where to get it."""


class StatementFailed(Exception):
    """PostgreSQL refused a statement of the benchmark's own."""


class SessionEnded(Exception):
    """The session was closed, by us or by somebody else."""


def version_in(folder):
    """Of a folder such as /usr/lib/postgresql/15/bin; others sort first."""
    name = pathlib.Path(folder).parent.name
    return int(name) if name.isdigit() else 0


def find_bin(wanted=None):
    """The folder that has all programs we need: the wanted one, PostgreSQL 15, or the newest."""
    installed = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=version_in, reverse=True)
    installed.sort(key=lambda folder: version_in(folder) != 15)
    on_path = shutil.which("initdb")
    candidates = [wanted] if wanted else installed + ([os.path.dirname(on_path)] if on_path else [])
    programs = ("initdb", "postgres", "psql", "pgbench")
    for folder in candidates:
        if all(os.access(os.path.join(folder, program), os.X_OK) for program in programs):
            return folder
    raise Unusable(
        f"{', '.join(programs)} were not found together in {', '.join(candidates) or '/usr/lib/postgresql'}; "
        'install the packages "postgresql-15" and "postgresql-client-15", or name their folder with --postgres'
    )


def need_setpriv():
    if not shutil.which("setpriv"):
        raise Unusable('"setpriv" was not found; install the package "util-linux"')


def unprivileged_user():
    """Whom the server runs as: PostgreSQL refuses to run as root. None when we are not root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise Unusable('the server cannot run as root, and there is no user "postgres" or "nobody"')


def on_loopback():
    """The settings of a server that can be reached over TCP from this machine too."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return {"listen_addresses": "127.0.0.1", "port": free.getsockname()[1]}


class Server:
    """Starts in its constructor; `stop` ends it and deletes its files. `settings` go before SETTINGS."""

    def __init__(self, bin_dir, settings=None):
        need_setpriv()
        self.bin = bin_dir
        self.user = unprivileged_user()
        self.port = (settings or {}).get("port", PORT)
        self.process = None
        self.directory = tempfile.mkdtemp(prefix="lockstep-bench-")
        try:
            self._start(settings or {})
        except BaseException:
            self.stop()
            raise

    def program(self, name):
        return os.path.join(self.bin, name)

    def url(self, database, user="postgres"):
        return f"postgresql://{user}@/{database}?host={self.directory}&port={self.port}"

    def tcp_url(self, database, user="postgres"):
        """For tools that know no sockets; REQUIRES: settings from on_loopback()."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}?sslmode=disable"

    def run(self, database, sql):
        """The answer; StatementFailed with what psql said."""
        command = [self.program("psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]
        done = subprocess.run(
            command + ["-d", self.url(database)], input=sql, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise StatementFailed(f"psql on '{database}': {done.stderr.strip()}")
        return done.stdout.strip()

    def version(self):
        return self.run("postgres", "show server_version")

    def stop(self):
        self.halt()
        shutil.rmtree(self.directory, ignore_errors=True)

    def halt(self):
        """Only ends it; an outage, until `resume`."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)  # "fast": sessions are ended, files are closed.
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGQUIT)
                self.process.wait()

    def resume(self):
        """Returns when it answers."""
        log = os.path.join(self.directory, "log")
        with open(log, "a", encoding="utf-8") as output:
            # A session of its own: Ctrl-C is ours to handle, and ends the server last.
            self.process = subprocess.Popen(
                self._as_user(["postgres", "-D", self._data()] + self.options),
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self._wait_until_it_answers(log)

    def _data(self):
        return os.path.join(self.directory, "data")

    def _start(self, more):
        if self.user:
            os.chown(self.directory, self.user.pw_uid, self.user.pw_gid)
        initdb = ["initdb", "-D", self._data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"]
        made = subprocess.run(self._as_user(initdb), capture_output=True, text=True, check=False)
        if made.returncode != 0:
            raise Unusable(f"initdb failed: {made.stderr.strip()}")
        settings = SETTINGS | more | {"unix_socket_directories": self.directory}
        self.options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        self.resume()

    def _as_user(self, command):
        """The kernel ends the server when we die without having stopped it."""
        words = ["setpriv", "--pdeathsig", "INT"]
        if self.user:
            words += [f"--reuid={self.user.pw_uid}", f"--regid={self.user.pw_gid}", "--clear-groups"]
        return words + [self.program(command[0])] + command[1:]

    def _wait_until_it_answers(self, log):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                self.run("postgres", "select 1")
                return
            except StatementFailed:
                time.sleep(0.1)
        said = pathlib.Path(log).read_text(encoding="utf-8")[-1000:].strip()
        raise Unusable(f"the private PostgreSQL did not start: {said}")


class Session:
    """One connection that stays open, through psql; for transactions that last. Thread: any one at a time."""

    MARK = "-- done --"

    def __init__(self, server, database, application):
        command = [server.program("psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]
        self.process = subprocess.Popen(
            command + ["-d", server.url(database)],
            env=os.environ | {"PGAPPNAME": application},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, sql):
        """Waits for the end of the statements; the lines that they printed."""
        try:
            self.process.stdin.write(f"{sql};\n\\echo {self.MARK}\n")
            self.process.stdin.flush()
        except (BrokenPipeError, ValueError) as error:
            raise SessionEnded(sql) from error
        lines = []
        for line in self.process.stdout:
            if line.strip() == self.MARK:
                return lines
            lines.append(line.strip())
        raise SessionEnded(" ".join(lines) or sql)

    def close(self):
        self.process.kill()
        self.process.wait()


class Lines(threading.Thread):
    """Reads a stream to its end, so that its writer never waits; the last line that it hands on is empty."""

    def __init__(self, stream):
        super().__init__(daemon=True)
        self.stream = stream
        self.queue = queue.Queue()
        self.all = []
        self.start()

    def run(self):
        for line in self.stream:
            self.all.append(line)
            self.queue.put((time.time(), line))
        self.queue.put((time.time(), ""))
