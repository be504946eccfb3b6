"""The output of the command line for people.

Decides that foreign strings never move a terminal's cursor or look like a command (``printable``), and that a terminal
that lacks a character gets its number. Output for programs (``--json``, a Dockerfile) is written as it is.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

from fast_container.errors import ArgsError
from fast_container.printable import printable, printable_lines


def say(lines: Iterable[str]) -> None:
    """Print lines to standard output; each stays one line."""
    _write(sys.stdout, "".join(f"{printable(line)}\n" for line in lines))


def emit(text: str) -> None:
    """Write output for programs (a Dockerfile, a command) as it is: in UTF-8, and other bytes of names too."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
    sys.stdout.buffer.flush()


def write_page(place: str, page: str) -> None:
    """Write the page of ``--html`` and say where it is.

    Raises:
        ArgsError: It cannot be written there.
    """
    try:
        Path(place).write_text(page, encoding="utf-8")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise ArgsError("The page cannot be written.", property_path="--html", why=why or str(error)) from None
    say([f"{place}: {len(page.encode()) / 1000:.0f} kB"])


def complain(text: str) -> None:
    """Print a message, which may have several lines, to standard error."""
    _write(sys.stderr, f"{printable_lines(text)}\n")


def _write(stream: TextIO, text: str) -> None:
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
