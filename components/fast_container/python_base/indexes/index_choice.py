"""The package indexes of several projects, taken together for one installation.

Decides which options pip gets for them, which of them only uv can ask in their order, and refuses what neither does:
settings that need a lock, a distribution that is to come from one index alone, two indexes that both stand for PyPI.
Leaves reading settings to ``python_base.indexes.package_indexes`` and ``python_base.packages.project_settings``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fast_container.errors import ArgsError, ContextError
from fast_container.python_base.indexes.package_indexes import Index, IndexSettings, refuse_local_index
from fast_container.python_base.indexes.package_source import Source
from fast_container.python_base.requirements.requirement import Requirement, parse_requirement

_GIVE_A_LOCK = "Give lock= (uv.lock), or write a Dockerfile of your own for this base image"


@dataclass(frozen=True, slots=True)
class IndexChoice:
    """The indexes of an installation without a lock.

    Attributes:
        options: pip's options, in their order.
        ordered: Indexes that are asked before all others; pip has no such order.
        constraints: Those of the settings.
        notes: For the user, one line each.
    """

    options: tuple[str, ...] = ()
    ordered: tuple[Index, ...] = ()
    constraints: tuple[Requirement, ...] = ()
    notes: tuple[str, ...] = ()


def choose_indexes(settings: Iterable[IndexSettings], options: Sequence[str] = ()) -> IndexChoice:
    """Choose an installer's indexes.

    Args:
        settings: Those of all projects.
        options: pip's options of requirements files.

    Raises:
        ArgsError: Two indexes stand for PyPI.
        ContextError: A setting that needs a lock; a local folder of wheels.
    """
    every = list(settings)
    for key, place in (found for one in every for found in one.refused):
        raise ContextError(
            f"{key} cannot be kept without a lock.", path=place, why="pip has no such setting", next_step=_GIVE_A_LOCK
        )
    indexes = list(dict.fromkeys(index for one in every for index in one.indexes))
    asked = [index for index in indexes if index.kind != "explicit"]
    for index in asked:
        refuse_local_index(index)
    default = _default([index for index in asked if index.kind == "default"], options)
    extra = [index for index in asked if index.kind == "extra" and (default is None or index.url != default.url)]
    any_order = any(one.any_order for one in every)
    chosen = [f"--index-url {default.url}"] if default else []
    chosen += [f"--extra-index-url {index.url}" for index in extra]
    chosen += [f"--find-links {index.url}" for index in asked if index.kind == "links"]
    chosen += [option for one in every for option in one.options]
    return IndexChoice(
        options=tuple(dict.fromkeys(chosen)),
        ordered=() if any_order else tuple(extra),
        constraints=constraints_of(every),
        notes=tuple(
            f"{place} chooses versions only with a lock; without one, the newest are installed"
            for place in dict.fromkeys(place for one in every for _, place in one.passed)
        ),
    )


def constraints_of(settings: Iterable[IndexSettings]) -> tuple[Requirement, ...]:
    """Return the requirements of ``constraint-dependencies``."""
    found = dict.fromkeys(item for one in settings for item in one.constraints)
    return tuple(parse_requirement(text, place) for text, place in found)


def refuse_one_index(requirement: Requirement, source: Source, index: Index | None, choice: IndexChoice) -> None:
    """Refuse a distribution that is to come from one index alone, if others are asked too.

    Raises:
        ContextError: Its index is not declared, or is not the only one that is asked.
    """
    if index is None:
        raise ContextError(
            f"The index of {requirement.name} is not declared.",
            path=source.place,
            why=f"there is no index called {source.index}",
            next_step="Declare it, with its URL.",
        )
    if index.kind == "default" and not choice.ordered and f"--index-url {index.url}" in choice.options:
        return
    raise ContextError(
        f"{requirement.name} is to come from one package index, but an installation asks all indexes for all names.",
        path=source.place,
        why=f"its index is {index}",
        next_step=_GIVE_A_LOCK,
    )


def _default(defaults: Sequence[Index], options: Sequence[str]) -> Index | None:
    files = [
        Index("", option.partition(" ")[2].strip("\"'").rstrip("/"), "default", "requirements")
        for option in options
        if option.startswith("--index-url")
    ]
    for other in [*defaults[1:], *files]:
        if defaults and other.url != defaults[0].url:
            raise ArgsError(
                "Two package indexes stand for PyPI.",
                property_path="packages" if other in defaults else "requirements",
                why=f"{defaults[0]} ({defaults[0].place}) and {other} ({other.place})",
                next_step="Make them agree, or give a lock, which says of each distribution where it comes from.",
            )
    return defaults[0] if defaults else None
