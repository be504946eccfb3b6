"""A program's images from a stack's state (``pulumi stack export``), for a stack whose program is not at hand.

Decides that a value which the state marks as secret is never written, whether encrypted or not, and that what the state
does not say (paths of other machines, Outputs) is listed. Leaves programs that are at hand to ``migration.steps``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from fast_container.core.json_document import parse_object
from fast_container.core.oci.reference import NotAReferenceError, parse_reference
from fast_container.errors import bracketed

_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_TYPES: Final = {
    "docker-build:index:Image": "docker_build.Image",
    "docker:index/image:Image": "docker.Image",
    "awsx:ecr:Image": "awsx.ecr.Image",
}
_FUNCTION: Final = "aws:lambda/function:Function"
_NOT_IN_A_NAME: Final = re.compile(r"\W+", re.ASCII)


@dataclass(slots=True)
class StateImage:
    """One image of a state.

    Attributes:
        name: Its Pulumi name.
        kind: The component.
        arguments: Argument of ``FastContainerImage`` → its text.
        consumers: Names of the functions that run it.
    """

    name: str
    kind: str
    arguments: dict[str, str] = field(default_factory=dict[str, str])
    consumers: list[str] = field(default_factory=list[str])


@dataclass(frozen=True, slots=True)
class StateProgram:
    """The images of a stack, and what was not translated.

    Attributes:
        urns: Kept by step 1: URN of each resource that must be retained.
    """

    images: Sequence[StateImage]
    urns: Sequence[str]
    untranslated: Sequence[str]

    @property
    def text(self) -> str:
        """The declarations as a program has them."""
        lines = ["import pulumi", "", "from fast_container import FastContainerImage", ""]
        for image in self.images:
            name = _NOT_IN_A_NAME.sub("_", image.name).strip("_") or "image"
            name = f"image_{name}" if name[0].isdigit() else name
            lines += [f"{name} = FastContainerImage(", f"    {_literal(image.name)},"]
            lines += [f"    {argument}={value}," for argument, value in image.arguments.items()]
            lines += [")"]
            lines += [f"# {one}: image_uri={name}.image_uri" for one in image.consumers]
        return "\n".join(lines if "pulumi." in "\n".join(lines) else lines[2:]) + "\n"


def state_program(text: str) -> StateProgram:
    """Read a state.

    Raises:
        ValueError: It is not what ``pulumi stack export`` prints.
    """
    document = parse_object(text)
    deployment = cast("Mapping[str, Any]", document.get("deployment") or document.get("checkpoint") or {})
    deployment = cast("Mapping[str, Any]", deployment.get("latest") or deployment)
    resources = deployment.get("resources")
    if not isinstance(resources, list):
        raise ValueError("it has no list of resources")
    found: list[StateImage] = []
    urns: list[str] = []
    untranslated: list[str] = []
    all_of = [cast("Mapping[str, Any]", one) for one in cast("list[object]", resources) if isinstance(one, dict)]
    for resource in all_of:
        kind, parent = str(resource.get("type")), str(resource.get("parent") or "")
        if kind == "docker-build:index:Image":
            urns.append(str(resource.get("urn")))
        if kind in _TYPES and "awsx:ecr:Image::" not in parent:
            found.append(_image(resource, _TYPES[kind], untranslated))
    for resource in all_of:
        inputs = _mapping(resource.get("inputs"))
        if resource.get("type") == _FUNCTION and inputs.get("packageType") == "Image":
            _consume(resource, str(inputs.get("imageUri")), found, untranslated)
    return StateProgram(found, urns, untranslated)


def _consume(function: Mapping[str, Any], uri: str, images: Sequence[StateImage], untranslated: list[str]) -> None:
    repository = uri.partition("@")[0].rpartition(":")[0] if "@" not in uri else uri.partition("@")[0]
    owners = [image for image in images if image.arguments.get("repository") == _literal(repository)]
    name = _name(function)
    if len(owners) == 1:
        owners[0].consumers.append(name)
        owners[0].arguments["runs_on"] = '"lambda"'
    else:
        why = (
            "several images of the stack are in that repository"
            if owners
            else "no image of the stack is in that repository"
        )
        untranslated.append(f"function {name}: which image {uri} is: {why}")


def _image(resource: Mapping[str, Any], kind: str, untranslated: list[str]) -> StateImage:
    image = StateImage(_name(resource), kind)
    inputs = dict(_mapping(resource.get("inputs")))
    build = inputs.pop("build", None)
    if isinstance(build, dict) and _SIGNATURE not in build:
        inputs = {**inputs, **cast("Mapping[str, Any]", build)}
    place = inputs.get("tags") or inputs.get("imageName") or inputs.get("repositoryUrl")
    repository = _repository(place)
    image.arguments["repository"] = repository or "…"
    if not repository:
        untranslated.append(f"{image.name}: repository: the state does not say it plainly")
    for name, value in inputs.items():
        for argument, text, why in _argument(name, value):
            if why:
                untranslated.append(f"{image.name}: {argument}: {why}")
            if text:
                image.arguments[argument] = text
    return image


_PAGE: Final = "see the table in docs/migrating.md"
_PATHS: Final = ("location", "path")
_GONE: Final = frozenset(
    ("push", "tags", "registries", "registry", "imageName", "repositoryUrl", "skipPush", "buildOnPreview", "imageTag")
)
_NAMES: Final = {"args": "build_args", "buildArgs": "build_args", "path": "context"}


def _argument(name: str, value: Any) -> Iterator[tuple[str, str, str]]:
    """Yield argument, its text ("" for none) and why it, or a part of it, is not taken over ("" if it is)."""
    argument = _NAMES.get(name, name)
    if name in _GONE or name.startswith("__") or value in (None, False, [], {}):
        return
    if argument in ("context", "dockerfile"):
        yield from _place(argument, value)
    elif argument in ("platforms", "platform", "target"):
        only = cast("list[Any]", value) if isinstance(value, list) else [value]
        is_one = len(only) == 1 and isinstance(only[0], str)
        yield argument.removesuffix("s"), _literal(only[0]) if is_one else "", "" if is_one else _PAGE
    elif argument in ("build_args", "labels") and isinstance(value, dict) and not _is_secret(value):
        yield from _strings(argument, cast("Mapping[str, Any]", value))
    elif argument == "secrets" and isinstance(value, dict):
        ids = [] if _is_secret(value) else sorted(cast("Mapping[str, Any]", value))
        lines = ", ".join(f"{_literal(one)}: pulumi.Config().require_secret({_literal(one)})" for one in ids)
        yield argument, f"{{{lines}}}" if ids else "", "set the values: pulumi config set --secret …"
    else:
        yield argument, "", "a secret, which is not written" if _is_secret(value) else _PAGE


def _place(argument: str, value: Any) -> Iterator[tuple[str, str, str]]:
    place = value
    if isinstance(value, dict) and not _is_secret(value):
        inside = cast("Mapping[str, Any]", value)
        place = next((inside[one] for one in _PATHS if isinstance(inside.get(one), str)), None)
        for other in sorted(inside.keys() - {*_PATHS}):
            yield f"{argument}.{other}", "", _PAGE
    is_path = isinstance(place, str)
    yield argument, _literal(place) if is_path else "", "" if is_path else "a secret, or not a path"


def _strings(argument: str, value: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    plain = {key: one for key, one in sorted(value.items()) if isinstance(one, str)}
    for key in sorted(value.keys() - plain.keys()):
        yield f"{argument}{bracketed(key)}", "", "a secret: write secrets={…} and RUN --mount=type=secret,id=…"
    yield argument, _literal(plain) if plain else "", ""


def _is_secret(value: Any) -> bool:
    return isinstance(value, dict) and _SIGNATURE in value


def _repository(place: Any) -> str:
    texts = cast("list[Any]", place) if isinstance(place, list) else [place]
    urls: set[str] = set()
    for text in texts:
        try:
            reference = parse_reference(text) if isinstance(text, str) else None
        except NotAReferenceError:
            reference = None
        if reference is None:
            return ""
        urls.add(f"{reference.host}/{reference.path}")
    return _literal(urls.pop()) if len(urls) == 1 else ""


def _name(resource: Mapping[str, Any]) -> str:
    return str(resource.get("urn")).rpartition("::")[2]


def _mapping(value: Any) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) and not _is_secret(value) else {}


def _literal(value: object) -> str:
    """Write a string, or a mapping of strings, as Python reads it."""
    return json.dumps(value, ensure_ascii=False)
