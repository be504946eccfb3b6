"""Of which files of a layer a part of the content is kept, and which are searched for secrets.

Decides that only the header of bytecode, the lists of users and groups, and the paths and names in lists of packages
are kept; of a file that is searched only the kinds of what was found are, of a program only the processor it is for. So
a cache of listings holds no content of an image that could hurt.
"""

from __future__ import annotations

import re
from typing import Final

from fast_container.core.layers import package_lists
from fast_container.core.layers.elf import HEADER_BYTES

PYC_HEADER_BYTES: Final = 16
_USERS: Final = frozenset({"etc/passwd", "etc/group"})
_USERS_BYTES: Final = 256 * 1024
SEARCHED_BYTES: Final = 64 * 1024
"""A file that is larger is not searched for secrets."""

_PROGRAMS: Final = re.compile(r"(?:^|/)s?bin/|\.so(?:\.|$)")
_SEARCHED: Final = re.compile(
    r"(?:^|/)(?:\.env(?:\.[^/]*)?|\.?npmrc|\.?pypirc|pip\.conf|\.?netrc|\.git-credentials|credentials|config\.json"
    r"|\.dockercfg|\.yarnrc(?:\.yml)?|settings\.xml|id_(?:rsa|dsa|ecdsa|ed25519)"
    r"|[^/]*\.(?:pem|key|env|ini|cfg|conf|toml|ya?ml|json|properties|sh))$"
)


def kept_bytes(path: str, size: int) -> int:
    """How many of a file's first bytes are to be read."""
    if path.endswith(".pyc"):
        return PYC_HEADER_BYTES
    if path in _USERS:
        return _USERS_BYTES
    if package_lists.is_package_list(path):
        return size if size <= package_lists.MOST_BYTES else 0
    if is_searched(path, size):
        return size
    return HEADER_BYTES if _PROGRAMS.search(path) else 0


def kept_form(path: str, read: bytes) -> bytes:
    """Return what is kept of the bytes that were read; nothing of a file that is only searched."""
    if path.endswith(".pyc") or path in _USERS:
        return read
    return package_lists.reduced(path, read) if package_lists.is_package_list(path) else b""


def is_searched(path: str, size: int) -> bool:
    """Whether a file is searched for secrets."""
    return size <= SEARCHED_BYTES and _SEARCHED.search(path) is not None
