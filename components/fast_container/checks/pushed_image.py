"""A pushed image as its registry describes it: manifest and configuration, parsed.

Decides how it is said that one cannot be read. Leaves what a manifest says to ``core.oci.manifest``, which of it is
allowed to the rules beside it, and fetching to the pipeline.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from fast_container.core.json_document import object_field, parse_object, strings_field
from fast_container.core.oci.manifest import ParsedManifest, platform_fields
from fast_container.core.oci.manifest import parse_manifest as read_manifest
from fast_container.core.ports import Manifest
from fast_container.errors import VerifyError


def parse_manifest(manifest: Manifest) -> ParsedManifest:
    """Parse what a registry holds.

    Raises:
        VerifyError: It is not an image manifest or index.
    """
    with _readable("manifest", manifest.digest):
        parsed = read_manifest(manifest.content, manifest.media_type)
    if parsed.config is not None or parsed.lists_manifests:
        return parsed
    raise VerifyError(
        "What was pushed is neither an image manifest nor an image index.",
        where=manifest.digest,
        why=f"media type {parsed.media_type or 'unknown'}",
    )


def platform_of(configuration: bytes) -> str:
    """``os/architecture[/variant]`` of an image configuration.

    Raises:
        VerifyError: It cannot be read, or names no platform.
    """
    with _readable("configuration"):
        document = parse_object(configuration)
        names = platform_fields(document)
    if not names[0] or not names[1]:
        raise VerifyError("The image's configuration names no platform.")
    return "/".join(name for name in names if name)


def onbuild_of(configuration: bytes) -> tuple[str, ...]:
    """The ``ONBUILD`` triggers of an image configuration.

    Raises:
        VerifyError: It cannot be read.
    """
    with _readable("configuration"):
        return tuple(strings_field(object_field(parse_object(configuration), "config"), "OnBuild"))


@contextmanager
def _readable(name: str, where: str = "") -> Generator[None]:
    try:
        yield
    except ValueError as error:
        raise VerifyError(f"The pushed image's {name} cannot be read.", where=where, why=str(error)) from error
