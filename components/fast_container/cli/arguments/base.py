"""The arguments of ``fast-container show-dockerfile``.

Decides names and defaults, which are those of ``BaseImage``. Leaves checking values to the core.
"""

from __future__ import annotations

import argparse


def add_base_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments; all paths but ``--root`` and ``--write`` are relative to the root."""
    parser.description = (
        "Print the Dockerfile that is generated for a base image of local packages. Paths are relative to --root."
    )
    parser.add_argument("--root", metavar="DIR", default=".", help="the directory with all packages; default: .")
    _many(parser, "--package", "DIR", "a directory with a pyproject.toml")
    parser.add_argument(
        "--install",
        choices=("dependencies", "packages"),
        default="dependencies",
        help="third-party distributions only, which is the default, or the packages too",
    )
    parser.add_argument("--parent", metavar="IMAGE", help="default: AWS's Python image for Lambda")
    parser.add_argument("--parent-user", metavar="USER", default="", help="user of the parent image, if it is not root")
    parser.add_argument("--platform", metavar="OS/ARCH", default="linux/amd64", help="for the command of --write")
    parser.add_argument("--installer", choices=("pip", "uv"), default="pip", help="default: pip")
    parser.add_argument(
        "--runs-on", choices=("anywhere", "ecs", "lambda"), default="anywhere", help="default: anywhere"
    )
    _many(parser, "--extra", "NAME", "an extra of every package that has it, or PACKAGE=NAME")
    _many(parser, "--group", "NAME", "a dependency group, likewise")
    _many(parser, "--requirements", "FILE", "a requirements file")
    parser.add_argument("--constraints", metavar="FILE", help="a constraints file")
    parser.add_argument("--lock", metavar="FILE", help="uv.lock")
    parser.add_argument("--build-requirements", metavar="FILE", help="pinned build backends, for --install packages")
    _many(parser, "--package-version", "PACKAGE=VERSION", "the version of a package whose version is made from git")
    _many(parser, "--secret", "ID", "a build secret that the installer reads: netrc, pip.conf or uv.toml")
    parser.add_argument("--files", action="store_true", help="print the generated files too")
    parser.add_argument(
        "--write", metavar="DIR", help="write all files to a directory, and print the command that builds them"
    )


def _many(parser: argparse.ArgumentParser, name: str, metavar: str, text: str) -> None:
    parser.add_argument(name, metavar=metavar, action="append", default=[], help=f"{text}; may be repeated")
