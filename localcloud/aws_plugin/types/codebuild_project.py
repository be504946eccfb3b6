"""``aws:codebuild/project:Project``: after terraform-provider-aws ``internal/service/codebuild``. Its id is its ARN.

Only a new name replaces. Settings that an emulator drops stay as the program said them; AWS shows them always.
"""

from __future__ import annotations

from typing import Any

from localcloud.aws_plugin.schema import Autoname, Property, ResourceType, Values
from localcloud.aws_plugin.session import Aws

# A role that was made a moment ago cannot be assumed yet.
_PROPAGATION = {"InvalidInputException": ("ot authorized to perform",)}
_PROPAGATION_S = 120.0
_PARAMETERS = {
    "name": "name",
    "artifacts": "artifacts",
    "autoRetryLimit": "autoRetryLimit",
    "badgeEnabled": "badgeEnabled",
    "buildTimeout": "timeoutInMinutes",
    "cache": "cache",
    "concurrentBuildLimit": "concurrentBuildLimit",
    "description": "description",
    "encryptionKey": "encryptionKey",
    "environment": "environment",
    "queuedTimeout": "queuedTimeoutInMinutes",
    "serviceRole": "serviceRole",
    "source": "source",
    "sourceVersion": "sourceVersion",
    "vpcConfig": "vpcConfig",
}
_DROPPED_BY_EMULATORS = ("autoRetryLimit", "concurrentBuildLimit", "encryptionKey")
# The service model's enumerations.
_COMPUTE_TYPES = (
    *(f"BUILD_GENERAL1_{size}" for size in ("SMALL", "MEDIUM", "LARGE", "XLARGE", "2XLARGE")),
    *(f"BUILD_LAMBDA_{size}GB" for size in (1, 2, 4, 8, 10)),
    *("ATTRIBUTE_BASED_COMPUTE", "CUSTOM_INSTANCE_TYPE"),
)
_ENVIRONMENT_TYPES = (
    *("ARM_CONTAINER", "ARM_EC2", "ARM_LAMBDA_CONTAINER", "LINUX_CONTAINER", "LINUX_EC2", "LINUX_GPU_CONTAINER"),
    *("LINUX_LAMBDA_CONTAINER", "MAC_ARM", "WINDOWS_CONTAINER", "WINDOWS_EC2", "WINDOWS_SERVER_2019_CONTAINER"),
    "WINDOWS_SERVER_2022_CONTAINER",
)
_SOURCE_TYPES = (
    *("BITBUCKET", "CODECOMMIT", "CODEPIPELINE", "GITHUB", "GITHUB_ENTERPRISE", "GITLAB", "GITLAB_SELF_MANAGED"),
    *("NO_SOURCE", "S3"),
)
# What must be sent to take a setting away.
_CLEARED = {"concurrentBuildLimit": -1, "description": "", "sourceVersion": "", "vpcConfig": {}}


def _request(inputs: Values) -> dict[str, Any]:
    request = {
        parameter: inputs[name] for name, parameter in _PARAMETERS.items() if inputs.get(name) not in (None, "", {})
    }
    logs = inputs.get("logsConfig") or {}
    if logs:
        names = {"cloudwatchLogs": "cloudWatchLogs", "s3Logs": "s3Logs"}
        request["logsConfig"] = {api: logs[name] for name, api in names.items() if logs.get(name)}
    request["tags"] = [{"key": key, "value": value} for key, value in sorted(inputs["tagsAll"].items())]
    return request


def _call(aws: Aws, operation: str, request: dict[str, Any]) -> Any:
    return aws.retry(
        lambda: getattr(aws.client("codebuild"), operation)(**request),
        refusals=_PROPAGATION,
        longest_s=_PROPAGATION_S,
        waiting_for="the project's role",
    )


def _create(aws: Aws, inputs: Values) -> str:
    return _call(aws, "create_project", _request(inputs))["project"]["arn"]


def _name(resource_id: str) -> str:
    return resource_id.rsplit("/", 1)[-1]


def _read(aws: Aws, resource_id: str, prior: Values) -> Values | None:
    projects = aws.client("codebuild").batch_get_projects(names=[_name(resource_id)])["projects"]
    if not projects:
        return None
    project = projects[0]
    found: Values = {name: _plain(project.get(parameter)) for name, parameter in _PARAMETERS.items()}
    for name in _DROPPED_BY_EMULATORS:
        found[name] = project.get(name, prior.get(name))
    logs = project.get("logsConfig") or {}
    found["logsConfig"] = {
        "cloudwatchLogs": _plain(logs.get("cloudWatchLogs")),
        "s3Logs": _plain(logs.get("s3Logs")),
    }
    return {
        **found,
        "arn": project["arn"],
        "badgeEnabled": bool((project.get("badge") or {}).get("badgeEnabled")),
        "badgeUrl": (project.get("badge") or {}).get("badgeRequestUrl", ""),
        "projectVisibility": project.get("projectVisibility", "PRIVATE"),
        "publicProjectAlias": project.get("publicProjectAlias", ""),
        "tagsAll": {tag["key"]: tag["value"] for tag in project.get("tags") or []},
    }


def _plain(value: Any) -> Any:
    return value or None if isinstance(value, (dict, list, str)) else value


