"""The words that a line is cut into while it is expanded.

Decides where a word ends. Leaves quotes, escapes and variables to ``shell_words``.
Source: BuildKit v0.34.2, ``frontend/dockerfile/shell``.
"""

from __future__ import annotations

import re
from typing import Final

from fast_container.core.go_path import SPACE

_SPACES: Final = re.compile(f"[{re.escape(SPACE)}]+")


class GatheredWords:
    """The words gathered on one level of nesting; all levels share the buffer of the current word, as in BuildKit."""

    def __init__(self, buffer: list[str]) -> None:
        self._buffer = buffer
        self._in_word = False
        self.done: list[str] = []

    def add(self, text: str) -> None:
        """Add characters; white space ends the current word."""
        for number, part in enumerate(_SPACES.split(text)):
            if number and self._in_word and self._buffer:
                self._flush()
            if part:
                self.add_raw(part)

    def add_raw(self, text: str) -> None:
        """Add characters to the current word, white space too."""
        if text:
            self._buffer.append(text)
        self._in_word = True

    def finish(self) -> list[str]:
        """End the current word and return all words."""
        if self._buffer:
            self._flush()
        return self.done

    def _flush(self) -> None:
        self.done.append("".join(self._buffer))
        self._buffer.clear()
        self._in_word = False
