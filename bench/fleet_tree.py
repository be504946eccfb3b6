"""The fleet that ``bench.fleet`` builds: functions over shared packages with heavy third-party dependencies.

Decides what is in the tree, both kinds of Dockerfiles, and the edits. Ours (``Dockerfile``) starts from a base image;
the naive one (``Dockerfile.naive``) is written as those of the replaced system: all packages are copied, then they
and their dependencies are installed in one step. Versions are exact, so that a run measures the same as the last one.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

LAMBDAS = Path(__file__).resolve().parent.parent / "lambdas"
PARENT = "public.ecr.aws/lambda/python:3.12"
PIP_CACHE = "/var/cache/fast-container/pip"
"""Where generated base images have pip's cache; a cache mount is known by its path, so both sides share it."""

PACKAGES = {
    "shop_core": ["pydantic==2.14.3", "jinja2==3.1.6"],
    "shop_store": ["pyarrow==26.0.1", "rapidfuzz==3.14.6", "shop-core"],
}
"""Package → what it declares; 180 MB installed, nearly all of it pyarrow."""

LIGHT_PACKAGES = {**PACKAGES, "shop_store": ["rapidfuzz==3.14.6", "shop-core"]}
"""The same without pyarrow, 20 MB, for a run that is to be quick."""

NEW_DEPENDENCY = "segno==1.6.6"
BUILD_BACKEND = "flit_core==4.2.0"
"""As in ``lambdas/packages/build-requirements.txt``."""
MODULES = 20

_PYPROJECT = """\
[build-system]
requires = ["{backend}"]
build-backend = "flit_core.buildapi"

[project]
name = "{name}"
version = "1.0.0"
description = "Shared by the functions"
requires-python = ">=3.11"
dependencies = {dependencies}
"""
_OURS = """\
ARG BASE_IMAGE
FROM ${{BASE_IMAGE}}
COPY functions/{name}/handler.py /var/task/
RUN python3 -m compileall -q --invalidation-mode unchecked-hash /var/task/handler.py
CMD ["handler.handler"]
"""
# The first line keeps one image's steps apart from another's, as a build machine for each image does.
_NAIVE = """\
FROM {parent}
ENV SERVICE={name}
COPY packages/ /src/
RUN --mount=type=cache,target={cache} \\
    python3 -m pip install --cache-dir={cache} {packages}
COPY functions/{name}/handler.py /var/task/
CMD ["handler.handler"]
"""
_HANDLER = """\
import shop_core
import shop_store


def handler(event, context):
    return {{"function": "{name}", "release": 1}}
"""


class FleetTree:
    """A generated repository.

    Args:
        root: Made here.
        images: How many functions there are.
        nonce: In every package's source, so that no other tree's steps are found in BuildKit's cache.
        packages: ``PACKAGES`` or ``LIGHT_PACKAGES``.
    """

    def __init__(self, root: Path, images: int, nonce: str, packages: Mapping[str, list[str]] = PACKAGES) -> None:
        self.root = root
        self.names = [f"function-{number}" for number in range(images)]
        for package, dependencies in packages.items():
            self._write_package(package, dependencies, nonce)
        shutil.copy(LAMBDAS / "packages" / "build-requirements.txt", root / "packages")
        for name in self.names:
            folder = root / "functions" / name
            folder.mkdir(parents=True)
            (folder / "Dockerfile").write_text(_OURS.format(name=name))
            installed = " ".join(f"/src/{package}" for package in PACKAGES)
            naive = _NAIVE.format(name=name, parent=PARENT, cache=PIP_CACHE, packages=installed)
            (folder / "Dockerfile.naive").write_text(naive)
            (folder / "handler.py").write_text(_HANDLER.format(name=name))

    def edit_package(self) -> None:
        """One line of source in a shared package."""
        self._append("packages/shop_core/shop_core/module_0.py", "\nEDITED = True\n")

    def edit_dependency(self) -> None:
        """One more third-party distribution."""
        file = self.root / "packages/shop_core/pyproject.toml"
        text = file.read_text()
        file.write_text(text.replace('["pydantic', f'["{NEW_DEPENDENCY}", "pydantic'))

    def edit_handler(self) -> None:
        """One line of one function."""
        self._append(f"functions/{self.names[0]}/handler.py", "\nEDITED = True\n")

    def _append(self, path: str, text: str) -> None:
        with (self.root / path).open("a") as file:
            file.write(text)

    def _write_package(self, name: str, dependencies: list[str], nonce: str) -> None:
        source = self.root / "packages" / name / name
        source.mkdir(parents=True)
        declared = str(dependencies).replace("'", '"')
        pyproject = _PYPROJECT.format(backend=BUILD_BACKEND, name=name.replace("_", "-"), dependencies=declared)
        (source.parent / "pyproject.toml").write_text(pyproject)
        (source / "__init__.py").write_text(f'"""Shared."""\n\nNONCE = "{nonce}"\n')
        for number in range(MODULES):
            lines = [f"def function_{line}(value):\n    return value + {line}\n" for line in range(100)]
            (source / f"module_{number}.py").write_text("\n\n".join(lines))
