"""deploy/compose.yaml as docker-compose reads it, and a service of it as a container of a pod."""

from __future__ import annotations

import subprocess
from pathlib import Path

import yaml

from manifests import TOP, Failed, Object

FILE = TOP / "deploy" / "compose.yaml"
AGENTS = ("agent-1", "agent-2", "agent-3")


def services() -> dict[str, Object]:
    """Held to the specification's schema, with anchors resolved and paths made absolute."""
    done = subprocess.run(["docker-compose", "-f", FILE, "config"], text=True, capture_output=True)
    if done.returncode != 0:
        raise Failed(done.stderr.strip())
    return yaml.safe_load(done.stdout)["services"]


def mounts_of(service: Object) -> dict[str, Path]:
    """Folder or file of ours, by the place where it is mounted."""
    parts = [one.split(":") for one in service.get("volumes", [])]
    return {target: Path(source) for source, target, *_ in parts if source.startswith("/")}


def as_pod(name: str, service: Object) -> tuple[Object, dict[str, Path]]:
    """A pod with this one container, and what its mounts have for a source."""
    user, group = map(int, service["user"].split(":"))
    mounts = mounts_of(service)
    container = {
        "name": name,
        "image": service["image"],
        "args": service["command"],
        "env": [{"name": key, "value": value} for key, value in service["environment"].items()],
        "volumeMounts": [{"name": one, "mountPath": one, "readOnly": True} for one in mounts]
        + [{"name": one, "mountPath": one} for one in service["tmpfs"]],
        "securityContext": {
            "allowPrivilegeEscalation": "no-new-privileges:true" not in service["security_opt"],
            "readOnlyRootFilesystem": service["read_only"],
            "capabilities": {"drop": service["cap_drop"]},
        },
    }
    if "entrypoint" in service:
        container["command"] = service["entrypoint"]
    security = {"runAsUser": user, "runAsGroup": group, "fsGroup": group}
    return {"spec": {"securityContext": security, "containers": [container]}}, mounts
