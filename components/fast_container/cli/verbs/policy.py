"""``fast-container policy``: the IAM policies for a CodeBuildBuilder with a role or bucket of the user's.

Decides how the facts are given on a command line. Leaves the documents to ``codebuild.policies``, from which the
component takes the policy that it grants itself: the two are one.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from typing import Any, Final

from fast_container.codebuild import policies
from fast_container.core.oci.ecr_host import partition_of
from fast_container.errors import ArgsError

_REGION: Final = re.compile(r"[a-z]+(-[a-z]+)+-\d{1,2}", re.ASCII)
_ACCOUNT: Final = re.compile(r"\d{12}", re.ASCII)


def run(arguments: argparse.Namespace) -> int:
    """Print one policy as JSON."""
    _check(arguments)
    made = {"service-role": _service_role, "trust": _trust, "deployer": _deployer}[arguments.kind](arguments)
    sys.stdout.write(json.dumps(made, indent=2) + "\n")
    return 0


def _check(arguments: argparse.Namespace) -> None:
    if not _ACCOUNT.fullmatch(arguments.account):
        raise ArgsError(
            f"{arguments.account!r} is not an AWS account id.", property_path="--account", why="it has 12 digits"
        )
    if not _REGION.fullmatch(arguments.region):
        raise ArgsError(
            f"{arguments.region!r} is not an AWS region.", property_path="--region", next_step="For example: eu-west-1"
        )
    if arguments.kind != "trust" and not arguments.bucket:
        raise ArgsError("The bucket for sources is missing.", property_path="--bucket", next_step="Give --bucket NAME.")
    if arguments.kind == "deployer" and not arguments.project:
        raise ArgsError(
            "The CodeBuild project is missing.", property_path="--project", next_step="Give --project NAME."
        )


def _partition(arguments: argparse.Namespace) -> str:
    return partition_of(arguments.region)


def _near(arguments: argparse.Namespace, service: str, resource: str) -> str:
    return f"arn:{_partition(arguments)}:{service}:{arguments.region}:{arguments.account}:{resource}"


def _bucket(arguments: argparse.Namespace) -> str:
    return f"arn:{_partition(arguments)}:s3:::{arguments.bucket}"


def _trust(arguments: argparse.Namespace) -> dict[str, Any]:
    return policies.trust(arguments.account, arguments.region, _partition(arguments))


def _service_role(arguments: argparse.Namespace) -> dict[str, Any]:
    account, region, partition = arguments.account, arguments.region, _partition(arguments)
    base = policies.service_role(
        _bucket(arguments),
        arguments.prefix.strip("/"),
        _near(arguments, "logs", f"log-group:{arguments.log_group}"),
        subnets=arguments.subnet,
        kms_key_arn=arguments.kms_key,
    )
    grants = [(policies.PUSH, _repository(url, "--push")) for url in arguments.push]
    grants += [(policies.PULL, _repository(url, "--pull")) for url in arguments.pull]
    grants += [(policies.PULL_THROUGH, _repository(f"{url}/*", "--pull-through")) for url in arguments.pull_through]
    grants += [(policies.SECRET, policies.secret_arn(one, account, region, partition)) for one in arguments.secret]
    grants += [
        (policies.PARAMETER, policies.parameter_arn(one, account, region, partition)) for one in arguments.parameter
    ]
    return policies.joined(base, policies.granted(grants, partition))


def _deployer(arguments: argparse.Namespace) -> dict[str, Any]:
    return policies.deployer(
        [_near(arguments, "codebuild", f"project/{name}") for name in arguments.project],
        _bucket(arguments),
        arguments.prefix.strip("/"),
        _near(arguments, "logs", f"log-group:{arguments.log_group}"),
        [_repository(url, "--push") for url in arguments.push],
        kms_key_arn=arguments.kms_key,
    )


def _repository(url: str, flag: str) -> str:
    """Return the ARN of a repository that is named by ARN or URL."""
    arn = url if url.startswith("arn:") else policies.arn_of_url(url)
    if not arn:
        raise ArgsError(
            f"{url} is not in ECR.",
            property_path=flag,
            why="IAM permissions exist for ECR only",
            next_step="Leave it out; builds log in there with registry_logins=.",
        )
    return arn
