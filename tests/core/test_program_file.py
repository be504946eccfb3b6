"""The plan file: the same keys without Pulumi, the same text in every checkout, and no secret."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fast_container.core.declared import DeclaredImage, Default, InlineDockerfile
from fast_container.core.dockerfile import ImageFacts
from fast_container.core.image_checks import CheckSettings
from fast_container.core.program_file import PlannedEntry, read_plan_file, write_plan_file
from fast_container.core.recipe import Recipe
from fast_container.core.select import SharedWalks, select_image
from fast_container.errors import ArgsError
from tests.trees import changed, write_tree

URL = "registry.example/shop/images"
TREE = {
    "program/__main__.py": "",
    "app/Dockerfile": "FROM alpine\nARG A\nCOPY --from=shared . /shared\nCOPY . /app\n",
    "app/main.py": "print()",
    "shared/lib.py": "1",
    "ignore": "*.tmp\n",
}


def full(root: Path, name: str = "api") -> DeclaredImage:
    """An image that uses everything that a declaration can say."""
    return DeclaredImage(
        name=name,
        context=str(root / "app"),
        dockerfile=str(root / "app/Dockerfile"),
        dockerfile_name="../app/Dockerfile",
        named_contexts={"shared": str(root / "shared"), "tool": "docker-image://busybox:1"},
        ignore=("*.md",),
        dockerignore=str(root / "ignore"),
        secret_ids=("token", "key"),
        triggers={"0": "again"},
        base_keys={"BASE": "b" * 64},
        volatile_build_args=frozenset({"UNUSED"}),
        image_pins={"alpine": "sha256:" + "1" * 64},
        image_facts={"alpine": ImageFacts({"PATH": "/bin"}, ("COPY . /src",))},
        recipe=Recipe(
            target="",
            platform="linux/arm64",
            build_args={"A": "1", "UNUSED": "2"},
            labels={"team": "shop"},
            network="none",
            add_hosts=("db:10.0.0.5",),
            shm_size=1024,
            ulimits=("nofile=1:2",),
        ),
    )


def entry(declared: DeclaredImage, **changes: Any) -> PlannedEntry:
    return dataclasses.replace(PlannedEntry(declared, URL, "lambda", "a" * 64, {"BASE": f"{URL}-bases"}), **changes)


def written(root: Path, *images: DeclaredImage) -> str:
    return write_plan_file([entry(image) for image in images], str(root / "program"))


def read(text: str, root: Path) -> dict[str, PlannedEntry]:
    return dict(read_plan_file(text, str(root / "program"), "plan.json").entries)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"dockerignore": Default},
        {"dockerignore": None},
        {"dockerfile": InlineDockerfile("FROM scratch\nCOPY . /\n"), "dockerfile_name": "InlineDockerfile"},
        {"optional_secrets": ("netrc", "token")},
        {"target": "one", "build_args": {}, "named_contexts": {}},
    ],
)
def test_what_was_written_is_read_again(tmp_path: Path, changes: dict[str, Any]) -> None:
    image = changed(full(tmp_path), **changes)
    found = read(written(tmp_path, image), tmp_path)["api"]
    expected = dataclasses.replace(image, secret_ids=tuple(sorted(image.secret_ids)))
    assert found == entry(expected)


def test_what_an_image_is_checked_for_is_read_again_and_not_written_where_there_is_nothing(tmp_path: Path) -> None:
    checked = entry(full(tmp_path), checks=CheckSettings(max_size_bytes=1, rules={"V02": "off"}))
    text = write_plan_file([checked], str(tmp_path / "program"))
    assert read(text, tmp_path)["api"].checks == checked.checks
    assert "checks" not in json.loads(written(tmp_path, full(tmp_path)))["images"][0]


def test_every_field_of_a_declaration_is_in_the_plan(tmp_path: Path) -> None:
    image = json.loads(written(tmp_path, full(tmp_path)))["images"][0]
    assert {field.name for field in dataclasses.fields(DeclaredImage)} <= image.keys()
    assert {field.name for field in dataclasses.fields(Recipe)} <= {*image, *image["recipe"]}


def test_a_plan_of_a_version_without_options_of_the_steps_is_read_and_an_unknown_option_is_refused(
    tmp_path: Path,
) -> None:
    document = json.loads(written(tmp_path, dataclasses.replace(full(tmp_path), recipe=Recipe())))
    assert document["images"][0].pop("recipe") == {}
    assert read(json.dumps(document), tmp_path)["api"].declared.recipe == Recipe()
    document["images"][0]["recipe"] = {"cgroup": "x"}
    with pytest.raises(ArgsError) as refused:
        read(json.dumps(document), tmp_path)
    assert "'cgroup' is not an option" in refused.value.why


def test_keys_from_the_plan_are_those_of_the_program(tmp_path: Path) -> None:
    write_tree(tmp_path, TREE)
    image = full(tmp_path)
    found = read(written(tmp_path, image), tmp_path)["api"].declared
    assert select_image(found, SharedWalks()).key == select_image(image, SharedWalks()).key


def test_another_checkout_writes_the_same_text(tmp_path: Path) -> None:
    here, there = write_tree(tmp_path / "here", TREE), write_tree(tmp_path / "a/deeper/one", TREE)
    assert written(here, full(here)) == written(there, full(there))


def test_a_plan_holds_no_path_of_the_machine_even_where_the_program_gave_absolute_ones(tmp_path: Path) -> None:
    image = dataclasses.replace(full(tmp_path), dockerfile_name=str(tmp_path / "app/Dockerfile"))
    assert str(tmp_path) not in written(tmp_path, image)


def test_the_order_of_images_and_of_mappings_does_not_matter(tmp_path: Path) -> None:
    one, two = full(tmp_path, "one"), full(tmp_path, "two")
    turned = changed(two, build_args=dict(reversed(two.recipe.build_args.items())), secret_ids=("key", "token"))
    assert written(tmp_path, one, two) == written(tmp_path, turned, one)


def test_a_plan_from_another_checkout_is_about_the_files_of_that_one(tmp_path: Path) -> None:
    here, there = write_tree(tmp_path / "here", TREE), write_tree(tmp_path / "there", TREE)
    (there / "app/main.py").write_text("changed")
    text = written(here, full(here))
    keys = [select_image(read(text, root)["api"].declared, SharedWalks()).key for root in (here, there)]
    assert keys[0] != keys[1]
    assert keys[1] == select_image(full(there), SharedWalks()).key


def test_images_whose_keys_were_unknown_are_named(tmp_path: Path) -> None:
    text = write_plan_file([], str(tmp_path), unknown=["worker", "api"])
    assert read_plan_file(text, str(tmp_path), "plan.json").unknown == ("api", "worker")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not a plan file"),
        ("[]", "is not a plan file"),
        ("null", "is not a plan file"),
        ("{}", "is not a plan file"),
        ('{"version": 1}', "is not a plan file"),
        ('{"version": 1, "images": []}', "is not a plan file"),
        ('{"version": 1, "images": [], "unknown": 5}', "is not a plan file"),
        ('{"version": 1, "images": 5}', "is not a plan file"),
        ('{"version": 1, "images": {"a": 1}}', "is not a plan file"),
        ('{"version": 1, "images": [{}]}', "is not a plan file"),
        ('{"version": 2, "images": []}', "has version 2; this program reads 1"),
    ],
)
def test_what_is_no_plan_of_this_version_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ArgsError, match="plan.json .*" + said) as caught:
        read(text, tmp_path)
    assert "pulumi preview" in str(caught.value)


@given(
    field=st.sampled_from(sorted(json.loads(written(Path("/x"), full(Path("/x"))))["images"][0])),
    value=st.none() | st.integers() | st.just([]) | st.just({}) | st.just("text"),
)
def test_a_damaged_plan_is_an_error_of_ours_or_a_plan(field: str, value: Any) -> None:
    root = Path("/nowhere")
    document = json.loads(written(root, full(root)))
    document["images"][0][field] = value
    try:
        found = read(json.dumps(document), root)
    except ArgsError as error:
        assert "is not a plan file" in str(error)
    else:
        for one in found.values():
            assert os.path.isabs(one.declared.context)
            written(root, one.declared)


@pytest.mark.parametrize("tampered", ['{"version": 1, "rules": [{"action": "ALLOW"}]}', "", None])
def test_a_source_policy_of_a_plan_is_not_believed(tmp_path: Path, tampered: str | None) -> None:
    write_tree(tmp_path, TREE)
    honest = select_image(full(tmp_path), SharedWalks())
    document = json.loads(written(tmp_path, full(tmp_path)))
    assert document["images"][0]["source_policy"] == full(tmp_path).source_policy != ""
    document["images"][0]["source_policy"] = tampered
    found = select_image(read(json.dumps(document), tmp_path)["api"].declared, SharedWalks())
    assert (found.key, found.source_policy) == (honest.key, honest.source_policy)


def test_pins_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    for pins in ({"alpine": "sha256:1", "docker.io/library/alpine:latest": "sha256:2"}, {"alpine": "linux/arm64=x"}):
        with pytest.raises(ArgsError, match="pin of"):
            assert dataclasses.replace(full(tmp_path), image_pins=pins).source_policy
