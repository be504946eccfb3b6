"""What is checked of a pushed image, by where it is to run."""

from __future__ import annotations

import asyncio

import pytest

from fast_container.build.verify import Verified, verify
from fast_container.core.oci.platform import same_platform
from fast_container.core.ports import Manifest
from fast_container.errors import VerifyError
from tests.build.fakes import FakeRegistry, sha256


def check(registry: FakeRegistry, manifest: Manifest, runs_on: str, platform: str = "linux/arm64") -> Verified:
    return asyncio.run(verify(registry, manifest, runs_on=runs_on, platform=platform))


def test_lambda_takes_a_single_gzip_manifest() -> None:
    registry = FakeRegistry()
    verified = check(registry, registry.push(layer_bytes=5000), "lambda")
    assert verified.image_bytes > 5000
    assert verified.notes == ()


def test_lambda_takes_docker_schema_2() -> None:
    registry = FakeRegistry()
    manifest = registry.push(
        media_type="application/vnd.docker.distribution.manifest.v2+json",
        layer_type="application/vnd.docker.image.rootfs.diff.tar.gzip",
    )
    check(registry, manifest, "lambda")


@pytest.mark.parametrize("attested", [False, True])
def test_lambda_refuses_an_index(attested: bool) -> None:
    registry = FakeRegistry()
    index = registry.push_index((registry.push(), "linux/arm64"), attested=attested)
    with pytest.raises(VerifyError, match="attestations" if attested else "media type"):
        check(registry, index, "lambda")


@pytest.mark.parametrize(
    "layer_type",
    [
        "application/vnd.oci.image.layer.v1.tar+zstd",
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
    ],
)
def test_lambda_refuses_layers_that_are_not_plain_or_gzip(layer_type: str) -> None:
    registry = FakeRegistry()
    with pytest.raises(VerifyError, match="neither plain tar nor gzip"):
        check(registry, registry.push(layer_type=layer_type), "lambda")


def test_lambda_refuses_more_than_10_gb() -> None:
    registry = FakeRegistry()
    with pytest.raises(VerifyError, match="larger than 10 GB"):
        check(registry, registry.push(layer_bytes=11 * 1024**3), "lambda")


def test_a_compressed_size_that_may_unpack_beyond_10_gb_is_noted() -> None:
    registry = FakeRegistry()
    assert "unpacked" in check(registry, registry.push(layer_bytes=4 * 1024**3), "lambda").notes[0]


def test_lambda_refuses_platforms_that_it_does_not_have() -> None:
    registry = FakeRegistry()
    manifest = registry.push(platform="linux/riscv64")
    with pytest.raises(VerifyError, match="does not run this platform"):
        check(registry, manifest, "lambda", "linux/riscv64")


@pytest.mark.parametrize("runs_on", ["lambda", "ecs", "anywhere"])
def test_the_platform_must_be_the_one_asked_for_everywhere(runs_on: str) -> None:
    registry = FakeRegistry()
    with pytest.raises(VerifyError, match="is for linux/amd64, not for linux/arm64"):
        check(registry, registry.push(platform="linux/amd64"), runs_on)


def test_an_index_will_do_where_its_child_fits() -> None:
    registry = FakeRegistry()
    arm, amd = registry.push("arm"), registry.push("amd", platform="linux/amd64")
    index = registry.push_index((arm, "linux/arm64"), (amd, "linux/amd64"), attested=True)
    check(registry, index, "ecs", "linux/arm64,linux/amd64")
    with pytest.raises(VerifyError, match="has no image for linux/s390x"):
        check(registry, index, "ecs", "linux/s390x")


def test_what_is_no_image_is_refused() -> None:
    registry = FakeRegistry()
    for content in (b"{}", b"[]", b"<html>"):
        manifest = Manifest(sha256(content), "application/json", content)
        with pytest.raises(VerifyError):
            check(registry, manifest, "anywhere")


@pytest.mark.parametrize(
    ("wanted", "got", "same"),
    [
        ("linux/arm64", "linux/arm64/v8", True),
        ("linux/amd64", "linux/x86_64", True),
        ("linux/arm/v7", "linux/arm", True),
        ("linux/arm/v6", "linux/arm/v7", False),
        ("linux/arm64", "linux/amd64", False),
        ("windows/amd64", "linux/amd64", False),
    ],
)
def test_platform_names_are_compared_by_meaning(wanted: str, got: str, same: bool) -> None:
    assert same_platform(wanted, got) is same


def test_an_image_for_snapstart_must_have_the_label() -> None:
    registry = FakeRegistry()
    with pytest.raises(VerifyError, match="SnapStart"):
        asyncio.run(verify(registry, registry.push(), runs_on="lambda", platform="linux/arm64", snapstart=True))
