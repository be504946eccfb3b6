"""``fast-container image``: what takes the space in an image that was pushed, and what grew from another one to it.

Decides the form of the answer: tables, one JSON object or a page. Leaves finding the image to ``cli.pushed_images``,
dividing it to ``breakdown``, tables to ``cli.image_tables``, and the page to ``report.pages``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys

from fast_container.breakdown.comparison import compare
from fast_container.breakdown.documents import comparison_document, image_document
from fast_container.breakdown.image import Breakdown, break_down
from fast_container.cli.columns import terminal_width
from fast_container.cli.image_tables import comparison_lines, image_lines
from fast_container.cli.output import say, write_page
from fast_container.cli.pushed_images import PushedImages
from fast_container.core.layers.contents import ImageContents
from fast_container.errors import VerifyError


def run(arguments: argparse.Namespace) -> int:
    """Read, divide, print.

    Raises:
        FastContainerError: Bad input, or an image cannot be read.
    """
    image, other = asyncio.run(_read(arguments))
    one = _divided(image)
    both = compare(_divided(other), one) if other else None
    if arguments.json:
        sys.stdout.write(json.dumps(comparison_document(both) if both else image_document(one)) + "\n")
    elif arguments.html is not None:
        from fast_container.report.pages.image_page import image_page  # noqa: PLC0415 - an extra

        write_page(arguments.html, image_page(one, both))
    else:
        width = terminal_width()
        say(comparison_lines(both, width) if both else image_lines(one, width))
    return 0


async def _read(arguments: argparse.Namespace) -> tuple[ImageContents, ImageContents | None]:
    images = PushedImages(arguments.platform)
    try:
        image = await images.named(arguments)
        other = await images.referred(arguments.against, "--against") if arguments.against is not None else None
        return image, other
    finally:
        images.close()


def _divided(image: ImageContents) -> Breakdown:
    if image.files is None:
        raise VerifyError("The image's layers cannot be read.", where=image.name, why=image.unreadable)
    return break_down(image, image.files)
