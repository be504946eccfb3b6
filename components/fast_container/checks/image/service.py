"""V08: what a service on ECS needs: a user that is there and is not root, and nothing that makes it root again.

Decides that a user or a program that is not there is an error, since no task would start; the rest is a warning.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from fast_container.checks.image.foreign_programs import check_machine
from fast_container.checks.image.lookup import program
from fast_container.checks.image.rule import Found, by_origin, is_of_base, place_of
from fast_container.checks.image.settings import ImageRequirements
from fast_container.core.layers.contents import ImageContents, ImageFiles
from fast_container.core.layers.file_kinds import SET_ID, WRITABLE
from fast_container.core.layers.merged import Placed

_KNOWN: Final = re.compile(
    r"chage|chfn|chsh|crontab|dbus-daemon-launch-helper|expiry|gpasswd|mount|new[gu]idmap|newgrp|passwd"
    r"|pam_timestamp_check|ping6?|pkexec|ssh-agent|ssh-keysign|su|sudo|umount|unix_chkpwd|utempter|wall|write"
)
"""Set-user-id programs that bases bring."""
_MOST_DIGITS: Final = 10


def check_user(image: ImageContents, _: ImageRequirements) -> Iterator[Found]:
    """Find a user that is root."""
    user = image.configuration.user.partition(":")[0]
    if user in {"", "root", "0"}:
        yield Found(
            image.name,
            "The service runs as root.",
            "who breaks into it may do everything in its container",
            "Create a user, and end the Dockerfile with USER and its number.",
        )
    elif _number(user) is None:
        yield Found(
            image.name,
            f"USER {user} is a name.",
            "runAsNonRoot and task definitions can only tell a number that it is not root",
            "Give the user's number.",
        )


def check_files(image: ImageContents, files: ImageFiles, settings: ImageRequirements) -> Iterator[Found]:
    """Find a user or program that is not there, set-user-id files, and sources that the service may write to."""
    user = image.configuration.user.partition(":")[0]
    users = _users(files)
    if user and _number(user) is None and user not in users:
        yield Found(
            "/etc/passwd",
            f"USER {user} is not a user of the image.",
            "no task starts",
            "Create it.",
            fails_in_service=True,
        )
    arguments = image.configuration.entrypoint or image.configuration.command
    if arguments and program(files.merged, image.configuration, arguments[0]) is None:
        yield Found(
            arguments[0],
            "The program that the image starts is not in the image.",
            "no task starts",
            "Correct ENTRYPOINT or CMD, or install the program.",
            fails_in_service=True,
        )
    for origin, risky in by_origin(files, _unusual(files, settings), settings):
        for placed in risky[:10]:
            yield Found(
                place_of(files, placed),
                "A set-user-id program is in the image.",
                "it runs as its owner",
                "Run: chmod a-s.",
                is_of_base=origin,
            )
    yield from check_machine(image, files)
    number = users.get(user, 0) if _number(user) is None else _number(user) or 0
    yield from _writable(image, files, number)


def _unusual(files: ImageFiles, settings: ImageRequirements) -> Iterator[Placed]:
    """Yield set-user-id programs, without well-known ones of the base: of any layer where the base's are unknown."""
    for placed in files.merged.of_kind(SET_ID):
        may_be_of_base = not settings.base_layers or is_of_base(files, placed.layer, settings)
        if not (may_be_of_base and _KNOWN.fullmatch(placed.entry.path.rpartition("/")[2])):
            yield placed


def _users(files: ImageFiles) -> dict[str, int]:
    placed = files.merged.get("etc/passwd")
    lines = placed.entry.head.decode("utf-8", "replace").splitlines() if placed else []
    fields = [line.split(":") for line in lines]
    return {one[0]: number for one in fields if len(one) > 3 and (number := _number(one[2])) is not None}


def _number(said: str) -> int | None:
    """Read the number of a user; None for anything else."""
    return int(said) if said.isascii() and said.isdecimal() and len(said) <= _MOST_DIGITS else None


def _writable(image: ImageContents, files: ImageFiles, user: int) -> Iterator[Found]:
    place = image.configuration.working_directory.strip("/")
    if not user or not place:
        return
    found = [
        placed
        for placed in files.merged.of_kind(WRITABLE)
        if placed.entry.path.startswith(f"{place}/")
        and ((placed.entry.uid == user and placed.entry.mode & 0o200) or placed.entry.mode & 0o002)
    ]
    if found:
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        yield Found(
            place_of(files, found[0]) + more,
            "The service may write to its own program.",
            "who breaks into it can stay",
            "Let root own it: leave out COPY --chown.",
        )
