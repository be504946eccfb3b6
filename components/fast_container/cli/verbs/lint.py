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
from typing import Final

from fast_container.adapters.buildx.check import check_dockerfile
from fast_container.adapters.digests.walks import open_walks
from fast_container.adapters.git import recent_commits
from fast_container.adapters.hadolint import find_hadolint, run_hadolint
from fast_container.adapters.records.local_records import LocalRecords
from fast_container.build.lint_inputs import files_of, project_waivers, shown_path
from fast_container.checks.dockerfile.buildkit_check import buildkit_findings
from fast_container.checks.dockerfile.fixes.fix import FixableImage
from fast_container.checks.dockerfile.hadolint import hadolint_findings, without_duplicates
from fast_container.checks.dockerfile.lint import lint_images, linted_image
from fast_container.checks.dockerfile.step_seconds import StepSeconds
from fast_container.checks.dockerfile.steps.context_files import ContextFiles
from fast_container.checks.finding import Finding, worst
from fast_container.cli.finding_formats import FORMATS, FindingsReport
from fast_container.cli.verbs.inspect import declared
from fast_container.core.cache_folder import cache_folder
from fast_container.core.context.view import SharedWalks
from fast_container.core.declared import DeclaredImage, InlineDockerfile, read_declared
from fast_container.core.select import select_image
from fast_container.errors import (
    ArgsError,
    BuilderError,
    ContextError,
    DockerfileError,
    FastContainerError,
    LocalSystemError,
)

FOUND: Final = 1


def run(arguments: argparse.Namespace) -> int:
    """Look at the images and print what was found.

    Returns:
        1 if a finding is at least as bad as ``--fail-on``.

    Raises:
        FastContainerError: Bad input, or a Dockerfile that BuildKit would refuse; nothing was printed.
    """
    if arguments.fix:
        _check_fix(arguments)
    notes: list[str] = []
    walks = open_walks(cache_folder(os.environ))
    images = [
        linted for image, runs_on in _images(arguments) if (linted := _linted(image, runs_on, walks, notes)) is not None
    ]
    walks.save()
    waivers, today = project_waivers(), datetime.now(tz=UTC).date()
    if arguments.fix:
        from fast_container.cli.verbs.lint_fix import run_fix  # noqa: PLC0415 - as needed

        return run_fix(images, waivers, today, notes, yes=arguments.yes, fail_on=arguments.fail_on)
    commits = recent_commits([one.declared.context for one in images], os.environ)
    seconds = StepSeconds.of(LocalRecords(cache_folder(os.environ)).read().records)
    known = [
        replace(one.image, files=replace(one.image.files, commits=commits.get(one.declared.context)), seconds=seconds)
        for one in images
    ]
    others = [] if arguments.no_hadolint else _of_hadolint(images, notes)
    if arguments.buildkit is not None:
        others += asyncio.run(_of_buildkit(images, arguments.buildkit, notes))
    found = lint_images(known, others=others, waivers=waivers, today=today)
    report = FindingsReport(without_duplicates(found), notes)
    FORMATS[arguments.format](report)
    return FOUND if worst(report.findings).reaches(arguments.fail_on) else 0


def _check_fix(arguments: argparse.Namespace) -> None:
    """Refuse what goes with findings only.

    Raises:
        ArgsError: An option that --fix has no use for, or a Dockerfile that is not a file.
    """
    from fast_container.cli.verbs.lint_fix import refuse_standard_input  # noqa: PLC0415 - as needed

    refuse_standard_input(arguments.dockerfile)
    if arguments.format != "text" or arguments.buildkit is not None:
        name = "--format" if arguments.format != "text" else "--buildkit"
        raise ArgsError(
            f"{name} cannot be combined with --fix.", property_path=name, next_step="Leave one of them out."
        )


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
            image = replace(image, dockerfile_name=shown_path(image.dockerfile))
        yield image, arguments.runs_on or entry.runs_on


def _linted(image: DeclaredImage, runs_on: str, walks: SharedWalks, notes: list[str]) -> FixableImage | None:
    text, reads = read_declared(image)
    files = ContextFiles()
    try:
        files = files_of(select_image(image, walks))
    except (ArgsError, ContextError, DockerfileError) as error:
        notes.append(f"{image.dockerfile_name}: rules about files say nothing: {_in_one_line(error)}")
    linted = linted_image(image, text, reads, runs_on=runs_on, files=files)
    if linted is None:
        notes.append(f"{image.dockerfile_name} is not understood: {reads.warnings[0]}")
        return None
    return FixableImage(linted, image, text)


async def _of_buildkit(images: Sequence[FixableImage], builder: str, notes: list[str]) -> list[Finding]:
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


def _of_hadolint(images: Sequence[FixableImage], notes: list[str]) -> list[Finding]:
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


def _in_one_line(error: FastContainerError) -> str:
    said = f"{error.what} {error.why}".strip()
    return f"{said} ({error.where})" if error.where else said
