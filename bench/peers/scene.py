"""The tree of one case on one side, and the edits that cases are made of.

Decides the tree that all cases begin with. Which edit belongs to which case, and what must come of it, is decided in
``cases``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.peers.place import Place, run

HEAD = "FROM {parent}\nARG SIDE\nENV SIDE=${{SIDE}}\nRUN echo ${{SIDE}} > /side\nWORKDIR /app\nCOPY app/ ./\n"
WITH_NAMED = HEAD + "COPY --from=extra . ./extra/\n"
OLD, NEW, LONGER = "VERSION = 1\n", "VERSION = 2\n", "VERSION = 2 # longer\n"


@dataclass
class Scene:
    """The tree of one case on one side.

    Attributes:
        root: The build context.
        extra: The named context ``extra``.
        parent: The external image.
        place: Registry and BuildKit, for cases about them.
        repositories: Those of the side, once it is there.
    """

    root: Path
    extra: Path
    parent: str
    place: Place
    repositories: Sequence[str] = ()

    def put(self, path: str, text: str) -> Path:
        """Write a file of the context."""
        return put(self.root / path, text)

    def dockerfile(self, text: str) -> None:
        """Write the Dockerfile; ``{parent}`` in it is the external image."""
        self.put("Dockerfile", text.format(parent=self.parent))

    def start(self, dockerfile: str = HEAD) -> None:
        """The tree that every case begins with."""
        self.dockerfile(dockerfile)
        self.put(".dockerignore", "**/*.log\n.git\n")
        self.put("app/handler.py", OLD)

    def link(self, path: str, target: str) -> None:
        """Make a link, or lead it elsewhere."""
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        place.symlink_to(target)


def put(place: Path, text: str) -> Path:
    """Write a file."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(text.encode())
    return place


def edit(scene: Scene) -> None:
    """Edit the handler."""
    scene.put("app/handler.py", LONGER)


def edit_unseen(scene: Scene) -> None:
    """Edit the handler; size and date stay."""
    file = scene.root / "app/handler.py"
    facts = file.stat()
    file.write_text(NEW)
    os.utime(file, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def started(*steps: Callable[[Scene], object], dockerfile: str = HEAD) -> Callable[[Scene], None]:
    """A maker of the common tree and then these steps."""

    def make(scene: Scene) -> None:
        scene.start(dockerfile)
        for step in steps:
            step(scene)

    return make


def make_links(scene: Scene) -> None:
    """The common tree with a link to a directory and one to a file."""
    scene.start()
    for version in ("1", "2"):
        scene.put(f"app/v{version}/a.py", f"A = {version}\n")
    scene.put("app/one.txt", "same\n")
    scene.put("app/two.txt", "same\n")
    scene.link("app/current", "v1")
    scene.link("app/file", "one.txt")


def push_parent(scene: Scene, version: str) -> None:
    """An external image of one's own, under a tag that moves."""
    name = f"parent-of-{scene.root.parents[1].name}"
    url = scene.place.repository(name, is_mutable=True)
    folder = scene.root.parent / f"parent-{version}"
    put(folder / "Dockerfile", f"FROM {scene.parent}\nRUN mkdir /app && echo {version} > /app/parent.txt\n")
    run(["buildx", "build", "--push", "-t", f"{url}:latest", "."], folder, scene.place.logged_in)
    if version == "1":
        scene.start(HEAD.replace("{parent}", f"{url}:latest"))


def delete_images(scene: Scene) -> None:
    """Delete all images of the side in the registry."""
    for name in scene.repositories:
        listed = scene.place.ecr.list_images(repositoryName=name)["imageIds"]
        digests = sorted({image["imageDigest"] for image in listed})
        ids = [{"imageDigest": digest} for digest in digests]
        scene.place.ecr.batch_delete_image(repositoryName=name, imageIds=ids)


def with_lint_stage(word: str) -> str:
    """A Dockerfile with a stage that is not needed."""
    return f"FROM {{parent}} AS lint\nRUN echo {word} > /lint\n{HEAD}"


def make_two_one(scene: Scene) -> None:
    """Remove a file; another one's content becomes all that was hashed of both, where lengths are not."""
    (scene.root / "app/a").unlink()
    scene.put("app/b", "1app/a-rw-r--r--2")
