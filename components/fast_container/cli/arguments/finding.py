"""The options of every verb that prints findings.

Decides their names and defaults. Leaves the formats to ``cli.finding_formats``.
"""

from __future__ import annotations

import argparse


def add_finding_arguments(parser: argparse.ArgumentParser) -> None:
    """Add them."""
    parser.add_argument(
        "--format", choices=("text", "json", "sarif", "github"), default="text", help="of the output; default: text"
    )
    parser.add_argument(
        "--fail-on",
        choices=("error", "warning", "info", "never"),
        default="error",
        help="exit with 1 for a finding as bad as this, or worse; default: error",
    )
