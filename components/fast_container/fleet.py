"""``FastImageFleet``: many images from one declaration.

Decides how common settings and per-image overrides come together, and which images a glob names. Leaves everything
about one image to ``FastContainerImage``; each image is a component of its own, so that state, ``--target`` and
explanations stay per image.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias, Unpack, cast

import pulumi

from fast_container.core.spelling import did_you_mean
from fast_container.errors import ArgsError, FastContainerError
from fast_container.image import FastContainerImage
from fast_container.image_options import ImageOptions, refuse_unknown, shows_options
from fast_container.repository import RepositoryInput
from fast_container.shapes import (
    PathInput,
    check_mapping,
    check_opts,
    check_path,
    check_plain,
    check_resource_name,
    refused_as_one_line,
    shown,
)

TYPE = "fast-container:index:FastImageFleet"
# Options that a program computes are, to a type checker, mappings of whatever it computes.
ImagesInput: TypeAlias = "Mapping[str, ImageOptions] | Mapping[str, Mapping[str, Any]]"
RepositoryFor: TypeAlias = "RepositoryInput | Callable[[str], RepositoryInput]"


class UnknownImage(pulumi.RunError, KeyError):  # noqa: N818 - a KeyError, by its name in messages
    """A fleet has no image of that name: a ``KeyError`` for who asks, one line for the engine."""

    # Not KeyError's, which shows its message quoted.
    __str__ = Exception.__str__


@shows_options
class FastImageFleet(pulumi.ComponentResource, Mapping[str, FastContainerImage]):
    """Images of one kind, such as all Lambda functions of a repository: a mapping from names to images.

    Args:
        name: The Pulumi name; an image's is ``<name>-<image>``.
        images: Image name → its own options (over the common ones), or a glob of Dockerfiles
            (``../../lambdas/*/Dockerfile``): each image is called as the directory that the first ``*`` stands for.
        repository: One for all (one look-up answers for the whole fleet), or a function from an image's name to its
            own.
        overrides: Image name → its own options; for images of a glob.
        opts: Resource options of the component.
        **options: Common options; all of ``ImageOptions``.

    Raises:
        pulumi.RunError: A glob names no Dockerfile, or two of the same name; or an image's argument cannot be right.
    """

    @refused_as_one_line("FastImageFleet")
    def __init__(
        self,
        name: str,
        images: ImagesInput | PathInput,
        *,
        repository: RepositoryFor,
        overrides: ImagesInput | None = None,
        opts: pulumi.ResourceOptions | None = None,
        **options: Unpack[ImageOptions],
    ) -> None:
        try:
            check_resource_name(name)
            check_opts(opts, pulumi.ResourceOptions)
            declared = declared_images(images)
            overrides = _checked_overrides(overrides, declared)
            refuse_unknown(options)
        except FastContainerError as error:
            raise pulumi.RunError(f"FastImageFleet {shown(name)}: {error}") from None
        super().__init__(TYPE, name, {}, opts)
        self._images = {
            image: FastContainerImage(
                f"{name}-{image}",
                repository=repository(image) if callable(repository) else repository,
                opts=pulumi.ResourceOptions(parent=self),
                **_merged(options, own, overrides.get(image)),
            )
            for image, own in declared.items()
        }
        self.register_outputs({"image_uris": {image: made.image_uri for image, made in self._images.items()}})

    def __getitem__(self, image: str) -> FastContainerImage:
        """The image of that name.

        Raises:
            UnknownImage: There is none.
        """
        if image not in self._images:
            wrong = ArgsError(
                f"There is no image {shown(image)} in the fleet.",
                property_path=f"{self.pulumi_resource_name}[{shown(image)}]",
                next_step=did_you_mean(str(image), self._images),
            )
            raise UnknownImage(str(wrong))
        return self._images[image]

    def __iter__(self) -> Iterator[str]:
        """The images' names."""
        return iter(self._images)

    def __len__(self) -> int:
        return len(self._images)

    def __bool__(self) -> bool:
        """True: Pulumi asks for a parent's truth before the fleet has images."""
        return True

    # A resource is itself and no other, whatever it holds.
    __eq__ = object.__eq__
    __hash__ = object.__hash__  # pyright: ignore[reportAssignmentType] - Mapping says that there is none


def declared_images(images: ImagesInput | PathInput) -> dict[str, ImageOptions]:
    """Image name → its own options.

    Raises:
        ArgsError: It is neither a glob that names Dockerfiles nor a mapping of options.
    """
    check_plain(images, "images")
    if isinstance(images, str | os.PathLike):
        return found_images(check_path(images, "images"))
    if not isinstance(images, Mapping) or not images:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ArgsError(
            f"{shown(images)} names no images.",
            property_path="images",
            next_step="a mapping from names to options, or a glob such as lambdas/*/Dockerfile",
        )
    return _options_by_name(images, "images")


