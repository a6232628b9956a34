"""The objects of deploy/kubernetes and deploy/helm, as kubectl and helm render them."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import yaml

Object = dict[str, Any]
TOP = Path(__file__).resolve().parents[2]
KUSTOMIZE = TOP / "deploy" / "kubernetes"
CHART = TOP / "deploy" / "helm" / "lockstep"
FORMS = ("deployment", "job", "sidecar", "wait")
# Where the chart's defaults are not what the overlay has.
CHART_VALUES: dict[str, Object] = {
    "wait": {
        "database": {
            "url": "postgresql://shop_reader@postgres.database.svc:5432/shop"
            "?sslmode=verify-full&sslrootcert=/etc/lockstep-database/ca.crt",
            "secret": "lockstep-reader",
        }
    }
}


class Failed(Exception):
    """What is wrong, in a sentence."""


class Tools:
    """The programs of the folder that tests/container/kubernetes_tools makes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        command = [str(TOP / "tests" / "container" / "kubernetes_tools"), str(folder)]
        subprocess.run(command, check=True)

    def kustomize(self, folder: Path) -> list[Object]:
        text, said = self._run("kubectl", "kustomize", str(folder))
        if said:
            raise Failed(f"kustomize complains: {said}")
        return objects_of(text)

    def helm(self, chart: Path, values: Object, *arguments: str) -> list[Object]:
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(values, file)
            file.flush()
            command = ("template", "lockstep", str(chart), "--values", file.name, *arguments)
            return objects_of(self._run("helm", *command)[0])

    def lint(self, chart: Path) -> None:
        self._run("helm", "lint", "--strict", str(chart))

    def check_types(self, objects: list[Object]) -> None:
        program = Path(__file__).with_name("api_types.mjs")
        command = ["node", str(program), str(self.folder)]
        done = subprocess.run(command, input=json.dumps(objects), text=True, capture_output=True)
        if done.returncode != 0:
            raise Failed(done.stderr.strip())

    def _run(self, program: str, *arguments: str) -> tuple[str, str]:
        command = [str(self.folder / "bin" / program), *arguments]
        done = subprocess.run(command, text=True, capture_output=True)
        if done.returncode != 0:
            raise Failed(f"{' '.join(command)}: {done.stderr.strip()}")
        return done.stdout, done.stderr.strip()


def objects_of(text: str) -> list[Object]:
    return [one for one in yaml.safe_load_all(text) if one]


def overlay(tools: Tools, form: str, root: Path = KUSTOMIZE) -> list[Object]:
    return tools.kustomize(root / "overlays" / form)


def chart(tools: Tools, form: str, root: Path = CHART) -> list[Object]:
    return tools.helm(root, {"form": form, **CHART_VALUES.get(form, {})})


def pod_of(objects: list[Object]) -> Object:
    """The template of the one workload among them."""
    found = [one for one in objects if one["kind"] in ("Deployment", "Job")]
    if len(found) != 1:
        raise Failed(f"there are {len(found)} workloads, not one")
    return found[0]["spec"]["template"]


def data_of(objects: list[Object], config_map: str) -> dict[str, str]:
    for one in objects:
        if one["kind"] == "ConfigMap" and one["metadata"]["name"] == config_map:
            return one["data"]
    raise Failed(f"there is no ConfigMap {config_map}")
