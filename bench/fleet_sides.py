"""The sides of ``bench.fleet``: which steps there are, and what each side does in them.

Naive repeats the whole installation for each image in the first build and in the dependency edit just as in the
shared-package edit. So that the bench ends in minutes, one by one it builds only one image in those two, and what is
measured is scaled; in parallel they are taken from the shared-package edit. In all other steps it builds all.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from bench.build_facts import BuildFacts, Work
from bench.engine import BenchFailed, Stack
from bench.fleet_tree import (
    BUILD_BACKEND,
    LIGHT_PACKAGES,
    NEW_DEPENDENCY,
    PACKAGES,
    PARENT,
    PIP_CACHE,
    FleetTree,
)
from bench.plain_buildx import PlainBuildx
from bench.workplace import Workplace
from fast_container.core.program_file import FILE_NAME

PROJECT = Path(__file__).resolve().parent.parent
IMAGES = 8
_WARM_UP = """\
FROM {parent}
RUN --mount=type=cache,target={cache} \\
    python3 -m pip install --cache-dir={cache} --target /tmp/unused {distributions}
"""


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes:
        name: As it is shown.
        edit: What is done to the tree before it.
        is_whole: Whether naive builds all images in it; see the module.
    """

    name: str
    edit: Callable[[FleetTree], None]
    is_whole: bool = True


# The edit of the package comes after that of the dependency, so that the last two steps find all naive images built.
STEPS = (
    Step("first build", lambda _tree: None, is_whole=False),
    Step("dependency edit", FleetTree.edit_dependency, is_whole=False),
    Step("shared-package edit", FleetTree.edit_package),
    Step("handler edit", FleetTree.edit_handler),
    Step("unchanged", lambda _tree: None),
)
_FIRST_OF_ALL = next(step for step in STEPS if step.is_whole)


@dataclass(frozen=True)
class Measured:
    """One step of one side, of all images."""

    wall_s: float
    work: Work
    is_inferred: bool = False


Side = dict[str, Measured]


def _packages(workplace: Workplace) -> dict[str, list[str]]:
    return LIGHT_PACKAGES if workplace.is_quick else PACKAGES


def warm_pip_cache(workplace: Workplace) -> None:
    """Downloads everything once, and pulls the parent image; not measured."""
    distributions = [name for names in _packages(workplace).values() for name in names if "==" in name]
    distributions += [NEW_DEPENDENCY, BUILD_BACKEND]
    folder = workplace.folder / "fleet-warm-up"
    folder.mkdir()
    text = _WARM_UP.format(parent=PARENT, cache=PIP_CACHE, distributions=" ".join(distributions))
    (folder / "Dockerfile").write_text(text)
    url = workplace.repository("bench/fleet-warm-up")
    PlainBuildx(workplace, folder).build(f"{url}:once")


def measure_ours(workplace: Workplace, images: int) -> tuple[Side, float, int]:
    """Ours; the seconds of deciding that nothing changed, and of how many images."""
    tree = FleetTree(workplace.folder / "fleet-ours", images, "ours", _packages(workplace))
    names = ["bench/fleet", "bench/fleet-bases"]
    repository, bases = (workplace.repository(name) for name in names)
    configuration = {"root": str(tree.root), "repository": repository, "bases": bases}
    stack = Stack(workplace.cloud, workplace.folder / "stacks" / "shared", "shared_fleet", "shared", configuration)
    facts = BuildFacts(workplace.cloud, workplace.ecr, names)
    found: Side = {}
    for step in STEPS:
        step.edit(tree)
        wall_s = stack.up().wall_s
        found[step.name] = Measured(wall_s, facts.since())
    if found["unchanged"].work.builds:
        raise BenchFailed(f"an unchanged up built {found['unchanged'].work.builds} images")
    return found, *_decision(stack, workplace)


def measure_naive(workplace: Workplace, images: int, name: str, *, at_once: int) -> Side:
    """Naive, so many images at once."""
    tree = FleetTree(workplace.folder / f"fleet-{name}", images, name, _packages(workplace))
    repositories = {image: f"bench/fleet-{name}-{image}" for image in tree.names}
    urls = {image: workplace.repository(repository) for image, repository in repositories.items()}
    buildx = PlainBuildx(workplace, tree.root)
    facts = BuildFacts(workplace.cloud, workplace.ecr, repositories.values())
    found: Side = {}
    for version, step in enumerate(STEPS):
        step.edit(tree)
        if not step.is_whole and at_once > 1:
            continue
        if step is _FIRST_OF_ALL:
            _push_parent(buildx, tree, urls)
            facts.since()
        chosen = tree.names if step.is_whole else tree.names[:1]

        def build(image: str, version: int = version) -> None:
            buildx.build(f"{urls[image]}:v{version}", f"functions/{image}/Dockerfile.naive")

        started = time.perf_counter()
        with ThreadPoolExecutor(at_once) as pool:
            list(pool.map(build, chosen))
        wall_s = time.perf_counter() - started
        factor = images / len(chosen)
        found[step.name] = Measured(wall_s * factor, facts.since().times(factor), len(chosen) < images)
    same_work = replace(found[_FIRST_OF_ALL.name], is_inferred=True)
    return {step.name: found.get(step.name, same_work) for step in STEPS}


def _push_parent(buildx: PlainBuildx, tree: FleetTree, urls: Mapping[str, str]) -> None:
    """Images that were not built before have the parent's layers in their repositories, as the others have."""
    (tree.root / "Dockerfile.parent").write_text(f"FROM {PARENT}\n")
    for url in urls.values():
        buildx.build(f"{url}:parent", "Dockerfile.parent")


def _decision(stack: Stack, workplace: Workplace) -> tuple[float, int]:
    words = [sys.executable, "-m", "bench.planned_worker", str(stack.folder / FILE_NAME)]
    path = os.pathsep.join([str(PROJECT), str(PROJECT / "components")])
    environment = {**os.environ, "PYTHONPATH": path, "FAST_CONTAINER_CACHE": str(workplace.folder / "decision-cache")}
    runs: list[float] = []
    images = 0
    for _ in range(6):
        done = subprocess.run(words, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BenchFailed(f"{' '.join(words)} failed:\n{done.stderr}")
        found = json.loads(done.stdout)
        if found["changed"]:
            raise BenchFailed(f"{found['changed']} images changed although nothing was edited")
        runs.append(found["seconds"])
        images = found["images"]
    # The first run fills the cache of file digests.
    return sorted(runs[1:])[len(runs[1:]) // 2], images
