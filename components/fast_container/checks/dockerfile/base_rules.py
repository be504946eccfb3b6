"""FI010: base images that are another image tomorrow.

Decides that ``latest`` and no tag at all are never a pin. A plain tag is taken for what its author wants, unless the
image pins others of its bases by digest: then the rest was forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator

from fast_container.checks.dockerfile.subject import LintedImage
from fast_container.checks.finding import Finding, Severity
from fast_container.core.own_bases import OWN_BASE_HOST


def base_rules(image: LintedImage) -> Iterator[Finding]:
    """Yield findings about bases."""
    pinned = {one.reference for one in image.external_images if "@" in one.reference or one.reference in image.pins}
    for one in image.external_images:
        if one.reference in pinned or one.normalised.startswith(f"{OWN_BASE_HOST}/"):
            continue
        tag = one.normalised.rpartition("/")[2].partition(":")[2]
        if tag == "latest":
            yield from image.finding(
                "FI010",
                one.line,
                f"{one.reference} is whatever is newest.",
                why="The same commit builds another image tomorrow, and the key does not see it.",
                fix="Name a version, and pin it with `fast-container lock`.",
            )
        elif pinned:
            yield from image.finding(
                "FI010",
                one.line,
                f"{one.reference} has a tag and no digest, unlike the other bases of this image.",
                why="A tag can be moved: the same commit builds another image then, and the key does not see it.",
                fix="Pin it too, with `fast-container lock` or a digest after the tag.",
                at_most=Severity.INFO,
            )
