"""``fast-container cost``: what builds cost and what was saved, of a period, of two, or of two images.

Decides what is compared and in which form it is printed. Leaves records to ``cli.recorded``, images to
``cli.pushed_images``, and figures and words to ``report.costs``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from fast_container.cli.output import emit, say
from fast_container.cli.pushed_images import PushedImages
from fast_container.cli.recorded import local_records, moment
from fast_container.core.records.record import BuildRecord
from fast_container.core.spelling import did_you_mean
from fast_container.errors import ArgsError
from fast_container.report.costs import forms
from fast_container.report.costs.changes import compare
from fast_container.report.costs.figure import Figure
from fast_container.report.costs.image_costs import SizedImage, image_figures
from fast_container.report.costs.period_costs import Prices, period_figures
from fast_container.report.costs.prices import prices_of
from fast_container.report.costs.usage import Period, Usage, usage_of

_USUAL: Final = "30d"
_SETTINGS: Final = "pyproject.toml"


def run(arguments: argparse.Namespace) -> int:
    """Count, price, print.

    Raises:
        FastContainerError: An option has no sense, or an image cannot be read.
    """
    prices = prices_of(_settings(), _SETTINGS, arguments.price)
    if arguments.image is not None or arguments.against is not None:
        _images(arguments, prices)
    elif arguments.before is not None and arguments.after is not None:
        _comparison(arguments, prices)
    else:
        _period(arguments, prices)
    return 0


def _images(arguments: argparse.Namespace, prices: Prices) -> None:
    spans = [flag for flag in ("since", "before", "after", "stack") if getattr(arguments, flag) is not None]
    if spans or arguments.image is None or arguments.against is None:
        raise ArgsError(
            "Two images are compared by themselves.",
            property_path=f"--{spans[0]}" if spans else "--against" if arguments.against is None else "--image",
            next_step="Give --image and --against, and no time and no stack.",
        )
    image, other = asyncio.run(_read(arguments))
    figures = image_figures(image, other, prices)
    if arguments.json:
        _emit({"image": image.name, "against": other.name}, figures, prices)
    elif arguments.markdown:
        emit(forms.image_markdown(figures, prices))
    else:
        say(forms.image_lines(figures, prices))


async def _read(arguments: argparse.Namespace) -> tuple[SizedImage, SizedImage]:
    images = PushedImages(arguments.platform)
    try:
        named = (arguments.image, "--image"), (arguments.against, "--against")
        image, other = [SizedImage(said, await images.layers(said, flag)) for said, flag in named]
        return image, other
    finally:
        images.close()


def _comparison(arguments: argparse.Namespace, prices: Prices) -> None:
    _only_one(arguments)
    before, after = _span(arguments.before, "--before"), _span(arguments.after, "--after")
    if before.end > after.begin:
        raise ArgsError(
            "The periods overlap, or are the wrong way round.",
            property_path="--after",
            why="a build would be in both",
            next_step="Let --after begin when --before ends, or later.",
        )
    known = _records(arguments.stack)
    comparison = compare(_usage(before, known, "--before"), _usage(after, known, "--after"), prices)
    if arguments.json:
        sides = {
            "before": forms.period_document(*comparison.before),
            "after": forms.period_document(*comparison.after),
            "changes": comparison.document(),
            "notes": list(comparison.notes),
        }
        _emit(sides, None, prices, comparison.before[1] + comparison.after[1])
    elif arguments.markdown:
        emit(forms.comparison_markdown(comparison, prices))
    else:
        say(forms.comparison_lines(comparison, prices))


def _period(arguments: argparse.Namespace, prices: Prices) -> None:
    _only_one(arguments)
    flag = next((name for name in ("before", "after") if getattr(arguments, name) is not None), "since")
    if flag == "since":
        now = time.time()
        period = Period(moment(arguments.since or _USUAL, "--since"), now)
        if period.begin >= now:
            raise ArgsError("That is not in the past.", property_path="--since", next_step="Give an earlier time.")
    else:
        period = _span(getattr(arguments, flag), f"--{flag}")
    usage = _usage(period, _records(arguments.stack), f"--{flag}")
    figures = period_figures(usage, prices)
    if arguments.json:
        _emit(forms.period_document(usage, figures), None, prices, figures)
    elif arguments.markdown:
        emit(forms.period_markdown(usage, figures, prices))
    else:
        say(forms.period_lines(usage, figures, prices))


def _only_one(arguments: argparse.Namespace) -> None:
    if arguments.since is not None and (arguments.before is not None or arguments.after is not None):
        raise ArgsError(
            "Which period is meant is not clear.",
            property_path="--since",
            next_step="Give --since, or --before and --after.",
        )


def _span(text: str, flag: str) -> Period:
    begin, dots, end = text.partition("..")
    if not dots or not begin or not end:
        raise ArgsError(
            f"{text!r} is not a period.",
            property_path=flag,
            next_step="Give two times with two dots between them: 2026-10-01..2026-11-01, or 60d..30d.",
        )
    period = Period(moment(begin, flag), moment(end, flag))
    if period.end <= period.begin:
        raise ArgsError(
            f"{text!r} ends before it begins.", property_path=flag, next_step="Give the earlier time first."
        )
    return period


def _records(stack: str | None) -> list[BuildRecord]:
    records = local_records(None)
    if stack is None:
        return records
    stacks = {record.origin.stack for record in records if record.origin.stack}
    if records and stack not in stacks:
        raise ArgsError(
            f"There is no record of a stack {stack!r}.", property_path="--stack", next_step=did_you_mean(stack, stacks)
        )
    return [record for record in records if record.origin.stack == stack]


def _usage(period: Period, known: Sequence[BuildRecord], flag: str) -> Usage:
    usage = usage_of(period, known)
    if not usage.runs:
        raise ArgsError(
            "No builds are recorded in that time.",
            property_path=flag,
            why=f"the records on this machine begin {forms.time_text(known[0].started)}"
            if known
            else "there are no records",
            next_step="Give another period; `fast-container report` shows which runs there are." if known else "",
        )
    return usage


def _settings() -> str:
    try:
        return Path(_SETTINGS).read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        raise ArgsError(f"{_SETTINGS} cannot be read.", property_path=_SETTINGS, why=str(error)) from None


def _emit(
    document: dict[str, Any], shown: Sequence[Figure] | None, prices: Prices, priced: Sequence[Figure] = ()
) -> None:
    figures = {} if shown is None else {"figures": [figure.document() for figure in shown]}
    used = forms.prices_document(shown or priced, prices)
    emit(json.dumps({"version": forms.VERSION, **document, **figures, "prices": used}) + "\n")
