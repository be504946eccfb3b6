"""What is kept of one entry of a layer.

Decides the fields, the normal form of a path, and which paths leave the image.
"""

from __future__ import annotations

import posixpath
from typing import Final, NamedTuple

from fast_container.core.layers.limits import LayerError

FILE: Final = "f"
DIRECTORY: Final = "d"
SYMLINK: Final = "l"
HARDLINK: Final = "h"
DEVICE: Final = "c"
FIFO: Final = "p"

WHITEOUT: Final = ".wh."
OPAQUE: Final = ".wh..wh..opq"


class Entry(NamedTuple):
    """An entry as its layer has it.

    Attributes:
        path: Relative to the image's root, in normal form; ``""`` is the root itself.
        kind: One of ``FILE``, ``DIRECTORY``, ``SYMLINK``, ``HARDLINK``, ``DEVICE``, ``FIFO``.
        size: Bytes in the layer; of a sparse file those that are stored.
        mode: Permissions with set-user-id, set-group-id and sticky bits.
        uid: Owner.
        gid: Group.
        mtime: Whole seconds.
        link: Target of a link; of a hard link in normal form.
        head: The first bytes, of the files that ``core.layers.kept`` names.
        signs: Kinds of secrets found in a small file; never the secrets.
    """

    path: str
    kind: str
    size: int
    mode: int
    uid: int
    gid: int
    mtime: int
    link: str = ""
    head: bytes = b""
    signs: tuple[str, ...] = ()


def normal_path(name: bytes) -> str:
    """A path in normal form, as a container's runtime would create it.

    Raises:
        LayerError: It leaves the image's root.
    """
    path = name.decode("utf-8", "surrogateescape").strip("/").removeprefix("./")
    if "\0" in path:
        raise LayerError("its archive is damaged: a path has a byte that is zero")
    if "//" in path or "./" in path or path.endswith(("/.", "..")) or path in {".", ".."}:
        path = posixpath.normpath(path).lstrip("/")
        path = "" if path == "." else path
        if path == ".." or path.startswith("../"):
            raise LayerError(f"the path {name[:200].decode('utf-8', 'replace')!r} leaves the image's root")
    return path
