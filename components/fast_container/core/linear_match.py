"""Matches patterns with many variable parts in time that is linear in the string, not polynomial.

Python's ``re`` tries one way after the other: a name of 120 letters against seven stars takes it longer than anyone
waits. Here all ways are followed at once, one bit of a number for each place in the pattern, as Go's engine does. It is
slower for simple patterns, so ``is_costly`` says when it pays. Leaves what a pattern means to the modules that make its
steps (``core.context.wildcard``, ``core.ignore.go_regexp``, ``core.dockerfile.shell_pattern``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

_COSTLY: Final = 100_000
_MOST_STEPS: Final = 20_000

Takes = Callable[[str], object]
"""Whether a step takes a character."""


@dataclass(frozen=True, slots=True)
class Step:
    """One part of a pattern.

    Attributes:
        takes: Its characters; for ``directories`` those of their names.
        kind: One character (``one``), one or none (``maybe``), any number (``many``); nothing or anything that ends
            with a slash (``directories``); or a place between two characters (``place``).
        holds: For a place, whether it matches; called with the string and the position.
    """

    takes: Takes
    kind: Literal["one", "maybe", "many", "directories", "place"] = "one"
    holds: Callable[[str, int], object] = lambda _text, _at: True


class TooManyStepsError(ValueError):
    """A pattern with more parts than anyone writes."""


def one_of(expression: str) -> Takes:
    """Make a test of single characters from a regular expression."""
    return re.compile(expression, re.ASCII).fullmatch


def is_costly(variable: int, directories: int, text: str) -> bool:
    """Whether ``re`` may try very many ways.

    Args:
        variable: How many parts of the pattern can take a different number of characters.
        directories: How many of them end with a slash each.
        text: The string to match.
    """
    if variable < 3:
        return len(text) ** variable > _COSTLY
    return (len(text) + 1) ** (variable - directories) * (text.count("/") + 1) ** directories > _COSTLY


class LinearMatcher:
    """Matches a sequence of steps.

    Args:
        steps: The pattern.

    Raises:
        TooManyStepsError: It is too long.
    """

    def __init__(self, steps: Sequence[Step]) -> None:
        # Directories are two places: before any character, and within a name.
        self._places: list[tuple[Step, int]] = []
        for step in steps:
            self._places.append((step, 0))
            if step.kind == "directories":
                self._places.append((step, 1))
        if len(self._places) > _MOST_STEPS:
            raise TooManyStepsError("it has too many parts")
        self._end = 1 << len(self._places)
        self._skips_one = self._mask(lambda step, _: step.kind in ("maybe", "many"))
        self._skips_two = self._mask(lambda step, part: step.kind == "directories" and part == 0)
        self._between = [(1 << at, step) for at, (step, _) in enumerate(self._places) if step.kind == "place"]
        self._runs = self._doubled(self._skips_one)
        self._by_character: dict[str, tuple[int, int, int]] = {}

    def matches(self, text: str) -> bool:
        """Whether the whole string matches."""
        return any(at == len(text) for at in self.ends(text))

    def found_in(self, text: str) -> bool:
        """Whether any part of the string matches."""
        return next(self.ends(text, begins_anywhere=True), None) is not None

    def ends(self, text: str, start: int = 0, *, begins_anywhere: bool = False) -> Iterator[int]:
        """Yield the ends of matches that begin at the start, in order."""
        alive = self._reached(1, text, start)
        for at in range(start, len(text) + 1):
            if alive & self._end:
                yield at
            if at == len(text) or not (alive or begins_anywhere):
                return
            stay, one, two = self._steps_of(text[at])
            alive = (alive & stay) | (alive & one) << 1 | (alive & two) << 2 | begins_anywhere
            alive = self._reached(alive, text, at + 1)

    def _steps_of(self, character: str) -> tuple[int, int, int]:
        """Return the places that stay with the character, that advance by one, and that advance by two."""
        known = self._by_character.get(character)
        if known is None:
            is_slash = character == "/"
            stay = one = two = 0
            for at, (step, part) in enumerate(self._places):
                if step.kind == "place":
                    continue
                bit, takes = 1 << at, step.takes(character)
                if step.kind != "directories":
                    stay |= bit if takes and step.kind == "many" else 0
                    one |= bit if takes and step.kind != "many" else 0
                elif part == 0:
                    one |= bit if takes else 0
                    two |= bit if is_slash else 0
                else:
                    stay |= bit if takes else 0
                    one |= bit if is_slash else 0
            known = self._by_character[character] = (stay, one, two)
        return known

    def _reached(self, alive: int, text: str, at: int) -> int:
        """Add all places that are reached without a character."""
        while True:
            before = alive
            for distance, mask in self._runs:
                alive |= (alive & mask) << distance
            alive |= (alive & self._skips_two) << 2
            for bit, step in self._between:
                if alive & bit and step.holds(text, at):
                    alive |= bit << 1
            if alive == before:
                return alive

    def _mask(self, counts: Callable[[Step, int], bool]) -> int:
        return sum(1 << at for at, (step, part) in enumerate(self._places) if counts(step, part))

    @staticmethod
    def _doubled(mask: int) -> list[tuple[int, int]]:
        """Distances 1, 2, 4 … and the places from which so many can be skipped, as far as there are any."""
        found: list[tuple[int, int]] = []
        distance = 1
        while mask:
            found.append((distance, mask))
            mask &= mask >> distance
            distance *= 2
        return found
