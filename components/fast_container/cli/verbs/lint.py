"""``fast-container lint``: what in Dockerfiles makes images large, builds slow or services unsafe.

Decides which images are looked at, how their files reach the rules, and the exit code. Leaves the rules to
``checks.dockerfile`` and the form of the output to ``cli.finding_formats``.
"""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from fast_container.adapters.buildx.check import check_dockerfile
from fast_container.adapters.digests.walks import open_walks
from fast_container.adapters.git import recent_commits
from fast_container.adapters.hadolint import find_hadolint, run_hadolint
from fast_container.checks.dockerfile.buildkit_check import buildkit_findings
from fast_container.checks.dockerfile.hadolint import hadolint_findings, without_duplicates
from fast_container.checks.dockerfile.lint import lint_images, linted_image
from fast_container.checks.dockerfile.settings import waivers_of_settings
from fast_container.checks.dockerfile.steps.context_files import ContextFiles
from fast_container.checks.dockerfile.subject import LintedImage
from fast_container.checks.dockerfile.waivers import Waiver
from fast_container.checks.finding import Finding, worst
from fast_container.cli.finding_formats import FORMATS, FindingsReport
from fast_container.cli.verbs.inspect import declared
from fast_container.core.cache_folder import cache_folder
from fast_container.core.context.view import SharedWalks
from fast_container.core.declared import DeclaredImage, InlineDockerfile, read_declared
from fast_container.core.select import SelectedImage, select_image
from fast_container.errors import (
    ArgsError,
    BuilderError,
    ContextError,
    DockerfileError,
    FastContainerError,
    LocalSystemError,
)

FOUND: Final = 1
_LARGEST_TEXT: Final = 8 << 20


class Linted(NamedTuple):
    """An image for the rules, with its declaration and its Dockerfile's bytes."""

    image: LintedImage
    declared: DeclaredImage
    dockerfile: bytes


def run(arguments: argparse.Namespace) -> int:
    """Look at the images and print what was found.

    Returns:
        1 if a finding is at least as bad as ``--fail-on``.

    Raises:
        FastContainerError: Bad input, or a Dockerfile that BuildKit would refuse; nothing was printed.
    """
    notes: list[str] = []
    walks = open_walks(cache_folder(os.environ))
    images = [
        linted for image, runs_on in _images(arguments) if (linted := _linted(image, runs_on, walks, notes)) is not None
    ]
    walks.save()
    commits = recent_commits([one.declared.context for one in images], os.environ)
    known = [
        replace(one.image, files=replace(one.image.files, commits=commits.get(one.declared.context))) for one in images
    ]
    others = [] if arguments.no_hadolint else _of_hadolint(images, notes)
    if arguments.buildkit is not None:
        others += asyncio.run(_of_buildkit(images, arguments.buildkit, notes))
    found = lint_images(known, others=others, waivers=_settings(), today=datetime.now(tz=UTC).date())
    report = FindingsReport(without_duplicates(found), notes)
    FORMATS[arguments.format](report)
    return FOUND if worst(report.findings).reaches(arguments.fail_on) else 0


def _settings() -> tuple[Waiver, ...]:
    """The waivers of the nearest ``pyproject.toml``, from the working directory upwards."""
    here = Path.cwd()
    places = (folder / "pyproject.toml" for folder in (here, *here.parents))
    place = next((place for place in places if place.is_file()), None)
    if place is None:
        return ()
    name = _shown(str(place))
    try:
        waivers = waivers_of_settings(place.read_text(encoding="utf-8"), name)
    except (OSError, UnicodeDecodeError) as error:
        raise ArgsError(f"{name} cannot be read.", property_path=name, why=str(error)) from None
    base = os.path.relpath(here, place.parent).replace(os.sep, "/")
    return tuple(replace(one, base=base) for one in waivers)


