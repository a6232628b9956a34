"""The table of what became of each moment."""
import itertools

from moments import EVENTS, MODES, MOMENTS

COLUMNS = tuple(itertools.product(MODES, EVENTS))


def cell(fates):
    """"0001 kept; 0002, 0003 new": revisions of one fate together."""
    if len(set(fates.values())) == 1:
        return f"all {fates['0001']}"
    groups = itertools.groupby(fates.items(), key=lambda item: item[1])
    return "; ".join(f"{', '.join(revision for revision, _ in group)} {fate}" for fate, group in groups)


def table(results):
    """`results`: cells by the case's name."""
    yield "| the primary is lost | " + " | ".join(f"{mode}, {event}" for mode, event in COLUMNS) + " |"
    yield "|---" * (1 + len(COLUMNS)) + "|"
    for moment in MOMENTS:
        cells = [results.get(f"{moment.name} {event} {mode}", "—") for mode, event in COLUMNS]
        if set(cells) != {"—"}:
            yield f"| {moment.words} | " + " | ".join(cells) + " |"
