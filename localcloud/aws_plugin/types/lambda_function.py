"""``aws:lambda/function:Function`` of package type Image: after terraform-provider-aws ``internal/service/lambda``.

The configuration is updated first, then the code, then a version is published, each after the one before has settled.
Settings that an emulator does not show at all stay as the program said them; AWS shows them always.
"""

from __future__ import annotations

from typing import Any

from localcloud.aws_plugin import tagging
from localcloud.aws_plugin.errors import PluginError
from localcloud.aws_plugin.schema import Autoname, ResourceType, Values
from localcloud.aws_plugin.session import Aws
from localcloud.aws_plugin.types.lambda_function_inputs import INPUTS, UNSUPPORTED

_CODE = frozenset({"imageUri", "architectures", "codeSha256", "sourceCodeHash"})
_NOT_CONFIGURATION = _CODE | {"publish", "reservedConcurrentExecutions", "tags", "tagsAll", "skipDestroy"}

# A role that was made a moment ago cannot be assumed yet (terraform-provider-aws tries for 2 minutes).
_PROPAGATION = {
    "InvalidParameterValueException": ("cannot be assumed", "ot authorized to perform"),
    "ResourceConflictException": ("",),
}
_PROPAGATION_S = 120.0


def _image_config(inputs: Values) -> dict[str, Any]:
    block = inputs.get("imageConfig") or {}
    names = {"commands": "Command", "entryPoints": "EntryPoint", "workingDirectory": "WorkingDirectory"}
    return {parameter: block[name] for name, parameter in names.items() if block.get(name)}


def _logging_config(inputs: Values) -> dict[str, Any]:
    block = inputs.get("loggingConfig") or {}
    names = {
        "logFormat": "LogFormat",
        "logGroup": "LogGroup",
        "applicationLogLevel": "ApplicationLogLevel",
        "systemLogLevel": "SystemLogLevel",
    }
    return {parameter: block[name] for name, parameter in names.items() if block.get(name)}


def _configuration(inputs: Values) -> dict[str, Any]:
    """The settings that CreateFunction and UpdateFunctionConfiguration share; what is not set is left out."""
    environment = inputs.get("environment") or {}
    request: dict[str, Any] = {
        "Role": inputs["role"],
        "MemorySize": inputs["memorySize"],
        "Timeout": inputs["timeout"],
        "Description": inputs.get("description"),
        "KMSKeyArn": inputs.get("kmsKeyArn"),
        "ImageConfig": _image_config(inputs) or None,
        "LoggingConfig": _logging_config(inputs) or None,
        "Environment": {"Variables": environment["variables"]} if environment.get("variables") else None,
    }
    for name, member, parameter, field in (
        ("ephemeralStorage", "size", "EphemeralStorage", "Size"),
        ("tracingConfig", "mode", "TracingConfig", "Mode"),
        ("deadLetterConfig", "targetArn", "DeadLetterConfig", "TargetArn"),
        ("snapStart", "applyOn", "SnapStart", "ApplyOn"),
    ):
        if inputs.get(name):
            request[parameter] = {field: inputs[name][member]}
    return {key: value for key, value in request.items() if value is not None}


def _create(aws: Aws, inputs: Values) -> str:
    request = {
        "FunctionName": inputs["name"],
        "PackageType": inputs["packageType"],
        "Code": {"ImageUri": inputs["imageUri"]},
        "Publish": inputs["publish"],
        "Tags": inputs["tagsAll"],
        **_configuration(inputs),
    }
    if inputs.get("architectures"):
        request["Architectures"] = inputs["architectures"]
    client = aws.client("lambda")
    created = aws.retry(
        lambda: client.create_function(**request),
        refusals=_PROPAGATION,
        longest_s=_PROPAGATION_S,
        waiting_for="the function's role",
    )
    name = created["FunctionName"]
    _put_concurrency(client, name, inputs["reservedConcurrentExecutions"], old=-1)
    return name


def _put_concurrency(client: Any, name: str, wanted: int, *, old: int) -> None:
    if wanted >= 0:
        client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=wanted)
    elif old >= 0:
        client.delete_function_concurrency(FunctionName=name)


