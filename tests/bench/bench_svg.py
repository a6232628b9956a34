"""Pictures of figures, as SVG text: the same figures give the same bytes.

They bring their background with them and follow the reader's light or dark scheme where the viewer knows it.
"""
import dataclasses
import math
from xml.sax.saxutils import escape

WIDTH = 780
EDGE = 24  # Between the frame and what is in it.
HEAD = 76  # Above the plot, for title and subtitle.
CHARACTER = 7.6  # The width of a bold one, at 13 px in a wide font.

STYLE = """
text { font: 13px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328; }
.card { fill: #ffffff; stroke: #d1d9e0; }
.title { font-size: 17px; font-weight: 600; }
.muted { fill: #59636e; }
.small { font-size: 12px; }
.ours { font-weight: 600; }
.grid { stroke: #e6eaee; }
.axis { stroke: #b7bfc8; }
.bar { fill: #b3bcc6; }
.bar.ours { fill: #1a6fd8; }
.whisker { stroke: #59636e; stroke-width: 1.5; fill: none; }
.whisker.ours { stroke: #0a3d80; }
.halo { stroke: #ffffff; stroke-width: 4; stroke-linejoin: round; paint-order: stroke; }
.line { fill: none; stroke-width: 1.75; stroke-linejoin: round; stroke-linecap: round; }
.line.ours { stroke-width: 3.25; }
.leader { fill: none; }
"""
DARK = """
text { fill: #e6edf3; }
.card { fill: #12171e; stroke: #3d444d; }
.muted { fill: #9198a1; }
.grid { stroke: #262d36; }
.axis { stroke: #59636e; }
.bar { fill: #586370; }
.bar.ours { fill: #4a9bff; }
.whisker { stroke: #b7bfc8; }
.whisker.ours { stroke: #cfe4ff; }
.halo { stroke: #12171e; }
"""
# Of the lines, on light and on dark; the first is ours.
COLORS = (
    ("#1a6fd8", "#4a9bff"),
    ("#c2570c", "#f0883e"),
    ("#1a7f4b", "#3fb96f"),
    ("#a8327e", "#e275b8"),
    ("#6e4fc4", "#a78bfa"),
    ("#8a6d00", "#d4a72c"),
    ("#0f7c8a", "#39c5d3"),
    ("#57606a", "#9198a1"),
)
SCALES = {
    "seconds": ((1, "s"), (1e-3, "ms"), (1e-6, "µs")),
    "bytes": ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1, "B")),
    "count": ((1, ""),),
}


@dataclasses.dataclass(frozen=True)
class Bar:
    name: str
    median: float | None  # None: there is no figure, and `note` says why.
    least: float = 0.0
    most: float = 0.0
    note: str = ""


@dataclasses.dataclass(frozen=True)
class Line:
    name: str
    points: tuple  # of (x, y), by x; those of which there is a figure


# Words


def told(value, unit):
    """With three digits or so: "1.24 s", "37.5 MB", "1,200"."""
    size, name = _scale(value, unit)
    scaled = value / size
    whole = unit == "count" and float(value).is_integer()
    decimals = 0 if whole or scaled >= 99.95 else 1 if scaled >= 9.995 else 2
    return f"{scaled:,.{decimals}f} {name}".strip()


def _tick_text(value, scale):
    if value == 0:
        return "0"
    size, name = scale
    number = round(value / size, 6)
    return f"{number:,.0f} {name}".strip() if number >= 1000 else f"{number:g} {name}".strip()


def _scale(value, unit):
    scales = SCALES[unit]
    return next((scale for scale in scales if value >= scale[0] * 0.99949), scales[-1])


# Axes


