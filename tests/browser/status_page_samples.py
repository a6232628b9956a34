"""Sample documents for the status page: what /api/v1/status and /api/v1/history answer in each state."""
import copy

NOW = "2026-11-22T18:20:38Z"


def migration(revision, description, parents, state="applied", **more):
    applied = state in ("applied", "changed", "ahead", "missing")
    return {
        "revision": revision,
        "parents": parents,
        "description": description,
        "state": state,
        "applied_at": "2026-11-21T08:16:50Z" if applied else None,
        "duration_seconds": 0.35 if applied else None,
        "lock_wait_seconds": 0.0 if applied else None,
        "attempts": 1 if applied else None,
        "checksum": "9f86d081",
        "kind": "applied" if applied else None,
        "applied_by": {"role": "app", "host": "web-1", "pid": 812, "version": "0.1.0"} if applied else None,
        "backup_path": None,
        "file": f"migrations/{revision}_x.up.sql",
        "down_file": f"migrations/{revision}_x.down.sql",
        "transactional": True,
        "irreversible": None,
        "is_head": False,
        "is_current": False,
        "is_branch_point": False,
        "is_merge": False,
        "failure": None,
    } | more


def line(pending_from=5, **states):
    """A line of seven revisions, the first of them applied; states by revision."""
    told = [
        ("0001", "create users"),
        ("0002", "create orders and their items"),
        ("0003", "add user role field"),
        ("0004", "index orders by customer"),
        ("0005", "add deployments table with indexes"),
        ("0006", "split the address into its parts"),
        ("0007", "drop the old address column"),
    ]
    rows = []
    for number, (revision, description) in enumerate(told, start=1):
        state = states.get("r" + revision, "applied" if number < pending_from else "pending")
        parents = [told[number - 2][0]] if number > 1 else []
        rows.append(migration(revision, description, parents, state))
    rows[3] |= {"transactional": False, "duration_seconds": 754.2, "lock_wait_seconds": 1.2, "attempts": 3}
    rows[6] |= {"irreversible": "the old column's data is gone", "is_head": True}
    rows[pending_from - 2]["is_current"] = True
    return {"migrations": rows, "range": None, "revisions": [], "heads": ["0007"]}


def status(state="at_head", **more):
    return {
        "command": "status",
        "schema_version": 1,
        "target": "postgresql://app@db:5432/shop",
        "message": "the database is at head",
        "next": None,
        "diagnostics": [],
        "state": state,
        "revisions": ["0007"],
        "heads": ["0007"],
        "pending": 0,
        "pending_revisions": [],
        "ahead": [],
        "agent": None,
        "run": None,
        "lock": {"held": False, "holder": None},
        "blockers": [],
        "victims": [],
        "last_error": None,
        "last_change": {"revision": "0007", "kind": "applied", "applied_at": "2026-11-21T08:16:50Z"},
        "bookkeeping": {"schema": "lockstep", "format": 1, "newest_format": 1},
        "alembic": None,
        "server": {"version": "15.18", "database": "shop", "user": "app", "in_recovery": False,
                   "read_only": False, "through_pooler": False, "sees_all_activity": True,
                   "verified": True, "tls": "verify-full"},
    } | more


def target(name="shop", **more):
    return {
        "name": name,
        "database": f"postgresql://app@db:5432/{name}",
        "doing": "up to date; looks again in 8 s",
        "paused": False,
        "reachable": True,
        "problem": None,
        "ready": True,
        "reason": "every migration is applied",
        "as_of": "2026-11-22T18:20:36Z",
        "age_seconds": 2.1,
        "status": status(),
        "run": None,
        "runs": [],
    } | more


def run(state="ended", **more):
    return {
        "id": "0d9f7a3e-51c7-4b86-9f0e-2b3a1f6f9a10",
        "target": "shop",
        "command": "upgrade",
        "goal": "head",
        "source": "folder",
        "caller": None,
        "state": state,
        "stopping": False,
        "created_at": "2026-11-22T18:17:16Z",
        "started_at": "2026-11-22T18:17:18Z",
        "ended_at": None,
        "progress": None,
        "exit_code": None,
        "document": None,
    } | more


