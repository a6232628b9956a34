"""etcd and Patroni with two PostgreSQL nodes, private to one run of the test.

Everything listens on loopback, on ports that were free, and lives in one folder. As root the programs run as
"postgres", since PostgreSQL refuses root.
"""
import contextlib
import json
import os
import pathlib
import signal
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import contention_server as servers

HERE = pathlib.Path(__file__).resolve().parent
PATIENCE_SECONDS = 60
NAMES = ("a", "b")
# Of the cluster as a whole. A leader that is not heard of for so many seconds is replaced.
LEADERSHIP = {"ttl": 5, "loop_wait": 1, "retry_timeout": 2, "maximum_lag_on_failover": 1 << 30}
PARAMETERS = {
    "fsync": "off",
    "wal_log_hints": "on",
    "shared_buffers": "32MB",
    "max_connections": 50,
    "wal_keep_size": "256MB",
    "checkpoint_timeout": "1d",
}


class ClusterFailed(Exception):
    """The cluster did not come to where the test needs it; nothing was tested."""


def wait_for(what, question, patience=PATIENCE_SECONDS):
    """Asks until the answer is yes, and returns it. What cannot be answered yet is a no."""
    deadline = time.monotonic() + patience
    problem = ""
    while time.monotonic() < deadline:
        try:
            if answer := question():
                return answer
        except (servers.StatementFailed, OSError, ValueError) as error:
            problem = f": {error}"
        time.sleep(0.05)
    raise ClusterFailed(f"in {patience} s there was no {what}{problem}")