def _update(aws: Aws, resource_id: str, old: Values, new: Values, changed: set[str]) -> None:
    request = _request(new)
    for name, empty in _CLEARED.items():
        if name in changed and not new.get(name):
            request[_PARAMETERS[name]] = empty
    _call(aws, "update_project", request)


def _delete(aws: Aws, resource_id: str, state: Values) -> None:
    aws.client("codebuild").delete_project(name=_name(resource_id))


def _validate(inputs: Values) -> list[tuple[str, str]]:
    wrong: list[tuple[str, str]] = []
    source, cache = inputs["source"], inputs.get("cache")
    if isinstance(source, dict) and source.get("type") == "NO_SOURCE":
        if not source.get("buildspec"):
            wrong.append(("source.buildspec", "must be set when the source's type is NO_SOURCE"))
        if source.get("location"):
            wrong.append(("source.location", "must be empty when the source's type is NO_SOURCE"))
    if isinstance(cache, dict) and cache.get("type") == "S3" and not cache.get("location"):
        wrong.append(("cache.location", "is required when the cache's type is S3"))
    return wrong


def _block(*, required: bool = False, computed: bool = False, **fields: Property) -> Property:
    return Property(kind="object", required=required, computed=computed, fields=fields)


_FLAG = Property(kind="boolean", computed=True)
_TEXT = Property(computed=True)
_VARIABLE = _block(
    name=Property(required=True),
    value=Property(required=True),
    type=Property(default="PLAINTEXT", choices=("PLAINTEXT", "PARAMETER_STORE", "SECRETS_MANAGER")),
)
_ENVIRONMENT = _block(
    required=True,
    computeType=Property(required=True, choices=_COMPUTE_TYPES),
    image=Property(required=True),
    type=Property(required=True, choices=_ENVIRONMENT_TYPES),
    certificate=Property(),
    dockerServer=_block(computeType=Property(required=True), securityGroupIds=Property(kind="list")),
    environmentVariables=Property(kind="list", items=_VARIABLE),
    fleet=_block(fleetArn=Property()),
    hostKernel=_TEXT,
    imagePullCredentialsType=Property(default="CODEBUILD", choices=("CODEBUILD", "SERVICE_ROLE")),
    privilegedMode=Property(kind="boolean", default=False),
    registryCredential=_block(credential=Property(required=True), credentialProvider=Property(required=True)),
)
_LOGS = _block(
    cloudwatchLogs=_block(
        groupName=Property(),
        status=Property(default="ENABLED", choices=("ENABLED", "DISABLED")),
        streamName=Property(),
    ),
    s3Logs=_block(
        bucketOwnerAccess=_TEXT,
        encryptionDisabled=_FLAG,
        location=Property(),
        status=Property(default="DISABLED", choices=("ENABLED", "DISABLED")),
    ),
)

RESOURCE_TYPE = ResourceType(
    token="aws:codebuild/project:Project",
    inputs={
        "name": Property(replaces=True),
        "artifacts": _block(
            required=True,
            type=Property(required=True, choices=("CODEPIPELINE", "NO_ARTIFACTS", "S3")),
            **dict.fromkeys(("artifactIdentifier", "bucketOwnerAccess", "location", "name"), _TEXT),
            **dict.fromkeys(("namespaceType", "packaging", "path"), _TEXT),
            **dict.fromkeys(("encryptionDisabled", "overrideArtifactName"), _FLAG),
        ),
        "autoRetryLimit": Property(kind="integer", computed=True, minimum=0, maximum=10),
        "badgeEnabled": Property(kind="boolean", default=False),
        "buildTimeout": Property(kind="integer", default=60, minimum=5, maximum=2160),
        "cache": _block(
            computed=True,
            type=Property(default="NO_CACHE", choices=("LOCAL", "NO_CACHE", "S3")),
            location=Property(),
            modes=Property(kind="list"),
            cacheNamespace=Property(),
        ),
        "concurrentBuildLimit": Property(kind="integer", minimum=1),
        "description": Property(computed=True, maximum=255),
        "encryptionKey": Property(computed=True),
        "environment": _ENVIRONMENT,
        "logsConfig": _LOGS,
        "projectVisibility": Property(default="PRIVATE", choices=("PRIVATE",)),
        "queuedTimeout": Property(kind="integer", default=480, minimum=5, maximum=480),
        "serviceRole": Property(required=True, pattern=r"arn:.*"),
        "source": _block(
            required=True,
            type=Property(required=True, choices=_SOURCE_TYPES),
            buildspec=Property(),
            location=Property(),
            gitCloneDepth=Property(kind="integer", computed=True),
            **dict.fromkeys(("insecureSsl", "reportBuildStatus"), _FLAG),
        ),
        "sourceVersion": Property(),
        "vpcConfig": _block(
            vpcId=Property(required=True),
            subnets=Property(kind="set", required=True, maximum=16),
            securityGroupIds=Property(kind="set", required=True, maximum=5),
        ),
    },
    outputs=("arn", "badgeUrl", "publicProjectAlias"),
    tagged=True,
    autoname=Autoname(),
    unsupported=frozenset(
        {
            *("buildBatchConfig", "fileSystemLocations", "resourceAccessRole", "secondaryArtifacts"),
            *("secondarySourceVersions", "secondarySources"),
        }
    ),
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    validate=_validate,
    missing_codes=frozenset({"ResourceNotFoundException"}),
)
