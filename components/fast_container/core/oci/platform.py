"""Platforms: the one normal form in which they are compared, counted and built.

Decides which strings name the same platform, as containerd does for BuildKit: ``linux/arm64/v8`` and ``Linux/aarch64``
are ``linux/arm64``, ``linux/arm`` is ``linux/arm/v7``, ``linux/i386`` is ``linux/386``. Leaves which platforms a place
can run to the rules about that place.
Source: github.com/containerd/platforms v1.0.0-rc.5.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_OS: Final = re.compile(r"([A-Za-z0-9_-]+)(?:\(([A-Za-z0-9_.%-]*)((?:\+[A-Za-z0-9_.%-]+)*)\))?")
_SPECIFIER: Final = re.compile(r"[A-Za-z0-9_.-]+")
_SYSTEMS: Final = frozenset(
    ["aix", "android", "darwin", "dragonfly", "freebsd", "hurd", "illumos", "ios", "js", "linux", "nacl", "netbsd"]
)
_MORE_SYSTEMS: Final = frozenset(["openbsd", "plan9", "solaris", "windows", "zos"])
_PROCESSORS: Final = frozenset(
    ["386", "amd64", "amd64p32", "arm", "armbe", "arm64", "arm64be", "loong64", "mips", "mipsle", "mips64", "mips64le"]
)
_MORE_PROCESSORS: Final = frozenset(
    ["mips64p32", "mips64p32le", "ppc", "ppc64", "ppc64le", "riscv", "riscv64", "s390", "s390x", "sparc", "sparc64"]
)
_KNOWN_ALONE: Final = _SYSTEMS | _MORE_SYSTEMS | _PROCESSORS | _MORE_PROCESSORS | {"wasm"}
_ARCHITECTURES: Final = {
    "i386": ("386", ""),
    "x86_64": ("amd64", None),
    "x86-64": ("amd64", None),
    "aarch64": ("arm64", None),
    "armhf": ("arm", "v7"),
    "armel": ("arm", "v6"),
}
_VARIANTS: Final = {
    ("amd64", "v1"): "",
    ("arm64", "8"): "",
    ("arm64", "v8"): "",
    ("arm64", "v8.0"): "",
    ("arm64", "9"): "v9",
    ("arm64", "9.0"): "v9",
    ("arm64", "v9.0"): "v9",
    ("arm", ""): "v7",
    ("arm", "5"): "v5",
    ("arm", "6"): "v6",
    ("arm", "7"): "v7",
    ("arm", "8"): "v8",
}


class NotAPlatformError(ValueError):
    """A string does not name a platform."""


@lru_cache(maxsize=64)
def parse_platform(text: str) -> str:
    """Return a platform in normal form, ``""`` if it depends on the builder's machine.

    Raises:
        NotAPlatformError: It is not a platform.
    """
    system, *rest = text.split("/", 3)
    found = _OS.fullmatch(system)
    if found is None or len(rest) > 2 or not all(_SPECIFIER.fullmatch(part) for part in rest):
        raise NotAPlatformError(f"{text!r} is not a platform")
    name = "darwin" if found[1].lower() == "macos" else found[1].lower()
    if not rest:
        if name not in _KNOWN_ALONE and _architecture(system, "")[0] not in _KNOWN_ALONE:
            raise NotAPlatformError(f"{text!r} is neither an operating system nor an architecture")
        return ""
    architecture, variant = _architecture(rest[0], rest[1] if len(rest) == 2 else "")
    if len(rest) == 1 and (architecture, variant) == ("arm", "v7"):
        variant = ""
    if len(rest) == 2 and (architecture, variant) == ("arm64", ""):
        variant = "v8"
    version = system[len(found[1]) :]
    return "/".join(part for part in (name + version, architecture, variant) if part)


@lru_cache(maxsize=64)
def normal_platform(text: str) -> str:
    """Return the platform of a whole build: as ``parse_platform``, with variants made uniform.

    Raises:
        NotAPlatformError: It is not a platform.
    """
    system, _, rest = parse_platform(text).partition("/")
    architecture, _, variant = rest.partition("/")
    return "/".join(part for part in (system, *_architecture(architecture, variant)) if part)


def normal_or_same(text: str) -> str:
    """Return the normal form, or the string itself if it does not name a platform, for the message of its refusal."""
    try:
        return normal_platform(text) or text
    except NotAPlatformError:
        return text


def platform_suffix(platform: str) -> str:
    """Return the end of an image's name for one of several platforms, after a dash: ``arm64``, ``arm-v7``."""
    return platform.partition("/")[2].replace("/", "-")


def same_platform(one: str, other: str) -> bool:
    """Whether two strings name one platform."""
    return normal_or_same(one) == normal_or_same(other)


def _architecture(architecture: str, variant: str) -> tuple[str, str]:
    architecture, variant = architecture.lower(), variant.lower()
    if architecture in _ARCHITECTURES:
        architecture, fixed = _ARCHITECTURES[architecture]
        variant = variant if fixed is None else fixed
    return architecture, _VARIANTS.get((architecture, variant), variant)


def platform_args(prefix: str, platform: str) -> dict[str, str]:
    """Return the predefined args of a platform in normal form, ``TARGET…`` or ``BUILD…``."""
    system, _, rest = platform.partition("/")
    architecture, _, variant = rest.partition("/")
    name, _, version = system.rstrip(")").partition("(")
    return {
        f"{prefix}PLATFORM": platform,
        f"{prefix}OS": name,
        f"{prefix}OSVERSION": version.partition("+")[0],
        f"{prefix}ARCH": architecture,
        f"{prefix}VARIANT": variant,
    }
