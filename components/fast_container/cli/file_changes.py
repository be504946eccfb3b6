"""Changes of the user's files: shown first, asked for, and written whole or not at all.

Decides that nothing is written without ``--yes`` or an answer on a terminal, that a file which changed since it was
read is left alone, as is one that is read-only, and that a link stays a link: the file that it names is written. Leaves
what changes to the verbs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fast_container.cli.output import complain, emit, say
from fast_container.cli.text_diff import unified_diff
from fast_container.errors import ArgsError


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file's change.

    Attributes:
        path: Where it is.
        name: As it is called in messages.
        before: Its bytes; None if it does not exist.
        after: Its new bytes.
    """

    path: str
    name: str
    before: bytes | None
    after: bytes


def read_for_change(path: str, name: str) -> bytes | None:
    """Return a file's bytes; None if it does not exist.

    Raises:
        ArgsError: It cannot be read, or is not a file.
    """
    if not os.path.lexists(path):
        return None
    try:
        if not Path(path).is_file():
            raise ArgsError(f"{name} is not a file that can be changed.", property_path=name)
        return Path(path).read_bytes()
    except OSError as error:
        raise ArgsError(f"{name} cannot be read.", property_path=name, why=error.strerror or str(error)) from None


def make_changes(changes: Sequence[FileChange], *, yes: bool) -> bool:
    """Show changes and write them if that is wanted; whether they were written.

    Raises:
        ArgsError: A file changed meanwhile or cannot be written; those before it in the list were.
    """
    _show(changes)
    if not yes and not _is_wanted(len(changes)):
        return False
    for change in changes:
        _check(change)
    for change in changes:
        _write(change)
    return True


def _show(changes: Sequence[FileChange]) -> None:
    """Print the diffs: for a terminal so that nothing moves its cursor, else byte for byte."""
    for change in changes:
        before = None if change.before is None else _decoded(change.before)
        lines = unified_diff(before, _decoded(change.after), change.name)
        if sys.stdout.isatty():
            say(line.removesuffix("\r") for line in lines)
        else:
            emit("".join(f"{line}\n" for line in lines))


def _decoded(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")


def _is_wanted(count: int) -> bool:
    if not sys.stdin.isatty():
        complain("Nothing was written: there is no terminal to ask. Give --yes to write this.")
        return False
    sys.stderr.write(f"Write {'this change' if count == 1 else f'these changes of {count} files'}? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _check(change: FileChange) -> None:
    real = os.path.realpath(change.path)
    if read_for_change(real, change.name) != change.before:
        raise ArgsError(
            f"{change.name} changed while it was looked at.",
            property_path=change.name,
            why="the change was made for what it held before; nothing was written",
            next_step="Run again.",
        )
    if change.before is not None and not Path(real).stat().st_mode & 0o222:
        raise ArgsError(
            f"{change.name} is read-only.",
            property_path=change.name,
            why="nothing was written",
            next_step="Make it writable, and run again.",
        )


def _write(change: FileChange) -> None:
    real = Path(os.path.realpath(change.path))
    partial = real.with_name(f".{real.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(change.after)
        if change.before is not None:
            known = real.stat()
            partial.chmod(known.st_mode & 0o7777)
            with suppress(OSError):
                os.chown(partial, known.st_uid, known.st_gid)
        partial.replace(real)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise ArgsError(
            f"{change.name} cannot be written.", property_path=change.name, why=error.strerror or str(error)
        ) from None
