"""The files of the build context that an image reads, as the rules see them.

Decides which of them a source of ``COPY`` or a mount takes; where that is more than this module knows, it takes none,
so that nothing is concluded from it. Leaves selecting and reading files to ``core.context`` and the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from fast_container.checks.dockerfile.steps.dependency_files import is_source
from fast_container.core.context.wildcard import compile_match
from fast_container.core.dockerfile import Selector
from fast_container.core.go_path import BadPatternError


def _no_text(_path: str) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class ContextFiles:
    """The files that count.

    Attributes:
        sizes: Path → bytes; relative to the context.
        text: Content of a small file of them; None if it cannot be read.
        root: The context's directory as findings name it; ``""`` for the working directory.
        memo: Sources that were asked for → what they take.
        commits: Paths that each commit of the last 90 changed, relative to the context; None if unknown.
    """

    sizes: Mapping[str, int] = field(default_factory=dict[str, int])
    text: Callable[[str], str | None] = _no_text
    commits: tuple[frozenset[str], ...] | None = None
    root: str = ""
    memo: dict[object, list[str]] = field(default_factory=dict[object, "list[str]"], compare=False)

    def taken(self, selector: Selector) -> list[str]:
        """List the files that one source takes."""
        asked = (selector.path, selector.wildcard, bool(selector.exclude or selector.parents))
        known = self.memo.get(asked)
        if known is None:
            known = self.memo[asked] = self._taken(selector)
        return known

    def taken_source(self, selector: Selector) -> list[str]:
        """List the files among them that people edit."""
        asked = ("source", selector.path, selector.wildcard, bool(selector.exclude or selector.parents))
        known = self.memo.get(asked)
        if known is None:
            known = self.memo[asked] = [path for path in self.taken(selector) if is_source(path)]
        return known

    def _taken(self, selector: Selector) -> list[str]:
        if selector.exclude or selector.parents:
            return []
        if not selector.wildcard:
            if not selector.path:
                return list(self.sizes)
            inside = f"{selector.path}/"
            return [path for path in self.sizes if path == selector.path or path.startswith(inside)]
        try:
            matches = compile_match(selector.path)
        except BadPatternError:
            return []
        depth = selector.path.count("/") + 1
        return [path for path in self.sizes if matches("/".join(path.split("/")[:depth]))]

    def edits_of(self, paths: frozenset[str]) -> tuple[int, int] | None:
        """How many of the known commits changed one of the paths, and how many there are; None if unknown."""
        if not self.commits:
            return None
        return sum(not paths.isdisjoint(commit) for commit in self.commits), len(self.commits)
