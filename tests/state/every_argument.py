"""Throws values of every kind at every argument of every public class; run by ``test_every_argument`` as a program.

Usage: ``every_argument.py``, in an empty folder. Prints one line for each outcome that is neither success nor a
refusal (``pulumi.RunError`` or an error of ours), and the number of trials at the end.
"""

import asyncio
import dataclasses
import enum
import inspect
import sys
import traceback
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar
from unittest.mock import patch

import pulumi
import pulumi_aws as aws
import pulumi_docker_build as docker_build

import fast_container as fc
from fast_container.errors import FastContainerError

HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
URL = f"{HOST}/shop/images"
KEY = "ab" * 32


class Mocks(pulumi.runtime.Mocks):
    """Inputs come back as outputs."""

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        outputs = dict(args.inputs)
        arn = f"arn:aws:service:eu-west-1:123456789012:thing/{args.name}"
        outputs |= {"repositoryUrl": URL, "arn": arn, "registryId": "123456789012", "name": args.name, "bucket": "b"}
        if args.typ == "aws:cloudwatch/logGroup:LogGroup":
            outputs["arn"] = "arn:aws:logs:eu-west-1:123456789012:log-group:/fast-container/p/s/b"
        return f"{args.name}-id", outputs

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict[str, Any]:
        if args.token == "aws:ecr/getRepository:getRepository" and args.args.get("name") == "gone":
            raise ValueError("RepositoryNotFoundException: there is no such repository")
        return {"repositoryUrl": URL, "arn": "arn:aws:s3:::b", "bucket": "b"}


class Kind(enum.Enum):
    """An enum of a program."""

    TEXT = "app"
    NUMBER = 5


class Odd:
    """What cannot even be shown."""

    def __repr__(self) -> str:
        raise ValueError("no repr")


class BytesPath:
    """A path that is bytes."""

    def __fspath__(self) -> bytes:
        return b"app"


@dataclasses.dataclass
class Holder:
    """A class of a program's own."""

    value: int = 1


def later(value: Any) -> pulumi.Output[Any]:
    return pulumi.Output.from_input(value)


