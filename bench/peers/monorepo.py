"""A repository of many services: two shared packages, a Dockerfile for each service, and thousands of other files.

Decides what an image reads (two packages and its service), what the root's ignore file leaves out, and the edits of the
scenarios. Every image has a step of half a second, which stands for an installation of dependencies.
"""

from __future__ import annotations

import random
from pathlib import Path

IGNORED_FILES = 1_000
_PACKAGES = ("common", "clients")
_PACKAGE_FILES = 40
_SERVICE_FILES = 20
_OTHERS = ("apps/web/src", "apps/admin/src", "docs", "tests", "tools", "libs/go", "libs/rust", "data/fixtures")
_IGNORE = ".git\n**/node_modules\n**/__pycache__\n**/*.pyc\n"
_TUNED_IGNORE = "*\n!packages/common\n!packages/clients\n!services/{name}\n**/__pycache__\n**/*.pyc\n"
_DOCKERFILE = """\
FROM {parent}
ARG SIDE
ENV SIDE=${{SIDE}}
RUN echo ${{SIDE}} > /side
WORKDIR /app
COPY services/{name}/requirements.txt ./
RUN sleep 0.5 && cp requirements.txt installed.txt
COPY packages/common packages/common
COPY packages/clients packages/clients
COPY services/{name} services/{name}
CMD ["python", "-m", "services.{name}.handler"]
"""


class Monorepo:
    """The repository, written to ``root``.

    Args:
        root: Made here.
        images: How many services there are.
        files: How many files there are without the ignored ones.
        parent: The external image of all services.
        is_tuned: Whether each Dockerfile has an ignore file of its own.
    """

    def __init__(self, root: Path, images: int, files: int, *, parent: str, is_tuned: bool = False) -> None:
        self.root = root
        self.dockerfiles = {name: f"services/{name}/Dockerfile" for name in map("svc{:03}".format, range(images))}
        self._chance = random.Random(7)  # the same on every machine
        self._written = 0
        self._put(".dockerignore", _IGNORE.encode())
        for package in _PACKAGES:
            for number in range(_PACKAGE_FILES):
                self._put(f"packages/{package}/m{number // 10}/f{number:02}.py", self._source(6_000))
        for name, dockerfile in self.dockerfiles.items():
            self._put(dockerfile, _DOCKERFILE.format(name=name, parent=parent).encode())
            if is_tuned:
                self._put(f"{dockerfile}.dockerignore", _TUNED_IGNORE.format(name=name).encode())
            self._put_service(name)
        for number in range(files - self._written):
            folder = self._chance.choice(_OTHERS)
            self._put(f"{folder}/d{number % 97}/e{number % 13}/f{number}.txt", self._bytes(6_000))
        for number in range(min(IGNORED_FILES, files)):
            self._put(f"apps/web/node_modules/p{number // 20}/f{number}.js", self._bytes(2_000))

    def _put_service(self, name: str) -> None:
        self._put(f"services/{name}/requirements.txt", f"requests\nboto3  # {name}\n".encode())
        self._put(f"services/{name}/handler.py", f"NAME = {name!r}\nVERSION = 0\n".encode())
        for number in range(_SERVICE_FILES):
            self._put(f"services/{name}/lib/f{number:02}.py", self._source(4_000))

    def edit(self, scenario: str, count: int) -> None:
        """Make the edit of a scenario; ``count`` makes it another one."""
        path = {"handler": "services/svc000/handler.py", "outside": "docs/outside.md"}.get(scenario)
        if path is not None:
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            with (self.root / path).open("a") as file:
                file.write(f"EDIT = {count}\n")

    def read_by_first_image(self) -> dict[str, str]:
        """Path to content of two of the files that the first image has below ``/app``."""
        paths = ("services/svc000/handler.py", "packages/common/m0/f00.py")
        return {path: (self.root / path).read_text() for path in paths}

    def _put(self, path: str, content: bytes) -> None:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        self._written += 1

    def _bytes(self, most: int) -> bytes:
        return self._chance.randbytes(self._chance.randint(200, most))

    def _source(self, most: int) -> bytes:
        return self._bytes(most).hex().encode()
