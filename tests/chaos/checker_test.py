#!/usr/bin/python3
"""That the judge finds nothing in a sound history, and each invariant what was doctored for it."""
import copy
import unittest

import checker
import report

METRICS = """lockstep_migrations_applied{target="default"} 3
lockstep_migrations_pending{target="default"} 0
lockstep_migrations_failed{target="default"} 0
lockstep_migrations_ahead{target="default"} 0
lockstep_migration_duration_seconds_count{result="applied",target="default"} 2
lockstep_migration_duration_seconds_count{result="rolled_back",target="default"} 1
"""
# (revision, change, present, xid, epoch): 0002 is rolled back and applied again; 0003 is not in a transaction.
CHANGES = [("0001", 1, True, 100, 1), ("0002", 1, True, 110, 1), ("0002", 2, False, 120, 2), ("0002", 3, True, 130, 2),
           ("0003", 1, True, 145, 3)]


def attempt(xid):
    return f"attempt-{xid}"


def history_row(sequence, revision, change, present, xid, epoch):
    return {
        "revision": revision, "change": change, "present": present, "kind": "applied", "sequence": sequence, "xid": xid,
        "attempt": attempt(xid), "run_id": f"run-{epoch}", "epoch": epoch, "pid": 7 if epoch == 1 else 8,
    }


def effect(revision, direction, part, xid, epoch):
    return {
        "revision": revision, "direction": direction, "part": part, "attempt": attempt(xid), "run_id": f"run-{epoch}",
        "epoch": epoch, "xid": xid, "snapshot": f"{xid}:{xid}:", "backend_pid": 1000 + epoch,
    }


def sound():
    """A history in which all is well."""
    effects = [
        effect(revision, "up" if present else "down", part, xid, epoch)
        for revision, _, present, xid, epoch in CHANGES if revision != "0003" for part in (1, 2, 3)
    ] + [effect("0003", "up", 1, 140, 3), effect("0003", "up", 2, 142, 3)]
    claims = [{"revision": "0001", "present": True}, {"revision": "0002", "present": True}]
    later = [{"revision": "0002", "present": False}, {"revision": "0002", "present": True},
             {"revision": "0003", "present": True}]
    process = {"what": "agent", "killed": False, "exit_code": 0, "doubts": [], "document": None, "runs": [], "metrics": None}
    return {
        "round": 1,
        "revisions": [
            {"revision": name, "transactional": name != "0003", "parts": 2 if name == "0003" else 3}
            for name in ("0001", "0002", "0003")
        ],
        "history": [history_row(at, *change) for at, change in enumerate(CHANGES, 1)],
        "attempts": [],
        "effects": effects,
        "ddl": [{"xid": 100, "tag": "CREATE TABLE", "object": "chaos.t_0001", "backend_pid": 1001}],
        "model": {"columns": ["id", "c_0002"], "tables": ["t_0001"], "indexes": ["ix_0003"]},
        "catalog": {"columns": ["c_0002", "id"], "tables": ["t_0001"], "indexes": ["ix_0003"], "invalid": []},
        "left_over": {"advisory_locks": [], "prepared": [], "idle_in_transaction": []},
        "wire": {
            "tries": [[attempt(xid), revision] for revision, _, _, xid, _ in CHANGES] + [[attempt(999), "0001"]],
            "acknowledged": [[attempt(100), "COMMIT"], [attempt(120), "COMMIT"], [attempt(999), "ROLLBACK"]],
            "doubts": [[attempt(130), "answer", 0], [attempt(999), "request", 0]],
            "carried": [attempt(130)],
        },
        "processes": [
            process | {"pid": 7, "claims": claims},
            process | {
                "pid": 8, "claims": later, "metrics": METRICS,
                "doubts": [{"revision": "0002", "settled": "applied"}],
                "runs": [{"state": "ended", "exit_code": 0, "document": {"state": "done"}}],
            },
            process | {"what": "command", "pid": 9, "claims": [], "exit_code": 75, "document": {"state": "busy"}},
        ],
        "faults": {"kill": 3}, "resumed": {"first": 1.0, "all": 2.0}, "longest_free": 1.0,
        "resources": [[30_000, 20]], "log_bytes": 1000, "bad_ends": [],
    }


# What is done to a sound history, and the invariant that has to find it.
DOCTORED = []


def doctored(name):
    def add(change):
        DOCTORED.append((name, change))
        return change

    return add


@doctored("I1")
def a_row_is_missing(told):
    del told["history"][4]


@doctored("I1")
def applied_out_of_order(told):
    told["history"][0]["sequence"], told["history"][1]["sequence"] = 2, 1


@doctored("I1")
def applied_twice(told):
    told["history"].append(history_row(6, "0003", 2, True, 150, 3))


@doctored("I2")
def an_effect_is_there_twice(told):
    told["effects"].append(dict(told["effects"][0]))


@doctored("I2")
def an_effect_is_missing(told):
    del told["effects"][1]


@doctored("I2")
def a_statement_ran_twice(told):
    told["effects"].append(effect("0003", "up", 2, 143, 3))


@doctored("I3")
def an_effect_without_a_row(told):
    told["effects"].append(effect("0001", "up", 1, 105, 1))


