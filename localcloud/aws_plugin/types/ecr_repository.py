"""``aws:ecr/repository:Repository``: after terraform-provider-aws ``internal/service/ecr/repository.go``."""

from __future__ import annotations

from typing import Any

from localcloud.aws_plugin import tagging
from localcloud.aws_plugin.errors import PluginError, error_code, error_message
from localcloud.aws_plugin.schema import Autoname, Property, ResourceType, Values
from localcloud.aws_plugin.session import Aws

_MUTABILITIES = ("MUTABLE", "IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION")


def _scanning(inputs: Values) -> dict[str, bool]:
    return {"scanOnPush": (inputs.get("imageScanningConfiguration") or {}).get("scanOnPush", False)}


def _filters(inputs: Values) -> list[dict[str, str]]:
    return list(inputs.get("imageTagMutabilityExclusionFilters") or [])


def _create(aws: Aws, inputs: Values) -> str:
    request: dict[str, Any] = {
        "repositoryName": inputs["name"],
        "imageTagMutability": inputs["imageTagMutability"],
        "imageScanningConfiguration": _scanning(inputs),
        "tags": tagging.as_list(inputs["tagsAll"]),
    }
    for block in inputs.get("encryptionConfigurations") or []:
        request["encryptionConfiguration"] = {"encryptionType": block["encryptionType"]} | (
            {"kmsKey": block["kmsKey"]} if block.get("kmsKey") else {}
        )
    if _filters(inputs):
        request["imageTagMutabilityExclusionFilters"] = _filters(inputs)
    return aws.client("ecr").create_repository(**request)["repository"]["repositoryName"]


def _read(aws: Aws, resource_id: str, prior: Values) -> Values:
    ecr = aws.client("ecr")
    found = ecr.describe_repositories(repositoryNames=[resource_id])["repositories"][0]
    return {**attributes(found), "tagsAll": repository_tags(aws, found["repositoryArn"])}


def attributes(found: Any) -> Values:
    """Convert a repository of ``DescribeRepositories`` to Pulumi's names."""
    encryption = found.get("encryptionConfiguration")
    scanning = found.get("imageScanningConfiguration")
    block = {"encryptionType": encryption["encryptionType"]} if encryption else None
    if block is not None and encryption.get("kmsKey"):
        block["kmsKey"] = encryption["kmsKey"]
    return {
        "name": found["repositoryName"],
        "arn": found["repositoryArn"],
        "registryId": found["registryId"],
        "repositoryUrl": found["repositoryUri"],
        "imageTagMutability": found.get("imageTagMutability", "MUTABLE"),
        "imageTagMutabilityExclusionFilters": found.get("imageTagMutabilityExclusionFilters"),
        "imageScanningConfiguration": {"scanOnPush": scanning["scanOnPush"]} if scanning else None,
        "encryptionConfigurations": [block] if block else None,
    }


def repository_tags(aws: Aws, arn: str) -> dict[str, str]:
    """A repository's tags."""
    return tagging.as_map(aws.client("ecr").list_tags_for_resource(resourceArn=arn)["tags"])


def _update(aws: Aws, resource_id: str, old: Values, new: Values, changed: set[str]) -> None:
    ecr = aws.client("ecr")
    if changed & {"imageTagMutability", "imageTagMutabilityExclusionFilters"}:
        request: dict[str, Any] = {
            "repositoryName": resource_id,
            "imageTagMutability": new["imageTagMutability"],
        }
        if _filters(new):
            request["imageTagMutabilityExclusionFilters"] = _filters(new)
        ecr.put_image_tag_mutability(**request)
    if "imageScanningConfiguration" in changed:
        ecr.put_image_scanning_configuration(repositoryName=resource_id, imageScanningConfiguration=_scanning(new))
    to_set, to_remove = tagging.delta(old.get("tagsAll") or {}, new["tagsAll"])
    if to_remove:
        ecr.untag_resource(resourceArn=old["arn"], tagKeys=to_remove)
    if to_set:
        ecr.tag_resource(resourceArn=old["arn"], tags=tagging.as_list(to_set))


def _delete(aws: Aws, resource_id: str, state: Values) -> None:
    try:
        aws.client("ecr").delete_repository(repositoryName=resource_id, force=state.get("forceDelete", False))
    except Exception as error:
        if error_code(error) != "RepositoryNotEmptyException":
            raise
        raise PluginError(
            f"ECR Repository ({resource_id}) not empty, consider using forceDelete: "
            f"RepositoryNotEmptyException: {error_message(error)}"
        ) from error


def _validate(inputs: Values) -> list[tuple[str, str]]:
    filters = inputs.get("imageTagMutabilityExclusionFilters")
    mutability = str(inputs["imageTagMutability"])
    if filters and mutability in {"MUTABLE", "IMMUTABLE"}:
        return [
            (
                "imageTagMutabilityExclusionFilters",
                "imageTagMutability must be IMMUTABLE_WITH_EXCLUSION or MUTABLE_WITH_EXCLUSION with filters",
            )
        ]
    return []


RESOURCE_TYPE = ResourceType(
    token="aws:ecr/repository:Repository",
    inputs={
        "name": Property(replaces=True),
        "encryptionConfigurations": Property(
            kind="list",
            computed=True,
            replaces=True,
            items=Property(
                kind="object",
                fields={
                    "encryptionType": Property(default="AES256", choices=("AES256", "KMS", "KMS_DSSE")),
                    "kmsKey": Property(computed=True),
                },
            ),
        ),
        "forceDelete": Property(kind="boolean", write_only=True),
        "imageScanningConfiguration": Property(
            kind="object", computed=True, fields={"scanOnPush": Property(kind="boolean", required=True)}
        ),
        "imageTagMutability": Property(default="MUTABLE", choices=_MUTABILITIES),
        "imageTagMutabilityExclusionFilters": Property(
            kind="list",
            maximum=5,
            items=Property(
                kind="object",
                fields={
                    "filter": Property(required=True, pattern=r"[0-9a-zA-Z._*-]{1,128}"),
                    "filterType": Property(required=True, choices=("WILDCARD",)),
                },
            ),
        ),
    },
    outputs=("arn", "registryId", "repositoryUrl"),
    tagged=True,
    autoname=Autoname(),
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    validate=_validate,
    missing_codes=frozenset({"RepositoryNotFoundException"}),
)
