"""``platforms=`` and ``builders=``: the images that they make.

Decides the names of the images, which builder each has, and what is refused. Leaves all other options to
``image_options``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from fast_container.core.declared import check_platform
from fast_container.core.oci.platform import normal_or_same, platform_suffix
from fast_container.core.spelling import did_you_mean
from fast_container.errors import ArgsError, bracketed
from fast_container.image_options import ImageOptions, check_builder
from fast_container.shapes import check_mapping, check_strings

_OWN: Final = ("platforms", "builders")


def split_by_platform(options: ImageOptions) -> dict[str, ImageOptions]:
    """Return platform, in normal form → the options of its image; empty without ``platforms``.

    Raises:
        ArgsError: They are not a list of different platforms, or do not go with ``platform`` or ``builders``.
    """
    given, builders = options.get("platforms"), options.get("builders")
    if given is None:
        if builders is not None:
            raise ArgsError(
                "builders needs platforms.",
                property_path="builders",
                next_step="Give platforms=[…] too, or builder= for an image of one platform.",
            )
        return {}
    platforms = _checked(given, options)
    own = _builders(builders, platforms)
    common = {name: value for name, value in options.items() if name not in _OWN}
    if common.get("emulate") is None and len(platforms) > 1:
        common["emulate"] = False
    split = {one: {**common, "platform": one, **own.get(one, {})} for one in platforms}
    return cast("dict[str, ImageOptions]", split)


def name_of(name: str, platform: str) -> str:
    """Return the name of the image for a platform."""
    return f"{name}-{platform_suffix(platform)}"


def _checked(given: object, options: ImageOptions) -> tuple[str, ...]:
    if options.get("platform") is not None:
        raise ArgsError(
            "platform cannot be combined with platforms.",
            property_path="platform",
            next_step="Leave it out: the first of platforms is that of the component's own outputs.",
        )
    if options.get("pin") is not None:
        raise ArgsError(
            "pin cannot be combined with platforms.",
            property_path="pin",
            why="a key is that of an image for one platform",
            next_step="Declare an image for each platform, and pin each at a key of its own.",
        )
    stated = check_strings(given, "platforms")
    found = tuple(normal_or_same(one) for one in stated)
    for index, platform in enumerate(found):
        check_platform(platform, f"platforms[{index}]")
        if platform in found[:index]:
            raise ArgsError(
                f"{stated[index]!r} is given twice.", property_path=f"platforms[{index}]", why=f"it is {platform}"
            )
        if twin := next((one for one in found[:index] if name_of("", one) == name_of("", platform)), None):
            raise ArgsError(
                f"{stated[index]!r} and {twin!r} cannot be in one index.",
                property_path=f"platforms[{index}]",
                why="their images differ by the operating system only, and would have one name",
                next_step="Declare an image for each operating system.",
            )
    if not found:
        raise ArgsError("platforms is empty.", property_path="platforms", next_step='Give platforms=["linux/amd64"].')
    return found


def _builders(given: object, platforms: tuple[str, ...]) -> Mapping[str, Mapping[str, Any]]:
    """Return platform → its builder as an option."""
    if given is None:
        return {}
    found: dict[str, Mapping[str, Any]] = {}
    form = 'builders={"linux/arm64": LocalBuilder(name="arm")}'
    for name, builder in check_mapping(given, "builders", form).items():
        platform = normal_or_same(name)
        if platform not in platforms:
            raise ArgsError(
                f"{name!r} is not one of platforms.",
                property_path=f"builders{bracketed(name)}",
                next_step=did_you_mean(platform, platforms),
            )
        check_builder(builder, f"builders{bracketed(name)}")
        found[platform] = {"builder": builder}
    return found
