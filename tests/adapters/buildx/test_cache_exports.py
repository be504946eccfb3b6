"""A registry cache whose export is slow, with a real BuildKit: it is left out once it has proved not to pay."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bench.slow_line import slow_line
from fast_container.adapters.buildx.executor import BuildxExecutor
from fast_container.adapters.clock import SystemClock
from fast_container.adapters.process.shared_guard import SharedGuard
from fast_container.adapters.records.export_history import read_history
from fast_container.adapters.records.local_records import LocalRecords
from fast_container.build.pipeline import publish
from fast_container.core.caches.exports import CacheExportPolicy
from fast_container.core.records.record import BuildRecord
from fast_container.core.registry_cache import RegistryCache
from tests.adapters.buildkit_images import Local
from tests.build.fakes import ListReporter

pytestmark = pytest.mark.buildkit

DOCKERFILE = "FROM busybox\nCOPY number.txt /\nRUN head -c 2400000 /dev/urandom > /made\n"


@dataclass
class Fleet:
    """One image, built again and again with a cache behind a slow line."""

    local: Local
    context: Path
    caches: str
    kept: LocalRecords
    builds: int = 0

    def build(self, policy: CacheExportPolicy) -> tuple[BuildRecord, list[str]]:
        """Edit, build, and keep the record; returns it with the notes of the image's row."""
        self.builds += 1
        (self.context / "number.txt").write_text(f"{self.builds} {self.caches}")
        cache = RegistryCache(self.caches)
        job = self.local.job(DOCKERFILE, self.context, cache_from=cache.imports("api"), cache_to=cache.exports("api"))
        history = read_history(job, self.kept, None, "")
        reporter = ListReporter()
        registries, host = self.local.registries, self.local.cloud.registry_host
        executor = BuildxExecutor(
            None,
            self.local.environment,
            self.local.logs,
            credentials=lambda _: registries.push_credentials(host),
            guard=SharedGuard(),
        )
        done = publish(history.decided(job, policy), self.local.registry, executor, reporter, SystemClock())
        record = history.measured(asyncio.run(done))
        self.kept.append(f"{self.builds:08x}", record.started, [record])
        return record, reporter.notes


@pytest.fixture
def fleet(local: Local, tree: Path, tmp_path: Path) -> Iterator[Fleet]:
    host, _, name = local.repository_of_caches().partition("/")
    (tmp_path / "cache").mkdir()
    with slow_line(int(host.rpartition(":")[2]), megabits=16, round_trip_s=0.01) as port:
        yield Fleet(local, tree, f"127.0.0.1:{port}/{name}", LocalRecords(tmp_path / "cache"))


def test_a_slow_export_is_left_out_and_the_row_and_the_record_say_why(fleet: Fleet) -> None:
    first = [fleet.build("adaptive") for _ in range(3)]
    assert [record.cache_export.mode for record, _ in first if record.cache_export] == ["max"] * 3
    assert min(record.phases.exporting_cache for record, _ in first) > 1.0
    samples = [record.cache_export.samples[-1] for record, _ in first if record.cache_export]
    # There was nothing to import, then what this BuildKit had itself.
    assert [sample.saved_s for sample in samples] == [None, 0.0, 0.0]
    record, notes = fleet.build("adaptive")
    assert record.cache_export is not None
    assert record.cache_export.mode == "none"
    assert record.phases.exporting_cache == 0
    assert [one.kind for one in record.caches] == ["import"] * len(record.caches)
    (said,) = [note for note in notes if note.startswith("cache not exported: it took ")]
    assert "imports saved 0.0 s a build (mean of 2); tried again in 10 builds" in said
    assert notes[-1].endswith(", cache not exported")
    # The same decision on another machine that reads the record: a job for CodeBuild goes the same way.
    assert replace(record) == BuildRecord.from_json(record.to_json())
