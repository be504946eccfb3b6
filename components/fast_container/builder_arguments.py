"""The arguments that both builders have: a registry cache, and how to reach AWS.

Decides which values they may have, even if one of a cache's own fields is an Output (``RegistryCache(caches.url)``).
Leaves the names of caches to ``core.registry_cache``, and reaching AWS to ``adapters.aws_session``.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any, cast

import pulumi

from fast_container.args import check_repository_url
from fast_container.core.aws_access import AssumedRole, AwsAccess
from fast_container.core.registry_cache import RegistryCache
from fast_container.errors import ArgsError, bracketed
from fast_container.shapes import (
    check_count,
    check_flag,
    check_input_string,
    check_mapping,
    check_string,
    is_later,
    shown,
)


def checked_cache(cache: object, property_path: str = "cache") -> pulumi.Input[RegistryCache] | None:
    """Return a registry cache, or an Output of one, also if its fields are Outputs.

    Raises:
        ArgsError: It is not one, or one of its fields cannot be right.
    """
    if cache is None:
        return None
    if is_later(cache):
        return pulumi.Output.from_input(cast(Any, cache)).apply(lambda found: _complete(found, property_path))
    if not isinstance(cache, RegistryCache):
        raise _no_cache(cache, property_path)
    given: dict[str, Any] = {field.name: getattr(cache, field.name) for field in fields(RegistryCache)}
    if any(is_later(value) for value in given.values()):
        for name in ("repository_url", "branch", "trunk"):
            check_input_string(given[name], f"{property_path}.{name}")
        return pulumi.Output.all(**given).apply(lambda found: _complete(RegistryCache(**found), property_path))
    return _complete(cache, property_path)


def _complete(cache: object, property_path: str) -> RegistryCache:
    """Return the cache with all its values known."""
    if not isinstance(cache, RegistryCache):
        raise _no_cache(cache, property_path)
    check_repository_url(cast(str, cache.repository_url), f"{property_path}.repository_url")
    check_string(cache.branch, f"{property_path}.branch")
    check_string(cache.trunk, f"{property_path}.trunk")
    check_flag(cache.export, f"{property_path}.export")
    if check_string(cache.mode, f"{property_path}.mode") not in ("min", "max"):
        raise ArgsError(
            f"{cache.mode!r} is not known.", property_path=f"{property_path}.mode", next_step="Give one of: min, max."
        )
    return cache


def _no_cache(cache: object, property_path: str) -> ArgsError:
    return ArgsError(
        f"{shown(cache)} is not a registry cache.",
        property_path=property_path,
        next_step="Give RegistryCache(repository_url).",
    )


def check_access(access: object, property_path: str) -> None:
    """Refuse anything but an ``AwsAccess``, such as a provider.

    Raises:
        ArgsError: It is not one, or one of its fields cannot be right.
    """
    if access is None:
        return
    if not isinstance(access, AwsAccess):
        raise ArgsError(
            f"{shown(access)} is not an AwsAccess.",
            property_path=property_path,
            next_step='Give AwsAccess(region="eu-west-1", assume_roles=(AssumedRole("arn:…"),)).',
        )
    for name in ("region", "profile"):
        check_string(getattr(access, name), f"{property_path}.{name}")
    for name in ("access_key", "secret_key", "session_token"):
        # The value is never shown: it may be a credential.
        if not isinstance(getattr(access, name), str):
            raise ArgsError(f"{property_path}.{name} is not a string.", property_path=f"{property_path}.{name}")
    endpoints = check_mapping(access.endpoints, f"{property_path}.endpoints", '{"ecr": "https://…"}')
    for service, url in endpoints.items():
        check_string(url, f"{property_path}.endpoints{bracketed(service)}", may_be_empty=False)
    roles = cast(object, access.assume_roles)
    if not isinstance(roles, list | tuple):
        raise ArgsError(f"{shown(roles)} is not a list.", property_path=f"{property_path}.assume_roles")
    for index, role in enumerate(cast("list[object]", roles)):
        _check_role(role, f"{property_path}.assume_roles[{index}]")


def _check_role(role: object, property_path: str) -> None:
    if not isinstance(role, AssumedRole):
        raise ArgsError(f"{shown(role)} is not an AssumedRole.", property_path=property_path)
    check_string(role.role_arn, f"{property_path}.role_arn", may_be_empty=False)
    for name in ("session_name", "external_id", "source_identity", "policy"):
        check_string(getattr(role, name), f"{property_path}.{name}")
    check_count(role.duration_s, f"{property_path}.duration_s", least=0, most=43_200)
