"""The cache that ``warm`` is given, and the records that it leaves."""

from __future__ import annotations

from pathlib import Path

import pytest

from fast_container.adapters.records.local_records import LocalRecords
from fast_container.cli.build_caches import BuildCaches, build_caches
from fast_container.core.records.cache_export import CacheExport, ExportSample
from fast_container.core.records.record import BuildRecord
from fast_container.core.records.steps import CacheTransfer
from fast_container.errors import ArgsError
from tests.build.fakes import make_job

CACHE = "registry.example.com/shop/caches"
SLOW = tuple(ExportSample(float(at), "k", "max", 30.0, 1.0, 1.0) for at in range(3))


def test_a_job_gets_the_cache_as_earlier_records_decide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAST_CONTAINER_CACHE", str(tmp_path))
    job = make_job()
    caches = build_caches(CACHE, "main", "adaptive")
    assert caches.of(job).cache_to == (caches.of(job).cache_to[0],)
    export = CacheTransfer("export", "registry", 30.0)
    record = BuildRecord(
        *(job.name, job.repository_url, job.key.hex, "sha256:d", "built", 5.0, 40.0),
        caches=(export,),
        cache_export=CacheExport("max", "", SLOW),
    )
    caches.keep(record)
    (kept,) = LocalRecords(tmp_path).read().records
    assert kept.cache_export is not None
    assert [one.exported_s for one in kept.cache_export.samples] == [30.0] * 4
    assert build_caches(CACHE, "main", "adaptive").of(job).cache_to == ()
    assert build_caches(CACHE, "main", "always").of(job).cache_to != ()
    assert build_caches(CACHE, "main", "adaptive").of(job).cache_from == caches.of(job).cache_from


def test_without_a_cache_a_job_is_left_as_it_is_and_records_are_kept(tmp_path: Path) -> None:
    caches = BuildCaches(None, "adaptive", {"FAST_CONTAINER_CACHE": str(tmp_path), "GITHUB_ACTIONS": "true"})
    job = make_job()
    assert caches.of(job) is job
    caches.keep(BuildRecord("api", "h/n", "k", "sha256:d", "reused", 5.0, 1.0))
    (kept,) = LocalRecords(tmp_path).read().records
    assert (kept.outcome, kept.origin.ci) == ("reused", "GitHub Actions")


@pytest.mark.parametrize("url", ["", "x", "registry.example.com", "registry.example.com/a:tag", "https://h/n", "a b/c"])
def test_what_is_not_a_repository_is_refused(url: str) -> None:
    with pytest.raises(ArgsError):
        build_caches(url, "main", "always")
