"""The sources of single distributions in a project's settings: ``tool.uv.sources``, Poetry's tables.

Decides which entry holds for which requirement (markers, extras, groups) and the requirements that follow. Leaves the
meaning of an index to ``python_base.indexes.package_indexes``, and that local packages must be given to
``python_base.package_set``. Sources: uv's documentation, "Managing dependencies"; Poetry's, "Dependency specification".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from fast_container.errors import ContextError
from fast_container.python_base.requirements.marker import (
    ALWAYS,
    NEVER,
    Marker,
    both,
    known_on_linux,
    opposite,
    parse_marker,
    simplified,
    write_marker,
)
from fast_container.python_base.requirements.requirement import Requirement, normalise_name, parse_requirement
from fast_container.python_base.toml_table import TomlTable

_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_FILLED_IN: Final = re.compile(r"(?<!\$)\{[^}]*\}")


@dataclass(frozen=True, slots=True)
class Source:
    """One entry.

    Attributes:
        place: File and dotted name, for messages.
        local: Path of a local package, or a word for one of the workspace; "" for other entries.
        url: A direct reference as pip takes it.
        index: Name of a package index.
        marker: The environments that it holds for.
        extra: It holds for requirements of that extra only.
        group: Likewise, of that dependency group.
    """

    place: str
    local: str = ""
    url: str = ""
    index: str = ""
    marker: Marker = ALWAYS
    extra: str = ""
    group: str = ""

    def is_for(self, *, extra: str, group: str) -> bool:
        """Whether it holds for the declarations of an extra or a group."""
        return self.extra in ("", extra) and self.group in ("", group)


Sources = Mapping[str, Sequence[Source]]
"""Normalised name of a distribution → its entries."""


def is_local_url(url: str) -> bool:
    """Whether a direct reference leads to this machine: ``file:``, a path, Hatch's ``{root:uri}``."""
    return bool(url) and (url.lower().startswith("file:") or "{root" in url or not _SCHEME.match(url))


def refuse_filled_in(requirement: Requirement) -> None:
    """Refuse a direct reference with a part that the build backend fills in (``{env:…}``).

    Raises:
        ContextError: There is one.
    """
    found = _FILLED_IN.search(requirement.url)
    if found is not None:
        raise ContextError(
            f"The URL of {requirement.name} is not known.",
            path=requirement.place,
            why=f"{found[0]} is filled in by the build backend",
            next_step="Write the URL out.",
        )


def uv_sources(document: TomlTable) -> dict[str, tuple[Source, ...]]:
    """Read ``tool.uv.sources`` of a ``pyproject.toml``."""
    uv = document.table("tool", "uv")
    if uv.flag("no-sources"):
        return {}
    without = {normalise_name(name) for name in uv.texts("no-sources-package")}
    declared = uv.table("sources")
    return {
        normalise_name(name): tuple(_of_uv(entry) for entry in declared.table_or_tables(name))
        for name in declared.values
        if normalise_name(name) not in without
    }


def poetry_sources(document: TomlTable) -> dict[str, tuple[Source, ...]]:
    """Read the sources in Poetry's dependency tables, beside the names of ``[project]``."""
    poetry = document.table("tool", "poetry")
    tables = [poetry.table("dependencies"), poetry.table("dev-dependencies")]
    groups = poetry.table("group")
    tables += [groups.table(name, "dependencies") for name in groups.values]
    found: dict[str, tuple[Source, ...]] = {}
    for table in tables:
        for name, value in table.values.items():
            if not isinstance(value, dict | list):
                continue
            sources = [_of_poetry(entry) for entry in table.table_or_tables(name)]
            said = tuple(source for source in sources if source.local or source.url or source.index)
            found[normalise_name(name)] = (*found.get(normalise_name(name), ()), *dict.fromkeys(said))
    return {name: sources for name, sources in found.items() if sources}


