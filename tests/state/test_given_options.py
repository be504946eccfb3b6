"""Options in the shapes that programs give them: paths as ``Path``, None for what is not given; typos are named."""

from __future__ import annotations

import asyncio
import inspect
import pydoc
import re
from pathlib import Path
from typing import Any

import pulumi
import pulumi_docker_build as docker_build
import pytest

from fast_container import BaseImage, FastContainerImage, FastImageFleet, ImageRepository, LocalBuilder, RegistryCache
from fast_container.adapters.buildx_inputs import COUNTED
from fast_container.core.build_files import Default
from fast_container.core.recipe import OPTIONS, Recipe
from fast_container.docker_build_arguments import REPLACED
from fast_container.errors import ArgsError
from fast_container.given_options import given_options
from fast_container.image_options import ImageOptions, checked_inputs
from fast_container.state.bases import ExistingBaseImage
from fast_container.state.preparation import check_at_once

URL = "registry.example/shop/images"
DOCS = Path(__file__).parents[2] / "docs"


def test_a_path_is_taken_wherever_a_path_is_meant() -> None:
    given = given_options(
        {
            "dockerignore": Path("rules"),
            "images_lock": Path("images.lock"),
            "named_contexts": {"shared": Path("../shared"), "image": "docker-image://busybox"},
        }
    )
    assert given["dockerignore"] == "rules"
    assert given["images_lock"] == "images.lock"
    assert given["named_contexts"] == {"shared": "../shared", "image": "docker-image://busybox"}


def test_none_is_an_option_that_is_not_given_but_for_the_ignore_file() -> None:
    assert given_options(dict.fromkeys(ImageOptions.__annotations__)) == {"dockerignore": None}
    everything: Any = dict.fromkeys(set(ImageOptions.__annotations__) - {"dockerignore"})
    assert checked_inputs("a", URL, everything).declared == checked_inputs("a", URL, {}).declared
    assert checked_inputs("a", URL, {}).declared.dockerignore is Default


def test_options_of_the_steps_are_taken_as_docker_build_and_buildx_have_them() -> None:
    former: Any = {"network": docker_build.NetworkMode.HOST, "add_hosts": ["db:10.0.0.5"]}
    ours: Any = {"network": "host", "add_hosts": {"db": "10.0.0.5"}, "shm_size": "1k", "ulimits": {"nofile": 9}}
    assert checked_inputs("a", URL, former).declared.recipe == Recipe(network="host", add_hosts=("db:10.0.0.5",))
    assert checked_inputs("a", URL, ours).declared.recipe == Recipe(
        network="host", add_hosts=("db:10.0.0.5",), shm_size=1024, ulimits=("nofile=9:9",)
    )


def test_every_option_of_the_steps_is_an_argument_in_the_pages_and_counted_for_buildx() -> None:
    page = (DOCS / "reference.md").read_text(encoding="utf-8").partition("| argument | meaning |")[2]
    table = page.partition("\n\n")[0]
    for option in OPTIONS:
        assert option.name in ImageOptions.__annotations__
        assert f"`{option.name}`" in table
        assert COUNTED[option.flag] == "option"
        assert option.name not in REPLACED


@pytest.mark.parametrize(
    ("option", "value", "path"),
    [
        ("network", "bridge", "network"),
        ("add_hosts", {"db": pulumi.Output.from_input("10.0.0.5")}, 'add_hosts["db"]'),
        ("shm_size", True, "shm_size"),
        ("ulimits", ["nofile"], "ulimits"),
    ],
)
def test_an_option_of_the_steps_that_cannot_be_right_is_refused_by_name(
    option: str, value: object, path: str, mock_loops: None
) -> None:
    given: Any = {option: value}
    with pytest.raises(ArgsError) as refused:
        checked_inputs("a", URL, given)
    assert refused.value.property_path == path


def test_one_output_of_all_build_args_is_answered_with_a_mapping_of_outputs(mock_loops: None) -> None:
    with pytest.raises(ArgsError, match="plain mapping") as refused:
        given_options({"build_args": pulumi.Output.from_input({"A": "1"})})
    assert "only values may be Outputs" in refused.value.next_step


@pytest.mark.parametrize(
    ("option", "meant"), [("contxt", "context"), ("build_arg", "build_args"), ("namedContexts", "named_contexts")]
)
def test_a_misspelt_option_is_answered_with_the_right_one(option: str, meant: str) -> None:
    with pytest.raises(ArgsError, match=f"no argument '{option}'") as refused:
        checked_inputs("a", URL, {option: "x"})  # pyright: ignore[reportArgumentType]
    assert f"did you mean {meant!r}?" in refused.value.next_step


