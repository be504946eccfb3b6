"""Issue: exact build keys; ours against the floor, against what peers hash, and against a fully cached build.

Every measurement of ours, of the floor and of the peers' hash is a process of its own; its seconds are those of the
work, without the interpreter's start and imports.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench.engine import BenchFailed
from bench.measuring import Series, in_turns, number, ratio
from bench.table import Table, Target
from bench.workplace import Workplace

PROJECT = Path(__file__).resolve().parent.parent
FILES = 20_000
_PAGE_CACHE = "the files are in the page cache for all sides; warm: the digests of an earlier run are known; cold: not"


def worker(what: str, root: Path, images: int, dockerfiles: Path, cache: str) -> dict[str, float]:
    """Run one measurement; see ``bench.key_worker``."""
    words = [sys.executable, "-m", "bench.key_worker", what, str(root), str(images), str(dockerfiles), cache]
    environment = {**os.environ, "PYTHONPATH": f"{PROJECT}{os.pathsep}{PROJECT / 'components'}"}
    done = subprocess.run(words, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchFailed(f"{' '.join(words)} failed:\n{done.stderr}")
    return json.loads(done.stdout)


def build_keys(workplace: Workplace) -> list[Table]:
    """Our keys, the floor and the whole-context hash, warm and cold, for 1, 20 and 100 images over one root."""
    root, whole = workplace.tree(FILES), workplace.dockerfiles(whole=True)
    sizes, rounds = ((1, 100), 3) if workplace.is_quick else ((1, 20, 100), 7)
    peers = _peers(root, whole, workplace)
    rows: list[list[str]] = []
    targets: list[Target] = []
    for state in ("warm", "cold"):
        for images in sizes:
            sides = in_turns(_sides(workplace, root, whole, images, state), rounds)
            times, of_peers = ratio(sides["ours"], sides["floor"]), peers[images] / sides["ours"].median
            shown = f"{number(peers[images])}{'' if images == 1 or _measures(images, workplace) else ' *'}"
            least, our = sides["floor"].text("ms"), sides["ours"].text("ms")
            rows.append([f"{images}, {state}", least, our, f"{number(times)}x", shown, f"{number(of_peers)}x"])
            if images == 1:
                targets.append(Target(f"{state} key against the floor", times, "most", 3.0 if state == "warm" else 1.5))
            if images == 100:
                targets.append(
                    Target(f"100 images, {state}: peers' hash takes times as long", of_peers, "least", 100.0)
                )
    return [
        Table(
            f"build keys over one root of {FILES:,} files of 0.2-50 kB, every image reads all of it (COPY . .)",
            [
                "floor: scandir, lstat of the files that count, and when cold reading and SHA-256 of each; in Python;",
                "it is done once, whatever the number of images",
                "ours: check, Dockerfile, ignore file, select, hash, decide, for all images of a program",
                "peers: walk of all that the ignore file leaves, SHA-256 of path, mode, content; once an image, twice",
                "an `up` (preview and update)" + ("" if not workplace.is_quick else "; *: from the time of one image"),
                _PAGE_CACHE,
                f"{rounds} rounds in turns, a new process each; median (smallest-largest)",
            ],
            ["images, cache", "floor ms", "ours ms", "ours / floor", "peers s", "peers / ours"],
            rows,
            targets,
        )
    ]


def cached_build(workplace: Workplace) -> list[Table]:
    """A skip against a build that has nothing to do."""
    root, rounds = workplace.tree(FILES), 3 if workplace.is_quick else 9
    rows: list[list[str]] = []
    targets: list[Target] = []
    for whole in (True, False):
        dockerfiles = workplace.dockerfiles(whole=whole)
        sides: dict[str, Callable[[], float]] = {"buildx": _cached(workplace, root, dockerfiles)}
        for images in (1, 20, 100):
            sides[f"{images}"] = _warm(workplace, root, dockerfiles, images)
        found = in_turns(sides, rounds)
        for images in (1, 20, 100):
            each = Series(tuple(value / images for value in found[f"{images}"].values))
            cheaper = ratio(found["buildx"], each)
            reads = "all files" if whole else "a service and two packages"
            name = f"{reads}; {images} image{'s' if images > 1 else ''}"
            rows.append([name, found["buildx"].text("ms"), each.text("ms"), f"{number(cheaper)}x"])
            targets.append(Target(f"a skip against a cached build ({name})", cheaper, "least", 50.0))
    return [
        Table(
            f"a skip against a fully cached build, one root of {FILES:,} files",
            [
                "buildx: `buildx build` of one image, all of its steps cached in a BuildKit on this machine; no push;",
                "it walks, and asks BuildKit, each time; its process start is part of it, since each image needs one",
                "ours: the whole decision for an image, its share of the one walk included, warm",
                f"{rounds} rounds in turns; median (smallest-largest)",
            ],
            ["image reads; images in the program", "buildx ms an image", "ours ms an image", "times cheaper"],
            rows,
            targets,
        )
    ]


def _sides(
    workplace: Workplace, root: Path, dockerfiles: Path, images: int, state: str
) -> dict[str, Callable[[], float]]:
    def floor() -> float:
        return worker("floor", root, images, dockerfiles, state)["seconds"]

    def cold() -> float:
        cache = workplace.folder / "cold-cache"
        shutil.rmtree(cache, ignore_errors=True)
        return worker("ours", root, images, dockerfiles, str(cache))["seconds"]

    return {"floor": floor, "ours": cold if state == "cold" else _warm(workplace, root, dockerfiles, images)}


def _warm(workplace: Workplace, root: Path, dockerfiles: Path, images: int) -> Callable[[], float]:
    cache = workplace.folder / f"warm-cache-{root.name}-{dockerfiles.name}"
    worker("ours", root, images, dockerfiles, str(cache))

    def warm() -> float:
        found = worker("ours", root, images, dockerfiles, str(cache))
        if found["skipped"] != images:
            raise BenchFailed(f"{found['skipped']} of {images} images were skipped")
        return found["seconds"]

    return warm


def _measures(images: int, workplace: Workplace) -> bool:
    return images == 1 or not workplace.is_quick


def _peers(root: Path, dockerfiles: Path, workplace: Workplace) -> dict[int, float]:
    """Images → seconds of the peers' hash; measured in full unless the bench is to be quick."""
    one = worker("peers", root, 1, dockerfiles, "-")["seconds"]
    return {
        images: worker("peers", root, images, dockerfiles, "-")["seconds"]
        if _measures(images, workplace)
        else one * images
        for images in (1, 20, 100)
    }


def _cached(workplace: Workplace, root: Path, dockerfiles: Path) -> Callable[[], float]:
    words = ["buildx", "build", "--builder", workplace.cloud.builder_name, "--progress", "quiet"]
    words += ["--build-arg", "NUMBER=0", "-f", str(dockerfiles / "000.Dockerfile"), str(root)]
    environment = workplace.cloud.environment()
    buildx = shutil.which("buildx", path=environment["PATH"])

    def build() -> float:
        started = time.perf_counter()
        done = subprocess.run(words, executable=buildx, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BenchFailed(f"{' '.join(words)} failed:\n{done.stderr}")
        return time.perf_counter() - started

    build()
    return build
