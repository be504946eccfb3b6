"""Several images in one build on the local cloud's CodeBuild: each one's end is its own."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from fast_container.adapters.codebuild.api import images_of
from fast_container.adapters.codebuild.own_zipapp import launcher_bytes, program_bytes, zip_bytes
from fast_container.cli import main
from fast_container.codebuild import policies
from fast_container.core.ports import BuildJob
from fast_container.core.remote import log_lines
from fast_container.core.remote.plan import RemotePlan, planned_contexts, write_plans
from fast_container.core.staging.chunks import cut
from localcloud import LocalCloud
from tests.adapters.codebuild.machines import Machine, image, lent_machine, lent_project
from tests.adapters.codebuild.test_watch import Heard

pytestmark = pytest.mark.buildkit
NAME = "codebuild-group"


@pytest.fixture(scope="module")
def there(cloud: LocalCloud) -> Iterator[str]:
    """The repository's URL."""
    yield from lent_project(cloud, NAME)


@pytest.fixture
def machine(cloud: LocalCloud, there: str) -> Iterator[Machine]:
    yield from lent_machine(cloud, NAME, places=1)


def start_all(cloud: LocalCloud, jobs: Sequence[BuildJob]) -> None:
    """Start them by another machine, which does not await them."""
    machine = Machine(cloud, NAME, places=1)

    async def start() -> None:
        await asyncio.gather(*(machine.executor.start(job, machine.reporter) for job in jobs))

    asyncio.run(start())
    machine.registries.close()


def build_together(machine: Machine, jobs: Sequence[BuildJob], lost: Sequence[str] = ()) -> tuple[str, list[str]]:
    """Status and log of one build of all of them; chunks with these digests are lost before it begins."""
    store, program = machine.store, program_bytes()
    key, _ = store.put_program(program)
    plans: list[RemotePlan] = []
    for job in jobs:
        chunks = {name: cut(source) for name, source in job.contexts.items()}
        store.put_chunks([chunk for cut_off in chunks.values() for chunk in cut_off], lambda _: None)
        contexts = planned_contexts(job.contexts, chunks)
        digest = hashlib.sha256(program).hexdigest()
        plans.append(RemotePlan(job, contexts, bucket=NAME, program=digest, program_key=key))
    for digest in lost:
        machine.client("s3").delete_object(Bucket=NAME, Key=f"parts/{digest}")
    files = {"plan.json": write_plans(plans), "fast_container.pyz": launcher_bytes()}
    name, _ = store.put_bundle(zip_bytes(files))
    heard = Heard()

    async def run() -> Any:
        request = {"sourceTypeOverride": "S3", "sourceLocationOverride": f"{NAME}/{name}"}
        started = machine.executor.api.start(request)
        return await asyncio.wait_for(machine.executor.watch.wait(started["id"], heard), 90)

    return asyncio.run(run())["buildStatus"], heard.lines


def ends(lines: Sequence[str], job: BuildJob) -> list[tuple[str, Any]]:
    """What the log says of an image's end."""
    said = [marked[1] for line in lines if (marked := log_lines.read_line(line)) and marked[0] == log_lines.OF]
    name = log_lines.image_name(job.key.hex, job.repository_url)
    found = [(kind, content) for image, kind, content in map(log_lines.image_line, said) if image == name]
    return [one for one in found if one[0] in (log_lines.BUILT, log_lines.FAILED, log_lines.CHUNKS_UNUSABLE)]


def content_of(machine: Machine, job: BuildJob) -> list[Any]:
    """What an image is, without dates: its configuration, and the entries of its layers."""
    ecr, name = machine.client("ecr"), job.repository_url.partition("/")[2]
    digest = machine.tag_of(job)
    answer = ecr.batch_get_image(repositoryName=name, imageIds=[{"imageDigest": digest}])["images"][0]
    manifest = json.loads(answer["imageManifest"])

    def blob(digest: str) -> bytes:
        url = ecr.get_download_url_for_layer(repositoryName=name, layerDigest=digest)["downloadUrl"]
        with urlopen(url) as found:
            return found.read()

    config = json.loads(blob(manifest["config"]["digest"]))
    found: list[Any] = [config["config"], config["architecture"], [one["created_by"] for one in config["history"]]]
    for layer in manifest["layers"]:
        with tarfile.open(fileobj=io.BytesIO(gzip.decompress(blob(layer["digest"])))) as archive:
            found.append([entry(archive, member) for member in archive])
    return found


def entry(archive: tarfile.TarFile, member: tarfile.TarInfo) -> tuple[Any, ...]:
    file = archive.extractfile(member)
    content = hashlib.sha256(file.read()).hexdigest() if file else ""
    return member.name, member.type, member.mode, member.uid, member.gid, member.linkname, content


