"""The options of a build's steps: their normal forms, what is refused, and one form for buildx and for files."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from fast_container.core.recipe import OPTIONS, Recipe, read_recipe, recipe_of
from fast_container.errors import ArgsError

GIVEN: dict[str, Any] = {
    "network": "none",
    "add_hosts": ["db:10.0.0.5", "six=[0:0::1]", "db:10.0.0.5"],
    "shm_size": "64m",
    "ulimits": {"nofile": "1024:4096", "core": 0},
}

KNOWN: dict[str, Any] = {
    "target": "final",
    "platform": "linux/arm64",
    "build_args": {"A": "1=2"},
    "labels": {"l": "é"},
}


def test_every_field_is_an_option_and_has_an_example_here() -> None:
    others = ["target", "platform", "build_args", "labels"]
    names = [option.name for option in OPTIONS]
    assert [field.name for field in dataclasses.fields(Recipe)] == [*others, *names]
    assert names == list(GIVEN)


def test_values_have_one_normal_form() -> None:
    assert recipe_of(GIVEN) == Recipe(
        network="none",
        add_hosts=("db:10.0.0.5", "six:::1"),
        shm_size=64 * 1024**2,
        ulimits=("core=0:0", "nofile=1024:4096"),
    )


def test_buildx_is_told_what_is_not_the_default() -> None:
    assert Recipe().flags() == ["--platform", "linux/amd64"]
    assert recipe_of(GIVEN, **KNOWN).flags() == [
        *("--platform", "linux/arm64", "--target", "final", "--build-arg", "A=1=2", "--label", "l=é"),
        *("--network", "none", "--add-host", "db:10.0.0.5", "--add-host", "six:::1", "--shm-size", "67108864"),
        *("--ulimit", "core=0:0", "--ulimit", "nofile=1024:4096"),
    ]


@pytest.mark.parametrize("names", [[], ["network"], list(GIVEN)])
def test_what_is_written_to_a_file_is_read_again(names: list[str]) -> None:
    recipe = recipe_of({name: GIVEN[name] for name in names}, **KNOWN)
    document = json.loads(json.dumps(recipe.as_json()))
    assert sorted(document["recipe"]) == sorted(names)
    assert read_recipe({**document, "more": 1}) == recipe


def test_the_form_in_files_is_that_of_the_versions_before() -> None:
    document = recipe_of({"network": "none"}, **KNOWN).as_json()
    assert document == {
        "target": "final",
        "platform": "linux/arm64",
        "build_args": {"A": "1=2"},
        "labels": {"l": "é"},
        "recipe": {"network": "none"},
    }
    del document["recipe"]
    assert read_recipe(document) == Recipe(**KNOWN)


@pytest.mark.parametrize("changes", [{"target": 1}, {"platform": None}, {"build_args": []}, {"labels": {"l": 1}}])
def test_a_field_of_another_type_is_not_read(changes: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=r"instead of|belongs"):
        read_recipe({**recipe_of({}, **KNOWN).as_json(), **changes})


def test_the_order_of_hosts_stays_since_the_first_line_wins() -> None:
    assert recipe_of({"add_hosts": ["b:10.0.0.2", "a:10.0.0.1"]}).add_hosts == ("b:10.0.0.2", "a:10.0.0.1")


@pytest.mark.parametrize(
    ("value", "size"), [(1, 1), ("1b", 1), ("2 GiB", 2**31), ("1k", 1024), ("1.5g", 3 * 2**29), ("1.7", 1)]
)
def test_sizes_are_those_of_docker(value: object, size: int) -> None:
    assert recipe_of({"shm_size": value}).shm_size == size


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("network", value) for value in ("", "bridge", "Host", 5)],
        *[("add_hosts", value) for value in ("db:10.0.0.5", ["db"], ["db:"], [":10.0.0.5"], ["a b:10.0.0.5"], [5])],
        *[("add_hosts", [f"db:{address}"]) for address in ("fe80::1%eth0", "010.0.0.1", "db.internal", "1.2.3.4,::1")],
        ("add_hosts", ["host.docker.internal:host-gateway"]),
        *[("shm_size", value) for value in (0, -1, True, 1.5, "", "0", "1x", "g", "9999999999999999999p", 2**63)],
        *[("ulimits", value) for value in ("nofile=1", ["nofile"], ["files=1"], ["nofile=2:1"], ["nofile=-1:5"])],
        *[("ulimits", [f"nofile={numbers}"]) for numbers in ("-2", "1:2:3", "", "9999999999999999999", "1.5", "x")],
        ("ulimits", ["nofile=1", "nofile=2"]),
    ],
)
def test_what_buildkit_would_refuse_or_read_otherwise_is_refused_with_its_name(name: str, value: object) -> None:
    with pytest.raises(ArgsError) as refused:
        recipe_of({name: value})
    assert refused.value.property_path == name
    assert refused.value.next_step


def test_on_the_command_line_the_flag_is_named() -> None:
    with pytest.raises(ArgsError) as refused:
        recipe_of({"ulimits": ["nofile"], "target": "other"}, flags=True)
    assert refused.value.property_path == "--ulimit"
