"""A fleet on two base images: one of third-party dependencies, on it one of the shared packages."""

import atexit
import json
import os
import resource
from pathlib import Path

import pulumi

from fast_container import BaseImage, FastImageFleet


def write_cost() -> None:
    """Write the cost of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    cost = {"cpu_s": used.ru_utime + used.ru_stime, "memory_bytes": 0}
    Path(os.environ["BENCH_COST"]).write_text(json.dumps(cost))


atexit.register(write_cost)
config = pulumi.Config()
root, bases = config.require("root"), config.require("bases")
folders = sorted(f"packages/{file.parent.name}" for file in Path(root).glob("packages/*/pyproject.toml"))
dependencies = BaseImage(
    "dependencies", repository=bases, root=root, packages=folders, install="dependencies", runs_on="lambda"
)
packages = BaseImage(
    "packages",
    repository=bases,
    root=root,
    packages=folders,
    install="packages",
    parent=dependencies,
    build_requirements="packages/build-requirements.txt",
    runs_on="lambda",
)
fleet = FastImageFleet(
    "fleet",
    f"{root}/functions/*/Dockerfile",
    repository=config.require("repository"),
    context=root,
    base_images={"BASE_IMAGE": packages},
    runs_on="lambda",
)
for name, image in fleet.items():
    pulumi.export(name, image.image_uri)
