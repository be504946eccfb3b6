"""A CodeBuild project on the local cloud, and machines that build there; for tests with real builds."""

from __future__ import annotations

import asyncio
import functools
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3

from fast_container.adapters.codebuild.api import CodeBuildApi
from fast_container.adapters.codebuild.executor import CodeBuildExecutor
from fast_container.adapters.codebuild.gathering import Sharing
from fast_container.adapters.codebuild.s3_source import S3SourceStore
from fast_container.adapters.codebuild.watch import BuildWatch
from fast_container.adapters.registry.registries import Registries
from fast_container.codebuild import policies
from fast_container.codebuild.resources import BUILDSPEC
from fast_container.core.aws_access import AwsAccess
from fast_container.core.ports import BuildJob, BuiltImage
from localcloud import LocalCloud
from tests.adapters.fake_codebuild import packed_once
from tests.build.fakes import ListReporter, make_job
from tests.core.staging.test_stage import source
from tests.trees import write_tree


async def soon(seconds: float) -> None:
    """Wait as long as AWS needs, when this machine stands for it."""
    await asyncio.sleep(min(seconds, 0.2))


@functools.cache
def _client(cloud: LocalCloud, service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=cloud.aws_endpoint,
        region_name=cloud.region,
        aws_access_key_id="localcloud",
        aws_secret_access_key="localcloud",
    )


class Machine:
    """A machine with an executor; several of them share project, bucket and repository, which have one name.

    Args:
        places: Builds of up to eight images at once; 0 builds each image alone.
    """

    def __init__(self, cloud: LocalCloud, name: str, *, places: int = 0) -> None:
        self.cloud = cloud
        access = AwsAccess(region=cloud.region, access_key="localcloud", secret_key="localcloud")
        self.registries = Registries(replace(access, endpoints={"ecr": cloud.aws_endpoint}), {})
        api = CodeBuildApi(self.client, name)
        self.store = S3SourceStore(lambda: self.client("s3"), name)
        self.reporter = ListReporter()
        watch = BuildWatch(api, first_pause_s=0.2, sleep=soon)
        sharing = Sharing(places, 8, fills=False, may_begin=lambda: None, goes_first=lambda _: False)
        self.executor = CodeBuildExecutor(
            api,
            self.store,
            self.registries.repository,
            limit_pause_s=0.2,
            watch=watch,
            sharing=sharing if places else None,
            pack=packed_once,
        )

    def client(self, service: str) -> Any:
        return _client(self.cloud, service)

    def build(self, job: BuildJob) -> BuiltImage:
        return asyncio.run(asyncio.wait_for(self.executor.build(job, self.reporter), 60))

    def build_all(self, jobs: Sequence[BuildJob]) -> list[Any]:
        """Build them at once; the image or the error of each."""

        async def all_of_them() -> list[Any]:
            builds = (self.executor.build(job, self.reporter) for job in jobs)
            return await asyncio.wait_for(asyncio.gather(*builds, return_exceptions=True), 120)

        return asyncio.run(all_of_them())

    def tag_of(self, job: BuildJob) -> str | None:
        async def find() -> str | None:
            registry = self.registries.repository(job.repository_url)
            found = await registry.find([job.key.tag])
            return found[job.key.tag].digest if found else None

        return asyncio.run(find())


def make_project(cloud: LocalCloud, name: str) -> str:
    """Make role, bucket, log group, project and repository, as a CodeBuildBuilder does; the repository's URL."""
    client = functools.partial(_client, cloud)
    repository = client("ecr").create_repository(repositoryName=name, imageTagMutability="IMMUTABLE")["repository"]
    client("s3").create_bucket(Bucket=name)
    client("logs").create_log_group(logGroupName=name)
    logs = f"arn:aws:logs:{cloud.region}:{cloud.account_id}:log-group:{name}"
    trust = policies.trust(cloud.account_id, cloud.region, "aws")
    role = client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    documents = {
        "role": policies.service_role(f"arn:aws:s3:::{name}", "", logs),
        "push": policies.granted([(policies.PUSH, repository["repositoryArn"])]),
    }
    for policy, document in documents.items():
        client("iam").put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(document))
    client("codebuild").create_project(
        name=name,
        source={"type": "S3", "location": f"{name}/none.zip", "buildspec": BUILDSPEC},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={
            "type": "LINUX_CONTAINER",
            "computeType": "BUILD_GENERAL1_SMALL",
            "image": "aws/codebuild/amazonlinux-x86_64-standard:5.0",
            "privilegedMode": True,
        },
        serviceRole=role,
        logsConfig={"cloudWatchLogs": {"status": "ENABLED", "groupName": name}},
    )
    return str(repository["repositoryUri"])


def image(url: str, folder: Path, content: str) -> BuildJob:
    tree = {"Dockerfile": "FROM busybox\nCOPY . /all\n", "packages/pricing/rates.py": content}
    # The folder's name differs in each test, and with it the key.
    made = make_job(content=f"{folder.name} {content}", repository_url=url, platform="linux/amd64")
    context = source(write_tree(folder / content, tree))
    return replace(made, contexts={"context": context}, dockerfile=tree["Dockerfile"].encode())


def lent_project(cloud: LocalCloud, name: str) -> Iterator[str]:
    """For a module's fixture: a project with its repository, whose URL it gets."""
    yield make_project(cloud, name)
    cloud.codebuild.reset()
    cloud.calls.reset()


def lent_machine(cloud: LocalCloud, name: str, *, places: int = 0) -> Iterator[Machine]:
    """For a test's fixture: a machine of that project."""
    made = Machine(cloud, name, places=places)
    yield made
    made.registries.close()
    cloud.codebuild.reset()
