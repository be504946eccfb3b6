"""Builds on the local cloud's CodeBuild that die at every phase, lose parts, or meet a damaged one."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from fast_container.cli import main
from fast_container.codebuild import policies
from fast_container.core.ports import BuildJob, BuiltImage, SecretReference
from fast_container.core.recipe import recipe_of
from fast_container.errors import AuthError, BuildFailed
from localcloud import LocalCloud
from tests.adapters.buildkit_images import content
from tests.adapters.codebuild.machines import Machine, image, lent_machine, lent_project
from tests.adapters.http_registry import HttpRegistry, http_registry
from tests.build.fakes import OCI_MANIFEST

pytestmark = pytest.mark.buildkit
NAME = "codebuild-remote"


@pytest.fixture(scope="module")
def there(cloud: LocalCloud) -> Iterator[str]:
    """The repository's URL."""
    yield from lent_project(cloud, NAME)


@pytest.fixture
def machine(cloud: LocalCloud, there: str) -> Iterator[Machine]:
    yield from lent_machine(cloud, NAME)


@pytest.fixture
def job(there: str, tmp_path: Path) -> BuildJob:
    return image(there, tmp_path, "1")


@pytest.mark.parametrize(
    ("phase", "how"),
    [
        ("PROVISIONING", {}),
        ("DOWNLOAD_SOURCE", {}),
        ("INSTALL", {}),
        ("PRE_BUILD", {}),
        ("BUILD", {}),
        ("BUILD", {"log_contains": "##fast-container"}),
    ],
)
def test_a_build_killed_at_any_phase_leaves_no_key_tag_and_the_next_one_builds(
    machine: Machine, job: BuildJob, phase: str, how: dict[str, Any]
) -> None:
    machine.cloud.codebuild.kill(phase, project=NAME, **how)
    with pytest.raises(BuildFailed, match="ended as FAULT"):
        machine.build(job)
    assert machine.tag_of(job) is None
    assert machine.build(job).digest == machine.tag_of(job)


def test_options_of_the_steps_reach_a_remote_build(machine: Machine, job: BuildJob) -> None:
    dockerfile = (
        b"FROM busybox\nRUN cat /etc/hosts > /hosts; readlink /proc/self/ns/net > /network; ulimit -n > /files\n"
    )
    recipe = recipe_of(
        {"network": "host", "add_hosts": ["db.internal:10.0.0.5"], "shm_size": "5m", "ulimits": ["nofile=333"]}
    )
    digest = machine.build(replace(job, dockerfile=dockerfile, recipe=recipe)).digest

    async def found(path: str) -> str:
        registry = machine.registries.repository(job.repository_url)
        return (await content(registry, digest, path)).decode()

    assert "10.0.0.5\tdb.internal" in asyncio.run(found("hosts"))
    assert asyncio.run(found("network")).strip() == os.readlink("/proc/self/ns/net")
    assert asyncio.run(found("files")).strip() == "333"


@pytest.mark.parametrize("phase", ["POST_BUILD", "FINALIZING"])
def test_a_build_killed_after_its_work_has_verified_and_tagged_its_image(
    machine: Machine, job: BuildJob, phase: str
) -> None:
    """Whether the run sees the image or the machine's death first: the image is there, and the next run finds it."""
    machine.cloud.codebuild.kill(phase, project=NAME)
    with suppress(BuildFailed):
        assert machine.build(job).digest == machine.tag_of(job)
    assert machine.tag_of(job) is not None


def test_two_machines_with_different_contexts_at_once_mix_nothing(
    cloud: LocalCloud, machine: Machine, there: str, tmp_path: Path
) -> None:
    jobs = [image(there, tmp_path, content) for content in ("one", "two")]
    machines = [machine, Machine(cloud, NAME)]

    async def both() -> list[BuiltImage]:
        return await asyncio.gather(
            *(one.executor.build(job, one.reporter) for one, job in zip(machines, jobs, strict=True))
        )

    built = asyncio.run(both())
    machines[1].registries.close()
    assert [machine.tag_of(job) for job in jobs] == [image.digest for image in built]
    assert built[0].digest != built[1].digest


