"""What an image reads of one of its local contexts.

Decides what a Dockerfile's selectors mean as sources, and refuses a missing source with the Dockerfile's line and, if
an ignore rule removed it, that rule's line. Leaves taking to ``core.context.copy_source`` and adding up to
``core.context.selection``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fast_container.core.build_files import IgnoreFile
from fast_container.core.context.copy_source import CopySource, TakenEntries
from fast_container.core.context.follow_links import resolve
from fast_container.core.context.selection import Selection, part_digest, select_sources, select_whole, take_once
from fast_container.core.context.view import View
from fast_container.core.context.wildcard import has_wildcard
from fast_container.core.declared import MAIN_CONTEXT
from fast_container.core.dockerfile import ContextReads, Selector
from fast_container.core.go_path import BadPatternError
from fast_container.core.key import encoded_digest
from fast_container.core.ports import ContextSource
from fast_container.errors import DockerfileError

_ALL = CopySource("")
_VERBS = {"copy": "COPY", "add": "ADD", "mount": "RUN --mount", "rootfs": "FROM"}


@dataclass(frozen=True, slots=True)
class SelectedContext:
    """What an image reads of one local context.

    Attributes:
        root: Where it lies.
        selection: Its entries and their digest.
        whole: Whether everything that the ignore rules leave is taken.
        reasons: Why it is whole, one line each.
        parts: Source as the Dockerfile writes it → digest (hex) of what it takes; for explaining.
        warnings: For the user, one line each.
    """

    root: str
    selection: Selection
    whole: bool
    reasons: tuple[str, ...]
    parts: Mapping[str, str]
    warnings: tuple[str, ...] = ()

    @property
    def source(self) -> ContextSource:
        """The context as executors want it."""
        return ContextSource(self.root, self.selection.entries)


def source_of(selector: Selector) -> CopySource:
    """Translate a Dockerfile's selector into a source."""
    if not selector.parents:
        return CopySource(selector.path, selector.wildcard, (), selector.exclude)
    pattern = selector.path.removeprefix(selector.pivot).removeprefix("/")
    return CopySource(selector.pivot, has_wildcard(selector.pivot), (pattern,), selector.exclude)


def select_context(
    view: View, reads: ContextReads, *, name: str, dockerfile: str, ignore_file: IgnoreFile
) -> SelectedContext:
    """Select what is read, or everything. Acquires the tree's lock.

    Args:
        view: The context under its ignore rules.
        reads: What the Dockerfile reads of it.
        name: The context's name.
        dockerfile: The Dockerfile's name in messages.
        ignore_file: The rules of the view, with their name.

    Raises:
        DockerfileError: A missing source, or one that BuildKit would refuse.
        ContextError: Something cannot be read, changed while it was read, or cannot be in a context.
    """
    with view.tree.lock:
        sources: dict[CopySource, list[str]] = {}
        warnings: list[str] = []
        for selector in reads.selectors:
            source = source_of(selector)
            sources.setdefault(source, []).append(selector.text)
            if source == _ALL:
                continue
            taken = _taken(view, source, selector, dockerfile)
            if _is_missing(taken, selector):
                raise _missing(view, taken, selector, name, dockerfile, ignore_file)
            if not selector.required and not taken.matched:
                # BuildKit accepts that; it is seldom what was meant.
                warnings.append(f"line {selector.line}: {_VERBS[selector.op]} {selector.text} matches nothing")
        everything = reads.whole or _ALL in sources
        selection = select_whole(view) if everything else select_sources(view, tuple(sources))
        digests: dict[str, list[str]] = {}
        for source, texts in sources.items():
            for text in dict.fromkeys(texts):
                digest = selection.digest if source == _ALL else part_digest(view, source)
                digests.setdefault(text, []).append(digest)
        view.tree.save_if_worth_it()
    parts = {text: found[0] if len(found) == 1 else encoded_digest(found) for text, found in digests.items()}
    return SelectedContext(view.tree.root, selection, everything, reads.reasons, parts, tuple(warnings))


def _taken(view: View, source: CopySource, selector: Selector, dockerfile: str) -> TakenEntries:
    try:
        return take_once(view, source)
    except BadPatternError as error:
        raise DockerfileError(
            f"{_VERBS[selector.op]} {selector.text}: the pattern is refused: {error}.",
            file=dockerfile,
            line=selector.line,
            why="BuildKit fails the build if it cannot read a pattern",
            next_step="Correct the pattern, or write '\\' before a character to take it literally.",
        ) from None


def _is_missing(taken: TakenEntries, selector: Selector) -> bool:
    return taken.missing is not None or (selector.required and selector.parents and not taken.matched)


def _missing(
    view: View, taken: TakenEntries, selector: Selector, name: str, dockerfile: str, ignore_file: IgnoreFile
) -> DockerfileError:
    """Make the error for a missing source, with the cause."""
    path = taken.missing if taken.missing is not None else selector.path
    where = "the build context" if name == MAIN_CONTEXT else f"the named context {name!r}"
    what = f"{_VERBS[selector.op]} {selector.text}: there is no {path or '.'} in {where}."
    if taken.is_loop:
        why, next_step = "Its links form a cycle.", "Correct the links."
    else:
        bare = resolve(View(view.tree, None), path, follow_last=True)
        gone = bare.path if bare.node is not None else next((n.path for n in bare.links if _ignored(n.path, view)), "")
        rule = ignore_file.rules.rule_for(gone) if gone else None
        if rule is not None and _ignored(gone, view):
            pattern, line = rule
            place = f"{ignore_file.name}:{line}" if line else "ignore="
            why = f"It is there, but the rule {pattern!r} ({place}) ignores {gone}."
            next_step = f"Bring it back with a rule '!{gone}' after that one, or correct the source."
        else:
            why = f"It would be at {view.tree.absolute(bare.path)}."
            next_step = "Correct the source; paths are relative to the context's root."
    return DockerfileError(what, file=dockerfile, line=selector.line, why=why, next_step=next_step)


def _ignored(path: str, view: View) -> bool:
    return view.rules is not None and view.rules.ignores(path)
