"""What the build keys are compared with: the least that any program has to do, and the hash that other tools compute.

Both are written to be quick: no needless object, no avoidable call.
"""

from __future__ import annotations

import hashlib
import os
import stat

from fast_container.core.ignore.rules import IgnoreRules


def floor(root: str, ignored: frozenset[str], *, read: bool) -> int:
    """The floor: list the directories, ``lstat`` the files that count, and read and hash those that changed.

    Args:
        root: An absolute directory.
        ignored: Names of directories that do not count; a real ignore file costs more than that.
        read: Whether all files changed, or none.

    Returns:
        The number of files.
    """
    files = 0
    pending = [root]
    while pending:
        with os.scandir(pending.pop()) as listing:
            for entry in listing:
                if entry.is_dir(follow_symlinks=False):
                    if entry.name not in ignored:
                        pending.append(entry.path)
                    continue
                facts = entry.stat(follow_symlinks=False)
                files += 1
                if read:
                    descriptor = os.open(entry.path, os.O_RDONLY)
                    try:
                        hashlib.sha256(os.read(descriptor, facts.st_size + 1)).hexdigest()
                    finally:
                        os.close(descriptor)
    return files


def whole_context_hash(root: str, rules: IgnoreRules) -> str:
    """Hash as peers do for each image: walk all that the ignore rules leave; SHA-256 of path, mode and content."""
    whole = hashlib.sha256()
    prefix = len(root) + 1
    pending = [(root, rules.start())]
    while pending:
        folder, state = pending.pop()
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
        for entry in entries:
            path = entry.path[prefix:]
            ignored, below = rules.step(state, path)
            if entry.is_dir(follow_symlinks=False):
                if not ignored:
                    pending.append((entry.path, below))
                continue
            if ignored:
                continue
            mode = entry.stat(follow_symlinks=False).st_mode
            content = os.readlink(entry.path).encode() if stat.S_ISLNK(mode) else _content(entry.path)
            whole.update(f"{path}\0{mode:o}\0".encode())
            whole.update(hashlib.sha256(content).digest())
    return whole.hexdigest()


def _content(path: str) -> bytes:
    with open(path, "rb", buffering=0) as file:
        return file.read()
