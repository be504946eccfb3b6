"""``platforms=`` and ``builders=``: the images that they make, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from fast_container import LocalBuilder
from fast_container.errors import ArgsError
from fast_container.platforms.arguments import name_of, split_by_platform

BOTH = ["linux/amd64", "linux/arm64"]


def split(**options: Any) -> dict[str, Any]:
    return split_by_platform(options)  # pyright: ignore[reportArgumentType] - what a program could write


def test_each_platform_gets_all_other_options_and_its_own_builder() -> None:
    arm, common = LocalBuilder(name="arm"), LocalBuilder()
    made = split(
        platforms=["linux/amd64", "linux/aarch64"], builders={"linux/arm64/v8": arm}, builder=common, target="t"
    )
    assert made == {
        "linux/amd64": {"platform": "linux/amd64", "builder": common, "target": "t", "emulate": False},
        "linux/arm64": {"platform": "linux/arm64", "builder": arm, "target": "t", "emulate": False},
    }


def test_without_platforms_there_is_nothing_to_split() -> None:
    assert split(platform="linux/arm64") == {}


def test_emulation_is_allowed_only_where_it_is_said() -> None:
    assert [one["emulate"] for one in split(platforms=BOTH, emulate=True).values()] == [True, True]
    assert "emulate" not in split(platforms=["linux/arm64"])["linux/arm64"]


@pytest.mark.parametrize(
    ("options", "path", "words"),
    [
        ({"platforms": BOTH, "platform": "linux/amd64"}, "platform", "cannot be combined"),
        ({"platforms": []}, "platforms", "is empty"),
        ({"platforms": "linux/amd64"}, "platforms", "linux/amd64"),
        ({"platforms": ["linux/arm64", "linux/arm64/v8"]}, "platforms[1]", "given twice"),
        ({"platforms": ["linux/amd64", "windows/amd64"]}, "platforms[1]", "would have one name"),
        ({"platforms": ["linux/amd64,linux/arm64"]}, "platforms[0]", 'write platforms=["linux/amd64", "linux/arm64"]'),
        ({"platforms": BOTH, "builders": {"linux/arm64": "arm"}}, 'builders["linux/arm64"]', "'arm' is not a builder"),
        ({"platforms": ["linux/amd64", "arm64 "]}, "platforms[1]", "arm64"),
        ({"builders": {"linux/amd64": None}}, "builders", "needs platforms"),
        ({"platforms": BOTH, "builders": {"linux/s390x": None}}, 'builders["linux/s390x"]', "not one of platforms"),
    ],
)
def test_what_cannot_be_right_is_refused_with_its_place(options: dict[str, Any], path: str, words: str) -> None:
    with pytest.raises(ArgsError) as refused:
        split(**options)
    assert refused.value.property_path == path
    assert words in str(refused.value)


@pytest.mark.parametrize(("platform", "name"), [("linux/amd64", "api-amd64"), ("linux/arm/v7", "api-arm-v7")])
def test_an_image_is_named_by_its_architecture(platform: str, name: str) -> None:
    assert name_of("api", platform) == name
