"""``aws.ecr.get_authorization_token``, ``get_credentials`` and ``get_repository``."""

from __future__ import annotations

import base64
from typing import Any

from localcloud.aws_plugin.schema import Function, Property, Values
from localcloud.aws_plugin.session import Aws
from localcloud.aws_plugin.types.ecr_repository import attributes, repository_tags


def _token(aws: Aws, arguments: Values) -> Values:
    registries = [arguments["registryId"]] if arguments.get("registryId") else []
    answer = aws.client("ecr").get_authorization_token(**({"registryIds": registries} if registries else {}))
    data = answer["authorizationData"][0]
    user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
    return {
        "authorizationToken": data["authorizationToken"],
        "userName": user,
        "password": password,
        "proxyEndpoint": data["proxyEndpoint"],
        "expiresAt": f"{data['expiresAt']:%Y-%m-%dT%H:%M:%SZ}",
        "registryId": arguments.get("registryId"),
        "region": aws.region,
        "id": aws.region,
    }


def _credentials(aws: Aws, arguments: Values) -> Values:
    answer = _token(aws, arguments)
    return {name: answer[name] for name in ("authorizationToken", "expiresAt", "proxyEndpoint", "registryId", "id")}


def _repository(aws: Aws, arguments: Values) -> Values:
    request: dict[str, Any] = {"repositoryNames": [arguments["name"]]}
    if arguments.get("registryId"):
        request["registryId"] = arguments["registryId"]
    ecr = aws.client("ecr")
    found = attributes(ecr.describe_repositories(**request)["repositories"][0])
    scanning = found.pop("imageScanningConfiguration")
    return {
        **found,
        "id": found["name"],
        "region": aws.region,
        "imageScanningConfigurations": [scanning] if scanning else [],
        "encryptionConfigurations": found["encryptionConfigurations"] or [],
        "imageTagMutabilityExclusionFilters": found["imageTagMutabilityExclusionFilters"] or [],
        "mostRecentImageTags": _most_recent_tags(ecr, arguments["name"]),
        "tags": aws.tags(repository_tags(aws, found["arn"])),
    }


def _most_recent_tags(ecr: Any, name: str) -> list[str]:
    pages = ecr.get_paginator("describe_images").paginate(repositoryName=name)
    images = [image for page in pages for image in page["imageDetails"]]
    newest = max(images, key=lambda image: image["imagePushedAt"], default={})
    return list(newest.get("imageTags", []))


FUNCTIONS = {
    declared.token: declared
    for declared in (
        Function(
            token="aws:ecr/getAuthorizationToken:getAuthorizationToken",
            arguments={"registryId": Property()},
            call=_token,
        ),
        Function(
            token="aws:ecr/getCredentials:getCredentials",
            arguments={"registryId": Property(required=True)},
            call=_credentials,
            regional=False,
        ),
        Function(
            token="aws:ecr/getRepository:getRepository",
            arguments={
                "name": Property(required=True),
                "registryId": Property(),
                "tags": Property(kind="map"),
            },
            call=_repository,
        ),
    )
}
