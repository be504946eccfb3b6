"""``fast-container plan``: what would be built now, without Pulumi and without building.

Decides the exit codes: 0 nothing to build, 3 something to build (2 is bad input, as everywhere). Leaves keys and
look-ups to ``cli.planned``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping
from typing import Any

from fast_container.cli.output import say
from fast_container.cli.planned import CurrentImage, current_images, load_plan, look_up, open_registries
from fast_container.core.ports import Manifest

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
    missing = [name for name in images if name not in found]
    if arguments.json:
        sys.stdout.write(json.dumps(as_json(images, found) | {"unknown": list(plan.unknown)}) + "\n")
    else:
        for name, image in images.items():
            said = f"in the registry: {found[name].digest}" if name in found else "to build"
            say([f"{name}\t{image.selected.key.tag}\t{said}"])
        for name in plan.unknown:
            say([f"{name}\t-\tits build key was not known when the plan was written"])
        say([f"{len(missing)} of {len(images)} images are to be built"])
    return SOMETHING_TO_BUILD if missing or plan.unknown else 0


def as_json(images: Mapping[str, CurrentImage], found: Mapping[str, Manifest]) -> dict[str, Any]:
    """The object of ``--json``."""
    return {
        "images": [
            {
                "name": name,
                "build_key": image.selected.key.hex,
                "tag": image.selected.key.tag,
                "repository_url": image.entry.repository_url,
                "digest": found[name].digest if name in found else None,
                "build": name not in found,
                "changed": image.selected.key.hex != image.entry.build_key,
            }
            for name, image in images.items()
        ],
        "to_build": [name for name in images if name not in found],
    }
