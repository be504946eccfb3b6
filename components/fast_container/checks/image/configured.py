"""From the settings of a program to what the rules are given, and to the findings that count.

Decides how waivers of images read: as a Dockerfile's comment, about all findings of a rule. Leaves the rules to their
modules, and what is wrong with a waiver to ``checks.dockerfile.waivers``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from fast_container.checks.dockerfile.waivers import Waiver, apply_waivers, read_waiver
from fast_container.checks.finding import Finding, Severity, by_weight
from fast_container.checks.image.catalogue import TITLES
from fast_container.checks.image.settings import ImageRequirements
from fast_container.checks.image.structure.written import read_tests
from fast_container.core.image_checks import CheckSettings


def rule_settings(settings: CheckSettings, *, runs_on: str, before_bytes: int | None = None) -> ImageRequirements:
    """Return what the rules are given.

    Raises:
        ArgsError: The structure tests are damaged.
    """
    return ImageRequirements(
        runs_on=runs_on,
        max_size_bytes=settings.max_size_bytes,
        max_unpacked_bytes=settings.max_unpacked_bytes,
        max_layer_bytes=settings.max_layer_bytes,
        max_growth=settings.max_growth,
        max_growth_bytes=settings.max_growth_bytes,
        before_bytes=before_bytes,
        structure=(read_tests(settings.structure),) if settings.structure else (),
        required=settings.required,
        forbidden=settings.forbidden,
        severities={rule: Severity(level) for rule, level in settings.rules.items()},
    )


def reported_rules(settings: CheckSettings | None, *, runs_on: str) -> tuple[str, ...]:
    """Name the rules that report something about an image with such settings; none without any."""
    if settings is None:
        return ()
    severities = {rule: Severity(level) for rule, level in settings.rules.items()}
    given = ImageRequirements(runs_on=runs_on, severities=severities)
    return tuple(rule for rule in TITLES if given.severity(rule) is not Severity.OFF)


def waivers_of(texts: Sequence[str]) -> list[Waiver]:
    """Read waivers; a wrong one is marked as such."""
    found = [read_waiver(text, "*", 0, (f"checks.waivers[{index}]", 0)) for index, text in enumerate(texts)]
    return [_of_our_rules(waiver) for waiver in found]


def _of_our_rules(waiver: Waiver) -> Waiver:
    unknown = sorted(waiver.rules.difference(TITLES))
    return replace(waiver, wrong=f"there is no rule {unknown[0]!r}") if unknown and not waiver.wrong else waiver


def without_waived(findings: Sequence[Finding], waivers: Sequence[str], today: date) -> list[Finding]:
    """Leave out what is waived, and add what is wrong with waivers; the heaviest findings come first."""
    return by_weight(apply_waivers(findings, waivers_of(waivers), today))
