"""The arguments of ``fast-container policy``.

Decides names and help. Leaves their meaning to ``cli.verbs.policy``.
"""

from __future__ import annotations

import argparse
from typing import Final

_MANY: Final = (
    ("--push", "URL", "a repository that images are pushed to, or its ARN"),
    ("--pull", "URL", "a repository of base images, or its ARN"),
    ("--pull-through", "PLACE", "registry and prefix of a pull-through cache that mirrors= names"),
    ("--secret", "REFERENCE", "a secret of Secrets Manager, also one that registry_logins= names"),
    ("--parameter", "NAME", "a parameter of the Parameter Store"),
    ("--subnet", "ID", "a subnet that builds run in"),
    ("--project", "NAME", "the CodeBuild project whose builds the deployer starts"),
)


def add_policy_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.description = (
        "Print an IAM policy as JSON: the permissions (service-role) and the trust policy (trust) of a role that is"
        " given as role=, with the statements for a bucket= with a key of yours; or the permissions of the identity"
        " that runs `pulumi up` when images are built (deployer)."
    )
    parser.epilog = (
        "fast-container policy deployer --account 123456789012 --region eu-west-1 --bucket sources --project builds"
    )
    parser.add_argument("kind", choices=("service-role", "trust", "deployer"))
    parser.add_argument("--account", metavar="ID", required=True, help="the AWS account")
    parser.add_argument("--region", metavar="REGION", required=True, help="the region of the builds")
    parser.add_argument("--bucket", metavar="NAME", default="", help="the bucket for sources")
    parser.add_argument(
        "--prefix", metavar="PREFIX", default="fast-container", help="of the sources; default: fast-container"
    )
    parser.add_argument(
        "--log-group", metavar="NAME", default="/fast-container/*", help="of the builds; default: /fast-container/*"
    )
    parser.add_argument("--kms-key", metavar="ARN", default="", help="the key of the bucket (SSE-KMS)")
    for name, metavar, text in _MANY:
        parser.add_argument(name, metavar=metavar, action="append", default=[], help=f"{text}; may be repeated")
