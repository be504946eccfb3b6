"""One declared image, read: its entries, its named images, its build key.

Decides which ignore file belongs to which context and puts the parts together: declaration, Dockerfile, selected
entries, key. Leaves each of them to its own module. Reads files; asks nobody else.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from fast_container.core.build_files import read_dockerfile_bytes
from fast_container.core.declared import DeclaredImage, check_arguments, ignore_rules
from fast_container.core.key import BuildKey, KeyInputs, build_key
from fast_container.core.ports import ContextSource
from fast_container.core.selection import Selection, select_whole
from fast_container.core.view import SharedWalks

__all__ = ["SelectedContext", "SelectedImage", "SharedWalks", "select_image"]


@dataclass(frozen=True, slots=True)
class SelectedContext:
    """What an image reads of one local context.

    Attributes:
        root: Where it lies.
        selection: Its entries and their digest.
        whole: Whether all that the ignore rules leave is taken.
        reasons: Why it is whole, one line each.
        parts: Source as the Dockerfile writes it → digest of what it takes; for explaining.
    """

    root: str
    selection: Selection
    whole: bool
    reasons: tuple[str, ...]
    parts: Mapping[str, str]

    @property
    def source(self) -> ContextSource:
        """As executors want it."""
        return ContextSource(self.root, self.selection.entries())


@dataclass(frozen=True, slots=True)
class SelectedImage:
    """A declared image with all that its key is made of.

    Attributes:
        declared: What was declared.
        dockerfile_text: The Dockerfile's bytes.
        selected: Context name → what is read of it; a context that nothing reads is not there.
        named_images: Name → reference of the named contexts that are images or remote and are used.
        key: The build key.
        warnings: For the user, one line each.
    """

    declared: DeclaredImage
    dockerfile_text: bytes
    selected: Mapping[str, SelectedContext]
    named_images: Mapping[str, str]
    key: BuildKey
    warnings: tuple[str, ...] = ()

    @property
    def contexts(self) -> dict[str, ContextSource]:
        """Context name → its source, as executors want it."""
        return {name: context.source for name, context in self.selected.items()}


def select_image(image: DeclaredImage, walks: SharedWalks) -> SelectedImage:
    """Select and hash; to be called in a thread.

    Raises:
        ArgsError: An argument, with its property path.
        DockerfileError: The Dockerfile or an ignore file, or a source that is not there.
        ContextError: A file cannot be read, changed while it was read, or cannot be in a context.
    """
    check_arguments(image)
    text = read_dockerfile_bytes(image.dockerfile, image.dockerfile_name)
    selected: dict[str, SelectedContext] = {}
    for name, root in image.local_contexts.items():
        view = walks.view(root, ignore_rules(image, name))
        with view.tree.lock:
            selection = select_whole(view)
            view.tree.save_if_worth_it()
        selected[name] = _selected(root, selection, whole=True, reasons=())
    used = {name: value for name, value in image.build_args.items() if name not in image.volatile_build_args}
    key = build_key(
        KeyInputs(
            instructions=(text,),
            platform=image.platform,
            target=image.target,
            build_args=used,
            labels=image.labels,
            contexts={name: context.selection.digest for name, context in selected.items()},
            external_images=image.remote_contexts,
            base_keys=image.base_keys,
            secret_ids=tuple(sorted(set(image.secret_ids))),
            triggers=image.triggers,
        )
    )
    return SelectedImage(image, text, selected, image.remote_contexts, key)


def _selected(root: str, selection: Selection, *, whole: bool, reasons: tuple[str, ...]) -> SelectedContext:
    return SelectedContext(os.path.realpath(root), selection, whole, reasons, {})
