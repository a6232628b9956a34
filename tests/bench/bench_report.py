"""What a comparison found, as Markdown and as pictures."""
import pathlib

import bench_compare
import bench_svg
import bench_wanted

MIB = 1024 * 1024
MARKS = {True: "yes", False: "no", None: "–"}


PROGRAMS = {"agent": "An agent that has nothing to do", "takeover": "Taking over from an agent that is killed",
            "contention": "What an application feels"}


def markdown(figures, verdicts, told, peers, reports):
    """`peers`: (name, version, what one of its transactions holds). `reports`: what the programs of PROGRAMS printed."""
    lines = ["# Measured", ""]
    # Where the program lies is nobody's business.
    lines += [f"- {key}: {text.split(' (/')[0]}" for key, text in told.items()]
    lines += ["", "| tool | version | a transaction holds |", "|---|---|---|"]
    lines += [f"| {name} | {version} | {transaction} |" for name, version, transaction in peers]
    lines += ["", "## Wanted", "", "| what | wanted | measured | met |", "|---|---|---|---|"]
    lines += [_row(each.what, each.wanted, each.measured, MARKS[each.met]) for each in verdicts]
    for workload, title in (("no-op start", "No-op start"), ("apply", "Apply from empty"),
                            ("latency", "Apply behind latency"), ("big", "Big files"), ("rollback", "Roll back")):
        for case in figures.cases(workload):
            lines += ["", f"## {title}: {_case(case)}", ""] + _costs(figures.of(workload, case), workload)
    for case in figures.cases("race"):
        lines += ["", f"## Race: {case} at once", ""] + _race(figures.of("race", case))
    for name, title in PROGRAMS.items():
        if name in reports:
            lines += ["", f"## {title}", "", "```", reports[name], "```"]
    return "\n".join(lines) + "\n"


def _case(case):
    return f"{int(case):,} migrations" if case.isdigit() else case


def _ordered(cells):
    """The fastest first, those without a figure last."""
    return sorted(cells, key=lambda cell: (not cell.costs, _wall(cell).median if cell.costs else 0))


def _wall(cell):
    return bench_compare.middle_of(cell.costs, "wall_seconds")


def _costs(cells, workload):
    more = "round trips a migration | connections | " if workload == "latency" else ""
    lines = [f"| tool | wall, median | least to most | processor | memory | bytes read | {more}runs |",
             "|---|---|---|---|---|---|" + ("---|---|" if more else "") + "---|"]
    for cell in _ordered(cells):
        if not cell.costs:
            lines.append(f"| {cell.tool} | {cell.note} |" + " |" * (7 if more else 5))
            continue
        middle, wall = bench_compare.median_of(cell.costs), _wall(cell)
        words = [cell.tool, bench_svg.told(wall.median, "seconds"),
                 f"{bench_svg.told(wall.least, 'seconds')} to {bench_svg.told(wall.most, 'seconds')}",
                 bench_svg.told(middle.cpu_seconds, "seconds"), f"{middle.peak_bytes / MIB:.1f} MiB",
                 bench_svg.told(middle.bytes_read, "bytes")]
        if more:
            words += [f"{cell.facts['round_trips'] / cell.facts['migrations']:.2f}", str(cell.facts["connections"])]
        lines.append(_row(*words, str(len(cell.costs))))
    return lines


def _row(*words):
    return "| " + " | ".join(word.replace("|", "\\|") for word in words) + " |"


def _race(cells):
    names = ["tool", "succeeded", "migrations done", "applied more than once", "at most", "connections", "all", "alone"]
    lines = [f"| {' | '.join(names)} |", "|" + "---|" * len(names)]
    raced = [cell for cell in cells if cell.facts]
    for cell in sorted(raced, key=lambda cell: (-cell.facts["succeeded"], cell.facts["seconds"])):
        facts = cell.facts
        lines.append(f"| {cell.tool} | {facts['succeeded']} of {facts['replicas']} | {facts['done']} "
                     f"| {facts['applied_twice']} | {facts['most_times'] or '–'} | {facts['peak_connections']} "
                     f"| {facts['seconds']:.2f} s | {facts['alone_seconds']:.2f} s |")
    return lines + [f"| {cell.tool} | {cell.note} |" + " |" * 6 for cell in cells if not cell.facts]


def _bars(cells):
    bars = []
    for cell in _ordered(cells):
        if cell.costs:
            wall = _wall(cell)
            bars.append(bench_svg.Bar(cell.tool, wall.median, wall.least, wall.most))
        else:
            bars.append(bench_svg.Bar(cell.tool, None, note=cell.note))
    return bars


def pictures(figures):
    """(file name, SVG) of each."""
    told = []
    for workload, case, name, title in (
        ("no-op start", "1000", "noop.svg", "Nothing to do: a start with 1,000 migrations applied"),
        ("apply", "1000", "apply.svg", "Applying 1,000 small migrations"),
        ("latency", "5 ms", "latency.svg", "Applying small migrations behind 5 ms of latency"),
    ):
        cells = figures.of(workload, case)
        if cells:
            told.append((name, bench_svg.bar_chart(title, _bars(cells), log=True)))
    for workload, name, title in (("no-op start", "growth-noop.svg", "A start with nothing to do"),
                                  ("apply", "growth-apply.svg", "Applying from empty")):
        lines = _lines(figures, workload)
        if lines:
            told.append((name, bench_svg.line_chart(title, lines, "migrations")))
    return told


def _lines(figures, workload):
    cases, lines = figures.cases(workload), []
    for tool in dict.fromkeys(cell.tool for cell in figures.cells if cell.workload == workload):
        found = [(int(case), figures.find(workload, case, tool)) for case in cases]
        points = tuple((n, _wall(cell).median) for n, cell in found if cell and cell.costs)
        if len(points) > 1:
            lines.append(bench_svg.Line(tool, points))
    return lines


def write(folder, figures, verdicts, told, peers, reports):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "README.md").write_text(markdown(figures, verdicts, told, peers, reports), encoding="utf-8")
    for name, svg in pictures(figures):
        (folder / name).write_text(svg, encoding="utf-8")