def test_a_part_that_is_not_what_its_name_says_is_refused_and_put_over(machine: Machine, job: BuildJob) -> None:
    machine.cloud.codebuild.limits(hold=True)
    started = asyncio.run(machine.executor.start(job, machine.reporter))
    s3, parts = machine.client("s3"), {}
    for item in s3.list_objects_v2(Bucket=NAME, Prefix="parts/")["Contents"]:
        parts[item["Key"]] = s3.get_object(Bucket=NAME, Key=item["Key"])["Body"].read()
    pricing = next(key for key, body in parts.items() if b"rates.py" in gzip.decompress(body))
    other = gzip.compress(gzip.decompress(parts[pricing]).replace(b"rates.py", b"ratex.py"))
    s3.put_object(Bucket=NAME, Key=pricing, Body=other, Metadata={"length": str(len(other))})
    machine.cloud.codebuild.limits(hold=False)
    built = machine.build(job)
    assert any("joined" in note for note in machine.reporter.notes)
    assert any("was damaged" in note for note in machine.reporter.notes)
    assert s3.get_object(Bucket=NAME, Key=pricing)["Body"].read() == parts[pricing]
    assert built.digest == machine.tag_of(job)
    statuses = {one["id"]: one["buildStatus"] for one in machine.cloud.codebuild.builds()}
    assert statuses[started["id"]] == "FAILED"


@pytest.mark.parametrize("kinds", [("parts/",), ("programs/",), ("parts/", "programs/", "bundles/")])
def test_what_expired_in_the_queue_is_put_again(machine: Machine, job: BuildJob, kinds: tuple[str, ...]) -> None:
    machine.cloud.codebuild.limits(hold=True)
    asyncio.run(machine.executor.start(job, machine.reporter))
    s3 = machine.client("s3")
    for item in s3.list_objects_v2(Bucket=NAME)["Contents"]:
        if item["Key"].startswith(kinds):
            s3.delete_object(Bucket=NAME, Key=item["Key"])
    machine.cloud.codebuild.limits(hold=False)
    assert machine.build(job).digest == machine.tag_of(job)


def test_a_role_that_may_not_list_the_bucket_has_expired_sources_put_again(machine: Machine, job: BuildJob) -> None:
    """S3 tells such a role that what is absent is denied."""
    iam = machine.client("iam")
    granted = iam.get_role_policy(RoleName=NAME, PolicyName="role")["PolicyDocument"]
    text = json.dumps(granted)
    narrow = text.replace('"s3:GetBucketLocation", "s3:ListBucket"', '"s3:GetBucketLocation"')
    assert narrow != text
    iam.put_role_policy(RoleName=NAME, PolicyName="role", PolicyDocument=narrow)
    machine.cloud.codebuild.limits(hold=True)
    asyncio.run(machine.executor.start(job, machine.reporter))
    s3 = machine.client("s3")
    for item in s3.list_objects_v2(Bucket=NAME)["Contents"]:
        s3.delete_object(Bucket=NAME, Key=item["Key"])
    machine.cloud.codebuild.limits(hold=False)
    try:
        assert machine.build(job).digest == machine.tag_of(job)
    finally:
        iam.put_role_policy(RoleName=NAME, PolicyName="role", PolicyDocument=text)


