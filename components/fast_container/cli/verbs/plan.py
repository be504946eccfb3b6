"""``fast-container plan``: the images that would be built now, without Pulumi and without building.

Decides the exit codes: 0 nothing to build, 3 something to build (2 is bad input, as everywhere). Leaves keys and
lookups to ``cli.planned``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fast_container.adapters.git import git_ignored
from fast_container.cli.output import say
from fast_container.cli.planned import (
    CurrentImage,
    current_images,
    load_plan,
    look_up,
    open_registries,
    refuse_missing_pins,
)
from fast_container.core.cache_folder import cache_folder
from fast_container.core.context.git_ignored import IgnoredFiles
from fast_container.core.ports import Manifest
from fast_container.core.spelling import counted
from fast_container.state.explanation import changed_files

SOMETHING_TO_BUILD = 3


def run(arguments: argparse.Namespace) -> int:
    """Compute, ask, print.

    Raises:
        FastContainerError: Bad input, or the registry cannot be asked.
    """
    plan = load_plan(arguments.plan)
    images = current_images(plan.entries)
    registries = open_registries()
    try:
        found = asyncio.run(look_up(images, registries))
    finally:
        registries.close()
    refuse_missing_pins(images, found)
    cache = cache_folder(os.environ) / "inputs"
    planned = [_Planned.of(name, image, found.get(name), cache) for name, image in images.items()]
    ignored = git_ignored([image.selected for image in images.values()], os.environ)
    if arguments.json:
        sys.stdout.write(json.dumps(as_json(planned, plan.unknown, ignored)) + "\n")
    else:
        _print(planned, plan.unknown, ignored)
    return SOMETHING_TO_BUILD if plan.unknown or any(image.is_missing for image in planned) else 0


@dataclass(frozen=True, slots=True)
class _Planned:
    """One image of the result.

    Attributes:
        name: Its name in the plan.
        image: As its files are now.
        digest: The registry's digest under its key's tag; None if the tag is missing.
        reason: Why it is to be built, or why it is not.
    """

    name: str
    image: CurrentImage
    digest: str | None
    reason: str

    @classmethod
    def of(cls, name: str, image: CurrentImage, found: Manifest | None, cache: Path) -> _Planned:
        """Make the result for an image and the registry's answer."""
        return cls(name, image, found.digest if found else None, _reason(image, cache, is_there=found is not None))

    @property
    def is_missing(self) -> bool:
        """Whether it is to be built."""
        return self.digest is None

    @property
    def is_changed(self) -> bool:
        """Whether its key has changed since the plan was written."""
        return self.image.selected.key.hex != self.image.entry.build_key


def _reason(image: CurrentImage, cache: Path, *, is_there: bool) -> str:
    if image.entry.pin is not None:
        return f"pinned to {image.entry.pin.tag}"
    changes = _changes(image, cache)
    if not image.entry.repository_url:
        return "its repository did not exist when the plan was written"
    if changes:
        return f"{changes}; the registry has it already" if is_there else changes
    return "unchanged since the plan was written" if is_there else "the registry does not have it"


def _changes(image: CurrentImage, cache: Path) -> str:
    """Describe the changes since the plan was written; "" without changes."""
    before, now = image.entry, image.selected
    if now.key.hex == before.build_key:
        return ""
    keys = before.declared.base_keys
    bases = [
        f"base {name} changed" for name, key in now.declared.base_keys.items() if name in keys and keys[name] != key
    ]
    files = changed_files(before.build_key, now, cache) or []
    return ", ".join([*files, *bases]) or "changed since the plan was written"


def _print(planned: Sequence[_Planned], unknown: Sequence[str], ignored: IgnoredFiles | None) -> None:
    for image in planned:
        changed = f" ({image.reason})" if image.is_changed or image.image.entry.pin else ""
        said = f"to build: {image.reason}" if image.is_missing else f"in the registry: {image.digest}{changed}"
        say([f"{image.name}\t{image.image.selected.key.tag}\t{said}"])
    for name in unknown:
        say([f"{name}\t-\tits build key was not known when the plan was written"])
    missing = sum(image.is_missing for image in planned)
    say([f"to build: {missing} of {counted(len(planned), 'image')}"])
    if ignored is not None:
        say([f"note: {ignored.line}"])


def as_json(planned: Sequence[_Planned], unknown: Sequence[str], ignored: IgnoredFiles | None) -> dict[str, Any]:
    """Make the object of ``--json``; its fields are described in ``docs/plan-json.md``."""
    return {
        "images": [
            {
                "name": image.name,
                "build_key": image.image.selected.key.hex,
                "tag": image.image.selected.key.tag,
                "repository_url": image.image.entry.repository_url,
                "digest": image.digest,
                "build": image.is_missing,
                "changed": image.is_changed,
                "checks": checks.as_json() if (checks := image.image.entry.checks) else None,
                "reason": image.reason,
                "pin": str(image.image.entry.pin or ""),
            }
            for image in planned
        ],
        "to_build": [image.name for image in planned if image.is_missing],
        "unknown": list(unknown),
        "git_ignored": None if ignored is None else ignored.as_json(),
    }
