"""Draws a dashboard from the results of its queries, as Grafana would: grid, units, thresholds, colours, legends.

The pictures are made without Grafana: a page with SVG in it, and Chromium to turn it into a PNG.
"""
import contextlib
import dataclasses
import html
import math
import pathlib
import re
import tempfile
import time

import chromium

COLUMN, LINE, GAP = 58, 30, 6  # pixels of Grafana's grid
WIDTH = 24 * COLUMN
COLOURS = {"green": "#56a64b", "red": "#e0364c", "orange": "#ff9830", "blue": "#5794f2", "purple": "#b877d9"}
PALETTE = ("#73bf69", "#f2cc0c", "#8ab8ff", "#ff780a", "#f2495c", "#5794f2", "#b877d9", "#705da0", "#37872d", "#fade2a")
STYLE = f"""
body {{ margin: 0; background: #111217; color: #ccccdc; font: 12px "DejaVu Sans", sans-serif; width: {WIDTH}px; position: relative; }}
h1 {{ font-size: 17px; margin: 0; padding: 10px 8px 0; height: 26px; }} h1 small {{ font-weight: normal; color: #9fa0aa; font-size: 12px; }}
.row {{ position: absolute; left: 8px; font-weight: bold; font-size: 14px; }}
.panel {{ position: absolute; box-sizing: border-box; background: #181b1f; border: 1px solid #2c3038; border-radius: 3px; overflow: hidden; }}
.panel h2 {{ font-size: 12px; margin: 5px 8px; white-space: nowrap; overflow: hidden; }}
.stat {{ text-align: center; font-size: 32px; font-weight: bold; color: #fff; padding-top: 8px; position: relative; }}
svg {{ display: block; }} svg text {{ fill: #9fa0aa; font-size: 10px; }}
table {{ border-collapse: collapse; width: 100%; }} th, td {{ text-align: left; padding: 4px 8px; border-top: 1px solid #2c3038; white-space: nowrap; }}
th {{ color: #6e9fff; font-weight: 600; }}
.legend {{ display: flex; flex-wrap: wrap; gap: 0 14px; padding: 0 8px; color: #9fa0aa; font-size: 10px; }}
.legend i {{ display: inline-block; width: 12px; height: 4px; margin-right: 4px; vertical-align: middle; }}
"""


@dataclasses.dataclass(frozen=True)
class Shown:
    """A panel, and what Prometheus answered to each of its queries."""

    panel: dict
    results: list[list[dict]]


@dataclasses.dataclass(frozen=True)
class Picture:
    dashboard: dict
    shown: list[Shown]
    marks: list[float]
    begin: float
    end: float


@dataclasses.dataclass(frozen=True)
class Line:
    name: str
    points: list[tuple[float, float]]
    colour: str
    unit: str
    custom: dict
    decimals: int | None


# ---- Values ---------------------------------------------------------------------------------------

def trimmed(value: float, digits: int = 2) -> str:
    return f"{value:.{digits}f}".rstrip("0").rstrip(".") if digits and "." in f"{value:.{digits}f}" else f"{value:.0f}"


def spoken(seconds: float) -> str:
    for limit, size, unit in ((1e-3, 1e-6, "µs"), (1, 1e-3, "ms"), (60, 1, "s"), (3600, 60, "min"), (86400, 3600, "h")):
        if abs(seconds) < limit:
            return f"{trimmed(seconds / size)} {unit}" if seconds else "0 s"
    return f"{trimmed(seconds / 86400)} d"