def found_images(pattern: str) -> dict[str, ImageOptions]:
    """The images that a glob of Dockerfiles names, by the directory at its first ``*``; hidden ones are left out.

    Raises:
        ArgsError: It names none, or two by the same name.
    """
    before, star, after = pattern.partition("*")
    if not star or after.startswith("*"):
        raise ArgsError(
            f"{pattern!r} is no glob of directories." if star else f"{pattern!r} is no glob.",
            property_path="images",
            next_step="for example lambdas/*/Dockerfile",
        )
    base = Path(before) if before.endswith("/") else Path(before).parent
    found: dict[str, ImageOptions] = {}
    for dockerfile in sorted(base.glob(str(Path(pattern).relative_to(base)))):
        image, *rest = dockerfile.relative_to(base).parts
        if not rest or image.startswith(".") or not dockerfile.is_file():
            continue
        if image in found:
            raise ArgsError(
                f"{pattern!r} names two Dockerfiles for the image {image!r}.",
                property_path="images",
                why=f"{found[image].get('dockerfile')} and {dockerfile}",
            )
        found[image] = {"dockerfile": str(dockerfile)}
    if not found:
        raise ArgsError(
            f"{pattern!r} names no Dockerfile.",
            property_path="images",
            next_step="paths are relative to the program's working directory",
        )
    return found


def _checked_overrides(overrides: object, declared: Mapping[str, ImageOptions]) -> dict[str, ImageOptions]:
    if overrides is None:
        return {}
    found = _options_by_name(overrides, "overrides")
    for image in found:
        if image not in declared:
            raise ArgsError(
                f"There is no image {image!r} in the fleet.",
                property_path=f"overrides[{image!r}]",
                next_step=did_you_mean(image, declared),
            )
    return found


def _options_by_name(images: object, property_path: str) -> dict[str, ImageOptions]:
    found = check_mapping(images, property_path, f'{property_path}={{"api": {{"context": "api"}}}}')
    for name, own in found.items():
        _check_options(own, f"{property_path}[{name!r}]")
    return found


def _check_options(own: ImageOptions, property_path: str) -> None:
    if "repository" in check_mapping(own, property_path, 'for example {"context": "app"}'):
        raise ArgsError(
            "A fleet's repository is said for all its images.",
            property_path=f"{property_path}['repository']",
            next_step="repository=lambda image: …",
        )
    refuse_unknown(own)


def _merged(*layers: ImageOptions | None) -> ImageOptions:
    """Later options win; mappings of build args, labels and bases are joined."""
    merged: dict[str, Any] = {}
    for layer in layers:
        for name, value in cast("dict[str, Any]", layer or {}).items():
            before = merged.get(name)
            joins = isinstance(before, Mapping) and isinstance(value, Mapping)
            merged[name] = {**cast("dict[str, Any]", before), **value} if joins else value
    return cast("ImageOptions", merged)
