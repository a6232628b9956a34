"""The judge: from what the witnesses of a round tell to the violations. Knows nothing of the product.

Each invariant is a function with its id as its name; it yields a sentence for each violation. `Told` holds what
they share."""
import collections
import re

EXIT_CODES = {
    "done": {0}, "nothing_to_do": {0}, "invalid": {65}, "failed": {65, 1}, "unknown": {65},
    "deferred": {75}, "stopped": {75}, "busy": {75},
}
ERROR_CODES = {
    "usage": 2, "unreachable": 69, "connection_lost": 69, "in_doubt": 69, "internal": 70, "file_write": 73,
    "file_read": 74, "busy": 75, "stopped": 75, "fenced": 75, "permission": 77, "bad_settings": 78, "pooler": 78,
    "standby": 78, "read_only": 78, "newer_format": 78, "sql": 1, "subprocess": 1,
}


class Snapshot:
    """As pg_current_snapshot() prints it: xmin:xmax:xip,xip."""

    def __init__(self, text):
        low, high, under_way = text.split(":")
        self.low, self.high = int(low), int(high)
        self.under_way = {int(xid) for xid in under_way.split(",") if xid}

    def sees(self, xid):
        return xid < self.low or (xid < self.high and xid not in self.under_way)


class Told:
    """What a round's witnesses told."""

    def __init__(self, told):
        self.told = told
        self.history = sorted(told["history"], key=lambda row: row["sequence"])
        self.revisions = {each["revision"]: each for each in told["revisions"]}
        self.order = [each["revision"] for each in told["revisions"]]
        self.effects = [row for row in told["effects"] if not row["revision"].startswith("hostile")]
        self.rows_of = collections.defaultdict(list)
        for row in self.history:
            self.rows_of[row["revision"]].append(row)
        self.by_attempt = {row["attempt"]: row for row in self.history}
        self.xids = {row["xid"] for row in self.history}

    def transactional(self, revision):
        return self.revisions.get(revision, {"transactional": True})["transactional"]

    def committed(self, pid, revision, present):
        """How often that process brought it about."""
        return sum(row["pid"] == pid and row["present"] == present for row in self.rows_of[revision])


def direction_of(row):
    return "up" if row["present"] else "down"


def I1(told):
    """One history row for each change of each revision, no gap: what is applied is always a beginning of the chain."""
    applied = []
    for row in told.history:
        if row["present"]:
            expected = told.order[len(applied)] if len(applied) < len(told.order) else "nothing more"
            if row["revision"] != expected:
                yield f"{row['revision']} was applied where {expected} was next"
            applied.append(row["revision"])
        elif not applied or applied.pop() != row["revision"]:
            yield f"{row['revision']} was rolled back and was not the newest"
    for revision in told.order[len(applied):]:
        yield f"{revision} is not applied in the end"
    for revision, rows in told.rows_of.items():
        if [row["change"] for row in rows] != list(range(1, len(rows) + 1)):
            yield f"the changes of {revision} are {[row['change'] for row in rows]}"


def I2(told):
    """Every change has exactly its effects; of a transaction all are of the attempt that the history names."""
    found = collections.Counter()
    for row in told.effects:
        xid = row["xid"] if told.transactional(row["revision"]) else None
        found[row["revision"], row["direction"], row["part"], xid] += 1
    for revision, rows in told.rows_of.items():
        parts = told.revisions[revision]["parts"] if revision in told.revisions else 0
        for row in rows:
            for part in range(1, parts + 1):
                if told.transactional(revision):
                    count, wanted = found[revision, direction_of(row), part, row["xid"]], 1
                else:
                    count = found[revision, direction_of(row), part, None]
                    wanted = sum(other["present"] == row["present"] for other in rows)
                if count != wanted:
                    yield f"{revision} {direction_of(row)}: part {part} is there {count} times, not {wanted}"


def I3(told):
    """No effect without its history row."""
    for row in told.effects:
        rows = told.rows_of[row["revision"]]
        if told.transactional(row["revision"]) and row["xid"] not in told.xids:
            yield f"{row['revision']} {row['direction']}: an effect of transaction {row['xid']}, which has no row"
        elif not any(direction_of(each) == row["direction"] for each in rows):
            yield f"{row['revision']} {row['direction']}: an effect, and no row"
    for row in told.told["ddl"]:
        if not row["object"].startswith("chaos.ix_") and row["xid"] not in told.xids:
            yield f"{row['tag']} of {row['object']} in transaction {row['xid']}, which has no row"


