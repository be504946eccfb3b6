"""What an image of another component is given, in the words of ``FastContainerImage``.

Decides which arguments stay as they are written, which get another name or form, which go, and which cannot be
translated, each with its reason. Leaves reading the program to ``migration.calls``.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from fast_container.core.oci.reference import NotAReferenceError, parse_reference
from fast_container.migration.calls import ImageCall

_KEPT: Final = frozenset(
    (
        "context",
        "dockerfile",
        "target",
        "build_args",
        "secrets",
        "labels",
        "network",
        "add_hosts",
        "cache_from",
        "cache_to",
    )
)
_GONE: Final = frozenset(
    (
        "push",
        "tags",
        "registries",
        "registry",
        "image_name",
        "skip_push",
        "repository_url",
        "image_tag",
        "build_on_preview",
    )
)
_WORDS: Final[Mapping[str, str]] = {
    "builder": "say builder=LocalBuilder(name=…) for a buildx builder of that name",
    "exports": "leave it out: the image is pushed to its repository",
    "load": "leave it out: the image is pushed to its repository",
    "no_cache": "leave it out; a value in triggers makes a new key",
    "pull": 'leave it out; image_policy="resolve" follows the tags of external images',
    "ssh": "secrets={…} with a deploy key, and RUN --mount=type=secret,id=…",
    "exec_": "leave it out: docker buildx is always what builds",
    "builder_version": "leave it out: BuildKit is always what builds",
    "triggers": "write triggers={…}: its value counts in the build key",
    "cache_from": "write cache_from=[{'registry': {'ref': …}}], or a RegistryCache on the builder",
    "network": 'write network="host" or "none"',
    "registry_id": "leave it out: the account is in the repository's URL",
    "image_name": "leave it out: the tag is made from the build key",
}
_UNKNOWN: Final = "no argument of FastContainerImage has this meaning"
_OLD_NAMES: Final[Mapping[str, str]] = {"args": "build_args", "path": "context"}


@dataclass(slots=True)
class Translated:
    """The arguments of one image.

    Attributes:
        repository: The text for ``repository=``; "" if it could not be found.
        given: Argument → text, in order.
        opts: The options of the old image, or None.
        untranslated: Argument → why it is not taken over.
    """

    repository: str = ""
    given: dict[str, str] = field(default_factory=dict[str, str])
    opts: ast.expr | None = None
    untranslated: dict[str, str] = field(default_factory=dict[str, str])


def translated(image: ImageCall, words: Callable[[ast.AST], str]) -> Translated:
    """Translate what an image is given.

    Args:
        image: The image.
        words: Returns a node's text.
    """
    found = Translated()
    given, place = _flat(image), _place(image)
    found.repository = _repository(place, words) if place is not None else ""
    if not found.repository:
        found.untranslated["repository"] = "its repository is not named in the program: write repository=…"
    for name, value in given.items():
        if name == "opts":
            found.opts = value
        elif name == "platforms" or (name == "platform" and image.kind != "docker_build.Image"):
            found.given["platform"] = words(value)
        elif name in _OLD_NAMES:
            found.given[_OLD_NAMES[name]] = words(value)
        elif name in _KEPT and (image.kind == "docker_build.Image" or name not in ("cache_from", "network")):
            found.given[name] = words(value)
        elif name not in _GONE:
            found.untranslated[name] = _WORDS.get(name, _UNKNOWN)
    if any(keyword.arg is None for keyword in image.call.keywords):
        found.untranslated["**"] = "what a mapping gives is not known here"
    return found


def _flat(image: ImageCall) -> dict[str, ast.expr]:
    """Return the arguments, with those of ``docker.Image``'s ``build`` among them."""
    given = image.given
    build = given.pop("build", None)
    if isinstance(build, ast.Call):
        return {**{one.arg: one.value for one in build.keywords if one.arg is not None}, **given}
    if isinstance(build, ast.Dict):
        pairs = zip(build.keys, build.values, strict=True)
        return {**{str(key.value): value for key, value in pairs if isinstance(key, ast.Constant)}, **given}
    return given


def _place(image: ImageCall) -> ast.expr | None:
    return next((image.given[name] for name in ("tags", "image_name", "repository_url") if name in image.given), None)


def _repository(place: ast.expr, words: Callable[[ast.AST], str]) -> str:
    """Return what names the repository: the resource whose ``repository_url`` is in there, an expression, or a URL."""
    owners = {
        words(node.value)
        for node in ast.walk(place)
        if isinstance(node, ast.Attribute) and node.attr == "repository_url"
    }
    if len(owners) == 1:
        return owners.pop()
    if not owners and isinstance(place, ast.Attribute) and place.attr == "url":
        return words(place)
    strings = [node.value for node in ast.walk(place) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    urls: set[str] = set()
    for text in strings if not owners else ():
        try:
            reference = parse_reference(text)
        except NotAReferenceError:
            return ""
        urls.add(f"{reference.host}/{reference.path}")
    return f'"{urls.pop()}"' if len(urls) == 1 else ""
