"""The options of the verbs about what is deployed: ``pin``, ``promote`` and ``migrate``.

Decides their names and defaults. Leaves their values to the verbs.
"""

from __future__ import annotations

import argparse

PLAN = "fast-container.plan.json"


def add_pin_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``pin``."""
    parser.description = (
        "The keys of an image that are in the registry, the newest first: when each was built, from which commit, why."
        " With KEY: verify that one as a deployment would, and print the line for the program that deploys it without"
        " a build. Changes nothing."
    )
    parser.epilog = "fast-container pin --image api key-3f2a"
    parser.add_argument("key", metavar="KEY", nargs="?", help="a tag key-…, a build key, or the start of one")
    parser.add_argument("--plan", metavar="FILE", default=PLAN, help="the plan file that `pulumi preview` wrote")
    parser.add_argument("--image", metavar="NAME", help="the image of the plan file")
    parser.add_argument("--repository", metavar="HOST/NAME", help="look here; without --image: at all of it")
    parser.add_argument("--last", metavar="N", type=int, default=20, help="list so many; default: 20")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def add_promote_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``promote``."""
    parser.description = (
        "Copy images by digest to another account or region: verified at both ends, the key tag last. A second stack"
        " with the same sources finds them there and builds nothing. Nothing is overwritten or deleted; a run that was"
        " stopped is run again and goes on."
    )
    parser.epilog = (
        "fast-container promote --image api --to 222222222222.dkr.ecr.eu-west-1.amazonaws.com --to-profile production"
    )
    parser.add_argument("references", metavar="REF", nargs="*", help="HOST/NAME:key-…, instead of images of the plan")
    parser.add_argument(
        "--to", metavar="HOST[/NAME]", action="append", required=True, help="a registry, or one repository of it"
    )
    parser.add_argument("--plan", metavar="FILE", default=PLAN, help="the plan file that `pulumi preview` wrote")
    for flag, metavar, text in (
        ("--image", "NAME", "an image of the plan file; default: all"),
        ("--trust-registry", "HOST", "a further registry that base images may come from"),
    ):
        parser.add_argument(flag, metavar=metavar, action="append", default=[], help=f"{text}; may be repeated")
    parser.add_argument("--bases", action="store_true", help="the base images that they stand on, too")
    parser.add_argument("--profile", metavar="PROFILE", help="a profile of the AWS configuration, for the source")
    parser.add_argument("--to-profile", metavar="PROFILE", help="likewise, for the target")
    parser.add_argument("--referrers", action="store_true", help="what lies beside an image too: records, signatures")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be copied")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def add_migrate_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``migrate``."""
    parser.description = (
        "Write a program with docker_build.Image, docker.Image or awsx.ecr.Image anew, in two steps that replace no"
        " repository and no function and delete no image: print the commands, the changes, and what is not translated"
        " with the reason. With --state: the new declarations from a stack's state, without its secrets."
    )
    parser.epilog = "fast-container migrate __main__.py --write migrated"
    parser.add_argument("program", metavar="PROGRAM", nargs="?", help="the program's file")
    parser.add_argument("--state", metavar="FILE", help="the output of `pulumi stack export`, instead of a program")
    parser.add_argument("--step", metavar="N", type=int, choices=[1, 2], help="print only the program of this step")
    parser.add_argument("--write", metavar="DIR", help="write DIR/step_1 and DIR/step_2")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
