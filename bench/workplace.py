"""What the tables share: a scratch folder, a local cloud if one is needed, and how long the bench may take."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3

from bench.tree import age, dockerfile, make_tree
from localcloud import LocalCloud

MOST_IMAGES = 100


@dataclass(frozen=True)
class Choice:
    """What the caller chose of a table that has a choice; None: the table's own.

    Attributes:
        sides: Names of the sides to compare.
        images: Numbers of images.
        rounds: How often everything is measured.
        parts: Which parts of the table.
        is_brief: Whether sides that take minutes are measured in the main scenarios only, and all in fewer rounds.
    """

    sides: tuple[str, ...] | None = None
    images: tuple[int, ...] | None = None
    rounds: int | None = None
    parts: tuple[str, ...] | None = None
    is_brief: bool = False


@dataclass
class Workplace:
    """Where the tables work; what is made here goes with ``stack``.

    Attributes:
        folder: Scratch.
        is_quick: A minute for all, with fewer rounds and sizes; otherwise some ten minutes.
        choice: What the caller chose.
    """

    folder: Path
    is_quick: bool
    choice: Choice = Choice()
    stack: ExitStack = field(default_factory=ExitStack)

    @cached_property
    def cloud(self) -> LocalCloud:
        """A local cloud, started by the first table that wants it."""
        return self.stack.enter_context(LocalCloud.running(self.folder / "cloud"))

    @cached_property
    def ecr(self) -> Any:
        """A client of its ECR."""
        return boto3.client(
            "ecr",
            endpoint_url=self.cloud.aws_endpoint,
            region_name=self.cloud.region,
            aws_access_key_id="localcloud",
            aws_secret_access_key="localcloud",
        )

    def repository(self, name: str) -> str:
        """A new repository's URL."""
        made = self.ecr.create_repository(repositoryName=name, imageTagMutability="IMMUTABLE")
        return made["repository"]["repositoryUri"]

    def tree(self, files: int) -> Path:
        """The generated tree, made once for each size; as old as a checkout of an hour ago."""
        root = self.folder / f"tree-{files}"
        if not root.exists():
            make_tree(root, files)
            age(root)
        return root

    def dockerfiles(self, *, whole: bool, images: int = MOST_IMAGES) -> Path:
        """A folder with the Dockerfiles of all images over a tree."""
        folder = self.folder / f"{'whole' if whole else 'narrow'}-{images}"
        if not folder.exists():
            folder.mkdir()
            for number in range(images):
                (folder / f"{number:03}.Dockerfile").write_text(dockerfile(number, whole=whole))
        return folder