def I4(told):
    """Order by visibility: each change saw the one before it."""
    snapshots = collections.defaultdict(list)
    for row in told.effects:
        snapshots[row["revision"], row["direction"]].append((row["xid"], Snapshot(row["snapshot"])))
    for before, row in zip(told.history, told.history[1:]):
        for xid, snapshot in snapshots[row["revision"], direction_of(row)]:
            if told.transactional(row["revision"]) and xid == row["xid"] and not snapshot.sees(before["xid"]):
                yield f"{row['revision']} did not see {before['revision']}, which the history has before it"


def I5(told):
    """No overlap: of two committed transactions one saw the other."""
    first = {}
    for row in told.effects:
        snapshot = Snapshot(row["snapshot"])
        if row["xid"] not in first or snapshot.high < first[row["xid"]][1].high:
            first[row["xid"]] = (row["revision"], snapshot)
    ordered = sorted(first.items())
    for at, (xid, (revision, snapshot)) in enumerate(ordered):
        for other, (name, later) in ordered[at + 1:]:
            if not later.sees(xid) and not snapshot.sees(other):
                yield f"{revision} (transaction {xid}) and {name} (transaction {other}) were under way at once"


def I6(told):
    """The catalog equals the model, and every index is valid."""
    catalog, model = told.told["catalog"], told.told["model"]
    for name in ("columns", "tables", "indexes"):
        if sorted(catalog[name]) != sorted(model[name]):
            odd = sorted(set(catalog[name]) ^ set(model[name]))
            yield f"{name}: {odd} are there and should not be, or the other way round"
    for index in catalog["invalid"]:
        yield f"index {index} is INVALID"


def I7(told):
    """The epoch never falls; an epoch belongs to one run, and a run to one backend."""
    for before, row in zip(told.history, told.history[1:]):
        if row["epoch"] < before["epoch"]:
            yield f"epoch {row['epoch']} of {row['revision']} comes after {before['epoch']} of {before['revision']}"
    runs, backends = collections.defaultdict(set), collections.defaultdict(set)
    for row in told.history:
        runs[row["epoch"]].add(row["run_id"])
    for row in told.effects:
        backends[row["epoch"], row["run_id"]].add(row["backend_pid"])
    for epoch, found in runs.items():
        if len(found) > 1:
            yield f"epoch {epoch} has {len(found)} runs"
    for (epoch, _), found in backends.items():
        if len(found) > 1:
            yield f"the run of epoch {epoch} worked in the backends {sorted(found)}"


def I8(told):
    """After quiet: no advisory lock, no prepared transaction, no session idle in a transaction."""
    for what, found in told.told["left_over"].items():
        if found:
            yield f"{what}: {', '.join(found)}"


def I9(told):
    """What was refused left no trace."""
    for row in told.told["effects"]:
        if row["revision"].startswith("hostile"):
            yield f"an effect of {row['revision']}"
    for row in told.told["ddl"]:
        if "hostile" in row["object"]:
            yield f"{row['tag']} of {row['object']}"


def I10(told):
    """What was acknowledged is in the history, by that attempt; what a program claims, it brought about."""
    for attempt, tag in told.told["wire"]["acknowledged"]:
        if tag == "COMMIT" and attempt not in told.by_attempt:
            yield f"attempt {attempt} was answered with COMMIT and is not in the history"
    for process in told.told["processes"]:
        for (revision, present), count in claims_of(process).items():
            there = told.committed(process["pid"], revision, present)
            if count > there:
                yield f"pid {process['pid']} claims {count} changes of {revision} and has made {there}"


def claims_of(process):
    return collections.Counter((claim["revision"], claim["present"]) for claim in process["claims"])


def I11(told):
    """Every doubt that a program has settled is the truth."""
    for process in told.told["processes"]:
        claims = claims_of(process)
        for doubt in process["doubts"]:
            if not doubt["settled"] or process["killed"]:
                continue
            for present in (True, False):
                claimed = claims[doubt["revision"], present]
                there = told.committed(process["pid"], doubt["revision"], present)
                if claimed != there and not unsettled(process, doubt["revision"]):
                    yield f"pid {process['pid']} settled {doubt['revision']} as {claimed} changes, and there are {there}"
    for attempt, lost, _ in told.told["wire"]["doubts"]:
        if lost in ("request", "refusal") and attempt in told.by_attempt:
            yield f"attempt {attempt} was not committed (its {lost} was dropped), and it is in the history"
        if lost == "answer" and attempt not in told.by_attempt:
            yield f"the COMMIT of attempt {attempt} was answered by the server, and it is not in the history"


def unsettled(process, revision):
    """A run that broke off in doubt claims nothing; the next one finds out."""
    return any(doubt["revision"] == revision and not doubt["settled"] for doubt in process["doubts"])


