"""Clients of the local cloud and a fresh repository for each test."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from localcloud import LocalCloud
from tests.localcloud.registry_client import RegistryClient, client


@pytest.fixture(scope="session")
def ecr(cloud: LocalCloud) -> Any:
    return client(cloud, "ecr")


@pytest.fixture
def registry(cloud: LocalCloud) -> RegistryClient:
    return RegistryClient.of(cloud)


@pytest.fixture
def make_repository(ecr: Any) -> Callable[..., str]:
    def make(mutability: str = "MUTABLE", **settings: Any) -> str:
        name = f"test/r-{uuid.uuid4().hex[:8]}"
        ecr.create_repository(repositoryName=name, imageTagMutability=mutability, **settings)
        return name

    return make


@pytest.fixture
def repository(make_repository: Callable[..., str]) -> str:
    return make_repository()
