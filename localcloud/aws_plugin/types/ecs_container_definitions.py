"""Compares two strings of container definitions by meaning.

Follows terraform-provider-aws ``internal/service/ecs/container_definitions.go``: white space, key order, the order of
containers, variables and secrets, empty members, and values that ECS fills in by itself do not matter. The order of a
command, of ports and of dependencies does.
"""

from __future__ import annotations

import json
from typing import Any, Final

_HEALTH_CHECK: Final = {"interval": 30, "retries": 3, "timeout": 5}
_UNORDERED: Final = {"environment": "name", "secrets": "name", "environmentFiles": "value"}


def canonical(text: Any) -> Any:
    """Convert to a form that is equal for equal meanings; a string that is not a list of objects stands for itself."""
    try:
        containers = json.loads(text)
    except (TypeError, ValueError):
        return text
    if not isinstance(containers, list) or not all(isinstance(container, dict) for container in containers):
        return text
    return sorted((_container(container) for container in containers), key=_name)


def failures(text: str) -> list[str]:
    """List what is wrong with container definitions, before AWS is asked."""
    try:
        containers = json.loads(text)
    except ValueError as error:
        return [f"ECS Task Definition container_definitions is invalid: Error decoding JSON: {error}"]
    if not isinstance(containers, list):
        return ["ECS Task Definition container_definitions is invalid: it is not a list of containers"]
    return [
        f"ECS Task Definition container_definitions is invalid: container {index} is not an object"
        for index, container in enumerate(containers)
        if not isinstance(container, dict)
    ]


def _name(container: dict[str, Any]) -> str:
    return str(container.get("name", ""))


def _container(given: dict[str, Any]) -> dict[str, Any]:
    container = {name: value for name, value in given.items() if value not in (None, "", [], {})}
    if container.get("cpu") == 0:
        del container["cpu"]
    container.setdefault("essential", True)
    if "portMappings" in container:
        container["portMappings"] = [_port(port) for port in container["portMappings"]]
    if "healthCheck" in container:
        container["healthCheck"] = {**_HEALTH_CHECK, **_without_none(container["healthCheck"])}
    for member, key in _UNORDERED.items():
        if member in container:
            container[member] = sorted(container[member], key=lambda entry, key=key: str(entry.get(key, "")))
    return container


def _port(given: dict[str, Any]) -> dict[str, Any]:
    port = _without_none(given)
    port.setdefault("protocol", "tcp")
    # With network mode awsvpc the host's port is the container's.
    if port.get("hostPort") in (0, port.get("containerPort")):
        del port["hostPort"]
    return port


def _without_none(value: dict[str, Any]) -> dict[str, Any]:
    return {name: member for name, member in value.items() if member is not None}