def ended(number, state, message, exit_code=0, **document):
    return run(
        id=f"0d9f7a3e-51c7-4b86-9f0e-2b3a1f6f9a{number}",
        ended_at="2026-11-22T18:17:44Z",
        exit_code=exit_code,
        document={"command": "upgrade", "state": state, "message": message, "next": None, "applied": [],
                  "rolled_back": [], "not_run": [], "busy_holder": None, "backup": None, "error": None,
                  "diagnostics": []} | document,
    )


def failure(outcome="failed", **more):
    return {
        "revision": "0005",
        "direction": "up",
        "outcome": outcome,
        "finished_at": "2026-11-22T18:17:44Z",
        "duration_seconds": 1.8,
        "lock_wait_seconds": 0.2,
        "attempts": 2,
        "sqlstate": "42703",
        "message": "column \"nope\" does not exist",
        "detail": None,
        "hint": "Perhaps you meant to reference the column \"deployments.note\".",
        "file": "migrations/0005_add_deployments.up.sql",
        "line": 12,
        "column": 8,
        "host": "web-1",
        "pid": 4711,
        "version": "0.1.0",
        "blockers": [],
    } | more


BLOCKER_TEXT = ("pid 3017 (psql), user report, client 10.0.4.9, idle in a transaction for 6 min 12 s, "
                "holds ACCESS SHARE on public.orders; its last statement: select * from orders")


def session(pid=3017, text=BLOCKER_TEXT, **more):
    return {
        "pid": pid, "gid": None, "of": 4720, "revision": "0005", "kind": "idle_in_transaction",
        "user": "report", "application_name": "psql", "client_address": "10.0.4.9",
        "state": "idle in transaction", "transaction_seconds": 372.4, "wait_seconds": None,
        "mode": "ACCESS SHARE", "queued": False, "relation": "public.orders", "lock_type": "relation",
        "query": "select * from orders where customer = 42", "text": text,
    } | more


def document(*targets, **agent):
    return {
        "agent": {
            "version": "0.1.0", "pid": 4711, "host": "web-1", "started_at": "2026-11-22T15:18:18Z",
            "uptime_seconds": 10940.3, "ready": True, "reason": "every migration is applied",
            "config": "/etc/lockstep/lockstep.toml", "config_problem": None, "log_level": "info",
        } | agent,
        "targets": list(targets),
    }


DONE = ended(11, "done", "7 migrations applied",
             applied=[{"revision": r} for r in ("0006", "0007")], backup={"path": "/var/backups/shop-1.dump"})


def up_to_date():
    return {"status": document(target(runs=[DONE])), "histories": [line(8)]}


def running(fraction=0.42, step=1):
    progress = {
        "leader": True, "holder": None, "step": step, "steps": 2, "revision": f"000{5 + step}",
        "description": "split the address into its parts", "statement": "CREATE INDEX",
        "phase": "building index: scanning table", "fraction": fraction, "blockers": [BLOCKER_TEXT],
        "step_began_at": "2026-11-22T18:19:58Z",
    }
    seen = status("pending", message="2 migrations are pending", next="lockstep upgrade", revisions=["0005"],
                  pending=2, pending_revisions=["0006", "0007"], blockers=[session(revision="0006")],
                  victims=[session(3391, "pid 3391 (web), waits 0.3 s for SHARE on public.orders", kind="active", revision=None,
                                   transaction_seconds=0.4, wait_seconds=0.3, mode="SHARE", queued=True,
                                   query="update orders set paid = true where id = 7")],
                  lock={"held": True, "holder": {"text": "pid 4720 (lockstep/upgrade/0006)"}},
                  run={"revision": "0006", "application_name": "lockstep/upgrade/0006", "pid": 4720,
                       "running_seconds": 40.1})
    told = target(status=seen, doing="applies migrations", ready=False,
                  reason="migrations are being applied: 0006, 0007", run=run("running", progress=progress),
                  runs=[DONE])
    return {"status": document(told, ready=False, reason=told["reason"]), "histories": [line(6, r0006="started")]}


