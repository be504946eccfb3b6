"""How hook and provider reach AWS: as the stack does.

Decides the order (builder's ``aws=``, an explicit provider's visible properties, the stack's ``aws:`` configuration,
then the environment), and what of it a record keeps: never a credential. Leaves making sessions to
``adapters.aws_session``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, cast

import pulumi

from fast_container.core.aws_access import AssumedRole, AwsAccess
from fast_container.errors import ArgsError

# What the provider calls when no program runs. A record that named the endpoints of all services would send and log
# them with each of a program's images.
_SERVICES_OF_A_REGISTRY = ("ecr", "sts")

ConfigGetter = Callable[[str], Any]
"""Reads one key of the namespace ``aws`` of a configuration, without the namespace; None where it is not set."""


def access_of_stack(get: ConfigGetter | None = None) -> AwsAccess:
    """What the stack's ``aws:`` configuration says (default: the running program's)."""
    get = get or pulumi.Config("aws").get
    access = AwsAccess(
        region=str(get("region") or _ambient_region()),
        profile=str(get("profile") or ""),
        assume_roles=_roles(get("assumeRoles")),
        endpoints=_endpoints(get("endpoints")),
    )
    return with_static_keys(access, get)


def with_static_keys(access: AwsAccess, get: ConfigGetter) -> AwsAccess:
    """The same with the configuration's static keys, for this process's memory only."""
    key, secret, token = (str(get(name) or "") for name in ("accessKey", "secretKey", "token"))
    if not key or not secret:
        return access
    return replace(access, access_key=key, secret_key=secret, session_token=token)


def access_of_record(record: Mapping[str, Any], get: ConfigGetter) -> AwsAccess:
    """The access that a record keeps, with the keys of this process's own configuration."""
    access = with_static_keys(AwsAccess.from_plain(record), get)
    return access if access.region else replace(access, region=_ambient_region())


def kept_by_record(access: AwsAccess) -> dict[str, Any]:
    """What a record keeps of an access, so that ``refresh`` reaches the registry: never a credential."""
    endpoints = {name: access.endpoints[name] for name in _SERVICES_OF_A_REGISTRY if name in access.endpoints}
    return replace(access, endpoints=endpoints).to_plain()


async def access_of_image(component: pulumi.Resource, stated: AwsAccess | None) -> AwsAccess:
    """The access of one image: what its builder states, else its explicit provider, else the stack.

    An explicit ``aws.Provider`` shows region, profile and keys, but neither assumed roles nor endpoints (SDK
    pulumi-aws 7); who uses these must state them with ``aws=``.
    """
    if stated is not None:
        return stated
    provider = explicit_provider(component)
    if provider is None:
        return access_of_stack()

    async def shown(name: str) -> str:
        output = getattr(provider, name, None)
        if not isinstance(output, pulumi.Output) or not await output.is_known():
            return ""
        return str(await cast("pulumi.Output[str | None]", output).future() or "")

    return AwsAccess(
        region=await shown("region"),
        profile=await shown("profile"),
        access_key=await shown("access_key"),
        secret_key=await shown("secret_key"),
        session_token=await shown("token"),
    )


def explicit_provider(component: pulumi.Resource) -> pulumi.ProviderResource | None:
    """The ``aws.Provider`` that a program gave to this component or to a parent of it."""
    return component.get_provider("aws:ecr/repository:Repository")


def _ambient_region() -> str:
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or ""


def _objects(value: Any, key: str) -> list[dict[str, Any]]:
    if not value:
        return []
    try:
        found: object = json.loads(value) if isinstance(value, str) else value
    except ValueError as error:
        raise ArgsError(f"aws:{key} is not valid JSON.", property_path=f"config aws:{key}", why=str(error)) from None
    items = cast("list[object]", [found] if isinstance(found, dict) else found)
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ArgsError(f"aws:{key} must be a list of objects.", property_path=f"config aws:{key}")
    return cast("list[dict[str, Any]]", items)


def _roles(value: Any) -> tuple[AssumedRole, ...]:
    return tuple(
        AssumedRole(
            role_arn=str(role["roleArn"]),
            session_name=str(role.get("sessionName") or ""),
            external_id=str(role.get("externalId") or ""),
            source_identity=str(role.get("sourceIdentity") or ""),
            policy=str(role.get("policy") or ""),
        )
        for role in _objects(value, "assumeRoles")
        if role.get("roleArn")
    )


def _endpoints(value: Any) -> dict[str, str]:
    return {str(service): str(url) for item in _objects(value, "endpoints") for service, url in item.items() if url}
