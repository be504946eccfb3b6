"""Fleets: what a glob names, how options come together, what is refused; with Pulumi's mocks, without Docker."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pulumi
import pytest

from fast_container import FastImageFleet
from fast_container.errors import ArgsError
from fast_container.fleet import found_images
from tests.trees import write_tree

URL = "registry.example/shop/images"
DOCKERFILE = "FROM scratch\nARG KIND\nARG LEVEL\nCOPY . /\n"


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    lambdas = {f"lambdas/{name}/Dockerfile": DOCKERFILE for name in ("orders", "search")}
    root = write_tree(tmp_path, {**lambdas, "lambdas/README.md": "", "stack/__main__.py": ""})
    monkeypatch.chdir(root / "stack")
    return root


@pytest.mark.parametrize("absolute", [False, True])
def test_a_glob_names_images_by_the_directory_at_its_first_star(program: Path, absolute: bool) -> None:
    prefix = f"{program}/" if absolute else "../"
    assert found_images(f"{prefix}lambdas/*/Dockerfile") == {
        name: {"dockerfile": f"{prefix}lambdas/{name}/Dockerfile"} for name in ("orders", "search")
    }


def test_a_star_may_be_part_of_a_directorys_name(program: Path) -> None:
    del program
    assert list(found_images("../lambdas/ord*/Dockerfile")) == ["orders"]


def test_hidden_directories_and_directories_called_dockerfile_are_no_images(program: Path) -> None:
    write_tree(program, {"lambdas/.old/Dockerfile": DOCKERFILE, "lambdas/odd/Dockerfile": None})
    assert list(found_images("../lambdas/*/Dockerfile")) == ["orders", "search"]


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("../lambdas/*/Containerfile", "names no Dockerfile"),
        ("../nowhere/*/Dockerfile", "names no Dockerfile"),
        ("../lambdas/orders/Dockerfile", "is no glob"),
        ("", "is no glob"),
        ("../lambdas/*", "names no Dockerfile"),
        ("../lambdas/**/Dockerfile", "is no glob of directories"),
        ("../*/*/Dockerfile", "names two Dockerfiles for the image 'lambdas'"),
    ],
)
def test_a_glob_that_names_no_fleet_is_refused(program: Path, pattern: str, said: str) -> None:
    del program
    with pytest.raises(ArgsError, match="(?s)" + said.replace("*", "\\*")) as caught:
        found_images(pattern)
    assert caught.value.property_path == "images"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"images": "../lambdas/*/Dockerfile", "overrides": {"ordres": {}}}, "one of: orders, search"),
        ({"images": {"a": {"repository": URL}}}, "images['a']"),
        ({"images": {"a": {"contxt": "."}}}, "There is no argument 'contxt'"),
        ({"images": {"a": None}}, "images['a']"),
        ({"images": {"a": "lambdas/a"}}, "images['a']"),
        ({"images": ["lambdas/a"]}, "images"),
        ({"images": None}, "images"),
        ({"images": {}}, "images"),
        ({"images": {"a": {}}, "contxt": "."}, "There is no argument 'contxt'"),
        ({"images": "../lambdas/*/Dockerfile", "overrides": {"orders": 5}}, "overrides['orders']"),
        ({"images": "../lambdas/*/Dockerfile", "overrides": ["orders"]}, "overrides"),
    ],
)
def test_nonsense_is_refused_by_its_property_before_anything_is_made(
    program: Path, arguments: dict[str, Any], said: str
) -> None:
    del program
    with pytest.raises(pulumi.RunError, match="FastImageFleet 'shop'") as caught:
        FastImageFleet("shop", repository=URL, **arguments)
    assert said in str(caught.value)


USERS_PROGRAM = """
import sys
import pulumi

URL = "registry.example/shop"
made = {}


class Mocks(pulumi.runtime.Mocks):
    def new_resource(self, args):
        made[args.name] = args
        return f"{args.name}-id", dict(args.inputs)

    def call(self, args):
        return {}


pulumi.runtime.set_mocks(Mocks(), project="shop", stack="test", preview=sys.argv[1] == "preview")

from fast_container import FastContainerImage, FastImageFleet

common = {"context": "../lambdas", "build_args": {"KIND": "common", "LEVEL": "1"}}


@pulumi.runtime.test
def check():
    fleet = FastImageFleet(
        "shop", "../lambdas/*/Dockerfile", repository=lambda image: f"{URL}/{image}", **common,
        overrides={"search": {"build_args": {"KIND": "own"}, "platform": "linux/arm64"}},
    )
    # The same, one by one.
    search = {**common, "build_args": {"KIND": "own", "LEVEL": "1"}, "platform": "linux/arm64"}
    options = {"orders": common, "search": search}
    alone = {
        name: FastContainerImage(name, repository=f"{URL}/{name}", dockerfile=f"../lambdas/{name}/Dockerfile", **given)
        for name, given in options.items()
    }
    assert [name for name, _ in fleet.items()] == ["orders", "search"]
    # A mapping like any other, and still a resource.
    assert list(fleet) == list(fleet.keys()) == ["orders", "search"] and len(fleet) == 2 and fleet
    assert dict(fleet)["orders"] is fleet["orders"] and "orders" in fleet and "other" not in fleet
    assert fleet.get("other") is None and {fleet: 1}[fleet] == 1 and fleet != dict(fleet)
    try:
        fleet["ordesr"]
    except pulumi.RunError as error:
        assert isinstance(error, KeyError) and "did you mean 'orders'?" in str(error), error
    else:
        raise AssertionError("an image that is not there")
    keys = [fleet[name].build_key for name in options] + [alone[name].build_key for name in options]
    urls = [fleet[name].repository_url for name in options]

    def compare(found):
        assert found[:2] == found[2:4] and len(set(found[:2])) == 2, found
        assert found[4:] == [f"{URL}/orders", f"{URL}/search"], found
        assert {"shop-orders-build", "shop-search-build"} <= made.keys()

    return pulumi.Output.all(*keys, *urls).apply(compare)


check()
print("checked")
"""


@pytest.mark.parametrize("mode", ["preview", "up"])
def test_a_fleet_is_the_same_images_one_by_one_also_under_mocks(program: Path, mode: str) -> None:
    environment = {"PATH": "", "HOME": str(program), "FAST_CONTAINER_CACHE": str(program / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", USERS_PROGRAM, mode],
        cwd=program / "stack",
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "checked\n"
    assert not (program / "stack/fast-container.plan.json").exists()
