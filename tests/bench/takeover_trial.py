"""One trial of a takeover: what was seen of it, and whether that counts."""
import dataclasses

from bench_figures import spread

POLL_SECONDS = 1.0  # The longest pause between two polls of a standby for the migration lock.
WIDEST_GAP = 0.025  # s between two looks of the observer; wider, and the moments are not known well enough.

# The lock of the database, as the observer sees it until somebody else has it. pg_locks is read anew by
# each of its looks; what it returns stands for: the last look at which the dead leader had the lock, the first
# at which another one has it, and the widest gap between two looks.
OBSERVER = """
create function observe(wanted oid, leader int, patience interval)
returns table (last_held timestamptz, taken timestamptz, successor int, widest interval)
language plpgsql as $$
declare
  looked timestamptz := clock_timestamp();
  before timestamptz := looked;
  until timestamptz := looked + patience;
  holder int;
begin
  widest := '0';
  while looked < until loop
    select l.pid into holder from pg_catalog.pg_locks l
     where l.locktype = 'advisory' and l.database = wanted and l.classid = 1280004948 and l.granted;
    looked := clock_timestamp();
    widest := greatest(widest, looked - before);
    before := looked;
    if holder = leader then
      last_held := looked;
    elsif holder is not null then
      taken := looked;
      successor := holder;
      exit;
    end if;
    perform pg_sleep(0.001);
  end loop;
  return next;
end $$
"""

OBSERVE = """
select concat_ws(' ', extract(epoch from last_held), extract(epoch from taken), successor,
                 extract(epoch from widest))
  from observe({database}::oid, {leader}, '{patience} s') where taken is not null and last_held is not null"""


@dataclasses.dataclass(frozen=True)
class Seen:
    """What the observer tells; moments in seconds since the epoch."""

    last_held: float
    taken: float
    successor: int
    widest: float


def parse_seen(lines):
    """Nothing: nobody took the lock while the observer looked, or the leader did not have it."""
    if not lines or not lines[0]:
        return None
    last_held, taken, successor, widest = lines[0].split()
    return Seen(float(last_held), float(taken), int(successor), float(widest))


@dataclasses.dataclass(frozen=True)
class Trial:
    number: int
    problem: str  # Empty: it counts.
    from_end: float | None  # s, from the end of the leader's session to the next holder of the lock
    from_kill: float | None  # s, from the SIGKILL
    noticed: float | None  # s, from the SIGKILL to the end of the session
    widest: float | None  # s, of the observer's gaps: how well the moments are known
    blurred: bool = False  # that is all that is wrong with it: the machine was busy


def trial_of(number, killed_at, seen, problem=""):
    """`problem`: what was wrong beside what was seen."""
    if not seen:
        return Trial(number, problem or "nobody took the migration lock over", None, None, None, None)
    blurred = not problem and seen.widest > WIDEST_GAP
    if blurred:
        problem = f"the observer did not look for {seen.widest * 1000:.0f} ms"
    if not problem and seen.last_held < killed_at:
        problem = "the leader had let go of the lock before it was killed"
    return Trial(
        number,
        problem,
        # From when it was last seen alive: too long by one gap rather than too short.
        from_end=seen.taken - seen.last_held,
        from_kill=seen.taken - killed_at,
        noticed=seen.last_held - killed_at,
        widest=seen.widest,
        blurred=blurred,
    )


def line(trial):
    if trial.problem:
        return f"{trial.number:5}  invalid: {trial.problem}"
    return (
        f"{trial.number:5}  {trial.from_end * 1000:14.0f} ms  {trial.noticed * 1000:13.0f} ms  "
        f"{trial.from_kill * 1000:9.0f} ms  {trial.widest * 1000:6.1f} ms"
    )


def heading():
    return f"{'trial':5}  {'after its end':>17}  {'end after kill':>16}  {'after kill':>12}  {'gap':>9}"


def row(name, values):
    told = spread(value * 1000 for value in values)
    return (
        f"{name:32}  {told.count:5}  {told.least:7.0f}  {told.median:7.0f}  {told.p90:7.0f}  {told.most:7.0f}"
    )


def summary(trials):
    counted = [trial for trial in trials if not trial.problem]
    within = sum(trial.from_end <= POLL_SECONDS for trial in counted)
    return [
        f"{'milliseconds':32}  {'of':>5}  {'min':>7}  {'median':>7}  {'p90':>7}  {'max':>7}",
        row("session's end to the next holder", [trial.from_end for trial in counted]),
        row("SIGKILL to the session's end", [trial.noticed for trial in counted]),
        row("SIGKILL to the next holder", [trial.from_kill for trial in counted]),
        f"invalid trials: {len(trials) - len(counted)}",
        f"within one poll interval ({POLL_SECONDS:g} s) of the session's end: {within} of {len(counted)}",
    ]
