"""A Dockerfile and the files beside it, linted without a disk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fast_container.checks.dockerfile.fixes.fix import FixableImage
from fast_container.checks.dockerfile.lint import lint_images, linted_image
from fast_container.checks.dockerfile.steps.context_files import ContextFiles
from fast_container.checks.dockerfile.subject import LintedImage
from fast_container.checks.finding import Finding
from fast_container.core.declared import DeclaredImage, InlineDockerfile
from fast_container.core.dockerfile.read import read_dockerfile
from fast_container.core.recipe import Recipe


def image(dockerfile: str, files: Mapping[str, str | int] | None = None, **options: Any) -> LintedImage:
    """A file is its content, or its size where the content does not matter."""
    return fixable(dockerfile, files, **options).image


def fixable(
    dockerfile: str,
    files: Mapping[str, str | int] | None = None,
    *,
    runs_on: str = "ecs",
    name: str = "app",
    platform: str = "linux/amd64",
    commits: tuple[frozenset[str], ...] | None = None,
    pins: Mapping[str, str] | None = None,
    target: str = "",
    file: str = "",
) -> FixableImage:
    """The same, with what it takes to read it again."""
    given = files or {}
    sizes = {path: content if isinstance(content, int) else len(content) for path, content in given.items()}

    def text(path: str) -> str | None:
        content = given.get(path)
        return content if isinstance(content, str) else None

    declared = DeclaredImage(
        name=name,
        context="/",
        dockerfile=InlineDockerfile(dockerfile),
        dockerfile_name=file or f"{name}/Dockerfile",
        recipe=Recipe(platform=platform, target=target),
        image_pins=pins or {},
    )
    content = dockerfile.encode("utf-8", "surrogateescape")
    reads = read_dockerfile(content, file=declared.dockerfile_name, platform=platform, target=target)
    linted = linted_image(declared, content, reads, runs_on=runs_on, files=ContextFiles(sizes, text, commits))
    assert linted is not None
    return FixableImage(linted, declared, content)


def found(rule: str, dockerfile: str, files: Mapping[str, str | int] | None = None, **options: Any) -> list[Finding]:
    """The findings of one rule."""
    return [one for one in lint_images([image(dockerfile, files, **options)]) if one.rule == rule]


def lines(rule: str, dockerfile: str, files: Mapping[str, str | int] | None = None, **options: Any) -> list[int]:
    """The lines of the findings of one rule."""
    return [one.line for one in found(rule, dockerfile, files, **options)]
