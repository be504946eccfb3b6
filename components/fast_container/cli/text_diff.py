"""The unified diff of two strings that differ in few places, in linear time.

Decides where the two meet again after a difference: at the nearest line that both have and that says something.
Large ones with many changes are compared as fast as small ones; that is more than ``difflib`` promises.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

_CONTEXT: Final = 3
_FARTHEST: Final = 120
_NO_END: Final = "\\ No newline at end of file"


class _Change(NamedTuple):
    """Lines ``start`` to ``end`` of the first text are ``new_start`` to ``new_end`` of the second."""

    start: int
    end: int
    new_start: int
    new_end: int


def unified_diff(before: str | None, after: str, name: str) -> Iterator[str]:
    """Yield the lines of the diff, without their ends; nothing for equal strings.

    Args:
        before: None for a file that does not exist yet.
        after: The new text.
        name: The file's name.
    """
    old, new = _lines(before or ""), _lines(after)
    hunks = list(_hunks(_changes(old, new)))
    if not hunks:
        return
    yield f"--- {name if before is not None else '/dev/null'}"
    yield f"+++ {name}"
    for hunk in hunks:
        yield from _shown(hunk, old, new)


def _lines(text: str) -> list[str]:
    parts = text.split("\n")
    last = parts.pop()
    return [*(f"{part}\n" for part in parts), *([last] if last else [])]


def _changes(old: Sequence[str], new: Sequence[str]) -> Iterator[_Change]:
    at = new_at = 0
    while at < len(old) or new_at < len(new):
        if at < len(old) and new_at < len(new) and old[at] == new[new_at]:
            at, new_at = at + 1, new_at + 1
            continue
        ahead, new_ahead = _meeting(old, new, at, new_at)
        yield _Change(at, at + ahead, new_at, new_at + new_ahead)
        at, new_at = at + ahead, new_at + new_ahead


def _meeting(old: Sequence[str], new: Sequence[str], at: int, new_at: int) -> tuple[int, int]:
    """How many lines of each are different before they meet again."""
    rest, new_rest = len(old) - at, len(new) - new_at
    for distance in range(1, min(rest + new_rest, _FARTHEST)):
        for ahead in range(max(0, distance - new_rest), min(distance, rest) + 1):
            here, there = at + ahead, new_at + distance - ahead
            both_end = here == len(old) and there == len(new)
            line = old[here] if here < len(old) else ""
            if both_end or (len(line.strip()) > 1 and new[there : there + 1] == [line]):
                return ahead, distance - ahead
    return rest, new_rest


def _hunks(changes: Iterable[_Change]) -> Iterator[list[_Change]]:
    """Group changes whose surroundings touch."""
    hunk: list[_Change] = []
    for change in changes:
        if hunk and change.start - hunk[-1].end > 2 * _CONTEXT:
            yield hunk
            hunk = []
        hunk.append(change)
    if hunk:
        yield hunk


def _shown(hunk: Sequence[_Change], old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    first, last = hunk[0], hunk[-1]
    before = min(_CONTEXT, first.start)
    after = min(_CONTEXT, len(old) - last.end)
    start, end = first.start - before, last.end + after
    new_start, new_end = first.new_start - before, last.new_end + after
    yield f"@@ -{_range(start, end)} +{_range(new_start, new_end)} @@"
    at = start
    for change in hunk:
        yield from _marked(" ", old[at : change.start])
        yield from _marked("-", old[change.start : change.end])
        yield from _marked("+", new[change.new_start : change.new_end])
        at = change.end
    yield from _marked(" ", old[at:end])


def _range(start: int, end: int) -> str:
    length = end - start
    return f"{start + 1 if length else start},{length}"


def _marked(mark: str, lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        content = line.removesuffix("\n")
        yield f"{mark}{content}"
        if not line.endswith("\n"):
            yield _NO_END