def _round_up(value):
    """To 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value * (1 - 1e-9))


class LinearAxis:
    """From 0 to `most`, over pixels."""

    def __init__(self, most, low, high):
        self.step = _round_up(most / 5)
        self.most, self.low, self.high = most, low, high

    def at(self, value):
        return self.low + (self.high - self.low) * value / self.most

    def scale(self, _, unit):
        """All ticks have the same."""
        return _scale(self.most, unit)

    def ticks(self):
        return [self.step * i for i in range(int(self.most / self.step + 1e-9) + 1)]


class LogAxis:
    """Over pixels; from a little below `least`, or the power of ten below it, to `most`."""

    def __init__(self, least, most, low, high, from_decade=False):
        self.least = 10.0 ** math.floor(math.log10(least * 0.9)) if from_decade else least
        self.most, self.low, self.high = most, low, high

    def at(self, value):
        share = math.log(value / self.least) / math.log(self.most / self.least)
        return self.low + (self.high - self.low) * share

    def scale(self, tick, unit):
        return _scale(tick, unit)

    def ticks(self):
        """Powers of ten, and 2 and 5 times those where there is room."""
        steps = (1, 2, 5) if self.most / self.least <= 200 else (1,)
        powers = range(math.floor(math.log10(self.least)), math.ceil(math.log10(self.most)) + 1)
        all_of_them = (step * 10.0**power for power in powers for step in steps)
        return [tick for tick in all_of_them if self.least * 0.999 <= tick <= self.most * 1.001]


# Elements


def _n(number):
    """A coordinate: no more digits than a screen has."""
    return f"{number:.1f}".removesuffix(".0")


def _text(x, y, text, classes="", anchor="start"):
    return f'<text x="{_n(x)}" y="{_n(y)}" class="{classes}" text-anchor="{anchor}">{escape(text)}</text>'


def _segment(x1, y1, x2, y2, classes):
    return f'<line x1="{_n(x1)}" y1="{_n(y1)}" x2="{_n(x2)}" y2="{_n(y2)}" class="{classes}"/>'


def _picture(height, title, subtitle, description, elements, style="", dark=""):
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{_n(height)}" '
        f'viewBox="0 0 {WIDTH} {_n(height)}" role="img" aria-labelledby="title description">',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="description">{escape(description)}</desc>',
        f"<style>{STYLE}{style}@media (prefers-color-scheme: dark) {{{DARK}{dark}}}</style>",
        f'<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{_n(height - 1)}" rx="8" class="card"/>',
        _text(EDGE, 36, title, "title"),
        _text(EDGE, 57, subtitle, "muted"),
        *elements,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


# Bars

ROW = 34
THICK = 18


def bar_chart(title, bars, unit="seconds", log=False, highlight="lockstep", subtitle=""):
    """A bar a name, as long as its median, with a whisker from the least to the most, from top to bottom in
    the order of `bars`. `unit`: seconds, bytes or count. On a logarithmic axis a bar's length means nothing,
    its end does."""
    left = EDGE + max(len(bar.name) for bar in bars) * CHARACTER + 14
    bottom = HEAD + ROW * len(bars)
    shown = [bar for bar in bars if bar.median is not None]
    values = [value for bar in shown for value in (bar.median, bar.most)] or [1.0]
    right = WIDTH - EDGE - 72  # There is a figure beside the longest.
    if log:
        least = min((bar.least or bar.median for bar in shown), default=0.1)
        axis = LogAxis(least, max(values), left, right, from_decade=True)
    else:
        axis = LinearAxis(max(values), left, right)
    elements = []
    for tick in axis.ticks():
        elements.append(_segment(axis.at(tick), HEAD - 6, axis.at(tick), bottom, "grid"))
        words = _tick_text(tick, axis.scale(tick, unit))
        elements.append(_text(axis.at(tick), bottom + 18, words, "muted small", "middle"))
    for row, bar in enumerate(bars):
        elements += _bar(bar, axis, left, HEAD + ROW * row + ROW / 2, unit, " ours" if bar.name == highlight else "")
    elements.append(_segment(left, HEAD - 6, left, bottom, "axis"))
    description = "; ".join(f"{bar.name}: {_bar_words(bar, unit)}" for bar in bars)
    return _picture(bottom + 36, title, subtitle, description, elements)


def _bar_words(bar, unit):
    if bar.median is None:
        return bar.note
    return f"{told(bar.median, unit)} ({told(bar.least, unit)} to {told(bar.most, unit)})"


def _bar(bar, axis, left, middle, unit, ours):
    yield _text(left - 12, middle + 4.5, bar.name, ours.strip(), "end")
    if bar.median is None:
        yield _text(left + 10, middle + 4.5, bar.note, "muted halo")
        return
    end, least, most = axis.at(bar.median), axis.at(bar.least or bar.median), axis.at(bar.most or bar.median)
    width = max(end - left, 1)
    yield f'<path d="{_bar_path(left, middle - THICK / 2, width)}" class="bar{ours}"/>'
    if most - least >= 2:
        whisker = f"M{_n(least)} {_n(middle)}H{_n(most)}"
        whisker += "".join(f"M{_n(x)} {_n(middle - 4)}v8" for x in (least, most))
        yield f'<path d="{whisker}" class="whisker{ours}"/>'
    words = told(bar.median, unit) + (f" {bar.note}" if bar.note else "")
    yield _text(max(end, most) + 9, middle + 4.5, words, f"halo{ours}")


def _bar_path(x, y, width):
    """Round at its end, not where it begins."""
    corner = min(3, width)
    return (
        f"M{_n(x)} {_n(y)}h{_n(width - corner)}q{_n(corner)} 0 {_n(corner)} {_n(corner)}"
        f"v{_n(THICK - 2 * corner)}q0 {_n(corner)} {_n(-corner)} {_n(corner)}h{_n(corner - width)}z"
    )


# Lines

PLOT_HEIGHT = 320
LABEL_HEIGHT = 17


def line_chart(title, lines, x_name, unit="seconds", highlight="lockstep", subtitle=""):
    """A line a name over two logarithmic axes, with a point for each figure, and at its end the name and the
    last figure; the highlighted one tells each of its figures. The x are counts. Not all lines need reach the
    last of them."""
    labels = {line.name: f"{line.name}  {told(line.points[-1][1], unit)}" for line in lines}
    left, bottom = EDGE + 52, HEAD + PLOT_HEIGHT
    right = WIDTH - EDGE - 26 - max(map(len, labels.values())) * CHARACTER
    xs = sorted({x for line in lines for x, _ in line.points})
    ys = [y for line in lines for _, y in line.points]
    across = LogAxis(xs[0], xs[-1], left + 34, right)
    up = _padded_axis(min(ys), max(ys), bottom)
    elements = []
    for tick in up.ticks():
        elements.append(_segment(left, up.at(tick), right, up.at(tick), "grid"))
        words = _tick_text(tick, up.scale(tick, unit))
        elements.append(_text(left - 8, up.at(tick) + 4, words, "muted small", "end"))
    for x in xs:
        elements.append(_segment(across.at(x), bottom, across.at(x), bottom + 5, "axis"))
        elements.append(_text(across.at(x), bottom + 20, f"{x:,}", "muted small", "middle"))
    elements.append(_segment(left, bottom, right, bottom, "axis"))
    elements.append(_text((left + right) / 2, bottom + 42, x_name, "muted", "middle"))
    colors = _colors(lines, highlight)
    # Ours is drawn last, over the others.
    for line in sorted(lines, key=lambda each: each.name == highlight):
        elements += _line(line, across, up, colors[line.name], line.name == highlight, unit)
    early = [line for line in lines if line.points[-1][0] < xs[-1]]
    for line in early:
        x, y = line.points[-1]
        elements.append(_text(across.at(x), up.at(y) - 11, labels[line.name], "halo", "middle"))
    ends = [(up.at(line.points[-1][1]), line.name) for line in lines if line not in early]
    elements += _end_labels(sorted(ends), labels, right, bottom, colors, highlight)
    description = "; ".join(
        f"{line.name}: " + ", ".join(f"{told(y, unit)} for {x:,}" for x, y in line.points) for line in lines
    )
    style, dark = (
        "".join(f".c{i} {{ stroke: {pair[mode]}; }} .f{i} {{ fill: {pair[mode]}; }}\n" for i, pair in enumerate(COLORS))
        for mode in (0, 1)
    )
    return _picture(bottom + 62, title, subtitle, description, elements, style, dark)


def _padded_axis(least, most, bottom):
    """There is room for a figure below the least."""
    most = max(most, least * 1.5)
    a_pixel = (most / least) ** (1 / (PLOT_HEIGHT - 44))
    return LogAxis(least / a_pixel**34, most * a_pixel**10, bottom, HEAD)


def _colors(lines, highlight):
    """The index of each name's."""
    others = [line.name for line in lines if line.name != highlight]
    return {highlight: 0} | {name: 1 + i % (len(COLORS) - 1) for i, name in enumerate(others)}


