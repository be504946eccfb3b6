"""Image configurations: the platform, what runs and how, the triggers and the history of an image.

Decides how their bytes are read, with every field of the type that the OCI image specification gives it. Leaves the
error for one that cannot be read, and the rules about its content, to the caller.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fast_container.core.json_document import object_field, objects_field, parse_object, string_field, strings_field
from fast_container.core.oci.manifest import platform_fields


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One step of an image's history: the instruction, and whether it made no layer."""

    created_by: str
    is_empty: bool


@dataclass(frozen=True, slots=True)
class ImageConfiguration:
    """The fields of a configuration that are used.

    Attributes:
        platform: ``os/architecture[/variant]`` as it is written; ``""`` if the system or the architecture is absent.
        env: Variable → value.
        onbuild: The ``ONBUILD`` triggers, in their order.
        user: Who runs it; ``""`` for root.
        entrypoint: The program with its first arguments.
        command: More arguments, or the program.
        working_directory: Where it runs; ``""`` for the root.
        labels: Label → value.
        exposed_ports: As they are declared, ``8080/tcp``.
        volumes: The paths of declared volumes.
        created: When it was made, as it is written (RFC 3339); ``""`` if that is not said.
        history: The steps that made it, the first ones first.
    """

    platform: str
    env: Mapping[str, str]
    onbuild: tuple[str, ...]
    user: str = ""
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    working_directory: str = ""
    labels: Mapping[str, str] = field(default_factory=dict["str", "str"])
    history: tuple[HistoryEntry, ...] = ()
    exposed_ports: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    created: str = ""


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
        string_field(config, "User"),
        tuple(strings_field(config, "Entrypoint")),
        tuple(strings_field(config, "Cmd")),
        string_field(config, "WorkingDir"),
        {name: value for name, value in object_field(config, "Labels").items() if isinstance(value, str)},
        tuple(
            HistoryEntry(string_field(entry, "created_by"), entry.get("empty_layer") is True)
            for entry in objects_field(document, "history")
        ),
        tuple(object_field(config, "ExposedPorts")),
        tuple(object_field(config, "Volumes")),
        string_field(document, "created"),
    )
