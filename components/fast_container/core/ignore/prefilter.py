"""Quick tests for paths that no ignore pattern matches, which is nearly all of them.

Decides only "certainly not"; anything in doubt is decided by the patterns themselves (``core.ignore.rules``). A
pattern's ``!`` does not matter here: without a match it neither ignores nor brings back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from fast_container.core.go_path import BadPatternError
from fast_container.core.ignore.go_regexp import compile_go
from fast_container.core.ignore.pattern import IgnorePattern

# Without a class, Go accepts every expression that moby writes, but for the characters that moby forgets to escape.
_CLASS: Final = "["
# Compiling one search for all patterns takes as long as asking each of them about so many paths.
_WORTH_COMPILING: Final = 50


def path_test(patterns: Sequence[IgnorePattern]) -> Callable[[str], bool]:
    """Make the test whether certainly none of the patterns matches a path: one search for all of them."""
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
        # Only the kinds of patterns that are there cost time.
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
        # The pattern itself says which of them is refused.
        return _in_every_path


def _in_every_path(_path: str) -> bool:
    return True


def _in_doubt(_path: str) -> bool:
    return False


def directory_test(
    patterns: Sequence[IgnorePattern], matches_nothing: Callable[[str], bool]
) -> Callable[[str, Iterable[str]], bool]:
    """Make the test whether certainly none of the patterns matches any of several names in one directory.

    A matching path ends as the pattern does, if that end is literal; else it begins as the pattern begins, or contains
    the
    pattern's literal middle. So a few searches in all paths at once show that there is no match.

    Args:
        patterns: The patterns.
        matches_nothing: Their ``path_test``; its doubts are doubts here.

    Returns:
        A test of the prefix of each name (the directory's path with a slash, or nothing), and the names.
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
    """Return what to look for in the joined paths (a NUL after each), or else the begin of a matching path."""
    end, begin = pattern.literal_ends
    if end:
        return f"{end}\0", ""
    return ("", begin) if begin else (pattern.needle, "")


def _shortest(texts: Iterable[str]) -> tuple[str, ...]:
    """Drop every string that ends with another one."""
    kept: list[str] = []
    for backwards in sorted([text[::-1] for text in texts]):
        if not (kept and backwards.startswith(kept[-1])):
            kept.append(backwards)
    return tuple([backwards[::-1] for backwards in kept])


def _doubt_all(_prefix: str, _names: Iterable[str]) -> bool:
    return False
