"""The programs under test: agents that are killed and started again, and single runs of the command."""
import contextlib
import ctypes
import http.client
import json
import os
import pathlib
import signal
import subprocess
import time

from chaos_server import agents

PR_SET_PDEATHSIG = 1
SETTINGS = """
listen = "off"
log.format = "json"
folder.settle = "0"
refresh = "1s"
apply.interval = "1s"
apply.retry_deferred = "200ms"
pool.wait = "1s"
lock_deadline = "3s"
look_interval = "50ms"
young_holder = "50ms"
retry_pause = "20ms"
retry_pause_limit = "200ms"
migration_lock_idle_limit = "1s"
"""
LIMITS = {
    "LOCKSTEP_MIGRATION_LOCK_WAIT": "3s", "LOCKSTEP_MIGRATION_LOCK_IDLE_LIMIT": "1s",
    "LOCKSTEP_LOCK_DEADLINE": "3s", "LOCKSTEP_LOOK_INTERVAL": "50ms",
}


def _die_with_us():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _environment(url, more):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LOCKSTEP_")}
    return kept | {"DATABASE_URL": url} | more


class Process:
    """One process of ours, from its start to its end, and what it said. It may be stopped for a while."""

    def __init__(self, command, url, environment, output, messages):
        with open(output, "w", encoding="utf-8") as out, open(messages, "w", encoding="utf-8") as err:
            self.child = subprocess.Popen(
                command, env=_environment(url, environment), stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                start_new_session=True, preexec_fn=_die_with_us,
            )
        self.output, self.messages = pathlib.Path(output), pathlib.Path(messages)
        self.fail_point = environment.get("LOCKSTEP_FAIL_POINT", "")
        self.killed = False  # by us, or by its fail-point
        self.answers = []  # (status, document) of its API, that it gave at the end

    @property
    def pid(self):
        return self.child.pid

    def alive(self):
        return self.child.poll() is None

    def listens_to_signals(self):
        """Before its first line a process ends by a signal that it does not know yet."""
        return self.messages.stat().st_size > 0

    def signal(self, number):
        with contextlib.suppress(ProcessLookupError):
            self.child.send_signal(number)

    def kill(self):
        self.killed = True
        self.child.kill()
        self.child.wait()

    def stopped(self):
        """By itself, at a fail-point, or by us."""
        try:
            fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8")
        except (FileNotFoundError, ProcessLookupError):
            return False
        return fields.rpartition(")")[2].split()[0] == "T"

    def resources(self):
        """(resident kilobytes, descriptors); None when it has ended."""
        try:
            status = pathlib.Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8")
            descriptors = len(os.listdir(f"/proc/{self.pid}/fd"))
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            return None
        resident = [line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")]
        return (int(resident[0]), descriptors) if resident else None


class Replica:
    """A place for an agent, which has one at a time; `processes` are all that it has had."""

    def __init__(self, number, program, folder, url, migrations, environment, settings=""):
        self.number, self.program, self.folder, self.url = number, program, folder, url
        self.environment = environment
        self.folder.mkdir()
        self.door = self.folder / "s.sock"
        text = f'dir = "{migrations}"\nsocket.path = "{self.door}"\n{SETTINGS}{settings}'
        (self.folder / "lockstep.toml").write_text(text, encoding="utf-8")
        self.processes = []
        self.orders = []  # (pid, id) of runs that were ordered by the API

    def start(self, environment=None):
        log = self.folder / f"{len(self.processes):04}.log"
        command = [self.program, "--config", str(self.folder / "lockstep.toml")]
        everything = self.environment | (environment or {})
        self.processes.append(Process(command, self.url, everything, log.with_suffix(".out"), log))

    @property
    def agent(self):
        return self.processes[-1]

    def request(self, method, path, body=None, patience=0.25):
        """(status, text); None when it does not answer."""
        connection = agents.SocketConnection(self.door, patience)
        try:
            connection.request(method, path, body and json.dumps(body))
            response = connection.getresponse()
            return response.status, response.read().decode()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def trigger(self):
        if self.agent.listens_to_signals():
            self.agent.signal(signal.SIGUSR1)

    def order(self, command, goal):
        answer = self.request("POST", "/api/v1/runs", {"command": command, "goal": goal})
        if answer and answer[0] == 202:
            self.orders.append((self.agent.pid, json.loads(answer[1])["id"]))
        return answer

    def leave(self, patience=30):
        """Ends it as a service would, and returns what it ended with."""
        self.agent.signal(signal.SIGCONT)
        until = time.monotonic() + patience
        while not self.agent.listens_to_signals() and time.monotonic() < until:
            time.sleep(0.01)
        self.agent.signal(signal.SIGTERM)
        try:
            return self.agent.child.wait(patience)
        except subprocess.TimeoutExpired:
            self.agent.kill()
            return None


class Commands:
    """Runs of `lockstep`, beside the agents."""

    def __init__(self, program, folder, url, migrations, environment):
        self.program, self.folder, self.url, self.migrations = program, folder, url, migrations
        self.environment = LIMITS | environment
        self.folder.mkdir()
        self.processes = []

    def start(self, words):
        output = self.folder / f"{len(self.processes):04}.json"
        command = [self.program, "--dir", str(self.migrations), "--output", "json", *words]
        messages = output.with_suffix(".err")
        self.processes.append(Process(command, self.url, self.environment, output, messages))

    def running(self):
        return [process for process in self.processes if process.alive()]
