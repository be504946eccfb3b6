"""Builds on the local cloud's CodeBuild that die at every phase, lose parts, or meet a damaged one."""

from __future__ import annotations

import asyncio
import functools
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

import boto3
import pytest

from fast_container.adapters.codebuild.api import CodeBuildApi
from fast_container.adapters.codebuild.executor import CodeBuildExecutor
from fast_container.adapters.codebuild.s3_source import S3SourceStore
from fast_container.adapters.codebuild.watch import BuildWatch
from fast_container.adapters.registry.registries import Registries
from fast_container.cli import main
from fast_container.codebuild import policies
from fast_container.codebuild.resources import BUILDSPEC
from fast_container.core.aws_access import AwsAccess
from fast_container.core.ports import BuildJob, BuiltImage, SecretReference
from fast_container.core.recipe import recipe_of
from fast_container.errors import AuthError, BuildFailed
from localcloud import LocalCloud
from tests.adapters.buildkit_images import content
from tests.adapters.http_registry import HttpRegistry, http_registry
from tests.build.fakes import OCI_MANIFEST, ListReporter, make_job
from tests.core.staging.test_stage import source
from tests.trees import write_tree

pytestmark = pytest.mark.buildkit
NAME = "codebuild-remote"


async def soon(seconds: float) -> None:
    """Wait as long as AWS needs, when this machine stands for it."""
    await asyncio.sleep(min(seconds, 0.2))


@functools.cache
def client(cloud: LocalCloud, service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=cloud.aws_endpoint,
        region_name=cloud.region,
        aws_access_key_id="localcloud",
        aws_secret_access_key="localcloud",
    )


class Machine:
    """A machine with an executor; several of them share project, bucket and repository."""

    def __init__(self, cloud: LocalCloud) -> None:
        self.cloud = cloud
        access = AwsAccess(region=cloud.region, access_key="localcloud", secret_key="localcloud")
        self.registries = Registries(replace(access, endpoints={"ecr": cloud.aws_endpoint}), {})
        api = CodeBuildApi(self.client, NAME)
        self.store = S3SourceStore(lambda: self.client("s3"), NAME)
        self.reporter = ListReporter()
        watch = BuildWatch(api, first_pause_s=0.2, sleep=soon)
        self.executor = CodeBuildExecutor(api, self.store, self.registries.repository, limit_pause_s=0.2, watch=watch)

    def client(self, service: str) -> Any:
        return client(self.cloud, service)

    def build(self, job: BuildJob) -> BuiltImage:
        return asyncio.run(asyncio.wait_for(self.executor.build(job, self.reporter), 60))

    def tag_of(self, job: BuildJob) -> str | None:
        async def find() -> str | None:
            registry = self.registries.repository(job.repository_url)
            found = await registry.find([job.key.tag])
            return found[job.key.tag].digest if found else None

        return asyncio.run(find())


@pytest.fixture(scope="module")
def there(cloud: LocalCloud) -> Iterator[str]:
    """Role, bucket, log group, project and repository, as a CodeBuildBuilder makes them; gives the repository's URL."""
    client = Machine(cloud).client
    repository = client("ecr").create_repository(repositoryName=NAME, imageTagMutability="IMMUTABLE")["repository"]
    client("s3").create_bucket(Bucket=NAME)
    client("logs").create_log_group(logGroupName=NAME)
    logs = f"arn:aws:logs:{cloud.region}:{cloud.account_id}:log-group:{NAME}"
    trust = policies.trust(cloud.account_id, cloud.region, "aws")
    role = client("iam").create_role(RoleName=NAME, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    documents = {
        "role": policies.service_role(f"arn:aws:s3:::{NAME}", "", logs),
        "push": policies.granted([(policies.PUSH, repository["repositoryArn"])]),
    }
    for name, document in documents.items():
        client("iam").put_role_policy(RoleName=NAME, PolicyName=name, PolicyDocument=json.dumps(document))
    client("codebuild").create_project(
        name=NAME,
        source={"type": "S3", "location": f"{NAME}/none.zip", "buildspec": BUILDSPEC},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={
            "type": "LINUX_CONTAINER",
            "computeType": "BUILD_GENERAL1_SMALL",
            "image": "aws/codebuild/amazonlinux-x86_64-standard:5.0",
            "privilegedMode": True,
        },
        serviceRole=role,
        logsConfig={"cloudWatchLogs": {"status": "ENABLED", "groupName": NAME}},
    )
    yield repository["repositoryUri"]
    cloud.codebuild.reset()
    cloud.calls.reset()


@pytest.fixture
def machine(cloud: LocalCloud, there: str) -> Iterator[Machine]:
    made = Machine(cloud)
    yield made
    made.registries.close()
    cloud.codebuild.reset()


@pytest.fixture
def job(there: str, tmp_path: Path) -> BuildJob:
    return image(there, tmp_path, "1")


def image(url: str, folder: Path, content: str) -> BuildJob:
    tree = {"Dockerfile": "FROM busybox\nCOPY . /all\n", "packages/pricing/rates.py": content}
    # The folder's name differs in each test, and with it the key.
    made = make_job(content=f"{folder.name} {content}", repository_url=url, platform="linux/amd64")
    context = source(write_tree(folder / content, tree))
    return replace(made, contexts={"context": context}, dockerfile=tree["Dockerfile"].encode())


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
    machines = [machine, Machine(cloud)]

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
    assert time.monotonic() - began_s < 10
