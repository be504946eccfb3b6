"""The package indexes that a project's tools ask: of uv, Poetry, PDM and Rye.

Decides the order in which they are asked, which of them are only for names that say so, and which settings beside them
pip has too. A setting that pip and uv cannot follow as the project's own tool does is kept with its name (``refused``).
Leaves for which names they are asked to ``python_base.indexes.package_source``, and which installer can ask them to
``python_base.spec``. Sources: uv's documentation, "Package indexes" and "Settings"; Poetry's, "Repositories"; PDM's,
"Configure the project".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from fast_container.errors import ContextError
from fast_container.python_base.indexes.package_source import is_local_url
from fast_container.python_base.requirements.requirement import normalise_name, refuse_login
from fast_container.python_base.toml_table import TomlTable

Kind = Literal["default", "extra", "explicit", "links"]

PYPI: Final = "https://pypi.org/simple"

_ANY_VERSION: Final = "unsafe-best-match"
_LOCK_ONLY: Final = ("dependency-metadata", "exclude-dependencies", "override-dependencies")
_CHOICE_OF_VERSIONS: Final = ("exclude-newer", "exclude-newer-package", "resolution")


@dataclass(frozen=True, slots=True)
class Index:
    """A place with distributions.

    Attributes:
        name: Its name in the project, or "".
        url: Without a slash at its end.
        kind: ``default`` stands for PyPI; ``extra`` is asked before the default; ``explicit`` only for names that say
            so; ``links`` is a page of links.
        place: File and dotted name, for messages.
    """

    name: str
    url: str
    kind: Kind
    place: str = field(compare=False)

    def __str__(self) -> str:
        """Name and URL."""
        return f"{self.name} ({self.url})" if self.name else self.url


@dataclass(slots=True)
class IndexSettings:
    """The settings of one project's tools about indexes.

    Attributes:
        indexes: In the order in which they are asked.
        options: The equivalent options of pip.
        constraints: Requirements that limit versions, with their place.
        refused: (Setting, place) that need a lock.
        passed: Settings that choose versions and are not used, with their place.
        any_order: Whether the newest version of all indexes is installed, as pip does.
    """

    indexes: list[Index] = field(default_factory=list[Index])
    options: list[str] = field(default_factory=list[str])
    constraints: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    refused: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    passed: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    any_order: bool = False

    @property
    def default(self) -> Index | None:
        """The index that stands for PyPI."""
        return next((index for index in self.indexes if index.kind == "default"), None)

    @property
    def extra(self) -> list[Index]:
        """The indexes that are asked before the default, in order."""
        return [index for index in self.indexes if index.kind == "extra"]

    def named(self, name: str) -> Index | None:
        """Return the index of a name."""
        found = (index for index in self.indexes if index.name and index.name.lower() == name.lower())
        return next(found, None)


def uv_settings(uv: TomlTable, found: IndexSettings) -> None:
    """Add the settings of ``[tool.uv]`` or a ``uv.toml``."""
    for table in uv.tables("index"):
        url = table.text("url")
        flat = table.text("format") == "flat"
        if table.flag("explicit") and table.flag("default"):
            found.refused.append(("index", f"{table.file}: {table.dotted('default')}"))
        kind: Kind = (
            "explicit"
            if table.flag("explicit")
            else "links"
            if flat
            else "default"
            if table.flag("default")
            else "extra"
        )
        found.indexes.append(_index(table, "url", table.text("name"), url, kind))
    for url in uv.text_or_texts("extra-index-url"):
        found.indexes.append(_index(uv, "extra-index-url", "", url, "extra"))
    if uv.text("index-url"):
        found.indexes.append(_index(uv, "index-url", "", uv.text("index-url"), "default"))
    for url in uv.text_or_texts("find-links"):
        found.indexes.append(_index(uv, "find-links", "", url, "links"))
    found.any_order = found.any_order or uv.text("index-strategy") == _ANY_VERSION
    found.options += _uv_options(uv)
    found.constraints += [
        (text, f"{uv.file}: {uv.dotted('constraint-dependencies')}") for text in uv.texts("constraint-dependencies")
    ]
    found.refused += [(key, f"{uv.file}: {uv.dotted(key)}") for key in _LOCK_ONLY if uv.values.get(key)]
    found.passed += [
        (key, f"{uv.file}: {uv.dotted(key)}")
        for key in _CHOICE_OF_VERSIONS
        if uv.values.get(key) and uv.values[key] != "highest"
    ]
    _refuse_pip_only(uv)


def poetry_settings(poetry: TomlTable, found: IndexSettings) -> None:
    """Add ``[[tool.poetry.source]]``: primary ones stand for PyPI, supplemental ones come after all others."""
    first: list[Index] = []
    last: list[Index] = []
    for table in poetry.tables("source"):
        name = table.text("name")
        url = table.text("url") or (PYPI if name.lower() == "pypi" else "")
        priority = table.text("priority").lower()
        if table.flag("default"):
            priority = "default"
        if table.flag("secondary"):
            priority = "secondary"
        if priority not in ("", "primary", "default", "secondary", "supplemental", "explicit"):
            raise table.wrong("priority", "one of primary, supplemental and explicit")
        kind: Kind = "explicit" if priority == "explicit" else "extra"
        index = _index(table, "url", name, url, kind)
        if kind == "explicit":
            found.indexes.append(index)
        elif priority in ("secondary", "supplemental"):
            last.append(index)
        else:
            first.append(index)
    if not first and last:
        first.append(Index("PyPI", PYPI, "extra", last[0].place))
    _add_ordered([*first, *last], found)


def pdm_settings(pdm: TomlTable, found: IndexSettings) -> None:
    """Add ``[[tool.pdm.source]]``: the one called ``pypi`` stands for PyPI."""
    for table in pdm.tables("source"):
        for key in ("include_packages", "exclude_packages"):
            if table.texts(key):
                found.refused.append((key, f"{table.file}: {table.dotted(key)}"))
        name = table.text("name")
        links = table.text("type") == "find_links"
        kind: Kind = "links" if links else "default" if name.lower() == "pypi" else "extra"
        found.indexes.append(_index(table, "url", name, table.text("url"), kind))
    if pdm.table("resolution").values.get("overrides"):
        found.refused.append(("overrides", f"{pdm.file}: {pdm.dotted('resolution')}.overrides"))


def rye_settings(rye: TomlTable, found: IndexSettings) -> None:
    """Add ``[[tool.rye.sources]]``: the one called ``default`` stands for PyPI."""
    for table in rye.tables("sources"):
        name = table.text("name")
        kind: Kind = "default" if name == "default" else "links" if table.text("type") == "find-links" else "extra"
        found.indexes.append(_index(table, "url", name, table.text("url"), kind))


def project_indexes(document: TomlTable) -> IndexSettings:
    """Read the indexes of a project's own ``pyproject.toml``, without uv's settings."""
    found, tool = IndexSettings(), document.table("tool")
    poetry_settings(tool.table("poetry"), found)
    pdm_settings(tool.table("pdm"), found)
    rye_settings(tool.table("rye"), found)
    _refuse_pixi(tool.table("pixi").table("pypi-options"))
    return _checked(found)


def uv_indexes(uv: TomlTable) -> IndexSettings:
    """Read the indexes of ``[tool.uv]`` or a ``uv.toml``."""
    found = IndexSettings()
    uv_settings(uv, found)
    return _checked(found)


def _checked(found: IndexSettings) -> IndexSettings:
    for index in found.indexes:
        refuse_login(index.url, index.url, index.place)
    return found


def _add_ordered(indexes: Sequence[Index], found: IndexSettings) -> None:
    """Add indexes: the last one stands for PyPI, those before it are asked first."""
    for number, index in enumerate(indexes, 1):
        kind: Kind = "default" if number == len(indexes) else "extra"
        found.indexes.append(Index(index.name, index.url, kind, index.place))


def _index(table: TomlTable, key: str, name: str, url: str, kind: Kind) -> Index:
    place = f"{table.file}: {table.dotted(key)}"
    if not url or len(url.split()) != 1:
        raise ContextError("A package index has no URL.", path=place, next_step="Give its URL.")
    return Index(name, url.rstrip("/"), kind, place)


def _uv_options(uv: TomlTable) -> Iterator[str]:
    if uv.flag("no-index"):
        yield "--no-index"
    if uv.text("prerelease") == "allow":
        yield "--pre"
    for key, option in (("no-binary", "--no-binary"), ("no-build", "--only-binary")):
        if uv.flag(key):
            yield f"{option} :all:"
        for name in uv.texts(f"{key}-package"):
            yield f"{option} {normalise_name(name)}"
    for host in uv.texts("allow-insecure-host") or uv.texts("trusted-host"):
        if len(host.split()) == 1:
            yield f"--trusted-host {host}"


def _refuse_pip_only(uv: TomlTable) -> None:
    pip = uv.table("pip")
    for key in ("index-url", "extra-index-url", "find-links", "no-index"):
        if pip.values.get(key):
            raise ContextError(
                f"{pip.dotted(key)} is for `uv pip` alone.",
                path=uv.file,
                why="the packages' dependencies would come from other indexes than with `uv sync`",
                next_step="Write it in [[tool.uv.index]], which both read.",
            )


def _refuse_pixi(options: TomlTable) -> None:
    """Refuse package indexes that only pixi would ask: without them PyPI would be asked, for private names too."""
    for key in ("index-url", "extra-index-urls", "find-links"):
        if options.values.get(key):
            raise ContextError(
                f"{options.dotted(key)} is not read.",
                path=options.file,
                why="the packages' dependencies would come from other indexes than with pixi",
                next_step="Write it in [[tool.uv.index]], or give a requirements file with --index-url.",
            )


def refuse_local_index(index: Index) -> None:
    """Refuse a folder of wheels.

    Raises:
        ContextError: It is one.
    """
    if is_local_url(index.url):
        raise ContextError(
            "A local folder of wheels is not part of the image's build context.",
            path=index.place,
            why=str(index),
            next_step="Give the URL of an index, or write a Dockerfile of your own for this base image.",
        )