def _line(line, across, up, color, ours, unit):
    places = [(across.at(x), up.at(y)) for x, y in line.points]
    path = "L".join(f"{_n(x)} {_n(y)}" for x, y in places)
    yield f'<path d="M{path}" class="line c{color}{" ours" if ours else ""}"/>'
    for x, y in places:
        yield f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{5 if ours else 3.5}" class="f{color}"/>'
    if ours:
        for (x, y), (_, value) in list(zip(places, line.points))[:-1]:
            yield _text(x, y + 21, told(value, unit), "halo ours small", "middle")


def _end_labels(ends, labels, right, bottom, colors, highlight):
    """One below the other, each as near to the end of its line as the others allow."""
    places = _apart([y for y, _ in ends], LABEL_HEIGHT, bottom)
    for (end, name), y in zip(ends, places):
        path = f"M{_n(right + 7)} {_n(end)}L{_n(right + 20)} {_n(y)}"
        yield f'<path d="{path}" class="leader c{colors[name]}"/>'
        yield _text(right + 25, y + 4.5, labels[name], "ours" if name == highlight else "")


def _apart(wanted, distance, most):
    """The places nearest to the wanted, which are ordered, that keep the distance; none is beyond `most`."""
    places = []
    for place in wanted:
        places.append(max(place, places[-1] + distance) if places else place)
    limit = most
    for i in reversed(range(len(places))):
        places[i] = min(places[i], limit)
        limit = places[i] - distance
    return places