def sized(count: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(count) < 1024:
            return f"{trimmed(count, 1)} {unit}"
        count /= 1024
    return f"{trimmed(count, 1)} TiB"


def formatted(value: float, unit: str, now: float, decimals: int | None = None) -> str:
    if unit == "s":
        return spoken(value)
    if unit == "bytes":
        return sized(value)
    if unit == "percentunit":
        return f"{trimmed(100 * value)} %"
    if unit == "reqps":
        return f"{trimmed(value)} req/s"
    if unit == "dateTimeFromNow":
        return f"{spoken(round(now - value / 1000))} ago"
    return trimmed(value, 2 if decimals is None else decimals)


def colour_of(name: str) -> str:
    return COLOURS.get(name, name)


def by_thresholds(value: float, thresholds: dict) -> str:
    reached = [step for step in thresholds["steps"] if step["value"] is None or value >= step["value"]]
    return colour_of(reached[-1]["color"])


def by_mapping(value: float, mappings: list[dict]) -> dict | None:
    for mapping in mappings:
        if trimmed(value) in mapping["options"]:
            return mapping["options"][trimmed(value)]
    return None


def overridden(panel: dict, name: str) -> dict:
    """The properties that the panel's overrides give to a field of that name."""
    found = {}
    for override in panel["fieldConfig"]["overrides"]:
        matcher = override["matcher"]
        options = matcher["options"]
        fits = re.search(options.strip("/"), name) if matcher["id"] == "byRegexp" else options == name
        if fits:
            found |= {each["id"]: each["value"] for each in override["properties"]}
    return found


# ---- Panels ---------------------------------------------------------------------------------------

def name_of(target: dict, labels: dict) -> str:
    name = re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda found: labels.get(found[1], ""), target["legendFormat"])
    return " ".join(name.split())


def numbers(series: dict) -> list[tuple[float, float]]:
    values = series["values"] if "values" in series else [series["value"]]
    return [(float(when), float(value)) for when, value in values if not math.isnan(float(value))]


def lines_of(shown: Shown) -> list[Line]:
    defaults, found = shown.panel["fieldConfig"]["defaults"], []
    for target, result in zip(shown.panel["targets"], shown.results):
        for series in result:
            points = numbers(series)
            if not points:
                continue
            name = name_of(target, series["metric"])
            properties = overridden(shown.panel, name)
            fixed = properties.get("color", {}).get("fixedColor")
            custom = dict(defaults["custom"]) | {
                key.removeprefix("custom."): value for key, value in properties.items() if key.startswith("custom.")}
            colour = colour_of(fixed) if fixed else PALETTE[len(found) % len(PALETTE)]
            found.append(Line(name, points, colour, properties.get("unit", defaults["unit"]), custom, defaults.get("decimals")))
    return found


@dataclasses.dataclass(frozen=True)
class Frame:
    """Where a graph's times and values stand in its picture."""

    begin: float
    end: float
    top: float  # the greatest value
    left: float
    right: float
    high: float
    low: float

    def x(self, when: float) -> float:
        return self.left + (when - self.begin) / (self.end - self.begin) * (self.right - self.left)

    def y(self, value: float) -> float:
        return self.low - value / self.top * (self.low - self.high)


def nice_top(value: float) -> float:
    if value <= 0:
        return 1.0
    size = 10.0 ** math.floor(math.log10(value))
    return next(size * step for step in (1, 2, 4, 6, 8, 10) if size * step >= value)


def times(frame: Frame, height: float) -> str:
    """The axis of times."""
    most = (frame.right - frame.left) / 80
    seconds = next(step for step in (5, 10, 15, 30, 60, 300, 900, 3600, 86400) if (frame.end - frame.begin) / step <= most)
    drawn, when = "", math.ceil(frame.begin / seconds) * seconds
    while when < frame.end:
        text = time.strftime("%H:%M:%S", time.gmtime(when))
        drawn += f'<line x1="{frame.x(when):.1f}" x2="{frame.x(when):.1f}" y1="{frame.high}" y2="{frame.low}" stroke="#24282e"/>'
        if frame.x(when) < frame.right - 15:
            drawn += f'<text x="{frame.x(when):.1f}" y="{height - 3}" text-anchor="middle">{text}</text>'
        when += seconds
    return drawn


