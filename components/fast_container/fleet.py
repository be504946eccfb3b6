"""``FastImageFleet``: many images from one declaration.

Decides that each image is a component of its own, so that state, ``--target`` and explanations stay per image. Leaves
names and options of the images to ``fleet_images``, and everything about one image to ``FastContainerImage``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias, Unpack, cast

import pulumi

from fast_container.core.spelling import did_you_mean
from fast_container.errors import ArgsError, FastContainerError, bracketed
from fast_container.fleet_images import ImagesInput, declared_images, merged_options, options_by_name
from fast_container.given_options import in_todays_names
from fast_container.image import FastContainerImage
from fast_container.image_options import ImageOptions, refuse_unknown, shows_options
from fast_container.repository import RepositoryInput
from fast_container.shapes import (
    PathInput,
    check_opts,
    check_resource_name,
    refused_as_one_line,
    shown,
)

TYPE = "fast-container:index:FastImageFleet"
RepositoryFor: TypeAlias = "RepositoryInput | Callable[[str], RepositoryInput]"


class UnknownImage(pulumi.RunError, KeyError):  # noqa: N818 - a KeyError, by its name in messages
    """A fleet has no image of that name: a ``KeyError`` for the program, one line for the engine."""

    # Not that of KeyError, which quotes its message.
    __str__ = Exception.__str__


@shows_options
class FastImageFleet(pulumi.ComponentResource, Mapping[str, FastContainerImage]):
    """Images of one kind, such as all Lambda functions of a repository: a mapping from names to images.

    Args:
        name: The Pulumi name; an image's is ``<name>-<image>``.
        images: Image name → its own options (over the common ones), or a glob of Dockerfiles
            (``../../lambdas/*/Dockerfile``): each image has the name of the directory that the first ``*`` matches.
            A wildcard in the file's name matches variants: with ``lambdas/*/Dockerfile*``, ``api/Dockerfile.worker`` is
            the image ``api-worker``.
        repository: One for all (one lookup answers for the whole fleet), or a function from an image's name to its
            own.
        exclude: Images of a glob that are left out: patterns of names (``legacy-*``), or, with a ``/``, of Dockerfiles
            below the glob's folder (``api/Dockerfile.worker``).
        overrides: Image name → its own options; for images of a glob. An image's own ``None`` removes a common option,
            and as an entry of a mapping that entry alone: ``{"base_images": {"BASE_IMAGE": None}}``.
        opts: Resource options of the component.
        **options: Common options; all of ``ImageOptions``. ``context="{dir}"`` is the folder of each image's
            Dockerfile.

    Raises:
        pulumi.RunError: A glob matches no Dockerfile, or two of the same name; a pattern of ``exclude`` matches
            nothing; or an image's argument cannot be right.
    """

    @refused_as_one_line("FastImageFleet")
    def __init__(
        self,
        name: str,
        images: ImagesInput | PathInput,
        *,
        repository: RepositoryFor,
        exclude: Sequence[str] | None = None,
        overrides: ImagesInput | None = None,
        opts: pulumi.ResourceOptions | None = None,
        **options: Unpack[ImageOptions],
    ) -> None:
        called = f"FastImageFleet {shown(name)}"
        try:
            check_resource_name(name)
            check_opts(opts, pulumi.ResourceOptions)
            declared = declared_images(images, exclude)
            overrides = _checked_overrides(overrides, declared)
            refuse_unknown(options)
            declared, overrides = _in_todays_names(declared, called), _in_todays_names(overrides, called)
            _refuse_common_pin(options)
            common = cast("ImageOptions", in_todays_names(cast("dict[str, Any]", options), called))
            given = {image: merged_options(image, common, own, overrides.get(image)) for image, own in declared.items()}
        except FastContainerError as error:
            raise pulumi.RunError(f"{called}: {error}") from None
        super().__init__(TYPE, name, {}, opts)
        self._images = {
            image: FastContainerImage(
                f"{name}-{image}",
                repository=repository(image) if callable(repository) else repository,
                opts=pulumi.ResourceOptions(parent=self),
                **own,
            )
            for image, own in given.items()
        }
        self.register_outputs({"image_uris": {image: made.image_uri for image, made in self._images.items()}})

    def __getitem__(self, image: str) -> FastContainerImage:
        """Return the image of that name.

        Raises:
            UnknownImage: There is no such image.
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
        """Yield the images' names."""
        return iter(self._images)

    def __len__(self) -> int:
        return len(self._images)

    def __bool__(self) -> bool:
        """Return True: Pulumi asks for a parent's truth before the fleet has images."""
        return True

    # A resource equals only itself, whatever it holds.
    __eq__ = object.__eq__
    __hash__ = object.__hash__  # pyright: ignore[reportAssignmentType] - Mapping says that there is none


def _refuse_common_pin(options: ImageOptions) -> None:
    """Refuse one key for all images of a fleet: none of them would be the others'."""
    if options.get("pin") is not None:
        raise ArgsError(
            "A key is that of one image, not of a fleet.",
            property_path="pin",
            next_step='Pin an image of the fleet: overrides={"name": {"pin": "key-…"}}, or "pin" in its own options.',
        )


def _in_todays_names(images: Mapping[str, ImageOptions], fleet: str) -> dict[str, ImageOptions]:
    """Return the options of each image with former names replaced."""
    return {
        image: cast("ImageOptions", in_todays_names(cast("dict[str, Any]", options), f"{fleet}, image {image!r}"))
        for image, options in images.items()
    }


def _checked_overrides(overrides: object, declared: Mapping[str, ImageOptions]) -> dict[str, ImageOptions]:
    if overrides is None:
        return {}
    found = options_by_name(overrides, "overrides")
    for image in found:
        if image not in declared:
            raise ArgsError(
                f"There is no image {image!r} in the fleet.",
                property_path=f"overrides{bracketed(image)}",
                next_step=did_you_mean(image, declared),
            )
    return found
