"""Quick looks at paths that no ignore pattern matches, which is nearly all of them.

Decides only "surely not"; everything that is in doubt is decided by the patterns themselves (``core.ignore``). A
pattern's ``!`` does not matter here: one that matches nothing takes nothing away and brings nothing back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from fast_container.core.go_path import BadPatternError
from fast_container.core.ignore_pattern import IgnorePattern
from fast_container.core.ignore_regexp import compile_go

# Characters that stand for themselves in a pattern, whoever reads it.
_LITERAL_BEGIN: Final = re.compile(r"[A-Za-z0-9_./@+~=,%-]*")
_LITERAL_END: Final = re.compile(r"[A-Za-z0-9_./@+~=,%-]*\Z")
# Characters that moby forgets to escape, and "\\", behind which letters and digits mean something else to Go ("\\x41",
# "\\101", "\\Q"): what such a pattern matches is for the pattern itself to say.
_NOT_PLAIN: Final = frozenset("{}|^\\")


def path_test(patterns: Sequence[IgnorePattern]) -> Callable[[str], bool]:
    """Whether surely none of the patterns matches a path by itself: one look at it for all together."""
    exact: set[str] = set()
    begins: list[str] = []
    ends: list[str] = []
    expressions: list[str] = []
    for pattern in patterns:
        if not pattern.text.isascii():
            return _in_doubt
        if pattern.kind == "regexp":
            try:
                expressions.append(f"(?:{compile_go(pattern.expression).pattern})")
            except BadPatternError:
                return _in_doubt
        elif pattern.kind == "exact":
            exact.add(pattern.text)
        elif pattern.kind == "prefix":
            begins.append(pattern.text[:-2])
        else:
            ends.append(pattern.text[2:])
            exact.add(pattern.text[2:].removeprefix("/"))
    all_begins, all_ends = tuple(begins), tuple(ends)
    # Of several kinds of patterns only those cost time that there are.
    search = re.compile("|".join(expressions), re.ASCII).search if expressions else None

    def matches_nothing(path: str) -> bool:
        if path in exact or (all_ends and path.endswith(all_ends)) or (all_begins and path.startswith(all_begins)):
            return False
        return path.isascii() and (search is None or search(path) is None)

    return matches_nothing


def _in_doubt(_path: str) -> bool:
    return False


def directory_test(
    patterns: Sequence[IgnorePattern], matches_nothing: Callable[[str], bool]
) -> Callable[[str, Iterable[str]], bool]:
    """Whether surely none of the patterns matches any of several names in one directory.

    A path that a pattern matches ends as the pattern does, where that end is literal; else it begins as the pattern
    begins. So a few searches in all paths at once tell that there is none.

    Args:
        patterns: The patterns.
        matches_nothing: Their ``path_test``; what that doubts is doubted here.

    Returns:
        A test of what stands before each name (the directory's path with a slash, or nothing), and the names.
    """
    ends: set[str] = set()
    begins: set[str] = set()
    if matches_nothing is _in_doubt:
        return _doubt_all
    for pattern in patterns:
        end, begin = _literal_ends(pattern.text)
        if end:
            ends.add(f"{end}\0")
        elif begin:
            begins.add(begin)
        else:
            return _doubt_all
    # What ends in a longer one ends in the shorter one, too.
    all_ends = [end for end in ends if not any(end != other and end.endswith(other) for other in ends)]
    all_begins = tuple(begins)

    def matches_nothing_in(prefix: str, names: Iterable[str]) -> bool:
        paths = prefix + ("\0" + prefix).join(names) + "\0"
        if not paths.isascii():
            return False
        for end in all_ends:
            if end in paths:
                return False
        return not any(prefix.startswith(begin) or begin.startswith(prefix) for begin in all_begins)

    return matches_nothing_in


def _literal_ends(text: str) -> tuple[str, str]:
    """What each path that a pattern matches ends with, and begins with; "" where that is not known."""
    if not _NOT_PLAIN.isdisjoint(text):
        return "", ""
    found = _LITERAL_END.search(text)
    end = found.group() if found is not None else ""
    begin = _LITERAL_BEGIN.match(text)
    # A slash in front may be that of "**/", which also stands for nothing.
    return end.lstrip("/"), begin.group() if begin is not None else ""


def _doubt_all(_prefix: str, _names: Iterable[str]) -> bool:
    return False
