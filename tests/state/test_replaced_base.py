"""A base image whose key tag names another image: no consumer is built on it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pulumi
import pytest

from fast_container.core.own_bases import BaseFacts
from fast_container.errors import RegistryError
from fast_container.state.bases import KnownBase
from fast_container.state.jobs import base_references
from tests.build.fakes import URL, FakeRegistry
from tests.state.mocked_program import run

# Coroutines that earlier programs left are collected whenever the collector runs.
pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.usefixtures("mock_loops"),
]

KEY = "a" * 64


def references(recorded_key: str, recorded_digest: str) -> dict[str, str]:
    """What a consumer of a base, which the registry has, starts from."""
    registry = FakeRegistry()
    registry.tags["key-" + KEY[:40]] = registry.push("there").digest

    async def make() -> dict[str, str]:
        key, digest = pulumi.Output.from_input(recorded_key), pulumi.Output.from_input(recorded_digest)
        base = KnownBase("BASE", "base", URL, KEY, key, "deps", BaseFacts(onbuild=()), recorded_digest=digest)
        program: Any = SimpleNamespace(repository_at=lambda _url, _access: registry)
        image: Any = SimpleNamespace(bases=(base,), access=None)
        return await base_references(program, image)

    return run(make)


def test_a_consumer_starts_from_the_recorded_image_alone() -> None:
    there = FakeRegistry().push("there").digest
    expected = {"base": f"docker-image://{URL}@{there}"}
    assert references(KEY, there) == expected
    # Its build was started and is not awaited; the state has an older one (``--target``).
    assert references(KEY, "") == references("b" * 64, "sha256:old") == expected
    with pytest.raises(RegistryError, match="the base image 'deps' names another image") as refused:
        references(KEY, "sha256:recorded")
    assert "sha256:recorded" in refused.value.why
    assert there in refused.value.why
