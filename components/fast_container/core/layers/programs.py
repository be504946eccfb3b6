"""Programs in a layer: the processor that its ELF files are for, from the first part of the layer.

Decides how a layer's start is read; nothing is unpacked, and the bytes read are limited. Leaves fetching it to an
adapter and the consequences to ``checks.programs``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from fast_container.core.layers.byte_stream import ByteStream
from fast_container.core.layers.decompression import decompressed
from fast_container.core.layers.elf import ARCHITECTURES, HEADER_BYTES, architecture, runs_on
from fast_container.core.layers.limits import LayerError, Limits
from fast_container.core.layers.tar_entries import tar_entries

_MOST_UNPACKED: Final = 16 * 1024 * 1024


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
    return system == "linux" and rest.partition("/")[0] in ARCHITECTURES


def look(start: bytes, platform: str) -> LayerPrograms:
    """Look at a layer's first bytes; one program that fits is enough.

    Args:
        start: As the registry stores them: gzip or plain tar; anything else holds no programs.
        platform: The image's, in normal form.
    """
    fitting = runs_on(platform.split("/")[1])
    others: list[tuple[str, str]] = []
    for path, found in _programs(start):
        if found in fitting:
            return LayerPrograms(True)
        others.append((path, found))
    return LayerPrograms(False, tuple(others))


def _programs(start: bytes) -> Iterator[tuple[str, str]]:
    """Yield path and architecture of the programs, as far as the start reaches."""
    stream = ByteStream(decompressed([start]), _MOST_UNPACKED)
    with suppress(LayerError):
        for entry, head in tar_entries(stream, _header_bytes, Limits()):
            if found := architecture(head):
                yield entry.path, found


def _header_bytes(_path: str, _size: int) -> int:
    return HEADER_BYTES
