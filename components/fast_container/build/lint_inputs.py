"""What the rules about Dockerfiles get of an image that was selected: its files, and the waivers of the project.

Decides how large a file may be that a rule reads, and that waivers stand in the nearest ``pyproject.toml``. Leaves the
rules to ``checks.dockerfile``, and selecting to ``core.select``.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Final

from fast_container.checks.dockerfile.settings import waivers_of_settings
from fast_container.checks.dockerfile.steps.context_files import ContextFiles
from fast_container.checks.dockerfile.waivers import Waiver
from fast_container.core.select import SelectedImage
from fast_container.errors import ArgsError

_LARGEST_TEXT: Final = 8 << 20


def files_of(selected: SelectedImage) -> ContextFiles:
    """The files of the build context that an image reads."""
    context = selected.selected.get("context")
    if context is None:
        return ContextFiles()
    sizes = {node.path: node.size for node in context.selection.nodes if node.kind == "file"}

    def text(path: str) -> str | None:
        try:
            if path in sizes and sizes[path] <= _LARGEST_TEXT:
                return Path(context.root, path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None
        return None

    return ContextFiles(sizes, text, root=shown_path(context.root))


def project_waivers() -> tuple[Waiver, ...]:
    """The waivers of the nearest ``pyproject.toml``, from the working directory upwards.

    Raises:
        ArgsError: The file cannot be read.
    """
    here = Path.cwd()
    places = (folder / "pyproject.toml" for folder in (here, *here.parents))
    place = next((place for place in places if place.is_file()), None)
    if place is None:
        return ()
    name = shown_path(str(place))
    try:
        waivers = waivers_of_settings(place.read_text(encoding="utf-8"), name)
    except (OSError, UnicodeDecodeError) as error:
        raise ArgsError(f"{name} cannot be read.", property_path=name, why=str(error)) from None
    base = os.path.relpath(here, place.parent).replace(os.sep, "/")
    return tuple(replace(one, base=base) for one in waivers)


def shown_path(path: str) -> str:
    """A path as it is called from the working directory; ``""`` for that itself."""
    relative = os.path.relpath(path)
    return "" if relative == "." else relative.replace(os.sep, "/")
