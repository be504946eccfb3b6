"""Inputs that are not known yet, an explicit provider, and a repository that is made in the same `up`."""

from __future__ import annotations

from functools import cached_property

import pytest
from conftest import Stacks
from engine_stack import EngineStack, Run

PROGRAM = """
import pulumi
import pulumi_aws as aws
from fast_container import AwsAccess, FastContainerImage, ImageRepository, LocalBuilder

config = pulumi.Config()
endpoint, region = config.require("endpoint"), config.require("region")
names = ("ecr", "iam", "logs", "sts")
provider = aws.Provider(
    "explicit",
    region=region,
    endpoints=[dict.fromkeys(names, endpoint)],
    skip_credentials_validation=True,
    skip_metadata_api_check=True,
)
opts = pulumi.ResourceOptions(provider=provider)
stated = None
if config.get_bool("stated"):
    stated = LocalBuilder(aws=AwsAccess(region=region, endpoints={"ecr": endpoint}))
repository = aws.ecr.Repository("images", name="{prefix}/images", opts=opts)
# ECR's id of the registry is unknown before the repository exists, as every computed output.
image = FastContainerImage(
    "api",
    repository=repository,
    builder=stated,
    context="context",
    build_args={"TAG": "latest", "REGISTRY": repository.registry_id, "ROUND": config.require("round")},
    labels={"arn": repository.arn},
    triggers={"url": repository.repository_url},
    opts=pulumi.ResourceOptions(provider=provider),
)
pulumi.export("build_key", image.build_key)
pulumi.export("image_uri", image.image_uri)
"""


class Inputs:
    def __init__(self, stacks: Stacks) -> None:
        self.stacks = stacks
        self.stack: EngineStack = stacks(PROGRAM)
        # Nothing but the provider and the builder's argument says where AWS is.
        del self.stack.environment["AWS_ENDPOINT_URL"]
        for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
            del self.stack.environment[name]
        for key in [key for key in self.stack.config if key.startswith("aws:")]:
            del self.stack.config[key]
        (self.stack.folder / "Pulumi.test.yaml").unlink()
        self.stack.configure(
            {
                "engine-test:endpoint": stacks.cloud.aws_endpoint,
                "engine-test:region": stacks.cloud.region,
                "engine-test:stated": "true",
                "engine-test:round": "1",
            }
        )
        # Placeholder values would make it `busybox:`, which is no reference.
        self.stack.file(
            "context/Dockerfile",
            "ARG TAG=nosuch\nFROM busybox:${TAG}\nARG REGISTRY\nARG ROUND\nRUN echo $REGISTRY > /registry\n",
        )

    @cached_property
    def preview(self) -> Run:
        return self.stack.preview()

    @cached_property
    def up(self) -> Run:
        assert self.preview
        return self.stack.up()

    @cached_property
    def refresh(self) -> Run:
        assert self.up
        return self.stack.refresh()

    @cached_property
    def second_preview(self) -> Run:
        assert self.refresh
        return self.stack.preview()

    @cached_property
    def preview_without_stated_access(self) -> Run:
        assert self.second_preview
        self.stack.configure({"engine-test:stated": "false", "engine-test:round": "2"})
        return self.stack.preview(expect=1)


@pytest.fixture(scope="module")
def inputs(stacks: Stacks) -> Inputs:
    return Inputs(stacks)


def test_unknown_inputs_make_the_key_unknown_and_are_named(inputs: Inputs) -> None:
    outputs = inputs.preview.outputs_of("engine-test-test")
    assert outputs.get("build_key", "") in ("", "[unknown]", "04da6b54-80e4-46f7-96ec-b56ff0331ba9")
    said = "\n".join(inputs.preview.messages(on="api"))
    for path in ('build_args["REGISTRY"]', 'labels["arn"]', 'triggers["url"]'):
        assert path in said


def test_up_does_what_that_preview_said(inputs: Inputs) -> None:
    assert inputs.preview.changes == inputs.up.changes
    assert inputs.up.builds == 1


def test_afterwards_everything_is_known_and_unchanged(inputs: Inputs) -> None:
    assert inputs.second_preview.changes == {}
    outputs = inputs.second_preview.outputs_of("engine-test-test")
    assert outputs["image_uri"] == inputs.up.stack_outputs["image_uri"]
    assert outputs["build_key"] == inputs.up.stack_outputs["build_key"]


def test_refresh_reaches_the_registry_as_the_record_says_without_the_program(inputs: Inputs) -> None:
    assert inputs.refresh.changes == {}
    assert inputs.refresh.records == inputs.up.records


def test_an_explicit_provider_whose_endpoints_are_not_stated_is_told_how_to_state_them(inputs: Inputs) -> None:
    run = inputs.preview_without_stated_access
    assert "an explicit aws.Provider shows neither its assumed roles nor its endpoints" in run.errors
    assert "LocalBuilder(aws=AwsAccess(" in run.errors
    assert "Traceback" not in run.output
