"""Lists of installed packages in a layer: which files they are, and what is kept of them.

Decides that names, versions and paths are kept, and neither hashes nor descriptions: so the list of a large Python
distribution is a tenth of its size in a cache. Lists of Python distributions (``RECORD``), of Debian's packages (those
of distroless images too) and of Alpine's are known. Leaves what they say to ``breakdown``.
"""

from __future__ import annotations

import csv
import re
from typing import Final

MOST_BYTES: Final = 8 << 20
"""A list that is larger is not kept."""

_LIST: Final = re.compile(
    r"(?:.+/)?[^/]+\.dist-info/RECORD"
    r"|var/lib/dpkg/(?:status|status\.d/[^/]+|info/[^/]+\.list)"
    r"|(?:usr/)?lib/apk/db/installed"
)
_ENDS: Final = ("/RECORD", ".list", "/status", "/installed")
_DISTROLESS: Final = "var/lib/dpkg/status.d/"
_DEBIAN_FIELDS: Final = ("Package:", "Version:", "Status:")
_ALPINE_FIELDS: Final = ("P:", "V:", "F:", "R:")


def is_package_list(path: str) -> bool:
    """Whether a file is a list of what is installed."""
    # A pattern takes longer than this, and hardly any file is a list.
    return (path.endswith(_ENDS) or path.startswith(_DISTROLESS)) and _LIST.fullmatch(path) is not None


def reduced(path: str, content: bytes) -> bytes:
    """Reduce a list to what is kept of it."""
    if path.endswith("/RECORD"):
        return _paths_of_record(content)
    if path.endswith(".list"):
        return content
    if path.endswith(".md5sums"):
        return b"\n".join(line.partition(b"  ")[2] for line in content.splitlines())
    fields = _ALPINE_FIELDS if path.endswith("/installed") else _DEBIAN_FIELDS
    wanted = tuple(field.encode() for field in fields)
    return b"\n".join(line for line in content.splitlines() if not line or line.startswith(wanted))


def _paths_of_record(content: bytes) -> bytes:
    lines = content.decode("utf-8", "surrogateescape").splitlines()
    try:
        paths = [row[0] for row in csv.reader(lines) if row]
    except csv.Error:
        return b""
    return "\n".join(paths).encode("utf-8", "surrogateescape")
