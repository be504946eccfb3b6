"""The arguments of ``fast-container lint``.

Decides names and defaults. Leaves checking values to ``cli.verbs.lint``.
"""

from __future__ import annotations

import argparse

from fast_container.cli.arguments.finding import add_finding_arguments
from fast_container.core.recipe import OPTIONS


def add_lint_arguments(parser: argparse.ArgumentParser) -> None:
    """Add them."""
    parser.description = (
        "Say what in Dockerfiles makes images large, builds slow or services unsafe: where, why, and how to mend it."
    )
    parser.epilog = "fast-container lint --context app --runs-on ecs --fail-on warning"
    parser.add_argument("--context", metavar="DIR", help="the build context; required without --plan")
    _many(parser, "--dockerfile", "FILE", "default: Dockerfile in the context")
    parser.add_argument("--plan", metavar="FILE", help="look at the images of a plan file …")
    _many(parser, "--image", "NAME", "… only at this one")
    parser.add_argument("--runs-on", choices=("lambda", "ecs", "anywhere"), help="default: as planned, or anywhere")
    parser.add_argument("--target", metavar="STAGE", default="", help="default: the last stage")
    parser.add_argument("--platform", metavar="OS/ARCH", default="linux/amd64", help="default: linux/amd64")
    _many(parser, "--build-arg", "K=V", "a build arg")
    _many(parser, "--build-context", "NAME=DIR", "a named context")
    add_finding_arguments(parser)
    parser.add_argument(
        "--no-hadolint", action="store_true", help="do not ask hadolint, which is asked if it is on PATH"
    )
    parser.add_argument(
        "--buildkit",
        metavar="BUILDER",
        nargs="?",
        const="",
        help="ask this buildx builder (default: the current one) for BuildKit's own rules; it may look up base images",
    )
    parser.add_argument(
        "--fix", action="store_true", help="show the changes that mend what can be mended mechanically, and ask"
    )
    parser.add_argument("--yes", action="store_true", help="with --fix: write them without asking")
    _set_others(parser)


def add_init_ignore_arguments(parser: argparse.ArgumentParser) -> None:
    """Add those of ``init-ignore``."""
    parser.description = (
        "Propose lines of an ignore file for what is there and no stage of the given Dockerfiles reads; show them, with"
        " files and MB before and after, and ask."
    )
    parser.epilog = "fast-container init-ignore --context . --dockerfile api/Dockerfile --dockerfile web/Dockerfile"
    parser.add_argument("--context", metavar="DIR", help="the build context; required")
    _many(parser, "--dockerfile", "FILE", "default: Dockerfile in the context")
    parser.add_argument("--platform", metavar="OS/ARCH", default="linux/amd64", help="default: linux/amd64")
    _many(parser, "--build-arg", "K=V", "a build arg")
    _many(parser, "--build-context", "NAME=DIR", "a named context")
    parser.add_argument("--yes", action="store_true", help="write the lines without asking")
    _set_others(parser)
    parser.set_defaults(target="")


def _set_others(parser: argparse.ArgumentParser) -> None:
    """Set the options of an image that these verbs do not have."""
    others: dict[str, None] = dict.fromkeys(option.name for option in OPTIONS)
    parser.set_defaults(ignore=[], secret=[], optional_secret=[], no_dockerignore=False, dockerignore=None, **others)


def _many(parser: argparse.ArgumentParser, name: str, metavar: str, text: str) -> None:
    parser.add_argument(name, metavar=metavar, action="append", default=[], help=f"{text}; may be repeated")