@doctored("I3")
def a_table_without_a_row(told):
    told["ddl"].append({"xid": 105, "tag": "CREATE TABLE", "object": "chaos.t_0009", "backend_pid": 1001})


@doctored("I4")
def it_did_not_see_the_one_before(told):
    for row in told["effects"]:
        if row["xid"] == 110:
            row["snapshot"] = "100:111:100"


@doctored("I5")
def two_were_under_way_at_once(told):
    for row in told["effects"]:
        if row["xid"] in (100, 110):
            row["snapshot"] = "100:111:100,110"


@doctored("I6")
def a_column_is_missing(told):
    told["catalog"]["columns"].remove("c_0002")


@doctored("I6")
def an_index_is_invalid(told):
    told["catalog"]["invalid"].append("ix_0003")


@doctored("I7")
def the_epoch_falls(told):
    told["history"][4]["epoch"] = 1
    told["history"][4]["run_id"] = "run-1"


@doctored("I7")
def one_run_in_two_backends(told):
    told["effects"][0]["backend_pid"] = 4711


@doctored("I8")
def a_lock_is_left(told):
    told["left_over"]["advisory_locks"].append("4711")


@doctored("I9")
def a_refused_file_left_an_effect(told):
    told["effects"].append(effect("hostile-0021", "up", 1, 100, 1))


@doctored("I9")
def a_refused_file_left_a_table(told):
    told["ddl"].append({"xid": 100, "tag": "CREATE TABLE", "object": "chaos.hostile_0021", "backend_pid": 1})


@doctored("I10")
def acknowledged_and_not_there(told):
    told["wire"]["acknowledged"].append(["attempt-500", "COMMIT"])


@doctored("I10")
def claimed_and_not_made(told):
    told["processes"][0]["claims"].append({"revision": "0003", "present": True})


@doctored("I11")
def a_doubt_settled_wrongly(told):
    told["processes"][1]["claims"].pop(1)


@doctored("I11")
def committed_without_a_commit(told):
    told["wire"]["doubts"].append([attempt(110), "request", 0])


@doctored("I11")
def answered_and_lost(told):
    told["wire"]["doubts"].append(["attempt-501", "answer", 0])


@doctored("I12")
def a_row_that_nobody_tried(told):
    del told["wire"]["tries"][2]


@doctored("I13")
def a_gauge_is_wrong(told):
    told["processes"][1]["metrics"] = told["processes"][1]["metrics"].replace('pending{target="default"} 0', 'pending{target="default"} 1')


@doctored("I13")
def a_counter_is_wrong(told):
    told["processes"][1]["metrics"] = told["processes"][1]["metrics"].replace('rolled_back",target="default"} 1', 'rolled_back",target="default"} 2')


@doctored("I14")
def the_exit_code_is_of_another_state(told):
    told["processes"][2]["exit_code"] = 0


@doctored("I14")
def an_answer_is_of_another_state(told):
    told["processes"][1]["runs"][0]["exit_code"] = 65


@doctored("I14")
def no_document(told):
    told["processes"][2]["document"] = None


@doctored("I14")
def an_agent_left_badly(told):
    told["bad_ends"].append(70)


@doctored("L1")
def progress_came_late(told):
    told["resumed"]["first"] = checker.LIMITS["resume"] + 1


@doctored("L1")
def progress_never_came(told):
    told["resumed"] = {"first": None, "all": None}


@doctored("L2")
def the_lock_was_free_for_long(told):
    told["longest_free"] = checker.LIMITS["free"] + 1


@doctored("L3")
def memory_grew(told):
    told["resources"].append([checker.LIMITS["resident_kb"] + 1, 20])


@doctored("L3")
def descriptors_grew(told):
    told["resources"].append([1, checker.LIMITS["descriptors"] + 1])


@doctored("L3")
def the_log_grew(told):
    told["log_bytes"] = 10**9


class CheckerTest(unittest.TestCase):
    def test_a_sound_history_has_no_violation(self):
        self.assertEqual(checker.violations(sound()), [])

    def test_what_was_doctored_is_found(self):
        for name, change in DOCTORED:
            with self.subTest(change.__name__):
                told = copy.deepcopy(sound())
                change(told)
                self.assertIn(name, {found for found, _ in checker.violations(told)})

    def test_every_invariant_has_been_seen_to_fail(self):
        every = {check.__name__ for check in checker.SAFETY + checker.LIVENESS}
        self.assertEqual({name for name, _ in DOCTORED}, every)

    def test_doubts_are_counted_by_their_outcome(self):
        self.assertEqual(checker.doubts(sound()), {"committed": 1, "not committed": 1, "carried": 1})

    def test_a_run_that_misses_its_numbers_is_invalid(self):
        total = report.Total(seed=1)
        total.add(sound(), [], 1.0)
        self.assertFalse(total.is_valid())
        self.assertTrue(any(text.startswith("doubtful commits: 2 of") for text in total.missing()))
        total.numbers.update({name: number for name, number in report.NEEDED.items()})
        self.assertTrue(total.is_valid())


class SnapshotTest(unittest.TestCase):
    def test_sees_what_had_ended(self):
        snapshot = checker.Snapshot("10:14:11,13")
        self.assertEqual([xid for xid in range(8, 16) if snapshot.sees(xid)], [8, 9, 10, 12])


if __name__ == "__main__":
    unittest.main()
