"""One header block of a tar archive, and the records of a pax header.

Decides what the fields say, in the forms that images have: ustar, GNU (numbers in base 256) and pax. Leaves which
headers belong together to ``core.layers.tar_entries``.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from fast_container.core.layers.limits import LayerError

BLOCK: Final = 512
_CHECKSUM_AT: Final = slice(148, 156)
_BASE_256: Final = 0x80
_LARGEST: Final = 1 << 62


class TarHeader(NamedTuple):
    """The fields of a header block."""

    name: bytes
    mode: int
    uid: int
    gid: int
    size: int
    mtime: int
    type: bytes
    link: bytes
    is_extended_sparse: bool


def parse_header(block: bytes) -> TarHeader:
    """Read a block that is not all zeros.

    Raises:
        LayerError: It is not a header.
    """
    if number(block[_CHECKSUM_AT]) != sum(block) - sum(block[_CHECKSUM_AT]) + 8 * 32:
        raise LayerError("its archive is damaged: a header's checksum is wrong")
    name = _text(block[:100])
    kind = block[156:157]
    if block[257:263] == b"ustar\0" and (prefix := _text(block[345:500])):
        name = prefix + b"/" + name
    return TarHeader(
        name,
        number(block[100:108]) & 0o7777,
        number(block[108:116]),
        number(block[116:124]),
        number(block[124:136]),
        number(block[136:148], signed=True),
        kind,
        _text(block[157:257]),
        kind == b"S" and block[482] != 0,
    )


def number(field: bytes, *, signed: bool = False) -> int:
    """Read a number: octal, or base 256.

    Raises:
        LayerError: It is not one, or larger than any real one.
    """
    if field and field[0] & _BASE_256:
        found = int.from_bytes(bytes([field[0] & 0x7F if field[0] == _BASE_256 else field[0]]) + field[1:], signed=True)
    else:
        digits = field.strip(b" \0")
        try:
            # Python reads more than digits: a sign, an underscore.
            found = int(digits, 8) if digits.isdigit() else _nothing(digits)
        except ValueError:
            raise LayerError("its archive is damaged: a header has a field that is not a number") from None
    if (found < 0 and not signed) or abs(found) > _LARGEST:
        raise LayerError("its archive is damaged: a header has a number that cannot be")
    return found


def _nothing(digits: bytes) -> int:
    if digits:
        raise ValueError
    return 0


def _text(field: bytes) -> bytes:
    return field.partition(b"\0")[0]


def pax_records(content: bytes) -> dict[str, bytes]:
    """Read a pax header: ``length key=value``, one a line.

    Raises:
        LayerError: It is not one.
    """
    found: dict[str, bytes] = {}
    at = 0
    while at < len(content):
        end = content.find(b" ", at, at + 20)
        length = content[at:end] if end > 0 else b""
        if not length.isdigit() or not end < at + int(length) <= len(content):
            if not content[at:].strip(b"\0"):
                break
            raise LayerError("its archive is damaged: an extended header cannot be read")
        record, at = content[end + 1 : at + int(length)], at + int(length)
        key, equals, value = record.partition(b"=")
        if not equals or not value.endswith(b"\n"):
            raise LayerError("its archive is damaged: an extended header cannot be read")
        found[key.decode("utf-8", "replace")] = value[:-1]
    return found