def failed():
    why = failure()
    ran = ended(12, "failed", "revision \"0005\" failed; its own changes were undone, and the migrations before "
                "it stay: put right what the error says, then run the command again", 65,
                applied=[{"revision": "0004"}], not_run=["0006", "0007"], next="lockstep upgrade",
                error=why | {"source_line": "  select nope from deployments;", "statement": "SELECT"})
    seen = status("failed", message="revision \"0005\" failed; put right what the error says, then upgrade again",
                  next="lockstep upgrade", revisions=["0004"], pending=3,
                  pending_revisions=["0005", "0006", "0007"], last_error=why)
    told = target(status=seen, doing="waits for a change; revision \"0005\" failed", ready=False,
                  reason="revision \"0005\" failed, or awaits resolution", runs=[ran, DONE])
    history = line(5, r0005="failed")
    history["migrations"][4]["failure"] = why
    return {"status": document(told, ready=False, reason=told["reason"]), "histories": [history]}


def deferred():
    why = failure("deferred", sqlstate="55P03", message="canceling statement due to lock timeout", hint=None,
                  attempts=9, lock_wait_seconds=41.0, blockers=[BLOCKER_TEXT])
    seen = status("deferred", message="revision \"0005\" was deferred: its table lock was not free in time",
                  next="lockstep upgrade", revisions=["0004"], pending=3,
                  pending_revisions=["0005", "0006", "0007"], last_error=why, blockers=[session()])
    told = target(status=seen, doing="tries the deferred migration again in 4 min 12 s", ready=False, reason="migrations are pending: 0005, 0006, 0007",
                  runs=[ended(13, "deferred", "a table lock could not be had in time; the migration was deferred "
                              "and changed nothing", 75, error=why)])
    return {"status": document(told, ready=False, reason=told["reason"]), "histories": [line(5, r0005="deferred")]}


def unreached():
    told = target(status=None, reachable=False, as_of=None, age_seconds=None, ready=False,
                  problem="connection to server at \"db\" (10.0.4.2), port 5432 failed: Connection refused",
                  reason="connection refused", doing="the database is away; looks again in 12 s")
    return {"status": document(told, ready=False, reason="the database was not reached yet"), "histories": [None]}


def several():
    """Many targets, one in each state, among them a long history."""
    shop = up_to_date()
    many = [migration(f"{n:04}", f"change number {n}", [f"{n - 1:04}"] if n > 1 else []) for n in range(1, 313)]
    many[17]["state"] = "changed"
    many[-1] |= {"is_head": True, "is_current": True}
    diagnostic = {"severity": "error", "code": "duplicate-revision", "file": "migrations/0009_b.up.sql", "line": 1,
                  "column": 14, "message": "revision \"0009\" is also that of \"migrations/0009_a.up.sql\"",
                  "hint": "give one of them another revision", "source_line": "-- revision: 0009"}
    waiting = run("waiting", progress={"leader": False, "holder": "pid 977 (lockstep/upgrade/0006), client 10.0.4.3",
                                       "step": 0, "steps": 0, "revision": None, "description": None,
                                       "statement": None, "phase": None, "fraction": None, "blockers": [],
                                       "step_began_at": None})
    targets = [
        shop["status"]["targets"][0],
        target("billing", status=status(message="the database is at head"), paused=True,
               doing="paused; what is pending waits"),
        target("stock", problem="the folder's files have errors", ready=False,
               status=status("pending", diagnostics=[diagnostic], message="1 migration is pending", pending=1)),
        target("mail", run=waiting, doing="waits for the migration lock",
               status=status("pending", message="2 migrations are pending", pending=2)),
        unreached()["status"]["targets"][0] | {"name": "reports", "database": "postgresql://app@db:5432/reports"},
        failed()["status"]["targets"][0] | {"name": "crm: eu/1"},
    ]
    histories = [shop["histories"][0], {"migrations": many}, line(7), line(6), None, failed()["histories"][0]]
    return {"status": document(*targets, ready=False, reason="stock: the folder's files have errors",
                               config_problem="line 4: unknown key \"intervall\"; did you mean \"interval\"?"),
            "histories": histories}


ALL = {f.__name__: f for f in (up_to_date, running, failed, deferred, unreached, several)}


def sample(name):
    return copy.deepcopy(ALL[name]())
