"""AWS's SDK is loaded while the hook builds, not while the engine waits for the record; and never for nothing."""

from __future__ import annotations

from queue import Empty, SimpleQueue
from typing import Any

import pytest
from pulumi.dynamic import ConfigureRequest
from pulumi.dynamic.config import Config

from fast_container.adapters.registry.registries import Registries
from fast_container.state.image_build import ImageBuildProvider

RECORD: dict[str, Any] = {
    "build_key": "a" * 64,
    "repository_url": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/images",
    "aws": {"region": "eu-west-1"},
}
CHANGED = {**RECORD, "build_key": "b" * 64}


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> SimpleQueue[str]:
    urls: SimpleQueue[str] = SimpleQueue()

    def load(_: Registries, url: str) -> None:
        urls.put(url)

    monkeypatch.setattr(Registries, "load", load)
    return urls


@pytest.fixture
def provider() -> ImageBuildProvider:
    made = ImageBuildProvider()
    made.configure(ConfigureRequest(Config({}, "shop")))
    return made


def test_for_records_that_will_be_created_or_updated_it_is_loaded_once(
    provider: ImageBuildProvider, loaded: SimpleQueue[str]
) -> None:
    provider.check({}, RECORD)
    assert loaded.get(timeout=10) == RECORD["repository_url"]
    provider.diff("", RECORD, CHANGED)
    provider.check({}, CHANGED)
    with pytest.raises(Empty):
        loaded.get(timeout=0.2)


def test_for_one_that_differs_it_is_loaded(provider: ImageBuildProvider, loaded: SimpleQueue[str]) -> None:
    provider.diff("", RECORD, CHANGED)
    assert loaded.get(timeout=10) == RECORD["repository_url"]


def test_for_unchanged_records_it_is_not(provider: ImageBuildProvider, loaded: SimpleQueue[str]) -> None:
    assert provider.check(RECORD, RECORD).inputs == RECORD
    assert not provider.diff("", RECORD, RECORD).changes
    with pytest.raises(Empty):
        loaded.get(timeout=0.2)


def test_a_record_whose_inputs_are_unknown_yet_is_accepted(provider: ImageBuildProvider) -> None:
    assert provider.check({}, {"repository_url": object(), "aws": None}).failures == []
