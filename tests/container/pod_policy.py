"""What every pod of ours keeps to: the restricted security standard, probes that kill no migration, times that fit."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from manifests import Failed, Object, data_of, pod_of

HEALTH = "/api/v1/health"
READINESS = "/api/v1/readiness"
IMAGE = "ghcr.io/lockstep-db/lockstep"
# The volumes that the restricted standard allows; a hostPath is not among them.
VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
# `kubectl apply` keeps the object in an annotation of at most that many bytes.
LARGEST_OBJECT = 262_144


def require(condition: bool, sentence: str) -> None:
    if not condition:
        raise Failed(sentence)


def containers_of(pod: Object) -> list[Object]:
    return [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]


def check_restricted(pod: Object) -> None:
    spec = pod["spec"]
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        require(not spec.get(name), f"{name} is on")
    security = spec.get("securityContext", {})
    require(security.get("runAsNonRoot") is True, "the pod may run as root")
    require(security.get("runAsUser", 0) > 0, "the pod runs as root")
    profile = security.get("seccompProfile", {}).get("type")
    require(profile in ("RuntimeDefault", "Localhost"), f"seccompProfile is {profile}")
    require("sysctls" not in security, "the pod sets sysctls")
    require(spec.get("automountServiceAccountToken") is False, "the pod gets a token of the API")
    for volume in spec.get("volumes", []):
        kinds = set(volume) - {"name"}
        require(kinds <= VOLUMES, f"volume {volume['name']} is of the kind {kinds}")
    for container in containers_of(pod):
        check_restricted_container(container)


def check_restricted_container(container: Object) -> None:
    name = container["name"]
    security = container.get("securityContext", {})
    require(security.get("allowPrivilegeEscalation") is False, f"{name} may gain privileges")
    require(not security.get("privileged"), f"{name} is privileged")
    require(security.get("capabilities") == {"drop": ["ALL"]}, f"{name} keeps capabilities")
    require(security.get("readOnlyRootFilesystem") is True, f"{name} may write to its root")
    for field in ("runAsUser", "runAsNonRoot", "seccompProfile", "procMount", "seLinuxOptions", "windowsOptions"):
        require(field not in security, f"{name} has a {field} of its own")
    for port in container.get("ports", []):
        require("hostPort" not in port, f"{name} takes a port of the host")


def is_agent(container: Object) -> bool:
    return container["image"].startswith(IMAGE) and "command" not in container


def check_probes(pod: Object) -> None:
    """A probe that kills asks for health alone, and for long: the database has no part in that."""
    for container in containers_of(pod):
        for probe in ("startupProbe", "livenessProbe"):
            if is_agent(container):
                path = container.get(probe, {}).get("httpGet", {}).get("path")
                require(path == HEALTH, f"the {probe} of {container['name']} asks for {path}")
        if is_agent(container):
            check_patience(container)
        if "readinessProbe" in container:
            path = container["readinessProbe"]["httpGet"]["path"]
            require(path == READINESS, f"the readinessProbe of {container['name']} asks for {path}")


def check_patience(container: Object) -> None:
    probe = container["livenessProbe"]
    patience = probe.get("periodSeconds", 10) * probe.get("failureThreshold", 3)
    require(patience >= 60, f"{container['name']} is killed after {patience} s")


def check_network(objects: list[Object]) -> None:
    """Who is Lockstep's alone speaks to a database and to DNS, and is spoken to by Prometheus."""
    for policy in (one for one in objects if one["kind"] == "NetworkPolicy"):
        spec = policy["spec"]
        require(set(spec["policyTypes"]) == {"Ingress", "Egress"}, "the policy leaves a direction open")
        require(all(rule.get("from") and ports(rule) == {8432} for rule in spec["ingress"]), "ingress is too wide")
        require(all(rule.get("to") for rule in spec["egress"]), "egress goes to anybody")
        require(sorted(map(sorted, map(ports, spec["egress"]))) == [[53], [5432]], "egress goes to other ports")


def ports(rule: Object) -> set[int]:
    return {one["port"] for one in rule.get("ports", [])}


def settings_of(objects: list[Object]) -> dict[str, Any]:
    volumes = pod_of(objects)["spec"]["volumes"]
    name = next(one["configMap"]["name"] for one in volumes if one["name"] == "config")
    return tomllib.loads(data_of(objects, name)["lockstep.toml"])


def check_grace(objects: list[Object]) -> None:
    shutdown = settings_of(objects).get("shutdown", {}).get("grace")
    spec = pod_of(objects)["spec"]
    if shutdown is None or not any(map(is_agent, containers_of(pod_of(objects)))):
        return
    grace = int(re.fullmatch(r"(\d+)s", shutdown).group(1))
    given = spec.get("terminationGracePeriodSeconds", 30)
    require(given >= grace + 10, f"the pod is killed after {given} s, shutdown.grace is {grace} s")


def check_image(objects: list[Object], version: str) -> None:
    for container in containers_of(pod_of(objects)):
        if container["image"].startswith(IMAGE):
            require(container["image"] == f"{IMAGE}:{version}", f"{container['image']} is not of {version}")


def check_secrets(objects: list[Object]) -> None:
    """None of them in the objects, and its file for the group of the pod alone."""
    require(all(one["kind"] != "Secret" for one in objects), "a Secret lies among the objects")
    spec = pod_of(objects)["spec"]
    for volume in (one for one in spec["volumes"] if "secret" in one):
        require(volume["secret"].get("defaultMode") == 0o400, f"{volume['name']} may be read by others")
        require("fsGroup" in spec["securityContext"], "without fsGroup nobody but root reads the Secret")


def check_policy(objects: list[Object], version: str) -> None:
    pod = pod_of(objects)
    check_restricted(pod)
    check_probes(pod)
    check_network(objects)
    check_grace(objects)
    check_image(objects, version)
    check_secrets(objects)
    for one in objects:
        size = len(str(one).encode())
        require(size < LARGEST_OBJECT, f"{one['kind']} {one['metadata']['name']} has {size} bytes")
