"""A pushed image as its registry describes it: manifest and configuration, parsed.

Decides the error for one that cannot be read. Leaves reading to ``core.oci``, the rules to the modules beside it, and
fetching to the pipeline.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from fast_container.core.oci.configuration import ImageConfiguration, parse_configuration
from fast_container.core.oci.manifest import ParsedManifest, parse_manifest
from fast_container.core.ports import Manifest
from fast_container.errors import VerifyError


def pushed_manifest(manifest: Manifest) -> ParsedManifest:
    """Parse a manifest from a registry.

    Raises:
        VerifyError: It is not an image manifest or index.
    """
    with _readable("manifest", manifest.digest):
        parsed = parse_manifest(manifest.content, manifest.media_type)
    if parsed.config is not None or parsed.lists_manifests:
        return parsed
    raise VerifyError(
        "The pushed manifest is neither an image's nor an image index.",
        where=manifest.digest,
        why=f"media type {parsed.media_type or 'unknown'}",
    )


def pushed_configuration(content: bytes) -> ImageConfiguration:
    """Parse an image's configuration.

    Raises:
        VerifyError: It cannot be read, or names no platform.
    """
    with _readable("configuration"):
        configuration = parse_configuration(content)
    if not configuration.platform:
        raise VerifyError("The image's configuration names no platform.")
    return configuration


@contextmanager
def _readable(name: str, where: str = "") -> Generator[None]:
    try:
        yield
    except ValueError as error:
        raise VerifyError(f"The pushed image's {name} cannot be read.", where=where, why=str(error)) from error
