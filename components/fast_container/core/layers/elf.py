"""The header of an ELF file: which architecture a program is for.

Decides by its machine and byte order, for architectures that a Linux image can have.
"""

from __future__ import annotations

from typing import Final

HEADER_BYTES: Final = 20
_EXECUTABLE_KINDS: Final = (2, 3)
# (machine, most significant byte first) → architecture.
_MACHINES: Final = {
    (3, False): "386",
    (62, False): "amd64",
    (40, False): "arm",
    (183, False): "arm64",
    (243, False): "riscv64",
    (258, False): "loong64",
    (21, False): "ppc64le",
    (21, True): "ppc64",
    (22, True): "s390x",
}
ARCHITECTURES: Final = frozenset(_MACHINES.values())
_RUNS_TOO: Final = {"amd64": frozenset({"386"}), "arm64": frozenset({"arm"})}


def architecture(header: bytes) -> str:
    """The architecture of a program or library, as Go names it; ``""`` for anything else."""
    if header[:4] != b"\x7fELF" or len(header) < HEADER_BYTES:
        return ""
    order = "big" if header[5] == 2 else "little"
    if int.from_bytes(header[16:18], order) not in _EXECUTABLE_KINDS:
        return ""
    return _MACHINES.get((int.from_bytes(header[18:20], order), order == "big"), "")


def runs_on(architecture: str) -> frozenset[str]:
    """The architectures whose programs such a machine runs."""
    return frozenset({architecture}) | _RUNS_TOO.get(architecture, frozenset())
