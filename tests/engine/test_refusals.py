"""What cannot be right is refused in preview, with the property's name and without a traceback."""

from __future__ import annotations

from functools import cached_property

import pytest
from conftest import Stacks
from engine_stack import EngineStack, Run

# Constructors refuse what can be told from the arguments alone, so one program can try them all.
PROGRAM = """
import pulumi
from fast_container import FastContainerImage, ImageRepository, InlineDockerfile, LocalBuilder

GOOD = {"repository": "127.0.0.1:1/shop/images", "context": "good"}
images = {
    "context is missing": {"context": "nowhere"},
    "context is a file": {"context": "Pulumi.yaml"},
    "Dockerfile is missing": {"dockerfile": "good/Nofile"},
    "Dockerfile is a directory": {"dockerfile": "good"},
    "target is unknown": {"target": "nosuchstage"},
    "platform has no architecture": {"platform": "linux"},
    "platform is two": {"platform": "linux/amd64,linux/arm64"},
    "platform is unknown": {"platform": "amiga/68000"},
    "build arg name": {"build_args": {"NOT-A-NAME": "1"}},
    "secret is empty": {"secrets": {"token": ""}},
    "secret is not given": {"context": "secret", "secrets": {"tokn": "x"}},
    "secret is None": {"secrets": {"token": None}},
    "secret id": {"secrets": {"to ken": "x"}},
    "ignore pattern": {"ignore": ["a[b"]},
    "ignore is one text": {"ignore": "*.log"},
    "pattern in the ignore file": {"context": "badignore"},
    "ignore file is missing": {"dockerignore": "nowhere.dockerignore"},
    "runs_on": {"runs_on": "fargate"},
    "repository is missing": {"repository": None},
    "repository is a name": {"repository": "shop/images"},
    "repository has a tag": {"repository": "ghcr.io/shop/images:latest"},
    "named context is missing": {"named_contexts": {"shared": "nowhere"}},
    "named context name": {"named_contexts": {"a b": "good"}},
    "timeout": {"timeout": 0},
    "context is an Output": {"context": pulumi.Output.from_input("good")},
}
repositories = {
    "repository name with a capital": {"name": "Shop/Images"},
    "repository name too long": {"name": "a" * 257},
    "untagged days": {"name": "shop/images", "untagged_days": 3},
    "account id": {"name": "shop/images", "pull_accounts": ["123"]},
}


def message(make):
    try:
        make()
    except pulumi.RunError as error:
        return str(error)
    return ""


said = {case: message(lambda: FastContainerImage("api", **{**GOOD, **wrong})) for case, wrong in images.items()}
said |= {case: message(lambda: ImageRepository("images", **wrong)) for case, wrong in repositories.items()}
said["builder"] = message(lambda: LocalBuilder(max_parallel=0))
said["repository get"] = message(lambda: ImageRepository.get("Shop/Images"))
pulumi.export("said", said)
"""
CASES = {
    "context is missing": "context",
    "context is a file": "context",
    "Dockerfile is missing": "dockerfile",
    "Dockerfile is a directory": "dockerfile",
    "target is unknown": "target",
    "platform has no architecture": "platform",
    "platform is two": "platform",
    "platform is unknown": "platform",
    "build arg name": 'build_args["NOT-A-NAME"]',
    "secret is empty": 'secrets["token"]',
    "secret is not given": 'secrets["token"]',
    "secret is None": 'secrets["token"]',
    "secret id": 'secrets["to ken"]',
    "ignore pattern": "ignore[0]",
    "ignore is one text": "ignore",
    "pattern in the ignore file": ".dockerignore:2",
    "ignore file is missing": "dockerignore",
    "runs_on": "runs_on",
    "repository is missing": "repository",
    "repository is a name": "repository",
    "repository has a tag": "repository",
    "named context is missing": 'named_contexts["shared"]',
    "named context name": 'named_contexts["a b"]',
    "timeout": "timeout",
    "context is an Output": "context",
    "repository name with a capital": "name",
    "repository name too long": "name",
    "untagged days": "untagged_days",
    "account id": "pull_accounts[0]",
    "builder": "max_parallel",
    "repository get": "ImageRepository.get",
}
UNCAUGHT = """
import pulumi
from fast_container import FastContainerImage

config = pulumi.Config()
FastContainerImage("good", repository=config.require("repository"), context="good")
if config.require("wrong") == "context":
    FastContainerImage("api", repository=config.require("repository"), context="nowhere")
else:
    FastContainerImage(
        "api",
        repository=config.require("repository"),
        context="good",
        build_args={"TOKEN": config.require_secret("token")},
    )
"""


class Refused:
    def __init__(self, stacks: Stacks) -> None:
        self.stacks = stacks

    def write(self, stack: EngineStack) -> EngineStack:
        stack.file("good/Dockerfile", "FROM scratch AS only\nCOPY . /\n")
        stack.file("secret/Dockerfile", "FROM busybox\nRUN --mount=type=secret,id=token true\n")
        stack.file("badignore/Dockerfile", "FROM scratch\n")
        stack.file("badignore/.dockerignore", "# fine\na[b\n")
        return stack

    @cached_property
    def caught(self) -> Run:
        return self.write(self.stacks(PROGRAM, folder="caught")).preview()

    @cached_property
    def uncaught(self) -> EngineStack:
        stack = self.write(self.stacks(UNCAUGHT, folder="uncaught"))
        stack.configure({"engine-test:repository": self.stacks.repository("images")})
        stack.init()
        stack.cli("config", "set", "--secret", "token", "t0k3n-that-is-secret", "-s", "test")
        return stack


@pytest.fixture(scope="module")
def refused(stacks: Stacks) -> Refused:
    return Refused(stacks)


@pytest.mark.parametrize(("case", "where"), CASES.items())
def test_what_cannot_be_right_is_refused_with_its_property(refused: Refused, case: str, where: str) -> None:
    said = refused.caught.outputs_of("engine-test-test")["said"][case]
    assert f"where: {where}\n" in said + "\n", said
    assert "Traceback" not in said


def test_a_refusal_in_preview_creates_nothing_and_prints_no_traceback(refused: Refused) -> None:
    refused.uncaught.configure({"engine-test:wrong": "context"})
    run = refused.uncaught.preview(expect=1)
    assert "FastContainerImage 'api'" in run.errors
    assert "where: context" in run.errors
    assert "Traceback" not in run.output


def test_the_same_is_refused_by_up_without_preview_before_anything_of_that_image_is_created(refused: Refused) -> None:
    refused.uncaught.configure({"engine-test:wrong": "context"})
    run = refused.uncaught.up(expect=1)
    assert "where: context" in run.errors
    assert "Traceback" not in run.output
    assert "api" not in run.records
    assert not any(resource["urn"].endswith("::api") for resource in run.resources)


def test_a_secret_output_as_build_arg_is_refused_with_a_pointer_to_secrets(refused: Refused) -> None:
    refused.uncaught.configure({"engine-test:wrong": "secret"})
    run = refused.uncaught.preview(expect=1)
    assert 'where: build_args["TOKEN"]' in run.errors
    assert "secrets=" in run.errors
    assert "Traceback" not in run.output
    assert "t0k3n-that-is-secret" not in run.output
