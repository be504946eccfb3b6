"""The options of ``cost``.

Decides their names and defaults. Leaves their values to the verb.
"""

from __future__ import annotations

import argparse


def add_cost_arguments(parser: argparse.ArgumentParser) -> None:
    """Add them."""
    parser.description = (
        "What builds cost and what was saved, from the records on this machine: storage, machines on CodeBuild,"
        " transfer, waiting; of a period, of two, or of two images. Each figure has its formula, its prices and what is"
        " not in it."
    )
    parser.epilog = "fast-container cost --before 2026-10-01..2026-11-01 --after 2026-11-01..2026-12-01"
    span = "A..B: from A until just before B, each a date (2026-11-01) or how long ago (7d, 12h)"
    parser.add_argument("--since", metavar="TIME", help="from then to now; default: 30d")
    parser.add_argument("--before", metavar="A..B", help=f"the earlier of two periods, or one period; {span}")
    parser.add_argument("--after", metavar="C..D", help="the later one")
    parser.add_argument("--stack", metavar="PROJECT/STACK", help="only runs of this stack")
    parser.add_argument("--image", metavar="REF", help="two images instead: the later one; or oci-layout://DIR[:TAG]")
    parser.add_argument("--against", metavar="REF", help="… and the earlier one")
    parser.add_argument(
        "--platform", metavar="OS/ARCH", default="linux/amd64", help="of an index; default: linux/amd64"
    )
    parser.add_argument(
        "--price",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="another price than [tool.fast-container.prices] of pyproject.toml or the default; may be repeated",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print one JSON object")
    form.add_argument("--markdown", action="store_true", help="tables in Markdown")
