"""Image configurations: the platform, the environment and the triggers of an image.

Decides how their bytes are read, with every field of the type that the OCI image specification gives it. Leaves the
error for one that cannot be read, and the rules about its content, to the caller.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fast_container.core.json_document import object_field, parse_object, strings_field
from fast_container.core.oci.manifest import platform_fields


@dataclass(frozen=True, slots=True)
class ImageConfiguration:
    """The fields of a configuration that are used.

    Attributes:
        platform: ``os/architecture[/variant]`` as it is written; ``""`` if the system or the architecture is absent.
        env: Variable → value.
        onbuild: The ``ONBUILD`` triggers, in their order.
    """

    platform: str
    env: Mapping[str, str]
    onbuild: tuple[str, ...]


def parse_configuration(content: bytes) -> ImageConfiguration:
    """Read a configuration's bytes.

    Raises:
        ValueError: It is not a JSON object, or a field has another type.
    """
    document = parse_object(content)
    system, architecture, variant = platform_fields(document)
    config = object_field(document, "config")
    pairs = (text.partition("=") for text in strings_field(config, "Env"))
    return ImageConfiguration(
        "/".join(name for name in (system, architecture, variant) if name) if system and architecture else "",
        {name: value for name, _, value in pairs},
        tuple(strings_field(config, "OnBuild")),
    )
