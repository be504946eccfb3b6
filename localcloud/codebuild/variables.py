"""The environment variables of a build.

Decides which there are (AWS, "Environment variables in build environments"), which of several with one name counts,
and how references to Secrets Manager and the Parameter Store are resolved. Values are never written to the log; unlike
CodeBuild, the local cloud does not mask them there either, so that a test sees a leak.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from localcloud.codebuild.builds import Build
from localcloud.codebuild.buildspec import Buildspec
from localcloud.state import ACCOUNT_ID

May = Callable[[str, str], None]
"""Asks whether the service role may call an action on a resource; raises ``VariableError`` when not."""


class VariableError(Exception):
    """A reference cannot be resolved; the text is that of the phase context (``CLIENT_ERROR``)."""


def build_variables(build: Build, *, source_directory: str, home: str, path: str) -> dict[str, str]:
    """The variables that CodeBuild sets itself."""
    settings = build.settings
    variables = {
        "AWS_DEFAULT_REGION": build.region,
        "AWS_REGION": build.region,
        "CODEBUILD_BUILD_ARN": build.arn,
        "CODEBUILD_BUILD_ID": build.id,
        "CODEBUILD_BUILD_IMAGE": settings["environment"]["image"],
        "CODEBUILD_BUILD_NUMBER": str(build.number),
        "CODEBUILD_BUILD_SUCCEEDING": "1",
        "CODEBUILD_INITIATOR": build.initiator,
        "CODEBUILD_KMS_KEY_ID": settings["encryptionKey"],
        "CODEBUILD_LOG_PATH": build.stream,
        "CODEBUILD_PROJECT_ARN": build.project_arn,
        "CODEBUILD_SRC_DIR": source_directory,
        "CODEBUILD_START_TIME": str(int(build.start_time * 1000)),
        "HOME": home,
        "PATH": path,
    }
    source = settings["source"]
    if source["type"] == "S3":
        variables["CODEBUILD_SOURCE_REPO_URL"] = f"s3://{source['location']}"
        # For S3 the version is the object's, when one is asked for.
        variables["CODEBUILD_SOURCE_VERSION"] = settings.get("sourceVersion") or (f"arn:aws:s3:::{source['location']}")
    return variables


def program_variables(build: Build, buildspec: Buildspec, may: May) -> dict[str, str]:
    """The variables of buildspec, project and StartBuild, of which the last counts most; references are resolved.

    Raises:
        VariableError: A secret or parameter is not there or may not be read.
    """
    variables = dict(buildspec.variables)
    for name, reference in buildspec.parameters.items():
        variables[name] = _parameter(reference, build.region, may)
    for name, reference in buildspec.secrets.items():
        variables[name] = _secret(reference, build.region, may)
    for variable in build.settings["environment"].get("environmentVariables", []):
        name, value, kind = variable["name"], variable["value"], variable.get("type", "PLAINTEXT")
        if kind == "PARAMETER_STORE":
            value = _parameter(value, build.region, may)
        elif kind == "SECRETS_MANAGER":
            value = _secret(value, build.region, may)
        variables[name] = value
    return variables


def _parameter(name: str, region: str, may: May) -> str:
    from moto.ssm.models import ssm_backends  # noqa: PLC0415 - slow to import

    text = name if name.startswith("arn:") else f"arn:aws:ssm:{region}:{ACCOUNT_ID}:parameter/{name.lstrip('/')}"
    may("ssm:GetParameters", text)
    found: Any = ssm_backends[ACCOUNT_ID][region].get_parameter(name)
    if found is None:
        raise VariableError(f"Parameter does not exist: {name}")
    return str(found.response_object(decrypt=True, region=region)["Value"])


def _secret(reference: str, region: str, may: May) -> str:
    from moto.core.exceptions import JsonRESTError  # noqa: PLC0415 - slow to import
    from moto.secretsmanager.models import secretsmanager_backends  # noqa: PLC0415

    secret_id, key, stage, version = _split(reference)
    backend = secretsmanager_backends[ACCOUNT_ID][region]
    try:
        arn = str(backend.describe_secret(secret_id).arn)
        may("secretsmanager:GetSecretValue", arn)
        found: Mapping[str, Any] = backend.get_secret_value(secret_id, version, stage)
    except JsonRESTError as error:
        raise VariableError(f"Secrets Manager Error Message: {error.message} ({secret_id})") from error
    text = str(found.get("SecretString", ""))
    if not key:
        return text
    try:
        value = json.loads(text)[key]
    except (ValueError, KeyError, TypeError) as error:
        raise VariableError(f"Secrets Manager Error Message: no key {key!r} in secret {secret_id}") from error
    return value if isinstance(value, str) else json.dumps(value)


def _split(reference: str) -> tuple[str, str, str, str]:
    """``id:json-key:version-stage:version-id``; an ARN as id has six colons of its own."""
    words = reference.split(":")
    size = 7 if reference.startswith("arn:") else 1
    key, stage, version = (*words[size : size + 3], "", "", "")[:3]
    return ":".join(words[:size]), key, stage, version