@pytest.mark.parametrize("option", sorted(REPLACED))
def test_what_other_builders_have_is_refused_with_what_to_do(option: str) -> None:
    with pytest.raises(ArgsError, match=f"no argument '{option}'") as refused:
        checked_inputs("a", URL, {option: True})  # pyright: ignore[reportArgumentType]
    assert refused.value.next_step == REPLACED[option]
    assert option not in ImageOptions.__annotations__


def test_the_page_on_migrating_lists_what_is_refused_and_says_the_same() -> None:
    page = (DOCS / "migrating.md").read_text(encoding="utf-8")
    table = page.partition("| not there | what to do |")[2].partition("\n\n")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", table, re.MULTILINE))
    assert rows == dict(sorted(REPLACED.items()))


@pytest.mark.parametrize("component", [FastContainerImage, BaseImage, FastImageFleet])
def test_help_shows_every_option(component: type) -> None:
    shown = pydoc.plain(pydoc.render_doc(component))
    signature = inspect.signature(component)
    for option in ImageOptions.__annotations__:
        assert option in signature.parameters
        assert f"    {option}: " in shown


@pytest.mark.parametrize("call", [FastContainerImage, BaseImage])
def test_an_image_without_repository_says_so(call: Any) -> None:
    with pytest.raises(pulumi.RunError, match="'repository' is missing") as refused:
        call("a", context="app")
    assert "repository=ImageRepository" in str(refused.value)


def test_a_misspelt_argument_of_any_class_is_answered_with_the_right_one() -> None:
    calls: list[tuple[Any, tuple[str, ...], dict[str, Any], str]] = [
        (LocalBuilder, (), {"cach": None}, "cache"),
        (ImageRepository, ("a",), {"inmutable": True}, "immutable"),
    ]
    for call, positional, named, meant in calls:
        with pytest.raises(pulumi.RunError, match=f"did you mean '{meant}'"):
            call(*positional, **named)


@pytest.mark.parametrize(
    ("argument", "value"),
    [("packages", ["pkg"]), ("lock", "uv.lock"), ("root", ".."), ("parent", "python:3.12"), ("installer", "pip")],
)
def test_what_only_a_generated_dockerfile_reads_is_refused_without_install(argument: str, value: Any) -> None:
    with pytest.raises(pulumi.RunError, match=f"{argument} counts only with install"):
        BaseImage("a", repository=URL, **{argument: value})


@pytest.mark.parametrize("parent", [{"x": 1}, {}, [], 5, pulumi.ComponentResource, object()])
def test_a_parent_that_is_no_image_is_refused(parent: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "requirements.txt").write_text("click==8\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(pulumi.RunError, match="is not a base image"):
        BaseImage("a", repository=URL, install="dependencies", requirements=["requirements.txt"], parent=parent)


def test_a_cache_in_a_repository_of_the_program_is_awaited() -> None:
    async def awaited() -> Any:
        url = pulumi.Output.from_input("registry.example/caches")
        cache: Any = LocalBuilder(cache=RegistryCache(url, branch="main")).cache
        return await cache.future()

    assert asyncio.run(awaited()) == RegistryCache("registry.example/caches", branch="main")


def test_a_misspelt_install_is_named_before_the_arguments_that_count_only_with_it() -> None:
    misspelt: Any = {"instal": "dependencies"}
    with pytest.raises(pulumi.RunError, match=r"^BaseImage 'b': There is no argument 'instal'\.") as refused:
        BaseImage("b", repository=URL, packages=["packages/a"], **misspelt)
    assert "did you mean 'install'?" in str(refused.value)


def test_plain_build_args_are_known_from_the_start_and_awaited_ones_have_no_stand_in() -> None:
    async def declared() -> dict[str, str]:
        later = pulumi.Output.from_input("2")
        return dict(
            checked_inputs("a", URL, {"build_args": {"A": "1", "B": later, "C": True}}).declared.recipe.build_args
        )

    assert asyncio.run(declared()) == {"A": "1", "C": "true"}


@pytest.mark.parametrize(
    ("build_arg", "path"), [("NOT-A-NAME", 'build_args["NOT-A-NAME"]'), ("BASE_IMAGE", 'base_images["BASE_IMAGE"]')]
)
def test_the_name_of_a_build_arg_that_is_awaited_is_checked_at_once(build_arg: str, path: str, tmp_path: Path) -> None:
    base = ExistingBaseImage("registry.example/shop/bases", "b" * 64)

    async def refused() -> None:
        later = {build_arg: pulumi.Output.from_input("2")}
        options: Any = {"context": tmp_path, "build_args": later, "base_images": {"BASE_IMAGE": base}}
        check_at_once(checked_inputs("a", URL, options))

    with pytest.raises(ArgsError) as error:
        asyncio.run(refused())
    assert error.value.property_path == path
