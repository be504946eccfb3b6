"""Sizes of locked wheels: how many megabytes an installation downloads.

Decides which packages of a ``uv.lock`` an installation reaches and which of a package's wheels fits, by its name;
where a package has none, or the file is of another form, nothing is said. Leaves the file's full meaning to
``python_base.locks``.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import Any, Final, cast

from fast_container.checks.dockerfile.steps.stage_steps import Step
from fast_container.checks.dockerfile.subject import LintedImage
from fast_container.checks.finding import Estimate

_LOCAL: Final = ("editable", "virtual", "directory")
_ARCHITECTURES: Final = {"linux/amd64": "x86_64", "linux/arm64": "aarch64"}


@dataclass(frozen=True, slots=True)
class LockedWheels:
    """The packages of a lock that its own packages need.

    Attributes:
        sizes: Name → bytes of the wheel that fits; None without one, or where its size is not said.
        versions: Name → version.
    """

    sizes: dict[str, int | None]
    versions: dict[str, str]


def lock_estimate(image: LintedImage, step: Step) -> Estimate | None:
    """Estimate an installation's download from the one ``uv.lock`` that the image reads; None if that is not said."""
    if not any(command.program == "uv" and "sync" in command.words for command in step.commands or ()):
        return None
    if any(word in command.words for command in step.commands or () for word in ("--all-extras", "--extra", "--group")):
        return None
    locks = [path for path in image.files.sizes if path.rpartition("/")[2] == "uv.lock"]
    text = image.files.text(locks[0]) if len(locks) == 1 else None
    locked = read_locked_wheels(text, image.platform) if text else None
    if locked is None or not locked.sizes or None in locked.sizes.values():
        return None
    total = sum(size for size in locked.sizes.values() if size is not None)
    return Estimate(total, basis=f"at most, of {len(locked.sizes)} locked packages")


def read_locked_wheels(text: str, platform: str) -> LockedWheels | None:
    """Read a ``uv.lock``; None if it is not one that can be read."""
    try:
        packages = cast("list[dict[str, Any]]", tomllib.loads(text).get("package", []))
        by_name = {str(package["name"]): package for package in packages}
        roots = [name for name, package in by_name.items() if _is_local(package)]
        reached = _reached(by_name, roots)
        return LockedWheels(
            {name: _size(by_name[name], platform) for name in reached},
            {name: str(by_name[name].get("version", "")) for name in reached},
        )
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError, ValueError, RecursionError):
        return None


def _is_local(package: dict[str, Any]) -> bool:
    return any(kind in package.get("source", {}) for kind in _LOCAL)


def _reached(by_name: dict[str, dict[str, Any]], roots: list[str]) -> list[str]:
    found: list[str] = []
    waiting = list(roots)
    seen = set(roots)
    while waiting:
        package = by_name[waiting.pop()]
        edges = [*package.get("dependencies", [])]
        for edge in edges:
            name = str(edge["name"])
            if name in seen or name not in by_name or _is_for_others(str(edge.get("marker", ""))):
                continue
            seen.add(name)
            waiting.append(name)
            if not _is_local(by_name[name]):
                found.append(name)
    return found


def _is_for_others(marker: str) -> bool:
    return marker in (
        "sys_platform == 'win32'",
        "sys_platform == 'darwin'",
        "os_name == 'nt'",
        "platform_system == 'Windows'",
    )


def _size(package: dict[str, Any], platform: str) -> int | None:
    architecture = _ARCHITECTURES.get(platform, "")
    fitting: list[tuple[str, int]] = []
    for wheel in package.get("wheels", []):
        name = str(wheel.get("url", wheel.get("filename", ""))).rpartition("/")[2]
        tags = name.removesuffix(".whl").rpartition("-")[2]
        fits = tags == "any" or (architecture and architecture in tags and ("linux" in tags) and "musl" not in tags)
        if fits and isinstance(wheel.get("size"), int):
            fitting.append((name, wheel["size"]))
    return max((size for _, size in fitting), default=None)
