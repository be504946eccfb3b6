"""The checks of a program run before the tag: what fails refuses the image, what is warned of is said once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from fast_container.build.check_contents import ContentChecks
from fast_container.build.image_contents import run_here
from fast_container.build.pipeline import publish
from fast_container.build.shared_listings import SharedListings
from fast_container.checks.image.structure.reading import read_structure_tests
from fast_container.checks.image.structure.written import write_tests
from fast_container.core.decision import RecordedImage
from fast_container.core.image_checks import CheckSettings
from fast_container.core.layers.listing import Listing
from fast_container.core.oci.image_base import ImageBase
from fast_container.core.oci.refused_mark import mark_of, refused_tag
from fast_container.core.ports import BuildJob, BuiltImage, Manifest, Reporter
from fast_container.core.records.record import BuildRecord
from fast_container.errors import ChecksFailed
from tests.build.fakes import FakeExecutor, FakeRegistry, ListReporter, StepClock, make_job
from tests.build.test_image_contents import Lister, push
from tests.layer_images import Member, file, image, zipped

GOOD = [file("usr/bin/app", b"x", mode=0o755)]
GCC = file("usr/bin/gcc", 2_000_000)
ERROR = CheckSettings(rules={"V02": "error"})
WARNING = CheckSettings(rules={"V02": "warning"})


def pushed(registry: FakeRegistry, *layers: list[Member], **more: Any) -> Manifest:
    content, blobs = image([zipped(members) for members in layers], {"Entrypoint": ["/usr/bin/app"]}, **more)
    registry.blobs |= blobs
    return push(registry, content)


class Shop:
    """One image of two layers, the second with a compiler."""

    def __init__(self, checks: CheckSettings | None, *layers: list[Member], **more: Any) -> None:
        self.registry = FakeRegistry()
        self.job: BuildJob = make_job(platform="linux/amd64", checks=checks)
        self.manifest = pushed(self.registry, *(layers or (GOOD, [GCC])), **more)
        self.executor = FakeExecutor(self.registry, push=lambda _: self.manifest)
        self.lister = Lister(self.registry)
        self.reporter = ListReporter()

    def publish(self, **more: Any) -> BuildRecord:
        checks = ContentChecks(lambda: self.lister, StepClock(), run_here)
        publishing = publish(
            self.job, self.registry, self.executor, self.reporter, StepClock(), content_checks=checks, **more
        )
        return asyncio.run(publishing)


def test_what_comes_from_a_base_says_so_and_is_said_once_where_the_base_reports_it() -> None:
    history = [{"created_by": "base"}, {"created_by": "COPY . /"}]

    def said(base: ImageBase | None, level: str = "warning") -> Shop:
        shop = Shop(CheckSettings(rules={"V02": level}), [GCC], GOOD, history=history)
        shop.job = replace(shop.job, base=base)
        return shop

    unknown = said(None)
    assert unknown.publish().findings == {"V02": "warning"}
    assert "from:" not in unknown.reporter.warnings[0]
    external = said(ImageBase("gcc:14", ("COPY",)))
    assert external.publish().findings == {"V02": "warning"}
    assert "from:  the base image gcc:14" in external.reporter.warnings[0]
    own = said(ImageBase("deps", ("COPY",), ("V02",)))
    assert own.publish().findings == {}
    assert not own.reporter.warnings
    assert "1 finding comes from the base image deps, which has checks of its own: V02" in own.reporter.notes
    # An error refuses the image whoever brings it, and a history that does not fit tells nothing.
    with pytest.raises(ChecksFailed, match="does not pass") as refused:
        said(ImageBase("deps", ("COPY",), ("V02",)), "error").publish()
    assert "from:  the base image deps" in refused.value.why
    assert said(ImageBase("deps", ("RUN",), ("V02",))).publish().findings == {"V02": "warning"}


def test_an_image_that_fails_a_check_gets_no_tag_and_one_table() -> None:
    shop = Shop(ERROR)
    with pytest.raises(ChecksFailed) as caught:
        shop.publish()
    assert list(shop.registry.tags) == [refused_tag(shop.job.key.hex)]
    assert shop.manifest.digest not in shop.registry.tags.values()
    assert "error    V02    The image holds a compiler." in caught.value.why
    assert caught.value.why.count("findings:") + caught.value.why.count("finding:") == 1
    assert 'rules={"V02": "warning"}' in caught.value.next_step
    assert shop.reporter.warnings == []


def test_what_is_only_warned_of_is_one_warning_and_in_the_record() -> None:
    shop = Shop(WARNING)
    record = shop.publish()
    assert shop.registry.tags == {shop.job.key.tag: shop.manifest.digest}
    [said] = shop.reporter.warnings
    assert said.startswith("checked: 1 finding: 1 warning\nwarning  V02    The image holds a compiler.")
    assert record.findings["V02"] == "warning"


def test_an_image_without_checks_is_not_read() -> None:
    shop = Shop(None)
    assert shop.publish().findings == {}
    assert shop.lister.asked == []


def test_an_image_that_is_there_is_checked_without_a_build() -> None:
    shop = Shop(ERROR)
    shop.registry.tags[shop.job.key.tag] = shop.manifest.digest
    with pytest.raises(ChecksFailed):
        shop.publish(recorded=RecordedImage(shop.job.key.hex, shop.manifest.digest))
    shop.job = replace(shop.job, checks=WARNING)
    assert shop.publish().outcome == "reused"
    assert shop.executor.builds == []


def test_a_refused_image_is_not_built_again_and_other_settings_deploy_it_without_a_build() -> None:
    shop = Shop(ERROR)
    for _ in range(2):
        with pytest.raises(ChecksFailed):
            shop.publish()
    assert len(shop.executor.builds) == 1
    shop.job = replace(shop.job, checks=WARNING)
    record = shop.publish()
    assert (record.outcome, record.digest, len(shop.executor.builds)) == ("reused", shop.manifest.digest, 1)
    assert shop.registry.tags[shop.job.key.tag] == shop.manifest.digest


def test_a_mark_that_leads_nowhere_costs_a_build() -> None:
    shop = Shop(ERROR)
    with pytest.raises(ChecksFailed):
        shop.publish()
    del shop.registry.manifests[shop.manifest.digest]
    shop.executor.push = lambda _: pushed(shop.registry, GOOD)
    assert shop.publish().outcome == "built"


@pytest.mark.parametrize("content", [b"{}", b"[]", b'{"artifactType": 1}', b'{"subject": {"digest": "sha256:0"}}'])
def test_what_is_no_mark_under_its_tag_is_not_followed(content: bytes) -> None:
    shop = Shop(WARNING)
    shop.registry.tags[refused_tag(shop.job.key.hex)] = push(shop.registry, content).digest
    assert shop.publish().outcome == "built"


def test_an_index_has_no_mark() -> None:
    registry = FakeRegistry()
    index = registry.push_index((registry.push(), "linux/arm64"))
    assert mark_of(index.content, digest=index.digest, media_type=index.media_type) is None


def test_an_image_that_another_machine_has_checked_by_the_same_checks_is_not_checked_again() -> None:
    class Remote(FakeExecutor):
        checked = ERROR.fingerprint

        async def build(self, job: BuildJob, reporter: Reporter) -> BuiltImage:
            return replace(await super().build(job, reporter), checked=self.checked)

    shop = Shop(ERROR)
    shop.executor = Remote(shop.registry, push=lambda _: shop.manifest)
    assert shop.publish().outcome == "built"
    assert shop.lister.asked == []
    other = Shop(ERROR)
    other.executor = Remote(other.registry, push=lambda _: other.manifest)
    other.executor.checked = WARNING.fingerprint
    with pytest.raises(ChecksFailed):
        other.publish()


def test_a_layer_that_cannot_be_read_fails_the_check_and_is_named() -> None:
    shop = Shop(CheckSettings())
    digest = next(digest for digest, content in shop.registry.blobs.items() if content == zipped([GCC]))
    shop.registry.blobs[digest] = zipped([GCC])[:-30]
    with pytest.raises(ChecksFailed) as caught:
        shop.publish()
    assert "V02 cannot be checked" in caught.value.why
    assert digest in caught.value.why
    assert shop.job.key.tag not in shop.registry.tags


@pytest.mark.parametrize(("growth", "fails"), [(0.1, True), (99, False)])
def test_growth_is_against_the_image_that_the_stack_has(growth: float, fails: bool) -> None:
    shop = Shop(CheckSettings(max_growth=growth))
    before = pushed(shop.registry, GOOD)
    recorded = RecordedImage("0" * 64, before.digest)
    if fails:
        with pytest.raises(ChecksFailed) as caught:
            shop.publish(recorded=recorded)
        assert "The image grew by" in caught.value.why
    else:
        assert shop.publish(recorded=recorded).outcome == "built"


def test_the_record_of_a_started_build_has_the_image_before() -> None:
    """Its key is that of the image which is checked now: a growth that refused it there refuses it here, too."""
    shop = Shop(CheckSettings(max_growth=0.1))
    before = pushed(shop.registry, GOOD)
    key = shop.job.key.hex
    with pytest.raises(ChecksFailed) as caught:
        shop.publish(recorded=RecordedImage(key, before.digest, settled=False))
    assert "The image grew by" in caught.value.why


def test_structure_tests_are_checked_too() -> None:
    file_of_tests = "schemaVersion: 2.0.0\nfileExistenceTests:\n- {name: config, path: /etc/app, shouldExist: true}\n"
    shop = Shop(CheckSettings(structure=write_tests(read_structure_tests("tests.yaml", file_of_tests))))
    with pytest.raises(ChecksFailed) as caught:
        shop.publish()
    assert "V11" in caught.value.why
    assert "'config'" in caught.value.why
    assert "tests.yaml:3" in caught.value.why


def test_a_waiver_that_has_expired_waives_nothing() -> None:
    held = CheckSettings(rules={"V02": "error"}, waivers=("skip=V02 until=2099-01-01 the worker compiles",))
    assert "V02" not in Shop(held).publish().findings
    expired = replace(held, waivers=("skip=V02 until=2020-01-01 the worker compiles",))
    with pytest.raises(ChecksFailed) as caught:
        Shop(expired).publish()
    assert "The waiver of V02 has expired on 2020-01-01." in caught.value.why


def test_a_layer_of_two_images_is_read_once_though_both_ask() -> None:
    class Slow(Lister):
        async def listing(self, repository_url: str, digest: str, size: int) -> Listing:
            await asyncio.sleep(0)
            return await super().listing(repository_url, digest, size)

    registry = FakeRegistry()
    pushed(registry, GOOD)
    digest = next(iter(registry.blobs))
    lister = Slow(registry)

    async def both() -> list[Listing]:
        shared = SharedListings(lister)
        return await asyncio.gather(*(shared.listing("r/x", digest, 1) for _ in range(2)))

    one, two = asyncio.run(both())
    assert one is two
    assert lister.asked == [digest]


def test_a_reading_ends_when_it_is_no_longer_waited_for() -> None:
    ended: list[str] = []

    class Endless(Lister):
        async def listing(self, repository_url: str, digest: str, size: int) -> Listing:
            try:
                await asyncio.sleep(60)
            finally:
                ended.append(digest)
            raise AssertionError

    async def given_up() -> None:
        shared = SharedListings(Endless(FakeRegistry()))
        asking = asyncio.create_task(shared.listing("r/x", "sha256:0", 1))
        await asyncio.sleep(0.01)
        asking.cancel()
        await asyncio.wait([asking])
        await asyncio.sleep(0)

    asyncio.run(given_up())
    assert ended == ["sha256:0"]
