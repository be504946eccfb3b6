"""``fast-container accept``: the user accepts the image that replaced a recorded one under its key tag.

Decides that only the image that the registry has now can be accepted. The written file tells the next `pulumi up`,
which makes it the recorded image; nothing else is changed. Leaves its form to ``core.replaced_tag``.
"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from fast_container.adapters.registry.registries import Registries
from fast_container.cli.output import say
from fast_container.cli.planned import open_registries
from fast_container.core.replaced_tag import (
    FILE_NAME,
    OPTION,
    AcceptedTag,
    load_accepted,
    parse_accepted,
    write_accepted,
)
from fast_container.errors import ArgsError


def run(arguments: argparse.Namespace) -> int:
    """Ask the registry, then write the file.

    Raises:
        ArgsError: The registry has another image, or none, under the tag; or the file cannot be read or written.
        RegistryError: The registry cannot be asked.
    """
    tags = [parse_accepted(text) for text in arguments.accept_replaced_tag]
    folder = Path(arguments.folder)
    accepted = load_accepted(folder)
    registries = open_registries()
    try:
        asyncio.run(_check(tags, registries))
    finally:
        registries.close()
    accepted |= {f"{one.url}:{one.tag}": one.digest for one in tags}
    try:
        (folder / FILE_NAME).write_text(write_accepted(accepted), encoding="utf-8")
    except OSError as error:
        raise ArgsError(
            f"{FILE_NAME} cannot be written.", property_path="--folder", why=error.strerror or str(error)
        ) from None
    for one in tags:
        say([f"accepted  {one}"])
    say([f"{folder / FILE_NAME} is written; the next `pulumi up` uses that image, and then the file can be deleted"])
    return 0


async def _check(tags: list[AcceptedTag], registries: Registries) -> None:
    for one in tags:
        registry = registries.repository(one.url)
        found = (await registry.find([one.tag])).get(one.tag)
        if found is None or found.digest != one.digest:
            raise ArgsError(
                "The registry has another image under that tag." if found else "The registry has no such tag.",
                property_path=OPTION,
                why=f"{one.url}:{one.tag} names {found.digest if found else 'nothing'}",
                next_step="Look at the message of `pulumi refresh` or `pulumi up` again.",
            )
