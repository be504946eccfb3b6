"""Issue: what a build on CodeBuild costs beside the Dockerfile's own steps, phase by phase.

The local cloud's CodeBuild runs the real program with a real BuildKit, but provisions nothing, pulls no image for
BuildKit, and has S3 and ECR on this machine: so these are costs of our own, and the waits of AWS come on top.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import accumulate, islice
from pathlib import Path
from typing import Any, Final, cast

import boto3

from bench.measuring import Series, number
from bench.table import Table
from bench.workplace import Workplace
from fast_container.adapters.codebuild.api import CodeBuildApi
from fast_container.adapters.codebuild.executor import CodeBuildExecutor
from fast_container.adapters.codebuild.pauses import pause_of
from fast_container.adapters.codebuild.s3_source import S3SourceStore
from fast_container.adapters.registry.registries import Registries
from fast_container.codebuild import policies
from fast_container.codebuild.resources import BUILDSPEC
from fast_container.core.aws_access import AwsAccess
from fast_container.core.declared import DeclaredImage
from fast_container.core.job import job_of
from fast_container.core.ports import BuildJob
from fast_container.core.recipe import Recipe
from fast_container.core.registry_cache import RegistryCache
from fast_container.core.remote import log_lines
from fast_container.core.select import SharedWalks, select_image

NAME: Final = "bench-codebuild"
PACKAGES: Final = 12
ROUNDS: Final = 7
QUICK_ROUNDS: Final = 3
PUSHING: Final = "BuildKit: build and push"
LENGTHS_S: Final = (20, 60, 180, 600)
DOCKERFILE: Final = "FROM busybox\nARG NONCE\nCOPY packages /packages\nRUN echo $NONCE > /nonce\n"


class Project:
    """Role, bucket, log group, project and repository, as a ``CodeBuildBuilder`` makes them."""

    def __init__(self, workplace: Workplace) -> None:
        self._cloud = cloud = workplace.cloud
        self.repository_url = workplace.repository(NAME)
        made = workplace.ecr.create_repository(repositoryName=f"{NAME}-caches", imageTagMutability="MUTABLE")
        self.cache = RegistryCache(made["repository"]["repositoryUri"])
        found = workplace.ecr.describe_repositories(repositoryNames=[NAME, f"{NAME}-caches"])["repositories"]
        arns = [repository["repositoryArn"] for repository in found]
        self.client("s3").create_bucket(Bucket=NAME)
        self.client("logs").create_log_group(logGroupName=NAME)
        logs = f"arn:aws:logs:{cloud.region}:{cloud.account_id}:log-group:{NAME}"
        trust = json.dumps(policies.trust(cloud.account_id, cloud.region, "aws"))
        role = self.client("iam").create_role(RoleName=NAME, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        documents = {
            "role": policies.service_role(f"arn:aws:s3:::{NAME}", "", logs),
            "push": policies.granted([(policies.PUSH, arn) for arn in arns]),
        }
        for name, document in documents.items():
            self.client("iam").put_role_policy(RoleName=NAME, PolicyName=name, PolicyDocument=json.dumps(document))
        self.client("codebuild").create_project(
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

    def client(self, service: str) -> Any:
        cloud = self._cloud
        made: Any = boto3.client(  # pyright: ignore
            service,
            endpoint_url=cloud.aws_endpoint,
            region_name=cloud.region,
            aws_access_key_id="localcloud",
            aws_secret_access_key="localcloud",
        )
        return cast(Any, made)

    def executor(self) -> CodeBuildExecutor:
        """A machine that knows nothing yet, with the settings of a ``CodeBuildBuilder``."""
        endpoints = {"ecr": self._cloud.aws_endpoint}
        access = AwsAccess(
            region=self._cloud.region, access_key="localcloud", secret_key="localcloud", endpoints=endpoints
        )
        client = cache(self.client)
        store = S3SourceStore(lambda: client("s3"), NAME)
        return CodeBuildExecutor(CodeBuildApi(client, NAME), store, Registries(access, {}).repository)

    def ended(self) -> dict[str, Any]:
        """The newest build once it has ended, with times in seconds since the epoch."""
        while not (build := self._cloud.codebuild.builds()[0]).get("endTime"):
            time.sleep(0.1)
        return build

    def log(self, build: Mapping[str, Any]) -> list[str]:
        """The lines of a build's log."""
        answer = self.client("logs").get_log_events(
            logGroupName=NAME, logStreamName=build["logs"]["streamName"], startFromHead=True, limit=10_000
        )
        return [str(event["message"]).rstrip("\n") for event in answer["events"]]


class Silent:
    """A reporter that keeps when each line was said."""

    def __init__(self) -> None:
        self._said: list[tuple[float, str]] = []

    def progress(self, line: str) -> None:
        """Keep it."""
        self._said.append((time.time(), line))

    note = warn = progress

    def when(self, start: str) -> float:
        """When the first line with that start was said."""
        return next(when for when, line in self._said if line.startswith(start))


