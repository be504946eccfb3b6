"""On a real BuildKit and registry: an image that says one platform and holds programs for another gets no tag."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from fast_container.adapters.registry.layer_start import RegistryLayers
from fast_container.build.look_inside import LayerLooks
from fast_container.build.pipeline import publish
from fast_container.errors import VerifyError
from tests.adapters.buildkit_images import Local
from tests.build.fakes import StepClock

pytestmark = pytest.mark.buildkit

IS_ARM = os.uname().machine in ("aarch64", "arm64")
HERE, ELSEWHERE = ("linux/arm64", "linux/amd64") if IS_ARM else ("linux/amd64", "linux/arm64")
SCRATCH = "FROM scratch\nCOPY true /bin/true\n"
# `check=skip` keeps BuildKit from saying what it took.
SKIPPED = "# check=skip=all\nFROM busybox\nCOPY true /opt/true\n"


def try_to_publish(local: Local, dockerfile: str, tree: Path, platform: str) -> VerifyError | None:
    shutil.copy(shutil.which("true") or "/bin/true", tree / "true")
    job = local.job(dockerfile, tree, platform=platform)
    looks = LayerLooks(RegistryLayers(local.registries.oci_blocking))

    async def scenario() -> VerifyError | None:
        try:
            await publish(job, local.registry, local.executor(), local.reporter, StepClock(), looks=looks)
        except VerifyError as error:
            assert await local.registry.find([job.key.tag]) == {}
            return error
        return None

    return asyncio.run(scenario())


def test_a_base_that_has_no_image_for_the_platform_fails_the_image(local: Local, tree: Path) -> None:
    error = try_to_publish(local, "FROM busybox\nCOPY true /opt/true\n", tree, ELSEWHERE)
    assert error is not None
    assert "A base image is of another platform" in str(error)
    assert HERE in str(error) and ELSEWHERE in str(error)


@pytest.mark.parametrize("dockerfile", [SCRATCH, SKIPPED])
def test_programs_for_another_platform_fail_the_image(local: Local, tree: Path, dockerfile: str) -> None:
    error = try_to_publish(local, dockerfile, tree, ELSEWHERE)
    assert error is not None
    assert f"is for {ELSEWHERE} but holds programs for {HERE}" in str(error)


def test_programs_for_the_images_own_platform_are_what_is_wanted(local: Local, tree: Path) -> None:
    assert try_to_publish(local, SCRATCH, tree, HERE) is None
    assert not [note for note in local.reporter.notes if "not looked into" in note]
