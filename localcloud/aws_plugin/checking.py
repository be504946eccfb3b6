"""Check: are these inputs right, and what are they in full?

Decides what the program may say (unknown properties, types, required ones, limits) and fills in what it left out:
defaults, the provider's region, the automatic name. Which inputs a type has is said by its declaration.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from localcloud.aws_plugin.policy import to_text
from localcloud.aws_plugin.schema import Autoname, Property, ResourceType, Values
from localcloud.aws_plugin.wire import UNKNOWN, Asset, has_unknown

# The input in which the real provider remembers what it filled in itself; the engine hides it.
DEFAULTS: Final = "__defaults"
_SUFFIX_LENGTH: Final = 7

Failure = tuple[str, str]
"""Property path and reason."""


@dataclass(frozen=True, kw_only=True)
class Naming:
    """What the engine says about the automatic name of one resource.

    Attributes:
        logical_name: The resource's name in the program.
        seed: The engine's random seed; empty without one.
        proposed: The name that the project's ``pulumi:autonaming`` asks for; may be empty.
        mode: ``propose``, ``enforce`` or ``disable``.
    """

    logical_name: str
    seed: bytes = b""
    proposed: str = ""
    mode: str = "propose"


def check_resource(
    declared: ResourceType, olds: Values, news: Values, *, region: str, naming: Naming
) -> tuple[Values, list[Failure]]:
    """The full inputs of a resource, and what is wrong with those of the program.

    Args:
        declared: The type.
        olds: The inputs of the last Check; empty for a new resource.
        news: The inputs of the program.
        region: The provider's region.
        naming: How an automatic name is made.
    """
    given = {key: value for key, value in news.items() if key != DEFAULTS}
    failures: list[Failure] = []
    inputs = check_values(declared.properties(), given, failures, unsupported=declared.unsupported)
    filled: set[str] = set(inputs) - set(given)
    if declared.autoname is not None and declared.autoname.property not in inputs:
        name = _automatic_name(declared.autoname, olds, naming)
        if name is None:
            failures.append((declared.autoname.property, "automatic naming is disabled: a name is required"))
        else:
            inputs[declared.autoname.property] = name
            filled.add(declared.autoname.property)
    if declared.regional and "region" not in inputs:
        inputs["region"] = region
        filled.add("region")
    if declared.validate is not None and not failures:
        failures += declared.validate(inputs)
    inputs[DEFAULTS] = sorted(filled)
    return inputs, failures


def check_values(
    properties: Mapping[str, Property],
    given: Mapping[str, Any],
    failures: list[Failure],
    *,
    path: str = "",
    unsupported: frozenset[str] = frozenset(),
) -> Values:
    """The given values with defaults; what is wrong is added to ``failures``, each with its property path."""
    checked: Values = {}
    for name, value in given.items():
        here = f"{path}.{name}" if path else name
        declared = properties.get(name)
        if declared is None:
            reason = (
                "is a property of the real provider that this stand-in does not support"
                if name in unsupported
                else f"unknown property; known are: {', '.join(sorted(properties))}"
            )
            failures.append((here, reason))
        elif value is not None:
            checked[name] = _check_value(declared, value, here, failures)
    for name, declared in properties.items():
        if name in checked:
            continue
        if declared.default is not None:
            checked[name] = declared.default
        elif declared.required:
            here = f"{path}.{name}" if path else name
            failures.append((here, "missing required property"))
    return checked


def _check_value(declared: Property, value: Any, path: str, failures: list[Failure]) -> Any:
    if value is UNKNOWN:
        return UNKNOWN
    if isinstance(value, Asset):
        failures.append((path, "assets and archives are not supported by this stand-in"))
        return None
    check = _CHECKS[declared.kind]
    checked = check(declared, value, path, failures)
    if checked is _WRONG_TYPE:
        failures.append((path, f"expected {_KIND_NAMES[declared.kind]}, got {_kind_of(value)}"))
        return None
    _check_limits(declared, checked, path, failures)
    return checked


_WRONG_TYPE: Final = object()
_KIND_NAMES: Final = {
    "string": "a string",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "a boolean",
    "json": "a JSON text or an object",
    "map": "a map",
    "list": "a list",
    "set": "a list",
    "object": "an object",
}


def _kind_of(value: Any) -> str:
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float)):
        return f"the number {value}"
    if isinstance(value, str):
        return "a string"
    return "a list" if isinstance(value, list) else "an object"


def _check_string(_: Property, value: Any, __: str, ___: list[Failure]) -> Any:
    return value if isinstance(value, str) else _WRONG_TYPE


def _check_boolean(_: Property, value: Any, __: str, ___: list[Failure]) -> Any:
    return value if isinstance(value, bool) else _WRONG_TYPE


def _check_integer(_: Property, value: Any, __: str, ___: list[Failure]) -> Any:
    return value if isinstance(value, int) and not isinstance(value, bool) else _WRONG_TYPE


def _check_number(_: Property, value: Any, __: str, ___: list[Failure]) -> Any:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else _WRONG_TYPE


def _check_json(_: Property, value: Any, path: str, failures: list[Failure]) -> Any:
    if isinstance(value, Mapping):
        return UNKNOWN if has_unknown(value) else to_text(value)
    if not isinstance(value, str):
        return _WRONG_TYPE
    try:
        json.loads(value)
    except ValueError as error:
        failures.append((path, f"contains an invalid JSON policy: {error}"))
    return value


def _check_map(declared: Property, value: Any, path: str, failures: list[Failure]) -> Any:
    if not isinstance(value, Mapping):
        return _WRONG_TYPE
    items = declared.items or Property()
    return {key: _check_value(items, item, f"{path}.{key}", failures) for key, item in value.items()}


def _check_list(declared: Property, value: Any, path: str, failures: list[Failure]) -> Any:
    if not isinstance(value, list):
        return _WRONG_TYPE
    items = declared.items or Property()
    return [_check_value(items, item, f"{path}[{index}]", failures) for index, item in enumerate(value)]


def _check_object(declared: Property, value: Any, path: str, failures: list[Failure]) -> Any:
    if not isinstance(value, Mapping):
        return _WRONG_TYPE
    return check_values(declared.fields, value, failures, path=path)


_CHECKS: Final[Mapping[str, Callable[[Property, Any, str, list[Failure]], Any]]] = {
    "string": _check_string,
    "integer": _check_integer,
    "number": _check_number,
    "boolean": _check_boolean,
    "json": _check_json,
    "map": _check_map,
    "list": _check_list,
    "set": _check_list,
    "object": _check_object,
}


def _check_limits(declared: Property, value: Any, path: str, failures: list[Failure]) -> None:
    if declared.choices and value not in declared.choices:
        failures.append((path, f"expected one of {', '.join(declared.choices)}, got {value}"))
    if declared.pattern and isinstance(value, str) and not re.fullmatch(declared.pattern, value):
        failures.append((path, f"{value!r} does not match {declared.pattern}"))
    if value is UNKNOWN or isinstance(value, bool):
        return
    size = value if isinstance(value, (int, float)) else len(value)
    if declared.minimum is not None and size < declared.minimum:
        failures.append((path, f"expected at least {declared.minimum}, got {size}"))
    if declared.maximum is not None and size > declared.maximum:
        failures.append((path, f"expected at most {declared.maximum}, got {size}"))


def _automatic_name(autoname: Autoname, olds: Values, naming: Naming) -> str | None:
    if autoname.property in olds.get(DEFAULTS, []) and olds.get(autoname.property):
        return olds[autoname.property]
    if naming.mode == "disable":
        return None
    if naming.mode == "enforce" or (naming.proposed and len(naming.proposed) <= autoname.maximum):
        return naming.proposed
    suffix = (
        hashlib.sha256(naming.seed).hexdigest()[:_SUFFIX_LENGTH]
        if naming.seed
        else secrets.token_hex(_SUFFIX_LENGTH)[:_SUFFIX_LENGTH]
    )
    stem = naming.logical_name[: autoname.maximum - _SUFFIX_LENGTH - 1]
    name = f"{stem}-{suffix}"
    return name.lower() if autoname.lower_case else name
