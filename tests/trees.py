"""Small trees and images for tests of the core."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from fast_container.adapters.digests.stat_cache import RootStatCache, StatCache
from fast_container.adapters.digests.write_back import WriteBack
from fast_container.core.declared import DeclaredImage
from fast_container.core.recipe import Recipe
from fast_container.core.select import SelectedImage, SharedWalks, select_image

Tree = Mapping[str, str | bytes | tuple[str, str] | None]


def write_tree(root: Path, tree: Tree) -> Path:
    """Text and bytes are files, None is an empty directory, ``("link", target)`` a link."""
    for path, content in tree.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            place.mkdir(exist_ok=True)
        elif isinstance(content, tuple):
            place.symlink_to(content[1])
        else:
            place.write_bytes(content.encode() if isinstance(content, str) else content)
    root.mkdir(exist_ok=True)
    return root


def write_case_tree(root: Path, entries: Iterable[Mapping[str, Any]]) -> None:
    """A tree of the reference cases."""
    root.mkdir(parents=True, exist_ok=True)
    modes: list[tuple[str, int]] = []
    for entry in entries:
        place = os.path.join(root, entry["path"])
        os.makedirs(os.path.dirname(place), exist_ok=True)
        if entry["type"] == "dir":
            os.makedirs(place, exist_ok=True)
        elif entry["type"] == "symlink":
            os.symlink(entry["target"], place)
        else:
            Path(place).write_text(entry.get("content", ""))
        if "mode" in entry:
            modes.append((place, int(entry["mode"], 8)))
    for place, mode in reversed(modes):
        os.chmod(place, mode)


def with_recipe(changes: Mapping[str, Any], recipe: Recipe | None = None) -> dict[str, Any]:
    """Changes of a declaration or a job, with those of its recipe put into one."""
    names = {field.name for field in fields(Recipe)}
    of_recipe = {name: value for name, value in changes.items() if name in names}
    others = {name: value for name, value in changes.items() if name not in names}
    if not of_recipe and recipe is None:
        return others
    return {**others, "recipe": replace(others.get("recipe", recipe or Recipe()), **of_recipe)}


def changed(image: DeclaredImage, **changes: Any) -> DeclaredImage:
    """The image with other fields, of its recipe too."""
    return replace(image, **with_recipe(changes, image.recipe))


def declare(root: Path, **changes: Any) -> DeclaredImage:
    """An image over a tree whose Dockerfile lies in its root; fields of its recipe are given as they are."""
    changes = with_recipe(changes)
    return DeclaredImage(
        **{
            "name": "image",
            "context": str(root),
            "dockerfile": str(root / "Dockerfile"),
            "dockerfile_name": "Dockerfile",
            **changes,
        }
    )


class LaterCaches(StatCache):
    """Caches of a run that starts ten seconds from now, on a believed file system: what was just written has aged."""

    def __init__(self, folder: str, write_back: Callable[[], WriteBack] = WriteBack) -> None:
        super().__init__(folder, believes=lambda device: True)
        self.write_back = write_back

    def open(self, root: str) -> RootStatCache | None:
        made = super().open(root)
        assert made is not None
        started_ns = time.time_ns() + 10**10
        return RootStatCache(
            made.file, started_ns=started_ns, root=made.root, device=made.device, write_back=self.write_back
        )


def select(root: Path, **changes: Any) -> SelectedImage:
    """Select as a program of its own would."""
    return select_image(declare(root, **changes), SharedWalks())


def key(root: Path, **changes: Any) -> str:
    """The build key."""
    return select(root, **changes).key.hex


def paths(selected: SelectedImage, context: str = "context") -> list[str]:
    """Paths of a context's entries, directories with a slash at the end."""
    return [e.path + ("/" if e.type == "dir" else "") for e in selected.contexts[context].entries]
