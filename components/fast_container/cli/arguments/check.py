"""The options of ``check-image``.

Decides their names and defaults. Leaves their values to ``cli.verbs.check_image``.
"""

from __future__ import annotations

import argparse

from fast_container.checks.image.structure.need_a_container import NEED_A_CONTAINER
from fast_container.cli.arguments.finding import add_finding_arguments
from fast_container.cli.arguments.image import add_reference_arguments


def add_check_arguments(parser: argparse.ArgumentParser) -> None:
    """Add them."""
    parser.description = (
        "Read an image from its registry, without a daemon or a pull, and check what is in it: sizes, leftovers of its"
        " build, bytecode, secrets, and what its place of service needs."
    )
    parser.epilog = "fast-container check-image HOST/shop/api:v8 --runs-on lambda --max-size 250MB --fail-on warning"
    add_reference_arguments(parser)
    parser.add_argument(
        "--runs-on", choices=["lambda", "ecs", "anywhere"], default="anywhere", help="default: anywhere"
    )
    parser.add_argument("--max-size", metavar="SIZE", help="budget of all layers, compressed: 500MB, 1.5GiB")
    parser.add_argument("--max-layer", metavar="SIZE", help="budget of each layer, compressed")
    parser.add_argument("--against", metavar="REF", help="the image before, for --max-growth")
    parser.add_argument("--max-growth", metavar="GROWTH", help="against that image, compressed: 10%%, 20MB")
    parser.add_argument("--base", metavar="REF", help="the base image: set-user-id programs of its layers are fine")
    for flag, metavar, text in (
        ("--require", "PATH", "a path that must be there; may have *; may be repeated"),
        ("--forbid", "PATH", "a path that must not be there; may have *; may be repeated"),
        ("--structure", "FILE", "a file of container-structure-test; may be repeated"),
        ("--rule", "RULE=LEVEL", "V02=error, warning or off; may be repeated"),
    ):
        parser.add_argument(flag, metavar=metavar, action="append", default=[], help=text)
    parser.add_argument(
        "--leave-out",
        metavar="TESTS",
        action="append",
        default=[],
        choices=NEED_A_CONTAINER,
        help=f"of those files, tests that need a container: {' or '.join(NEED_A_CONTAINER)}; may be repeated",
    )
    add_finding_arguments(parser)
    parser.add_argument("--json", action="store_true", help="as --format json")
