"""The stack's ``aws:`` configuration for reaching AWS, and the settings in it that cannot be followed.

Decides how each setting of the AWS provider is read (aws-facts A2). A setting that the provider follows and the SDK for
Python would not is refused with advice that works for both, rather than ignored: half of an update would reach AWS
otherwise than the other half.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias, cast

from fast_container.core.aws_access import AssumedRole, WebIdentity
from fast_container.core.json_document import parse_json
from fast_container.errors import ArgsError

ConfigGetter: TypeAlias = Callable[[str], Any]
"""Reads one key of the namespace ``aws`` of a configuration, without the namespace; None if it is not set."""

# Setting of the provider → variable of the environment that the provider and the SDK for Python both follow.
_BY_ENVIRONMENT: Final[Mapping[str, str]] = {
    "customCaBundle": "AWS_CA_BUNDLE",
    "httpProxy": "HTTP_PROXY",
    "httpsProxy": "HTTPS_PROXY",
    "noProxy": "NO_PROXY",
    "sharedConfigFiles": "AWS_CONFIG_FILE",
    "sharedCredentialsFiles": "AWS_SHARED_CREDENTIALS_FILE",
}
_DURATION: Final = re.compile(r"(?:(?P<hours>\d+)h)?(?:(?P<minutes>\d+)m)?(?:(?P<seconds>\d+)s)?", re.ASCII)


def refuse_what_is_not_followed(get: ConfigGetter, environment: Mapping[str, str] = os.environ) -> None:
    """Refuse settings that only the provider would follow.

    Raises:
        ArgsError: There is one, and the environment does not have it.
    """
    for setting, variable in _BY_ENVIRONMENT.items():
        if get(setting) and not (environment.get(variable) or environment.get(variable.lower())):
            raise ArgsError(
                f"aws:{setting} is followed by the AWS provider only.",
                property_path=f"config aws:{setting}",
                why="images are looked up, built and recorded with the AWS SDK for Python",
                next_step=f"Set {variable} in the environment, which both follow.",
            )
    if _is_true(get("insecure")):
        raise ArgsError(
            "aws:insecure cannot be followed.",
            property_path="config aws:insecure",
            why="tokens for registries could go to any server that answers",
            next_step="Set AWS_CA_BUNDLE to the certificate authority of your endpoint.",
        )


def assumed_roles(get: ConfigGetter) -> tuple[AssumedRole, ...]:
    """Return the roles of ``aws:assumeRoles``, in their order."""
    return tuple(_role(one, "assumeRoles") for one in _objects(get("assumeRoles"), "assumeRoles") if one.get("roleArn"))


def web_identity(get: ConfigGetter) -> WebIdentity | None:
    """Return the identity of ``aws:assumeRoleWithWebIdentity``."""
    found = _objects(get("assumeRoleWithWebIdentity"), "assumeRoleWithWebIdentity")
    if not found or not found[0].get("roleArn"):
        return None
    file, token = str(found[0].get("webIdentityTokenFile") or ""), str(found[0].get("webIdentityToken") or "")
    if not file and not token:
        raise ArgsError(
            "aws:assumeRoleWithWebIdentity has no token.",
            property_path="config aws:assumeRoleWithWebIdentity",
            next_step="Set its webIdentityTokenFile.",
        )
    return WebIdentity(_role(found[0], "assumeRoleWithWebIdentity"), file, token)


def is_set(get: ConfigGetter, name: str) -> bool:
    """Return a setting that is true or false."""
    return _is_true(get(name))


def service_endpoints(get: ConfigGetter) -> dict[str, str]:
    """Return ``aws:endpoints``: service → URL."""
    found = _objects(get("endpoints"), "endpoints")
    return {str(service): str(url) for item in found for service, url in item.items() if url}


def _role(role: Mapping[str, Any], setting: str) -> AssumedRole:
    tags = cast("Mapping[str, Any]", role.get("tags") or {})
    return AssumedRole(
        role_arn=str(role["roleArn"]),
        session_name=str(role.get("sessionName") or ""),
        external_id=str(role.get("externalId") or ""),
        duration_s=_seconds(role.get("duration"), setting),
        source_identity=str(role.get("sourceIdentity") or ""),
        policy=str(role.get("policy") or ""),
        policy_arns=tuple(map(str, role.get("policyArns") or ())),
        tags=tuple(sorted((str(key), str(value)) for key, value in tags.items())),
        transitive_tags=tuple(map(str, role.get("transitiveTagKeys") or ())),
    )


def _seconds(text: object, setting: str) -> int:
    """Read a duration as Go writes it: ``1h30m``."""
    if not text:
        return 0
    found = _DURATION.fullmatch(str(text))
    if found is None:
        raise ArgsError(
            f"{text!r} is not a duration.",
            property_path=f"config aws:{setting}",
            next_step="For example: 1h30m or 900s",
        )
    return sum(int(found[unit] or 0) * size for unit, size in (("hours", 3600), ("minutes", 60), ("seconds", 1)))


def _is_true(value: object) -> bool:
    return str(value).lower() in ("true", "1") if value is not None else False


def _objects(value: Any, key: str) -> list[dict[str, Any]]:
    if not value:
        return []
    try:
        found: object = parse_json(value) if isinstance(value, str) else value
    except ValueError as error:
        raise ArgsError(f"aws:{key} is not valid JSON.", property_path=f"config aws:{key}", why=str(error)) from None
    items = cast("list[object]", [found] if isinstance(found, dict) else found)
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ArgsError(f"aws:{key} must be a list of objects.", property_path=f"config aws:{key}")
    return cast("list[dict[str, Any]]", items)
