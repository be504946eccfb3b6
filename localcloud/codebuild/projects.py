"""Projects: what CodeBuild takes, what it fills in, and what a build of one is made of.

Decides validation (service model of CreateProject and the service's own refusals), defaults, and how the overrides of
StartBuild are merged over a project's settings.
"""

from __future__ import annotations

import copy
import re
import time
from collections.abc import Mapping
from typing import Any

from localcloud.aws_api import ApiError
from localcloud.codebuild.role import trusts
from localcloud.state import ACCOUNT_ID

Json = dict[str, Any]
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-_]{1,149}")
_CHOICES = {
    "source.type": (
        *("CODECOMMIT", "CODEPIPELINE", "GITHUB", "GITLAB", "GITLAB_SELF_MANAGED", "S3", "BITBUCKET"),
        *("GITHUB_ENTERPRISE", "NO_SOURCE"),
    ),
    "artifacts.type": ("CODEPIPELINE", "S3", "NO_ARTIFACTS"),
    "environment.type": (
        *("WINDOWS_CONTAINER", "LINUX_CONTAINER", "LINUX_GPU_CONTAINER", "ARM_CONTAINER"),
        *("WINDOWS_SERVER_2019_CONTAINER", "WINDOWS_SERVER_2022_CONTAINER", "LINUX_LAMBDA_CONTAINER"),
        *("ARM_LAMBDA_CONTAINER", "LINUX_EC2", "ARM_EC2", "WINDOWS_EC2", "MAC_ARM"),
    ),
    "environment.computeType": (
        *("BUILD_GENERAL1_SMALL", "BUILD_GENERAL1_MEDIUM", "BUILD_GENERAL1_LARGE", "BUILD_GENERAL1_XLARGE"),
        *("BUILD_GENERAL1_2XLARGE", "BUILD_LAMBDA_1GB", "BUILD_LAMBDA_2GB", "BUILD_LAMBDA_4GB", "BUILD_LAMBDA_8GB"),
        *("BUILD_LAMBDA_10GB", "ATTRIBUTE_BASED_COMPUTE", "CUSTOM_INSTANCE_TYPE"),
    ),
    "environment.imagePullCredentialsType": ("CODEBUILD", "SERVICE_ROLE"),
    "cache.type": ("NO_CACHE", "S3", "LOCAL"),
}
_KEPT = (
    *("description", "source", "secondarySources", "sourceVersion", "secondarySourceVersions", "artifacts"),
    *("secondaryArtifacts", "cache", "environment", "serviceRole", "timeoutInMinutes", "queuedTimeoutInMinutes"),
    *("encryptionKey", "tags", "vpcConfig", "logsConfig", "fileSystemLocations", "buildBatchConfig"),
    *("concurrentBuildLimit", "autoRetryLimit"),
)
_OVERRIDES = {
    "sourceTypeOverride": ("source", "type"),
    "sourceLocationOverride": ("source", "location"),
    "sourceAuthOverride": ("source", "auth"),
    "gitCloneDepthOverride": ("source", "gitCloneDepth"),
    "buildspecOverride": ("source", "buildspec"),
    "insecureSslOverride": ("source", "insecureSsl"),
    "environmentTypeOverride": ("environment", "type"),
    "imageOverride": ("environment", "image"),
    "computeTypeOverride": ("environment", "computeType"),
    "certificateOverride": ("environment", "certificate"),
    "privilegedModeOverride": ("environment", "privilegedMode"),
    "registryCredentialOverride": ("environment", "registryCredential"),
    "imagePullCredentialsTypeOverride": ("environment", "imagePullCredentialsType"),
    "fleetOverride": ("environment", "fleet"),
    "hostKernelOverride": ("environment", "hostKernel"),
    "cacheOverride": ("cache",),
    "serviceRoleOverride": ("serviceRole",),
    "timeoutInMinutesOverride": ("timeoutInMinutes",),
    "queuedTimeoutInMinutesOverride": ("queuedTimeoutInMinutes",),
    "encryptionKeyOverride": ("encryptionKey",),
    "logsConfigOverride": ("logsConfig",),
    "sourceVersion": ("sourceVersion",),
    "artifactsOverride": ("artifacts",),
}
_PASSED_OVER = {
    *("projectName", "environmentVariablesOverride", "idempotencyToken", "debugSessionEnabled"),
    *("autoRetryLimitOverride", "reportBuildStatusOverride", "buildStatusConfigOverride"),
    *("gitSubmodulesConfigOverride", "secondarySourcesOverride", "secondarySourcesVersionOverride"),
    "secondaryArtifactsOverride",
}