def test_a_policy_that_does_not_hold_yet_is_waited_for(
    machine: Machine, job: BuildJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The policy holds as soon as the run has noticed that it does not, however slow this machine is."""
    said = machine.reporter.note

    def holds_when_missed(line: str) -> None:
        said(line)
        if "have not taken effect at AWS yet" in line:
            machine.cloud.codebuild.limits(iam_delay_s=0.0)

    monkeypatch.setattr(machine.reporter, "note", holds_when_missed)
    iam = machine.client("iam")
    text = json.dumps(iam.get_role_policy(RoleName=NAME, PolicyName="role")["PolicyDocument"])
    iam.delete_role_policy(RoleName=NAME, PolicyName="role")
    machine.cloud.codebuild.limits(iam_delay_s=3600.0)
    iam.put_role_policy(RoleName=NAME, PolicyName="role", PolicyDocument=text)
    assert machine.build(job).digest == machine.tag_of(job)
    assert any("have not taken effect at AWS yet" in note for note in machine.reporter.notes)


def test_docker_hub_refuses_builds_without_a_login_and_a_mirror_helps(machine: Machine, job: BuildJob) -> None:
    machine.cloud.codebuild.limits(hub_pulls=0)
    with pytest.raises(BuildFailed) as caught:
        machine.build(job)
    assert "toomanyrequests" in caught.value.why
    assert "registry_logins=" in caught.value.next_step
    machine.executor.mirrors = {"docker.io": "mirror.gcr.io"}
    assert machine.build(job).digest == machine.tag_of(job)


def from_mirror(cloud: LocalCloud, path: str) -> bytes:
    url = f"http://{cloud.mirror_host}/v2/library/busybox/{path}"
    with urlopen(Request(url, headers={"Accept": OCI_MANIFEST})) as response:
        return response.read()


@pytest.fixture
def other_registry(cloud: LocalCloud) -> Iterator[HttpRegistry]:
    """Holds busybox as ``shop/images:base`` for who says the password."""
    with http_registry() as registry:
        manifest = from_mirror(cloud, "manifests/latest")
        document = json.loads(manifest)
        for blob in (document["config"], *document["layers"]):
            registry.blobs[blob["digest"]] = from_mirror(cloud, f"blobs/{blob['digest']}")
        registry.tags["base"] = registry.push(manifest, OCI_MANIFEST)
        registry.user = "robot:hush"
        yield registry


def test_a_base_of_another_registry_is_pulled_with_the_login_that_a_secret_holds(
    machine: Machine, job: BuildJob, other_registry: HttpRegistry
) -> None:
    host = other_registry.host
    job = replace(job, dockerfile=f"FROM {other_registry.url}:base\nCOPY . /all\n".encode(), pull_hosts=(host,))
    with pytest.raises(BuildFailed, match=r"401|authori[sz]ation"):
        machine.build(job)
    login = json.dumps({"username": "robot", "password": "hush"})
    secret = machine.client("secretsmanager").create_secret(Name=NAME, SecretString=login)
    document = json.dumps(policies.granted([(policies.SECRET, secret["ARN"])]))
    machine.client("iam").put_role_policy(RoleName=NAME, PolicyName="login", PolicyDocument=document)
    machine.executor.logins = {host: SecretReference("SECRETS_MANAGER", NAME)}
    assert machine.build(job).digest == machine.tag_of(job)
    assert "hush" not in json.dumps(machine.cloud.codebuild.builds())


def test_a_program_that_is_not_what_its_name_says_is_put_over(machine: Machine, job: BuildJob) -> None:
    machine.cloud.codebuild.limits(hold=True)
    asyncio.run(machine.executor.start(job, machine.reporter))
    s3 = machine.client("s3")
    [program] = [item["Key"] for item in s3.list_objects_v2(Bucket=NAME, Prefix="programs/")["Contents"]]
    good = s3.get_object(Bucket=NAME, Key=program)["Body"].read()
    s3.put_object(Bucket=NAME, Key=program, Body=b"garbage", Metadata={"length": "7"})
    machine.cloud.codebuild.limits(hold=False)
    assert machine.build(job).digest == machine.tag_of(job)
    assert any("was damaged" in note for note in machine.reporter.notes)
    assert s3.get_object(Bucket=NAME, Key=program)["Body"].read() == good


def test_a_bucket_that_belongs_to_somebody_else_gets_no_source(machine: Machine, job: BuildJob) -> None:
    machine.store.owner = "999999999999"
    with pytest.raises(AuthError, match="AWS denied") as caught:
        machine.build(job)
    assert "bucket_owner=" in caught.value.next_step


def test_cancel_stops_what_is_under_way_and_wait_says_how_it_ended(
    machine: Machine, job: BuildJob, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in machine.cloud.environment().items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    machine.cloud.codebuild.limits(hold=True)
    asyncio.run(machine.executor.start(job, machine.reporter))
    assert main(["cancel", "--project", NAME, "--key", "0000"]) == 0
    assert "no build is running" in capsys.readouterr().out
    assert main(["cancel", "--project", NAME, "--key", job.key.hex[:8]]) == 0
    assert capsys.readouterr().out.startswith(f"stopped  {job.repository_url} key {job.key.hex[:12]}")
    machine.cloud.codebuild.limits(hold=False)
    assert main(["wait", "--project", NAME]) == 0
    assert "no build is running" in capsys.readouterr().out
    assert machine.tag_of(job) is None
    machine.executor.watch.forget_recent()
    asyncio.run(machine.executor.start(job, machine.reporter))
    assert main(["wait", "--project", NAME]) == 0
    assert capsys.readouterr().out.startswith(f"succeeded  {job.repository_url} key {job.key.hex[:12]}")
    assert machine.tag_of(job) is not None


def test_a_project_that_is_not_there_is_one_message_of_the_command_line(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in machine.cloud.environment().items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    began_s = time.monotonic()
    assert main(["wait", "--project", "nobodys"]) == 2
    assert "in this region" in capsys.readouterr().err
    assert time.monotonic() - began_s < 60
