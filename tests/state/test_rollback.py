"""``pin=``: what may be given, what an image's keys are with it, and what a plan file says of it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pulumi
import pytest

from fast_container import BaseImage, FastContainerImage, FastImageFleet, ImageOptions
from fast_container.args import check_pin
from fast_container.build.index_publishing import IndexJob, publish_index
from fast_container.core.key import BuildKey, KeyPin, tag_of
from fast_container.core.own_bases import BaseFacts
from fast_container.errors import ArgsError, RegistryError, VerifyError
from fast_container.state.bases import KnownBase
from fast_container.state.rollback.pinned import missing_pin, verified_pin
from fast_container.state.rollback.pinned_job import NeverBuilds
from tests.build.fakes import URL, FakeRegistry, ListReporter, make_job
from tests.state.mocked_program import of, run
from tests.trees import write_tree

# Coroutines that earlier programs left are collected whenever the collector runs.
pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.usefixtures("mock_loops"),
]

KEY = "ab" * 32
TAG = tag_of(KEY)


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = write_tree(
        tmp_path,
        {
            "deps/Dockerfile": "FROM scratch\nCOPY deps.txt /\n",
            "deps/deps.txt": "one",
            "api/Dockerfile": "ARG BASE\nFROM ${BASE}\nCOPY own.txt /\n",
            "api/own.txt": "own",
        },
    )
    monkeypatch.chdir(root)
    monkeypatch.setenv("FAST_CONTAINER_CACHE", str(tmp_path / "cache"))
    return root


@pytest.mark.parametrize(
    ("text", "pin"),
    [
        (TAG, KeyPin(KEY[:40])),
        (f"key-{KEY}", KeyPin(KEY)),
        (KEY, KeyPin(KEY)),
        (f"search:{TAG}", KeyPin(KEY[:40], "search")),
    ],
)
def test_a_pin_is_a_tag_or_a_whole_key_and_may_name_the_image_that_it_was_built_as(text: str, pin: KeyPin) -> None:
    assert check_pin(text) == pin
    assert check_pin(str(pin)) == pin


# A commit of git has 40 digits too.
@pytest.mark.parametrize("wrong", ["", "latest", KEY[:40], "key-abc", f":{TAG}", f"{TAG}0", "sha256:" + KEY[:40], 5])
def test_what_is_not_a_key_is_refused_in_the_program(wrong: Any) -> None:
    with pytest.raises(ArgsError) as refused:
        check_pin(wrong)
    assert refused.value.property_path == "pin"


def keys(pin: str | None) -> tuple[str, str, str]:
    """The base's tag, its consumer's key, and the consumer's ``base_keys`` as the plan has it."""

    async def make() -> tuple[str, str, str]:
        base = BaseImage("deps", repository=URL, context="deps", pin=pin)
        api = FastContainerImage("api", repository=URL, context="api", base_images={"BASE": base})
        return await of(base.tag), await of(api.build_key), await of(base.build_key)

    return run(make)


@pytest.mark.usefixtures("app")
def test_a_pinned_base_counts_in_its_consumers_keys_by_the_key_at_which_it_is_pinned(app: Path) -> None:
    own, consumer, key = keys(None)
    (app / "deps/deps.txt").write_text("two")
    assert keys(None)[1] != consumer
    assert keys(key) == (own, consumer, key)
    tag, of_tag, short = keys(own)
    assert (tag, short) == (own, key[:40])
    # All that is known is the tag: another key, never that of another base.
    assert of_tag not in (consumer, keys(None)[1])


@pytest.mark.usefixtures("app")
def test_a_pin_at_the_sources_own_key_changes_nothing() -> None:
    assert keys(keys(None)[0]) == keys(None)


def test_nothing_is_certain_of_a_pinned_base_before_it_was_looked_at() -> None:
    known = KnownBase("BASE", "base", URL, KEY, cast(Any, "recorded"), "deps", BaseFacts(onbuild=()))
    assert known.is_certain
    assert not KnownBase(*(getattr(known, name) for name in known.__slots__[:-1]), is_pinned=True).is_certain


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize(
    "declare",
    [
        lambda: FastImageFleet("fleet", {"api": {"context": "deps"}}, repository=URL, pin=TAG),
        lambda: BaseImage("deps", repository=URL, context="deps", platforms=["linux/amd64"], pin=TAG),
    ],
)
def test_one_key_for_several_images_is_refused(declare: Any) -> None:
    async def make() -> None:
        declare()

    with pytest.raises(pulumi.RunError, match="pin"):
        run(make)