def test_an_image_that_fails_takes_no_other_along(machine: Machine, there: str, tmp_path: Path) -> None:
    good, bad, gone, last = (image(there, tmp_path, content) for content in ("good", "bad", "gone", "last"))
    bad = replace(bad, dockerfile=b"FROM busybox\nRUN echo broken; exit 7\n")
    kept = {chunk.digest for job in (good, bad, last) for chunk in cut(job.contexts["context"])}
    lost = [chunk.digest for chunk in cut(gone.contexts["context"]) if chunk.digest not in kept]
    status, lines = build_together(machine, [good, bad, gone, last], lost)
    assert status == "FAILED"
    found = [[kind for kind, _ in ends(lines, job)] for job in (good, bad, gone, last)]
    assert found == [["built"], ["failed"], ["parts_unusable"], ["built"]]
    failure = ends(lines, bad)[0][1]
    assert (failure["exit_code"], failure["last_lines"]) == (7, ["broken"])
    assert machine.tag_of(bad) is None
    assert ends(lines, gone)[0][1]["absent"] == lost
    assert machine.tag_of(gone) is None
    for job in (good, last):
        assert machine.tag_of(job) == ends(lines, job)[0][1]["digest"]


def test_images_built_together_are_what_each_is_alone(machine: Machine, there: str, tmp_path: Path) -> None:
    """Two repositories, so that neither finds what the other has put: same tags, verified alike, same content."""
    client = machine.client("ecr")
    other = client.create_repository(repositoryName=f"{NAME}-other")["repository"]
    machine.client("iam").put_role_policy(
        RoleName=NAME,
        PolicyName="other",
        PolicyDocument=json.dumps(policies.granted([(policies.PUSH, other["repositoryArn"])])),
    )
    steps = (
        b"FROM busybox\nCOPY . /all\nRUN mkdir -p /made/by && echo made > /made/by/step && chmod 600 /made/by/step\n"
    )
    jobs = [replace(image(there, tmp_path, content), dockerfile=steps) for content in ("1", "2", "3")]
    together = [replace(job, repository_url=other["repositoryUri"]) for job in jobs]
    alone = Machine(machine.cloud, NAME)
    for job, built in zip(jobs, alone.build_all(jobs), strict=True):
        assert built.digest == machine.tag_of(job)
    alone.registries.close()
    for job, built in zip(together, machine.build_all(together), strict=True):
        assert built.digest == machine.tag_of(job)
    assert [len(images_of(build)) for build in machine.cloud.codebuild.builds()[:4]] == [3, 1, 1, 1]
    for job, shared in zip(jobs, together, strict=True):
        assert job.key.tag == shared.key.tag
        assert content_of(machine, job) == content_of(machine, shared)


@pytest.mark.parametrize("dies_at", [0, 2])
def test_a_machine_that_is_killed_at_any_image_costs_one_more_build_of_those_that_it_has_not_tagged(
    machine: Machine, there: str, tmp_path: Path, dies_at: int
) -> None:
    jobs = [image(there, tmp_path, content) for content in ("1", "2", "3")]
    machine.cloud.codebuild.kill("BUILD", project=NAME, log_contains=f"begins as image {dies_at + 1} of 3")
    before = len(machine.cloud.codebuild.builds())
    built = machine.build_all(jobs)
    assert [one.digest for one in built] == [machine.tag_of(job) for job in jobs]
    builds = machine.cloud.codebuild.builds()[: len(machine.cloud.codebuild.builds()) - before]
    # A machine whose image is taken may still run.
    assert [build["buildStatus"] == "FAULT" for build in builds] == [False] * (3 - dies_at) + [True]
    assert [len(images_of(build)) for build in builds] == [1] * (3 - dies_at) + [3]


def test_what_expired_in_the_queue_is_put_again_for_all_images_of_a_build(
    machine: Machine, there: str, tmp_path: Path
) -> None:
    jobs = [image(there, tmp_path, content) for content in ("1", "2")]
    machine.cloud.codebuild.limits(hold=True)

    start_all(machine.cloud, jobs)
    assert len(images_of(machine.cloud.codebuild.builds()[0])) == 2
    s3 = machine.client("s3")
    for item in s3.list_objects_v2(Bucket=NAME)["Contents"]:
        s3.delete_object(Bucket=NAME, Key=item["Key"])
    machine.cloud.codebuild.limits(hold=False)
    assert [one.digest for one in machine.build_all(jobs)] == [machine.tag_of(job) for job in jobs]


def test_cancel_and_wait_say_which_other_images_they_stop_and_wait_for(
    machine: Machine, there: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in machine.cloud.environment().items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    jobs = [image(there, tmp_path, content) for content in ("1", "2", "3")]
    named = [f"{there} key {job.key.hex[:12]}" for job in jobs]

    machine.cloud.codebuild.limits(hold=True)
    start_all(machine.cloud, jobs)
    assert main(["cancel", "--project", NAME, "--key", jobs[1].key.hex]) == 0
    stopped, also = capsys.readouterr().out.splitlines()
    assert stopped.startswith(f"stopped  {named[1]}: ")
    assert also == f"also stopped, on the same machine: {named[0]}, {named[2]}"
    machine.cloud.codebuild.limits(hold=False)
    start_all(machine.cloud, jobs)
    assert main(["wait", "--project", NAME, "--key", jobs[2].key.hex]) == 0
    also, ended = capsys.readouterr().out.splitlines()
    assert also == f"also waits for the images on the same machine: {named[0]}, {named[1]}"
    assert ended.startswith(f"succeeded  {named[2]}: ")
    assert all(machine.tag_of(job) for job in jobs)
