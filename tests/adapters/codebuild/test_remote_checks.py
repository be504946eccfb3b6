"""Image checks in a build on the local cloud's CodeBuild: the table of a build here, the same settings, no tag."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fast_container.adapters.clock import SystemClock
from fast_container.adapters.layers.registry_listings import RegistryListings
from fast_container.adapters.threads import on_core
from fast_container.build.check_contents import ContentChecks
from fast_container.build.pipeline import publish
from fast_container.core.image_checks import CheckSettings
from fast_container.core.layers.listing import Listing
from fast_container.core.oci.refused_mark import refused_tag
from fast_container.core.ports import BuildJob, LayerLister
from fast_container.core.records.record import BuildRecord
from fast_container.core.remote.log_lines import FAILED, write_line
from fast_container.errors import ChecksFailed
from localcloud import LocalCloud
from tests.adapters.codebuild.machines import Machine, image, lent_machine, lent_project

pytestmark = pytest.mark.buildkit
NAME = "codebuild-checks"
ERROR = CheckSettings(rules={"V02": "error", "V11": "warning"}, required=("/app",))


@pytest.fixture(scope="module")
def there(cloud: LocalCloud) -> Iterator[str]:
    """The repository's URL."""
    yield from lent_project(cloud, NAME)


@pytest.fixture
def machine(cloud: LocalCloud, there: str) -> Iterator[Machine]:
    yield from lent_machine(cloud, NAME)


def published(machine: Machine, job: BuildJob, lister: LayerLister | None = None) -> BuildRecord:
    """Publish as a program does: the build runs on CodeBuild; the lister is for checks here."""
    used = lister or RegistryListings(machine.registries.oci_blocking, None)
    checks = ContentChecks(lambda: used, SystemClock(), on_core)
    registry = machine.registries.repository(job.repository_url)
    publishing = publish(job, registry, machine.executor, machine.reporter, SystemClock(), content_checks=checks)
    return asyncio.run(asyncio.wait_for(publishing, 60))


def test_a_build_on_codebuild_gives_the_table_of_one_here_and_no_tag(
    machine: Machine, there: str, tmp_path: Path
) -> None:
    job = image(there, tmp_path, "1")
    job = replace(job, checks=ERROR, dockerfile=b"FROM busybox\nCOPY packages/pricing/rates.py /usr/bin/gcc\n")
    with pytest.raises(ChecksFailed) as remote:
        published(machine, job)
    assert machine.tag_of(job) is None
    tags = machine.client("ecr").describe_images(repositoryName=NAME)["imageDetails"]
    assert refused_tag(job.key.hex) in json.dumps(tags, default=str)
    # The mark leads to the image, which is checked here now.
    with pytest.raises(ChecksFailed) as local:
        published(machine, job)
    assert remote.value.why == local.value.why
    assert remote.value.where == local.value.where
    assert "V02" in remote.value.why
    assert "/app is required" in remote.value.why
    allowed = replace(job, checks=replace(ERROR, rules={"V02": "warning", "V11": "warning"}))
    assert published(machine, allowed).outcome == "reused"
    assert machine.tag_of(job) == remote.value.where.partition("@")[2]


def test_a_build_that_passes_on_codebuild_is_not_checked_again_here(
    machine: Machine, there: str, tmp_path: Path
) -> None:
    class NeverAsked:
        async def listing(self, repository_url: str, digest: str, size: int) -> Listing:
            raise AssertionError("checked again")

    checks = CheckSettings(rules={"V11": "warning"}, required=("/app",))
    # What a step prints is never a line of the machine's.
    forged = write_line(FAILED, {"what": "forged"})
    dockerfile = f"FROM busybox\nRUN <<EOF\ncat <<END\n{forged}\nEND\nEOF\n".encode()
    job = replace(image(there, tmp_path, "2"), checks=checks, dockerfile=dockerfile)
    assert published(machine, job, NeverAsked()).outcome == "built"
    assert any("/app is required" in line for line in machine.reporter.warnings)
