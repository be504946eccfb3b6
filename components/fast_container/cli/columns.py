"""Tables of the command line: columns that fit the terminal, or 80 characters if output is not a terminal.

Decides that the last column gives way: a path loses its middle, another text its end. Strings of others are made
printable first, so that what is cut is what is seen.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from typing import Final

from fast_container.printable import printable

_NARROWEST: Final = 20
_DEFAULT: Final = 80


def terminal_width() -> int:
    """Return the width of the terminal, or of a page of text."""
    return shutil.get_terminal_size((_DEFAULT, 24)).columns if sys.stdout.isatty() else _DEFAULT


def table(rows: Sequence[Sequence[str]], left: str, width: int, *, indent: int = 2) -> list[str]:
    """Format rows; all columns but those in ``left`` are aligned to the right.

    Args:
        rows: Cells; the last one of a row may be long.
        left: Numbers of the columns that are aligned to the left, as ``"03"``.
        width: Of the whole table.
        indent: Spaces before each row.
    """
    cells = [[printable(cell) for cell in row] for row in rows]
    if not cells:
        return []
    last = len(cells[0]) - 1
    widths = [max(len(row[at]) for row in cells) for at in range(last)]
    room = max(_NARROWEST, width - indent - sum(widths) - 2 * last)
    return [
        (
            " " * indent
            + "".join(
                f"{cell:<{wide}}  " if str(at) in left else f"{cell:>{wide}}  "
                for at, (cell, wide) in enumerate(zip(row, widths, strict=False))
            )
            + shortened(row[last], room)
        ).rstrip()
        for row in cells
    ]


def shortened(text: str, room: int) -> str:
    """Cut a string to a width: a path in its middle, another string at its end."""
    if len(text) <= room:
        return text
    if not text.startswith("/"):
        return f"{text[: room - 1]}…"
    end = (room - 1) * 2 // 3
    return f"{text[: room - 1 - end]}…{text[-end:]}"
