"""The arguments of the components: their types, their defaults, and what can be refused by a value alone.

Decides which values of the right shape are valid, and how a wrong one is named (its property path). Leaves the shapes
to ``shapes``, rules that need the Dockerfile or the context to ``core.declared``, and rules that need other resources
to ``state``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, TypeAlias, TypeVar, get_args

import pulumi

from fast_container.core.build_secrets import check_value
from fast_container.core.key import KeyPin, parse_pin
from fast_container.core.oci.repository import Repository, is_host, is_repository_name
from fast_container.errors import ArgsError, bracketed
from fast_container.secret_sources import SecretEnv, SecretFile, SecretsManagerSecret, SsmParameter
from fast_container.shapes import check_mapping, check_path, check_plain, check_string, is_later, shown

T = TypeVar("T")
RunsOn: TypeAlias = Literal["lambda", "ecs", "anywhere"]
LintLevel: TypeAlias = Literal["off", "warning", "error"]
SecretInput: TypeAlias = "pulumi.Input[str] | SecretEnv | SecretFile | SecretsManagerSecret | SsmParameter"

DEFAULT_PLATFORM = "linux/amd64"
DEFAULT_TIMEOUT_S = 3600.0
# A year: more is not a limit, and much more is not a number for a clock.
_LONGEST_S = 366 * 24 * 3600.0
UNTAGGED_DAYS = 14
MIN_UNTAGGED_DAYS = 14

_SECRET_ID = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.\-]*")


def check_repository_name(name: str, property_path: str) -> str:
    """Refuse a name that ECR would refuse; return it unchanged."""
    name = check_string(name, property_path)
    if is_repository_name(name) and 2 <= len(name) <= 256:
        return name
    why = "a repository name has 2 to 256 characters: lower-case letters and digits, joined by . _ - or /"
    lowered = name.lower()
    hint = lowered if lowered != name and is_repository_name(lowered) else "shop/images"
    raise ArgsError(
        f"ECR would refuse the repository name {name!r}.",
        property_path=property_path,
        why=why,
        next_step=f"For example: {hint!r}",
    )


def check_repository_url(url: str, property_path: str) -> str:
    """Refuse anything but ``host/name``; return it without a scheme or a trailing slash."""
    bare = check_string(url, property_path).removeprefix("https://").removeprefix("http://").rstrip("/")
    found = Repository.parse(bare)
    names_registry = "." in found.host or ":" in found.host or found.host == "localhost"
    if names_registry and is_host(found.host) and is_repository_name(found.name):
        return bare
    if "@" in bare or re.search(r":[^/]*$", bare):
        why = "a tag or a digest is not part of a repository's URL; the tag is made from the build key"
    elif is_repository_name(bare):
        why = "this is a repository's name; its URL starts with the registry's host"
    else:
        why = "the form is host/name, in lower case"
    raise ArgsError(
        f"{url!r} is not a repository URL.",
        property_path=property_path,
        why=why,
        next_step="Give an ImageRepository, `ImageRepository.get(name)`, an aws.ecr.Repository, or its repository_url.",
    )


def check_runs_on(runs_on: str) -> RunsOn:
    """Refuse an unknown place."""
    runs_on = check_string(runs_on, "runs_on")
    for known in get_args(RunsOn):
        if runs_on == known:
            return known
    raise ArgsError(
        f"{runs_on!r} is not a place that an image can be checked for.",
        property_path="runs_on",
        next_step="Give one of: lambda, ecs, anywhere.",
    )


def check_lint(level: str) -> LintLevel:
    """Refuse an unknown level of findings."""
    level = check_string(level, "lint")
    for known in get_args(LintLevel):
        if level == known:
            return known
    raise ArgsError(
        f"{level!r} is not a level of findings.",
        property_path="lint",
        next_step="Give one of: off, warning, error.",
    )


def check_pin(pin: object, property_path: str = "pin") -> KeyPin:
    """Refuse anything but a build key or its tag; one of another image begins with that image's name."""
    text = check_string(pin, property_path)
    try:
        return parse_pin(text)
    except ValueError:
        raise ArgsError(
            f"{text!r} is not a build key.",
            property_path=property_path,
            why="a pin is key- and 40 hexadecimal digits, as the tag has it, or all 64 digits of the key",
            next_step="`fast-container pin` lists the keys that are in the registry.",
        ) from None


def check_timeout(
    timeout: object, property_path: str = "timeout_s", *, least: float = 0.0, most: float = _LONGEST_S
) -> float:
    """Refuse anything but a number of seconds between two bounds; 0 is never one."""
    check_plain(timeout, property_path)
    if not isinstance(timeout, int | float) or isinstance(timeout, bool) or not timeout or not least <= timeout <= most:
        bounds = f"from {least:.0f} to {most:.0f}" if least else "greater than 0; the default is 3600"
        raise ArgsError(
            f"{shown(timeout)} is not a time limit.", property_path=property_path, next_step=f"Give seconds, {bounds}"
        )
    return float(timeout)


def check_secret_ids(secrets: Mapping[str, object]) -> None:
    """Refuse ids that a Dockerfile could not name."""
    for secret in secrets:
        if not _SECRET_ID.fullmatch(secret):
            raise ArgsError(
                f"{secret!r} cannot be the id of a build secret.",
                property_path=f"secrets{bracketed(secret)}",
                why="it is used in `RUN --mount=type=secret,id=…`",
                next_step="Use letters, digits, _ . and -.",
            )


def check_secrets(secrets: object) -> dict[str, SecretInput]:
    """Refuse impossible ids and values. A variable or a file is looked for only when an image is to be built."""
    found = check_mapping(secrets, "secrets", 'secrets={"token": config.require_secret("token")}')
    check_secret_ids(found)
    for secret, source in found.items():
        path = f"secrets{bracketed(secret)}"
        _check_source(source, path)
        if isinstance(source, str):
            check_value(secret, source, path)
    return found


def _check_source(source: object, property_path: str) -> None:
    """Refuse a source of another shape, before anything looks for it."""
    match source:
        case SecretEnv():
            check_string(source.variable, f"{property_path}.variable", may_be_empty=False)
        case SecretFile():
            check_path(source.path, f"{property_path}.path")
        case SecretsManagerSecret():
            check_string(source.reference, f"{property_path}.reference", may_be_empty=False)
            check_string(source.arn, f"{property_path}.arn")
        case SsmParameter():
            check_string(source.name, f"{property_path}.name", may_be_empty=False)
            check_string(source.arn, f"{property_path}.arn")
        case None:
            raise ArgsError("The value of a build secret is missing.", property_path=property_path)
        case _ if not is_later(source) and not isinstance(source, str):
            # The value is not shown: it may be the secret.
            raise ArgsError(
                f"The value of a build secret is a {type(source).__name__}, not a string.",
                property_path=property_path,
                next_step="Give a string, an Output, SecretEnv, SecretFile, SecretsManagerSecret or SsmParameter.",
            )
        case _:
            pass


def check_repository(repository: T) -> T:
    """Refuse a missing repository and a string that is not a URL."""
    if repository is None or (isinstance(repository, str) and not repository):
        raise ArgsError(
            "Every image needs a repository.",
            property_path="repository",
            next_step="Give an ImageRepository, an aws.ecr.Repository or a repository URL.",
        )
    if isinstance(repository, str):
        check_repository_url(repository, "repository")
    return repository