def invalid(message: str) -> ApiError:
    """The refusal that CodeBuild gives to nearly everything."""
    return ApiError("InvalidInputException", message)


class Projects:
    """The projects of all regions."""

    def __init__(self) -> None:
        self._projects: dict[tuple[str, str], Json] = {}

    def create(self, region: str, body: Json) -> Json:
        """Makes a project.

        Raises:
            ApiError: It is not valid, or its name is taken.
        """
        name = str(body.get("name", ""))
        if not _NAME.fullmatch(name):
            raise invalid(f"Invalid project name: {name!r} does not match {_NAME.pattern}")
        if (region, name) in self._projects:
            arn = self._projects[region, name]["arn"]
            raise ApiError("ResourceAlreadyExistsException", f"Project already exists: {arn}")
        now = time.time()
        project: Json = {
            "name": name,
            "arn": f"arn:aws:codebuild:{region}:{ACCOUNT_ID}:project/{name}",
            "created": now,
            "projectVisibility": "PRIVATE",
            "badge": {"badgeEnabled": bool(body.get("badgeEnabled"))},
        }
        project = _completed({**project, **_given(body)}, region)
        _validate(project, artifacts=True)
        project["lastModified"] = now
        self._projects[region, name] = project
        return project

    def update(self, region: str, body: Json) -> Json:
        """Changes a project; what is not named stays.

        Raises:
            ApiError: It is not there, or would not be valid.
        """
        old = self.find(region, str(body.get("name", "")))
        given = _given(body)
        project = {**copy.deepcopy(old), **given}
        if given.get("concurrentBuildLimit") == -1:
            del project["concurrentBuildLimit"]
        for name in ("vpcConfig", "sourceVersion"):
            if name in given and not given[name]:
                del project[name]
        if "badgeEnabled" in body:
            project["badge"] = {"badgeEnabled": body["badgeEnabled"]}
        project = _completed(project, region)
        _validate(project, artifacts=True)
        project["lastModified"] = time.time()
        self._projects[region, project["name"]] = project
        return project

    def find(self, region: str, name: str) -> Json:
        """Return the project of a name or ARN.

        Raises:
            ApiError: It does not exist.
        """
        project = self.get(region, name)
        if project is None:
            arn = f"arn:aws:codebuild:{region}:{ACCOUNT_ID}:project/{name}"
            raise ApiError("ResourceNotFoundException", f"Project cannot be found: {arn}")
        return project

    def get(self, region: str, name: str) -> Json | None:
        """The project of a name or ARN, or None."""
        return self._projects.get((region, name.rpartition(":project/")[2]))

    def delete(self, region: str, name: str) -> None:
        """Remove a project; a missing one is not an error, as with AWS."""
        self._projects.pop((region, name.rpartition(":project/")[2]), None)

    def names(self, region: str) -> list[str]:
        """The names of a region's projects."""
        return sorted(name for place, name in self._projects if place == region)


def build_settings(project: Mapping[str, Any], request: Json) -> Json:
    """A project's settings with the overrides of a StartBuild request over them.

    Raises:
        ApiError: An override is not known, or the result is not valid.
    """
    unknown = sorted(set(request) - set(_OVERRIDES) - _PASSED_OVER)
    if unknown:
        raise ApiError("SerializationException", f"unknown parameter: {', '.join(unknown)}")
    settings: Json = copy.deepcopy({key: project[key] for key in (*_KEPT, "arn") if key in project})
    for name, place in _OVERRIDES.items():
        if request.get(name) is None:
            continue
        target = settings
        for key in place[:-1]:
            target = target.setdefault(key, {})
        target[place[-1]] = request[name]
    variables = {one["name"]: one for one in settings["environment"].get("environmentVariables", [])}
    for one in request.get("environmentVariablesOverride") or []:
        variables[one["name"]] = {"type": "PLAINTEXT", **one}
    settings["environment"]["environmentVariables"] = list(variables.values())
    if settings["source"]["type"] == "NO_SOURCE":
        settings["source"].pop("location", None)
    _validate(settings, artifacts=False)
    return settings


def _given(body: Json) -> Json:
    return {key: copy.deepcopy(body[key]) for key in _KEPT if key in body and body[key] is not None}