@pytest.mark.usefixtures("app")
def test_an_image_of_a_fleet_has_a_pin_of_its_own() -> None:
    async def make() -> Any:
        own: dict[str, ImageOptions] = {"api": {"context": "deps", "pin": TAG}, "web": {"context": "deps"}}
        fleet = FastImageFleet("fleet", own, repository=URL)
        return await of(fleet["api"].tag), await of(fleet["web"].tag)

    pinned, other = run(make)
    assert pinned == TAG
    assert other != TAG


class Deployment:
    """A pinned image, and a program with one registry."""

    def __init__(self, *, platform: str = "linux/arm64", names: tuple[str, ...] = ()) -> None:
        self.registry = FakeRegistry()
        records = [SimpleNamespace(name=name, key=KEY) for name in names]
        shared = SimpleNamespace(records_of=lambda _url, _digests: records, inputs_of=lambda _url, _digest: None)
        self.program: Any = SimpleNamespace(
            repository_of=lambda _image: self.registry,
            records=SimpleNamespace(shared=shared),
            registries=SimpleNamespace(oci_blocking=self._refused),
        )
        recipe = SimpleNamespace(platform=platform, labels={})
        source: Any = SimpleNamespace(key=SimpleNamespace(hex="0" * 64, tag=tag_of("0" * 64)))
        self.image: Any = SimpleNamespace(
            inputs=SimpleNamespace(name="api", pin=KeyPin(KEY), runs_on="anywhere"),
            repository_url=URL,
            source=source,
            selected=SimpleNamespace(declared=SimpleNamespace(recipe=recipe)),
        )

    @staticmethod
    def _refused(_url: str) -> Any:
        raise RegistryError("Tags are not listed.")

    def verified(self) -> str:
        async def make() -> str:
            return await verified_pin(self.program, self.image, "", None)

        return run(make)


@pytest.mark.usefixtures("app")
def test_what_is_there_is_verified_and_its_row_names_both_keys() -> None:
    one = Deployment(names=("api", "web"))
    one.registry.tags[TAG] = one.registry.push("there").digest
    said = one.verified()
    assert said == f"reused from the registry: pinned to {TAG}; the source here has {tag_of('0' * 64)}"


@pytest.mark.usefixtures("app")
def test_an_image_for_another_platform_is_refused() -> None:
    one = Deployment(platform="linux/amd64")
    one.registry.tags[TAG] = one.registry.push("there").digest
    with pytest.raises(VerifyError, match="The image at the pinned key key-abab") as refused:
        one.verified()
    assert "linux/arm64" in str(refused.value)


@pytest.mark.usefixtures("app")
def test_an_index_of_images_for_several_platforms_is_no_image_to_pin() -> None:
    one = Deployment()
    keys = {"linux/amd64": BuildKey("a" * 64), "linux/arm64": BuildKey("b" * 64)}
    for platform, key in keys.items():
        one.registry.tags[key.tag] = one.registry.push(platform=platform).digest
    index = asyncio.run(publish_index(IndexJob(keys, "anywhere"), one.registry, ListReporter()))
    one.registry.tags[TAG] = index.digest
    with pytest.raises(VerifyError, match="an index of images for linux/amd64, linux/arm64"):
        one.verified()


@pytest.mark.usefixtures("app")
def test_a_key_that_was_built_as_another_image_is_refused_unless_the_pin_says_so() -> None:
    one = Deployment(names=("search",))
    one.registry.tags[TAG] = one.registry.push("there").digest
    with pytest.raises(ArgsError, match="was built as another image") as refused:
        one.verified()
    assert f'pin="search:{TAG}"' in refused.value.next_step
    one.image.inputs.pin = KeyPin(KEY, "search")
    assert one.verified()


@pytest.mark.usefixtures("app")
def test_a_key_that_is_not_there_is_refused_where_the_tags_cannot_be_listed_too() -> None:
    with pytest.raises(ArgsError, match="not in the registry"):
        Deployment().verified()


def test_the_error_names_the_nearest_keys_and_the_one_that_is_deployed() -> None:
    near, far = TAG[:-1] + "0", tag_of("12" * 32)
    error = missing_pin(KeyPin(KEY), URL, [far, near], far, "api")
    assert error.why == f"{URL} has no tag {TAG}; the nearest there: {near}; the stack has {far}"
    assert "there is 1 other key" in missing_pin(KeyPin(KEY), URL, [far], "", "api").why
    assert "does not exist yet" in missing_pin(KeyPin(KEY), "", [], "", "api").why


def test_a_pinned_image_is_never_built() -> None:
    async def build() -> None:
        await NeverBuilds().build(make_job(), ListReporter())

    with pytest.raises(RegistryError, match="a pinned image is never built"):
        run(build)
