"""``fast-container check-image``: what is in an image that was pushed, and whether it is fit for where it runs.

Decides the exit codes: 1 when a finding is as bad as ``--fail-on``, else 0 (2 is bad input, as everywhere). Leaves
reading to ``build.image_contents``, the rules to ``checks.image``, and the options to ``cli.arguments.check``.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from fast_container.checks.finding import Finding, Severity, worst
from fast_container.checks.image.base_findings import with_base, without_reported
from fast_container.checks.image.check import RULES, check_image
from fast_container.checks.image.settings import ImageRequirements, parse_growth, parse_size
from fast_container.checks.image.structure.tests import StructureTests
from fast_container.cli.finding_formats import FORMATS, FindingsReport
from fast_container.cli.pushed_images import PushedImages, planned_base
from fast_container.core.layers.contents import ImageContents
from fast_container.core.spelling import megabytes
from fast_container.errors import ArgsError

FOUND = 1
_LEVELS = ("error", "warning", "off")
Divide = Callable[[Sequence[Finding]], tuple[list[Finding], str]]


def run(arguments: argparse.Namespace) -> int:
    """Read, check, print.

    Raises:
        FastContainerError: Bad input, or the registry cannot be asked.
    """
    settings = _settings(arguments)
    image, settings, divide = asyncio.run(_read(arguments, settings))
    findings, note = divide(check_image(image, settings))
    facts = {
        "image": image.name,
        "runs_on": settings.runs_on,
        "compressed_bytes": image.compressed_bytes,
        "unpacked_bytes": image.files.unpacked_bytes if image.files else None,
    }
    subject = f"{image.name}: {_sizes(image)}"
    report = FindingsReport(findings, [note] if note else [], subject=subject, facts=facts)
    FORMATS["json" if arguments.json else arguments.format](report)
    return FOUND if worst(findings).reaches(arguments.fail_on) else 0


def _sizes(image: ImageContents) -> str:
    unpacked = f", {megabytes(image.files.unpacked_bytes)} unpacked" if image.files else ""
    count = len(image.layer_bytes)
    return f"{count} layer{'' if count == 1 else 's'}, {megabytes(image.compressed_bytes)} compressed{unpacked}"


def _settings(arguments: argparse.Namespace) -> ImageRequirements:
    share, most = _growth(arguments)
    return ImageRequirements(
        runs_on=arguments.runs_on,
        max_size_bytes=_size("--max-size", arguments.max_size),
        max_layer_bytes=_size("--max-layer", arguments.max_layer),
        max_growth=share,
        max_growth_bytes=most,
        required=tuple(arguments.require),
        forbidden=tuple(arguments.forbid),
        structure=_structure(arguments),
        severities=dict(_severity(said) for said in arguments.rule),
    )


def _size(flag: str, text: str | None) -> int | None:
    try:
        return None if text is None else parse_size(text)
    except ValueError as error:
        raise ArgsError("The budget is not a size.", property_path=flag, why=str(error)) from None


def _structure(arguments: argparse.Namespace) -> tuple[StructureTests, ...]:
    if not arguments.structure:
        return ()
    from fast_container.checks.image.structure.reading import (  # noqa: PLC0415 - PyYAML, seldom needed
        read_structure_tests,
    )

    found: list[StructureTests] = []
    for name in arguments.structure:
        try:
            text = Path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ArgsError("A file cannot be read.", property_path="--structure", why=f"{name}: {error}") from None
        found.append(read_structure_tests(name, text, frozenset(arguments.leave_out)))
    return tuple(found)


def _growth(arguments: argparse.Namespace) -> tuple[float | None, int | None]:
    if (arguments.max_growth is None) != (arguments.against is None):
        raise ArgsError(
            "A growth needs an image before and a limit.",
            property_path="--max-growth",
            next_step="Give both --max-growth and --against.",
        )
    try:
        return parse_growth(arguments.max_growth) if arguments.max_growth is not None else (None, None)
    except ValueError as error:
        raise ArgsError("The growth cannot be read.", property_path="--max-growth", why=str(error)) from None


def _severity(said: str) -> tuple[str, Severity]:
    rule, _, level = said.partition("=")
    if rule not in RULES or level not in _LEVELS:
        raise ArgsError(
            f"{said!r} does not set a rule.",
            property_path="--rule",
            next_step=f"Say one of {', '.join(RULES)}, =, and one of {', '.join(_LEVELS)}.",
        )
    return rule, Severity(level)


def _check_is_base(layers: Collection[str], image: ImageContents, base: str) -> None:
    if layers and not any(digest in layers for digest, _ in image.layer_bytes):
        raise ArgsError(
            "The image does not start from that base.",
            property_path="--base",
            why=f"it has no layer of {base}",
            next_step="Name the image in its FROM, as it was when the image was built: a tag may have moved since.",
        )


async def _read(
    arguments: argparse.Namespace, settings: ImageRequirements
) -> tuple[ImageContents, ImageRequirements, Divide]:
    """Read the image; return it with the whole settings, and what divides its findings from those told at its base."""
    images = PushedImages(arguments.platform)
    try:
        if arguments.against:
            before = await images.layers(arguments.against, "--against")
            settings = replace(settings, before_bytes=sum(before.values()))
        if arguments.base:
            layers = frozenset(await images.layers(arguments.base, "--base"))
            settings = replace(settings, base_name=arguments.base, base_layers=layers)
            divide = partial(without_reported, reported=RULES, who="which can be checked by itself")
            image = await images.named(arguments, settings.read_paths)
            _check_is_base(layers, image, arguments.base)
            return image, settings, divide
        image = await images.named(arguments, settings.read_paths)
        base = planned_base(arguments.plan, arguments.image) if arguments.plan else None
        reported = base.reported if base else ()
        return image, with_base(settings, image, base), partial(without_reported, reported=reported)
    finally:
        images.close()
