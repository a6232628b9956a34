# Faults: D19, D20, D21, D22.
"""Files that would break the promise are refused and leave no trace; so is a pooler that shares sessions."""
import contextlib
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

import programs
import workload
from chaos_server import Database, Server

import bench_program

POOL_MODES = {"session": 0, "transaction": 78, "statement": 78}  # what an upgrade through it ends with
PATIENCE_SECONDS = 60
# A setting that outlives its migration is told, and does not reach the next one.
STRAY = "-- description: stray\nset search_path = pg_temp;\n"
AFTER_STRAY = "create table lands_in_public ();\n"


class Case:
    """A database and a folder of its own; `failures` are the sentences about what went wrong."""

    def __init__(self, options, server, number, folder):
        self.folder = pathlib.Path(folder) / f"case-{number}"
        self.folder.mkdir()
        self.database = Database(server, f"hostile_{number}", rows=10)
        self.server, self.options = server, options
        self.migrations = workload.Folder(self.folder / "migrations", "plain")
        self.failures = []

    def upgrade(self, url=None):
        """(exit code, document)"""
        command = [self.options.lockstep, "--dir", str(self.migrations.path), "--output", "json", "upgrade"]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LOCKSTEP_")}
        done = subprocess.run(
            command, env=environment | {"DATABASE_URL": url or self.server.url(self.database.name)},
            capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False,
        )
        return done.returncode, json.loads(done.stdout)

    def expect(self, what, got, wanted):
        if got != wanted:
            self.failures.append(f"{what}: {got}, not {wanted}")

    def history(self):
        return self.database.value("select string_agg(revision, ' ' order by sequence) from lockstep.history")

    def expect_no_trace(self, what):
        traces = self.database.value(
            "select (select count(*) from chaos.effects where revision like 'hostile%')"
            " + (select count(*) from chaos.ddl where object like '%hostile%')"
            " + (select count(*) from pg_locks where locktype = 'advisory')"
            " + (select count(*) from pg_prepared_xacts)"
        )
        self.expect(f"{what}: traces", traces, "0")


def hostile_file(case, name, statement, sqlstate):
    """The revision before it is there already; the file is refused, and mended it is applied."""
    case.migrations.add()
    case.expect(f"{name}: before", case.upgrade()[0], 0)
    case.migrations.add(hostile=name)
    code, document = case.upgrade()
    case.expect(f"{name}: exit", code, 65)
    case.expect(f"{name}: state", document.get("state"), "failed" if sqlstate else "invalid")
    if sqlstate:
        case.expect(f"{name}: SQLSTATE", (document.get("error") or {}).get("sqlstate"), sqlstate)
    case.expect(f"{name}: history", case.history(), "0001")
    case.expect_no_trace(name)
    case.migrations.mend()
    case.expect(f"{name}: mended", case.upgrade()[0], 0)
    case.expect(f"{name}: history in the end", case.history(), "0001 0002")


def stray_setting(case):
    for name, body in (("0001_stray", STRAY), ("0002_after", AFTER_STRAY)):
        (case.migrations.path / f"{name}.up.sql").write_text(body, encoding="utf-8")
        (case.migrations.path / f"{name}.down.sql").write_text("select 1;\n", encoding="utf-8")
    code, document = case.upgrade()
    case.expect("stray setting: exit", code, 0)
    case.expect("stray setting: told", [each["code"] for each in document["diagnostics"]], ["session-setting"])
    case.expect("stray setting: where the next one is", case.database.value(
        "select relnamespace::regnamespace from pg_class where relname = 'lands_in_public'"), "public")


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@contextlib.contextmanager
def pooler(server, folder, mode, database):
    """A PgBouncer in front of the server, as the server's own user; its URL."""
    port, pool = free_port(), folder / mode
    pool.mkdir()
    (pool / "ini").write_text(
        f"[databases]\n{database} = host={server.directory} port=54321 user=postgres\n[pgbouncer]\n"
        f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\npool_mode = {mode}\n"
        "ignore_startup_parameters = extra_float_digits\n", encoding="utf-8")
    command = ["pgbouncer", "-q", str(pool / "ini")]
    if server.user:
        for path in (folder, pool):
            path.chmod(0o755)
        ids = [f"--reuid={server.user.pw_uid}", f"--regid={server.user.pw_gid}", "--clear-groups"]
        command = ["setpriv", "--pdeathsig", "KILL", *ids, *command]
    with open(pool / "log", "w", encoding="utf-8") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        wait_for_port(port, process)
        yield f"postgresql://postgres@127.0.0.1:{port}/{database}"
    finally:
        process.kill()
        process.wait()


def wait_for_port(port, process):
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise OSError("PgBouncer did not start")


def through_a_pooler(case, mode, code):
    """A command is refused or not; and an agent that is refused says so, and changes nothing."""
    case.migrations.add()
    with pooler(case.server, case.folder, mode, case.database.name) as url:
        if code:
            agent = programs.Replica(0, case.options.lockstepd, case.folder / "agent", url, case.migrations.path, {})
            agent.start()
            case.expect(f"{mode}: the agent says so", waits_for(lambda: "pooler" in log_of(agent)), True)
            case.expect(f"{mode}: the agent ends", agent.leave(), 0)
        case.expect(f"{mode}: exit", case.upgrade(url)[0], code)
    installed = case.database.value("select to_regclass('lockstep.history') is not null")
    case.expect(f"{mode}: anything there", installed, "f" if code else "t")
    case.expect_no_trace(mode)


def log_of(agent):
    return agent.agent.messages.read_text(encoding="utf-8")


def waits_for(holds):
    until = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def cases():
    """(name, what is to be done with a Case)"""
    for name, statement, sqlstate in workload.HOSTILE:
        yield f"file {name}", lambda case, all_of=(name, statement, sqlstate): hostile_file(case, *all_of)
    yield "stray setting", stray_setting
    for mode, code in POOL_MODES.items():
        yield f"pooler {mode}", lambda case, all_of=(mode, code): through_a_pooler(case, *all_of)


def run(options):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="lockstep-chaos-"))
    failures = 0
    try:
        folder.chmod(0o755)
        with bench_program.stopping(Server(options.postgres)) as server:
            for number, (name, act) in enumerate(cases(), 1):
                case = Case(options, server, number, folder)
                act(case)
                print(f"{name:26}{'; '.join(case.failures) or 'ok'}", flush=True)
                failures += bool(case.failures)
    finally:
        shutil.rmtree(folder)
    return 1 if failures else 0