def I12(told):
    """Every history row was tried: the wire has seen its transaction."""
    tried = {tuple(each) for each in told.told["wire"]["tries"]}
    for row in told.history:
        if (row["attempt"], row["revision"]) not in tried:
            yield f"{row['revision']} by attempt {row['attempt']}, which no program has sent"


COUNTED = re.compile(r'^lockstep_migration_duration_seconds_count\{(?=[^}]*result="(applied|rolled_back)")[^}]*\} (\d+)', re.M)
GAUGE = re.compile(r"^lockstep_migrations_(applied|pending|failed|ahead)\{[^}]*\} (\d+)", re.M)


def I13(told):
    """The metrics equal the history."""
    for process in told.told["processes"]:
        if process["metrics"] is None:
            continue
        gauges = {name: int(value) for name, value in GAUGE.findall(process["metrics"])}
        wanted = {"applied": len(told.order), "pending": 0, "failed": 0, "ahead": 0}
        if gauges != wanted:
            yield f"pid {process['pid']} shows {gauges}, not {wanted}"
        for result, value in COUNTED.findall(process["metrics"]):
            claimed = sum(claim["present"] == (result == "applied") for claim in process["claims"])
            if int(value) != claimed:
                yield f"pid {process['pid']} counts {value} {result} and has logged {claimed}"


def I14(told):
    """Exit codes, documents and answers agree."""
    for process in told.told["processes"]:
        if process["what"] == "command" and not process["killed"]:
            yield from odd_answer(process["pid"], process["document"], process["exit_code"])
        for run in process["runs"]:
            if run and run["state"] == "ended":
                yield from odd_answer(process["pid"], run["document"], run["exit_code"])
    for code in told.told["bad_ends"]:
        yield f"an agent ended with {code}; nobody had killed it"


def odd_answer(pid, document, code):
    if document is None:
        yield f"pid {pid} ended with {code} and without a document"
    elif "state" in document:
        if code not in EXIT_CODES.get(document["state"], set()):
            yield f"pid {pid} ended with {code} in state {document['state']}"
    elif code != ERROR_CODES.get((document.get("error") or {}).get("code"), 65):
        yield f"pid {pid} ended with {code} and the error {document.get('error')}"


def L1(told, limits):
    """Progress resumes once the faults have ended."""
    resumed = told.told["resumed"]
    if resumed["all"] is None:
        yield "not everything was applied after the last fault"
    elif resumed["first"] > limits["resume"]:
        yield f"the first revision after the last fault came after {resumed['first']:.1f} s"


def L2(told, limits):
    """The lock is never free and unused for long while there is something to do."""
    if told.told["longest_free"] > limits["free"]:
        yield f"the migration lock was free for {told.told['longest_free']:.1f} s"


def L3(told, limits):
    """Memory, descriptors and logs are bounded."""
    for resident, descriptors in told.told["resources"]:
        if resident > limits["resident_kb"] or descriptors > limits["descriptors"]:
            yield f"an agent had {resident} kB and {descriptors} descriptors"
    events = len(told.history) + sum(told.told["faults"].values()) + 100
    if told.told["log_bytes"] > limits["log_bytes"] * events:
        yield f"the logs have {told.told['log_bytes']} bytes for {events} changes and faults"


SAFETY = [I1, I2, I3, I4, I5, I6, I7, I8, I9, I10, I11, I12, I13, I14]
LIVENESS = [L1, L2, L3]
LIMITS = {"resume": 10.0, "free": 10.0, "resident_kb": 300_000, "descriptors": 100, "log_bytes": 20_000}


def violations(told, slack=1.0):
    """[(id, sentence)]; `slack`: how much slower the machine may be, and how much larger the programs
    are by what a sanitizer puts into them."""
    seen, limits = Told(told), dict(LIMITS)
    for name in ("resume", "free", "resident_kb"):
        limits[name] *= slack
    found = [(check.__name__, text) for check in SAFETY for text in check(seen)]
    return found + [(check.__name__, text) for check in LIVENESS for text in check(seen, limits)]


def doubts(told):
    """{"committed": n, "not committed": n} of all commits that were left without an answer; "carried": those of
    them that travelled with the next migration's work."""
    there, carried = {row["attempt"] for row in told["history"]}, set(told["wire"]["carried"])
    left = {attempt for attempt, _, _ in told["wire"]["doubts"]}
    committed = len(left & there)
    return {"committed": committed, "not committed": len(left) - committed, "carried": len(left & carried)}


def changes_of_leader(told):
    """How often a change of the database was made by another process, or another run, than the one before it."""
    history = sorted(told["history"], key=lambda row: row["sequence"])
    pairs = list(zip(history, history[1:]))
    return {
        "runs": sum(before["run_id"] != row["run_id"] for before, row in pairs),
        "processes": sum(before["pid"] != row["pid"] for before, row in pairs),
    }
