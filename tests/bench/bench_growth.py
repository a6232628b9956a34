"""How the time that a program takes grows with what it has to do."""
import dataclasses
import math
import statistics

# From the simplest to the steepest.
SHAPES = {
    "linear": lambda n: n,
    "n log n": lambda n: n * math.log2(n),
    "quadratic": lambda n: n * n,
}
GENTLE = ("linear", "n log n")
# A shape that is off by more than that explains nothing.
POOR = 0.3
# From the last n but one to the last it may take longer than n log n lets expect by so much.
SLACK = 0.15


@dataclasses.dataclass(frozen=True)
class Fit:
    """seconds = a + b * f(n), neither of them negative, f by the shape's name."""

    shape: str
    a: float
    b: float
    residuals: tuple  # (fitted - measured) / measured of each point
    error: float  # the root of their mean square

    def seconds(self, n):
        return self.a + self.b * SHAPES[self.shape](n)


@dataclasses.dataclass(frozen=True)
class Growth:
    fits: tuple  # one of each shape, in their order
    best: Fit
    steep: bool  # at its end: from the last n but one to the last it grows faster than n log n

    @property
    def holds(self):
        """It is linear or n log n: one of them explains best, and well, and the end is not steeper. The last
        is for what only begins to be a square, which n log n still follows."""
        return self.best.shape in GENTLE and self.best.error <= POOR and not self.steep


def fit(shape, points):
    """The Fit with the least squares of relative errors: 10 counts as much as 10,000, though it is faster.

    `points` are pairs of n and seconds, for two or more n that are greater than 1.
    """
    weighted = [(1 / seconds, SHAPES[shape](n) / seconds) for n, seconds in points]
    candidates = [_both(weighted), _only_a(weighted), _only_b(weighted)]
    allowed = [(a, b) for a, b in candidates if a >= 0 and b >= 0]
    a, b = min(allowed, key=lambda each: _error(_residuals(weighted, *each)))
    residuals = _residuals(weighted, a, b)
    return Fit(shape, a, b, residuals, _error(residuals))


def growth(points, noise=0.02):
    """The Growth, of points as for `fit`. Shapes whose errors differ by no more than the `noise` of the
    measurements, a share of them, are the same to us: the simplest of those is the best."""
    fits = tuple(fit(shape, points) for shape in SHAPES)
    least = min(each.error for each in fits)
    best = next(each for each in fits if each.error <= least + noise)
    return Growth(fits, best, _is_steep(points, best.a, noise))


def _is_steep(points, start, noise):
    before, last = sorted({n for n, _ in points})[-2:]
    measured = {end: statistics.median(seconds for n, seconds in points if n == end) for end in (before, last)}
    growing = max(measured[before] * (1 + noise) - start, 0) * SHAPES["n log n"](last) / SHAPES["n log n"](before)
    return measured[last] > (start + growing) * (1 + SLACK)


# Each minimises the sum of (a * u + b * v - 1) ** 2 over the pairs (u, v).


def _both(weighted):
    uu, uv, vv = (sum(x[i] * x[j] for x in weighted) for i, j in ((0, 0), (0, 1), (1, 1)))
    u, v = (sum(x[i] for x in weighted) for i in (0, 1))
    determinant = uu * vv - uv * uv
    if determinant <= 0:
        return -1.0, -1.0  # Of one n alone.
    return (u * vv - v * uv) / determinant, (v * uu - u * uv) / determinant


def _only_a(weighted):
    return sum(u for u, _ in weighted) / sum(u * u for u, _ in weighted), 0.0


def _only_b(weighted):
    return 0.0, sum(v for _, v in weighted) / sum(v * v for _, v in weighted)


def _residuals(weighted, a, b):
    return tuple(a * u + b * v - 1 for u, v in weighted)


def _error(residuals):
    return math.sqrt(sum(each * each for each in residuals) / len(residuals))