def marked(frame: Frame, marks: list[float]) -> str:
    return "".join(
        f'<line x1="{frame.x(mark):.1f}" x2="{frame.x(mark):.1f}" y1="{frame.high}" y2="{frame.low}" stroke="{COLOURS["purple"]}"'
        f' stroke-dasharray="3 3"/><path d="M{frame.x(mark) - 4:.1f} {frame.low + 5} h8 l-4 -6 z" fill="{COLOURS["purple"]}"/>'
        for mark in marks
    )


def pieces(points: list[tuple[float, float]], step: float = 1) -> list[list[tuple[float, float]]]:
    """Points without a gap between them."""
    found = []
    for point in points:
        if not found or point[0] - found[-1][-1][0] > 1.5 * step:
            found.append([])
        found[-1].append(point)
    return found


def stays(points: list[tuple[float, float]], step: float = 1) -> list[tuple[float, float, float]]:
    """(begin, end, value) of the times in which the value stays the same."""
    found = []
    for piece in pieces(points, step):
        for when, value in piece:
            if found and found[-1][1] >= when and found[-1][2] == value:
                found[-1] = (found[-1][0], when + step, value)
            else:
                found.append((when, when + step, value))
    return found


def path_of(frame: Frame, line: Line) -> str:
    drawn, dash = "", ' stroke-dasharray="8 6"' if "lineStyle" in line.custom else ""
    for piece in pieces(line.points):
        if len(piece) == 1:
            drawn += f'<circle cx="{frame.x(piece[0][0]):.1f}" cy="{frame.y(piece[0][1]):.1f}" r="2.5" fill="{line.colour}"/>'
            continue
        path = f"M{frame.x(piece[0][0]):.1f} {frame.y(piece[0][1]):.1f}"
        for when, value in piece[1:]:
            at = f"{frame.y(value):.1f}"
            path += f"H{frame.x(when):.1f}V{at}" if line.custom["lineInterpolation"] == "stepAfter" else f"L{frame.x(when):.1f} {at}"
        ground = f"V{frame.low}H{frame.x(piece[0][0]):.1f}Z"
        drawn += f'<path d="{path}{ground}" fill="{line.colour}" opacity="{line.custom["fillOpacity"] / 100}"/>'
        drawn += f'<path d="{path}" fill="none" stroke="{line.colour}" stroke-width="2"{dash}/>'
    return drawn


def bars_of(frame: Frame, lines: list[Line]) -> str:
    drawn, heights, width = "", {}, max(2.0, (frame.x(frame.begin + 1) - frame.left) * 0.8)
    for line in lines:
        for when, value in line.points:
            base = heights.get(when, 0)
            heights[when] = base + value
            low, high = frame.y(base), frame.y(base + value)
            drawn += (f'<rect x="{frame.x(when) - width / 2:.1f}" y="{high:.1f}" width="{width:.1f}" height="{low - high:.1f}"'
                      f' fill="{line.colour}"/>')
    return drawn


def greatest(lines: list[Line], bars: list[Line]) -> float:
    sums = {}
    for line in bars:
        for when, value in line.points:
            sums[when] = sums.get(when, 0) + value
    return max([value for line in lines for _, value in line.points] + list(sums.values()), default=0)


def legend(lines: list[Line], now: float) -> str:
    entries = ""
    for line in lines:
        last, most = line.points[-1][1], max(value for _, value in line.points)
        told = f"{formatted(last, line.unit, now, line.decimals)} (max {formatted(most, line.unit, now, line.decimals)})"
        entries += f'<span><i style="background:{line.colour}"></i>{html.escape(line.name)} {told}</span>'
    return f'<div class="legend">{entries}</div>'


def legend_lines(lines: list[Line], width: float) -> int:
    """How many lines its legend takes, roughly."""
    return max(1, math.ceil(sum(len(line.name) + 22 for line in lines) * 6.6 / width))


