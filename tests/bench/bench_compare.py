"""What several runs of several programs say together."""
import dataclasses
import statistics


@dataclasses.dataclass(frozen=True)
class Middle:
    """Where some values are, and how far apart, in their own unit."""

    count: int
    median: float
    least: float
    most: float
    deviation: float  # the median of the absolute deviations from the median

    @property
    def noise(self):
        """The deviation as a share of the median."""
        return self.deviation / self.median if self.median else 0.0


def middle(values):
    """Of one value or more."""
    median = statistics.median(values)
    deviation = statistics.median(abs(value - median) for value in values)
    return Middle(len(values), median, min(values), max(values), deviation)


def median_of(costs):
    """A Cost whose every figure is the median of theirs, of each by itself; None where one of them has none.

    Its exit is the largest, and it was killed at the limit when one of them was.
    """
    figures = {}
    for field in dataclasses.fields(costs[0]):
        values = [getattr(cost, field.name) for cost in costs]
        whole = max if field.name in ("exit", "limit") else statistics.median
        figures[field.name] = None if None in values else whole(values)
    return type(costs[0])(**figures)


def middle_of(costs, figure):
    """The Middle of one figure of theirs, such as "wall_seconds"."""
    return middle([getattr(cost, figure) for cost in costs])


def ratio(theirs, ours):
    """How many times our value theirs is, run by run: the Middle of the ratios.

    The runs are interleaved, so that the two of a pair met the same machine: its moods cancel out in each
    ratio, and do not in the ratio of two medians.
    """
    if len(theirs) != len(ours):
        raise ValueError(f"{len(theirs)} runs and {len(ours)} are no pairs")
    return middle([one / other for one, other in zip(theirs, ours)])
