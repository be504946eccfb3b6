"""``fast-container coldstart``: how long an image takes to start, measured in the image.

Decides which images are started, with which of their Pythons, and which refusals there are: each ends with one message
and exit code 2. Leaves the build to ``adapters.buildx.throw_away``, and everything about its figures to ``startup``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from fast_container.adapters.buildx.builder import builder_platforms
from fast_container.adapters.buildx.throw_away import ThrowAwayBuild, run_throw_away
from fast_container.adapters.layers.oci_layout import SCHEME
from fast_container.checks.image.lookup import program
from fast_container.cli.output import say
from fast_container.cli.pushed_images import PushedImages
from fast_container.core.layers.contents import ImageContents
from fast_container.core.oci.platform import normal_or_same
from fast_container.core.oci.reference import parse_reference
from fast_container.errors import ArgsError, BuilderError, VerifyError
from fast_container.startup.runs import FailedStart, Run, read_runs
from fast_container.startup.steps import (
    FAILURE_MARK,
    MOST_RUNS,
    RESULT,
    PlannedRun,
    dockerfile,
    order_of_runs,
    plan_json,
)
from fast_container.startup.subject import NotStartableError, Subject, subject_of
from fast_container.startup.summary import StartSummary, quicker, summarise
from fast_container.startup.table import UNKNOWN, lines_of

_PROBE: Final = {
    "start_once.py": "start_once.py",
    "bundle_python.py": "bundle_python.py",
    "open_files_hook.py": "hooks/sitecustomize.py",
}
_STEP_S: Final = 5.0
_PULL_S: Final = 1800.0


@dataclass(frozen=True, slots=True)
class _Found:
    """An image to start, and the bytes of its files."""

    subject: Subject
    shipped_bytes: int


def run(arguments: argparse.Namespace) -> int:
    """Measure and print.

    Raises:
        FastContainerError: Bad input, no builder, or an image that does not start.
    """
    _check(arguments)
    summaries = asyncio.run(_measure(arguments))
    if arguments.json:
        said: dict[str, object] = {
            "images": [summary.as_json() for summary in summaries],
            "unknown": _unknown(summaries[0]),
        }
        if len(summaries) == 2:
            said["pairs_won_by_the_second"] = quicker(*summaries)
        sys.stdout.write(json.dumps(said) + "\n")
    else:
        say(lines_of(summaries))
    return 0


def _unknown(summary: StartSummary) -> str:
    return UNKNOWN[0 if summary.kind == "lambda" else 1]


def _check(arguments: argparse.Namespace) -> None:
    if not 1 <= arguments.runs <= MOST_RUNS:
        raise ArgsError(
            "The number of runs cannot be used.", property_path="--runs", next_step=f"Say 1 to {MOST_RUNS}."
        )
    if not 0 < arguments.timeout <= 900:
        raise ArgsError(
            "The time of a start cannot be used.", property_path="--timeout", next_step="Say up to 900 seconds."
        )
    if bad := next((pair for pair in arguments.env if not pair.partition("=")[0] or "=" not in pair), None):
        raise ArgsError(f"{bad!r} does not set a variable.", property_path="--env", next_step="Say NAME=VALUE.")
    if bad := next((one for one in _references(arguments) if one.startswith(SCHEME)), None):
        raise ArgsError("A build can start only an image of a registry.", property_path=bad, next_step="Push it first.")


def _references(arguments: argparse.Namespace) -> list[str]:
    return [one for one in (arguments.against, arguments.reference) if one is not None]


async def _measure(arguments: argparse.Namespace) -> list[StartSummary]:
    images = PushedImages(arguments.platform)
    platform = normal_or_same(arguments.platform)
    try:
        references = _references(arguments)
        contents = [await images.referred(one, "REF") for one in references]
        credentials = {host: known for one in references for host, known in images.credentials(one).items()}
    finally:
        images.close()
    found = {
        name: _found(reference, image, arguments, platform)
        for name, reference, image in zip("ab", references, contents, strict=False)
    }
    await _refuse_other_platforms(arguments.builder, platform)
    subjects = {name: one.subject for name, one in found.items()}
    planned = order_of_runs(list(found), arguments.runs, [name for name, one in subjects.items() if one.python])
    build = _build(arguments, platform, subjects, planned)
    text = await run_throw_away(build, arguments.builder, os.environ, credentials)
    runs = _runs_of(text, subjects)
    return [
        summarise(one.subject.image, one.subject.kind, [r for r in runs if r.subject == name], one.shipped_bytes)
        for name, one in found.items()
    ]


def _build(
    arguments: argparse.Namespace, platform: str, subjects: dict[str, Subject], planned: list[PlannedRun]
) -> ThrowAwayBuild:
    scripts = files("fast_container.startup.probe")
    context = {place: scripts.joinpath(name).read_bytes() for name, place in _PROBE.items()}
    return ThrowAwayBuild(
        dockerfile(subjects, planned, python_image=arguments.python_image, network=arguments.network),
        {**context, "plan.json": plan_json(subjects, planned).encode()},
        platform,
        RESULT,
        FAILURE_MARK,
        _PULL_S + len(planned) * (arguments.timeout + _STEP_S),
    )


def _runs_of(text: str, subjects: dict[str, Subject]) -> list[Run]:
    try:
        runs = read_runs(text)
    except ValueError as error:
        raise VerifyError("What the starts wrote down cannot be read.", why=str(error)) from error
    if isinstance(runs, FailedStart):
        lines = "\n".join(f"| {line}" for line in runs.last_lines)
        raise VerifyError(
            runs.what,
            where=subjects[runs.subject].image,
            why=f"{runs.why}\n{lines}".strip(),
            next_step="Give it what it needs to start: --env NAME=VALUE, --network default, --timeout, or --module.",
        )
    return runs


async def _refuse_other_platforms(builder: str | None, platform: str) -> None:
    """Refuse what the builder cannot run; one that does not say what it runs is left to the build."""
    known = await builder_platforms(builder, os.environ)
    if known and platform not in known:
        raise BuilderError(
            f"The builder does not run programs for {platform}.",
            where=builder or "the current builder",
            why=f"it runs {', '.join(sorted(known))}",
            next_step="Name a builder on a machine with that processor: --builder NAME",
        )


def _found(text: str, image: ImageContents, arguments: argparse.Namespace, platform: str) -> _Found:
    _refuse(image, platform)
    assert image.files is not None
    reference = parse_reference(text)
    # The registry that was asked may be a mirror, which the builder has its own list of.
    name = f"{reference.host}/{reference.path}@{image.name.rpartition('@')[2]}"
    pairs = (pair.partition("=") for pair in arguments.env)
    try:
        subject = subject_of(
            name,
            image.configuration,
            runs_on=arguments.runs_on or "",
            python=_python_of(image),
            module=arguments.module,
            env={key: value for key, _, value in pairs},
            timeout_s=arguments.timeout,
        )
    except NotStartableError as error:
        raise ArgsError("The image cannot be started.", property_path=text, why=str(error)) from None
    shipped = sum(placed.entry.size for placed in image.files.merged.files.values())
    return _Found(subject, shipped)


def _refuse(image: ImageContents, platform: str) -> None:
    if image.files is None:
        raise VerifyError("The layers of the image cannot be read.", where=image.name, why=image.unreadable)
    said = image.configuration.platform
    if said and normal_or_same(said) != platform:
        raise VerifyError(
            f"The image is for {said}, not for {platform}.", where=image.name, next_step=f"Say --platform {said}."
        )
    if image.configuration.onbuild:
        raise VerifyError(
            "The image has ONBUILD triggers, which any build on it runs first.",
            where=image.name,
            next_step="Measure an image that was built from it.",
        )


def _python_of(image: ImageContents) -> str:
    """Return the image's own Python as its programs call it; ``""`` if it has none."""
    assert image.files is not None
    configuration = image.configuration
    first = next(iter((*configuration.entrypoint, *configuration.command)), "")
    names = ("python3", "python", *([first] if "python" in first else []))
    return next((name for name in names if program(image.files.merged, configuration, name)), "")
