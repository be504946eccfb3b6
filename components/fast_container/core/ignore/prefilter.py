"""Quick looks at paths that no ignore pattern matches, which is nearly all of them.

Decides only "surely not"; everything that is in doubt is decided by the patterns themselves (``core.ignore.rules``). A
pattern's ``!`` does not matter here: one that matches nothing takes nothing away and brings nothing back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from fast_container.core.go_path import BadPatternError
from fast_container.core.ignore.go_regexp import compile_go
from fast_container.core.ignore.pattern import IgnorePattern

# Without a class an expression that moby writes is one that Go takes, but for the characters that it forgets to escape.
_CLASS: Final = "["
# To compile one search for all patterns takes as long as to ask each of them about so many paths.
_WORTH_COMPILING: Final = 50


def path_test(patterns: Sequence[IgnorePattern]) -> Callable[[str], bool]:
    """Whether surely none of the patterns matches a path by itself: one look at it for all together."""
    if any(not pattern.text.isascii() or (_CLASS in pattern.text and _is_refused(pattern)) for pattern in patterns):
        return _in_doubt
    suffixes = tuple([pattern.text[2:] for pattern in patterns if pattern.kind == "suffix"])
    prefixes = tuple([pattern.text[:-2] for pattern in patterns if pattern.kind == "prefix"])
    exact = {pattern.text for pattern in patterns if pattern.kind == "exact"}
    exact |= {suffix.removeprefix("/") for suffix in suffixes}
    expressions = [pattern.expression for pattern in patterns if pattern.kind == "regexp"]
    search: Callable[[str], object] | None = None
    asked = 0

    def matches_nothing(path: str) -> bool:
        nonlocal search, asked
        # Of several kinds of patterns only those cost time that there are.
        if path in exact or (suffixes and path.endswith(suffixes)) or (prefixes and path.startswith(prefixes)):
            return False
        if not path.isascii():
            return False
        if not expressions:
            return True
        if search is None:
            asked += 1
            if asked < _WORTH_COMPILING:
                return False
            search = _search_for_any(expressions)
        return not search(path)

    return matches_nothing


def _is_refused(pattern: IgnorePattern) -> bool:
    try:
        compile_go(pattern.expression)
    except BadPatternError:
        return True
    return False


def _search_for_any(expressions: Sequence[str]) -> Callable[[str], object]:
    try:
        return compile_go(*expressions).search
    except BadPatternError:
        # Which of them is refused is for the pattern itself to say.
        return _in_every_path


def _in_every_path(_path: str) -> bool:
    return True


def _in_doubt(_path: str) -> bool:
    return False


def directory_test(
    patterns: Sequence[IgnorePattern], matches_nothing: Callable[[str], bool]
) -> Callable[[str, Iterable[str]], bool]:
    """Whether surely none of the patterns matches any of several names in one directory.

    A path that a pattern matches ends as the pattern does, where that end is literal; else it begins as the pattern
    begins, or holds what is literal in the middle. So a few searches in all paths at once tell that there is none.

    Args:
        patterns: The patterns.
        matches_nothing: Their ``path_test``; what that doubts is doubted here.

    Returns:
        A test of what stands before each name (the directory's path with a slash, or nothing), and the names.
    """
    if matches_nothing is _in_doubt:
        return _doubt_all
    # This one matches nothing below the root.
    root_only = any(pattern.text == "*" for pattern in patterns)
    sought = [_sought(pattern) for pattern in patterns if pattern.text != "*"]
    if ("", "") in sought:
        return _doubt_all
    texts = _shortest({text for text, _ in sought if text})
    begins = tuple({begin for _, begin in sought if begin})

    def matches_nothing_in(prefix: str, names: Iterable[str]) -> bool:
        if root_only and not prefix:
            return False
        paths = prefix + ("\0" + prefix).join(names) + "\0"
        if not paths.isascii():
            return False
        for text in texts:
            if text in paths:
                return False
        return not any(prefix.startswith(begin) or begin.startswith(prefix) for begin in begins)

    return matches_nothing_in


def _sought(pattern: IgnorePattern) -> tuple[str, str]:
    """What is in the paths, each with a NUL behind it, if the pattern matches one; or else what a path begins with."""
    end, begin = pattern.literal_ends
    if end:
        return f"{end}\0", ""
    return ("", begin) if begin else (pattern.needle, "")


def _shortest(texts: Iterable[str]) -> tuple[str, ...]:
    """Those that no other one is the end of: where a longer one is found, the shorter one is."""
    kept: list[str] = []
    for backwards in sorted([text[::-1] for text in texts]):
        if not (kept and backwards.startswith(kept[-1])):
            kept.append(backwards)
    return tuple([backwards[::-1] for backwards in kept])


def _doubt_all(_prefix: str, _names: Iterable[str]) -> bool:
    return False
