"""What the command line says to people.

Decides that nothing of others' texts moves a terminal's cursor or is taken for a command (``printable``), and that
a terminal which lacks a character gets its number. What is for programs (``--json``, a Dockerfile) is written as it is.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TextIO

from fast_container.printable import printable, printable_lines


def say(lines: Iterable[str]) -> None:
    """Lines to standard output, each of which is one."""
    _write(sys.stdout, "".join(f"{printable(line)}\n" for line in lines))


def emit(text: str) -> None:
    """What a program reads (a Dockerfile, a command) to standard output, as it is: UTF-8, other bytes of names too."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
    sys.stdout.buffer.flush()


def complain(text: str) -> None:
    """A message, which may have several lines, to standard error."""
    _write(sys.stderr, f"{printable_lines(text)}\n")


def _write(stream: TextIO, text: str) -> None:
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
