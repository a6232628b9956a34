"""The moments of a run at which the primary is lost, and what has to come of each."""
import dataclasses
import itertools

REVISIONS = ("0001", "0002", "0003")
MODES = ("async", "sync")
EVENTS = ("switchover", "kill")


@dataclasses.dataclass(frozen=True)
class Moment:
    """0001 and 0002 run in a transaction; 0003 builds an index concurrently."""

    name: str
    words: str  # of the table
    # What stops the run there: a fail point, which stops the agent itself, or a name of Trial.ARRIVALS.
    fail_point: str = ""
    arrival: str = "stopped"
    committed: tuple = ()  # what the primary has in its log by then
    acknowledged: bool = True  # what is committed, the agent knows
    withheld: bool = False  # the standby gets nothing of the log from 0001's body on
    modes: tuple = MODES
    row: str = "D3"  # of the faults

    def survives(self, revision, event):
        """A standby that has to wait for its log gets it all when the primary is shut down."""
        return revision in self.committed and not (self.withheld and event == "kill")

    def lost(self, event):
        """What the agent knew to be committed, and has to apply once more."""
        gone = [revision for revision in self.committed if not self.survives(revision, event)]
        return gone if self.acknowledged else []


MOMENTS = (
    Moment("before_lock", "before the lock", "lock_try:stop"),
    Moment("lock_won", "lock won", "lock_won:stop"),
    Moment("mid_body", "in the midst of the body", arrival="in_body"),
    Moment("before_commit", "before COMMIT", "work_done:stop"),
    Moment("commit_runs", "COMMIT sent, and not yet written", arrival="in_commit"),
    Moment(
        "commit_unread", "COMMIT written and replicated, its answer unread", arrival="unread",
        committed=("0001",), acknowledged=False,
    ),
    Moment(
        "commit_waits", "COMMIT written, waiting for the standby", arrival="waits_for_standby",
        committed=("0001",), acknowledged=False, withheld=True, modes=("sync",), row="D18",
    ),
    Moment(
        "commit_unread_withheld", "COMMIT written and not replicated, its answer unread", arrival="unread",
        committed=("0001",), acknowledged=False, withheld=True, modes=("async",),
    ),
    Moment(
        "acknowledged_withheld", "COMMIT acknowledged and not replicated", "commit_acked:stop",
        committed=("0001",), withheld=True, modes=("async",),
    ),
    Moment("acknowledged", "COMMIT acknowledged and replicated", "commit_acked:stop", committed=("0001",)),
    Moment("between", "between two migrations", "work_sent:stop:2", committed=("0001",)),
    Moment("mid_cic", "in the midst of CREATE INDEX CONCURRENTLY", arrival="in_index", committed=("0001", "0002")),
    Moment("index_verified", "the index verified, not yet recorded", "statement_verified:stop",
           committed=("0001", "0002")),
)


@dataclasses.dataclass(frozen=True)
class Case:
    mode: str
    moment: Moment
    event: str

    def __str__(self):
        return f"{self.moment.name} {self.event} {self.mode}"


def all_cases():
    """Those of a mode together: to change it takes a while."""
    for mode, moment, event in itertools.product(MODES, MOMENTS, EVENTS):
        if mode in moment.modes:
            yield Case(mode, moment, event)


QUICK = (
    "acknowledged_withheld kill async",
    "mid_cic switchover async",
    "commit_waits kill sync",
    "commit_unread switchover sync",
)


def quick_cases():
    return [case for case in all_cases() if str(case) in QUICK]
