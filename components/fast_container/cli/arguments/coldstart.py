"""The options of ``coldstart``.

Decides their names and defaults. Leaves their values to ``cli.verbs.coldstart``.
"""

from __future__ import annotations

import argparse


def add_coldstart_arguments(parser: argparse.ArgumentParser) -> None:
    """Add them."""
    parser.description = (
        "Start an image's own program many times, in a throw-away build on the image, and tell how long it takes and"
        " what it imports and reads. A Lambda function runs until it asks the Runtime API for its first event, a"
        " service until it listens on a port."
    )
    parser.epilog = "fast-container coldstart HOST/shop/api:v8 --against HOST/shop/api:v7"
    parser.add_argument("reference", metavar="REF", help="the image: HOST/NAME:TAG or HOST/NAME@sha256:…")
    parser.add_argument("--against", metavar="REF", help="an image to compare it with; both are started in turns")
    parser.add_argument("--runs", metavar="N", type=int, default=20, help="timed starts of each; default: 20")
    parser.add_argument("--runs-on", choices=["lambda", "ecs"], help="default: as the image's configuration says")
    parser.add_argument("--module", metavar="NAME", default="", help="import this module instead of its command")
    parser.add_argument("--timeout", metavar="SECONDS", type=float, default=30.0, help="of one start; default: 30")
    parser.add_argument("--env", metavar="K=V", action="append", default=[], help="a variable; may be repeated")
    parser.add_argument(
        "--network", choices=["none", "default"], default="none", help="of the program; default: none, so none is asked"
    )
    parser.add_argument("--builder", metavar="NAME", help="a buildx builder; default: the current one")
    parser.add_argument(
        "--python-image",
        metavar="REF",
        default="python:3-slim",
        help="starts images that have no Python; default: python:3-slim",
    )
    parser.add_argument("--platform", metavar="OS/ARCH", default="linux/amd64", help="default: linux/amd64")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
