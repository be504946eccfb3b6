"""The flags of instructions.

Decides which flags an instruction has and what values they take. Source: BuildKit v0.34.2,
``frontend/dockerfile/instructions/bflag.go``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from fast_container.core.dockerfile.model import RefusedError
from fast_container.core.dockerfile.node import Node

Kind = Literal["text", "texts", "bool"]

_COPYING: Final[dict[str, Kind]] = {"chown": "text", "chmod": "text", "link": "bool", "exclude": "texts"}
_FLAGS: Final[dict[str, Mapping[str, Kind]]] = {
    "ADD": {**_COPYING, "keep-git-dir": "bool", "checksum": "text", "unpack": "bool"},
    "COPY": {**_COPYING, "from": "text", "parents": "bool"},
    "FROM": {"platform": "text"},
    "HEALTHCHECK": dict.fromkeys(("interval", "timeout", "start-period", "start-interval", "retries"), "text"),
    "RUN": {"mount": "texts", "network": "text", "security": "text", "device": "texts"},
}
_NOT_CHECKED: Final = frozenset(["ARG", "STOPSIGNAL"])


@dataclass(frozen=True, slots=True)
class Flags:
    """Values of the flags that were given."""

    text: Mapping[str, str] = field(default_factory=dict[str, str])
    texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    on: frozenset[str] = frozenset()


_NO_FLAGS: Final = Flags()


def read_flags(node: Node) -> Flags:
    """Check and read the flags of an instruction.

    Raises:
        RefusedError: An unknown flag, one that is given twice, or a value that is missing or wrong.
    """
    if not node.flags or node.name in _NOT_CHECKED:
        return _NO_FLAGS
    known = _FLAGS.get(node.name, {})
    text: dict[str, str] = {}
    texts: dict[str, tuple[str, ...]] = {}
    on: set[str] = set()
    seen: set[str] = set()
    for flag in node.flags:
        name, equals, value = flag[2:].partition("=")
        kind = known.get(name)
        if kind is None:
            raise RefusedError(f"{node.name} has no flag --{name}")
        if name in seen and kind != "texts":
            raise RefusedError(f"--{name} is given twice")
        seen.add(name)
        if kind == "bool":
            if _is_true(name, value, given=bool(equals)):
                on.add(name)
        elif not equals:
            raise RefusedError(f"--{name} has no value")
        elif kind == "text":
            text[name] = value
        else:
            texts[name] = (*texts.get(name, ()), value)
    return Flags(text, texts, frozenset(on))


def _is_true(name: str, value: str, *, given: bool) -> bool:
    if given and not value:
        raise RefusedError(f"--{name}= has no value")
    if value.lower() not in ("", "true", "false"):
        raise RefusedError(f"--{name} must be true or false, not {value!r}")
    return value.lower() != "false"
