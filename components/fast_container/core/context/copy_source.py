"""What one source of a COPY, ADD or bind mount takes from a view.

Decides as BuildKit does when it computes cache keys: a plain source is followed through links, and a directory is taken
with everything below it; a wildcard takes each match with everything below it; include (``--parents``) and exclude
patterns are matched below the source, or below each match. Links that are matched themselves are followed; links inside
a directory are not: only their target string counts. Leaves how sources add up to ``core.context.selection``.

Source: moby/buildkit v0.34, ``cache/contenthash/checksum.go``, ``Checksum`` and ``includedPaths``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import takewhile

from fast_container.core.context.follow_links import Place, resolve
from fast_container.core.context.node import Node
from fast_container.core.context.view import View
from fast_container.core.context.wildcard import Descent, compile_match, split_fixed
from fast_container.core.ignore.rules import IgnoreRules, State

_SPECIAL = frozenset("\\[]{}|^$")


@dataclass(frozen=True, slots=True)
class CopySource:
    """A source to take; BuildKit's selector.

    Attributes:
        path: Relative to the context's root, without a slash at either end; "" is the root.
        wildcard: Whether the path is a pattern.
        include: Patterns below the path, of which one has to match; if empty, everything does.
        exclude: Patterns below the path.
    """

    path: str
    wildcard: bool = False
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


@dataclass(slots=True)
class TakenEntries:
    """The entries that a source takes.

    Attributes:
        nodes: In no order, each once (as keys); directories above them only if they count themselves.
        directories: Directories that are taken with everything below them, in the same form; all but the root are among
            the nodes.
        missing: A path that BuildKit would not find, in the words of the context; None if everything is there.
        is_loop: Whether it is missing because links form a cycle.
        matched: Whether patterns (wildcard, include, exclude) let anything through.
    """

    nodes: dict[Node, None] = field(default_factory=dict["Node", None])
    directories: dict[Node, None] = field(default_factory=dict["Node", None])
    missing: str | None = None
    is_loop: bool = False
    matched: bool = False

    def add_place(self, place: Place, asked: str) -> None:
        """Add a followed path: the links on the way and the place itself, with everything below it."""
        self.nodes.update(dict.fromkeys(place.links))
        if place.node is None:
            self.missing, self.is_loop = asked, place.is_loop
            return
        if place.node.parent is not None:
            self.nodes[place.node] = None
        if place.node.kind == "dir":
            self.directories[place.node] = None


def take(view: View, source: CopySource) -> TakenEntries:
    """Take a source. The caller holds the tree's lock.

    Raises:
        BadPatternError: Go refuses the wildcard.
        DockerfileError: moby refuses an include or exclude pattern.
        ContextError: A directory cannot be listed.
    """
    taken = TakenEntries()
    if not source.wildcard and not source.include and not source.exclude:
        taken.add_place(resolve(view, source.path, follow_last=True), source.path)
        return taken
    _Filter(view, source, taken).run()
    return taken


@dataclass(slots=True)
class _Header:
    """A directory on the way down, with what its children must know."""

    node: Node
    above: _Header | None
    include: State
    exclude: State
    counts: bool = False


class _Filter:
    """The walk below a source's fixed part: ``includedPaths``."""

    def __init__(self, view: View, source: CopySource, taken: TakenEntries) -> None:
        self._view = view
        self._source = source
        self._taken = taken
        self._include = IgnoreRules.from_patterns(source.include) if source.include else None
        self._exclude = IgnoreRules.from_patterns(source.exclude) if source.exclude else None
        self._reach = _reach(source.include)

    def run(self) -> None:
        if self._source.wildcard:
            self._run_wildcard()
            return
        path = self._source.path
        place = resolve(self._view, path, follow_last=False)
        self._taken.nodes.update(dict.fromkeys(place.links))
        if place.node is None:
            self._taken.missing, self._taken.is_loop = path, place.is_loop
        elif place.node.parent is None and not path:
            # A source that ends in a slash does not count itself, and links directly in it are followed.
            for name, child in self._view.listing(place.node).items():
                if child.kind != "dir" or self._reach(name):
                    self._visit(child, name, name, None)
        else:
            self._visit(place.node, path, "", None)

    def _run_wildcard(self) -> None:
        pattern = self._source.path
        fixed, rest = split_fixed(pattern)
        matches, descent = compile_match(pattern), Descent(rest)
        place = resolve(self._view, fixed, follow_last=True)
        self._taken.nodes.update(dict.fromkeys(place.links))
        if place.is_loop:
            self._taken.missing, self._taken.is_loop = fixed, True
        if place.node is None or place.node.kind != "dir":
            return
        pending: list[tuple[Node, str, int]] = [(place.node, f"{fixed}/" if fixed else "", 0)]
        while pending:
            directory, prefix, depth = pending.pop()
            for name, child in self._view.listing(directory).items():
                path = prefix + name
                if matches(path):
                    self._visit(child, path, "", None)
                elif child.kind == "dir" and descent.enters(depth, name):
                    pending.append((child, f"{path}/", depth + 1))

    def _visit(self, node: Node, path: str, candidate: str, above: _Header | None) -> None:
        """Visit a node and everything below it.

        Args:
            node: The node.
            path: Its path in terms of the source, for following it.
            candidate: Its path as the patterns see it.
            above: The directory it lies in, if that belongs to the source.
        """
        pending = [(node, path, candidate, above)]
        while pending:
            node, path, candidate, above = pending.pop()
            header = _Header(node, above, *self._start())
            counts = self._counts(candidate, header)
            if counts:
                self._add(header)
            if node.kind == "dir":
                prefix = f"{candidate}/" if candidate else ""
                pending.extend(
                    (child, f"{path}/{name}", prefix + name, header)
                    for name, child in self._view.listing(node).items()
                    if child.kind != "dir" or self._reach(prefix + name)
                )
            elif counts and node.kind == "symlink" and above is None:
                self._taken.add_place(resolve(self._view, path, follow_last=True), path)

    def _start(self) -> tuple[State, State]:
        return (
            self._include.start() if self._include is not None else State(0),
            self._exclude.start() if self._exclude is not None else State(0),
        )

    def _counts(self, candidate: str, header: _Header) -> bool:
        """Apply ``shouldIncludePath``; the states for the children go into the header."""
        above = header.above
        if self._include is not None:
            parent = above.include if above is not None else header.include
            included, header.include = self._include.step(parent, candidate)
            if not included:
                return False
        if self._exclude is not None:
            parent = above.exclude if above is not None else header.exclude
            excluded, header.exclude = self._exclude.step(parent, candidate)
            return not excluded
        return True

    def _add(self, header: _Header) -> None:
        self._taken.matched = True
        step: _Header | None = header
        while step is not None and not step.counts:
            step.counts = True
            if step.node.parent is not None:
                self._taken.nodes[step.node] = None
            step = step.above


def _reach(include: tuple[str, ...]) -> Callable[[str], bool]:
    """Make the test whether something at or below a directory can match, so that few known places need no full walk."""
    if len(include) != 1 or include[0].startswith("!"):
        return lambda _path: True
    # Only parts on which these patterns and Go's path.Match agree.
    plain = list(takewhile(lambda part: "**" not in part and _SPECIAL.isdisjoint(part), include[0].split("/")))
    tests = [compile_match(part) for part in plain]
    return lambda path: all(test(part) for test, part in zip(tests, path.split("/"), strict=False))