def _settle(aws: Aws, resource_id: str, _wanted: Values | None = None) -> None:
    def look() -> bool | None:
        found = aws.client("lambda").get_function_configuration(FunctionName=resource_id)
        if found.get("State") == "Failed":
            raise PluginError(f"unexpected state 'Failed': {found.get('StateReason', 'no reason given')}")
        if found.get("LastUpdateStatus") == "Failed":
            reason = found.get("LastUpdateStatusReason", "no reason given")
            raise PluginError(f"unexpected last update status 'Failed': {reason}")
        busy = found.get("State") == "Pending" or found.get("LastUpdateStatus") == "InProgress"
        return None if busy else True

    aws.poll(look, waiting_for=f"Lambda Function ({resource_id}) to become ready")


def _newest_version(client: Any, name: str) -> str:
    pages = client.get_paginator("list_versions_by_function").paginate(FunctionName=name)
    numbers = [version["Version"] for page in pages for version in page["Versions"]]
    return max((number for number in numbers if number.isdigit()), key=int, default="$LATEST")


def _read(aws: Aws, resource_id: str, prior: Values) -> Values:
    client = aws.client("lambda")
    answer = client.get_function(FunctionName=resource_id)
    found = answer["Configuration"]
    arn = found["FunctionArn"]
    version = _newest_version(client, resource_id)
    gateway = f"arn:{aws.partition}:apigateway:{aws.region}:lambda:path"
    return {
        "name": found["FunctionName"],
        "packageType": found.get("PackageType"),
        "imageUri": answer.get("Code", {}).get("ImageUri"),
        "role": found["Role"],
        "architectures": found.get("Architectures"),
        "memorySize": found["MemorySize"],
        "timeout": found["Timeout"],
        "description": found.get("Description"),
        "kmsKeyArn": found.get("KMSKeyArn"),
        "publish": prior.get("publish", False),
        "reservedConcurrentExecutions": answer.get("Concurrency", {}).get("ReservedConcurrentExecutions", -1),
        "codeSha256": found.get("CodeSha256"),
        "sourceCodeSize": found.get("CodeSize"),
        "lastModified": found.get("LastModified"),
        "version": version,
        "arn": arn,
        "qualifiedArn": f"{arn}:{version}",
        "invokeArn": f"{gateway}/2015-03-31/functions/{arn}/invocations",
        "qualifiedInvokeArn": f"{gateway}/2015-03-31/functions/{arn}:{version}/invocations",
        "responseStreamingInvokeArn": (f"{gateway}/2021-11-15/functions/{arn}/response-streaming-invocations"),
        "tagsAll": answer.get("Tags", {}),
        **_blocks(found, prior),
    }


def _blocks(found: Any, prior: Values) -> Values:
    image = (found.get("ImageConfigResponse") or {}).get("ImageConfig") or {}
    logging = found.get("LoggingConfig")
    environment = (found.get("Environment") or {}).get("Variables")
    blocks: Values = {
        "imageConfig": {
            "commands": image.get("Command"),
            "entryPoints": image.get("EntryPoint"),
            "workingDirectory": image.get("WorkingDirectory"),
        },
        "environment": {"variables": dict(environment)} if environment else None,
        "loggingConfig": logging
        and {
            "logFormat": logging.get("LogFormat"),
            "logGroup": logging.get("LogGroup"),
            "applicationLogLevel": logging.get("ApplicationLogLevel"),
            "systemLogLevel": logging.get("SystemLogLevel"),
        },
    }
    for name, member, parameter, field in (
        ("ephemeralStorage", "size", "EphemeralStorage", "Size"),
        ("tracingConfig", "mode", "TracingConfig", "Mode"),
        ("deadLetterConfig", "targetArn", "DeadLetterConfig", "TargetArn"),
    ):
        shown = (found.get(parameter) or {}).get(field)
        blocks[name] = {member: shown} if shown else None
    for name, parameter in (("loggingConfig", "LoggingConfig"), ("deadLetterConfig", "DeadLetterConfig")):
        if parameter not in found:
            blocks[name] = prior.get(name)
    # moto takes no snapshots and always shows "None".
    blocks["snapStart"] = prior.get("snapStart")
    return {name: _without_none(block) for name, block in blocks.items()}


