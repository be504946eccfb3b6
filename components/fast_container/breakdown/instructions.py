"""The instruction that made a layer, as a person wrote it.

Decides what builders add to it: the shell, the values of build args, their own marks. So the same line of a Dockerfile
is one line here, whichever builder ran it; what an instruction's digests say is left out of the comparison of two.
"""

from __future__ import annotations

import re
from typing import Final

_SHELL: Final = re.compile(
    r"^(?:RUN )?(?:\|\d+ .*? )??(?:/usr)?/bin/(?:ba|da|)sh (?:-\w+ (?:pipefail )?)*?-\w*c (?:#\(nop\)\s+)?", re.DOTALL
)
_NOP: Final = re.compile(r"^(?:\|\d+ .*? )??/bin/sh -c #\(nop\)\s+", re.DOTALL)
_MARK: Final = re.compile(r"\s*# buildkit\s*$")
_DIGEST: Final = re.compile(r"\b[0-9a-f]{12,}\b")
UNKNOWN: Final = "(not said)"


def instruction(created_by: str) -> str:
    """Return the instruction on one line; ``UNKNOWN`` where the image does not say it."""
    said = _MARK.sub("", created_by)
    said = _NOP.sub("", said) if _NOP.match(said) else _SHELL.sub("RUN ", said)
    return " ".join(said.split()) or UNKNOWN


def without_digests(said: str) -> str:
    """Return an instruction that is equal for two builds of one line."""
    return _DIGEST.sub("…", said)
