"""The records of an image beside it in its registry, for ``history``.

Decides where an image's history begins: at its key tag if a plan file is there, and at the images that this machine
has records of. What cannot be asked, or does not answer in time, costs one line. Leaves following it to
``adapters.records.image_history``.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from fast_container.adapters.records.image_history import image_history
from fast_container.adapters.records.shared_records import SharedRecords
from fast_container.adapters.registry.registries import Registries
from fast_container.cli.output import complain
from fast_container.cli.planned import load_plan
from fast_container.core.aws_access import AwsAccess
from fast_container.core.key import tag_of
from fast_container.core.ports import Manifest
from fast_container.core.program_file import FILE_NAME, PlannedEntry
from fast_container.core.records.record import BuildRecord
from fast_container.errors import FastContainerError

_LONGEST_S: Final = 15.0


@dataclass(slots=True)
class _Asked:
    """One repository, and what it answers."""

    url: str
    digests: list[str]
    tags: list[str] = field(default_factory=list[str])
    found: list[BuildRecord] = field(default_factory=list[BuildRecord])
    why: str = "it did not answer in time"


def planned_images(plan: str | None) -> dict[str, PlannedEntry]:
    """Return name → image of a plan file; none where the usual file is not there or cannot be read.

    Raises:
        ArgsError: The file that was named cannot be read.
    """
    if plan is None and not Path(FILE_NAME).exists():
        return {}
    try:
        return dict(load_plan(plan or FILE_NAME).entries)
    except FastContainerError as error:
        if plan is not None:
            raise
        complain(f"fast-container: {FILE_NAME} is left out: {_one_line(error)}")
        return {}


def shared_history(
    planned: PlannedEntry | None,
    local: Sequence[BuildRecord],
    *,
    most: int,
    since: float,
    longest_s: float = _LONGEST_S,
) -> list[BuildRecord]:
    """Return what the registry knows of an image, by the beginnings of its builds.

    Args:
        planned: The image in the plan file.
        local: Its records on this machine.
        most: As many records are enough.
        since: Seconds since the epoch, from which on builds are wanted.
        longest_s: Seconds after which a registry is given up.
    """
    repositories: dict[str, _Asked] = {}
    for record in reversed(local):
        one = repositories.setdefault(record.repository_url, _Asked(record.repository_url, []))
        if record.digest:
            one.digests.append(record.digest)
        elif not one.digests and not one.tags:
            one.tags.append(tag_of(record.key))
    if planned is not None and planned.repository_url:
        url = planned.repository_url
        repositories.setdefault(url, _Asked(url, [])).tags.append(tag_of(planned.build_key))
    registries = Registries(AwsAccess(), os.environ)
    known = {(record.digest, f"{record.started:.0f}"): record for record in local if record.outcome == "built"}
    shared = SharedRecords(registries.oci_blocking, lambda _: None)

    def ask(one: _Asked) -> None:
        digests = [*_under_tags(registries, one), *one.digests]
        one.found = image_history(
            lambda digest: shared.records_of(one.url, [digest], known),
            list(dict.fromkeys(digests))[:most],
            most=most,
            since=since,
        )

    for one in repositories.values():
        _in_time(ask, one, longest_s)
        if one.why:
            complain(f"fast-container: records beside the images of {one.url} are left out: {one.why}")
    registries.close()
    return [record for one in repositories.values() for record in one.found]


def _under_tags(registries: Registries, one: _Asked) -> list[str]:
    async def find() -> Mapping[str, Manifest]:
        return await registries.repository(one.url).find(one.tags)

    return [manifest.digest for manifest in asyncio.run(find()).values()] if one.tags else []


def _in_time(ask: Callable[[_Asked], None], one: _Asked, longest_s: float) -> None:
    """Ask in a thread that nothing waits for any longer than that."""

    def run() -> None:
        try:
            ask(one)
            one.why = ""
        except FastContainerError as error:
            one.why = _one_line(error)

    thread = threading.Thread(target=run, name="ask a registry for records", daemon=True)
    thread.start()
    thread.join(longest_s)


def _one_line(error: FastContainerError) -> str:
    text = f"{error.what.rstrip('.')}{f' ({error.why})' if error.why else ''}"
    return " ".join(text.split())
