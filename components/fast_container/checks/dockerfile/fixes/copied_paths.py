"""Where a ``COPY`` puts each file of the build context.

Decides nothing where a destination is not plain: then the paths are not known, and no fix moves that ``COPY``.
"""

from __future__ import annotations

from collections.abc import Mapping

from fast_container.checks.dockerfile.steps.stage_steps import Step
from fast_container.checks.dockerfile.subject import LintedImage
from fast_container.core.dockerfile.instructions import Copy
from fast_container.core.go_path import clean


def copied_paths(image: LintedImage, step: Step, directory: str) -> Mapping[str, str] | None:
    """File of the context → its path in the image; None if that is not known.

    Args:
        image: The image.
        step: A ``COPY`` from the build context.
        directory: The working directory; a relative path is left relative to it where it is ``""``.
    """
    body = step.command.body
    if not isinstance(body, Copy) or body.add or body.origin or body.documents or body.flags.on & {"parents"}:
        return None
    if body.flags.repeated or "$" in body.destination or len(step.inputs) != len(body.sources):
        return None
    destination = body.destination
    base = destination if destination.startswith("/") or not directory else f"{directory}/{destination}"
    found: dict[str, str] = {}
    for selector in step.inputs:
        taken = image.files.taken(selector)
        if selector.wildcard and any(path.count("/") != selector.path.count("/") for path in taken):
            return None
        for path in taken:
            if selector.wildcard or path == selector.path:
                into = destination.endswith("/") or destination == "." or len(body.sources) > 1 or selector.wildcard
                found[path] = clean(f"{base}/{path.rpartition('/')[2]}" if into else base)
            else:
                inside = path.removeprefix(f"{selector.path}/") if selector.path else path
                found[path] = clean(f"{base}/{inside}")
    return found
