"""Issue: a thousand images over one root: what each costs does not grow with their number.

Decides what is compared: a preview of new images and an unchanged ``up``, on the real engine, against the same
components with no-op records; and, without the engine, ten times as many under Pulumi's mocks. The images are not
built one by one: one is, and its manifest gets the tags of all the others. Leaves the programs to ``bench.programs``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.engine import PROGRAMS, BenchFailed, Cost, Stack
from bench.measuring import number
from bench.table import Table, Target
from bench.workplace import Workplace
from fast_container.core.key import tag_of
from fast_container.core.program_file import FILE_NAME

_MB = 1e6
_MOST_RATIO = 1.3
_MOST_MORE_S = 1.5
_MOST_MORE_MB = 150.0


def many(workplace: Workplace) -> list[Table]:
    """One row for each command and size; then the simulation."""
    images, files, rounds = (100, 2_000, 1) if workplace.is_quick else (1_000, 100_000, 3)
    return [_engine(workplace, images, files, rounds), _simulated(workplace, images)]


def _engine(workplace: Workplace, images: int, files: int, rounds: int) -> Table:
    repository = workplace.repository("bench/many")
    stacks = {side: _stack(workplace, side, repository, images, files) for side in ("images", "no_op")}
    preview = _in_turns(stacks, "preview", rounds)
    _publish_all(workplace, stacks["images"].folder, repository, files)
    for stack in stacks.values():
        stack.up()
    costs = {"preview of new ones": preview, "unchanged up": _in_turns(stacks, "up", rounds)}
    rows: list[list[str]] = []
    targets: list[Target] = []
    for what, sides in costs.items():
        ours, no_op = sides["images"], sides["no_op"]
        allowed_s = _MOST_RATIO * no_op.wall_s + _MOST_MORE_S
        more_mb = (ours.memory_bytes - no_op.memory_bytes) / _MB
        shown = (ours.wall_s, no_op.wall_s, ours.wall_s / no_op.wall_s, ours.cpu_s, no_op.cpu_s, more_mb)
        rows.append([f"{images}, {what}", *map(number, shown)])
        targets.append(Target(f"{images} images, {what}", ours.wall_s, "most", allowed_s, "s"))
        targets.append(Target(f"{images} images, {what}, in memory", more_mb, "most", _MOST_MORE_MB, "MB"))
    return Table(
        f"{images:,} images over one context of {files:,} files",
        [
            "ours: FastContainerImage; no-op: a component with a dynamic record that does nothing; in turns,",
            f"the least of {rounds} rounds; CPU and memory are those of the program's process, without the engine's;",
            "the limit in seconds is 1.3 times the no-op's and 1.5 s",
        ],
        ["images, command", "ours s", "no-op s", "ratio", "CPU ours s", "no-op s", "memory adds MB"],
        rows,
        targets,
    )


def _stack(workplace: Workplace, side: str, repository: str, images: int, files: int) -> Stack:
    name = f"many-{side.replace('_', '-')}-{images}"
    configuration = {
        "images": str(images),
        "repository": repository,
        "context": str(workplace.tree(files)),
        "dockerfiles": str(workplace.dockerfiles(whole=False, images=images)),
    }
    return Stack(workplace.cloud, workplace.folder / "stacks" / name, side, name, configuration)


def _in_turns(stacks: dict[str, Stack], verb: str, rounds: int) -> dict[str, Cost]:
    """Side → its cheapest round."""
    found: dict[str, list[Cost]] = {side: [] for side in stacks}
    for _ in range(rounds):
        for side, stack in stacks.items():
            found[side].append(getattr(stack, verb)())
    return {side: min(costs, key=lambda cost: cost.wall_s) for side, costs in found.items()}


def _publish_all(workplace: Workplace, program: Path, repository: str, files: int) -> None:
    """Build one image, and give its manifest the tags of all images of a program."""
    name = repository.partition("/")[2]
    _stack(workplace, "images", repository, 1, files).up()
    keys = [image["build_key"] for image in json.loads((program / FILE_NAME).read_text())["images"]]
    image = workplace.ecr.describe_images(repositoryName=name)["imageDetails"][0]
    ids, there = [{"imageDigest": image["imageDigest"]}], image["imageTags"]
    found = workplace.ecr.batch_get_image(repositoryName=name, imageIds=ids)["images"][0]
    for tag in {tag_of(key) for key in keys}.difference(there):
        manifest: dict[str, Any] = {"imageManifest": found["imageManifest"], "imageTag": tag}
        workplace.ecr.put_image(repositoryName=name, imageManifestMediaType=found["imageManifestMediaType"], **manifest)


def _simulated(workplace: Workplace, images: int) -> Table:
    sizes = (images, 10 * images)
    found = {size: _simulate(workplace, size) for size in sizes}
    each = {size: found[size]["cpu_s"] / size for size in sizes}
    rows = [
        [f"{size:,}", number(found[size]["cpu_s"]), number(each[size] * 1e3), number(found[size]["memory_bytes"] / _MB)]
        for size in sizes
    ]
    growth = each[sizes[1]] / each[sizes[0]]
    return Table(
        "images under Pulumi's mocks, without an engine",
        ["a process each; from the program's first image until all are registered; one context of 2,000 files"],
        ["images", "CPU s", "an image ms", "memory MB"],
        rows,
        [Target(f"an image among {sizes[1]:,}, against one among {sizes[0]:,}", growth, "most", 1.5)],
    )


def _simulate(workplace: Workplace, images: int) -> dict[str, float]:
    words = [sys.executable, str(PROGRAMS / "simulated.py"), str(images), str(workplace.tree(2_000))]
    environment = {
        **os.environ,
        "FAST_CONTAINER_CACHE": str(workplace.folder / "cache"),
        "PYTHONPATH": str(PROGRAMS.parents[1] / "components"),
    }
    done = subprocess.run(words, env=environment, cwd=workplace.folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchFailed(f"{' '.join(words)} failed:\n{done.stderr}")
    return json.loads(done.stdout)
