"""Temporary directories for one build, and their removal after a crash.

Decides who may read them (their owner), where they lie, and when one is abandoned. Staged files lie in the temporary
folder. Secrets lie in memory if the system has a place for that (``XDG_RUNTIME_DIR``, ``/dev/shm``), so that after a
kill without clean-up they are on no disk. Each directory's owner holds a lock on it as long as it lives, so another
process, also one in another container, can tell; the next process of ours that starts removes the secrets of dead ones.
Leaves the content to the callers.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from fast_container.adapters.digests.mount_table import MountTable

_PREFIX = "fast-container-build-"
_SECRETS_PREFIX = "fast-container-secrets-"
_LOCK = ".owner"
_YOUNG_S = 3600.0
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - a private directory is made in it
_SPARE_BYTES = 1 << 20


@contextmanager
def private_directory() -> Generator[Path]:
    """Make a directory (0700) in the temporary folder that is removed afterwards.

    Raises:
        OSError: It cannot be made.
    """
    with _locked(Path(tempfile.gettempdir()), _PREFIX) as directory:
        yield directory


@contextmanager
def secret_directory(
    environment: Mapping[str, str], size_bytes: int = 0, mounts: MountTable | None = None
) -> Generator[Path]:
    """Make a directory (0700) for secrets that is removed afterwards; in memory if possible.

    Args:
        environment: Says where the user's files of this session lie.
        size_bytes: About how much will be put there.
        mounts: Which file systems are in memory; read from the system by default.

    Raises:
        OSError: It cannot be made.
    """
    place = _place_of_secrets(environment, size_bytes, mounts or MountTable())
    with _locked(place, _SECRETS_PREFIX) as directory:
        yield directory


def remove_abandoned_secrets(environment: Mapping[str, str]) -> None:
    """Remove the secrets of killed processes of this user; quick enough for every start."""
    _remove_abandoned([*_memory_folders(environment), *_temporary_folders()], _SECRETS_PREFIX)


def remove_abandoned(environment: Mapping[str, str] | None = None) -> None:
    """Remove everything that killed processes of this user have left."""
    remove_abandoned_secrets(environment or {})
    _remove_abandoned(_temporary_folders(), _PREFIX)


@contextmanager
def _locked(parent: Path, prefix: str) -> Generator[Path]:
    directory = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    try:
        # It has its name only when it is locked: before, another process could take it for that of a dead one.
        taken = directory / f"{_LOCK}.new"
        with taken.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            taken.rename(directory / _LOCK)
            yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _place_of_secrets(environment: Mapping[str, str], size_bytes: int, table: MountTable) -> Path:
    for folder in _memory_folders(environment):
        with suppress(OSError):
            room = os.statvfs(folder)
            is_roomy = room.f_bavail * room.f_frsize >= size_bytes + _SPARE_BYTES
            if is_roomy and os.access(folder, os.W_OK | os.X_OK) and table.is_in_memory(folder.stat().st_dev):
                return folder
    return Path(tempfile.gettempdir())


def _memory_folders(environment: Mapping[str, str]) -> list[Path]:
    """Folders that may be in memory; the user's own first."""
    named = environment.get("XDG_RUNTIME_DIR")
    own = [Path(named)] if named else []
    own.append(Path(f"/run/user/{os.geteuid()}"))
    return list(dict.fromkeys([*filter(_is_own, own), _SHARED_MEMORY]))


def _is_own(folder: Path) -> bool:
    try:
        found = folder.stat()
    except OSError:
        return False
    return found.st_uid == os.geteuid() and not found.st_mode & 0o077


def _temporary_folders() -> list[Path]:
    """Temporary folders of this process, and of one with other variables."""
    return list(dict.fromkeys([Path(tempfile.gettempdir()), Path("/tmp")]))  # noqa: S108 - only looked at


def _remove_abandoned(folders: Iterable[Path], prefix: str) -> None:
    for folder in folders:
        with suppress(OSError):
            for name in os.listdir(folder):  # noqa: PTH208 - a temporary folder may hold tens of thousands
                if name.startswith(prefix) and _is_abandoned(folder / name):
                    shutil.rmtree(folder / name, ignore_errors=True)


def _is_abandoned(directory: Path) -> bool:
    try:
        if directory.lstat().st_uid != os.geteuid():
            return False
        with (directory / _LOCK).open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    except BlockingIOError:
        return False
    except FileNotFoundError:
        # Its owner may be about to lock it.
        with suppress(OSError):
            return time.time() - directory.lstat().st_mtime > _YOUNG_S
        return False
    except OSError:
        return False
