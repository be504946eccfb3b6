"""V01, the part that needs the files: a budget of unpacked bytes, as Lambda and ``docker images`` count them."""

from __future__ import annotations

from collections.abc import Iterator

from fast_container.checks.image.rule import Found
from fast_container.checks.image.settings import ImageRequirements
from fast_container.core.layers.contents import ImageContents, ImageFiles
from fast_container.core.spelling import megabytes


def check_unpacked(image: ImageContents, files: ImageFiles, settings: ImageRequirements) -> Iterator[Found]:
    """Find what is over the budget."""
    total, budget = files.unpacked_bytes, settings.max_unpacked_bytes
    if budget is not None and total > budget:
        yield Found(
            image.name,
            f"The image has {megabytes(total)} unpacked, its budget is {megabytes(budget)}.",
            "these bytes lie on each machine that runs it",
            "Leave out what the other findings name, or raise the budget.",
            total - budget,
        )
