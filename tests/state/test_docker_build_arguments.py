"""Arguments that a program has for ``docker_build.Image`` mean the same here, or are refused by name."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import pulumi_docker_build as docker_build
import pytest

from fast_container import CodeBuildBuilder, InlineDockerfile, SecretFile
from fast_container.errors import ArgsError
from fast_container.image_options import checked_inputs
from fast_container.state.prepared_image import ImageInputs
from tests.trees import write_tree

URL = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/images"
CACHE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/cache:api"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(write_tree(tmp_path, {"app/Dockerfile": "FROM scratch\n", "shared/x.txt": "x"}))
    return tmp_path


def inputs(**options: Any) -> ImageInputs:
    """As a program has them; Pulumi's outputs want a running loop."""

    async def checked() -> ImageInputs:
        made = {name: value() if isinstance(value, Later) else value for name, value in options.items()}
        return checked_inputs("api", URL, {"context": "app", **made})

    return asyncio.run(checked())


@dataclass
class Later:
    """Something with an Output in it, made when the program runs."""

    make: Callable[[], Any]

    def __call__(self) -> Any:
        return self.make()


def same(former: dict[str, Any], ours: dict[str, Any]) -> bool:
    return inputs(**former).declared == inputs(**ours).declared


def caches(**options: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    async def found() -> Any:
        made = {name: value() if isinstance(value, Later) else value for name, value in options.items()}
        own = checked_inputs("api", URL, {"context": "app", **made}).own_caches
        assert own is not None
        return await own.future()

    own = asyncio.run(found())
    return own.imports("api"), own.exports("api")


@pytest.mark.parametrize("shape", ["classes", "dictionaries"])
def test_a_context_is_its_place_and_its_named_contexts(shape: str) -> None:
    context: Any = {
        "location": "app",
        "named": {"shared": {"location": "shared"}, "py": {"location": "docker-image://x"}},
    }
    if shape == "classes":
        named = {name: docker_build.ContextArgs(**entry) for name, entry in context["named"].items()}
        context = docker_build.BuildContextArgs(location="app", named=named)
    assert same({"context": context}, {"named_contexts": {"shared": "shared", "py": "docker-image://x"}})


def test_a_dockerfile_is_a_place_or_a_text_or_the_contexts_own(folder: Path) -> None:
    (folder / "other").write_text("FROM scratch\n")
    assert same({"dockerfile": docker_build.DockerfileArgs(location="other")}, {"dockerfile": "other"})
    text = "FROM scratch\nCOPY . /\n"
    assert same({"dockerfile": docker_build.DockerfileArgs(inline=text)}, {"dockerfile": InlineDockerfile(text)})
    assert same({"dockerfile": {"inline": text}}, {"dockerfile": InlineDockerfile(text)})
    assert same({"dockerfile": docker_build.DockerfileArgs()}, {})


def test_a_platform_is_one_also_in_a_list() -> None:
    arm = docker_build.Platform.LINUX_ARM64
    for platform in (arm, [arm], ["linux/arm64"]):
        assert same({"platform": platform}, {"platform": "linux/arm64"})
    assert type(inputs(platform=arm).declared.recipe.platform) is str


def test_secrets_are_a_mapping_of_values() -> None:
    values = {"token": "value", "file": SecretFile(__file__)}
    assert inputs(secrets=values).secrets == values


def test_registry_caches_are_read_and_written_as_they_say_in_the_form_that_ecr_needs() -> None:
    def written() -> Any:
        registry = docker_build.CacheToRegistryArgs(
            ref=pulumi.Output.from_input(CACHE),
            mode=docker_build.CacheMode.MAX,
            compression=docker_build.CompressionType.ZSTD,
            compression_level=3,
        )
        return [docker_build.CacheToArgs(registry=registry)]

    read = docker_build.CacheFromRegistryArgs(ref=CACHE)
    imports, exports = caches(
        cache_from=[
            docker_build.CacheFromArgs(registry=read),
            docker_build.CacheFromArgs(gha=docker_build.CacheFromGitHubActionsArgs(), disabled=True),
        ],
        cache_to=Later(written),
    )
    assert imports == (f"type=registry,ref={CACHE}",)
    assert exports == (
        f"type=registry,ref={CACHE},mode=max,image-manifest=true,oci-mediatypes=true,ignore-error=true,"
        "compression=zstd,compression-level=3",
    )
    plain = caches(cache_from=[{"registry": {"ref": CACHE}}], cache_to=[{"registry": {"ref": CACHE}}])
    assert plain[0] == imports
    assert "mode=min" in plain[1][0]


def test_caches_do_not_count_in_the_key() -> None:
    assert same({"cache_from": [{"registry": {"ref": CACHE}}]}, {})


CACHE_FROM, CACHE_TO = docker_build.CacheFromArgs, docker_build.CacheToArgs
LOCAL = docker_build.CacheFromLocalArgs(src="/tmp/cache")
NOT_HERE: dict[str, dict[str, Any]] = {
    "context.location": {"context": docker_build.BuildContextArgs(location="https://github.com/shop/app.git")},
    'context.named["x"].location': {"context": {"location": "app", "named": {"x": {}}}},
    "context.place": {"context": {"place": "app"}},
    'named_contexts["shared"]': {
        "context": {"location": "app", "named": {"shared": {"location": "shared"}}},
        "named_contexts": {"shared": "app"},
    },
    "dockerfile.location": {"dockerfile": docker_build.DockerfileArgs(location="https://example.com/Dockerfile")},
    "dockerfile.inline": {"dockerfile": {"inline": 7}},
    "dockerfile": {"dockerfile": docker_build.DockerfileArgs(location="app/Dockerfile", inline="FROM scratch")},
    "platform": {"platform": [docker_build.Platform.LINUX_AMD64, docker_build.Platform.LINUX_ARM64]},
    "platform[0]": {"platform": [64]},
    "cache_from[0].local": {"cache_from": [CACHE_FROM(local=LOCAL)]},
    "cache_to[1].gha": {
        "cache_to": [CACHE_TO(disabled=True), CACHE_TO(gha=docker_build.CacheToGitHubActionsArgs())],
    },
    "cache_to[0].inline": {"cache_to": [CACHE_TO(inline=docker_build.CacheToInlineArgs())]},
    "cache_from[0].raw": {"cache_from": [CACHE_FROM(raw="type=local,src=/tmp")]},
    "cache_from[0]": {"cache_from": [CACHE_FROM()]},
    "cache_from[0].registry.ref": {"cache_from": [{"registry": {"ref": "a,type=local"}}]},
    "cache_to[0].registry.mode": {"cache_to": [{"registry": {"ref": CACHE, "mode": "most"}}]},
    "cache_to": {"cache_to": {"registry": {"ref": CACHE}}},
    "secrets": {"secrets": Later(lambda: pulumi.Output.from_input({"token": "value"}))},
    "builder": {"builder": docker_build.BuilderConfigArgs(name="ci")},
    "push": {"push": True},
}


@pytest.mark.parametrize("property_path", NOT_HERE)
def test_what_cannot_be_honoured_is_refused_by_name(property_path: str) -> None:
    with pytest.raises(ArgsError) as refused:
        inputs(**NOT_HERE[property_path])
    assert refused.value.property_path == property_path


def test_a_place_that_another_resource_gives_is_refused() -> None:
    for name, argument in (("context", docker_build.BuildContextArgs), ("dockerfile", docker_build.DockerfileArgs)):
        given = Later(lambda make=argument: make(location=pulumi.Output.from_input("app")))
        with pytest.raises(ArgsError, match="plain value") as refused:
            inputs(**{name: given})
        assert refused.value.property_path == f"{name}.location"


def test_what_replaces_a_former_argument_is_said() -> None:
    with pytest.raises(ArgsError) as refused:
        inputs(tags=[f"{URL}:latest"])
    assert "repository=" in refused.value.next_step


def test_a_remote_build_has_the_builders_cache() -> None:
    builder = object.__new__(CodeBuildBuilder)  # that one exists is all that counts here
    with pytest.raises(ArgsError, match="no caches of its own") as refused:
        inputs(builder=builder, cache_from=[{"registry": {"ref": CACHE}}])
    assert "RegistryCache" in refused.value.next_step


_PROJECT = Path(__file__).parents[2]


def test_the_package_is_never_imported_by_ours() -> None:
    program = (
        "import sys, fast_container.image, fast_container.image_options as options\n"
        "options.checked_inputs('api', 'ghcr.io/a/b', {'context': {'location': '.'}, 'platform': ['linux/arm64']})\n"
        "assert 'pulumi_docker_build' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, env={"PYTHONPATH": "components"}, cwd=_PROJECT)
