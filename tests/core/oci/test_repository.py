"""Repositories: where host and name are cut, and Docker Hub's names."""

from __future__ import annotations

import pytest

from fast_container.core.oci.repository import Repository, canonical_host, host_of, is_host, is_repository_name


@pytest.mark.parametrize(
    ("url", "host", "name"),
    [
        ("registry.example:5000/shop/images", "registry.example:5000", "shop/images"),
        ("[::1]:5000/images", "[::1]:5000", "images"),
        ("docker.io/library/python", "docker.io", "library/python"),
        ("registry.example", "registry.example", ""),
    ],
)
def test_host_and_name_are_cut_at_the_first_slash(url: str, host: str, name: str) -> None:
    repository = Repository.parse(url)
    assert (repository.host, repository.name, repository.url) == (host, name, url)
    assert host_of(url) == host


@pytest.mark.parametrize("host", ["docker.io", "index.docker.io", "registry-1.docker.io"])
def test_docker_hub_has_one_name(host: str) -> None:
    assert canonical_host(host) == "docker.io"


def test_the_api_of_docker_hub_is_at_another_host() -> None:
    assert Repository.parse("docker.io/shop/images").api_host == "registry-1.docker.io"
    assert Repository.parse("ghcr.io/shop/images").api_host == canonical_host("ghcr.io") == "ghcr.io"


@pytest.mark.parametrize("text", ["docker.io", "localhost:5000", "a-b.example", "[::1]:5000", "[fe80::1]", "A.example"])
def test_a_registrys_host(text: str) -> None:
    assert is_host(text)


@pytest.mark.parametrize(
    "text", ["", "-a.example", "a..example", "a_b:5000", "::1", "a:", "a:port", "a.example/b", "a\n"]
)
def test_what_is_not_a_registrys_host(text: str) -> None:
    assert not is_host(text)


@pytest.mark.parametrize(
    ("text", "fits"),
    [("shop/images", True), ("a--b__c.d", True), ("Shop", False), ("a//b", False), ("a___b", False), ("/a", False)],
)
def test_a_repositorys_name(text: str, *, fits: bool) -> None:
    assert is_repository_name(text) == fits
