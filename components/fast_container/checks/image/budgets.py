"""V01: budgets. Compressed bytes, which a registry stores and a pull moves, in total, by layer and against before."""

from __future__ import annotations

from collections.abc import Iterator

from fast_container.checks.image.rule import Found
from fast_container.checks.image.settings import ImageRequirements
from fast_container.core.layers.contents import ImageContents
from fast_container.core.spelling import megabytes


def check_budgets(image: ImageContents, settings: ImageRequirements) -> Iterator[Found]:
    """Find what is over a budget."""
    total = image.compressed_bytes
    if settings.max_size_bytes is not None and total > settings.max_size_bytes:
        yield Found(
            image.name,
            f"The image has {megabytes(total)} compressed, its budget is {megabytes(settings.max_size_bytes)}.",
            "a registry bills these bytes, and ECS pulls them before each start",
            "Leave out what the other findings name, or raise the budget.",
            total - settings.max_size_bytes,
            basis="compressed",
        )
    for at, (digest, size) in enumerate(image.layer_bytes, 1):
        if settings.max_layer_bytes is not None and size > settings.max_layer_bytes:
            yield Found(
                f"layer {at} of {len(image.layer_bytes)}, {digest}",
                f"A layer has {megabytes(size)} compressed, the budget is {megabytes(settings.max_layer_bytes)}.",
                "a large layer is pushed and pulled whole when anything in it changes",
                "Put what changes seldom into a layer of its own, or a base image.",
                size - settings.max_layer_bytes,
                basis="compressed",
            )
    yield from _growth(image, settings)


def _growth(image: ImageContents, settings: ImageRequirements) -> Iterator[Found]:
    total, before = image.compressed_bytes, settings.before_bytes
    if not before or total <= before:
        return
    share, most = settings.max_growth, settings.max_growth_bytes
    allowed = [f"{share * 100:g} %"] if share is not None and total > before * (1 + share) else []
    allowed += [megabytes(most)] if most is not None and total - before > most else []
    if allowed:
        yield Found(
            image.name,
            f"The image grew by {(total / before - 1) * 100:.0f} %, from {megabytes(before)} to {megabytes(total)}.",
            f"allowed is {' and '.join(allowed)}",
            "Look at what was added, or allow it.",
            total - before,
            basis="compressed",
        )