def _images(arguments: argparse.Namespace) -> Iterator[tuple[DeclaredImage, str]]:
    """Yield each image with the place where it is to run."""
    if arguments.plan is None:
        for dockerfile in arguments.dockerfile or [None]:
            given = argparse.Namespace(**{**vars(arguments), "dockerfile": dockerfile})
            image = declared(given)
            yield replace(image, name=image.dockerfile_name), arguments.runs_on or "anywhere"
        return
    from fast_container.cli.planned import chosen, current_declaration, load_plan  # noqa: PLC0415 - as needed

    if arguments.context is not None or arguments.dockerfile:
        raise ArgsError("--plan goes without --context and --dockerfile.", property_path="--plan")
    entries = load_plan(arguments.plan).entries
    names = [chosen(entries, name).declared.name for name in arguments.image] or sorted(entries)
    for name in names:
        entry = entries[name]
        image = current_declaration(entries, entry)
        if not isinstance(image.dockerfile, InlineDockerfile):
            image = replace(image, dockerfile_name=_shown(image.dockerfile))
        yield image, arguments.runs_on or entry.runs_on


def _linted(image: DeclaredImage, runs_on: str, walks: SharedWalks, notes: list[str]) -> Linted | None:
    text, reads = read_declared(image)
    files = ContextFiles()
    try:
        files = _files(select_image(image, walks))
    except (ArgsError, ContextError, DockerfileError) as error:
        notes.append(f"{image.dockerfile_name}: rules about files say nothing: {_in_one_line(error)}")
    linted = linted_image(image, text, reads, runs_on=runs_on, files=files)
    if linted is None:
        notes.append(f"{image.dockerfile_name} is not understood: {reads.warnings[0]}")
        return None
    return Linted(linted, image, text)


async def _of_buildkit(images: Sequence[Linted], builder: str, notes: list[str]) -> list[Finding]:
    """Ask a builder for BuildKit's own rules about each image, one after the other; where it fails, a note says so."""
    found: list[Finding] = []
    for one in images:
        try:
            answer = await check_dockerfile(one.dockerfile, one.declared.recipe, builder, os.environ)
            found += buildkit_findings(answer, one.image.file, one.image.name)
        except (BuilderError, ValueError, TimeoutError) as error:
            notes.append(f"{one.image.file}: BuildKit says nothing: {_first_lines(error)}")
    return found


def _first_lines(error: Exception) -> str:
    why = error.why if isinstance(error, BuilderError) else ""
    return f"{str(error).splitlines()[0] if str(error) else 'it takes too long'}{f' {why}' if why else ''}"


def _of_hadolint(images: Sequence[Linted], notes: list[str]) -> list[Finding]:
    """Ask hadolint, if there is one, about each Dockerfile once; where it fails, a note says so."""
    program = find_hadolint(os.environ)
    if program is None:
        return []
    found: list[Finding] = []
    for one in {(one.image.file, one.dockerfile): one for one in images}.values():
        try:
            found += hadolint_findings(run_hadolint(program, one.dockerfile, os.environ), one.image)
        except (LocalSystemError, ValueError) as error:
            notes.append(f"{one.image.file}: hadolint says nothing: {str(error).splitlines()[0]}")
    return found


def _files(selected: SelectedImage) -> ContextFiles:
    context = selected.selected.get("context")
    if context is None:
        return ContextFiles()
    sizes = {node.path: node.size for node in context.selection.nodes if node.kind == "file"}

    def text(path: str) -> str | None:
        try:
            if path in sizes and sizes[path] <= _LARGEST_TEXT:
                return Path(context.root, path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None
        return None

    return ContextFiles(sizes, text, root=_shown(context.root))


def _shown(path: str) -> str:
    """A path as it is called from the working directory; ``""`` for that itself."""
    relative = os.path.relpath(path)
    return "" if relative == "." else relative.replace(os.sep, "/")


def _in_one_line(error: FastContainerError) -> str:
    said = f"{error.what} {error.why}".strip()
    return f"{said} ({error.where})" if error.where else said
