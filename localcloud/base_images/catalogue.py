"""Which stand-in image each name gets, and what each kind holds.

Decides kinds, Debian suites, packages and names. How packages become an image is decided in
:mod:`localcloud.base_images.making`.
"""

from __future__ import annotations

import dataclasses
from typing import Literal

BaseImageKind = Literal["runtime", "lambda", "busybox", "builder"]
Suite = Literal["trixie", "bookworm"]
Architecture = Literal["amd64", "arm64"]

PYTHON_OF: dict[Suite, str] = {"trixie": "3.13", "bookworm": "3.11"}
"""The Python of each Debian suite."""

STANDS_FOR: dict[Suite, tuple[str, ...]] = {"trixie": ("3.12",), "bookworm": ()}
"""Other versions whose paths below ``/usr/local/lib`` lead to it too: Dockerfiles copy ``site-packages`` by path."""

_COMMON = ("base-files", "base-passwd", "busybox-static")
_PYTHON = ("libc6", "libgcc-s1", "libc-bin", "ca-certificates", "tzdata", "libstdc++6")
_ACCOUNTS = ("passwd",)
"""useradd and groupadd, which Debian's images have; Amazon Linux's minimal image, and so Lambda's, has neither."""

PACKAGES: dict[BaseImageKind, tuple[str, ...]] = {
    "busybox": _COMMON,
    "runtime": (
        *(*_COMMON, *_PYTHON, *_ACCOUNTS),
        *("python{python}-minimal", "libpython{python}-stdlib", "python{python}-venv"),
    ),
    "lambda": (*_COMMON, *_PYTHON, "python{python}-minimal", "libpython{python}-stdlib", "python{python}-venv"),
    "builder": (
        *(*_COMMON, *_PYTHON, *_ACCOUNTS),
        *("python{python}-minimal", "libpython{python}-stdlib", "python{python}-venv"),
        *("gcc", "g++", "make", "libc6-dev", "python{python}-dev", "dash"),
    ),
}
"""Debian packages that are asked for; apt adds what they depend on."""


@dataclasses.dataclass(frozen=True)
class StandIn:
    """One stand-in image.

    Attributes:
        compiled: Whether it holds its modules' bytecode, which official images do not.
    """

    kind: BaseImageKind
    suite: Suite = "trixie"
    compiled: bool = False

    @property
    def python(self) -> str:
        """Its Python version, ``3.13``; of no meaning for the busybox kind."""
        return PYTHON_OF[self.suite]


_RUNTIME, _LAMBDA, _BUILDER = StandIn("runtime"), StandIn("lambda"), StandIn("builder")
_BUSYBOX, _OLD_RUNTIME, _OLD_LAMBDA = StandIn("busybox"), StandIn("runtime", "bookworm"), StandIn("lambda", "bookworm")

NAMES: dict[StandIn, tuple[str, ...]] = {
    _RUNTIME: (
        "library/python:3.12-slim",
        "library/python:3.13-slim",
        "library/python:3-slim",
        "library/python:3.12-slim-bookworm",
        "library/python:3.13-slim-bookworm",
        "docker/library/python:3.12-slim",
        "docker/library/python:3.13-slim",
    ),
    _LAMBDA: ("lambda/python:3.12", "lambda/python:3.13"),
    _BUSYBOX: (
        "library/busybox:latest",
        "library/busybox:1",
        "library/alpine:latest",
        "library/alpine:3",
        "docker/library/busybox:latest",
    ),
    _BUILDER: ("library/python:3.12", "library/python:3.13", "library/gcc:latest"),
    _OLD_RUNTIME: ("library/python:3.11-slim", "library/python:3.11-slim-bookworm"),
    _OLD_LAMBDA: ("lambda/python:3.11",),
}
"""The names of each stand-in, as the registries ``docker.io`` and ``public.ecr.aws`` know them."""

FRONTEND_NAMES = ("docker/dockerfile:1", "docker/dockerfile:latest", "docker/dockerfile:1.7", "docker/dockerfile:1.4")
"""The names of BuildKit's Dockerfile frontend in ``# syntax=`` lines."""

SERVED_AT_START = (_RUNTIME, _LAMBDA, _BUSYBOX)
"""What every cloud serves from its start; the others are made when they are asked for."""
