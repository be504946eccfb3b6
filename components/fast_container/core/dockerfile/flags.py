"""The flags of instructions.

Decides which flags an instruction has and what values they take. Source: BuildKit v0.34.2,
``frontend/dockerfile/instructions/bflag.go``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from fast_container.core.dockerfile.model import RefusedError
from fast_container.core.dockerfile.parsed_line import ParsedLine

FlagKind = Literal["single", "repeated", "bool"]

_COPYING: Final[dict[str, FlagKind]] = {"chown": "single", "chmod": "single", "link": "bool", "exclude": "repeated"}
_FLAGS: Final[dict[str, Mapping[str, FlagKind]]] = {
    "ADD": {**_COPYING, "keep-git-dir": "bool", "checksum": "single", "unpack": "bool"},
    "COPY": {**_COPYING, "from": "single", "parents": "bool"},
    "FROM": {"platform": "single"},
    "HEALTHCHECK": dict.fromkeys(("interval", "timeout", "start-period", "start-interval", "retries"), "single"),
    "RUN": {"mount": "repeated", "network": "single", "security": "single", "device": "repeated"},
}
_NOT_CHECKED: Final = frozenset(["ARG", "STOPSIGNAL"])


@dataclass(frozen=True, slots=True)
class Flags:
    """Values of the flags that an instruction was given.

    Attributes:
        single: Flags with one value.
        repeated: Flags that may be given several times.
        on: Switches that are on.
    """

    single: Mapping[str, str] = field(default_factory=dict[str, str])
    repeated: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    on: frozenset[str] = frozenset()


_NO_FLAGS: Final = Flags()


def read_flags(node: ParsedLine) -> Flags:
    """Check and read the flags of an instruction.

    Raises:
        RefusedError: An unknown flag, a flag that is given twice, or a missing or wrong value.
    """
    if not node.flags or node.name in _NOT_CHECKED:
        return _NO_FLAGS
    known = _FLAGS.get(node.name, {})
    single: dict[str, str] = {}
    repeated: dict[str, tuple[str, ...]] = {}
    on: set[str] = set()
    seen: set[str] = set()
    for flag in node.flags:
        name, equals, value = flag[2:].partition("=")
        kind = known.get(name)
        if kind is None:
            raise RefusedError(f"{node.name} has no flag --{name}")
        if name in seen and kind != "repeated":
            raise RefusedError(f"--{name} is given twice")
        seen.add(name)
        if kind == "bool":
            if _is_true(name, value, given=bool(equals)):
                on.add(name)
        elif not equals:
            raise RefusedError(f"--{name} has no value")
        elif kind == "single":
            single[name] = value
        else:
            repeated[name] = (*repeated.get(name, ()), value)
    return Flags(single, repeated, frozenset(on))


def _is_true(name: str, value: str, *, given: bool) -> bool:
    if given and not value:
        raise RefusedError(f"--{name}= has no value")
    if value.lower() not in ("", "true", "false"):
        raise RefusedError(f"--{name} must be true or false, not {value!r}")
    return value.lower() != "false"
