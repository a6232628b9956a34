"""Runs a pod as a kubelet with runc would: from the pod's own description, with volumes laid out as the kubelet's."""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import threading
from pathlib import Path

from cluster import PASSWORD, Cluster, Unusable, run
from manifests import Object, data_of

SECCOMP = Path("/usr/share/containers/seccomp.json")
# Whoever waits for a line, or for an end, that does not come says so instead of standing still.
PATIENCE_SECONDS = 120


class Pod:
    """`images` has the root of each image; `pod` and `objects` are what was rendered; `mounts` are volumes that
    are there already."""

    def __init__(self, cluster: Cluster, pod: Object, objects: list[Object], images: dict[str, Path],
                 mounts: dict[str, Path] | None = None) -> None:
        self.cluster, self.spec, self.objects, self.images = cluster, pod["spec"], objects, images
        self.space, self.address = cluster.join()
        self.folder = cluster.folder / self.space
        self.folder.mkdir()
        self.volumes = {one["name"]: self._volume(one) for one in self.spec.get("volumes", [])}
        self.volumes |= mounts or {}
        (self.folder / "hosts").write_text(cluster.hosts())
        self.containers: list[Container] = []

    def __enter__(self) -> Pod:
        return self

    def __exit__(self, *_: object) -> None:
        for container in self.containers:
            container.kill()

    def start(self, name: str, **changes: object) -> Container:
        """`changes` take the place of fields of the container."""
        every = [*self.spec.get("initContainers", []), *self.spec["containers"]]
        wanted = next(one for one in every if one["name"] == name)
        self.containers.append(Container(self, {**wanted, **changes}))
        return self.containers[-1]

    def change(self, volume: str, data: dict[str, str]) -> None:
        """A ConfigMap that was changed reaches the volume."""
        put_atomically(self.volumes[volume], data, 0o644, self.spec["securityContext"]["fsGroup"])

    def get(self, path: str) -> tuple[int, str]:
        return self.cluster.get(f"http://{self.address}:8432{path}")

    def _volume(self, volume: Object) -> Path:
        path = self.folder / volume["name"]
        path.mkdir()
        group = self.spec["securityContext"]["fsGroup"]
        if "configMap" in volume:
            put_atomically(path, data_of(self.objects, volume["configMap"]["name"]), 0o644, group)
        elif "secret" in volume:
            secret = {"password": PASSWORD, "ca.crt": self.cluster.authority.root.read_text()}
            put_atomically(path, secret, volume["secret"]["defaultMode"], group)
        else:
            shutil.chown(path, group=group)
            path.chmod(0o2777)
        return path


def put_atomically(volume: Path, data: dict[str, str], mode: int, group: int) -> None:
    """As the kubelet: a new folder, a link to it that is renamed over ..data, links for names that are new."""
    version = volume / f"..2026_{len(os.listdir(volume))}_{os.urandom(4).hex()}"
    version.mkdir()
    for name, text in data.items():
        (version / name).write_text(text)
        shutil.chown(version / name, group=group)
        # fsGroup lets the group read what its owner may read.
        (version / name).chmod(mode | 0o440)
    version.chmod(0o755)
    before = (volume / "..data").resolve() if (volume / "..data").exists() else None
    (volume / "..data_tmp").symlink_to(version.name)
    (volume / "..data_tmp").rename(volume / "..data")
    for name in data:
        if not (volume / name).is_symlink():
            (volume / name).symlink_to(f"..data/{name}")
    if before:
        shutil.rmtree(before)


def seccomp() -> Object:
    """The engines' default profile, which RuntimeDefault means, without what it gives to capabilities."""
    profile = json.loads(SECCOMP.read_text())
    rules = [one for one in profile["syscalls"] if fits(one.get("includes", {})) and not is_excluded(one)]
    kept = [{key: one[key] for key in ("names", "action", "args", "errnoRet") if one.get(key)} for one in rules]
    return {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38, "syscalls": kept}


def fits(condition: Object) -> bool:
    return not condition.get("caps") and "amd64" in condition.get("arches", ["amd64"])


