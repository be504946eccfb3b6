"""One platform has one name: in the key, in the build, in the lock and in the checks."""

from __future__ import annotations

from pathlib import Path

import pytest

from fast_container.core.declared import DeclaredImage, InlineDockerfile, check_arguments
from fast_container.core.images.lock import parse_lock
from fast_container.core.images.pins import pin_image
from fast_container.core.oci.platform import NotAPlatformError, normal_platform, same_platform
from fast_container.core.recipe import Recipe
from fast_container.core.select import SharedWalks, select_image
from fast_container.errors import ArgsError

DIGEST = "sha256:" + "a" * 64

NAMES = {
    "linux/386": ("linux/i386", "linux/I386"),
    "linux/amd64": (
        "linux/x86_64",
        "linux/x86-64",
        "linux/amd64/v1",
        "Linux/AMD64",
        "linux/x86_64/v1",
        "linux/amd64/V1",
    ),
    "linux/amd64/v2": ("linux/x86_64/v2",),
    "linux/arm64": ("linux/aarch64", "linux/arm64/v8", "linux/arm64/8", "linux/arm64/v8.0", "linux/AArch64/V8"),
    "linux/arm64/v9": ("linux/arm64/9", "linux/aarch64/v9.0"),
    "linux/arm/v6": ("linux/armel", "linux/arm/6", "linux/armel/v7"),
    "linux/arm/v7": ("linux/arm", "linux/armhf", "linux/arm/7", "linux/armhf/v6"),
    "darwin/arm64": ("macos/aarch64", "macOS/arm64/v8"),
}
SPELLINGS = [(normal, name) for normal, names in NAMES.items() for name in (normal, *names)]


def image(
    platform: str, context: Path, dockerfile: str = "FROM scratch\nARG TARGETPLATFORM\nLABEL p=$TARGETPLATFORM\n"
) -> DeclaredImage:
    return DeclaredImage(
        "app", str(context), InlineDockerfile(dockerfile), "Dockerfile", recipe=Recipe(platform=platform)
    )


@pytest.mark.parametrize(("normal", "name"), SPELLINGS)
def test_all_names_of_a_platform_are_one(normal: str, name: str, tmp_path: Path) -> None:
    assert normal_platform(name) == normal
    assert same_platform(normal, name)
    one, other = (select_image(image(each, tmp_path), SharedWalks()) for each in (normal, name))
    assert one.key == other.key
    assert other.declared.recipe.platform == normal


def test_names_of_different_platforms_stay_apart() -> None:
    assert len({normal_platform(name) for _, name in SPELLINGS}) == len(NAMES)


@pytest.mark.parametrize(
    "name", ["", "linux", "arm64", "linux/", "linux/arm64/v8/x", "linux/amd64,linux/arm64", "amd64/linux"]
)
def test_what_is_no_platform_is_refused_as_it_was_written(name: str, tmp_path: Path) -> None:
    with pytest.raises(ArgsError) as refused:
        check_arguments(image(name, tmp_path))
    assert repr(name) in str(refused.value)


def test_nothing_of_containerd_s_is_guessed() -> None:
    with pytest.raises(NotAPlatformError):
        normal_platform("linux/arm 64")


def test_a_lock_finds_a_platform_by_any_of_its_names(tmp_path: Path) -> None:
    lock = parse_lock(
        f'{{"version": 1, "images": {{"docker.io/library/busybox:latest": {{"digest": "{DIGEST}",'
        f' "platforms": {{"linux/arm64/v8": {{"digest": "{DIGEST}", "env": {{}}, "onbuild": []}}}}}}}}}}'.encode()
    )
    for dockerfile in (
        "FROM busybox\n",
        "FROM --platform=linux/arm64/v8 busybox\n",
        "FROM --platform=linux/arm64 busybox\n",
    ):
        assert not pin_image(image("linux/aarch64", tmp_path, dockerfile), lock).missing
