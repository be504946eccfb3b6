"""The options of ``report`` and ``history``.

Decides their names and defaults. Leaves their values to the verbs.
"""

from __future__ import annotations

import argparse


def add_report_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``report``."""
    parser.description = (
        "What the last runs built and why: the images of each, which of them the run waited for (*), the slowest steps,"
        " how many steps came out of the cache, what takes longer or has grown. From the records on this machine."
    )
    parser.epilog = "fast-container report --since 7d --markdown"
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--last", metavar="N", help="the last N runs; default: 10")
    which.add_argument("--since", metavar="TIME", help="a date (2026-11-01), or how long ago (7d, 12h, 30m)")
    parser.add_argument("--stack", metavar="PROJECT/STACK", help="only runs of this stack")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true", help="print one JSON object: the records themselves")
    how.add_argument("--markdown", action="store_true", help="the last run as a table, for the summary of a CI run")
    how.add_argument("--html", metavar="FILE", help="write a page with timelines; needs fast-container[report]")
    how.add_argument("--trace", action="store_true", help="Chrome's trace format, for Perfetto or chrome://tracing")
    how.add_argument("--github", action="store_true", help="an annotation for each image of the last run that failed")


def add_history_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``history``."""
    parser.description = (
        "The builds of one image, the newest last, whichever machine built it: from the records on this machine, and"
        " from those beside its images in the registry."
    )
    parser.epilog = "fast-container history api --last 20"
    parser.add_argument("image", metavar="IMAGE", help="the image's name in the program")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--last", metavar="N", help="the last N records; default: 20")
    which.add_argument("--since", metavar="TIME", help="a date (2026-11-01), or how long ago (7d, 12h, 30m)")
    parser.add_argument("--plan", metavar="FILE", help="a plan file, for where the image is; default: the one here")
    parser.add_argument("--offline", action="store_true", help="only the records on this machine")
    parser.add_argument("--json", action="store_true", help="print one JSON object: the records themselves")