def time_series(shown: Shown, picture: Picture, width: float, height: float) -> str:
    lines = lines_of(shown)
    unit = shown.panel["fieldConfig"]["defaults"]["unit"]
    bars = [line for line in lines if line.custom["drawStyle"] == "bars"]
    others = [line for line in lines if line not in bars]
    low = height - 24 - 14 * min(4, legend_lines(lines, width))
    frame = Frame(picture.begin, picture.end, nice_top(greatest(others, bars)), 62, width - 10, 4, low - 16)
    drawn = times(frame, low)
    for share in (0, 0.5, 1):
        at = frame.y(frame.top * share)
        drawn += f'<line x1="{frame.left}" x2="{frame.right}" y1="{at:.1f}" y2="{at:.1f}" stroke="#2c3038"/>'
        if unit != "none" or (frame.top * share).is_integer():
            drawn += f'<text x="{frame.left - 5}" y="{at + 4:.1f}" text-anchor="end">{formatted(frame.top * share, unit, picture.end)}</text>'
    drawn += bars_of(frame, bars) + "".join(path_of(frame, line) for line in others) + marked(frame, picture.marks)
    return f'<svg width="{width:.0f}" height="{low:.0f}">{drawn}</svg>' + legend(lines, picture.end)


def state_timeline(shown: Shown, picture: Picture, width: float, height: float) -> str:
    lines, mappings = lines_of(shown), shown.panel["fieldConfig"]["defaults"]["mappings"]
    low = height - 42
    left = min(width / 2, 16 + 6.6 * max((len(line.name) for line in lines), default=0))
    frame = Frame(picture.begin, picture.end, 1, left, width - 10, 2, low - 14)
    lane = (frame.low - frame.high) / max(1, len(lines))
    drawn, seen = times(frame, low), {}
    for number, line in enumerate(sorted(lines, key=lambda line: line.name)):
        top = frame.high + number * lane
        drawn += f'<text x="{left - 6}" y="{top + lane / 2 + 4:.1f}" text-anchor="end">{html.escape(line.name)}</text>'
        for begin, end, value in stays(line.points):
            state = by_mapping(value, mappings)
            seen[state["text"]] = colour_of(state["color"])
            width_of_stay = max(0, min(frame.right, frame.x(end)) - frame.x(begin))
            drawn += (f'<rect x="{frame.x(begin):.1f}" y="{top + lane * 0.1:.1f}" width="{width_of_stay:.1f}"'
                      f' height="{lane * 0.8:.1f}" fill="{colour_of(state["color"])}"/>')
    entries = "".join(f'<span><i style="background:{colour}"></i>{text}</span>' for text, colour in seen.items())
    drawn += marked(frame, picture.marks)
    return f'<svg width="{width:.0f}" height="{low:.0f}">{drawn}</svg><div class="legend">{entries}</div>'


def stat(shown: Shown, picture: Picture, width: float, height: float) -> str:
    defaults = shown.panel["fieldConfig"]["defaults"]
    points = [point for series in shown.results[0] for point in numbers(series)]
    value = points[-1][1]
    state = by_mapping(value, defaults["mappings"])
    text = state["text"] if state else formatted(value, defaults["unit"], picture.end)
    colour = colour_of(state["color"]) if state else by_thresholds(value, defaults["thresholds"])
    graph = ""
    if shown.panel["options"]["graphMode"] == "area":
        frame = Frame(picture.begin, picture.end, max(1, *(each for _, each in points)), 0, width, height - 66, height - 32)
        path = f"M{frame.x(points[0][0]):.1f} {frame.y(points[0][1]):.1f}"
        path += "".join(f"H{frame.x(when):.1f}V{frame.y(each):.1f}" for when, each in points[1:])
        graph = f'<svg width="{width}" height="{height - 32}" style="position:absolute;left:0;top:0"><path d="{path}" fill="none" stroke="#fff" opacity="0.45"/></svg>'
    ground = colour if shown.panel["options"]["colorMode"] == "background" else "transparent"
    ink = "#fff" if ground != "transparent" else colour
    size = 32 if len(text) < 8 else 20
    return f'<div class="stat" style="background:{ground};color:{ink};height:{height - 34}px;font-size:{size}px">{graph}{html.escape(text)}</div>'


