"""Repositories: where host and name are cut, and Docker Hub's names."""

from __future__ import annotations

import pytest

from fast_container.core.oci.repository import Repository, canonical_host, host_of


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