def _without_none(block: Values | None) -> Values | None:
    if not block:
        return None
    return {key: value for key, value in block.items() if value is not None and value != []} or None


def _cleared(old: Values, changed: set[str]) -> dict[str, Any]:
    """Build the empty values that remove blocks which the program no longer has."""
    empty: dict[str, tuple[str, Any]] = {
        "environment": ("Environment", {"Variables": {}}),
        "imageConfig": ("ImageConfig", {}),
        "description": ("Description", ""),
        "deadLetterConfig": ("DeadLetterConfig", {"TargetArn": ""}),
        "kmsKeyArn": ("KMSKeyArn", ""),
    }
    return {empty[name][0]: empty[name][1] for name in changed if name in empty and old.get(name)}


def _update(aws: Aws, resource_id: str, old: Values, new: Values, changed: set[str]) -> None:
    client = aws.client("lambda")
    if changed - _NOT_CONFIGURATION:
        request = {"FunctionName": resource_id, **_cleared(old, changed), **_configuration(new)}
        aws.retry(
            lambda: client.update_function_configuration(**request),
            refusals=_PROPAGATION,
            longest_s=_PROPAGATION_S,
            waiting_for="the function's role",
        )
        _settle(aws, resource_id)
    if changed & _CODE:
        code: dict[str, Any] = {"FunctionName": resource_id, "ImageUri": new["imageUri"]}
        if new.get("architectures"):
            code["Architectures"] = new["architectures"]
        client.update_function_code(**code)
        _settle(aws, resource_id)
    if "reservedConcurrentExecutions" in changed:
        before = old.get("reservedConcurrentExecutions", -1)
        _put_concurrency(client, resource_id, new["reservedConcurrentExecutions"], old=before)
    if new["publish"] and _publishes(changed):
        client.publish_version(FunctionName=resource_id)
        _settle(aws, resource_id)
    to_set, to_remove = tagging.delta(old.get("tagsAll") or {}, new["tagsAll"])
    if to_remove:
        client.untag_resource(Resource=old["arn"], TagKeys=to_remove)
    if to_set:
        client.tag_resource(Resource=old["arn"], Tags=to_set)


def _publishes(changed: set[str]) -> bool:
    return bool(changed & _CODE or changed - _NOT_CONFIGURATION or "publish" in changed)


def _delete(aws: Aws, resource_id: str, state: Values) -> None:
    if not state.get("skipDestroy"):
        aws.client("lambda").delete_function(FunctionName=resource_id)


def _unsettled(state: Values, news: Values, changed: set[str]) -> set[str]:
    unknown: set[str] = {"lastModified"} if changed & _CODE else set()
    if news.get("publish") and _publishes(changed):
        unknown |= {"version", "qualifiedArn", "qualifiedInvokeArn"}
    return unknown


def _validate(inputs: Values) -> list[tuple[str, str]]:
    if inputs.get("packageType") == "Zip":
        reason = "this stand-in supports container images only: set packageType to Image (the default is Zip)"
        return [("packageType", reason)]
    if "imageUri" not in inputs:
        return [("imageUri", "one of `code,imageUri,s3Bucket` must be specified; this stand-in knows imageUri")]
    return []


RESOURCE_TYPE = ResourceType(
    token="aws:lambda/function:Function",
    inputs=INPUTS,
    outputs=(
        *("arn", "invokeArn", "lastModified", "qualifiedArn", "qualifiedInvokeArn"),
        *("responseStreamingInvokeArn", "sourceCodeSize", "version"),
    ),
    tagged=True,
    autoname=Autoname(maximum=64),
    unsupported=UNSUPPORTED,
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    settle=_settle,
    unsettled=_unsettled,
    validate=_validate,
    missing_codes=frozenset({"ResourceNotFoundException"}),
)
