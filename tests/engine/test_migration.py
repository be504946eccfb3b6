"""A stack with ``docker_build.Image``, moved to ``FastContainerImage`` on the real engine: in two steps, and in one."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import pytest
from conftest import Stacks
from engine_stack import EngineStack, Run

from localcloud.docker_build_plugin import install

VERSIONS = Path(__file__).parents[2] / "stacks" / "migrate_docker_build"
OLD_IMAGE = "docker-build:index:Image"
REPOSITORY = "aws:ecr/repository:Repository"
FUNCTION = "aws:lambda/function:Function"


class Moved:
    """The three versions of the program, and what was in the registry after each."""

    def __init__(self, stacks: Stacks) -> None:
        self.stacks = stacks
        shutil.copytree(VERSIONS, stacks.folder / "versions")
        self.two_steps, self.one_step = (self._stack(name) for name in ("two-steps", "one-step"))
        install(Path(self.two_steps.environment["PULUMI_HOME"]))

    def _stack(self, name: str) -> EngineStack:
        program = (VERSIONS / "before" / "__main__.py").read_text()
        stack = self.stacks(program, folder="versions/before", name=name, project="migrate-docker-build")
        # What the engine test wrote is the program and its project file; the program's own are those that count.
        shutil.copy(VERSIONS / "before" / "Pulumi.yaml", stack.folder)
        shutil.move(stack.folder / f"Pulumi.{name}.yaml", self.stacks.folder / "versions")
        return stack

    def up(self, stack: EngineStack, version: str) -> Run:
        stack.folder = self.stacks.folder / "versions" / version
        return stack.up()

    def digests(self, run: Run, repository: str = "repository") -> set[str]:
        """All images of a repository; what is kept beside them does not count."""
        name = run.stack_outputs[repository]
        found = self.stacks.ecr.list_images(repositoryName=name)["imageIds"]
        images = self.stacks.ecr.batch_get_image(repositoryName=name, imageIds=found)["images"]
        return {one["imageId"]["imageDigest"] for one in images if "subject" not in json.loads(one["imageManifest"])}

    def greeting(self, run: Run) -> str:
        """What the deployed function answers."""
        client: Any = boto3.client(
            "lambda",
            endpoint_url=self.stacks.cloud.aws_endpoint,
            region_name=self.stacks.cloud.region,
            aws_access_key_id="localcloud",
            aws_secret_access_key="localcloud",
        )
        answer = client.invoke(FunctionName=run.stack_outputs["function"], Payload=b'{"name": "Ada"}')
        return json.loads(answer["Payload"].read())["greeting"]

    def check_out(self, mode: int) -> None:
        """Git knows no more of a file's mode than its executable bit; the umask of a checkout decides the rest."""
        (self.stacks.folder / "versions" / "app" / "handler.py").chmod(mode)

    @cached_property
    def before(self) -> tuple[Run, set[str]]:
        self.check_out(0o664)
        run = self.up(self.two_steps, "before")
        self.cache_before = self.digests(run, "caches")
        return run, self.digests(run)

    @cached_property
    def step_1(self) -> tuple[Run, set[str]]:
        assert self.before
        run = self.up(self.two_steps, "step_1")
        return run, self.digests(run)

    @cached_property
    def step_2(self) -> tuple[Run, set[str], str]:
        assert self.step_1
        run = self.up(self.two_steps, "step_2")
        self.cache_after = self.digests(run, "caches")
        return run, self.digests(run), self.greeting(run)

    @cached_property
    def without_step_1(self) -> tuple[Run, Run, set[str]]:
        # Files as the new image has them: then the two images are one and the same.
        self.check_out(0o644)
        before = self.up(self.one_step, "before")
        run = self.up(self.one_step, "step_2")
        return before, run, self.digests(run)


@pytest.fixture(scope="module")
def moved(stacks: Stacks) -> Moved:
    return Moved(stacks)


def operations(run: Run) -> Counter[tuple[str, str]]:
    """Type and operation → how often, for all that is not ``same``."""
    found: Counter[tuple[str, str]] = Counter()
    for event in run.events:
        metadata = (event.get("resourcePreEvent") or {}).get("metadata")
        if metadata and metadata["op"] not in ("same", "read"):
            found[metadata["type"], metadata["op"]] += 1
    return found


def of(run: Run, kind: str) -> dict[str, Any]:
    """Name in the program → outputs, of all resources of a type."""
    return {r["urn"].rsplit("::", 1)[1]: r["outputs"] for r in run.resources if r["type"] == kind}


def test_the_former_image_is_what_the_function_runs(moved: Moved) -> None:
    run, digests = moved.before
    assert digests == {run.stack_outputs["digest"]}
    assert of(run, FUNCTION)["function"]["imageUri"].endswith(run.stack_outputs["digest"])


def test_step_1_builds_nothing_and_touches_nothing_in_aws(moved: Moved) -> None:
    (before, digests), (run, now) = moved.before, moved.step_1
    assert (run.changes, now) == ({}, digests)
    assert run.stack_outputs == before.stack_outputs
    (image,) = (r for r in run.resources if r["type"] == OLD_IMAGE)
    assert image["retainOnDelete"] is True


def test_step_2_replaces_no_repository_and_no_function(moved: Moved) -> None:
    (before, _), (run, _, greeting) = moved.before, moved.step_2
    aws = {(kind, operation): n for (kind, operation), n in operations(run).items() if kind.startswith("aws:")}
    assert aws == {(FUNCTION, "update"): 1}
    assert of(run, REPOSITORY).keys() == of(before, REPOSITORY).keys()
    assert of(run, FUNCTION)["function"]["arn"] == of(before, FUNCTION)["function"]["arn"]
    assert greeting == "Hello, Ada"


def test_step_2_builds_once_and_updates_the_function_once_to_that_digest(moved: Moved) -> None:
    run, _, _ = moved.step_2
    record = run.records["api"]
    assert run.builds == 1
    assert of(run, FUNCTION)["function"]["imageUri"] == f"{record['repository_url']}@{record['digest']}"
    assert of(run, OLD_IMAGE) == {}


def test_the_former_images_manifest_is_still_there(moved: Moved) -> None:
    (before, _), (run, digests, _) = moved.before, moved.step_2
    assert digests == {before.stack_outputs["digest"], run.stack_outputs["digest"]}
    assert before.stack_outputs["digest"] != run.stack_outputs["digest"]


def test_the_former_cache_is_written_on(moved: Moved) -> None:
    assert moved.step_2
    assert moved.cache_before
    assert moved.cache_before != moved.cache_after


def test_without_step_1_the_manifest_that_the_function_runs_is_deleted(moved: Moved) -> None:
    before, run, digests = moved.without_step_1
    assert operations(run)[OLD_IMAGE, "delete"] == 1
    assert of(run, FUNCTION)["function"]["imageUri"].endswith(before.stack_outputs["digest"])
    assert before.stack_outputs["digest"] not in digests
