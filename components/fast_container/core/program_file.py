"""The plan file: every image of a program with all that its key needs, for the command line to work without Pulumi.

Decides the format (JSON, versioned; paths relative to the file's folder; no secret: ids only, and secret values are
refused in build args and labels before they get here). A plan is believed only in what the build key covers: the source
policy is written for people to see, and computed from the pins when it is needed. Leaves writing it at the right moment
to ``state.program``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from fast_container.core.declared import DeclaredImage, Default, InlineDockerfile, is_remote
from fast_container.core.dockerfile import ImageFacts
from fast_container.core.image_checks import CheckSettings, read_check_settings
from fast_container.core.json_document import as_string, as_string_mapping, as_strings, parse_json, version_of
from fast_container.core.key import KeyPin, parse_pin
from fast_container.core.own_bases import BaseFacts
from fast_container.core.recipe import read_recipe
from fast_container.errors import ArgsError

VERSION: Final = 1
FILE_NAME: Final = "fast-container.plan.json"


@dataclass(frozen=True, slots=True)
class PlannedEntry:
    """One image of a plan file.

    Attributes:
        declared: As the program declared it; paths are absolute again.
        repository_url: ``host/name``, or "" where it was not known when the plan was written.
        runs_on: ``lambda``, ``ecs`` or ``anywhere``.
        build_key: The key when the plan was written; files may have changed since.
        bases: Name of a base image of ours → ``host/name`` of its repository.
        checks: What it has to satisfy; None if the program does not say.
        pin: The earlier key at which the program holds it; None for the key of its source.
    """

    declared: DeclaredImage
    repository_url: str
    runs_on: str
    build_key: str
    bases: Mapping[str, str]
    checks: CheckSettings | None = None
    pin: KeyPin | None = None


def write_plan_file(entries: Iterable[PlannedEntry], folder: str, *, unknown: Iterable[str] = ()) -> str:
    """The text of a plan file that lies in a folder; equal for equal plans, on every machine.

    Args:
        entries: Images whose keys are known.
        folder: Where the file will lie.
        unknown: Names of the program's other images.
    """
    images = [_written(entry, folder) for entry in sorted(entries, key=lambda entry: entry.declared.name)]
    document = {"version": VERSION, "images": images, "unknown": sorted(unknown)}
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


@dataclass(frozen=True, slots=True)
class PlanFile:
    """The content of a program file.

    Attributes:
        entries: Image name → entry.
        unknown: Names of images whose keys were not known in that preview.
    """

    entries: Mapping[str, PlannedEntry]
    unknown: tuple[str, ...]


def read_plan_file(text: str, folder: str, name: str) -> PlanFile:
    """Read a program file.

    Args:
        text: The file's content.
        folder: Its folder: relative paths start there.
        name: Its name in messages.

    Raises:
        ArgsError: It is malformed, or of another version.
    """
    try:
        document = cast("dict[str, Any]", parse_json(text))
        if document["version"] != VERSION:
            raise ArgsError(
                f"{name} has {version_of(document)}; this program reads {VERSION}.",
                property_path="--plan",
                next_step="Let `pulumi preview` write it again.",
            )
        entries = [_read(cast("dict[str, Any]", image), folder) for image in document["images"]]
        unknown = as_strings(document["unknown"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArgsError(
            f"{name} is not a plan file.",
            property_path="--plan",
            why=f"{type(error).__name__}: {error}",
            next_step="Let `pulumi preview` write it again.",
        ) from error
    return PlanFile({entry.declared.name: entry for entry in entries}, unknown)


def _written(entry: PlannedEntry, folder: str) -> dict[str, Any]:
    image = entry.declared
    inline = isinstance(image.dockerfile, InlineDockerfile)
    return {
        "name": image.name,
        "context": _relative(image.context, folder),
        "dockerfile": "" if inline else _relative(cast(str, image.dockerfile), folder),
        "inline_dockerfile": cast(InlineDockerfile, image.dockerfile).text if inline else None,
        "dockerfile_name": _shown(image.dockerfile_name, folder),
        "named_contexts": {
            name: place if is_remote(place) else _relative(place, folder)
            for name, place in image.named_contexts.items()
        },
        "ignore": list(image.ignore),
        "dockerignore": _written_ignore(image.dockerignore, folder),
        "secret_ids": sorted(image.secret_ids),
        "optional_secrets": None if image.optional_secrets is None else sorted(image.optional_secrets),
        "triggers": dict(image.triggers),
        "base_keys": dict(image.base_keys),
        "bases": dict(entry.bases),
        "volatile_build_args": sorted(image.volatile_build_args),
        "image_pins": dict(image.image_pins),
        "image_facts": {
            reference: {"env": dict(facts.env or {}), "onbuild": list(facts.onbuild)}
            for reference, facts in image.image_facts.items()
        },
        "base_facts": {
            alias: {"platform": facts.platform, "onbuild": None if facts.onbuild is None else list(facts.onbuild)}
            for alias, facts in image.base_facts.items()
        },
        **image.recipe.as_json(),
        "source_policy": image.source_policy,
        "repository_url": entry.repository_url,
        "runs_on": entry.runs_on,
        "build_key": entry.build_key,
        # Not written where the program says none, as in files of versions that had none.
        **({} if entry.checks is None else {"checks": entry.checks.as_json()}),
        **({} if entry.pin is None else {"pin": str(entry.pin)}),
    }


def _read(image: dict[str, Any], folder: str) -> PlannedEntry:
    inline, path = image["inline_dockerfile"], as_string(image["dockerfile"])
    declared = DeclaredImage(
        name=as_string(image["name"]),
        context=_absolute(as_string(image["context"]), folder),
        dockerfile=_absolute(path, folder) if inline is None else InlineDockerfile(as_string(inline)),
        dockerfile_name=as_string(image["dockerfile_name"]),
        named_contexts={
            name: place if is_remote(place) else _absolute(place, folder)
            for name, place in as_string_mapping(image["named_contexts"]).items()
        },
        ignore=as_strings(image["ignore"]),
        dockerignore=_read_ignore(as_string_mapping(image["dockerignore"]), folder),
        secret_ids=as_strings(image["secret_ids"]),
        optional_secrets=_optional(image.get("optional_secrets", [])),
        triggers=as_string_mapping(image["triggers"]),
        base_keys=as_string_mapping(image["base_keys"]),
        volatile_build_args=frozenset(as_strings(image["volatile_build_args"])),
        image_pins=as_string_mapping(image["image_pins"]),
        image_facts={
            reference: ImageFacts(as_string_mapping(facts["env"]), as_strings(facts["onbuild"]))
            for reference, facts in cast("dict[str, Any]", image["image_facts"]).items()
        },
        base_facts={
            alias: BaseFacts(as_string(of["platform"]), None if of["onbuild"] is None else as_strings(of["onbuild"]))
            for alias, of in cast("dict[str, Any]", image.get("base_facts", {})).items()
        },
        recipe=read_recipe(image),
    )
    url, runs_on, key = (as_string(image[name]) for name in ("repository_url", "runs_on", "build_key"))
    checks = read_check_settings(image.get("checks"))
    pin = parse_pin(as_string(image["pin"])) if "pin" in image else None
    return PlannedEntry(declared, url, runs_on, key, as_string_mapping(image["bases"]), checks, pin)


def _optional(value: object) -> tuple[str, ...] | None:
    return None if value is None else as_strings(value)


def _written_ignore(place: str | type[Default] | None, folder: str) -> dict[str, str]:
    if place is None:
        return {"kind": "none"}
    return {"kind": "file", "path": _relative(place, folder)} if isinstance(place, str) else {"kind": "default"}


def _read_ignore(written: dict[str, str], folder: str) -> str | type[Default] | None:
    if written["kind"] == "none":
        return None
    return _absolute(written["path"], folder) if written["kind"] == "file" else Default


def _shown(name: str, folder: str) -> str:
    return _relative(name, folder) if os.path.isabs(name) else name  # noqa: PTH117 - as below


def _relative(path: str, folder: str) -> str:
    return os.path.relpath(path, folder).replace(os.sep, "/")


def _absolute(path: str, folder: str) -> str:
    return os.path.normpath(os.path.join(folder, path))  # noqa: PTH118 - texts with surrogate escapes
