"""Records that wait on this machine until a run puts them beside their images."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from fast_container.adapters.records.outbox import Outbox
from fast_container.adapters.records.shared_records import SharedRecords
from fast_container.adapters.registry.oci_registry import OciRegistry
from fast_container.adapters.registry.put_rate import PutRate
from fast_container.core.cleanup.stored import facts_of
from fast_container.core.records.record import BuildRecord
from tests.adapters.http_registry import HttpRegistry, http_registry


@pytest.fixture
def registry() -> Iterator[HttpRegistry]:
    with http_registry() as running:
        yield running


class Burst(PutRate):
    """Many images are pushed at once: no turn is spare while it lasts."""

    def __init__(self) -> None:
        super().__init__()
        self.is_over = threading.Event()

    def wait_for_spare(self, given_up: threading.Event) -> bool:
        while not given_up.is_set():
            if self.is_over.wait(0.005):
                return True
        return False


def record_of(registry: HttpRegistry, number: int) -> BuildRecord:
    digest = registry.push(b'{"schemaVersion": 2, "config": {}, "n": %d}' % number)
    return BuildRecord(f"image-{number}", registry.url, f"{number:064x}", digest, "built", 1000.0 + number, 2.0)


def run(registry: HttpRegistry, cache: Path, burst: Burst) -> SharedRecords:
    client = OciRegistry(registry.url, turns=burst)
    return SharedRecords(lambda _: client, pytest.fail, Outbox(cache))


def beside(registry: HttpRegistry, *records: BuildRecord) -> list[BuildRecord]:
    reader = SharedRecords(OciRegistry, pytest.fail)
    return reader.records_of(registry.url, [record.digest for record in records])


def test_records_that_a_burst_left_over_are_put_by_the_next_run(registry: HttpRegistry, tmp_path: Path) -> None:
    burst, records = Burst(), [record_of(registry, number) for number in range(5)]
    first = run(registry, tmp_path, burst)
    for record in records:
        first.begin(record, b"inputs", None, ["a" * 64])
    first.end(0.02)
    assert beside(registry, *records) == []
    burst.is_over.set()
    later = run(registry, tmp_path, burst)
    later.resume(registry.url)
    later.end(10)
    assert beside(registry, *records) == records
    put = [content for _, content in registry.manifests.values() if b'"subject"' in content]
    assert {facts_of(content).bases for content in put} == {(f"key-{'a' * 40}",)}, "clean-up keeps these"
    assert list(Outbox(tmp_path).folder.iterdir()) == []
    registry.requests.clear()
    again = run(registry, tmp_path, burst)
    again.resume(registry.url)
    again.end(10)
    assert registry.requests == []


def test_left_over_records_wait_for_a_turn_that_no_image_needs(registry: HttpRegistry, tmp_path: Path) -> None:
    burst, record = Burst(), record_of(registry, 1)
    for _ in range(2):
        one = run(registry, tmp_path, burst)
        one.resume(registry.url)
        one.begin(record)
        one.end(0.01)
    assert not [path for path in registry.paths("PUT") if "/manifests/" in path]
    assert len(list(Outbox(tmp_path).of(registry.url))) == 2


def test_records_of_another_repository_stay(registry: HttpRegistry, tmp_path: Path) -> None:
    Outbox(tmp_path).put(record_of(registry, 1), None, {})
    other = run(registry, tmp_path, Burst())
    other.resume("host/another")
    other.end(1)
    assert len(list(Outbox(tmp_path).of(registry.url))) == 1


def test_what_is_damaged_or_too_old_or_too_much_goes(registry: HttpRegistry, tmp_path: Path) -> None:
    outbox = Outbox(tmp_path, kept=2)
    for number in range(4):
        outbox.put(record_of(registry, number), b"x", {})
    outbox.tidy()
    assert len(list(outbox.of(registry.url))) == 2
    (outbox.folder / f"{1:013d}-{'a' * 16}").write_text(record_of(registry, 9).to_json() + "\n{}\n")
    (outbox.folder / f"{9_999_999_999_999}-{'a' * 16}").write_text("damaged")
    assert [kept.record.name for kept in outbox.of(registry.url)] != []
    assert len(list(outbox.folder.iterdir())) == 2


def test_an_outbox_that_cannot_be_written_costs_one_debug_line(registry: HttpRegistry, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    said: list[str] = []
    client = OciRegistry(registry.url, turns=Burst())
    shared = SharedRecords(lambda _: client, said.append, Outbox(tmp_path / "cache"))
    for number in range(3):
        shared.begin(record_of(registry, number))
    shared.end(0.01)
    assert len(said) == 1
