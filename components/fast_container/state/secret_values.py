"""The secrets of one build: values that this machine has, and references that the build follows itself.

Decides which of a builder's two kinds of machine may see a value: a local build reads referenced secrets here, a
remote one gets the reference. Nothing is kept beyond the build.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, cast

import pulumi

from fast_container.adapters.aws_session import aws_errors
from fast_container.adapters.threads import in_thread
from fast_container.args import SecretInput
from fast_container.core.build_secrets import check_value, check_values
from fast_container.core.json_document import parse_json
from fast_container.errors import ArgsError, bracketed
from fast_container.secret_sources import SecretEnv, SecretFile, SecretsManagerSecret, SsmParameter, references

Client: TypeAlias = Callable[[str], Any]


async def local_values(secrets: Mapping[str, SecretInput], client: Client) -> dict[str, bytes]:
    """Read all values now, for a build on this machine."""
    values = await asyncio.gather(*(_value(secret, source, client) for secret, source in secrets.items()))
    found = dict(zip(secrets, values, strict=True))
    check_values(found)
    return found


def check_sources(secrets: Mapping[str, SecretInput]) -> None:
    """In the preview of a build on this machine, refuse variables and files that are missing or empty.

    Raises:
        ArgsError: One of them.
    """
    for secret, source in secrets.items():
        if isinstance(source, SecretEnv | SecretFile):
            path = f"secrets{bracketed(secret)}"
            check_value(secret, source.read(path), path)


async def own_values(secrets: Mapping[str, SecretInput], client: Client) -> dict[str, bytes]:
    """Return the values of secrets that AWS does not keep; a remote build refuses them."""
    kept = references(secrets)
    return await local_values({secret: source for secret, source in secrets.items() if secret not in kept}, client)


async def _value(secret: str, source: SecretInput, client: Client) -> bytes:
    path = f"secrets{bracketed(secret)}"
    if isinstance(source, SecretEnv | SecretFile):
        return source.read(path)
    if isinstance(source, SecretsManagerSecret):
        return await in_thread(_of_secrets_manager, source.reference, client, path)
    if isinstance(source, SsmParameter):
        return await in_thread(_of_parameter_store, source.name, client)
    return str(await pulumi.Output.from_input(source).future()).encode()


def _of_secrets_manager(reference: str, client: Client, path: str) -> bytes:
    identity, json_key = _split(reference)
    with aws_errors("secretsmanager:GetSecretValue", identity):
        found = client("secretsmanager").get_secret_value(SecretId=identity)
    if not json_key:
        return found["SecretBinary"] if "SecretBinary" in found else str(found["SecretString"]).encode()
    try:
        return str(cast("dict[str, Any]", parse_json(found["SecretString"]))[json_key]).encode()
    except (ValueError, KeyError, TypeError):
        raise ArgsError(
            f"The secret {identity} has no JSON key {json_key!r}.", property_path=path, next_step="Check the reference."
        ) from None


def _split(reference: str) -> tuple[str, str]:
    """Split into name or ARN, and the JSON key after it (``id:json-key:stage:version``)."""
    parts = reference.split(":")
    length = 7 if reference.startswith("arn:") else 1
    return ":".join(parts[:length]), parts[length] if len(parts) > length else ""


def _of_parameter_store(name: str, client: Client) -> bytes:
    with aws_errors("ssm:GetParameter", name):
        return str(client("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]).encode()
