"""How hook and provider reach AWS: as the stack does.

Decides the order (builder's ``aws=``, an explicit provider's visible properties, the stack's ``aws:`` configuration,
then the environment), and what of it a record keeps: never a credential. Leaves making sessions to
``adapters.aws_session``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import pulumi

from fast_container.core.aws_access import AwsAccess
from fast_container.core.oci.ecr_host import ecr_host, is_emulator
from fast_container.core.oci.repository import host_of
from fast_container.errors import ArgsError
from fast_container.state.aws_configuration import (
    ConfigGetter,
    assumed_roles,
    is_set,
    refuse_what_is_not_followed,
    service_endpoints,
    web_identity,
)

# The services that the provider calls when no program runs. A record with the endpoints of all services would send
# and log them with each of a program's images.
_SERVICES_OF_A_REGISTRY = ("ecr", "sts")


def access_of_stack(get: ConfigGetter | None = None) -> AwsAccess:
    """Return the access in the stack's ``aws:`` configuration (default: the running program's)."""
    get = get or pulumi.Config("aws").get
    refuse_what_is_not_followed(get)
    access = AwsAccess(
        region=str(get("region") or _ambient_region()),
        profile=str(get("profile") or ""),
        assume_roles=assumed_roles(get),
        endpoints=service_endpoints(get),
        use_fips=is_set(get, "useFipsEndpoint"),
        use_dualstack=is_set(get, "useDualstackEndpoint"),
        web_identity=web_identity(get),
    )
    return with_static_keys(access, get)


def with_static_keys(access: AwsAccess, get: ConfigGetter) -> AwsAccess:
    """Return the same with the configuration's static keys, for this process's memory only."""
    key, secret, token = (str(get(name) or "") for name in ("accessKey", "secretKey", "token"))
    if not key or not secret:
        return access
    return replace(access, access_key=key, secret_key=secret, session_token=token)


def access_of_record(record: Mapping[str, Any], get: ConfigGetter) -> AwsAccess:
    """Return the access in a record, with the keys and the identity token of this process's own configuration."""
    access = replace(with_static_keys(AwsAccess.from_plain(record), get), web_identity=web_identity(get))
    return access if access.region else replace(access, region=_ambient_region())


def kept_by_record(access: AwsAccess) -> dict[str, Any]:
    """Return a record's part of an access, so that ``refresh`` reaches the registry: never a credential."""
    endpoints = {name: access.endpoints[name] for name in _SERVICES_OF_A_REGISTRY if name in access.endpoints}
    return replace(access, endpoints=endpoints).to_plain()


async def access_of_image(component: pulumi.Resource, stated: AwsAccess | None) -> AwsAccess:
    """Return the access of one image: that of its builder, else its explicit provider, else the stack.

    An explicit ``aws.Provider`` shows region, profile and keys, but neither assumed roles nor endpoints (SDK
    pulumi-aws 7); programs that use these must give them with ``aws=``.
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


def refuse_keys_that_are_lost(access: AwsAccess, url: str | None) -> None:
    """Refuse static keys that only this process has, for an image of ECR.

    The image's record is made by a process of its own, which has the stack's configuration and the environment, and a
    record holds no credential: the image would be built and pushed, and then not be found, or found with other rights.

    Args:
        access: How the image is reached.
        url: Its repository, if known.

    Raises:
        ArgsError: The keys are neither in the configuration nor in the environment.
    """
    if not access.access_key or not (url is None or _is_ecr(url, access)):
        return
    keys = (access.access_key, access.secret_key)
    configured = with_static_keys(AwsAccess(), pulumi.Config("aws").get)
    ambient = (os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY"))
    if keys in ((configured.access_key, configured.secret_key), ambient):
        return
    raise ArgsError(
        "The image cannot be recorded with access keys that are given in the program.",
        property_path="opts.provider",
        why="its record is made by a process of its own, and no credential is ever written to the state",
        next_step="Give the aws.Provider (or AwsAccess) a profile or a role to assume, or set the keys with"
        " `pulumi config set --secret aws:accessKey`/`aws:secretKey` or in the environment.",
    )


def _is_ecr(url: str, access: AwsAccess) -> bool:
    ambient = os.environ.get("AWS_ENDPOINT_URL_ECR") or os.environ.get("AWS_ENDPOINT_URL") or ""
    emulated = is_emulator(access.endpoints.get("ecr") or ambient)
    return emulated or ecr_host(host_of(url)) is not None


def explicit_provider(component: pulumi.Resource) -> pulumi.ProviderResource | None:
    """Return the ``aws.Provider`` that a program gave to this component or to a parent of it."""
    return component.get_provider("aws:ecr/repository:Repository")


def _ambient_region() -> str:
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or ""
