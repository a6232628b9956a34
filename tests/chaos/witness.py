"""What the database, the wire and the programs can tell of a round, as one document that the checker reads."""
import json
import re

CLAIM = re.compile(r"^(applied|rolled back) (\S+)")

TABLES = {
    "history": "select revision, change, present, kind, sequence, attempt, run_id, epoch, xid, pid from lockstep.history"
    " order by sequence",
    "attempts": "select attempt, revision, direction, outcome, sqlstate, epoch, pid from lockstep.attempts order by sequence",
    "effects": "select revision, direction, part, attempt, run_id, epoch, xid, snapshot, backend_pid from chaos.effects",
    "ddl": "select xid, tag, object, backend_pid from chaos.ddl",
}
CATALOG = {
    "columns": "select attname from pg_attribute where attrelid = 'chaos.shared'::regclass and attnum > 0 and not"
    " attisdropped order by 1",
    "tables": "select relname from pg_class where relnamespace = 'chaos'::regnamespace and relkind = 'r' and"
    " relname not in ('effects', 'ddl', 'shared', 'big', 'lease') order by 1",
    "indexes": "select c.relname from pg_index i join pg_class c on c.oid = indexrelid where indrelid ="
    " 'chaos.big'::regclass order by 1",
    "invalid": "select c.relname from pg_index i join pg_class c on c.oid = indexrelid where not indisvalid",
}
# What must not be there once all is quiet.
LEFT_OVER = {
    "advisory_locks": "select pid::text from pg_locks where locktype = 'advisory'",
    "prepared": "select gid from pg_prepared_xacts",
    "idle_in_transaction": "select pid::text from pg_stat_activity where state like 'idle in transaction%'",
}


def rows(database, sql):
    found = database.value(f"select coalesce(json_agg(r), '[]') from ({sql}) r")
    return json.loads(found)


def of_database(database):
    told = {name: rows(database, sql) for name, sql in TABLES.items()}
    for name in ("history", "effects", "ddl"):
        for row in told[name]:
            row["xid"] = int(row["xid"])
    told["catalog"] = {name: database.value(sql).split() for name, sql in CATALOG.items()}
    return told


def left_over(database):
    return {name: database.value(sql).split() for name, sql in LEFT_OVER.items()}


def of_revision(each):
    return {
        "revision": each.name, "transactional": each.transactional, "parts": each.parts,
        "hostile": each.hostile, "fails": each.fails,
    }


def _log_lines(path):
    """A process that was killed may have left half a line."""
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            continue


def _claim(message):
    said = CLAIM.match(message)
    return {"revision": said[2], "present": said[1] == "applied"} if said else None


IN_DOUBT = "while the transaction was committed"


def of_agent(process):
    """What it claims in its log, and how it settled its doubts."""
    claims, doubts, begun = [], [], {}
    open_doubt = {}
    for line in _log_lines(process.messages):
        event, run = line.get("event"), line.get("run_id")
        if event == "migration_begun":
            settle(doubts, open_doubt, run, "again", line["revision"])
            begun[run] = line["revision"]
        elif event == "migration_applied":
            claim = _claim(line["msg"])
            settle(doubts, open_doubt, run, "applied", claim["revision"])
            claims.append(claim)
        elif event == "connection_lost" and IN_DOUBT in line["msg"]:
            open_doubt[run] = {"revision": begun.get(run), "settled": None}
            doubts.append(open_doubt[run])
        elif event in ("run_ended", "run_failed"):
            open_doubt.pop(run, None)
    return claims, doubts


def settle(doubts, open_doubt, run, how, revision):
    doubt = open_doubt.get(run)
    if doubt and doubt["revision"] == revision:
        doubt["settled"] = how
        del open_doubt[run]


def of_process(process, what):
    told = {
        "pid": process.pid, "what": what, "killed": process.killed, "exit_code": process.child.poll(),
        "claims": [], "doubts": [], "document": None, "runs": [], "metrics": None,
    }
    if what == "agent":
        told["claims"], told["doubts"] = of_agent(process)
    else:
        told["document"] = document_in(process)
        told["claims"] = claims_of(told["document"])
    return told


def document_in(process):
    try:
        return json.loads(process.output.read_text(encoding="utf-8"))
    except ValueError:
        return None


def claims_of(document):
    found = []
    for key, present in (("applied", True), ("rolled_back", False)):
        for step in (document or {}).get(key, []):
            found.append({"revision": step["revision"], "present": present})
    return found