VALUES: dict[str, Callable[[], Any]] = {
    "None": lambda: None,
    "True": lambda: True,
    "False": lambda: False,
    "0": lambda: 0,
    "-1": lambda: -1,
    "7": lambda: 7,
    "a large number": lambda: 10**400,
    "1.5": lambda: 1.5,
    "nan": lambda: float("nan"),
    "inf": lambda: float("inf"),
    "a complex number": lambda: 1j,
    "a Decimal": lambda: Decimal("1.5"),
    "the empty text": lambda: "",
    "a space": lambda: " ",
    "a text": lambda: "app",
    "a text of two lines": lambda: "a\nb",
    "a NUL": lambda: "a\0b",
    "half a surrogate pair": lambda: "a\ud800b",
    "an escaped byte": lambda: "a\udcffb",
    "a long text": lambda: "x" * 5000,
    "an URL": lambda: "https://example.com/a.git",
    "a glob": lambda: "*/[",
    "bytes": lambda: b"app",
    "a bytearray": lambda: bytearray(b"app"),
    "a Path": lambda: Path("app"),
    "a PurePath": lambda: PurePosixPath("app"),
    "a path of bytes": BytesPath,
    "a path that is a file": lambda: Path("app/Dockerfile"),
    "a path with a NUL": lambda: Path("a\0b"),
    "an enum of a text": lambda: Kind.TEXT,
    "an enum of a number": lambda: Kind.NUMBER,
    "an empty list": list,
    "a list": lambda: ["app"],
    "a list of numbers": lambda: [1, 2],
    "a list of None": lambda: [None],
    "a list of lists": lambda: [["app"]],
    "a list of mappings": lambda: [{"a": 1}],
    "a list of Outputs": lambda: [later("app")],
    "a list of Paths": lambda: [Path("app")],
    "a tuple": lambda: ("app",),
    "a set": lambda: {"app"},
    "a range": lambda: range(3),
    "an iterator": lambda: iter(["app"]),
    "an empty mapping": dict,
    "a mapping": lambda: {"app": "app"},
    "a mapping to None": lambda: {"app": None},
    "a mapping to a number": lambda: {"app": 5},
    "a mapping to a list": lambda: {"app": ["app"]},
    "a mapping to a Path": lambda: {"app": Path("app")},
    "a mapping to a mapping": lambda: {"app": {"context": "app"}},
    "a mapping to bytes": lambda: {"app": b"app"},
    "a mapping to an Output": lambda: {"app": later("app")},
    "a mapping to an Output of None": lambda: {"app": later(None)},
    "a mapping to an Output of a list": lambda: {"app": later(["app"])},
    "a mapping to a NUL": lambda: {"app": "a\0b"},
    "a mapping to an Output of a NUL": lambda: {"app": later("a\0b")},
    "a mapping from a number": lambda: {5: "app"},
    "a mapping from None": lambda: {None: "app"},
    "a mapping from a tuple": lambda: {("a", "b"): "app"},
    "a mapping from the empty text": lambda: {"": "app"},
    "a mapping from a NUL": lambda: {"a\0b": "app"},
    "a mapping from an odd name": lambda: {"a=b c": "app"},
    "an Output of a text": lambda: later("app"),
    "an Output of None": lambda: later(None),
    "an Output of a number": lambda: later(5),
    "an Output of a list": lambda: later(["app"]),
    "an Output of a mapping": lambda: later({"app": "app"}),
    "a secret Output": lambda: pulumi.Output.secret("app"),
    "a class": lambda: Holder,
    "an object": Holder,
    "what cannot be shown": Odd,
    "a function": lambda: len,
    "a module": lambda: sys,
    "a date": lambda: datetime(2026, 1, 1),
    "an exception": lambda: ValueError("x"),
    "an inline Dockerfile": lambda: fc.InlineDockerfile("FROM scratch\n"),
    "an inline Dockerfile of a number": lambda: fc.InlineDockerfile(5),  # pyright: ignore[reportArgumentType]
    "a builder": fc.LocalBuilder,
    "a registry cache": lambda: fc.RegistryCache(f"{HOST}/caches"),
    "a registry cache of an Output": lambda: fc.RegistryCache(later(f"{HOST}/caches")),
    "a registry cache of a number": lambda: fc.RegistryCache(5),  # pyright: ignore[reportArgumentType]
    "an Output of a registry cache": lambda: later(fc.RegistryCache(f"{HOST}/caches")),
    "an AWS access": lambda: fc.AwsAccess(region="eu-west-1"),
    "an AWS access of numbers": lambda: fc.AwsAccess(region=5, assume_roles=7, endpoints=9),  # type: ignore
    "a VPC of numbers": lambda: fc.VpcConfig(5, 6, 7),  # type: ignore
    "a mapping to a base": lambda: {"BASE": fc.ExistingBaseImage(URL, KEY)},
    "a mapping to a base of numbers": lambda: {"BASE": fc.ExistingBaseImage(5, None)},  # type: ignore
    "a base": lambda: fc.ExistingBaseImage(URL, KEY),
    "a mapping to an environment variable": lambda: {"app": fc.SecretEnv("HOME")},
    "a mapping to no environment variable": lambda: {"app": fc.SecretEnv(5)},  # pyright: ignore[reportArgumentType]
    "a mapping to a secret file": lambda: {"app": fc.SecretFile(Path("app/Dockerfile"))},
    "a mapping to no secret file": lambda: {"app": fc.SecretFile(None)},  # pyright: ignore[reportArgumentType]
    "a mapping to no AWS secrets": lambda: {
        "a": fc.SecretsManagerSecret(5),  # pyright: ignore[reportArgumentType]
        "b": fc.SsmParameter([]),  # pyright: ignore[reportArgumentType]
    },
    "docker_build's context": lambda: docker_build.BuildContextArgs(location=5),  # pyright: ignore[reportArgumentType]
    "docker_build's Dockerfile": lambda: docker_build.DockerfileArgs(location=later("x")),
    "docker_build's cache": lambda: [docker_build.CacheFromArgs(registry=5)],  # pyright: ignore[reportArgumentType]
    "docker_build's network": lambda: docker_build.NetworkMode.HOST,
    "a list of hosts": lambda: ["db:10.0.0.5"],
    "a list of limits": lambda: ["nofile=1024:4096"],
    "a mapping to limits": lambda: {"nofile": 1024, "core": later(0)},
    "docker_build's platforms": lambda: [docker_build.Platform.LINUX_ARM64],
    "a mapping of location": lambda: {"location": Path("app")},
    "a mapping of location and names": lambda: {"location": "app", "named": {"a": 5}},
    "a mapping of inline": lambda: {"inline": b"x"},
    "a mapping of a registry": lambda: [{"registry": {"ref": f"{HOST}/c:1", "compression_level": float("inf")}}],
    "a mapping of a disabled one": lambda: [{"registry": {"ref": 1}, "disabled": "no"}],
    "resource options": lambda: pulumi.ResourceOptions(depends_on=[]),
    "invoke options": pulumi.InvokeOptions,
    "a shared builder without projects": lambda: later({"bucket": "b"}),
    "a repository's class": lambda: fc.ImageRepository,
    "a missing repository": lambda: fc.ImageRepository.get("gone"),
    "an ECR repository's class": lambda: aws.ecr.Repository,
}


