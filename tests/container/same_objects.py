"""Whether the chart makes what the overlay makes.

What may differ, and is taken off before the two are compared:
- the suffix that kustomize gives the name of a configuration, and Helm's annotation checksum/config: either makes
  a changed configuration replace the pods;
- Helm's labels for its own use, app.kubernetes.io/instance, app.kubernetes.io/managed-by and helm.sh/chart, and
  app.kubernetes.io/name of objects that are no workload, which kustomize leaves to whoever includes it;
- comments and layout of lockstep.toml: its values are compared; blank ends of files.
"""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from typing import Any

from manifests import Failed, Object

HELM_LABELS = {"app.kubernetes.io/instance", "app.kubernetes.io/managed-by", "helm.sh/chart"}
SUFFIX = re.compile(r"^(lockstep(?:-wait)?-config)-[0-9a-z]{10}$")


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {key: plain(one) for key, one in value.items() if key not in HELM_LABELS and key != "checksum/config"}
        return {key: one for key, one in kept.items() if one not in ({}, None)}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return SUFFIX.sub(r"\1", value).rstrip() if isinstance(value, str) else value


def plain_object(value: Object) -> Object:
    found = plain(value)
    if "lockstep.toml" in found.get("data", {}):
        found["data"]["lockstep.toml"] = tomllib.loads(found["data"]["lockstep.toml"])
        found["metadata"].pop("labels", None)
    return found


def keyed(objects: list[Object]) -> dict[str, str]:
    plain_ones = map(plain_object, objects)
    return {f"{one['kind']} {one['metadata']['name']}": text_of(one) for one in plain_ones}


def text_of(value: Object) -> str:
    return json.dumps(value, indent=2, sort_keys=True)


def check_same(kustomized: list[Object], charted: list[Object]) -> None:
    ours, theirs = keyed(kustomized), keyed(charted)
    if ours.keys() != theirs.keys():
        raise Failed(f"not in both: {sorted(ours.keys() ^ theirs.keys())}")
    for name, text in ours.items():
        if text != theirs[name]:
            lines = difflib.unified_diff(text.splitlines(), theirs[name].splitlines(), "overlay", "chart", lineterm="")
            raise Failed("\n".join([name, *lines]))
