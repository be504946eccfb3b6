"""Issue: what adaptive exports of a registry cache save, on a fleet of five images, against always and never.

Each round edits all images and builds them with a BuildKit that has been emptied, as one of a CI run is: what a step
finds in a cache, it finds in the registry. The cache's registry is behind a line of limited speed, that of the images
is not. The sides have repositories, caches and records of their own, and take turns. Emptying BuildKit is not timed.
"""

from __future__ import annotations

import asyncio
import subprocess
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from bench.measuring import number
from bench.slow_line import slow_line
from bench.table import Table, Target
from bench.workplace import Workplace
from fast_container.adapters.buildx.executor import BuildxExecutor
from fast_container.adapters.clock import SystemClock
from fast_container.adapters.process.shared_guard import SharedGuard
from fast_container.adapters.records.export_history import read_history
from fast_container.adapters.records.local_records import LocalRecords
from fast_container.adapters.registry.registries import Registries
from fast_container.build.pipeline import publish
from fast_container.core.aws_access import AwsAccess
from fast_container.core.caches.exports import CacheExportPolicy
from fast_container.core.declared import DeclaredImage
from fast_container.core.job import job_of
from fast_container.core.recipe import Recipe
from fast_container.core.records.origin import Origin
from fast_container.core.registry_cache import RegistryCache
from fast_container.core.select import SharedWalks, select_image

IMAGES: Final = 5
ROUNDS: Final = 14
QUICK_ROUNDS: Final = 6
SLOW_MEGABITS: Final = 16
FAST_MEGABITS: Final = 4_000
SIDES: Final[tuple[CacheExportPolicy, ...]] = ("always", "never", "adaptive")
# A step that an import saves, with little to fetch, and one that each edit makes new, with much to export.
DOCKERFILE: Final = (
    "FROM busybox\nCOPY dependencies.txt /\nRUN sleep 2 && echo built > /dependencies\n"
    "COPY program.txt /\nRUN head -c 3000000 /dev/urandom > /program\n"
)


class _Silent:
    """A reporter that keeps nothing."""

    def progress(self, line: str) -> None: ...

    def note(self, line: str) -> None: ...

    def warn(self, line: str) -> None: ...


@dataclass
class _Side:
    """One policy with its images, cache and records."""

    workplace: Workplace
    folder: Path
    policy: CacheExportPolicy
    images_url: str
    caches_url: str
    registries: Registries
    rounds: int = 0
    exported: int = 0
    seconds: float = 0.0

    def __post_init__(self) -> None:
        (self.folder / "cache").mkdir(parents=True)
        self.kept = LocalRecords(self.folder / "cache")
        for number_of in range(IMAGES):
            image = self.folder / f"image-{number_of}"
            image.mkdir()
            (image / "Dockerfile").write_text(DOCKERFILE)
            (image / "dependencies.txt").write_text(f"{self.folder} {number_of}")

    def round(self) -> None:
        """Edit all, empty BuildKit, build all side by side."""
        self.rounds += 1
        for number_of in range(IMAGES):
            (self.folder / f"image-{number_of}" / "program.txt").write_text(f"{self.rounds} {number_of} {self.folder}")
        environment = self.workplace.cloud.environment()
        subprocess.run(["buildx", "prune", "--all", "--force"], env=environment, capture_output=True, check=True)
        began = time.monotonic()
        asyncio.run(self._build_all())
        self.seconds += time.monotonic() - began

    async def _build_all(self) -> None:
        environment, host = self.workplace.cloud.environment(), self.workplace.cloud.registry_host
        executor = BuildxExecutor(
            None,
            environment,
            self.folder / "logs",
            credentials=lambda _: self.registries.push_credentials(host),
            guard=SharedGuard(),
        )
        await asyncio.gather(*(self._build(f"image-{number_of}", executor) for number_of in range(IMAGES)))

    async def _build(self, name: str, executor: BuildxExecutor) -> None:
        place, cache = self.folder / name, RegistryCache(self.caches_url)
        declared = DeclaredImage(
            name=name,
            context=str(place),
            dockerfile=str(place / "Dockerfile"),
            dockerfile_name=f"{name}/Dockerfile",
            recipe=Recipe(),
        )
        caches = {"cache_from": cache.imports(name), "cache_to": cache.exports(name)}
        job = job_of(select_image(declared, SharedWalks()), self.images_url, {}, **caches)
        history = await asyncio.to_thread(read_history, job, self.kept, None, "")
        registry = self.registries.repository(self.images_url)
        record = await publish(history.decided(job, self.policy), registry, executor, _Silent(), SystemClock())
        in_ci = replace(record, origin=Origin(run=f"{self.rounds:08x}", ci="bench", ci_run=f"{self.rounds}"))
        measured = history.measured(in_ci)
        self.exported += measured.cache_export is not None and measured.cache_export.mode != "none"
        self.kept.append(f"{self.rounds:08x}", float(self.rounds), [measured])


def cache_export(workplace: Workplace) -> list[Table]:
    """One row for each policy and line."""
    rounds = QUICK_ROUNDS if workplace.is_quick else ROUNDS
    found = {name: _sides(workplace, name, megabits, rounds) for name, megabits in _lines(workplace).items()}
    rows = [
        [f"{name} line, {side.policy}", number(side.seconds), number(side.seconds / rounds), f"{side.exported}"]
        for name, sides in found.items()
        for side in sides
    ]
    always, _, adaptive = (side.seconds for side in found["slow"])
    # Three exports measure it, so a few rounds save less.
    most = 1.0 if workplace.is_quick else 0.8
    targets = [Target("slow line: adaptive, of what always takes", adaptive / always, "most", most)]
    head = ("line to the cache, policy", "seconds in all", "a round", f"exports of {rounds * IMAGES} builds")
    compares = (
        f"{IMAGES} images, {rounds} rounds; each edits all and builds them side by side with an emptied BuildKit;",
        f"slow: {SLOW_MEGABITS} Mbit/s for all together; an import saves a step of 2 s, an edit makes a layer of 3 MB",
    )
    return [Table("Exports of a registry cache: adaptive, always, never", compares, head, rows, targets)]


def _lines(workplace: Workplace) -> dict[str, int]:
    slow = {"slow": SLOW_MEGABITS}
    return slow if workplace.is_quick else slow | {"fast": FAST_MEGABITS}


def _sides(workplace: Workplace, line: str, megabits: int, rounds: int) -> list[_Side]:
    cloud = workplace.cloud
    access = AwsAccess(
        region=cloud.region, endpoints={"ecr": cloud.aws_endpoint}, access_key="localcloud", secret_key="localcloud"
    )
    with ExitStack() as stack:
        registries = Registries(access, {})
        stack.callback(registries.close)
        gateway = int(cloud.registry_host.rpartition(":")[2])
        port = stack.enter_context(slow_line(gateway, megabits=megabits, round_trip_s=0.01))
        sides: list[_Side] = []
        for policy in SIDES:
            name = f"bench/exports-{line}-{policy}"
            workplace.ecr.create_repository(repositoryName=f"{name}-caches", imageTagMutability="MUTABLE")
            folder = workplace.folder / f"exports-{line}-{policy}"
            caches = f"127.0.0.1:{port}/{name}-caches"
            sides.append(_Side(workplace, folder, policy, workplace.repository(name), caches, registries))
        for turn in range(rounds):
            for side in sides if turn % 2 == 0 else reversed(sides):
                side.round()
        return sides
