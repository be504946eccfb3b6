"""A tree as its ignore rules leave it: what BuildKit's client would send of a whole context.

Decides which names are there: those that no rule takes away, and the directories above one that a later rule brings
back (moby's chained matcher, carried down from the root; fsutil's walk). Leaves the rules to ``core.ignore`` and what
of the rest an image reads to ``core.selection``.
"""

from __future__ import annotations

import os
from threading import Lock
from typing import Any

from fast_container.core.ignore import IgnoreRules, State
from fast_container.core.node import Node
from fast_container.core.walk import StatCaches, Tree
from fast_container.errors import ContextError


class View:
    """A tree under one set of ignore rules. Wants the tree's ``lock`` to be held."""

    def __init__(self, tree: Tree, rules: IgnoreRules | None) -> None:
        self.tree = tree
        self.rules = rules
        self._listings: dict[str, dict[str, Node]] = {}
        self._states: dict[str, State] = {"": rules.start()} if rules is not None else {}
        self._subtrees: dict[str, tuple[Node, ...]] = {}
        self.answers: dict[object, Any] = {}
        """What was selected of this view before, by what was asked; ``core.selection``'s own."""

    def listing(self, directory: Node) -> dict[str, Node]:
        """Name → node of what is there in a directory that is there itself.

        Raises:
            ContextError: The directory cannot be listed.
        """
        if self.rules is None:
            return self.tree.children(directory)
        known = self._listings.get(directory.path)
        if known is None:
            known = self._filter(directory, self.rules)
            self._listings[directory.path] = known
        return known

    def subtree(self, directory: Node) -> tuple[Node, ...]:
        """All that is there below a directory, without itself."""
        known = self._subtrees.get(directory.path)
        if known is None:
            found: list[Node] = []
            pending = [directory]
            while pending:
                children = self.listing(pending.pop()).values()
                found.extend(children)
                pending.extend([child for child in children if child.kind == "dir"])
            known = tuple(found)
            self._subtrees[directory.path] = known
        return known

    def child(self, directory: Node, name: str) -> Node | None:
        """What is there under that name."""
        return self.listing(directory).get(name) if directory.kind == "dir" else None

    def _filter(self, directory: Node, rules: IgnoreRules) -> dict[str, Node]:
        present: dict[str, Node] = {}
        step, states = rules.step, self._states
        state = states[directory.path]
        untouched, matches_nothing, kept = rules.is_untouched(state), rules.matches_nothing, State(0)
        for name, child in self.tree.children(directory).items():
            if untouched and matches_nothing(child.path):
                if child.kind == "dir":
                    states[child.path] = kept
                present[name] = child
                continue
            ignored, below = step(state, child.path)
            if child.kind == "dir":
                states[child.path] = below
                if ignored and not self._something_returns(child, rules):
                    continue
            elif ignored:
                continue
            present[name] = child
        return present

    def _something_returns(self, directory: Node, rules: IgnoreRules) -> bool:
        if rules.may_prune(directory.path):
            return False
        try:
            return bool(self.listing(directory))
        except ContextError:
            # What is ignored may be unreadable.
            return False


class SharedWalks:
    """The trees of one program, and its views of them: every image that names the same root gets the same tree.

    Args:
        caches: Where digests are remembered between runs; None remembers nothing.
    """

    def __init__(self, caches: StatCaches | None = None) -> None:
        self._caches = caches
        self._trees: dict[str, Tree] = {}
        self._views: dict[tuple[str, tuple[str, ...]], View] = {}
        self._lock = Lock()

    def view(self, root: str, rules: IgnoreRules) -> View:
        """An absolute, existing directory under ignore rules."""
        real = os.path.realpath(root)
        with self._lock:
            tree = self._trees.get(real)
            if tree is None:
                tree = Tree(real, self._caches.open(real) if self._caches is not None else None)
                self._trees[real] = tree
            view = self._views.get((real, rules.patterns))
            if view is None:
                view = View(tree, rules if rules else None)
                self._views[real, rules.patterns] = view
            return view

    def save(self) -> None:
        """Write what was learnt for the next run; once, when all images of the program were selected."""
        with self._lock:
            trees = list(self._trees.values())
        for tree in trees:
            tree.save()
