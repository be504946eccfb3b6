"""How the words of a Dockerfile are read: the options of ``shell_words``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

VariableLookup = Callable[[str], str | None]
"""Returns the value of a variable, or None if it is unset. May raise ``UnknownValueError``."""


@dataclass(frozen=True, slots=True)
class LexOptions:
    """How a word is read.

    Attributes:
        escape: The escape character.
        raw_quotes: Quotes stay in the result.
        raw_escapes: Escapes stay in the result.
        skip_quotes: Quotes are ordinary characters.
        skip_unset: A reference to an unset variable stays as written.
    """

    escape: str = "\\"
    raw_quotes: bool = False
    raw_escapes: bool = False
    skip_quotes: bool = False
    skip_unset: bool = False
