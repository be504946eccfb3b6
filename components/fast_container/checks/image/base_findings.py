"""Findings that come from what an image starts from: told from its own, and said once.

Decides that an error of a base refuses the image too, and that everything else of a base whose own checks report it is
one line at the images on it. Leaves which files are a base's to the rules, by what ``with_base`` tells them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace

from fast_container.checks.finding import Finding, Severity
from fast_container.checks.image.settings import ImageRequirements
from fast_container.core.layers.contents import ImageContents
from fast_container.core.oci.image_base import ImageBase, base_part


def with_base(settings: ImageRequirements, image: ImageContents, base: ImageBase | None) -> ImageRequirements:
    """Return the settings with what is the base's in an image, as far as its history tells."""
    digests = [digest for digest, _ in image.layer_bytes]
    part = base_part(image.configuration.history, len(digests), base.own_steps) if base else None
    if base is None or part is None:
        return settings
    layers = frozenset(digests[: part.layers]).difference(digests[part.layers :])
    return replace(settings, base_name=base.name, base_layers=layers, base_steps=part.steps)


def without_reported(
    findings: Sequence[Finding], reported: Collection[str], who: str = "which has checks of its own"
) -> tuple[list[Finding], str]:
    """Return the findings that count here, and a line about those that are reported at the base.

    Args:
        findings: Of one image.
        reported: The rules that report them there.
        who: Why they do not count here, in a few words.
    """
    there = [one for one in findings if one.base and one.rule in reported and one.severity is not Severity.ERROR]
    if not there:
        return list(findings), ""
    counts = sorted(Counter(one.rule for one in there).items())
    rules = ", ".join(rule if count == 1 else f"{rule} ({count})" for rule, count in counts)
    come = "1 finding comes" if len(there) == 1 else f"{len(there)} findings come"
    line = f"{come} from the base image {there[0].base}, {who}: {rules}"
    return [one for one in findings if one not in there], line