def free_ports(count):
    """Ports that are free, none twice."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def children_of(pid):
    return [int(word) for word in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def end(server):
    """Fast: sessions are ended, files are closed."""
    if server.poll() is None:
        server.send_signal(signal.SIGINT)
        server.wait()


class Node:
    """A server and the Patroni that minds it."""

    def __init__(self, cluster, name, port, api):
        self.cluster, self.name, self.port, self.api = cluster, name, port, api
        self.folder = cluster.folder / name
        self.data = self.folder / "data"
        self.patroni = None
        self.folder.mkdir()
        cluster.give(self.folder)
        (self.folder / "patroni.json").write_text(json.dumps(self._settings()), encoding="utf-8")

    def start(self):
        self.patroni = self.cluster.popen([shutil.which("patroni"), f"{self.folder}/patroni.json"], self.name)

    def start_alone(self):
        """Without Patroni, as it was left; the process, once it takes changes."""
        words = ["-D", str(self.data), "-p", str(self.port), "-c", "listen_addresses=127.0.0.1"]
        server = self.cluster.popen([self.program("postgres"), *words], f"{self.name}-alone")
        wait_for(f"server {self.name} on its own", self.takes_changes)
        return server

    def program(self, name):
        return f"{self.cluster.bin}/{name}"

    def url(self, database):
        return self.cluster.url(database, [self.port])

    def sql(self, sql, database="postgres"):
        """The answer; StatementFailed with what psql said."""
        words = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", database]
        command = [self.program("psql"), *words, "-h", "127.0.0.1", "-p", str(self.port)]
        done = subprocess.run(command, input=sql, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise servers.StatementFailed(f"psql on node {self.name}: {done.stderr.strip()}")
        return done.stdout.strip()

    def takes_changes(self):
        return self.sql("select not pg_is_in_recovery()") == "t"

    def timeline(self):
        return int(self.sql("select ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int"))

    def system_identifier(self):
        return self.sql("select system_identifier from pg_control_system()")

    def walsender(self):
        """The process that sends the log to the standby."""
        return int(self.sql("select pid from pg_stat_replication where state = 'streaming'"))

    def kill(self):
        """Patroni first, which would start the server again; then the server and all its sessions at once."""
        self.patroni.kill()
        self.patroni.wait()
        postmaster = int((self.data / "postmaster.pid").read_text(encoding="utf-8").split()[0])
        os.kill(postmaster, signal.SIGSTOP)  # So that it starts no others meanwhile.
        for pid in [*children_of(postmaster), postmaster]:
            os.kill(pid, signal.SIGKILL)

    def _settings(self):
        trusted = ["local all all trust", "host all all 127.0.0.1/32 trust"]
        return {
            "scope": "lockstep",
            "name": self.name,
            "restapi": {"listen": f"127.0.0.1:{self.api}", "connect_address": f"127.0.0.1:{self.api}"},
            "etcd3": {"host": f"127.0.0.1:{self.cluster.etcd_port}"},
            "bootstrap": {
                "dcs": LEADERSHIP | {"postgresql": {"use_pg_rewind": True, "parameters": PARAMETERS}},
                "initdb": [{"encoding": "UTF8"}, {"locale": "C"}, "no-sync"],
            },
            "postgresql": {
                "listen": f"127.0.0.1:{self.port}",
                "connect_address": f"127.0.0.1:{self.port}",
                "data_dir": str(self.data),
                "bin_dir": self.cluster.bin,
                "pgpass": str(self.folder / "pgpass"),
                "authentication": {"superuser": {"username": "postgres"}, "replication": {"username": "replica"}},
                "parameters": {"unix_socket_directories": str(self.folder)},
                "pg_hba": [*trusted, "host replication all 127.0.0.1/32 trust"],
                "basebackup": [{"checkpoint": "fast"}],
                "remove_data_directory_on_rewind_failure": True,
                "remove_data_directory_on_diverged_timelines": True,
            },
        }


class Cluster:
    """Starts in its constructor; `stop` ends it and deletes its files, and so does the guardian when we die."""

    def __init__(self):
        servers.need_setpriv()
        for program in ("etcd", "patroni", "patronictl"):
            if not shutil.which(program):
                raise servers.Unusable(f'"{program}" was not found; run "deploy/install-packages test"')
        self.bin = servers.find_bin()
        self.user = servers.unprivileged_user()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lockstep-failover-"))
        self.give(self.folder)
        self.guardian = subprocess.Popen(
            [sys.executable, str(HERE / "guardian.py"), str(self.folder)],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self):
        etcd, peers, *ports = free_ports(6)
        self.etcd_port = etcd
        here = "http://127.0.0.1"
        words = ["--data-dir", f"{self.folder}/etcd", "--log-level", "error", "--unsafe-no-fsync"]
        words += ["--listen-client-urls", f"{here}:{etcd}", "--advertise-client-urls", f"{here}:{etcd}"]
        words += ["--listen-peer-urls", f"{here}:{peers}", "--initial-advertise-peer-urls", f"{here}:{peers}"]
        self.popen([shutil.which("etcd"), *words, "--initial-cluster", f"default={here}:{peers}"], "etcd")
        self.nodes = [Node(self, name, *ports[2 * i : 2 * i + 2]) for i, name in enumerate(NAMES)]
        for node in self.nodes:
            node.start()
        self.wait_until_whole()

    def stop(self):
        self.guardian.stdin.close()
        self.guardian.wait()

    def give(self, path):
        """Makes the servers' user its owner."""
        if self.user:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)

    def popen(self, command, log):
        words = []
        if self.user:
            words = ["setpriv", f"--reuid={self.user.pw_uid}", f"--regid={self.user.pw_gid}", "--clear-groups"]
        with open(self.folder / f"{log}.log", "a", encoding="utf-8") as output:
            return subprocess.Popen(
                words + command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=self.folder,
                start_new_session=True,
            )

    def url(self, database, ports):
        """Of whichever takes changes."""
        hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
        return f"postgresql://postgres@{hosts}/{database}?target_session_attrs=read-write"

    def primary(self):
        def found():
            leading = [node for node in self.nodes if self._says(node, "primary")]
            return leading[0] if len(leading) == 1 and leading[0].takes_changes() else None

        return wait_for("primary", found)

    def _says(self, node, what):
        """Patroni answers 200 to a question whose answer is yes."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{node.api}/{what}", timeout=5) as answer:
                return answer.status == 200
        except urllib.error.HTTPError:
            return False
        except OSError:
            return False

    def other(self, node):
        return next(each for each in self.nodes if each is not node)

    def wait_until_whole(self, synchronous=False):
        """Until the standby replays what the primary writes, as the mode wants it; the primary."""
        wanted = "sync" if synchronous else "async"

        def whole():
            primary = self.primary()
            asked = "select count(*) from pg_stat_replication where state = 'streaming' and sync_state = "
            if primary.sql(f"{asked}'{wanted}'") != "1":
                return None
            return primary if self._says(self.other(primary), "synchronous" if synchronous else "replica") else None

        return wait_for(f"{wanted} standby", whole)

    def use_mode(self, synchronous):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.primary().api}/config",
            data=json.dumps({"synchronous_mode": synchronous}).encode(),
            headers={"Content-Type": "application/json"},
            method="PATCH",
        )
        urllib.request.urlopen(request, timeout=10).close()
        return self.wait_until_whole(synchronous)

    def wait_until_replayed(self, primary):
        position = primary.sql("select pg_current_wal_lsn()")
        question = f"select pg_last_wal_replay_lsn() >= '{position}'"
        standby = self.other(primary)
        wait_for("replayed standby", lambda: standby.sql(question) == "t")

    def switch_over(self, primary, meanwhile=lambda: None):
        """Returns when the other one leads."""
        successor = self.other(primary)
        words = ["--master", primary.name, "--candidate", successor.name, "--force"]
        command = [shutil.which("patronictl"), "-c", f"{primary.folder}/patroni.json", "switchover", *words]
        asking = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        meanwhile()
        said, _ = asking.communicate()
        if asking.returncode != 0 or "Successfully" not in said:
            raise ClusterFailed(f"patronictl switchover: {said}")
        return self.wait_for_promotion(successor)

    def wait_for_promotion(self, successor):
        wait_for("new primary", lambda: self._says(successor, "primary") and successor.takes_changes())
        return successor
