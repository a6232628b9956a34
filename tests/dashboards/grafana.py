"""What Grafana does with a dashboard's JSON before it asks Prometheus: panels, variables, intervals."""
import dataclasses
import json
import pathlib
import re

DASHBOARDS = pathlib.Path(__file__).resolve().parents[2] / "dashboards"
NAMES = ("lockstep-overview.json", "lockstep-target.json")
REFERENCE = re.compile(r"\$\{(\w+)\}|\$(\w+)")
SPECIAL = re.compile(r"[\\^$*+?.()|\[\]{}]")
ALL = "$__all"


@dataclasses.dataclass(frozen=True)
class Interval:
    """Of a query, in seconds; `scrape` is what the data source is told in its settings."""

    step: int
    scrape: int

    @property
    def rate(self) -> int:
        return max(self.step + self.scrape, 4 * self.scrape)


def load(name: str) -> dict:
    return json.loads((DASHBOARDS / name).read_text(encoding="utf-8"))


def panels_of(dashboard: dict) -> list[dict]:
    """Those that show something: rows only hold others."""
    found = []
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            found += panel.get("panels", [])
        else:
            found.append(panel)
    return found


def expressions_of(dashboard: dict) -> list[tuple[str, str]]:
    """(where, expression), those of the annotations among them."""
    found = [
        (f"panel '{panel.get('title')}', query {target.get('refId')}", target["expr"])
        for panel in panels_of(dashboard)
        for target in panel.get("targets", [])
    ]
    return found + [(f"annotation '{each['name']}'", each["expr"]) for each in dashboard["annotations"]["list"] if "expr" in each]


def escaped(value: str) -> str:
    """For a regular expression within a string of PromQL."""
    return SPECIAL.sub(lambda found: "\\\\" + found[0], value)


def text_of(variable: dict, chosen: str | list[str]) -> str:
    """What stands in a query for a variable's choice."""
    if chosen == ALL:
        return variable["allValue"]
    if isinstance(chosen, str):
        return escaped(chosen) if variable["multi"] or variable["includeAll"] else chosen
    return "|".join(map(escaped, chosen)) if len(chosen) == 1 else "(" + "|".join(map(escaped, chosen)) + ")"


def filled(expression: str, dashboard: dict, choices: dict, interval: Interval) -> str:
    """The expression as Prometheus gets it; KeyError names a variable that the dashboard does not have."""
    variables = {each["name"]: each for each in dashboard["templating"]["list"]}
    known = {"__rate_interval": f"{interval.rate}s", "__interval": f"{interval.step}s"}

    def value(found: re.Match) -> str:
        name = found[1] or found[2]
        return known[name] if name in known else text_of(variables[name], choices.get(name, ALL))

    return REFERENCE.sub(value, expression)