def table(shown: Shown, picture: Picture, width: float, height: float) -> str:
    """What the transformations merge and organize make of the results."""
    organize = next(each["options"] for each in shown.panel["transformations"] if each["id"] == "organize")
    fields = [f"Value #{target['refId']}" for target in shown.panel["targets"]]
    columns = [name for name in organize["indexByName"] if not organize["excludeByName"].get(name)]
    rows: list[dict] = []
    for field, result in zip(fields, shown.results):
        for series in result:
            fitting = [row for row in rows if all(row.get(key, value) == value for key, value in series["metric"].items())]
            if not fitting:
                rows.append({})
                fitting = rows[-1:]
            for row in fitting:
                row.update(series["metric"], **{field: float(series["value"][1])})
    heads = [organize["renameByName"].get(name, name) for name in columns]
    text = "".join(f"<th>{html.escape(head)}</th>" for head in heads)
    for row in sorted(rows, key=lambda row: str(row.get(columns[0]))):
        cells = "".join(cell(row.get(name), overridden(shown.panel, head), picture.end) for name, head in zip(columns, heads))
        text += f"</tr><tr>{cells}"
    return f"<table><tr>{text}</tr></table>"


def cell(value: float | str | None, properties: dict, now: float) -> str:
    if value is None or isinstance(value, str):
        return f"<td>{html.escape(value or '')}</td>"
    state = by_mapping(value, properties.get("mappings", []))
    text = state["text"] if state else formatted(value, properties.get("unit", "none"), now)
    colour = colour_of(state["color"]) if state else "transparent"
    if not state and "thresholds" in properties:
        colour = by_thresholds(value, properties["thresholds"])
    return f'<td style="background:{colour}">{html.escape(text)}</td>'


DRAWN = {"stat": stat, "timeseries": time_series, "state-timeline": state_timeline, "table": table}


# ---- The page -------------------------------------------------------------------------------------

def placed(grid: dict) -> tuple[float, float, float, float]:
    return grid["x"] * COLUMN + GAP / 2, 36 + grid["y"] * LINE, grid["w"] * COLUMN - GAP, grid["h"] * LINE - GAP


def page(picture: Picture) -> str:
    drawn = ""
    for panel in picture.dashboard["panels"]:
        if panel["type"] == "row":
            drawn += f'<div class="row" style="top:{placed(panel["gridPos"])[1] + 6}px">{html.escape(panel["title"])}</div>'
    for shown in picture.shown:
        left, top, width, height = placed(shown.panel["gridPos"])
        drawn += (f'<div class="panel" style="left:{left}px;top:{top}px;width:{width}px;height:{height}px">'
                  f'<h2>{html.escape(shown.panel["title"])}</h2>{DRAWN[shown.panel["type"]](shown, picture, width - 2, height)}</div>')
    bottom = 36 + LINE * max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in picture.dashboard["panels"])
    title = f'{html.escape(picture.dashboard["title"])} <small>purple: a migration began. Drawn from the queries of its panels, without Grafana</small>'
    return (f'<!doctype html><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>'
            f'<body style="height:{bottom}px"><h1>{title}</h1>{drawn}</body>')


def draw(drawn: dict[str, Picture], folder: str | None) -> list[str]:
    """Each by the file of its dashboard; what the browser complains of. Pictures are left in the folder, if any."""
    wrong = []
    with contextlib.closing(chromium.Chromium()) as browser, tempfile.TemporaryDirectory() as scratch:
        for name, picture in drawn.items():
            file = pathlib.Path(scratch) / f"{name}.html"
            file.write_text(page(picture), encoding="utf-8")
            tab = browser.open_tab()
            tab.look(WIDTH)
            tab.go(file.as_uri())
            wrong += [f"{name}, drawn: {complaint}" for complaint in tab.complaints]
            if folder:
                (pathlib.Path(folder) / name).with_suffix(".png").write_bytes(tab.screenshot())
            tab.close()
    return wrong
