"""The images that a program declares with other components.

Decides which calls they are, by the program's own imports, and by which name the program speaks of each. Leaves their
arguments to ``migration.arguments``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

KINDS: Final = {
    "pulumi_docker_build.Image": "docker_build.Image",
    "pulumi_docker.Image": "docker.Image",
    "pulumi_awsx.ecr.Image": "awsx.ecr.Image",
}
FUNCTION: Final = "pulumi_aws.lambda_.Function"
OURS: Final = "fast_container.FastContainerImage"


@dataclass(frozen=True, slots=True)
class ImageCall:
    """One image.

    Attributes:
        kind: ``docker_build.Image``, ``docker.Image`` or ``awsx.ecr.Image``.
        call: The call that makes it.
        variable: What the program calls it; "" where it has no name of its own.
    """

    kind: str
    call: ast.Call
    variable: str

    @property
    def name(self) -> str:
        """Its Pulumi name, for messages."""
        first = self.call.args[0] if self.call.args else None
        return str(first.value) if isinstance(first, ast.Constant) else self.variable or "an image"

    @property
    def given(self) -> dict[str, ast.expr]:
        """Argument → what is given."""
        return {one.arg: one.value for one in self.call.keywords if one.arg is not None}


def image_calls(tree: ast.Module) -> list[ImageCall]:
    """Return the images of a program, in its order."""
    names = imported_names(tree)
    variables = {
        id(node.value): target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(target := node.targets[0], ast.Name)
    }
    found = [
        ImageCall(KINDS[full], call, variables.get(id(call), ""))
        for call in calls(tree)
        if (full := full_name(call.func, names)) in KINDS
    ]
    return sorted(found, key=lambda one: one.call.lineno)


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    """Yield all calls."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def imported_names(tree: ast.Module) -> dict[str, str]:
    """Return name in the program → full name of the module or object that it was imported as."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for one in node.names:
                found[one.asname or one.name.partition(".")[0]] = one.name if one.asname else one.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            for one in node.names:
                found[one.asname or one.name] = f"{node.module}.{one.name}"
    return found


def full_name(node: ast.expr, names: Mapping[str, str]) -> str:
    """Return the full name of ``docker_build.Image``; "" for anything but names and dots."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id not in names:
        return ""
    return ".".join([names[node.id], *reversed(parts)])
