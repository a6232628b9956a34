"""What is wanted of Lockstep, as ratios of figures of the same run."""
import dataclasses

import bench_compare
import bench_growth

OURS = "lockstep"
FLOOR = "psql -c 'select 1'"
READING = "cat | sha256sum, and psql's select"
MIB = 1024 * 1024


@dataclasses.dataclass(frozen=True)
class Verdict:
    what: str
    wanted: str
    measured: str
    met: bool | None  # None: nothing was measured


class Figures:
    """The cells of a run, found by workload, case and tool."""

    def __init__(self, cells):
        self.cells = cells

    def find(self, workload, case, tool=OURS):
        for cell in self.cells:
            if (cell.workload, cell.case, cell.tool) == (workload, str(case), tool):
                return cell
        return None

    def of(self, workload, case):
        return [cell for cell in self.cells if (cell.workload, cell.case) == (workload, str(case))]

    def cases(self, workload):
        return list(dict.fromkeys(cell.case for cell in self.cells if cell.workload == workload))

    def values(self, workload, case, tool, figure):
        cell = self.find(workload, case, tool)
        return [getattr(cost, figure) for cost in cell.costs] if cell else []

    def ratio(self, workload, case, other, figure="wall_seconds"):
        """Ours by theirs, pair by pair; None when one of them has no figure."""
        ours, theirs = (self.values(workload, case, tool, figure) for tool in (OURS, other))
        if not ours or len(ours) != len(theirs):
            return None
        return bench_compare.ratio(ours, theirs).median

    def best_other(self, workload, case, figure="wall_seconds", without=()):
        """The least median of another tool: (its name, that)."""
        found = []
        for cell in self.of(workload, case):
            if cell.costs and cell.tool not in (OURS, *without):
                found.append((bench_compare.middle_of(cell.costs, figure).median, cell.tool))
        return min(found)[::-1] if found else None


def verdicts(figures, agent):
    told = [_at_most("no-op start, 1,000 applied: wall", 1.0, figures.ratio("no-op start", 1000, FLOOR), FLOOR)]
    told += [_first(figures, "no-op start", 1000, figure, word) for figure, word in
             (("wall_seconds", "wall"), ("cpu_seconds", "processor"), ("peak_bytes", "memory"))]
    reading = figures.ratio("no-op start", 10000, READING)
    told.append(_at_most("no-op start, 10,000 applied: wall", 1.0, reading, READING))
    told.append(_at_most("apply 1,000: wall", 1.10, figures.ratio("apply", 1000, "psql"), "psql"))
    told.append(_first(figures, "apply", 1000, "wall_seconds", "wall"))
    told += _latency(figures)
    told += _races(figures)
    told += _big(figures)
    told.append(_growth(figures))
    return told + _agent(agent)


def _at_most(what, limit, ratio, of):
    wanted = f"≤ {limit:.2f} × {of}"
    return Verdict(what, wanted, "not measured" if ratio is None else f"{ratio:.2f}", ratio and ratio <= limit)


def _first(figures, workload, case, figure, word):
    what = f"{workload}, {int(case):,}: first of all tools, {word}"
    ours, other = figures.values(workload, case, OURS, figure), figures.best_other(
        workload, case, figure, (FLOOR, READING, "psql"))
    if not ours or not other:
        return Verdict(what, "first", "not measured", None)
    ratio = bench_compare.middle(ours).median / other[1]
    return Verdict(what, "first", f"{ratio:.2f} × {other[0]}, the next", ratio < 1)


def _latency(figures):
    told = []
    for case in figures.cases("latency"):
        cell = figures.find("latency", case)
        if not cell or not cell.costs:
            continue
        trips, migrations = cell.facts["round_trips"], cell.facts["migrations"]
        told.append(Verdict(f"apply behind {case}: round trips", "1 a migration, and 20 around them",
                            f"{trips} for {migrations}", trips <= migrations + 20))
    ours = figures.values("latency", "5 ms", OURS, "wall_seconds")
    other = figures.best_other("latency", "5 ms", without=("psql",))
    if ours and other:
        ratio = bench_compare.middle(ours).median / other[1]
        words = f"{ratio:.2f} × {other[0]}"
        told.append(Verdict("apply behind 5 ms: wall", "≤ 0.60 × the next tool", words, ratio <= 0.6))
    return told


def _races(figures):
    told = []
    for case in figures.cases("race"):
        cell = figures.find("race", case)
        if not cell or cell.note:
            continue
        facts = cell.facts
        fine = facts["succeeded"] == facts["replicas"] and facts["applied_twice"] == 0
        told.append(Verdict(f"race, {case}: succeeded, applied twice", "all, none",
                            f"{facts['succeeded']} of {facts['replicas']}, {facts['applied_twice']}", fine))
        if facts["replicas"] == 20:
            limit = 1.2 * facts["alone_seconds"] + 0.3
            told.append(Verdict(f"race, {case}: wall", "≤ 1.2 × one alone + 0.3 s",
                                f"{facts['seconds']:.2f} s of {limit:.2f} s", facts["seconds"] <= limit))
    return told


def _big(figures):
    told = []
    for case in figures.cases("big"):
        told.append(_at_most(f"{case}: wall", 1.1, figures.ratio("big", case, "psql"), "psql"))
        cell = figures.find("big", case)
        if not cell.costs:
            continue
        peak = bench_compare.middle_of(cell.costs, "peak_bytes").median
        limit = 3 * cell.facts["file_bytes"] + 30 * MIB
        told.append(Verdict(f"{case}: memory", "≤ 3 × the file + 30 MiB",
                            f"{peak / MIB:.0f} of {limit / MIB:.0f} MiB", peak <= limit))
    return told


def points(figures, workload, tool):
    """(n, seconds) of each run."""
    return [(int(case), cost.wall_seconds) for case in figures.cases(workload)
            for cell in [figures.find(workload, case, tool)] if cell for cost in cell.costs]


def _growth(figures):
    what, wanted = "growth of apply and no-op start", "linear, or n log n"
    found = {}
    for workload in ("apply", "no-op start"):
        told = points(figures, workload, OURS)
        if len({n for n, _ in told}) >= 3:
            found[workload] = bench_growth.growth(told)
    if not found:
        return Verdict(what, wanted, "not measured", None)
    words = "; ".join(f"{workload}: {growth.best.shape}" for workload, growth in found.items())
    return Verdict(what, wanted, words, all(growth.holds for growth in found.values()))


def _agent(agent):
    """`agent`: (sentence with the limit and the figure, "yes" or "no")."""
    told = []
    for sentence, met in agent:
        limit, _, figure = sentence.rpartition(": ")
        told.append(Verdict("agent: " + limit.split(" <= ")[0], limit, figure, met == "yes"))
    return told
