"""The settings of a local package's project: where its dependencies come from.

Decides which files hold for a package: its own ``pyproject.toml``, the one of its uv workspace's root, the nearest
directory above with settings of uv (``uv.toml`` or ``[tool.uv]``), and the one in the root of all packages. Nothing
above that root is read. Leaves the meaning of the files to ``python_base.indexes.package_indexes`` and
``python_base.indexes.package_source``. Source: uv's documentation, "Configuration files" and "Workspaces".
"""

# ruff: noqa: PTH113, PTH118, PTH120

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from fast_container.python_base.indexes.package_indexes import Index, IndexSettings, project_indexes, uv_indexes
from fast_container.python_base.indexes.package_source import Source, Sources, poetry_sources, uv_sources
from fast_container.python_base.toml_table import TomlTable, read_toml


@dataclass(frozen=True, slots=True)
class ProjectSettings:
    """The settings for one package.

    Attributes:
        sources: The first that has a distribution's name counts.
        asked: Indexes that are asked for every name, each tool's settings.
        own: Indexes for the package's own sources only.
    """

    sources: tuple[Sources, ...] = ()
    asked: tuple[IndexSettings, ...] = ()
    own: IndexSettings = field(default_factory=IndexSettings)

    def sources_of(self, name: str) -> Sequence[Source]:
        """Return the entries of a distribution."""
        return next((sources[name] for sources in self.sources if name in sources), ())

    def said(self, source: Source) -> str:
        """Describe a source, for messages."""
        return source.local or source.url or str(self.index(source.index) or source.index)

    def index(self, name: str) -> Index | None:
        """Return the index of a name."""
        found = (settings.named(name) for settings in (self.own, *self.asked))
        return next((index for index in found if index is not None), None)


def read_project_settings(root: str, path: str, document: TomlTable) -> ProjectSettings:
    """Read the settings for a package.

    Args:
        root: Absolute path of the root of all packages.
        path: The package's directory below it.
        document: Its ``pyproject.toml``.

    Raises:
        ContextError: A file cannot be read.
    """
    above = [_Directory(root, name) for name in _upwards(path)]
    own = _Directory(root, path, document)
    workspace = next((found for found in (own, *above) if found.holds(path)), None)
    uv_home = workspace or next((found for found in (own, *above) if found.has_uv_settings), own)
    chain = {found.path: found for found in (own, *([workspace] if workspace else []), *above[-1:])}
    return ProjectSettings(
        sources=(poetry_sources(document), *(uv_sources(found.document) for found in chain.values())),
        asked=(uv_indexes(uv_home.uv_table), project_indexes(document)),
        own=uv_indexes(document.table("tool", "uv")),
    )


def read_root_settings(root: str) -> ProjectSettings:
    """Read the settings for requirements files, which belong to no package: the sources of the root."""
    return ProjectSettings(sources=(uv_sources(_Directory(root, ".").document),))


@dataclass(slots=True)
class _Directory:
    root: str
    path: str
    read: TomlTable | None = None

    @property
    def document(self) -> TomlTable:
        if self.read is None:
            self.read = self._file("pyproject.toml")
        return self.read

    @property
    def uv_table(self) -> TomlTable:
        alone = self._file("uv.toml")
        return alone if alone.values else self.document.table("tool", "uv")

    @property
    def has_uv_settings(self) -> bool:
        return self._is_there("uv.toml") or "uv" in self.document.table("tool")

    def holds(self, path: str) -> bool:
        """Whether it is the root of the workspace of a package."""
        uv = self.document.table("tool", "uv")
        if "workspace" not in uv:
            return False
        workspace = uv.table("workspace")
        inside = os.path.relpath(path, self.path).replace(os.sep, "/")
        if inside == ".":
            return True
        return _matches(inside, workspace.texts("members")) and not _matches(inside, workspace.texts("exclude"))

    def _file(self, name: str) -> TomlTable:
        file = name if self.path == "." else f"{self.path}/{name}"
        return read_toml(self.root, file) if self._is_there(name) else TomlTable(file)

    def _is_there(self, name: str) -> bool:
        return os.path.isfile(os.path.join(self.root, self.path, name))


def _upwards(path: str) -> Iterator[str]:
    """Yield the directories above a package, up to the root."""
    if path.startswith(("..", "/")):
        return
    while path != ".":
        path = os.path.dirname(path) or "."
        yield path


def _matches(path: str, patterns: Sequence[str]) -> bool:
    return any(_expression(pattern).fullmatch(path) for pattern in patterns)


def _expression(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*/?|\*|\?)", os.path.normpath(pattern))
    known = {"**": ".*", "**/": "(?:.*/)?", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(known.get(part, re.escape(part)) for part in parts))
