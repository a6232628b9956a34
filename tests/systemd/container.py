"""A Debian with a real systemd in it, booted in a container and thrown away."""
import contextlib
import fcntl
import json
import os
import pathlib
import select
import socket
import subprocess
import sys
import tempfile
import time
import typing

SKIPPED = 77  # ctest's SKIP_RETURN_CODE
BOOT_SECONDS = 120
COMMAND_SECONDS = 120
EVENT_SECONDS = 60
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8",
               "HOME": "/root", "DEBIAN_FRONTEND": "noninteractive", "SYSTEMD_PAGER": "", "TZ": "UTC"}


class Failed(AssertionError):
    """A command in the container that did not end as it should, with the journal to read."""


def require_tree(tree: pathlib.Path) -> None:
    """The fixture that makes it has said why where it could not."""
    if not tree.is_dir():
        print(f"skipped: there is no {tree}; tests/systemd/system_tree makes it where containers can be made")
        sys.exit(SKIPPED)


class Container:
    """Boots `tree`, which stays as it is: what is changed goes to a tmpfs over it."""

    def __init__(self, tree: pathlib.Path, bound: typing.Sequence[pathlib.Path] = ()):
        self._folder = tempfile.TemporaryDirectory(prefix="lockstep-container-")
        # Two containers of one caller would share a control group.
        self._turn = open("/run/lock/lockstep-container", "w", encoding="ascii")
        fcntl.flock(self._turn, fcntl.LOCK_EX)
        self._console = pathlib.Path(self._folder.name, "console")
        try:
            self._boot(tree, bound)
        except BaseException:
            self.close()
            raise

    _process: typing.Optional[subprocess.Popen] = None
    _leader = 0

    def _boot(self, tree: pathlib.Path, bound: typing.Sequence[pathlib.Path]) -> None:
        address = str(pathlib.Path(self._folder.name, "notify"))
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified, open(self._console, "wb") as console:
            notified.bind(address)
            # It ends with us, however we end.
            command = ["setpriv", "--pdeathsig", "TERM", "systemd-nspawn", "--quiet", "--directory", str(tree),
                       "--volatile=overlay", "--boot", "--private-network", "--register=no", "--keep-unit",
                       "--machine=lockstep-test", "--notify-ready=yes", "--console=pipe"]
            command += [f"--bind-ro={path}:/mnt/{path.name}" for path in bound]
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=console, stderr=console,
                                             env={**os.environ, "NOTIFY_SOCKET": address})
            self._wait_until_booted(notified)

    def _wait_until_booted(self, notified: socket.socket) -> None:
        notified.settimeout(BOOT_SECONDS)
        try:
            while True:
                words = dict(line.split("=", 1) for line in notified.recv(65536).decode().splitlines() if "=" in line)
                self._leader = int(words.get("X_NSPAWN_LEADER_PID", self._leader))
                if words.get("READY") == "1":
                    return
        except TimeoutError:
            raise Failed("the container did not boot:\n" + self._console.read_text(errors="replace")) from None

    def run(self, *command: str, code: typing.Optional[int] = 0, stdin: str = "") -> str:
        """What the command prints. Failed when its exit code is another than `code`; None: any will do."""
        done = self.start(*command, stdin=stdin)
        if code is not None and done.returncode != code:
            raise Failed(f"'{' '.join(command)}' ended with {done.returncode}, not {code}:\n"
                         f"{done.stdout}\n{done.stderr}\n--- the journal\n{self.last_of_journal()}")
        return done.stdout + done.stderr

    def sh(self, script: str, code: typing.Optional[int] = 0, stdin: str = "") -> str:
        return self.run("sh", "-euc", script, code=code, stdin=stdin)

    def start(self, *command: str, stdin: str = "") -> subprocess.CompletedProcess:
        try:
            return subprocess.run(self.entered(*command), input=stdin, capture_output=True, text=True, check=False,
                                  timeout=COMMAND_SECONDS, env=ENVIRONMENT)
        except subprocess.TimeoutExpired:
            raise Failed(f"'{' '.join(command)}' did not end\n--- the journal\n{self.last_of_journal()}") from None

    def entered(self, *command: str) -> typing.List[str]:
        """The command line that runs a command in the container."""
        return ["nsenter", f"--target={self._leader}", "--all", "--wdns=/", *command]

    def write(self, path: str, text: str, mode: str = "0644", owner: str = "root") -> None:
        self.sh('mkdir -p "$(dirname "$0")"; install -m "$1" -o "$2" -g "$2" /dev/stdin "$0"'.replace("$0", path)
                .replace("$1", mode).replace("$2", owner), stdin=text)

    def show(self, unit: str, name: str) -> str:
        return self.run("systemctl", "show", "--value", "--property", name, unit).strip()

    def journal(self, *matches: str) -> typing.List[typing.Dict[str, str]]:
        """The entries that match, as journalctl -o json tells them, all that was logged until now included."""
        self.run("journalctl", "--sync")
        lines = self.run("journalctl", "--quiet", "--all", "--output=json", *matches, code=None).splitlines()
        return [json.loads(line) for line in lines]

    def last_of_journal(self) -> str:
        return self.start("journalctl", "--no-pager", "--lines=60").stdout

    def close(self) -> None:
        if self._process:
            self._process.terminate()  # as if its power button were pressed
            try:
                self._process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._turn.close()
        self._folder.cleanup()


class JournalReader:
    """Reads the journal as it is written, each entry once."""

    def __init__(self, machine: Container):
        self._machine = machine
        self._process = subprocess.Popen(
            machine.entered("journalctl", "--quiet", "--follow", "--lines=all", "--all", "--output=json"),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=ENVIRONMENT)
        self._rest = b""
        self._marks = 0

    def wait_for(self, **fields: str) -> typing.Dict[str, str]:
        """The next entry that has all of these; what comes before it has been read then."""
        deadline = time.monotonic() + EVENT_SECONDS
        while True:
            line = self._next_line(deadline)
            if line is None:
                raise Failed(f"{fields} never came:\n{self._machine.last_of_journal()}")
            entry = json.loads(line)
            if all(entry.get(name) == value for name, value in fields.items()):
                return entry

    def skip(self) -> None:
        """What was written until now."""
        self._marks += 1
        self._machine.sh(f"echo {self._marks} | systemd-cat --identifier=test-mark")
        self.wait_for(SYSLOG_IDENTIFIER="test-mark", MESSAGE=str(self._marks))

    def _next_line(self, deadline: float) -> typing.Optional[bytes]:
        while b"\n" not in self._rest:
            ready, _, _ = select.select([self._process.stdout], [], [], max(0, deadline - time.monotonic()))
            read = os.read(self._process.stdout.fileno(), 1 << 16) if ready else b""
            if not read:
                return None
            self._rest += read
        line, self._rest = self._rest.split(b"\n", 1)
        return line

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()


@contextlib.contextmanager
def booted(tree: pathlib.Path, package: pathlib.Path) -> typing.Iterator[Container]:
    """With the package in /mnt."""
    machine = Container(tree, [package])
    try:
        yield machine
    finally:
        machine.close()
