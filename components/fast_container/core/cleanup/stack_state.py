"""The images that the state of a stack names.

Decides that every string of a state counts, wherever it stands, also inside a string (the container definitions of a
task are JSON in a string): each reference, each digest and each key tag, whatever stands around it. So do names of
fields, and a digest without its algorithm (the code hash of a function, which no secret hides). What is encrypted is
never read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast

from fast_container.core.cleanup.uses import Use
from fast_container.core.json_document import parse_object
from fast_container.core.key import TAG_PATTERN

# Tried once for each run of characters, and no further than a name goes: a state may hold strings of megabytes.
_TAGGED: Final = re.compile(r"(?<![A-Za-z0-9._:\[\]-])[A-Za-z0-9._:\[\]-]+/[a-z0-9._/-]{1,300}:[\w.-]{1,128}", re.ASCII)
_DIGEST: Final = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])", re.ASCII)
_KEY_TAG: Final = re.compile(TAG_PATTERN, re.ASCII)


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
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except (TypeError, AttributeError) as error:
        raise ValueError(f"not the state of a stack: {error}") from error


def _uses(deployment: Mapping[str, Any], name: str) -> Iterator[Use]:
    for resource, content in _resources(deployment):
        for string in _strings(content):
            for reference in _named(string):
                yield Use(reference, f"{resource} of stack {name}")


def _named(text: str) -> Iterator[str]:
    """Everything in a string that may name an image; a longer name never hides a digest or a key tag in it."""
    yield from (f"sha256:{digest}" for digest in _DIGEST.findall(text))
    yield from _KEY_TAG.findall(text)
    yield from _TAGGED.findall(text)


def _resources(deployment: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """Name and content of each resource, also of operations that were interrupted."""
    resources: list[object] = list(deployment.get("resources") or [])
    pending = cast("list[Mapping[str, object]]", deployment.get("pending_operations") or [])
    resources.extend(operation.get("resource") for operation in pending)
    for resource in resources:
        if isinstance(resource, dict):
            plain = cast("dict[str, Any]", resource)
            yield str(plain.get("urn", "")).rpartition("::")[2] or "a resource", plain
        else:
            yield "a resource", resource


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, one in cast("Mapping[str, object]", value).items():
            yield key
            yield from _strings(one)
    elif isinstance(value, Sequence):
        for one in cast("Sequence[object]", value):
            yield from _strings(one)
