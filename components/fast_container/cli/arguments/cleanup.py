"""The options of ``gc``, ``status`` and ``doctor``.

Decides their names and defaults. Leaves their values to ``cli.verbs.operations``.
"""

from __future__ import annotations

import argparse


def add_cleanup_arguments(parser: argparse.ArgumentParser) -> None:
    """Add them."""
    parser.description = (
        "Say which images of ECR repositories nothing uses any more, and why every other one stays; with --delete,"
        " delete them. Reads Lambda (all versions and aliases), ECS, App Runner, SageMaker, CodeBuild and Batch, and"
        " the stacks and plan files that are given. Where one of these cannot be read, nothing is deleted."
    )
    parser.epilog = "fast-container gc --repository HOST/shop/images --stack shop/prod --keep 10 --older-than 30d"
    for flag, metavar, text in (
        ("--repository", "URL", "a repository of ECR, HOST/NAME"),
        ("--plan", "FILE", "a plan file: its repositories, and its images and bases are in use"),
        ("--stack", "STACK", "a stack whose state names images in use; needs the pulumi command"),
        ("--state", "FILE", "the same, from a file that `pulumi stack export` wrote"),
        ("--profile", "PROFILE", "the account of the repositories; further ones: other accounts that pull"),
        ("--region", "REGION", "uses are looked for here too, beside the repositories' regions"),
        ("--without", "SERVICE", "a service that runs no image of these repositories, and is not asked"),
        ("--without-account", "ID", "an account that may pull and runs no image of these repositories; * for any"),
        ("--bucket", "NAME[/PREFIX]", "also old sources of remote builds in this bucket"),
    ):
        parser.add_argument(flag, metavar=metavar, action="append", default=[], help=f"{text}; may be repeated")
    parser.add_argument(
        "--keep", metavar="N", default="10", help="of each image's name, the newest N stay; default: 10"
    )
    parser.add_argument("--older-than", metavar="TIME", default="30d", help="younger ones stay; default: 30d")
    parser.add_argument("--grace", metavar="TIME", default="24h", help="younger is never touched; default: 24h")
    parser.add_argument("--delete", action="store_true", help="delete; without it nothing is changed")
    parser.add_argument("--all", action="store_true", help="list every image, also of long lists")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def add_status_arguments(parser: argparse.ArgumentParser) -> None:
    """Add those of ``status``."""
    parser.description = (
        "Say of each image of a plan file: its key as its files are now (* changed since the plan was written), whether"
        " the registry has it and since when, which of its external images have moved, what ECR's scan and the last"
        " checks found, and which functions and services run which key of it."
    )
    parser.epilog = "fast-container status --plan fast-container.plan.json"
    parser.add_argument(
        "--plan", metavar="FILE", default="fast-container.plan.json", help="the plan file that `pulumi preview` wrote"
    )
    for flag, metavar, text in (
        ("--profile", "PROFILE", "the account of the repositories; further ones: other accounts that run images"),
        ("--region", "REGION", "functions and services are here too, beside the repositories' regions"),
    ):
        parser.add_argument(flag, metavar=metavar, action="append", default=[], help=f"{text}; may be repeated")
    parser.add_argument(
        "--fixable", action="store_true", help="only findings that have a fix: a call for each image with findings"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def add_doctor_arguments(parser: argparse.ArgumentParser) -> None:
    """Add those of ``doctor``."""
    parser.description = (
        "Look at what builds need: Pulumi and its SDKs, buildx and BuildKit, platforms, the cache, Docker Hub's limits,"
        " AWS credentials, permissions (simulated), quotas and settings of ECR. Says how to mend what is wrong."
    )
    parser.epilog = "fast-container doctor --plan fast-container.plan.json --codebuild"
    parser.add_argument("--plan", metavar="FILE", help="look at its images' platforms and repositories")
    parser.add_argument("--builder", metavar="NAME", help="a buildx builder; default: the current one")
    parser.add_argument(
        "--codebuild", action="store_true", help="builds run on CodeBuild: this machine needs no builder"
    )
    parser.add_argument("--profile", metavar="PROFILE", help="a profile of the AWS configuration")
    parser.add_argument("--region", metavar="REGION", help="default: from the environment or the profile")
    parser.add_argument("--offline", action="store_true", help="look at this machine only")
    parser.add_argument("--timeout", metavar="SECONDS", default="15", help="of each examination; default: 15")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
