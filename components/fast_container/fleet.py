"""``FastImageFleet``: many images from one declaration.

Decides how common settings and per-image overrides come together, and which images a glob names. Leaves everything
about one image to ``FastContainerImage``; each image is a component of its own, so that state, ``--target`` and
explanations stay per image.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias, Unpack, cast

import pulumi

from fast_container.errors import ArgsError, FastContainerError
from fast_container.image import FastContainerImage
from fast_container.image_options import ImageOptions, refuse_unknown
from fast_container.repository import RepositoryInput

TYPE = "fast-container:index:FastImageFleet"
RepositoryFor: TypeAlias = "RepositoryInput | Callable[[str], RepositoryInput]"


class FastImageFleet(pulumi.ComponentResource):
    """Images of one kind, such as all Lambda functions of a repository.

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

    def __init__(
        self,
        name: str,
        images: Mapping[str, ImageOptions] | str,
        *,
        repository: RepositoryFor,
        overrides: Mapping[str, ImageOptions] | None = None,
        opts: pulumi.ResourceOptions | None = None,
        **options: Unpack[ImageOptions],
    ) -> None:
        try:
            declared = declared_images(images)
            _check_overrides(overrides or {}, declared)
            refuse_unknown(options)
        except FastContainerError as error:
            raise pulumi.RunError(f"FastImageFleet {name!r}: {error}") from None
        super().__init__(TYPE, name, {}, opts)
        self._images = {
            image: FastContainerImage(
                f"{name}-{image}",
                repository=repository(image) if callable(repository) else repository,
                opts=pulumi.ResourceOptions(parent=self),
                **_merged(options, own, (overrides or {}).get(image)),
            )
            for image, own in declared.items()
        }
        self.register_outputs({"image_uris": {image: made.image_uri for image, made in self._images.items()}})

    def __getitem__(self, image: str) -> FastContainerImage:
        """The image of that name."""
        return self._images[image]

    # No __len__ and no __iter__: Pulumi asks for a parent's truth, and an empty one would be none.

    def items(self) -> list[tuple[str, FastContainerImage]]:
        """Names and images."""
        return list(self._images.items())


def declared_images(images: Mapping[str, ImageOptions] | str) -> dict[str, ImageOptions]:
    """Image name → its own options.

    Raises:
        ArgsError: It is neither a glob that names Dockerfiles nor a mapping of options.
    """
    if isinstance(images, str):
        return found_images(images)
    if not isinstance(images, Mapping) or not images:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ArgsError(
            f"{images!r} names no images.",
            property_path="images",
            next_step="a mapping from names to options, or a glob such as lambdas/*/Dockerfile",
        )
    for name, own in images.items():
        _check_options(own, f"images[{name!r}]")
    return dict(images)


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


def _check_overrides(overrides: Mapping[str, ImageOptions], declared: Mapping[str, ImageOptions]) -> None:
    if not isinstance(overrides, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ArgsError(f"{overrides!r} is no mapping from names to options.", property_path="overrides")
    for image, own in overrides.items():
        if image not in declared:
            raise ArgsError(
                f"There is no image {image!r} in the fleet.",
                property_path=f"overrides[{image!r}]",
                next_step=f"one of: {', '.join(declared)}",
            )
        _check_options(own, f"overrides[{image!r}]")


def _check_options(own: ImageOptions, property_path: str) -> None:
    if not isinstance(own, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ArgsError(
            f"{own!r} is no mapping of options.",
            property_path=property_path,
            next_step='for example {"context": "app"}',
        )
    if "repository" in own:
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