def _completed(project: Json, region: str) -> Json:
    """Add the settings that CodeBuild shows although they were not given."""
    defaults = {
        "cache": {"type": "NO_CACHE"},
        "timeoutInMinutes": 60,
        "queuedTimeoutInMinutes": 480,
        "encryptionKey": f"arn:aws:kms:{region}:{ACCOUNT_ID}:alias/aws/s3",
        "tags": [],
    }
    completed = {**defaults, **project}
    environment = completed.get("environment")
    if isinstance(environment, dict):
        completed["environment"] = {
            "environmentVariables": [],
            "privilegedMode": False,
            "imagePullCredentialsType": "CODEBUILD",
            **environment,
        }
        completed["environment"]["environmentVariables"] = [
            {"type": "PLAINTEXT", **one} for one in completed["environment"]["environmentVariables"]
        ]
    return completed


def _validate(settings: Json, *, artifacts: bool) -> None:
    for name in ("source", "environment", "serviceRole", *(("artifacts",) if artifacts else ())):
        if not settings.get(name):
            raise invalid(f"{name} is required")
    for place, choices in _CHOICES.items():
        block, key = place.split(".")
        value = (settings.get(block) or {}).get(key)
        if value is None and key not in {"type", "computeType"}:
            continue
        if value not in choices and (value is not None or block != "cache"):
            raise invalid(f"Invalid {block} {key}: {value!r} is none of {', '.join(choices)}")
    _validate_source(settings["source"])
    _validate_environment(settings["environment"])
    _validate_numbers(settings)
    _validate_role(str(settings["serviceRole"]), str(settings["arn"]))
    cache = settings.get("cache") or {}
    if cache.get("type") == "S3" and not cache.get("location"):
        raise invalid("Invalid cache: location is required for cache type S3")
    if artifacts and settings["artifacts"]["type"] == "NO_ARTIFACTS" and settings["artifacts"].get("location"):
        raise invalid("Invalid artifacts: artifact type NO_ARTIFACTS should have null location")


def _validate_source(source: Json) -> None:
    location, buildspec = source.get("location"), source.get("buildspec")
    if source["type"] == "NO_SOURCE":
        if location:
            raise invalid("Invalid project source: location must be empty for source type NO_SOURCE")
        if not buildspec:
            raise invalid("Invalid project source: buildspec must be specified for source type NO_SOURCE")
    elif source["type"] != "CODEPIPELINE" and not location:
        raise invalid("Invalid project source: location must not be empty")
    if source["type"] == "S3" and not str(location).strip("/").partition("/")[2]:
        raise invalid("Invalid project source: location must be a valid S3 source: bucket/key or bucket/prefix/")


def _validate_environment(environment: Json) -> None:
    if not environment.get("image"):
        raise invalid("Invalid environment: image must be specified")
    curated = str(environment["image"]).startswith("aws/codebuild/")
    if curated and environment.get("imagePullCredentialsType") == "SERVICE_ROLE":
        raise invalid("cannot use a CodeBuild curated image with imagePullCredentialsType SERVICE_ROLE")
    on_lambda = "LAMBDA" in environment["type"]
    if on_lambda != environment["computeType"].startswith("BUILD_LAMBDA"):
        raise invalid(f"Invalid environment: {environment['type']} does not offer {environment['computeType']}")
    if on_lambda and environment.get("privilegedMode"):
        raise invalid("Invalid environment: privileged mode is not available on Lambda compute")
    for variable in environment.get("environmentVariables", []):
        if not variable.get("name") or "value" not in variable:
            raise invalid("Invalid environment variable: name and value are required")
        if variable.get("type", "PLAINTEXT") not in {"PLAINTEXT", "PARAMETER_STORE", "SECRETS_MANAGER"}:
            raise invalid(f"Invalid environment variable type: {variable['type']}")


def _validate_numbers(settings: Json) -> None:
    if not 5 <= settings["timeoutInMinutes"] <= 2160:
        raise invalid("Invalid timeoutInMinutes: expected 5 to 2160")
    if not 5 <= settings["queuedTimeoutInMinutes"] <= 480:
        raise invalid("Invalid queuedTimeoutInMinutes: expected 5 to 480")
    if settings.get("concurrentBuildLimit", 1) < 1:
        raise invalid("Invalid concurrentBuildLimit: expected 1 or more")


def _validate_role(arn: str, project_arn: str) -> None:
    if not arn.startswith(f"arn:aws:iam::{ACCOUNT_ID}:role/"):
        raise invalid("Invalid service role: Service role account ID does not match caller's account")
    facts = {"aws:SourceAccount": ACCOUNT_ID, "aws:SourceArn": project_arn}
    if not trusts(arn, "codebuild.amazonaws.com", facts):
        raise invalid(f"CodeBuild is not authorized to perform: sts:AssumeRole on {arn}")