def codebuild(workplace: Workplace) -> list[Table]:
    """One small image, built again and again with a nonce, by a machine that knows nothing each time."""
    context = workplace.folder / "codebuild-context"
    for count in range(PACKAGES):
        package = context / "packages" / f"package-{count:02}"
        package.mkdir(parents=True)
        (package / "module.py").write_text(f"VALUE = {count}\n" * 500)
    (context / "Dockerfile").write_text(DOCKERFILE)
    project = Project(workplace)
    rounds = QUICK_ROUNDS if workplace.is_quick else ROUNDS
    caches = project.cache.imports("bench"), project.cache.exports("bench")
    plain = [job(project, context, str(turn)) for turn in range(rounds + 1)]
    cached = [
        replace(job(project, context, f"cached-{turn}"), cache_from=caches[0], cache_to=caches[1])
        for turn in range(rounds + 1)
    ]
    # The first of each kind warms up, and writes the cache that the others read.
    measured = [(measure(project, one), measure(project, other)) for one, other in zip(plain, cached, strict=True)][1:]
    found, with_cache = [one for one, _ in measured], [other for _, other in measured]

    def row(name: str, title: str, builds: Sequence[Mapping[str, tuple[float, float]]]) -> list[str]:
        return [title, *(Series(tuple(one[name][edge] for one in builds)).text() for edge in (0, 1))]

    rows: list[list[str]] = []
    for name in found[0]:
        rows.append(row(name, name, found))
        if name == PUSHING:
            rows.append(row(name, f"{name}, with a registry cache", with_cache))
    return [
        Table(
            "one small image on CodeBuild: what there is beside the Dockerfile's steps",
            [
                "the local cloud's CodeBuild, BuildKit, S3 and ECR: no provisioning, no pull of BuildKit's image",
                f"sources of {PACKAGES + 3} parts, put before; a machine that knows nothing each time",
                f"{rounds} builds; seconds, median (smallest-largest); phases of the build may overlap",
            ],
            ["phase", "begins", "takes"],
            rows,
        ),
        lateness(),
    ]


def lateness() -> Table:
    """How late an end is noticed by the looks alone, where the log says nothing; computed, not measured."""
    rows: list[list[str]] = []
    for length_s in LENGTHS_S:
        # The mean over ends around that length: where a single one falls between two looks is chance.
        ends = [length_s * (0.8 + 0.4 * step / 200) for step in range(200)]
        cells: list[str] = []
        for pauses in (grown_pauses, share_pauses):
            looks = list(accumulate(islice(pauses(), 2_000)))
            late_s = sum(next(look for look in looks if look >= end) - end for end in ends) / len(ends)
            cells += [number(late_s), str(sum(look < length_s for look in looks) + 1)]
        rows.append([f"{length_s} s", *cells])
    return Table(
        "how late the end of a build is noticed by asking CodeBuild",
        [
            "computed: mean seconds over ends around that length, and calls for one build",
            "grown: 2 s at first, 1.3 times as long each time, at most 10 s (until 2026-11)",
            "share: a twentieth of the time that the build has run, 2 s at least, at most 10 s (now)",
            "an image is taken sooner than that when its build's log says that it is there",
        ],
        ["build of", "grown: late", "calls", "share: late", "calls"],
        rows,
    )


def grown_pauses() -> Iterator[float]:
    """The former rule."""
    pause_s = 2.0
    while True:
        yield pause_s
        pause_s = min(pause_s * 1.3, 10.0)


def share_pauses() -> Iterator[float]:
    """The rule of today."""
    looked_s = 0.0
    while True:
        pause_s = pause_of(looked_s, 2.0, ends_soon=False)
        yield pause_s
        looked_s += pause_s


def job(project: Project, context: Path, nonce: str) -> BuildJob:
    """The image with that nonce."""
    recipe = Recipe(build_args={"NONCE": nonce}, platform="linux/amd64")
    declared = DeclaredImage(
        name="bench",
        context=str(context),
        dockerfile=str(context / "Dockerfile"),
        dockerfile_name="Dockerfile",
        recipe=recipe,
    )
    return job_of(select_image(declared, SharedWalks()), project.repository_url, {})


def measure(project: Project, wanted: BuildJob) -> dict[str, tuple[float, float]]:
    """Build once; phase → seconds since the call when it began, and what it took."""
    reporter, executor = Silent(), project.executor()
    begun = time.time()
    asyncio.run(executor.build(wanted, reporter))
    returned = time.time()
    build = project.ended()
    marked = [found for line in project.log(build) if (found := log_lines.read_line(line))]
    times = next(content for kind, content in marked if kind == log_lines.TIMES)
    uploaded, started = reporter.when("uploaded"), reporter.when("building on CodeBuild")
    phases = {phase["phaseType"]: phase for phase in build["phases"]}
    spans = {
        "here: list builds, upload": (begun, uploaded),
        "here: StartBuild": (uploaded, started),
        "CodeBuild: to the first command": (started, phases["BUILD"]["startTime"]),
        "python starts": (phases["BUILD"]["startTime"], times["phases"]["program: fetch"][0]),
        **{name: tuple(span) for name, span in times["phases"].items()},
    }
    pushed, published = spans[PUSHING][1], spans["publish"][1]
    del spans["publish"]
    spans["read back, verify, tag"] = (pushed, published)
    spans["CodeBuild: from the tag to the end"] = (published, build["endTime"])
    spans["here: from the tag to noticing it"] = (published, returned)
    spans["all"] = (begun, returned)
    found = {name: (start - begun, end - start) for name, (start, end) in spans.items()}
    for name in ("own_cpu_s", "children_cpu_s"):
        found[f"processor: {name.removesuffix('_cpu_s')} in the build"] = (0.0, times[name])
    return found
