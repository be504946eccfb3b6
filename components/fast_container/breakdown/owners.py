"""Which package a file of an image is of.

Decides by the lists that installers write: ``RECORD`` of a Python distribution, the lists of dpkg and of Alpine's apk.
Bytecode is of the package of its source. A list of which no content is known (it is too large) is counted, and said.
Leaves the lists' form to ``core.layers.package_lists``.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from fast_container.core.layers.entry import SYMLINK
from fast_container.core.layers.merged import Merged
from fast_container.core.layers.package_lists import is_package_list

PYTHON: Final = "python"
DEBIAN: Final = "debian"
ALPINE: Final = "alpine"

_DISTRIBUTION: Final = re.compile(r"(?:.*/)?([^/]+?)-([^/-]+)\.dist-info/RECORD")
_DPKG: Final = "var/lib/dpkg/"
_BYTECODE: Final = re.compile(r"(.*/)?__pycache__/([^/]+?)\.[^/]+\.pyc")


class Package(NamedTuple):
    """A package that is installed.

    Attributes:
        kind: ``PYTHON``, ``DEBIAN`` or ``ALPINE``.
        name: A distribution's in normal form.
        version: ``""`` where it is not said.
        folder: Of a distribution, where it is installed.
    """

    kind: str
    name: str
    version: str
    folder: str = ""


@dataclass(frozen=True, slots=True)
class Owners:
    """The packages of an image's files.

    Attributes:
        distributions: Path → the Python distribution that it is of.
        packages: Path → the system's package that it is of.
        unread: How many lists of packages could not be read.
    """

    distributions: dict[str, Package] = field(default_factory=dict["str", "Package"])
    packages: dict[str, Package] = field(default_factory=dict["str", "Package"])
    unread: int = 0

    def of(self, path: str) -> Package | None:
        """Return the distribution of a file, else the system's package."""
        return self.distributions.get(path) or self.packages.get(path)


def owners(merged: Merged, files: Mapping[str, int]) -> Owners:
    """Find the packages of files.

    Args:
        merged: What the image shows.
        files: Path → bytes, of the files that are asked for.
    """
    entries = {path: placed.entry for path in files if is_package_list(path) and (placed := merged.get(path))}
    lists = {path: entry.head for path, entry in entries.items()}
    unread = sum(not entry.head and entry.size > 0 for entry in entries.values())
    found = Owners(unread=unread)
    for path, head in lists.items():
        if match := _DISTRIBUTION.fullmatch(path):
            package = Package(PYTHON, _normal(match[1]), match[2], _site(path))
            for name in _lines(head):
                found.distributions.setdefault(_below(package.folder, name), package)
    links = {path: link for path in files if "/" not in path and (link := _link(merged, path))}
    for package, name in (*_of_dpkg(lists), *_of_apk(lists)):
        found.packages.setdefault(_below_root(name, links), package)
    _own_bytecode(files, found)
    return found


def _own_bytecode(files: Iterable[str], found: Owners) -> None:
    for path in files:
        if path.endswith(".pyc") and (match := _BYTECODE.fullmatch(path)):
            source = f"{match[1] or ''}{match[2]}.py"
            for of in (found.distributions, found.packages):
                if source in of:
                    of.setdefault(path, of[source])


def _of_dpkg(lists: Mapping[str, bytes]) -> Iterator[tuple[Package, str]]:
    versions = dict(_stanzas(lists.get(f"{_DPKG}status", b"")))
    for path, head in lists.items():
        name = posixpath.basename(path)
        if path.startswith(f"{_DPKG}info/"):
            name = name.removesuffix(".list").partition(":")[0]
            package = Package(DEBIAN, name, versions.get(name, ""))
            yield from ((package, line) for line in _lines(head))
        elif path.startswith(f"{_DPKG}status.d/") and not path.endswith(".md5sums"):
            said = next(_stanzas(head), (name, ""))
            package = Package(DEBIAN, *said)
            yield from ((package, line) for line in _lines(lists.get(f"{path}.md5sums", b"")))


def _stanzas(status: bytes) -> Iterator[tuple[str, str]]:
    """Yield name and version of each package of a status file."""
    name = version = ""
    for line in [*_lines(status), ""]:
        key, _, value = line.partition(": ")
        if key == "Package":
            name = value
        elif key == "Version":
            version = value
        elif not line and name:
            yield name, version
            name = version = ""


def _of_apk(lists: Mapping[str, bytes]) -> Iterator[tuple[Package, str]]:
    for path, head in lists.items():
        if not path.endswith("/installed"):
            continue
        name = version = folder = ""
        for line in _lines(head):
            key, _, value = line.partition(":")
            if key == "P":
                name, version, folder = value, "", ""
            elif key == "V":
                version = value
            elif key == "F":
                folder = value
            elif key == "R":
                yield Package(ALPINE, name, version), f"{folder}/{value}"


def _lines(content: bytes) -> list[str]:
    return content.decode("utf-8", "surrogateescape").split("\n")


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _site(path: str) -> str:
    return posixpath.dirname(posixpath.dirname(path))


def _below(folder: str, name: str) -> str:
    path = name if name.startswith("/") or not folder else f"{folder}/{name}"
    return posixpath.normpath(path).lstrip("/") if "./" in path or path.startswith("/") else path


def _link(merged: Merged, path: str) -> str:
    placed = merged.get(path)
    return placed.entry.link.strip("/") if placed and placed.entry.kind == SYMLINK else ""


def _below_root(name: str, links: Mapping[str, str]) -> str:
    """Return a path as the image has it, whose ``/lib`` may be a link to ``usr/lib``."""
    path = name.removeprefix("./").lstrip("/")
    top, slash, rest = path.partition("/")
    return f"{links[top]}{slash}{rest}" if top in links else path
