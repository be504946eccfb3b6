"""Sides on the real Pulumi engine: nothing but resources, ours, and the docker-build provider.

Decides the programs and their settings, and where the real provider's plugin comes from. ``no_op`` registers the
resources of ours without any work: what the engine costs by itself.
"""

from __future__ import annotations

import json
import os
import shutil
from importlib.metadata import version
from pathlib import Path

from bench.engine import BenchFailed, Stack
from bench.peers.job import PLATFORM, Job
from bench.peers.peer import Found, Missing
from bench.peers.place import Place, run

PLUGIN = "pulumi-resource-docker-build"


class EngineSide:
    """A stack of a program of ``bench/programs``."""

    def __init__(self, place: Place, job: Job, program: str, *, is_logged_in: bool) -> None:
        self.repositories = [job.repository]
        url = place.repository(job.repository, is_mutable=is_logged_in)
        configuration = {
            "images": json.dumps(dict(job.dockerfiles)),
            "root": str(job.root),
            "repository": url,
            "platform": PLATFORM,
            "side": job.side,
            "named": json.dumps({name: str(folder) for name, folder in job.named.items()}),
        }
        if program == "no_op":
            configuration = {"images": str(len(job.dockerfiles))}
        job.state.mkdir(parents=True, exist_ok=True)
        environment = {**(place.logged_in if is_logged_in else {}), "PULUMI_BACKEND_URL": f"file://{job.state}"}
        self._stack = Stack(place.cloud, job.home / "program", program, "bench", configuration, environment)

    def preview(self) -> None:
        self._stack.preview()

    def up(self) -> None:
        self._stack.up()

    def uri(self, image: str) -> str:
        return self._stack.outputs()[image]


def find_floor(place: Place, _asked: bool) -> Found:
    """The engine, which is always there."""
    engine = run(["pulumi", "version"], place.folder, place.cloud.environment()).strip()
    return Found(
        f"Pulumi {engine}, SDK {version('pulumi')}",
        lambda place, job: EngineSide(place, job, "no_op", is_logged_in=False),
    )


def find_ours(_place: Place, _asked: bool) -> Found:
    """This checkout."""
    return Found(version("fast-container"), lambda place, job: EngineSide(place, job, "peer_ours", is_logged_in=False))


def find_docker_build(place: Place, _asked: bool) -> Found:
    """The real provider, and its SDK in this environment."""
    plugin = shutil.which(PLUGIN, path=os.pathsep.join([os.environ.get("PEERS_DIR", ""), os.environ.get("PATH", "")]))
    if plugin is None:
        raise Missing(f"`{PLUGIN}` is not on PATH, and PEERS_DIR does not name a folder that has it")
    _install(Path(plugin), Path(place.cloud.environment()["PULUMI_HOME"]))
    try:
        schema = run(["pulumi", "package", "get-schema", plugin], place.folder, place.cloud.environment())
    except BenchFailed as failed:
        raise Missing(f"{plugin} does not run: {str(failed).splitlines()[-1]}") from failed
    shown = f"provider {json.loads(schema)['version']}, SDK {version('pulumi-docker-build')}"
    return Found(shown, lambda place, job: EngineSide(place, job, "peer_docker_build", is_logged_in=True))


def _install(plugin: Path, pulumi_home: Path) -> None:
    """Put the plugin where the engine looks for the one of the SDK's version."""
    folder = pulumi_home / "plugins" / f"resource-docker-build-v{version('pulumi-docker-build')}"
    if not folder.exists():
        folder.mkdir(parents=True)
        (folder / "PulumiPlugin.yaml").write_text("")
        (folder / PLUGIN).symlink_to(plugin.resolve())