# Rules that leave out who has a capability are for us, who have none.
def is_excluded(rule: Object) -> bool:
    return "amd64" in rule.get("excludes", {}).get("arches", [])


class Container:
    """One that runs; what it says is read line by line."""

    def __init__(self, pod: Pod, described: Object) -> None:
        self.id = f"{pod.space}-{described['name']}-{len(pod.containers)}"
        self.state = pod.cluster.folder / "runc"
        bundle = pod.folder / self.id
        bundle.mkdir()
        (bundle / "config.json").write_text(json.dumps(self._config(pod, described)))
        command = ["runc", "--root", str(self.state), "run", "--bundle", str(bundle), self.id]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.said: list[str] = []
        self.lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def wait_for_line(self, part: str) -> str:
        while True:
            line = self._next_line()
            if line is None:
                raise AssertionError(f"it ended without saying {part!r}:\n{''.join(self.said)}")
            if part in line:
                return line

    def wait(self) -> int:
        """Until it has ended by itself."""
        while self._next_line() is not None:
            pass
        return self.process.wait(PATIENCE_SECONDS)

    def terminate(self) -> int:
        run("runc", "--root", self.state, "kill", self.id, "TERM")
        return self.wait()

    def exec(self, *command: str) -> str:
        return run("runc", "--root", self.state, "exec", self.id, *command)

    def pid(self) -> int:
        return json.loads(run("runc", "--root", self.state, "state", self.id))["pid"]

    def kill(self) -> None:
        if self.process.poll() is None:
            subprocess.run(["runc", "--root", self.state, "kill", self.id, "KILL"], check=False)
            self.process.wait(PATIENCE_SECONDS)
        subprocess.run(["runc", "--root", self.state, "delete", "-f", self.id], check=False, capture_output=True)

    def _next_line(self) -> str | None:
        try:
            return self.lines.get(timeout=PATIENCE_SECONDS)
        except queue.Empty as problem:
            raise AssertionError(f"nothing more was said:\n{''.join(self.said)}") from problem

    def _listen(self) -> None:
        for line in self.process.stdout:
            self.said.append(line)
            self.lines.put(line)
        self.lines.put(None)

    def _config(self, pod: Pod, described: Object) -> Object:
        user = pod.spec["securityContext"]
        security = described["securityContext"]
        command = described.get("command", ["/usr/bin/lockstepd"]) + described.get("args", [])
        variables = [f"{one['name']}={one['value']}" for one in described.get("env", [])]
        process = {
            "user": {"uid": user["runAsUser"], "gid": user["runAsGroup"], "additionalGids": [user["fsGroup"]]},
            "args": command,
            "env": ["PATH=/usr/bin", *variables],
            "cwd": "/",
            "capabilities": {},
            "noNewPrivileges": not security["allowPrivilegeEscalation"],
        }
        return {
            "ociVersion": "1.0.2",
            "process": process,
            "root": {"path": str(pod.images[described["image"]]), "readonly": security["readOnlyRootFilesystem"]},
            "hostname": pod.space,
            "mounts": self._mounts(pod, described),
            "linux": {
                "cgroupsPath": f"/{self.id}",
                "namespaces": [
                    *({"type": one} for one in ("pid", "mount", "ipc", "uts")),
                    {"type": "network", "path": f"/run/netns/{pod.space}"},
                ],
                "seccomp": seccomp(),
            },
        }

    def _mounts(self, pod: Pod, described: Object) -> list[Object]:
        def bind(source: Path, destination: str, way: str) -> Object:
            return {"destination": destination, "source": str(source), "type": "bind", "options": ["bind", way]}

        volumes = [
            bind(pod.volumes[one["name"]], one["mountPath"], "ro" if one.get("readOnly") else "rw")
            for one in described.get("volumeMounts", [])
        ]
        return [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"]},
            bind(pod.folder / "hosts", "/etc/hosts", "ro"),
            *volumes,
        ]


def require_runtime() -> None:
    if os.geteuid() != 0:
        raise Unusable("only root can make containers here")
    if not shutil.which("runc") or not SECCOMP.exists():
        raise Unusable("runc or its seccomp profile is missing: deploy/install-packages test")
