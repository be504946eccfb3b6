"""The images of a fleet: names, Dockerfiles, and how common and own options come together.

Decides which Dockerfiles a glob names, which of them ``exclude`` leaves out, the value of ``{dir}`` in a context, and
that an image's own ``None`` removes a common option. Leaves the meaning of an option to ``image_options``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from glob import glob
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

from fast_container.core.spelling import did_you_mean
from fast_container.errors import ArgsError, bracketed
from fast_container.image_options import ImageOptions, refuse_unknown
from fast_container.shapes import PathInput, check_mapping, check_path, check_plain, check_strings, shown

# To a type checker, options that a program computes are plain mappings.
ImagesInput: TypeAlias = "Mapping[str, ImageOptions] | Mapping[str, Mapping[str, Any]]"

_WILDCARD: Final = re.compile(r"[*?\[]")
_PLACEHOLDER: Final = re.compile(r"(?<!\{)\{(\w*)\}(?!\})")
_FOLDER: Final = "dir"
_NOT_IN_A_NAME: Final = re.compile(r"[^\w-]+")


def declared_images(images: ImagesInput | PathInput, exclude: Sequence[str] | None = None) -> dict[str, ImageOptions]:
    """Return image name → its own options.

    Raises:
        ArgsError: It is neither a glob that matches Dockerfiles nor a mapping of options.
    """
    check_plain(images, "images")
    excluded = () if exclude is None else check_strings(exclude, "exclude")
    if isinstance(images, str | os.PathLike):
        return found_images(check_path(images, "images"), excluded)
    if excluded:
        raise ArgsError(
            "exclude needs a glob of Dockerfiles.",
            property_path="exclude",
            next_step="Leave the image out of the mapping.",
        )
    if not isinstance(images, Mapping) or not images:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ArgsError(
            f"{shown(images)} names no images.",
            property_path="images",
            next_step="Give a mapping from names to options, or a glob such as lambdas/*/Dockerfile.",
        )
    return options_by_name(images, "images")


def found_images(pattern: str, excluded: Sequence[str] = ()) -> dict[str, ImageOptions]:
    """Return the images that a glob of Dockerfiles names, without hidden directories and ignore files.

    Args:
        pattern: The glob.
        excluded: Patterns of images that are left out: of their names, or, with a ``/``, of their Dockerfiles' paths.

    Raises:
        ArgsError: It matches no Dockerfile, or two with one name; or a pattern matches nothing.
    """
    base = _folder_of(pattern)
    of_file = _NamesOfFiles(Path(pattern).name)
    found: dict[str, ImageOptions] = {}
    unused = dict.fromkeys(excluded)
    for dockerfile in _dockerfiles(base, pattern):
        below = dockerfile.relative_to(base)
        image = _name(below, of_file.variant(dockerfile.name), base)
        matched = [one for one in excluded if fnmatchcase(below.as_posix() if "/" in one else image, one)]
        for one in matched:
            unused.pop(one, None)
        if matched:
            continue
        if not image:
            raise ArgsError(
                f"{str(dockerfile)!r} gives an image no name.",
                property_path="images",
                why=f"the glob {pattern!r} names images by what its wildcards match",
                next_step='Name it in a mapping: images={"name": {"dockerfile": …}}.',
            )
        if image in found:
            raise ArgsError(
                f"{pattern!r} names two Dockerfiles for the image {image!r}.",
                property_path="images",
                why=f"{found[image].get('dockerfile')} and {dockerfile}",
                next_step=f'Leave one of them out, for example exclude=["{below.as_posix()}"].',
            )
        found[image] = {"dockerfile": str(dockerfile)}
    _refuse_unused(unused, [*found], base, pattern)
    if not found:
        raise ArgsError(
            f"{pattern!r} names no Dockerfile." if not excluded else "exclude leaves no image in the fleet.",
            property_path="exclude" if excluded else "images",
            why="" if excluded else f"looked in {base.absolute()}",
            next_step="" if excluded else "Paths are relative to the program's working directory.",
        )
    return found


def options_by_name(images: object, property_path: str) -> dict[str, ImageOptions]:
    """Check a mapping from names of images to options.

    Raises:
        ArgsError: It is not one, or an option is not known.
    """
    found = check_mapping(images, property_path, f'{property_path}={{"api": {{"context": "api"}}}}')
    for name, own in found.items():
        _check_options(own, f"{property_path}{bracketed(name)}")
    return found


def merged_options(image: str, common: ImageOptions, *own: ImageOptions | None) -> ImageOptions:
    """Merge the options of one image: later ones win, mappings are joined, ``None`` removes a common option or entry.

    Raises:
        ArgsError: A removed entry does not exist, or the context has a placeholder that cannot be filled.
    """
    merged: dict[str, Any] = dict(common)
    for layer in own:
        for option, value in cast("dict[str, Any]", layer or {}).items():
            before = merged.get(option)
            joins = isinstance(before, Mapping) and isinstance(value, Mapping)
            merged[option] = (
                _joined(image, option, cast("Mapping[str, Any]", before), cast("Mapping[str, Any]", value))
                if joins
                else value
            )
    if isinstance(merged.get("context"), str | os.PathLike):
        merged["context"] = _filled(image, check_path(merged["context"], "context"), merged.get("dockerfile"))
    return cast("ImageOptions", merged)


class _NamesOfFiles:
    """The matches of the wildcards in the last part of a glob: ``worker`` of ``Dockerfile.worker``."""

    def __init__(self, pattern: str) -> None:
        self._has_wildcard = bool(_WILDCARD.search(pattern))
        self._start, self._end = _WILDCARD.split(pattern)[0], re.split(r"[*?\]]", pattern)[-1]
        if self._has_wildcard and not (self._start or self._end):
            raise ArgsError(
                f"{pattern!r} matches any file, not only Dockerfiles.",
                property_path="images",
                next_step="For example: lambdas/*/Dockerfile, or lambdas/*/Dockerfile.*",
            )

    def variant(self, file: str) -> str:
        """Return the file's part of the image's name; "" without one."""
        if not self._has_wildcard:
            return ""
        between = file.removeprefix(self._start).removesuffix(self._end)
        return _NOT_IN_A_NAME.sub("-", between).strip("-_")


def _folder_of(pattern: str) -> Path:
    """Return the folder in which the glob begins."""
    before, star, after = pattern.partition("*")
    if not star or after.startswith("*"):
        raise ArgsError(
            f"{pattern!r} is not a glob of directories." if star else f"{pattern!r} is not a glob.",
            property_path="images",
            next_step="For example: lambdas/*/Dockerfile",
        )
    return Path(before) if before.endswith("/") else Path(before).parent


def _dockerfiles(base: Path, pattern: str) -> Iterator[Path]:
    # Not Path.glob, which passes over a link to nothing: an image would leave the program, and its function with it.
    found = glob(str(Path(pattern).relative_to(base)), root_dir=base, include_hidden=True, recursive=True)  # noqa: PTH207
    for file in sorted(base / name for name in found):
        hidden = file.relative_to(base).parts[0].startswith(".")
        if hidden or file.suffix == ".dockerignore" or file.is_dir():
            continue
        if not file.is_file():
            raise ArgsError(
                f"The Dockerfile {shown(str(file))} is a link to nothing.",
                property_path="images",
                why="its image would leave the program, and what uses it would be deleted",
                next_step="Mend the link, or remove it",
            )
        yield file


def _name(below: Path, variant: str, base: Path) -> str:
    """Return an image's name: the directory at the first ``*``, and the variant if the file's name has one.

    If the glob has no wildcard for directories: the variant alone, and the folder's name for a file without one.
    """
    directory = below.parts[0] if len(below.parts) > 1 else ""
    if not directory and not variant:
        # Only a name that is in the glob itself: the checkout's name differs between machines.
        return base.name if base.name != ".." else ""
    return "-".join(part for part in (directory, variant) if part)


def _refuse_unused(unused: Mapping[str, None], images: Sequence[str], base: Path, pattern: str) -> None:
    for one in unused:
        raise ArgsError(
            f"exclude={one!r} leaves nothing out.",
            property_path="exclude",
            why=(
                f"no Dockerfile of {pattern!r} has this path below {base}"
                if "/" in one
                else f"no image of {pattern!r} has this name"
            ),
            next_step=did_you_mean(one, images),
        )


def _check_options(own: ImageOptions, property_path: str) -> None:
    if "repository" in check_mapping(own, property_path, 'for example {"context": "app"}'):
        raise ArgsError(
            "A fleet's repository is set for all its images.",
            property_path=f'{property_path}["repository"]',
            next_step="Give the fleet a function: repository=lambda image: …",
        )
    refuse_unknown(own)


def _joined(image: str, option: str, before: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    for name, value in own.items():
        if value is None and name not in before:
            raise ArgsError(
                f"The fleet gives its images no {option} entry {name!r} that could be removed.",
                property_path=f"overrides{bracketed(image)}{bracketed(option)}{bracketed(name)}",
                next_step=did_you_mean(name, before),
            )
    return {name: value for name, value in {**before, **own}.items() if name not in own or value is not None}


def _filled(image: str, context: str, dockerfile: object) -> str:
    """Return the context with ``{dir}`` filled in."""
    placeholders = _PLACEHOLDER.findall(context)
    for name in placeholders:
        if name != _FOLDER:
            raise ArgsError(
                f"{context!r} has an unknown placeholder: {{{name}}}.",
                property_path="context",
                next_step="Write {dir}, the folder of each image's Dockerfile; there is no other.",
            )
    if placeholders and not isinstance(dockerfile, str | os.PathLike):
        raise ArgsError(
            f"{{dir}} cannot be filled in for the image {image!r}.",
            property_path="context",
            why="it is the folder of an image's Dockerfile, and this image names no Dockerfile",
            next_step='Give images="lambdas/*/Dockerfile", or dockerfile= for the image.',
        )
    if not placeholders:
        return context
    folder = str(Path(check_path(cast("object", dockerfile), "dockerfile")).parent)
    return _PLACEHOLDER.sub(lambda _: folder, context)
