"""The inputs of an image: which there are, what is wrong with them, what differs.

Decides what this stand-in has of the real resource; everything else is a failure with its property path.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from localcloud.aws_plugin.wire import has_unknown

_CACHE: Final = frozenset({"ref", "mode", "imageManifest", "ociMediaTypes", "ignoreError"})
# The SDK fills these in; only their defaults are there.
_ONLY: Final = {"compression": "gzip", "compressionLevel": 0, "forceCompression": False}
_OBJECTS: Final = {
    "context": frozenset({"location"}),
    "dockerfile": frozenset({"location", "inline"}),
    "registries": frozenset({"address", "username", "password"}),
    "cacheFrom": frozenset({"registry"}),
    "cacheTo": frozenset({"registry"}),
}
_PLAIN: Final = frozenset({"buildArgs", "buildOnPreview", "labels", "network", "platforms", "push", "tags", "target"})


def failures(inputs: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Property path and reason of all that is wrong."""
    found = [(name, "not supported by this stand-in") for name in inputs if name not in _PLAIN and name not in _OBJECTS]
    for name, known in _OBJECTS.items():
        value = inputs.get(name)
        for index, entry in enumerate(value if isinstance(value, list) else [value]):
            path = f"{name}[{index}]" if isinstance(value, list) else name
            found += _unknown(entry, known, path)
            if isinstance(entry, Mapping) and "registry" in known:
                found += _unknown(entry.get("registry"), _CACHE, f"{path}.registry")
    if inputs.get("push") is not True:
        found.append(("push", "this stand-in pushes always: it must be true"))
    if inputs.get("network", "default") != "default":
        found.append(("network", "this stand-in has the default only"))
    if not inputs.get("tags"):
        found.append(("tags", "at least one tag is required when pushing"))
    platforms = inputs.get("platforms")
    if isinstance(platforms, list) and len(platforms) > 1:
        found.append(("platforms", "this stand-in builds for one"))
    return found


def _unknown(entry: Any, known: frozenset[str], path: str) -> list[tuple[str, str]]:
    if not isinstance(entry, Mapping):
        return []
    return [
        (f"{path}.{name}", "not supported by this stand-in")
        for name, value in entry.items()
        if name not in known and (name not in _ONLY or value != _ONLY[name])
    ]


def changed(olds: Mapping[str, Any], news: Mapping[str, Any]) -> list[str]:
    """Names of what differs between the state and new inputs; a registry's password does not count."""
    found = [
        name
        for name in sorted(_PLAIN | _OBJECTS.keys())
        if _without_passwords(olds.get(name)) != _without_passwords(news.get(name))
    ]
    if not has_unknown(news) and olds.get("contextHash") != context_hash(news):
        found.append("contextHash")
    return found


def _without_passwords(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_passwords(item) for item in value]
    if isinstance(value, Mapping):
        return {name: item for name, item in value.items() if name != "password"}
    return value


def context_folder(inputs: Mapping[str, Any]) -> Path:
    """The build context, relative to the program's working directory, which is this process's."""
    return Path(inputs.get("context", {}).get("location", "."))


def dockerfile_of(inputs: Mapping[str, Any]) -> bytes:
    """The Dockerfile's content."""
    dockerfile = inputs.get("dockerfile", {})
    if "inline" in dockerfile:
        return str(dockerfile["inline"]).encode()
    return Path(dockerfile.get("location") or context_folder(inputs) / "Dockerfile").read_bytes()


def context_hash(inputs: Mapping[str, Any]) -> str:
    """Of the Dockerfile and of every file's content, path and mode."""
    digest = hashlib.sha256(dockerfile_of(inputs))
    folder = context_folder(inputs)
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(path.read_bytes() + path.relative_to(folder).as_posix().encode())
            digest.update(oct(path.stat().st_mode).encode())
    return digest.hexdigest()
