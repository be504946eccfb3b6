"""A tree as its ignore rules leave it: the files that BuildKit's client would send of a whole context.

Decides which names are left: those that no rule ignores, and the directories above one that a later rule brings back
(moby's chained matcher, carried down from the root; fsutil's walk). Leaves the rules to ``core.ignore.rules`` and what
an image reads of the rest to ``core.context.selection``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from threading import Lock
from typing import Any, NamedTuple

from fast_container.core.context.known_files import StatCaches
from fast_container.core.context.node import Node, path_bytes
from fast_container.core.context.subtree import Subtree
from fast_container.core.context.tree import Tree
from fast_container.core.ignore.rules import IgnoreRules, State
from fast_container.errors import ContextError


class KeptEntries(NamedTuple):
    """The entries of a directory that the rules leave.

    Attributes:
        files: Names of files, in the order of their bytes.
        others: Everything else, in no order.
    """

    files: Sequence[str]
    others: Sequence[Node]


class View:
    """A tree under one set of ignore rules. The caller of a method holds the tree's ``lock``."""

    def __init__(self, tree: Tree, rules: IgnoreRules | None) -> None:
        self.tree = tree
        self.rules = rules
        self._kept: dict[str, KeptEntries] = {}
        self._listings: dict[str, dict[str, Node]] = {}
        self._states: dict[str, State] = {"": rules.start()} if rules is not None else {}
        self._subtrees: dict[str, Subtree] = {}
        self.answers: dict[object, Any] = {}
        """Memo of selections, keyed by query; belongs to ``core.context.selection``."""

    def kept(self, directory: Node) -> KeptEntries:
        """Return the entries that are left of a directory, which is left itself.

        Raises:
            ContextError: The directory cannot be listed.
        """
        known = self._kept.get(directory.path)
        if known is None:
            known = self._kept[directory.path] = self._filter(directory)
        return known

    def listing(self, directory: Node) -> dict[str, Node]:
        """Return ``kept`` as name → node."""
        known = self._listings.get(directory.path)
        if known is None:
            files, others = self.kept(directory)
            nodes = self.tree.children(directory)
            known = {name: nodes[name] for name in files} | {node.name: node for node in others}
            self._listings[directory.path] = known
        return known

    def child(self, directory: Node, name: str) -> Node | None:
        """Return the node of that name, if it is left."""
        return self.listing(directory).get(name) if directory.kind == "dir" else None

    def below(self, directory: Node) -> list[Node]:
        """Return all nodes below a directory, without itself; in no order, and not complete."""
        found: list[Node] = []
        pending = [directory]
        while pending:
            children = self.listing(pending.pop()).values()
            found.extend(children)
            pending.extend([child for child in children if child.kind == "dir"])
        return found

    def subtree(self, directory: Node) -> Subtree:
        """Return everything below a directory, without itself, complete.

        Raises:
            ContextError: Something cannot be read, changed while it was read, or cannot be in a context.
        """
        known = self._subtrees.get(directory.path)
        if known is None:
            known = self._subtrees[directory.path] = self._read_below(directory)
        return known

    def _read_below(self, top: Node) -> Subtree:
        directories: list[Node] = []
        wanted: list[tuple[Node, Sequence[str]]] = []
        others: list[Sequence[Node]] = []
        pending = [top]
        while pending:
            directory = pending.pop()
            kept = self.kept(directory)
            directories.append(directory)
            wanted.append((directory, kept.files))
            others.append(kept.others)
            if kept.others:
                self.tree.complete(kept.others)
                pending.extend([node for node in kept.others if node.kind == "dir"])
        return Subtree(self.tree, directories, self.tree.read(wanted), others)

    def _filter(self, directory: Node) -> KeptEntries:
        if self.rules is None:
            listing = self.tree.listing(directory)
            return KeptEntries(_in_order(listing.files), tuple(listing.others.values()))
        rules, state = self.rules, self._states[directory.path]
        inherited = rules.inherit(state)
        listing = self.tree.listing(directory, is_ignored=inherited[0])
        prefix = directory.prefix
        files = list(listing.files)
        all_inherit = rules.matches_nothing_in(prefix, [*files, *listing.others])

        def decide(path: str) -> tuple[bool, State]:
            return inherited if all_inherit or rules.matches_nothing(path) else rules.step(state, path)

        if inherited[0] or not all_inherit:
            files = [name for name in files if not decide(prefix + name)[0]]
        others: list[Node] = []
        for node in listing.others.values():
            ignored, below = decide(node.path)
            if node.kind == "dir":
                self._states[node.path] = below
                ignored = ignored and not self._something_returns(node, rules)
            if not ignored:
                others.append(node)
        return KeptEntries(_in_order(files), others)

    def _something_returns(self, directory: Node, rules: IgnoreRules) -> bool:
        if rules.may_prune(directory.path):
            return False
        try:
            return any(self.kept(directory))
        except ContextError:
            # An ignored directory may be unreadable.
            return False


def _in_order(names: Iterable[str]) -> list[str]:
    ordered = sorted(names)
    # Surrogate escapes sort differently from their bytes.
    return ordered if "".join(ordered).isascii() else sorted(ordered, key=path_bytes)


class SharedWalks:
    """The trees of one program, and its views of them: images that name the same root share a tree.

    Args:
        caches: Where digests are remembered between runs; None remembers nothing.
    """

    def __init__(self, caches: StatCaches | None = None) -> None:
        self._caches = caches
        self._real: dict[str, str] = {}
        self._trees: dict[str, Tree] = {}
        self._views: dict[tuple[str, tuple[str, ...]], View] = {}
        self._lock = Lock()

    def view(self, root: str, rules: IgnoreRules) -> View:
        """Return the view of an absolute, existing directory under ignore rules."""
        with self._lock:
            tree = self._tree(root)
            view = self._views.get((tree.root, rules.patterns))
            if view is None:
                view = View(tree, rules if rules else None)
                self._views[tree.root, rules.patterns] = view
            return view

    @property
    def files_hashed(self) -> int:
        """How many files were read, because no cache knew them."""
        with self._lock:
            return sum([tree.files_hashed for tree in self._trees.values()])

    def forget(self, root: str) -> None:
        """Drop what is remembered of a root: a remembered file was wrong."""
        with self._lock:
            tree = self._tree(root)
        tree.forget()

    def _tree(self, root: str) -> Tree:
        real = self._real.get(root)
        if real is None:
            real = self._real[root] = os.path.realpath(root)
        tree = self._trees.get(real)
        if tree is None:
            tree = Tree(real, self._caches.open(real) if self._caches is not None else None)
            self._trees[real] = tree
        return tree

    def save(self) -> None:
        """Save what was learnt for the next run; once, when all images of the program were selected."""
        with self._lock:
            trees = list(self._trees.values())
        for tree in trees:
            tree.save()
