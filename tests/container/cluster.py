"""A network of its own with a real PostgreSQL in it, by the name and port that the manifests have."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "security"))

import authority

SERVER = "10.99.0.1"
HOST = "postgres.database.svc"
BIN = Path("/usr/lib/postgresql/15/bin")
# What the roles of the manifests have for a password; the files of the Secrets have it.
PASSWORD = "canary"
ROLES = f"""
create role lockstep login password '{PASSWORD}';
create role shop_reader login password '{PASSWORD}';
create database shop owner lockstep;
"""


class Unusable(Exception):
    """Containers cannot be made on this machine; the text says why."""


def run(*command: object, **options: object) -> str:
    done = subprocess.run([str(one) for one in command], text=True, capture_output=True, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr or done.stdout}")
    return done.stdout


class Cluster:
    """One namespace with a bridge and the server; `join` makes one for a pod."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="lockstep-cluster-"))
        self.folder.chmod(0o755)
        # It signs for the server; its root is in the Secrets, as ca.crt.
        self.authority = authority.Authority(self.folder, "authority")
        self.name = f"lockstep-{os.getpid()}"
        self.spaces: list[str] = []
        self.pods = 0
        self._network()
        self._server()

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        data = self.folder / "data"
        if (data / "postmaster.pid").exists():
            self._as_postgres(BIN / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
        for space in reversed(self.spaces):
            subprocess.run(["ip", "netns", "del", space], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def join(self) -> tuple[str, str]:
        """The network namespace of a new pod, and its address."""
        self.pods += 1
        space, address = self._space(f"{self.name}-{self.pods}"), f"10.99.0.{self.pods + 1}"
        inner, outer = f"e{self.pods}", f"p{self.pods}"
        run("ip", "-n", self.name, "link", "add", outer, "type", "veth", "peer", "name", inner, "netns", space)
        run("ip", "-n", self.name, "link", "set", outer, "master", "bridge", "up")
        run("ip", "-n", space, "addr", "add", f"{address}/24", "dev", inner)
        run("ip", "-n", space, "link", "set", inner, "up")
        return space, address

    def sql(self, text: str, database: str = "shop") -> str:
        command = (BIN / "psql", "-h", self.folder, "-d", database, "-v", "ON_ERROR_STOP=1", "-XqtAc", text)
        return self._as_postgres(*command).strip()

    def hosts(self) -> str:
        return f"127.0.0.1 localhost\n{SERVER} {HOST} postgres\n"

    def get(self, url: str) -> tuple[int, str]:
        """What the kubelet and Prometheus do: from beside the pods, over TCP."""
        curl = ("curl", "-sS", "--max-time", "90", "-w", "\\n%{http_code}", url)
        body, _, code = run("ip", "netns", "exec", self.name, *curl).rpartition("\n")
        return int(code), body

    def _space(self, name: str) -> str:
        try:
            run("ip", "netns", "add", name)
        except (RuntimeError, FileNotFoundError) as problem:
            raise Unusable(f"no network namespace can be made: {problem}") from problem
        self.spaces.append(name)
        run("ip", "-n", name, "link", "set", "lo", "up")
        return name

    def _network(self) -> None:
        self._space(self.name)
        run("ip", "-n", self.name, "link", "add", "bridge", "type", "bridge")
        run("ip", "-n", self.name, "addr", "add", f"{SERVER}/24", "dev", "bridge")
        run("ip", "-n", self.name, "link", "set", "bridge", "up")

    def _as_postgres(self, *command: object) -> str:
        user = pwd.getpwnam("postgres")
        as_user = ("setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups")
        return run("ip", "netns", "exec", self.name, *as_user, *command, cwd=self.folder)

    def _server(self) -> None:
        shutil.chown(self.folder, "postgres")
        data = self.folder / "data"
        self._as_postgres(BIN / "initdb", "-D", data, "-A", "trust", "--no-sync", "-E", "UTF8")
        (data / "pg_hba.conf").write_text("local all all trust\nhost all all 10.99.0.0/24 scram-sha-256\n")
        certificate = self.authority.sign("server", HOST)
        for source, name in ((certificate.certificate, "server.crt"), (certificate.key, "server.key")):
            shutil.copy(source, data / name)
            shutil.chown(data / name, "postgres", "postgres")
            (data / name).chmod(0o600)
        settings = f"-c ssl=on -c listen_addresses={SERVER} -c unix_socket_directories={self.folder} -c fsync=off"
        log = self.folder / "postgres.log"
        self._as_postgres(BIN / "pg_ctl", "-D", data, "-l", log, "-o", settings, "-w", "start")
        for statement in ROLES.strip().splitlines():
            self.sql(statement, "postgres")
