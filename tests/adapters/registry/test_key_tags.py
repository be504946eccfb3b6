"""The key tags of a repository: every page, no other tags, and a registry that does not list them."""

from __future__ import annotations

import pytest

from fast_container.adapters.registry.http_transport import HttpTransport
from fast_container.adapters.registry.key_tags import key_tags
from fast_container.adapters.registry.oci_registry import OciRegistry
from fast_container.errors import RegistryError
from tests.adapters.http_registry import HttpRegistry, http_registry


def tags_of(registry: HttpRegistry, url: str = "") -> list[str]:
    return key_tags(OciRegistry(url or registry.url, transport=HttpTransport(sleep=lambda _: None, timeout_s=2.0)))


def test_all_pages_are_read_and_other_tags_left_out() -> None:
    with http_registry() as registry:
        keys = [f"key-{number:040x}" for number in range(7)]
        registry.tags = dict.fromkeys([*keys, "latest", "refused-" + "0" * 40], "sha256:x")
        registry.tags_a_page = 3
        assert tags_of(registry) == keys
        assert len(registry.paths("GET")) == 3


def test_a_repository_without_tags_has_none() -> None:
    with http_registry() as registry:
        assert tags_of(registry) == []


def test_a_list_that_cannot_be_had_is_an_error_and_not_empty() -> None:
    with http_registry() as registry:
        with pytest.raises(RegistryError, match="did not list the tags"):
            tags_of(registry, f"{registry.host}/shop/absent")
        registry.script = [(200, {}, b"<html>")]
        with pytest.raises(RegistryError, match="list of tags cannot be read"):
            tags_of(registry)


def test_the_next_page_is_asked_of_the_same_repository_whatever_the_registry_says() -> None:
    with http_registry() as registry:
        registry.script = [(200, {"Link": '<https://elsewhere.example/v2/other/tags/list?last=x>; rel="next"'}, b"{}")]
        assert tags_of(registry) == []
        assert registry.paths("GET")[1] == "/v2/shop/images/tags/list?last=x"
