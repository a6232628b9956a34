"""What a run of the benchmark says: figures of one cell, the lines that show them, and what was wanted."""
import dataclasses

from bench_figures import percentile

STALL = 50  # ms; a transaction that took longer is counted as stalled.
AFTER = 1.0  # Seconds after the migration's end that still count: a queue drains.


@dataclasses.dataclass(frozen=True)
class Felt:
    """What the application felt in a window."""

    seconds: float
    transactions: int
    stalled: int
    stall_sum: float  # s, of the stalled transactions, from when they were due
    client_sum: float  # s, of them, in which a client really sat waiting in the database
    worst: float  # ms
    p50: float  # ms
    p99: float  # ms


@dataclasses.dataclass(frozen=True)
class Cell:
    case: str
    shape: str
    strategy: str
    repeat: int
    done: bool
    done_after: float  # s
    attempts: int
    start_up: float | None  # s, of a migration that waits for nothing; Lockstep only
    felt: Felt  # from the migration's start to its end and a second more
    baseline: Felt  # before it, with the blocker, of the same length where the baseline was long enough


def felt(transactions, begin, end):
    """Of all that were on their way at some moment between begin and end."""
    inside = [each for each in transactions if each.ended >= begin and each.due <= end]
    latencies = sorted(each.latency for each in inside)
    stalled = [each for each in inside if each.latency > STALL]
    return Felt(
        seconds=end - begin,
        transactions=len(inside),
        stalled=len(stalled),
        stall_sum=sum(each.latency for each in stalled) / 1000,
        client_sum=sum(each.latency - each.lag for each in stalled) / 1000,
        worst=latencies[-1] if latencies else 0.0,
        p50=percentile(latencies, 0.50),
        p99=percentile(latencies, 0.99),
    )


def cell_of(case, shape, strategy, repeat, attempted, start_up, transactions, baseline):
    """`baseline` is the pair of moments between which nothing was migrated."""
    window = attempted.started, attempted.ended + AFTER
    length = min(window[1] - window[0], baseline[1] - baseline[0])
    return Cell(
        case=case.name,
        shape=shape.name,
        strategy=strategy.name,
        repeat=repeat,
        done=attempted.done,
        done_after=attempted.ended - attempted.started,
        attempts=attempted.attempts,
        start_up=start_up,
        felt=felt(transactions, *window),
        baseline=felt(transactions, baseline[1] - length, baseline[1]),
    )


# ---- The table ------------------------------------------------------------------------------

COLUMNS = [
    # heading, width, value
    ("case", 4, lambda c: c.case),
    ("shape", 11, lambda c: c.shape),
    ("strategy", 10, lambda c: c.strategy),
    ("done after", 12, lambda c: f"{c.done_after:.2f} s" if c.done else f"no, {c.done_after:.0f} s"),
    ("attempts", 8, lambda c: c.attempts),
    ("stalled", 7, lambda c: c.felt.stalled),
    ("sum", 9, lambda c: f"{c.felt.stall_sum:.1f} s"),
    ("clients", 8, lambda c: f"{c.felt.client_sum:.1f} s"),
    ("worst", 9, lambda c: f"{c.felt.worst:.0f} ms"),
    ("p50/p99 with", 16, lambda c: f"{c.felt.p50:.1f}/{c.felt.p99:.1f} ms"),
    ("without", 14, lambda c: f"{c.baseline.p50:.1f}/{c.baseline.p99:.1f} ms"),
    ("its stalled", 11, lambda c: c.baseline.stalled),
    ("its worst", 9, lambda c: f"{c.baseline.worst:.0f} ms"),
]
LEFT = {"case", "shape", "strategy"}


def row(values):
    padded = (
        str(value).ljust(width) if heading in LEFT else str(value).rjust(width)
        for value, (heading, width, _) in zip(values, COLUMNS)
    )
    return "  ".join(padded).rstrip()


def heading():
    return row([heading for heading, _, _ in COLUMNS])


def line(cell):
    return row([value(cell) for _, _, value in COLUMNS])


# ---- What was wanted ------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Wanted:
    cases: str
    text: str
    unit: str
    limit: float
    figure: object  # Of a Cell that is done.

    def holds(self, cell):
        return cell.done and self.figure(cell) <= self.limit


WANTED = [
    Wanted("abc", "stalled transactions", "", 0, lambda c: c.felt.stalled),
    Wanted("abc", "worst wait", " ms", 60, lambda c: c.felt.worst),
    Wanted("d", "done after, without the start-up", " s", 0.3, lambda c: c.done_after - c.start_up),
    Wanted("e", "done after", " s", 1.0, lambda c: c.done_after),
    Wanted("e", "worst wait", " ms", 300, lambda c: c.felt.worst),
]


def judged(cells):
    """One (sentence, whether it holds in every repeat) for each wanted property of each case and shape."""
    ours = [cell for cell in cells if cell.strategy == "lockstep"]
    for case, shape in sorted({(cell.case, cell.shape) for cell in ours}):
        runs = [cell for cell in ours if (cell.case, cell.shape) == (case, shape)]
        for wanted in WANTED:
            if case in wanted.cases:
                yield sentence(wanted, case, shape, runs), all(map(wanted.holds, runs))


def sentence(wanted, case, shape, runs):
    held = sum(map(wanted.holds, runs))
    figures = [wanted.figure(cell) for cell in runs if cell.done]
    worst = f"at most {max(figures):.4g}{wanted.unit}" if figures else "never done"
    undone = sum(not cell.done for cell in runs)
    return (
        f"({case}) {shape}: {wanted.text} <= {wanted.limit:g}{wanted.unit}: "
        f"holds in {held} of {len(runs)}, {worst}" + (f", {undone} not done" if undone else "")
    )
