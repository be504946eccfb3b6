"""Programs in a layer: the processor that its ELF files are for, from the first part of the layer.

Decides how a layer's start is read; nothing is unpacked, and the bytes read are limited. Leaves fetching it to an
adapter and the consequences to ``checks.programs``.
"""

from __future__ import annotations

import io
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_MOST_UNPACKED: Final = 16 * 1024 * 1024
_HEADER_BYTES: Final = 20
_EXECUTABLE_KINDS: Final = (2, 3)
_GZIP: Final = b"\x1f\x8b"
# (machine, most significant byte first) → architecture, for those that a Linux image can have.
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
_RUNS_TOO: Final = {"amd64": frozenset({"386"}), "arm64": frozenset({"arm"})}


@dataclass(frozen=True, slots=True)
class LayerPrograms:
    """The programs at the start of a layer.

    Attributes:
        fits: Whether one of them is for the image's processor.
        others: Path → architecture of programs for other processors, among those that were looked at.
    """

    fits: bool
    others: tuple[tuple[str, str], ...] = ()


def is_known(platform: str) -> bool:
    """Whether programs of a platform can be told from those of others."""
    system, _, rest = platform.partition("/")
    return system == "linux" and rest.partition("/")[0] in _MACHINES.values()


def look(start: bytes, platform: str) -> LayerPrograms:
    """Look at a layer's first bytes; one program that fits is enough.

    Args:
        start: As the registry stores them: gzip or plain tar; anything else holds no programs.
        platform: The image's, in normal form.
    """
    architecture = platform.split("/")[1]
    fitting = {architecture} | _RUNS_TOO.get(architecture, frozenset())
    others: list[tuple[str, str]] = []
    for path, found in _programs(_unpacked(start)):
        if found in fitting:
            return LayerPrograms(True)
        others.append((path, found))
    return LayerPrograms(False, tuple(others))


def _unpacked(start: bytes) -> bytes:
    if not start.startswith(_GZIP):
        return start
    try:
        return zlib.decompressobj(wbits=31).decompress(start, _MOST_UNPACKED)
    except zlib.error:
        return b""


def _programs(data: bytes) -> Iterator[tuple[str, str]]:
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            for member in archive:
                header = data[member.offset_data : member.offset_data + _HEADER_BYTES]
                architecture = _architecture(header) if member.isreg() else ""
                if architecture:
                    yield member.name.removeprefix("./").lstrip("/"), architecture
    except (tarfile.TarError, EOFError, ValueError, OverflowError):
        return  # The start of the layer ends within an entry.


def _architecture(header: bytes) -> str:
    if len(header) < _HEADER_BYTES or header[:4] != b"\x7fELF":
        return ""
    order = "big" if header[5] == 2 else "little"
    if int.from_bytes(header[16:18], order) not in _EXECUTABLE_KINDS:
        return ""
    return _MACHINES.get((int.from_bytes(header[18:20], order), order == "big"), "")
