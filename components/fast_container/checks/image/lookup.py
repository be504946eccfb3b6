"""Paths in an image as its programs see them: links followed within the image, programs found by ``PATH``.

Decides when a path comes to an end: after as many links as Linux follows.
"""

from __future__ import annotations

import posixpath
from typing import Final

from fast_container.core.layers.entry import HARDLINK, SYMLINK
from fast_container.core.layers.merged import Merged, Placed
from fast_container.core.oci.configuration import ImageConfiguration

_MOST_LINKS: Final = 40
_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def resolve(merged: Merged, path: str) -> Placed | None:
    """Follow a path from the image's root; None if nothing is there."""
    waiting = [part for part in reversed(path.split("/")) if part]
    here = ""
    links = 0
    found: Placed | None = None
    while waiting:
        part = waiting.pop()
        if part == ".":
            continue
        if part == "..":
            here, found = posixpath.dirname(here), None
            continue
        step = f"{here}/{part}" if here else part
        found = merged.get(step)
        if found is not None and found.entry.kind == SYMLINK:
            links += 1
            if links > _MOST_LINKS:
                return None
            target = found.entry.link
            here = "" if target.startswith("/") else here
            waiting += [one for one in reversed(target.split("/")) if one]
            found = None
        else:
            here = step
    if found is None:
        found = merged.get(here)
    if found is not None and found.entry.kind == HARDLINK:
        return merged.get(found.entry.link) or found
    return found


def program(merged: Merged, configuration: ImageConfiguration, name: str) -> Placed | None:
    """Find a program as ``exec`` finds it; None if it is not there."""
    if "/" in name:
        return resolve(merged, name if name.startswith("/") else f"{configuration.working_directory}/{name}")
    for folder in configuration.env.get("PATH", _PATH).split(":"):
        if found := resolve(merged, f"{folder}/{name}"):
            return found
    return None
