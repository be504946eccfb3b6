"""Finds by name, and deletes, resources of a killed certification that its stack's state does not have.

Decides which kinds a killed operation can leave and how each is emptied first. Everything that it deletes has a name
that begins with the certification's own, which is made of random digits: any other prefix is refused, since a truncated
or empty one would match the names of others' resources too.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

from fast_container.adapters.aws_session import AwsSession, aws_errors
from fast_container.errors import ArgsError

Client: TypeAlias = Any

_NAME: Final = re.compile(r"fc-certify-[0-9a-f]{6}", re.ASCII)

_LISTINGS: Final = (
    ("function", "lambda", "list_functions", "Functions", "FunctionName"),
    ("project", "codebuild", "list_projects", "projects", ""),
    ("role", "iam", "list_roles", "Roles", "RoleName"),
    ("bucket", "s3", "list_buckets", "Buckets", "Name"),
    ("repository", "ecr", "describe_repositories", "repositories", "repositoryName"),
)


def left_over(session: AwsSession, prefix: str) -> list[tuple[str, str]]:
    """List kind and name of everything whose name begins with the prefix.

    Raises:
        ArgsError: The prefix is not a certification's name.
        AuthError: Something may not be listed.
    """
    _refuse_others(prefix)
    return [
        (kind, name)
        for kind, service, operation, members, name_of in _LISTINGS
        for name in _names(session.client(service), f"{service}:{operation}", operation, members, name_of)
        if name.startswith(prefix)
    ]


def delete(session: AwsSession, kind: str, name: str) -> None:
    """Delete one of them, with its content.

    Raises:
        ArgsError: Its name does not begin with a certification's.
        AuthError: It may not be deleted.
    """
    _refuse_others(name[: len(new_name())])
    service = next(service for of, service, *_ in _LISTINGS if of == kind)
    with aws_errors(f"deleting the {kind}", name):
        _DELETE[kind](session.client(service), name)


def new_name() -> str:
    """Make a name for a certification that no other has."""
    return f"fc-certify-{secrets.token_hex(3)}"


def _refuse_others(prefix: str) -> None:
    if not _NAME.fullmatch(prefix):
        raise ArgsError(
            "Nothing is removed: this is not the name of a certification.",
            property_path="--folder",
            why=f"{prefix!r} is not of the form fc-certify-xxxxxx",
            next_step="Remove by hand what begins with fc-certify- in the account, then the folder.",
        )


def _names(client: Client, action: str, operation: str, members: str, name_of: str) -> Iterator[str]:
    with aws_errors(action, action):
        for page in client.get_paginator(operation).paginate():
            for member in page[members]:
                yield str(member[name_of] if name_of else member)


def _delete_role(client: Client, name: str) -> None:
    for policy in client.list_role_policies(RoleName=name)["PolicyNames"]:
        client.delete_role_policy(RoleName=name, PolicyName=policy)
    for policy in client.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        client.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
    client.delete_role(RoleName=name)


def _delete_bucket(client: Client, name: str) -> None:
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=name):
        for found in page.get("Contents", []):
            client.delete_object(Bucket=name, Key=found["Key"])
    client.delete_bucket(Bucket=name)


_DELETE: Final[dict[str, Callable[[Client, str], object]]] = {
    "function": lambda client, name: client.delete_function(FunctionName=name),
    "project": lambda client, name: client.delete_project(name=name),
    "role": _delete_role,
    "bucket": _delete_bucket,
    "repository": lambda client, name: client.delete_repository(repositoryName=name, force=True),
}
