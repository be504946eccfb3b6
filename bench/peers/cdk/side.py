"""CDK at work on a job: a preview synthesizes; an ``up`` synthesizes, then publishes the image assets.

Decides that a template's upload and CloudFormation are left out: they are not work on images.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from bench.peers.job import PLATFORM, Job
from bench.peers.peer import Found
from bench.peers.place import Place, run
from bench.peers.tool_cache import CDK_PACKAGES, cdk_folder

HERE = Path(__file__).parent


class Cdk:
    """An app with an image asset for each image."""

    def __init__(self, place: Place, job: Job, packages: Path) -> None:
        self.repositories = [job.repository]
        self._url = place.repository(job.repository, is_mutable=True)
        self._out = job.home / "cdk.out"
        self._publish = str(packages / ".bin" / "cdk-assets")
        job.home.mkdir(parents=True, exist_ok=True)
        self._environment = {
            **place.logged_in,
            "HOME": str(job.home),  # it keeps digests of files below ~/.cdk
            "NODE_PATH": str(packages),
            "CDK_DOCKER": str(HERE / "docker_shim.py"),
            "SHIM_NOTES": str(job.home / "shim"),
            "BENCH_JOB": json.dumps(
                {
                    "root": str(job.root),
                    "out": str(self._out),
                    "repository": job.repository,
                    "dockerfiles": dict(job.dockerfiles),
                    "named": {name: str(folder) for name, folder in job.named.items()},
                    "buildArgs": job.build_args,
                    "platform": PLATFORM,
                    "account": place.cloud.account_id,
                    "region": place.cloud.region,
                }
            ),
        }
        self._home = job.home

    def preview(self) -> None:
        run(["node", str(HERE / "app.js")], self._home, self._environment)

    def up(self) -> None:
        self.preview()
        run([self._publish, "publish", "-p", str(self._out / "bench.assets.json")], self._home, self._environment)
        self._remove_copies()

    def uri(self, image: str) -> str:
        return f"{self._url}:{self._tags()[image]}"

    def _tags(self) -> dict[str, str]:
        return json.loads((self._out / "tags.json").read_text())

    def _remove_copies(self) -> None:
        """Remove the copies of the context that no asset names any more, so that they do not fill the disk."""
        kept = {f"asset.{tag}" for tag in self._tags().values()}
        for folder in self._out.glob("asset.*"):
            if folder.name not in kept:
                shutil.rmtree(folder)


def find_cdk(_place: Place, _asked: bool) -> Found:
    """The packages in the tool cache, installed by npm when they are not there yet."""
    packages = cdk_folder(os.environ)
    return Found(", ".join(CDK_PACKAGES), lambda place, job: Cdk(place, job, packages))
