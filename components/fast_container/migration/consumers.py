"""What the rest of a program takes from an image, in the words of ``FastContainerImage``.

Decides which expressions are the reference that a consumer deploys. An expression that only looks like one is listed,
not changed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Final

from fast_container.migration.calls import FUNCTION, ImageCall, calls, full_name

_SAME: Final = frozenset({"image_uri", "digest"})
# Attribute of the old image → ours.
_OURS: Final[Mapping[str, str]] = {
    "ref": "image_uri",
    "repo_digest": "image_uri",
    "image_name": "tagged_uri",
    "base_image_name": "tagged_uri",
    "context_hash": "build_key",
}


def replaced_expressions(tree: ast.Module, image: ImageCall) -> Iterator[tuple[ast.expr, str]]:
    """Yield expressions of a program and the text that takes their place."""
    for call in calls(tree):
        if _is_reference(call, image.variable):
            yield call, f"{image.variable}.image_uri"
    for node in _attributes(tree, image.variable):
        new = _OURS.get(node.attr)
        if new is not None:
            yield node, f"{image.variable}.{new}"


def unknown_attributes(tree: ast.Module, image: ImageCall) -> list[tuple[int, str]]:
    """Return line and name of the attributes of an image that have no counterpart."""
    of_image = _attributes(tree, image.variable)
    return [(node.lineno, node.attr) for node in of_image if node.attr not in _SAME and node.attr not in _OURS]


def is_for_lambda(tree: ast.Module, image: ImageCall, names: Mapping[str, str]) -> bool:
    """Whether a function of the program runs the image."""
    uris = [
        keyword.value
        for call in calls(tree)
        if full_name(call.func, names) == FUNCTION
        for keyword in call.keywords
        if keyword.arg == "image_uri"
    ]
    return any(isinstance(node, ast.Name) and node.id == image.variable for uri in uris for node in ast.walk(uri))


def fixed_functions(tree: ast.Module, names: Mapping[str, str]) -> list[tuple[int, str]]:
    """Return line and reference of functions whose image the program does not make."""
    return [
        (call.lineno, str(keyword.value.value))
        for call in calls(tree)
        if full_name(call.func, names) == FUNCTION
        for keyword in call.keywords
        if keyword.arg == "image_uri" and isinstance(keyword.value, ast.Constant)
    ]


def _attributes(tree: ast.AST, variable: str) -> Iterator[ast.Attribute]:
    """Yield the attributes of a variable."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == variable:
            yield node


def _is_reference(call: ast.Call, variable: str) -> bool:
    """Whether a call is ``Output.concat(url, "@", image.digest)``."""
    if not (isinstance(call.func, ast.Attribute) and call.func.attr == "concat" and len(call.args) == 3):
        return False
    at, digest = call.args[1], call.args[2]
    is_digest = any(node is digest and node.attr == "digest" for node in _attributes(digest, variable))
    return isinstance(at, ast.Constant) and at.value == "@" and is_digest