def apply_sources(
    requirement: Requirement, sources: Iterable[Source], *, extra: str, group: str
) -> Iterator[tuple[Requirement, Source | None]]:
    """Yield the requirements that the entries make of one, each with its entry; the rest of it comes from the indexes.

    Args:
        requirement: As declared.
        sources: The entries of its name.
        extra: The extra that declares it, or "".
        group: The group that declares it, or "".
    """
    own = parse_marker(requirement.marker)
    rest = [] if own is None else [own]
    for source in sources:
        if not source.is_for(extra=extra, group=group):
            continue
        if source.marker == ALWAYS or own is None:
            yield _at(requirement, source), source
            return
        marker = both(own, source.marker)
        if simplified(marker, known_on_linux) != NEVER:
            yield replace(_at(requirement, source), marker=write_marker(marker)), source
        outside = opposite(source.marker)
        if outside is None:
            raise ContextError(
                f"The marker of a source of {requirement.name} cannot be negated.",
                path=source.place,
                why=f"where {write_marker(source.marker)} does not hold, the distribution comes from an index",
                next_step="Write it with ==, !=, <, >=, in and not in.",
            )
        rest.append(outside)
    if len(rest) <= 1:
        yield requirement, None
        return
    left = both(*rest)
    if simplified(left, known_on_linux) != NEVER:
        yield replace(requirement, marker=write_marker(left)), None


def _at(requirement: Requirement, source: Source) -> Requirement:
    if not source.url:
        return requirement
    return replace(requirement, url=requirement.url or source.url, specifiers=())


def _of_uv(entry: TomlTable) -> Source:
    place = f"{entry.file}: {entry.name}"
    local = entry.text("path") or ("of the workspace" if entry.flag("workspace") else "")
    found = Source(
        place=place,
        local=local,
        url="" if local else entry.text("url") or _git(entry, place),
        index=entry.text("index"),
        marker=_marker(entry, "marker"),
        extra=normalise_name(entry.text("extra")),
        group=normalise_name(entry.text("group")),
    )
    known = ("path", "workspace", "url", "git", "index")
    if not any(key in entry for key in known):
        raise ContextError("A source names no place.", path=place, next_step=f"Give it one of {', '.join(known)}")
    return _with_subdirectory(found, entry)


def _of_poetry(entry: TomlTable) -> Source:
    place = f"{entry.file}: {entry.name}"
    local = entry.text("path") or entry.text("file")
    found = Source(
        place=place,
        local=local,
        url="" if local else entry.text("url") or _git(entry, place),
        index=entry.text("source"),
        marker=_marker(entry, "markers"),
    )
    limits = [key for key in ("python", "platform") if key in entry]
    if found.url and limits:
        raise ContextError(
            f"A source holds for some values of {limits[0]} only.",
            path=place,
            why="that is supported in markers only",
            next_step=f"Write {limits[0]} as markers = …",
        )
    return _with_subdirectory(found, entry)


def _with_subdirectory(source: Source, entry: TomlTable) -> Source:
    inside = entry.text("subdirectory")
    if not source.url or not inside or "#subdirectory=" in source.url:
        return source
    return replace(source, url=f"{source.url}#subdirectory={inside}")


def _git(entry: TomlTable, place: str) -> str:
    address = entry.text("git")
    if not address:
        return ""
    # ``git@host:group/x`` is SSH in git's own short form, which pip does not accept.
    short = re.fullmatch(r"(?P<login>[\w.-]+@[\w.-]+):(?P<path>(?!//).+)", address)
    if short:
        address = f"ssh://{short['login']}/{short['path'].lstrip('/')}"
    if is_local_url(address):
        raise ContextError(
            "A git repository on this machine is not in the image's build context.",
            path=place,
            why=address,
            next_step="Give its URL, or add its package to packages.",
        )
    reference = entry.text("rev") or entry.text("tag") or entry.text("branch")
    text = f"x @ git+{address.removeprefix('git+')}{'@' if reference else ''}{reference}"
    return parse_requirement(text, place).url


def _marker(entry: TomlTable, key: str) -> Marker:
    marker = parse_marker(entry.text(key))
    if marker is None:
        raise ContextError("A marker cannot be read.", path=f"{entry.file}: {entry.dotted(key)}", why=entry.text(key))
    return marker
