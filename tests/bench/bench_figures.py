"""The arithmetic that the benchmarks share."""
import dataclasses


def percentile(ordered, share):
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0


@dataclasses.dataclass(frozen=True)
class Spread:
    """How some measured values are distributed, in their own unit."""

    count: int
    least: float
    median: float
    p90: float
    p99: float
    most: float


def spread(values):
    ordered = sorted(values)
    return Spread(
        count=len(ordered),
        least=ordered[0] if ordered else 0.0,
        median=percentile(ordered, 0.50),
        p90=percentile(ordered, 0.90),
        p99=percentile(ordered, 0.99),
        most=ordered[-1] if ordered else 0.0,
    )
