"""An archive of exactly a context's entries: the same bytes on every machine, and safe to unpack.

Decides the format: an uncompressed GNU tar (no compressor gives the same bytes everywhere), entries in the order of
the paths' bytes, modes 0644 and 0755, owner 0, one constant date. Unpacking gives the entries that were packed; their
dates mean nothing, because ``core.staging.stage`` dates them anew where the image is built.

Unpacking trusts nothing: no absolute path, no ``..``, no name twice, only files, directories and links, and nothing
below a name that is not a directory of this archive. So a link is only a string: nothing is written through it,
wherever it points.
"""

# Paths are strings with surrogate escapes, and there are many: pathlib is too slow.
# ruff: noqa: PTH101, PTH102, PTH103, PTH118, PTH123, PTH211

from __future__ import annotations

import hashlib
import os
import tarfile
from typing import IO, Final

from fast_container.core.context.node import on_disk
from fast_container.core.context.stat_facts import counted_mode
from fast_container.core.entry import MODE_DIRECTORY, MODE_LINK, Entry
from fast_container.core.ports import ContextSource
from fast_container.core.staging.checked_entry import check_directory, check_link, read_file
from fast_container.errors import ContextError

_BLOCK: Final = tarfile.BLOCKSIZE
_TYPES: Final = {"file": tarfile.REGTYPE, "dir": tarfile.DIRTYPE, "symlink": tarfile.SYMTYPE}
_CHUNK_BYTES: Final = 1 << 20
_DATE_S: Final = 315_619_200
"""1980-01-02: the same on every machine, and every program accepts it."""


def write_archive(source: ContextSource, archive: IO[bytes]) -> str:
    """Pack a context's entries, reading each file once.

    Args:
        source: The root and the entries to pack.
        archive: The file to write; it is not sought.

    Returns:
        ``sha256:<hex>`` of the archive.

    Raises:
        ContextError: A file changed since it was hashed, or cannot be read; the archive is of no use then.
    """
    digest = hashlib.sha256()

    def put(data: bytes) -> None:
        digest.update(data)
        archive.write(data)

    for entry in source.entries:
        put(_header(entry))
        if entry.type == "file":
            for chunk in read_file(source.root, entry):
                put(chunk)
            put(bytes(-entry.size % _BLOCK))
        elif entry.type == "dir":
            check_directory(source.root, entry)
        else:
            check_link(source.root, entry)
    put(bytes(2 * _BLOCK))
    return f"sha256:{digest.hexdigest()}"


def extract_archive(archive: IO[bytes], destination: str) -> tuple[Entry, ...]:
    """Unpack into an empty or absent directory.

    Args:
        archive: Read from its position to its end.
        destination: A directory; made when it is absent.

    Returns:
        The unpacked entries, in the archive's order; compare their ``entries_digest`` with the expected one.

    Raises:
        ContextError: The archive is damaged, or holds something that ``write_archive`` never writes.
        OSError: The destination cannot be written.
    """
    os.makedirs(destination, mode=0o700, exist_ok=True)
    entries: dict[str, Entry] = {}
    try:
        with tarfile.open(fileobj=archive, mode="r|", encoding="utf-8", errors="surrogateescape") as members:
            for member in members:
                _check_member(member, entries)
                entries[member.name] = _extract(members, member, os.path.join(destination, on_disk(member.name)))
    except tarfile.TarError as error:
        raise _refusal("", f"It is damaged: {error}.") from error
    os.chmod(destination, MODE_DIRECTORY)
    return tuple(entries.values())


def _header(entry: Entry) -> bytes:
    info = tarfile.TarInfo(entry.path)
    info.type = _TYPES[entry.type]
    info.mode = entry.mode
    info.size = entry.size if entry.type == "file" else 0
    info.linkname = entry.target
    info.mtime = _DATE_S
    return info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")


def _check_member(member: tarfile.TarInfo, entries: dict[str, Entry]) -> None:
    """Refuse a member that ``write_archive`` never writes."""
    name = member.name
    parts = name.split("/")
    if any(part in ("", ".", "..") for part in parts) or "\0" in name:
        raise _refusal(name, "Its path is absolute, empty, or leads upwards.")
    if name in entries:
        raise _refusal(name, "It is there twice.")
    above = "/".join(parts[:-1])
    if above and (above not in entries or entries[above].type != "dir"):
        raise _refusal(name, "It is below something that is not a directory of the archive.")
    if member.type not in _TYPES.values():
        raise _refusal(name, "It is not a file, directory or link.")


def _extract(members: tarfile.TarFile, member: tarfile.TarInfo, target: str) -> Entry:
    if member.isdir():
        os.mkdir(target)
        os.chmod(target, MODE_DIRECTORY)  # whatever the umask
        return Entry(member.name, "dir", MODE_DIRECTORY, 0, "")
    if member.issym():
        os.symlink(on_disk(member.linkname), target)
        text = member.linkname.encode("utf-8", "surrogateescape")
        return Entry(
            member.name, "symlink", MODE_LINK, len(text), f"sha256:{hashlib.sha256(text).hexdigest()}", member.linkname
        )
    content = members.extractfile(member)
    assert content is not None
    digest = hashlib.sha256()
    size = 0
    with open(target, "xb") as file:
        while chunk := content.read(_CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
            file.write(chunk)
    if size != member.size:
        raise _refusal(member.name, "The archive ends in the middle of it.")
    mode = counted_mode(member.mode)
    os.chmod(target, mode)
    return Entry(member.name, "file", mode, size, f"sha256:{digest.hexdigest()}")


def _refusal(name: str, why: str) -> ContextError:
    return ContextError(
        "An archive of a build context cannot be unpacked.",
        path=name or "the archive",
        why=why,
        next_step="Run again: it is then made and uploaded anew.",
    )
