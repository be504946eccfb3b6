"""Words of messages: the name that a misspelt one was probably meant to be, nouns in singular and plural, sizes.

Decides when two names are near enough to be mentioned, and how sizes are rounded. Leaves the message to the caller.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_NEAR = 0.7
_LISTED = 8


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name that is nearest in spelling; ``""`` if none is near."""
    by_lower = {each.lower(): each for each in known}
    found = get_close_matches(name.lower(), by_lower, n=1, cutoff=_NEAR)
    return by_lower[found[0]] if found else ""


def counted(count: int, noun: str) -> str:
    """Write a count with its noun: ``1 file``, ``2 files``."""
    return f"{count} {noun if count == 1 else f'{noun}s'}"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Suggest the nearest known name, or list the known names if they are few; ``""`` otherwise."""
    names = sorted(known)
    near = nearest(name, names)
    question = [f"did you mean {near!r}?"] if near else []
    listed = [f"one of: {', '.join(names)}"] if names and (not near or len(names) <= _LISTED) else []
    return " ".join(question + listed)


def size_text(size_bytes: int) -> str:
    """Write a size with three digits: ``1.23 GB``, ``12.3 MB``, ``456 kB``, ``7 B``; decimal, as registries count."""
    size, unit = float(abs(size_bytes)), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if size < 999.5:
            break
        size, unit = size / 1000, larger
    digits = 0 if unit == "B" or size >= 99.95 else 1 if size >= 9.995 else 2
    return f"{'-' if size_bytes < 0 else ''}{size:.{digits}f} {unit}"


def growth_text(size_bytes: int) -> str:
    """Write how much something grew: ``+12.3 MB``, ``-456 kB``, ``0 B``."""
    return f"+{size_text(size_bytes)}" if size_bytes > 0 else size_text(size_bytes)


def megabytes(size_bytes: int) -> str:
    """``38 MB``, ``0.4 MB``, ``0 MB``; decimal megabytes, as registries and price lists count."""
    size = size_bytes / 1e6
    return f"{size:.0f} MB" if size >= 10 or size_bytes == 0 else f"{max(size, 0.1):.1f} MB"
