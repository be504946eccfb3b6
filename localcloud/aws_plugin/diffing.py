"""Diff: what of a resource changes, and does that need a new one?

Decides when an old state and new inputs mean the same: policies by meaning, sets without order, what AWS chose
itself, empty against absent. The declaration says which change replaces.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from localcloud.aws_plugin.checking import DEFAULTS
from localcloud.aws_plugin.policy import canonical
from localcloud.aws_plugin.schema import Property, ResourceType, Values
from localcloud.aws_plugin.wire import UNKNOWN, has_unknown

ChangeKind = Literal["add", "delete", "update"]


@dataclass(frozen=True, kw_only=True)
class Change:
    """One property that differs; ``path`` as the engine writes it, such as ``environment.variables["A"]``."""

    path: str
    kind: ChangeKind
    replaces: bool = False

    @property
    def name(self) -> str:
        """The top-level property."""
        return self.path.split(".", 1)[0].split("[", 1)[0]


def diff_resource(
    declared: ResourceType, state: Values, news: Values, *, ignored: Iterable[str] = (), all_tags: Values | None = None
) -> list[Change]:
    """All differences between what is there (state) and what is wanted (checked inputs).

    Args:
        declared: The type.
        state: The old state.
        news: The new inputs, after Check.
        ignored: Top-level properties or paths of ``ignoreChanges``.
        all_tags: The tags wanted with the provider's default tags; ``None`` when they are not known.
    """
    changes: list[Change] = []
    for name, prop in declared.properties().items():
        changes += compare(prop, state.get(name), news.get(name), name)
    if declared.tagged and not any(change.name == "tags" for change in changes):
        before = state.get("tagsAll") or {}
        if all_tags is not None and before != all_tags:
            changes.append(Change(path="tagsAll", kind="update"))
    skipped = {entry.split(".", 1)[0].split("[", 1)[0] for entry in ignored if "." not in entry}
    return [change for change in changes if change.name not in skipped]


def delete_before_replace(declared: ResourceType, news: Values) -> bool:
    """Whether a replacement must remove the old one first.

    As in the Terraform bridge (``nameRequiresDeleteBeforeReplace``): also when the program chose the name itself.
    """
    if declared.delete_before_replace:
        return True
    if declared.autoname is None or DEFAULTS not in news:
        return False
    name = declared.autoname.property
    return name in news and name not in news[DEFAULTS]


def compare(prop: Property, old: Any, new: Any, path: str, *, replaces: bool = False) -> list[Change]:
    """The differences of one property, by path."""
    replaces = replaces or prop.replaces
    if new is UNKNOWN:
        return [Change(path=path, kind="update" if old is not None else "add", replaces=replaces)]
    if is_empty(new):
        if is_empty(old) or prop.computed or old == prop.default:
            return []
        return [Change(path=path, kind="delete", replaces=replaces)]
    if old is None:
        if prop.write_only and new is False:
            return []
        return [Change(path=path, kind="add", replaces=replaces)]
    return _compare_present(prop, old, new, path, replaces)


def _compare_present(prop: Property, old: Any, new: Any, path: str, replaces: bool) -> list[Change]:
    if prop.kind == "object" and isinstance(old, Mapping):
        return [
            change
            for name, member in prop.fields.items()
            for change in compare(member, old.get(name), new.get(name), f"{path}.{name}", replaces=replaces)
        ]
    if prop.kind == "map" and isinstance(old, Mapping):
        items = prop.items or Property()
        return [change for key in {**old, **new} for change in _compare_member(items, old, new, key, path, replaces)]
    if prop.kind == "list" and isinstance(old, list) and len(old) == len(new) and prop.items is not None:
        return [
            change
            for index, (before, after) in enumerate(zip(old, new, strict=True))
            for change in compare(prop.items, before, after, f"{path}[{index}]", replaces=replaces)
        ]
    if not has_unknown(new) and _canonical(prop, old) == _canonical(prop, new):
        return []
    return [Change(path=path, kind="update", replaces=replaces)]


def _compare_member(items: Property, old: Any, new: Any, key: str, path: str, replaces: bool) -> list[Change]:
    here = f'{path}["{key}"]' if not key.isidentifier() else f"{path}.{key}"
    if key not in new:
        return [Change(path=here, kind="delete", replaces=replaces)]
    if key not in old:
        return [Change(path=here, kind="add", replaces=replaces)]
    if old[key] == new[key]:
        return []
    return compare(items, old[key], new[key], here, replaces=replaces) or [
        Change(path=here, kind="update", replaces=replaces)
    ]


def same(prop: Property, old: Any, new: Any) -> bool:
    """Whether two values of a property mean the same."""
    return _canonical(prop, old) == _canonical(prop, new)


def is_empty(value: Any) -> bool:
    """Whether a value says nothing: absent, an empty text or collection, or an object of such."""
    if value is None or value in ("", []):
        return True
    return isinstance(value, Mapping) and all(is_empty(item) for item in value.values())


def _canonical(prop: Property, value: Any) -> Any:
    if is_empty(value):
        return None
    if prop.canonical is not None:
        return prop.canonical(value)
    if prop.kind == "json":
        return canonical(value)
    if prop.kind == "object" and isinstance(value, Mapping):
        members = {name: _canonical(member, value.get(name)) for name, member in prop.fields.items()}
        return {name: member for name, member in members.items() if member is not None}
    if prop.kind in {"list", "set"} and isinstance(value, list):
        items = [_canonical(prop.items or Property(), item) for item in value]
        return sorted(items, key=lambda item: json.dumps(item, sort_keys=True)) if prop.kind == "set" else items
    return value
