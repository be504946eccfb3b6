"""A repository of the local cloud, and a folder to build from."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from fast_container.adapters.registry.registries import Registries
from fast_container.core.aws_access import AwsAccess
from localcloud import LocalCloud
from tests.adapters.buildkit_images import Local


@pytest.fixture(scope="module")
def sources_bucket() -> Iterator[Any]:
    """A client of moto's S3, with a bucket called ``sources``."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
            patch.delenv(name, raising=False)
        with mock_aws():
            client: Any = boto3.client("s3", region_name="us-east-1")
            client.create_bucket(Bucket="sources")
            yield client


@pytest.fixture(scope="session")
def repository(cloud: LocalCloud) -> str:
    environment = cloud.environment()
    client: Any = boto3.client(
        "ecr",
        region_name=cloud.region,
        endpoint_url=cloud.aws_endpoint,
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )
    made = client.create_repository(repositoryName="buildx-tests", imageTagMutability="IMMUTABLE")
    return made["repository"]["repositoryUri"]


@pytest.fixture
def local(cloud: LocalCloud, repository: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Local]:
    environment = cloud.environment()
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    access = AwsAccess(
        region=cloud.region,
        endpoints={"ecr": cloud.aws_endpoint},
        access_key=environment["AWS_ACCESS_KEY_ID"],
        secret_key=environment["AWS_SECRET_ACCESS_KEY"],
    )
    registries = Registries(access, {})
    yield Local(cloud, tmp_path, repository, registries, environment)
    registries.close()
    assert list(temporary.iterdir()) == []


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "context"
    root.mkdir()
    return root
