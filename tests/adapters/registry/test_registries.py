"""How registries are reached."""

from __future__ import annotations

import pytest

from fast_container.adapters.registry.ecr import EcrToken
from fast_container.adapters.registry.oci_registry import OciRegistry
from fast_container.adapters.registry.registries import Registries
from fast_container.core.aws_access import AwsAccess

URL = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/images"


def test_a_host_is_reached_with_the_access_that_named_it_first() -> None:
    registries = Registries(None, {})
    first, second = AwsAccess(profile="deploy"), AwsAccess(profile="other")
    registries.repository(URL, first)
    registries.repository(f"{URL}-more", second)
    assert not registries.is_reached_otherwise(f"{URL}-more", first)
    assert registries.is_reached_otherwise(f"{URL}-more", second)


def test_nothing_is_given_to_a_host_that_no_repository_names() -> None:
    registries = Registries(None, {})
    assert registries.push_credentials("123456789012.dkr.ecr.eu-west-1.amazonaws.com") is None


def test_accesses_that_are_equal_share_what_a_configured_endpoint_says(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def proxy_endpoint(_token: EcrToken) -> str:
        asked.append("once")
        return "http://127.0.0.1:5000"

    monkeypatch.setattr(EcrToken, "__init__", lambda *_: asked.append("made"))
    monkeypatch.setattr(EcrToken, "proxy_endpoint", proxy_endpoint)
    registries = Registries(None, {"AWS_ENDPOINT_URL_ECR": "http://127.0.0.1:4566"})
    for host in ("ghcr.io", "quay.io"):
        registries.repository(f"{host}/shop/images", AwsAccess(region="eu-west-1"))
        assert isinstance(registries.registry_blocking(f"{host}/shop/images"), OciRegistry)
    assert asked.count("made") == 1


def test_opening_a_repository_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    def chosen(*_: object) -> None:
        raise AssertionError("asked")

    monkeypatch.setattr(Registries, "registry_blocking", chosen)
    assert Registries(AwsAccess(), {}).repository(URL).url == URL
