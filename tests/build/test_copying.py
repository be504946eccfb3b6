"""One image in several repositories: one build, and copies by digest that are checked before they get a tag."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from fast_container.build.scheduler import Scheduler
from fast_container.core.decision import RecordedImage
from fast_container.core.ports import Manifest, Registry, Reporter
from fast_container.core.records.record import BuildRecord
from fast_container.errors import AuthError, BuilderError, BuildFailed, RegistryError
from tests.build.fakes import FakeExecutor, FakeRegistry, ListReporter, StepClock, make_job

URLS = ("registry.example/shop/a", "registry.example/shop/b", "registry.example/shop/c")


@dataclass
class FakeCopier:
    """Copies between fakes; ``error`` is what it raises instead."""

    registries: dict[str, FakeRegistry]
    error: Exception | None = None
    copies: list[tuple[str, str]] = field(default_factory=list)

    async def copy(self, manifest: Manifest, source_url: str, target_url: str, reporter: Reporter) -> int:
        self.copies.append((source_url, target_url))
        await asyncio.sleep(0)
        if self.error:
            raise self.error
        source, target = self.registries[source_url], self.registries[target_url]
        target.blobs.update(source.blobs)
        target.manifests[manifest.digest] = manifest
        return 12_000_000


class Shop:
    """Three repositories of one program that want the same image."""

    def __init__(self) -> None:
        self.registries = {url: FakeRegistry(url) for url in URLS}
        self.executors = {url: FakeExecutor(registry) for url, registry in self.registries.items()}
        self.copier = FakeCopier(self.registries)
        self.scheduler = Scheduler(StepClock(), self.copier)
        self.reporters = {url: ListReporter() for url in URLS}

    async def publish(self, url: str, **changes: str) -> BuildRecord:
        elsewhere: list[Registry] = [registry for other, registry in self.registries.items() if other != url]
        job = make_job(repository_url=url, **changes)
        registry, executor = self.registries[url], self.executors[url]
        return await self.scheduler.publish(job, registry, executor, self.reporters[url], elsewhere=elsewhere)

    def publish_all(self, *urls: str) -> list[BuildRecord | BaseException]:
        async def scenario() -> list[BuildRecord | BaseException]:
            return await asyncio.gather(*(self.publish(url) for url in urls), return_exceptions=True)

        return asyncio.run(scenario())

    @property
    def builds(self) -> int:
        return sum(len(executor.builds) for executor in self.executors.values())


@pytest.fixture
def shop() -> Shop:
    return Shop()


def records(found: list[BuildRecord | BaseException]) -> list[BuildRecord]:
    assert all(isinstance(record, BuildRecord) for record in found), found
    return [record for record in found if isinstance(record, BuildRecord)]


def test_an_image_that_several_repositories_want_is_built_once_and_tagged_in_each(shop: Shop) -> None:
    found = records(shop.publish_all(*URLS))
    tag = make_job().key.tag
    assert shop.builds == 1
    assert [record.outcome for record in found] == ["built", "copied", "copied"]
    assert {registry.tags[tag] for registry in shop.registries.values()} == {found[0].digest}


def test_a_copy_is_said_and_recorded_as_one(shop: Shop) -> None:
    _, record, _ = records(shop.publish_all(*URLS))
    assert shop.reporters[URLS[1]].notes == [f"copied from {URLS[0]}: 12 MB"]
    assert (record.copied_from, record.pushed_bytes, record.steps, record.executor) == (URLS[0], 12_000_000, 0, "")
    assert BuildRecord.from_json(record.to_json()) == record


def test_a_copy_is_checked_where_it_arrived_before_it_is_tagged(shop: Shop) -> None:
    records(shop.publish_all(URLS[0], URLS[1]))
    calls = [name for name, _ in shop.registries[URLS[1]].calls]
    assert calls[-3:] == ["manifest", "blob", "tag"]


@pytest.mark.parametrize("error", [RegistryError("gone"), AuthError("not yours")])
def test_an_image_that_cannot_be_copied_is_built(shop: Shop, error: Exception) -> None:
    shop.copier.error = error
    found = records(shop.publish_all(URLS[0], URLS[1]))
    assert [record.outcome for record in found] == ["built", "built"]
    assert f"not copied from {URLS[0]} ({error})" in shop.reporters[URLS[1]].notes


def test_a_repository_that_cannot_be_asked_costs_a_line_and_no_image(shop: Shop) -> None:
    shop.registries[URLS[2]].fail["find"] = AuthError("another account's")
    (record,) = records(shop.publish_all(URLS[0]))
    assert record.outcome == "built"
    assert shop.reporters[URLS[0]].notes[0] == f"not copied from {URLS[2]} (another account's)"


def test_an_image_that_may_not_run_there_is_not_copied(shop: Shop) -> None:
    first = shop.executors[URLS[0]]
    first.push = lambda _: shop.registries[URLS[0]].push(layer_type="application/zstd")

    async def scenario() -> list[BuildRecord]:
        return [await shop.publish(URLS[0], runs_on="ecs"), await shop.publish(URLS[1], runs_on="lambda")]

    assert [record.outcome for record in asyncio.run(scenario())] == ["built", "built"]
    assert shop.copier.copies == []


def test_what_is_in_its_own_repository_is_not_copied(shop: Shop) -> None:
    for registry in (shop.registries[URLS[0]], shop.registries[URLS[1]]):
        registry.tags[make_job().key.tag] = registry.push().digest
    found = records(shop.publish_all(URLS[0], URLS[1]))
    assert [record.outcome for record in found] == ["reused", "reused"]
    assert shop.copier.copies == []


def test_where_the_first_build_fails_the_next_repository_builds_for_itself(shop: Shop) -> None:
    shop.executors[URLS[0]].error = BuildFailed("no")
    failed, built = shop.publish_all(URLS[0], URLS[1])
    assert isinstance(failed, BuildFailed)
    assert isinstance(built, BuildRecord)
    assert built.outcome == "built"


def test_an_interrupted_run_begins_neither_a_copy_nor_a_build_in_its_place(shop: Shop) -> None:
    shop.copier.error = BuilderError("Not begun: the run was interrupted.")
    _, refused = shop.publish_all(URLS[0], URLS[1])
    assert isinstance(refused, BuilderError)
    assert shop.builds == 1
    assert shop.registries[URLS[1]].tags == {}


def test_different_images_do_not_wait_for_each_other(shop: Shop) -> None:
    async def scenario() -> None:
        gate = shop.executors[URLS[0]].gate = asyncio.Event()
        held = asyncio.create_task(shop.publish(URLS[0]))
        other = make_job(content="2", repository_url=URLS[1])
        record = await shop.scheduler.publish(other, shop.registries[URLS[1]], shop.executors[URLS[1]], ListReporter())
        assert record.outcome == "built"
        gate.set()
        await held

    asyncio.run(scenario())


@pytest.mark.parametrize("recorded_is_there", [True, False])
def test_a_moved_image_is_copied_only_as_the_state_has_recorded_it(shop: Shop, recorded_is_there: bool) -> None:
    job, old, new = make_job(repository_url=URLS[1]), shop.registries[URLS[0]], shop.registries[URLS[1]]
    held = old.push("honest" if recorded_is_there else "other")
    old.tags[job.key.tag] = held.digest
    recorded = RecordedImage(job.key.hex, old.push("honest").digest, {}, here=False)
    publishing = shop.scheduler.publish(
        job, new, shop.executors[URLS[1]], ListReporter(), recorded=recorded, elsewhere=[old], before=URLS[0]
    )
    if recorded_is_there:
        assert asyncio.run(publishing).digest == held.digest
        return
    with pytest.raises(RegistryError, match="another image than the one that was recorded") as refused:
        asyncio.run(publishing)
    assert URLS[0] in refused.value.where
    assert held.digest in refused.value.why
    assert shop.builds == 0
    assert job.key.tag not in new.tags
