"""A Go regular expression as parts of Python's, and one search for several of them.

Decides how to search so that it is never slow: with Python's ``re``, or with a ``core.linear_match.LinearMatcher``
where ``re`` would take too long. Leaves reading Go's syntax to ``core.ignore.go_regexp``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fast_container.core.linear_match import LinearMatcher, Step, is_costly, one_of

BEGIN: Final = r"(?:\A)"
DIRECTORIES: Final = "(?:.*/)?"
_PLACES: Final = frozenset({BEGIN, r"\Z", r"(?:\Z)", r"(?:\b)", r"(?:\B)"})


@dataclass(slots=True)
class Atom:
    """A piece of an expression, written for Python.

    Attributes:
        star: It is moby's `*`: any run without a slash.
        in_name: It takes exactly one character, never a slash.
        repeated: It has a repetition already.
        base: The repeated piece.
        low: Fewest repetitions.
        high: Most repetitions; None for any number.
    """

    text: str
    star: bool = False
    in_name: bool = False
    repeated: bool = False
    base: str = ""
    low: int = 1
    high: int | None = 1

    @property
    def varies(self) -> bool:
        """Whether it can take a different number of characters."""
        return self.text == DIRECTORIES or self.low != self.high

    def steps(self) -> list[Step]:
        """Steps of a ``LinearMatcher`` that match the same."""
        base = self.base or self.text
        if base == DIRECTORIES:
            return [Step(one_of("."), "directories")]
        if base in _PLACES:
            found = re.compile(base, re.ASCII)
            return [Step(lambda _: False, "place", found.match)] if self.low else []
        takes = one_of(base)
        more = [Step(takes, "many")] if self.high is None else [Step(takes, "maybe")] * (self.high - self.low)
        return [Step(takes)] * self.low + more


class GoExpression:
    """One or several expressions as one search that is never slow.

    Args:
        branches: The alternatives of all of them.
    """

    def __init__(self, branches: Sequence[Sequence[Atom]]) -> None:
        texts = [_join(atoms) for atoms in branches]
        self._quick = re.compile("|".join(texts), re.ASCII).search
        self._branches = branches
        self._shapes = {shape for shape in map(_shape, branches) if shape[0] > 1}
        self._linear: list[LinearMatcher] | None = None

    def search(self, text: str) -> object:
        """Whether one of them matches somewhere in a string."""
        if not any(is_costly(*shape, text) for shape in self._shapes):
            return self._quick(text)
        if self._linear is None:
            self._linear = [
                LinearMatcher([step for atom in atoms for step in atom.steps()]) for atoms in self._branches
            ]
        return any(matcher.found_in(text) for matcher in self._linear)


def _shape(atoms: Sequence[Atom]) -> tuple[int, int]:
    """Count the parts that vary, and those of them that are directories; an unanchored begin varies, too."""
    begins_anywhere = not atoms or atoms[0].text != BEGIN
    return begins_anywhere + sum([a.varies for a in atoms]), sum([a.text == DIRECTORIES for a in atoms])


def _join(atoms: Sequence[Atom]) -> str:
    """Write a sequence as a regular expression.

    Between two stars of one name the first occurrence of what separates them is as good as any other, so the search
    need
    not try the later ones; otherwise a long name against many stars takes polynomial time.
    """
    parts: list[str] = []
    index = 0
    while index < len(atoms):
        end = index + 1
        if atoms[index].star:
            while end < len(atoms) and atoms[end].in_name:
                end += 1
            if end < len(atoms) and atoms[end].star:
                middle = "".join(atom.text for atom in atoms[index + 1 : end])
                parts.append(f"(?>[^/]*?{middle})")
                index = end
                continue
        parts.append(atoms[index].text)
        index += 1
    return "".join(parts)
