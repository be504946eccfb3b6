"""The images that the state of a stack names.

Decides that every string of a state counts, wherever it stands, also inside a string (the container definitions of a
task are JSON in a string): each reference, each digest and each key tag. A state has no secret that a reference could
be in, and one that is encrypted is never read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast

from fast_container.core.cleanup.uses import Use
from fast_container.core.json_document import parse_object
from fast_container.core.key import TAG_PATTERN

_NAMED: Final = re.compile(
    rf"[A-Za-z0-9._:\[\]-]+/[a-z0-9._/-]+(?::[\w.-]+)?@sha256:[0-9a-f]{{64}}"
    rf"|[A-Za-z0-9._:\[\]-]+/[a-z0-9._/-]+:[\w.-]+|sha256:[0-9a-f]{{64}}|{TAG_PATTERN}",
    re.ASCII,
)


def uses_of_state(text: str, name: str) -> list[Use]:
    """Return what the state of a stack uses.

    Args:
        text: What ``pulumi stack export`` printed.
        name: The stack's name in reasons.

    Raises:
        ValueError: It is not the state of a stack.
    """
    document = parse_object(text)
    deployment = document.get("deployment")
    if not isinstance(deployment, dict):
        raise ValueError("it has no deployment, as `pulumi stack export` prints one")
    try:
        return list(dict.fromkeys(_uses(cast("dict[str, Any]", deployment), name)))
    except (TypeError, AttributeError) as error:
        raise ValueError(f"not the state of a stack: {error}") from error


def _uses(deployment: Mapping[str, Any], name: str) -> Iterator[Use]:
    for resource, content in _resources(deployment):
        for string in _strings(content):
            for reference in _NAMED.findall(string):
                yield Use(reference, f"{resource} of stack {name}")


def _resources(deployment: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """Name and content of each resource, also of operations that were interrupted."""
    resources: list[object] = list(deployment.get("resources") or [])
    pending = cast("list[Mapping[str, object]]", deployment.get("pending_operations") or [])
    resources.extend(operation.get("resource") for operation in pending)
    for resource in resources:
        if isinstance(resource, dict):
            plain = cast("dict[str, Any]", resource)
            yield str(plain.get("urn", "")).rpartition("::")[2] or "a resource", plain


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in cast("Mapping[str, object]", value).values():
            yield from _strings(one)
    elif isinstance(value, Sequence):
        for one in cast("Sequence[object]", value):
            yield from _strings(one)
