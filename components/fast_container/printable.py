"""Foreign strings as they may be shown: build output, file names, answers of a registry.

Decides what never reaches a terminal or the log of a CI system. Control characters (and those that change the direction
of writing, or break lines) are shown by their numbers, as Python would write them; so nothing moves the cursor, sets a
title or forges a line. Commands of CI systems (``::error`` at the beginning of a line, ``##[…]``, ``##vso[…]``,
``##teamcity[…]``) are broken in the same way. Colours and cursor moves are first removed from build output.

Every outlet uses this: errors (``errors``), the rows of the Pulumi display (``adapters.pulumi_log``), build logs
(``adapters.buildx.progress``) and the command line (``cli.output``). Output for programs, as JSON, is not changed.
"""

from __future__ import annotations

import re
from typing import Final

# C0 but tab, DEL, C1, line and paragraph separators, marks of direction, tags, and bytes that are not UTF-8.
_UNSAFE: Final = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)
_COMMAND: Final = re.compile(r"^(\s*):(?=:)|(##[\w.-]{0,40})\[")
# CSI; OSC, DCS and the like to their end, or to what cannot be in them; what else begins with ESC.
_SEQUENCE: Final = re.compile(
    "(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]"
    "|(?:\x1b[\\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]{0,4096}(?:\x07|\x1b\\\\|\x9c)"
    "|\x1b[ -/]*[0-Z\\\\^_`a-~]"
)


def printable(text: str) -> str:
    """A text as one line."""
    if not text.isprintable():
        text = _UNSAFE.sub(_escaped, text)
    return _COMMAND.sub(_broken, text) if ":" in text or "##" in text else text


def printable_lines(text: str) -> str:
    """A text whose lines are kept."""
    return "\n".join([printable(line) for line in text.split("\n")]) if "\n" in text else printable(text)


def output_lines(text: str) -> str:
    """Output of a program whose lines are kept, without colours and cursor moves."""
    return printable_lines(without_sequences(text))


def without_sequences(text: str) -> str:
    """A text without a terminal's control sequences."""
    return _SEQUENCE.sub("", text) if "\x1b" in text or not text.isascii() else text


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    number = ord(character)
    if 0xDC80 <= number <= 0xDCFF:
        # A byte that is not UTF-8, as Python keeps it in names.
        return f"\\x{number - 0xDC00:02x}"
    return ascii(character)[1:-1]


def _broken(match: re.Match[str]) -> str:
    return f"{match[1]}\\x3a" if match[2] is None else f"{match[2]}\\x5b"
