"""The options of ``image``, and those that name an image that was pushed, which ``check-image`` has too.

Decides their names and defaults. Leaves their values to ``cli.verbs.image`` and ``cli.pushed_images``.
"""

from __future__ import annotations

import argparse


def add_image_arguments(parser: argparse.ArgumentParser) -> None:
    """Add them."""
    parser.description = (
        "Say what takes the space in a pushed image: by instruction, directory, Python distribution and package of the"
        " system, and what ships unseen; or what grew from another image to it, and why."
    )
    parser.epilog = "fast-container image HOST/shop/api:v8 --against HOST/shop/api:v7"
    add_reference_arguments(parser)
    parser.add_argument("--against", metavar="REF", help="compare with this image: what grew, and why")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print one JSON object")
    form.add_argument("--html", metavar="FILE", help="write a page with a treemap; needs fast-container[report]")


def add_reference_arguments(parser: argparse.ArgumentParser) -> None:
    """Add those that name an image."""
    parser.add_argument(
        "reference",
        metavar="REF",
        nargs="?",
        help="the image: HOST/NAME:TAG, HOST/NAME@sha256:… or oci-layout://DIR[:TAG]",
    )
    parser.add_argument("--plan", metavar="FILE", help="take the image from a plan file …")
    parser.add_argument("--image", metavar="NAME", help="… of this name")
    parser.add_argument(
        "--platform", metavar="OS/ARCH", default="linux/amd64", help="of an index; default: linux/amd64"
    )
