"""Fleets: what a glob names, how options come together, what is refused; with Pulumi's mocks, without Docker."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pulumi
import pytest

from fast_container import FastImageFleet, ImageOptions, InlineDockerfile
from fast_container.errors import ArgsError
from fast_container.fleet_images import declared_images, found_images, merged_options
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


@pytest.mark.parametrize("pattern", ["../lambdas/*/Dockerfile", "../lambdas/*/Dockerfile*"])
def test_a_dockerfile_that_is_a_link_to_nothing_is_no_image_that_silently_goes(program: Path, pattern: str) -> None:
    gone = program / "lambdas/gone"
    gone.mkdir()
    (gone / "Dockerfile").symlink_to("nowhere")
    with pytest.raises(ArgsError, match="gone/Dockerfile' is a link to nothing"):
        found_images(pattern)


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("../lambdas/*/Containerfile", "names no Dockerfile"),
        ("../nowhere/*/Dockerfile", "names no Dockerfile"),
        ("../lambdas/orders/Dockerfile", "is not a glob"),
        ("", "is not a glob"),
        ("../lambdas/*", "matches any file"),
        ("../lambdas/**/Dockerfile", "is not a glob of directories"),
        ("../*/*/Dockerfile", "names two Dockerfiles for the image 'lambdas'"),
    ],
)
def test_a_glob_that_names_no_fleet_is_refused(program: Path, pattern: str, said: str) -> None:
    del program
    with pytest.raises(ArgsError, match="(?s)" + said.replace("*", "\\*")) as caught:
        found_images(pattern)
    assert caught.value.property_path == "images"


def dockerfiles(folder: Path, *paths: str) -> None:
    write_tree(folder, dict.fromkeys(paths, DOCKERFILE))


def test_a_variant_in_another_script_has_its_own_name_and_not_that_of_the_plain_image(program: Path) -> None:
    dockerfiles(
        program, "lambdas/orders/Dockerfile", "lambdas/orders/Dockerfile.größer", "lambdas/orders/Dockerfile.日本"
    )
    assert sorted(found_images("../lambdas/*/Dockerfile*"))[:3] == ["orders", "orders-größer", "orders-日本"]


def test_a_wildcard_in_the_files_name_takes_variants_each_with_a_name_of_its_own(program: Path) -> None:
    dockerfiles(program, "lambdas/orders/Dockerfile.worker", "lambdas/orders/Dockerfile.worker.arm")
    dockerfiles(program, "lambdas/orders/Dockerfile.worker.dockerignore", "lambdas/orders/app.Dockerfile")
    assert {name: of["dockerfile"] for name, of in found_images("../lambdas/*/Dockerfile*").items()} == {
        "orders": "../lambdas/orders/Dockerfile",
        "orders-worker": "../lambdas/orders/Dockerfile.worker",
        "orders-worker-arm": "../lambdas/orders/Dockerfile.worker.arm",
        "search": "../lambdas/search/Dockerfile",
    }
    assert list(found_images("../lambdas/*/Dockerfile.*")) == ["orders-worker", "orders-worker-arm"]
    assert list(found_images("../lambdas/*/*.Dockerfile")) == ["orders-app"]
    # Without a wildcard there, all have the same variant, and no image needs to say it.
    assert list(found_images("../lambdas/*/Dockerfile.worker")) == ["orders"]


def test_variants_of_one_folder_are_named_by_what_differs_or_by_the_folder(program: Path) -> None:
    dockerfiles(program, "lambdas/orders/Dockerfile.worker")
    assert list(found_images("../lambdas/orders/Dockerfile*")) == ["orders", "worker"]
    dockerfiles(program, "stack/Dockerfile", "stack/Dockerfile.worker")
    # The checkout's own name differs between machines.
    with pytest.raises(ArgsError, match="'Dockerfile' gives an image no name"):
        found_images("Dockerfile*")
    assert list(found_images("Dockerfile.*")) == ["worker"]


def test_two_files_of_one_name_are_refused_with_both_and_exclude_settles_it(program: Path) -> None:
    dockerfiles(program, "lambdas/orders/Dockerfile.worker", "lambdas/orders-worker/Dockerfile")
    with pytest.raises(ArgsError, match="names two Dockerfiles for the image 'orders-worker'") as refused:
        found_images("../lambdas/*/Dockerfile*")
    both = {"../lambdas/orders/Dockerfile.worker", "../lambdas/orders-worker/Dockerfile"}
    assert set(refused.value.why.split(" and ")) == both
    (advised,) = [part for part in refused.value.next_step.split('"') if part.startswith("orders")]
    left = found_images("../lambdas/*/Dockerfile*", [advised])["orders-worker"].get("dockerfile")
    assert both - {left} == {f"../lambdas/{advised}"}


def test_exclude_leaves_images_out_by_name_or_by_path(program: Path) -> None:
    dockerfiles(program, "lambdas/legacy-a/Dockerfile", "lambdas/legacy-b/Dockerfile", "lambdas/search/Dockerfile.old")
    pattern = "../lambdas/*/Dockerfile*"
    assert list(declared_images(pattern, ["legacy-*", "search-old"])) == ["orders", "search"]
    assert list(declared_images(pattern, ["legacy-*/*", "*/Dockerfile.old"])) == ["orders", "search"]


@pytest.mark.parametrize(
    ("images", "exclude", "said"),
    [
        ("../lambdas/*/Dockerfile", ["ordres"], "did you mean 'orders'?"),
        ("../lambdas/*/Dockerfile", ["orders", "x/*"], "exclude='x/*' leaves nothing out"),
        ("../lambdas/*/Dockerfile", ["*"], "exclude leaves no image"),
        ("../lambdas/*/Dockerfile", "orders", "exclude=['orders']"),
        ({"a": {}}, ["a"], "exclude needs a glob"),
    ],
)
def test_an_exclude_that_cannot_be_meant_is_refused(program: Path, images: Any, exclude: Any, said: str) -> None:
    del program
    with pytest.raises(ArgsError) as refused:
        declared_images(images, exclude)
    assert said in str(refused.value)
    assert refused.value.property_path == "exclude"


def test_dir_in_a_context_is_the_folder_of_each_images_dockerfile(program: Path) -> None:
    del program
    for image, own in found_images("../lambdas/*/Dockerfile").items():
        assert merged_options(image, {"context": "{dir}"}, own)["context"] == f"../lambdas/{image}"  # pyright: ignore[reportTypedDictNotRequiredAccess]
        assert merged_options(image, {"context": Path("{dir}/src")}, own).get("context") == f"../lambdas/{image}/src"
        # An image's own context is its own; a name with doubled braces is a name.
        assert merged_options(image, {"context": "{dir}"}, own, {"context": "app"}).get("context") == "app"
        assert merged_options(image, {"context": "{{dir}}"}, own).get("context") == "{{dir}}"


@pytest.mark.parametrize(
    ("context", "own", "said"),
    [
        ("{folder}", {"dockerfile": "a/Dockerfile"}, "an unknown placeholder: {folder}"),
        ("x/{}", {"dockerfile": "a/Dockerfile"}, "an unknown placeholder: {}"),
        ("{dir}", {}, "{dir} cannot be filled in for the image 'a'"),
        ("{dir}", {"dockerfile": InlineDockerfile("FROM scratch")}, "{dir} cannot be filled in for the image 'a'"),
    ],
)
def test_a_placeholder_that_cannot_be_filled_is_refused(context: str, own: ImageOptions, said: str) -> None:
    with pytest.raises(ArgsError) as refused:
        merged_options("a", {"context": context}, own)
    assert said in str(refused.value)
    assert refused.value.property_path == "context"


def test_none_takes_one_image_off_the_fleets_base_and_off_a_common_option() -> None:
    common: ImageOptions = {"base_images": {"BASE_IMAGE": URL}, "build_args": {"A": "1", "B": "2"}, "target": "app"}
    own: Any = {"base_images": {"BASE_IMAGE": None}, "build_args": {"A": None, "C": "3"}, "target": None}
    assert merged_options("a", common, {}, own) == {
        "base_images": {},
        "build_args": {"B": "2", "C": "3"},
        "target": None,
    }
    # The common options stay as they are for the others.
    assert merged_options("b", common, {}, None) == common


def test_an_entry_that_the_fleet_does_not_have_cannot_be_taken_off() -> None:
    own: Any = {"base_images": {"BASE_IMGE": None}}
    with pytest.raises(ArgsError, match="no base_images entry 'BASE_IMGE'") as refused:
        merged_options("a", {"base_images": {"BASE_IMAGE": URL}}, own)
    assert "did you mean 'BASE_IMAGE'?" in str(refused.value)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"images": "../lambdas/*/Dockerfile", "context": "{folder}"}, "an unknown placeholder"),
        ({"images": "../lambdas/*/Dockerfile", "exclude": ["x"]}, "leaves nothing out"),
        ({"images": "../lambdas/*/Dockerfile", "overrides": {"ordres": {}}}, "one of: orders, search"),
        ({"images": {"a": {"repository": URL}}}, 'images["a"]'),
        ({"images": {"a": {"contxt": "."}}}, "There is no argument 'contxt'"),
        ({"images": {"a": None}}, 'images["a"]'),
        ({"images": {"a": "lambdas/a"}}, 'images["a"]'),
        ({"images": ["lambdas/a"]}, "images"),
        ({"images": None}, "images"),
        ({"images": {}}, "images"),
        ({"images": {"a": {}}, "contxt": "."}, "There is no argument 'contxt'"),
        ({"images": "../lambdas/*/Dockerfile", "overrides": {"orders": 5}}, 'overrides["orders"]'),
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
