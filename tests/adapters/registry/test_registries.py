"""How registries are reached."""

from __future__ import annotations

from fast_container.adapters.registry.oci_registry import OciRegistry
from fast_container.adapters.registry.registries import Registries
from fast_container.core.aws_access import AwsAccess
from tests.adapters.registry.conftest import TokenEndpoint

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


def test_accesses_that_are_equal_share_what_a_configured_endpoint_says(http_endpoint: TokenEndpoint) -> None:
    http_endpoint.proxy_endpoint = "http://127.0.0.1:5000"
    registries = Registries(None, {"AWS_ENDPOINT_URL_ECR": http_endpoint.url})
    for host in ("ghcr.io", "quay.io"):
        access = AwsAccess(region="eu-west-1", access_key="a", secret_key="s", endpoints={"ecr": http_endpoint.url})
        registries.repository(f"{host}/shop/images", access)
        assert isinstance(registries.registry_blocking(f"{host}/shop/images"), OciRegistry)
    assert len(http_endpoint.calls) == 1


def test_opening_a_repository_asks_nobody(http_endpoint: TokenEndpoint) -> None:
    registries = http_endpoint.registries(of="127.0.0.1:5000")
    assert registries.repository(URL).url == URL
    assert http_endpoint.calls == []


def test_loading_what_a_repository_takes_asks_nobody_either(http_endpoint: TokenEndpoint) -> None:
    registries = http_endpoint.registries(of="127.0.0.1:5000")
    registries.repository(URL)
    registries.load(URL)
    registries.load("127.0.0.1:5000/shop/images")
    assert http_endpoint.calls == []
