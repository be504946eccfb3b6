"""Ignore files, exactly as moby reads and applies them.

Decides which lines are patterns, and whether the list of them ignores a path, given the results for its parents: moby's
chained ``MatchesUsingParentResults``, not its stateless sibling, because the walk decides which files BuildKit gets.
Leaves the meaning of one pattern to ``core.ignore.pattern``, and which ignore file belongs to a context and the walk
itself to ``core.select``.

Sources: github.com/moby/patternmatcher v0.6.1 (``ignorefile.ReadAll`` and the matcher), tonistiigi/fsutil (pruning).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Final, NewType

from fast_container.core.go_path import SPACE, BadPatternError, clean
from fast_container.core.ignore.pattern import IgnorePattern, read_pattern
from fast_container.core.ignore.prefilter import directory_test, path_test
from fast_container.errors import DockerfileError

State = NewType("State", int)
"""What a directory's children must know: one bit for each pattern that matched the directory or one above it."""

_START: Final = State(-1)
_LONGEST_LINE: Final = 65535
_LARGEST_FILE: Final = 16 << 20

_Rule = tuple[int, bool, Callable[[str], object]]


class IgnoreRules:
    """The rules of one ignore file, and the caller's own patterns after them. Immutable.

    Paths are relative to the context's root, ``/``-separated, without a slash at either end; bytes that are not UTF-8
    are
    surrogate escapes. Case counts, and nothing is normalised.

    Attributes:
        patterns: The patterns as BuildKit sends them: cleaned, with their ``!``.
        matches_nothing: Whether certainly no pattern matches a path by itself; cheap, and False when in doubt. Such a
            path
            inherits the result of its directory: ``inherit``.
        matches_nothing_in: The same for many names in one directory, given their common prefix; cheaper.
    """

    __slots__ = (
        "_lines",
        "_prunable",
        "_read",
        "_rules",
        "_tops",
        "matches_nothing",
        "matches_nothing_in",
        "patterns",
    )

    def __init__(self, patterns: Sequence[str], lines: Sequence[int], *, file: str) -> None:
        """Use ``parse`` or ``from_patterns``.

        Args:
            patterns: As the matcher receives them.
            lines: The line of each in the file; ``-1 - i`` for the caller's ``ignore[i]``.
            file: The file's name in messages.
        """
        self.patterns = tuple(patterns)
        self._lines: list[int] = []
        self._read: list[IgnorePattern] = []
        for text, line in zip(patterns, lines, strict=True):
            try:
                pattern = read_pattern(text)
            except BadPatternError as error:
                raise _refusal(text, error, file, line) from None
            if pattern is not None:
                self._read.append(pattern)
                self._lines.append(line)
        self._rules: tuple[_Rule, ...] = tuple(
            (1 << index, pattern.exception, pattern.test(partial(_refusal, pattern.text, file=file, line=line)))
            for index, (pattern, line) in enumerate(zip(self._read, self._lines, strict=True))
        )
        self.matches_nothing = path_test(self._read)
        self.matches_nothing_in = directory_test(self._read, self.matches_nothing)
        exceptions = [pattern for pattern in self._read if pattern.exception]
        self._prunable = not any(pattern.wild for pattern in exceptions)
        self._tops = tuple(f"{pattern.fixed_part}/" for pattern in exceptions)

    @classmethod
    def parse(cls, text: bytes, *, file: str, extra: Sequence[str] = ()) -> IgnoreRules:
        """Read an ignore file.

        Args:
            text: The file's bytes.
            file: Its name, for messages.
            extra: The caller's ``ignore=``: one pattern each, after the file's; comments are not recognised.

        Raises:
            DockerfileError: moby would refuse it; with file and line, or ``ignore[i]``. A pattern whose regular
                expression is
                bad is refused when it is first needed, by ``step``, as in moby.
        """
        return _parsed(text, file, tuple(extra))

    @classmethod
    def from_lines(cls, text: bytes, file: str, extra: tuple[str, ...]) -> IgnoreRules:
        """Read an ignore file without memory; ``parse`` remembers, since many images share a file."""
        if len(text) > _LARGEST_FILE:
            raise DockerfileError("The ignore file is larger than 16 MiB.", file=file, next_step="Make it smaller.")
        patterns: list[str] = []
        lines: list[int] = []
        for number, raw in enumerate(text.split(b"\n"), start=1):
            if len(raw) > _LONGEST_LINE:
                raise DockerfileError("A line of the ignore file is longer than 64 KiB.", file=file, line=number)
            line = raw.removesuffix(b"\r")
            if number == 1:
                line = line.removeprefix(b"\xef\xbb\xbf")
            pattern = "" if line.startswith(b"#") else _clean_line(line.decode("utf-8", "surrogateescape"))
            if pattern:
                patterns.append(pattern)
                lines.append(number)
        for index, own in enumerate(extra):
            pattern = _clean_line(own)
            if "\n" in pattern or "\0" in pattern:
                raise _refusal(own, BadPatternError("it holds a line break or a NUL"), file, -1 - index)
            if pattern:
                patterns.append(pattern)
                lines.append(-1 - index)
        return cls(patterns, lines, file=file)

    @classmethod
    def from_patterns(cls, patterns: Sequence[str]) -> IgnoreRules:
        """Make rules from patterns as moby's matcher receives them (``--exclude``, follow paths, tests)."""
        return cls(patterns, range(1, len(patterns) + 1), file="patterns")

    def __bool__(self) -> bool:
        """Whether there is any rule."""
        return bool(self._rules)

    def start(self) -> State:
        """Return the state above the root's entries."""
        return _START

    def step(self, parent: State, path: str) -> tuple[bool, State]:
        """Decide one path, given its parent directory's state.

        Returns:
            Whether it is ignored, and the state for its children. Children of an ignored directory may be kept.

        Raises:
            DockerfileError: A pattern that moby refuses at its first use.
        """
        if parent == _START:
            if "/" in path:
                return self._from_nowhere(path)
            parent = State(0)
        ignored = False
        state = 0
        for bit, exception, test in self._rules:
            if parent & bit or (exception is ignored and test(path)):
                state |= bit
                ignored = not exception
        return ignored, State(state)

    def inherit(self, parent: State) -> tuple[bool, State]:
        """Decide a path that no pattern matches by itself."""
        if parent <= 0:
            return False, State(0)
        ignored = False
        state = 0
        for bit, exception, _test in self._rules:
            if parent & bit:
                state |= bit
                ignored = not exception
        return ignored, State(state)

    def may_prune(self, directory: str) -> bool:
        """Whether an *ignored* directory need not be walked.

        This is fsutil's rule and changes what BuildKit sends: where it prunes, nothing below is sent.
        """
        if not self._prunable:
            return False
        inside = directory + "/"
        return not any(top.startswith(inside) for top in self._tops)

    def ignores(self, path: str) -> bool:
        """Whether a path is ignored, decided from the top down; for messages and small uses."""
        return self._walk(path)[0]

    def rule_for(self, path: str) -> tuple[str, int] | None:
        """Return the pattern that had the last word on a path, with its ``!``, and its line; None if none matched.

        The line is 0 for a pattern of the caller's ``ignore=``.
        """
        state = self._walk(path)[1]
        if state <= 0:
            return None
        index = state.bit_length() - 1
        pattern = self._read[index]
        return ("!" if pattern.exception else "") + pattern.text, max(self._lines[index], 0)

    def _walk(self, path: str) -> tuple[bool, State]:
        ignored, state = False, State(0)
        parts = path.split("/")
        for depth in range(1, len(parts) + 1):
            ignored, state = self.step(state, "/".join(parts[:depth]))
        return ignored, state

    def _from_nowhere(self, path: str) -> tuple[bool, State]:
        """Decide a path whose parents were never decided: moby then tries every parent with each pattern."""
        parts = path.split("/")
        candidates = [path, *("/".join(parts[:depth]) for depth in range(1, len(parts)))]
        ignored = False
        state = 0
        for bit, exception, test in self._rules:
            if exception is ignored and any(test(candidate) for candidate in candidates):
                state |= bit
                ignored = not exception
        return ignored, State(state)


@lru_cache(maxsize=16)
def _parsed(text: bytes, file: str, extra: tuple[str, ...]) -> IgnoreRules:
    return IgnoreRules.from_lines(text, file, extra)


def _clean_line(line: str) -> str:
    """Apply ``ignorefile.ReadAll`` to one line that is not a comment; "" for a blank one."""
    line = line.strip(SPACE)
    exception = line.startswith("!")
    if exception:
        line = line[1:].strip(SPACE)
    if line:
        line = clean(line)
        if len(line) > 1:
            line = line.removeprefix("/")
    return "!" + line if exception else line


def _refusal(pattern: str, error: BadPatternError, file: str, line: int) -> DockerfileError:
    own = line < 0
    return DockerfileError(
        f"The ignore pattern {pattern!r} is refused: {error}.",
        file=f"ignore[{-1 - line}]" if own else file,
        line=0 if own else line,
        why="BuildKit fails the whole build if it cannot read a pattern",
        next_step="Correct the pattern, or write '\\' before a character to take it literally.",
    )
