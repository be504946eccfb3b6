"""Runs the container of a task definition as Fargate would: by digest, as its user, without capabilities, read-only.

The network is the container's own loopback; the health check runs inside, as ECS runs it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from localcloud import LocalCloud
from localcloud.image_layers import unpack_layer

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def image_configuration(cloud: LocalCloud, image_uri: str) -> dict[str, Any]:
    """What an image says about the process that it is for."""
    manifest = json.loads(_blob(cloud, image_uri))
    return json.loads(_blob(cloud, image_uri, manifest["config"]["digest"]))["config"]


def _blob(cloud: LocalCloud, image_uri: str, digest: str = "") -> bytes:
    """A blob of the image's repository, by default the image's manifest."""
    repository, _, own = image_uri.removeprefix(f"{cloud.registry_host}/").partition("@")
    path = f"blobs/{digest}" if digest else f"manifests/{own}"
    url = f"http://{cloud.mirror_host}/v2/{repository}/{path}"
    with urlopen(Request(url, headers={"Accept": _MANIFEST if not digest else "*/*"})) as answer:
        return answer.read()


@dataclass(frozen=True)
class TaskContainer:
    """A running container."""

    runc: tuple[str, ...]
    name: str
    log: Path

    def execute(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Runs a command inside, as the container's own user."""
        argv = [*self.runc, "exec", self.name, *command]
        return subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)


@contextmanager
def running(cloud: LocalCloud, definition: dict[str, Any], folder: Path) -> Iterator[TaskContainer]:
    """Runs a task definition's only container for the time of the block."""
    (container,) = definition["containerDefinitions"]
    rootfs, blob, log = folder / "rootfs", folder / "blob", folder / "log"
    rootfs.mkdir(parents=True)
    for layer in json.loads(_blob(cloud, container["image"]))["layers"]:
        blob.write_bytes(_blob(cloud, container["image"], layer["digest"]))
        unpack_layer(blob, rootfs)
    name = f"task-{container['name']}"
    # The cloud removes this group of processes when it stops, should anything be left.
    specification = _specification(cloud, container, f"/{cloud.sockets_dir.name}/{name}")
    (folder / "config.json").write_text(json.dumps(specification))
    path = shutil.which("runc", path=cloud.environment()["PATH"])
    assert path
    runc = (path, "--root", str(folder / "state"))
    try:
        with log.open("wb") as file:
            argv = [*runc, "run", "--detach", "--bundle", str(folder), name]
            done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=file, stderr=file, timeout=30, check=False)
        assert done.returncode == 0, log.read_text()
        yield TaskContainer(runc, name, log)
    finally:
        subprocess.run([*runc, "delete", "--force", name], capture_output=True, timeout=30, check=False)
        shutil.rmtree(rootfs)


def _specification(cloud: LocalCloud, container: dict[str, Any], cgroup: str) -> dict[str, Any]:
    image = image_configuration(cloud, container["image"])
    user, group = (int(number) for number in image["User"].split(":"))
    variables = [*image["Env"], *(f"{entry['name']}={entry['value']}" for entry in container["environment"])]
    small = ["nosuid", "noexec", "nodev"]
    return {
        "ociVersion": "1.0.2",
        "process": {
            "terminal": False,
            "user": {"uid": user, "gid": group},
            "args": image["Cmd"],
            "env": variables,
            "cwd": image.get("WorkingDir") or "/",
            "capabilities": {},
            "noNewPrivileges": True,
        },
        "root": {"path": "rootfs", "readonly": container["readonlyRootFilesystem"]},
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755", "size=64k"]},
            {"destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": [*small, "mode=1777"]},
        ],
        "linux": {
            "cgroupsPath": cgroup,
            "namespaces": [{"type": kind} for kind in ("pid", "mount", "ipc", "uts", "network")],
        },
    }