@dataclasses.dataclass
class Target:
    """A class, what a right call of it is, and what to await of an instance."""

    call: Callable[..., Any]
    right: dict[str, Any]
    outputs: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    positional: ClassVar[tuple[str, ...]] = ("name", "resource_name", "images", "name_or_url")

    def names(self) -> list[str]:
        """All arguments, those of ``**options`` among them."""
        own = [name for name in inspect.signature(self.call).parameters if name not in ("self", "options")]
        return [*dict.fromkeys((*own, *self.arguments))]

    def make(self, changed: dict[str, Any]) -> Any:
        given = {**self.right, **changed}
        first = [given.pop(name) for name in self.positional if name in given and name in self.names()[:2]]
        return self.call(*first, **given)


OPTIONS = tuple(fc.ImageOptions.__annotations__)
IMAGE_OUTPUTS = ("build_key", "tag", "repository_url", "image_uri")


def targets() -> dict[str, Target]:
    image = {"repository": URL, "context": "app"}
    base = {"repository": URL, "install": "dependencies", "packages": ["pkg"], "constraints": "limits.txt"}
    local = Target(fc.LocalBuilder, {}, ("cache",))
    # A name given as "name=" is the resource's everywhere but here.
    local.positional = ()  # type: ignore[misc]
    return {
        "FastContainerImage": Target(fc.FastContainerImage, {"name": "n", **image}, IMAGE_OUTPUTS, OPTIONS),
        "BaseImage": Target(fc.BaseImage, {"name": "n", **image}, IMAGE_OUTPUTS, OPTIONS),
        "BaseImage(install)": Target(fc.BaseImage, {"name": "n", **base}, IMAGE_OUTPUTS, OPTIONS),
        "FastImageFleet": Target(fc.FastImageFleet, {"name": "n", "images": {"a": {}}, **image}, (), OPTIONS),
        "ImageRepository": Target(fc.ImageRepository, {"resource_name": "n", "name": "shop/n"}, ("url",)),
        "ImageRepository.get": Target(fc.ImageRepository.get, {"name_or_url": "shop/n"}, ("url",)),
        "LocalBuilder": local,
        "CodeBuildBuilder": Target(fc.CodeBuildBuilder, {"name": "n"}, ("shared", "bucket", "role_arn", "cache")),
    }


async def outcome(target: Target, argument: str, value: Callable[[], Any], number: int) -> Exception | None:
    """The exception that is no refusal, or None."""
    try:
        first = next(iter(target.right), "")
        unique = {first: f"n{number}"} if first in ("name", "resource_name") else {}
        made = target.make({**unique, argument: value()})
        for image in made.values() if isinstance(made, fc.FastImageFleet) else [made]:
            wanted = IMAGE_OUTPUTS if image is not made else target.outputs
            for output in wanted:
                found = getattr(image, output)
                if isinstance(found, pulumi.Output):
                    await asyncio.wait_for(found.future(), 60)
    except (pulumi.RunError, FastContainerError):
        return None
    except Exception as error:
        return error
    return None


def trials() -> Iterator[tuple[str, Target, str, str]]:
    """Every value for every argument; the options that all kinds of images share, once for all of them."""
    for called, target in targets().items():
        shared = () if called == "FastContainerImage" else OPTIONS
        for argument in target.names():
            for index, value in enumerate(VALUES):
                if argument not in shared or index % 8 == 0:
                    yield called, target, argument, value


SLEEP = asyncio.sleep


async def hardly_sleep(delay: float) -> None:
    """Stand in for ``asyncio.sleep``: a refused image, the only one just then, hardly waits for others."""
    await SLEEP(delay / 100)


async def main() -> None:
    number = 0
    background: list[str] = []

    def heard(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if error is not None and not isinstance(error, pulumi.RunError | FastContainerError):
            background.append(repr(error))

    asyncio.get_running_loop().set_exception_handler(heard)
    for called, target, argument, value in trials():
        number += 1
        background.clear()
        error = await outcome(target, argument, VALUES[value], number)
        if error is not None:
            where = traceback.extract_tb(error.__traceback__)[-1]
            print(f"{called}({argument}={value}): {error!r} at {where.filename}:{where.lineno}", flush=True)
        for other in background:
            print(f"{called}({argument}={value}): in the background {other}", flush=True)
    print(f"{number} trials")


if __name__ == "__main__":
    Path("app").mkdir()
    Path("app/Dockerfile").write_text("ARG BASE=scratch\nFROM scratch\nCOPY . /\n")
    Path("pkg").mkdir()
    Path("pkg/pyproject.toml").write_text('[project]\nname = "pkg"\nversion = "1"\ndependencies = ["click==8"]\n')
    Path("limits.txt").write_text("click==8\n")
    pulumi.runtime.set_mocks(Mocks(), project="shop", stack="test", preview=False)
    with patch.object(asyncio, "sleep", hardly_sleep):
        asyncio.get_event_loop().run_until_complete(main())
