"""The source of a build: an object or a folder of S3, unpacked into the build's source directory.

Decides which archive entries are let in: none that is absolute, climbs out with ``..``, or goes through a link that
leaves the tree. Whether the service role may read the object is asked before, by the runner.
"""

from __future__ import annotations

import io
import os
import stat
import zipfile
from pathlib import Path, PurePosixPath

from localcloud.state import ACCOUNT_ID


class SourceError(Exception):
    """The source cannot be had; the text is that of the phase context (``CLIENT_ERROR``)."""


def fetch_source(location: str, version: str, directory: Path, *, may_list: bool = True) -> str:
    """Brings ``bucket/key`` or ``bucket/prefix/`` into a directory that exists.

    Args:
        location: Where it is.
        version: The object's version, or "".
        directory: Where it goes.
        may_list: Whether the service role may list the bucket: S3 tells others "denied" of what is absent.

    Returns:
        The object's version id, "" for a folder or a bucket without versions.

    Raises:
        SourceError: The object is not there, or its content is not an archive that may be unpacked.
    """
    bucket, _, key = location.partition("/")
    if not key:
        raise SourceError(f"invalid source location {location!r}: expected bucket/key or bucket/prefix/")
    if key.endswith("/"):
        _fetch_folder(bucket, key, directory)
        return ""
    content, version_id = _object(bucket, key, version, may_list=may_list)
    if not zipfile.is_zipfile(io.BytesIO(content)):
        raise SourceError(f"source {location} is not a ZIP archive")
    unpack(content, directory)
    return version_id


def _object(bucket: str, key: str, version: str, *, may_list: bool = True) -> tuple[bytes, str]:
    from moto.s3.models import s3_backends  # noqa: PLC0415 - slow to import

    backend = s3_backends[ACCOUNT_ID]["aws"]
    if bucket not in backend.buckets:
        raise SourceError("NoSuchBucket: The specified bucket does not exist. status code: 404")
    found = backend.get_object(bucket, key, version_id=version or None)
    if found is None and not may_list:
        raise SourceError("AccessDenied: Access Denied status code: 403")
    if found is None:
        raise SourceError("NoSuchKey: The specified key does not exist. status code: 404")
    return found.value, found.version_id if found.version_id not in (None, "null") else ""


def _fetch_folder(bucket: str, prefix: str, directory: Path) -> None:
    from moto.s3.models import s3_backends  # noqa: PLC0415 - slow to import

    backend = s3_backends[ACCOUNT_ID]["aws"]
    if bucket not in backend.buckets:
        raise SourceError("NoSuchBucket: The specified bucket does not exist. status code: 404")
    keys = [key for key in list(backend.buckets[bucket].keys) if key.startswith(prefix) and not key.endswith("/")]
    if not keys:
        raise SourceError(f"no object under s3://{bucket}/{prefix}")
    for key in keys:
        target = _inside(directory, key.removeprefix(prefix))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(_object(bucket, key, "")[0])


def unpack(content: bytes, directory: Path) -> None:
    """Unpacks a ZIP archive: files, folders, and links that stay inside; the executable bit is kept.

    Raises:
        SourceError: An entry would leave the directory; nothing after it is unpacked.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for entry in archive.infolist():
            target = _inside(directory, entry.filename)
            mode = entry.external_attr >> 16
            if entry.is_dir():
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            if stat.S_ISLNK(mode):
                _link(directory, target, archive.read(entry).decode())
            else:
                if target.is_symlink():
                    raise SourceError(f"archive entry {entry.filename!r} would write through a link")
                target.write_bytes(archive.read(entry))
                target.chmod(0o755 if mode & 0o111 else 0o644)


def _inside(directory: Path, name: str) -> Path:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or not path.parts:
        raise SourceError(f"archive entry {name!r} leaves the source directory")
    target = directory.joinpath(*path.parts)
    root = directory.resolve()
    parent = target.parent.resolve()
    if parent != root and root not in parent.parents:
        raise SourceError(f"archive entry {name!r} goes through a link that leaves the source directory")
    return target


def _link(directory: Path, target: Path, text: str) -> None:
    root = directory.resolve()
    aim = Path(os.path.normpath(target.parent.resolve() / text))
    if text.startswith("/") or (aim != root and root not in aim.parents):
        raise SourceError(f"archive link {target.name!r} -> {text!r} leaves the source directory")
    target.symlink_to(text)
