"""An index is put only of verified images under the tags of their keys, and the same ones give the same index."""

from __future__ import annotations

import asyncio
import json

import pytest

from fast_container.build.index_publishing import IndexJob, decided, missing, publish_index
from fast_container.core.decision import RecordedImage
from fast_container.core.key import BuildKey, index_key
from fast_container.core.ports import Manifest
from fast_container.errors import RegistryError, VerifyError
from tests.build.fakes import FakeRegistry, ListReporter

KEYS = {"linux/amd64": BuildKey("a" * 64), "linux/arm64": BuildKey("b" * 64)}
JOB = IndexJob(KEYS, "ecs")


def stocked(*platforms: str) -> FakeRegistry:
    """A repository with an image of each platform under the tag of its key."""
    registry = FakeRegistry()
    for platform in platforms or KEYS:
        registry.tags[KEYS[platform].tag] = registry.push(platform=platform).digest
    return registry


def publish(registry: FakeRegistry, job: IndexJob = JOB, recorded: RecordedImage | None = None) -> Manifest:
    return asyncio.run(publish_index(job, registry, ListReporter(), recorded))


def test_the_index_lists_the_images_and_gets_the_tag_of_its_key_last() -> None:
    registry = stocked()
    index = publish(registry)
    calls = [call for call, _ in registry.calls]
    assert calls.index("tag") > max(at for at, call in enumerate(calls) if call in ("blob", "manifest"))
    assert registry.tags[JOB.key.tag] == index.digest
    listed = json.loads(index.content)["manifests"]
    assert [one["digest"] for one in listed] == [registry.tags[key.tag] for key in KEYS.values()]


def test_the_order_of_platforms_changes_neither_key_nor_digest() -> None:
    turned = IndexJob(dict(reversed(KEYS.items())), "ecs")
    assert turned.key.hex == JOB.key.hex
    assert publish(stocked(), turned).digest == publish(stocked()).digest


def test_a_key_of_an_index_is_of_its_platforms_and_their_keys() -> None:
    keys = [
        {"linux/amd64": "a" * 64},
        {"linux/amd64": "b" * 64},
        {"linux/arm64": "a" * 64},
        {"linux/amd64": "a" * 64, "linux/arm64": "a" * 64},
    ]
    assert len({index_key(each).hex for each in keys}) == len(keys)


def test_an_image_that_is_missing_is_named_and_nothing_is_tagged() -> None:
    registry = stocked("linux/amd64")
    assert asyncio.run(missing(JOB, registry)) == ["linux/arm64"]
    with pytest.raises(RegistryError, match="linux/arm64 is not in the registry"):
        publish(registry)
    assert JOB.key.tag not in registry.tags


def test_an_image_of_another_platform_under_the_tag_of_a_key_gives_no_index() -> None:
    registry = stocked("linux/amd64")
    registry.tags[KEYS["linux/arm64"].tag] = registry.push(platform="linux/amd64", text="other").digest
    with pytest.raises(VerifyError, match="linux/arm64") as refused:
        publish(registry)
    assert JOB.key.tag not in registry.tags
    assert refused.value.where.endswith(KEYS["linux/arm64"].tag)
    assert "Delete the tag" in refused.value.next_step


def test_an_image_that_replaced_the_verified_one_gives_no_index() -> None:
    registry = stocked()
    verified = {platform: registry.tags[key.tag] for platform, key in KEYS.items()}
    registry.tags[KEYS["linux/arm64"].tag] = registry.push(platform="linux/arm64", text="other").digest
    with pytest.raises(RegistryError, match="image for linux/arm64 names another image"):
        publish(registry, IndexJob(KEYS, "ecs", verified))
    assert JOB.key.tag not in registry.tags


def test_an_index_that_is_put_together_has_each_image_read_once() -> None:
    registry = stocked()
    publish(registry)
    assert sum(call == "blob" for call, _ in registry.calls) == len(KEYS)


def test_an_index_that_is_there_is_read_back_and_used() -> None:
    registry = stocked()
    first = publish(registry)
    registry.calls.clear()
    assert publish(registry).digest == first.digest
    assert "tag" not in [call for call, _ in registry.calls]


def test_an_index_whose_images_are_gone_is_not_used() -> None:
    registry = stocked()
    publish(registry)
    registry.manifests.pop(registry.tags[KEYS["linux/arm64"].tag])
    registry.tags.pop(KEYS["linux/arm64"].tag)
    with pytest.raises(RegistryError):
        publish(registry)


@pytest.mark.parametrize(
    ("recorded", "told"),
    [
        (None, "put together: first build"),
        (
            RecordedImage("c" * 64, "sha256:x", {"platform": "1", "dockerfile": "2"}),
            "put together: it is for linux/amd64",
        ),
        (RecordedImage("c" * 64, "sha256:x", {"platform:linux/amd64": "1"}), "put together: platform"),
        (RecordedImage(JOB.key.hex, "sha256:x", settled=False), "put together: the build of one of its images"),
        (RecordedImage(JOB.key.hex, "sha256:x"), "put together: it is gone from the registry"),
    ],
)
def test_a_preview_says_why(recorded: RecordedImage | None, told: str) -> None:
    assert asyncio.run(decided(JOB, stocked(), recorded)).startswith(told)


def test_an_index_that_was_replaced_is_refused() -> None:
    registry = stocked()
    publish(registry)
    recorded = RecordedImage(JOB.key.hex, "sha256:" + "0" * 64)
    with pytest.raises(RegistryError, match="another image"):
        publish(registry, recorded=recorded)
