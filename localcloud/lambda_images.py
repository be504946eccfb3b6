"""Which images Lambda takes, and what it makes of an image URI.

Decides the refusals and their wording, that a tag is resolved to a digest once, and that Lambda gives itself the right
to pull (``LambdaECRImageRetrievalPolicy``), as
https://docs.aws.amazon.com/lambda/latest/dg/images-create.html and users' reports describe. One rule is stricter
than what is documented: an image of another architecture is refused at once, not when it is first invoked.
"""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

from localcloud.aws_api import ApiError
from localcloud.ecr_images import DOCKER_MANIFEST, OCI_MANIFEST, ImageStore
from localcloud.ecr_repositories import find_repository
from localcloud.state import ACCOUNT_ID

_REFERENCE = re.compile(r"(?P<repository>[^:@]+)(?::(?P<tag>[\w][\w.-]{0,127})|@(?P<digest>sha256:[0-9a-f]{64}))")
_LAYER_TYPES = frozenset(
    {
        "application/vnd.oci.image.layer.v1.tar",
        "application/vnd.oci.image.layer.v1.tar+gzip",
        "application/vnd.docker.image.rootfs.diff.tar.gzip",
    }
)
_ARCHITECTURE = {"x86_64": "amd64", "arm64": "arm64"}
_PULL_ACTIONS = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
_POLICY_ID = "LambdaECRImageRetrievalPolicy"


@dataclasses.dataclass(frozen=True)
class FunctionImage:
    """An image that a function runs.

    Attributes:
        uri: As it was given.
        failure: Why Lambda cannot use it, found only after the call was accepted; "" when it can.
    """

    uri: str
    repository: str
    digest: str
    registry_host: str
    failure: str = ""

    @property
    def resolved_uri(self) -> str:
        """``repository@sha256:…``."""
        return f"{self.registry_host}/{self.repository}@{self.digest}"


class LambdaImages:
    """Finds images in the registry as Lambda does."""

    def __init__(self, store: ImageStore, registry_host: str) -> None:
        self._store = store
        self._host = registry_host

    def resolve(self, uri: str, architecture: str, region: str) -> FunctionImage:
        """The image of a URI.

        Raises:
            ApiError: ``InvalidParameterValueException``, with Lambda's words.
        """
        match = _REFERENCE.fullmatch(uri.removeprefix(f"{self._host}/")) if uri.startswith(f"{self._host}/") else None
        if match is None:
            raise _invalid(f"Source image {uri} is not valid. Provide a valid source image.")
        name = match["repository"]
        repository = find_repository(name, region)
        digest = match["digest"] or (self._store.tag(name, match["tag"]) if repository else "")
        manifest = self._store.manifest(name, digest) if repository and digest else None
        if repository is None or manifest is None:
            raise _invalid(f"Source image {uri} does not exist. Provide a valid source image.")
        if manifest.media_type not in {OCI_MANIFEST, DOCKER_MANIFEST}:
            raise _not_supported(uri)
        document = manifest.document
        configuration = self._store.read_blob(str(document["config"]["digest"]))
        if configuration is None:
            raise _not_supported(uri)
        built_for = json.loads(configuration).get("architecture")
        if built_for != _ARCHITECTURE.get(architecture):
            raise _invalid(f"The architecture of the source image {uri} is {built_for}, not {architecture}.")
        layers = {str(layer["mediaType"]) for layer in document["layers"]}
        failure = "" if layers <= _LAYER_TYPES else "ImageLayerFailure: UnsupportedImageLayerDetected"
        _permit_pull(repository, region)
        return FunctionImage(uri, name, digest, self._host, failure)


def _invalid(text: str) -> ApiError:
    return ApiError("InvalidParameterValueException", text)


def _not_supported(uri: str) -> ApiError:
    return _invalid(f"The image manifest, config or layer media type for the source image {uri} is not supported.")


def _permit_pull(repository: Any, region: str) -> None:
    """Adds the statement that Lambda adds to a repository whose policy does not let it pull."""
    policy = json.loads(repository.policy) if repository.policy else {"Version": "2012-10-17", "Statement": []}
    statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
    if any(_lets_lambda_pull(statement) for statement in statements):
        return
    statement = {
        "Sid": _POLICY_ID,
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": _PULL_ACTIONS,
        "Condition": {"StringLike": {"aws:sourceArn": f"arn:aws:lambda:{region}:{ACCOUNT_ID}:function:*"}},
    }
    repository.policy = json.dumps({**policy, "Statement": [*statements, statement]})


def _lets_lambda_pull(statement: dict[str, Any]) -> bool:
    principal = statement.get("Principal", {})
    services = principal.get("Service", []) if isinstance(principal, dict) else principal
    services = [services] if isinstance(services, str) else services
    actions = statement.get("Action", [])
    actions = {actions} if isinstance(actions, str) else set(actions)
    named = {"lambda.amazonaws.com", "*"} & set(services)
    return statement.get("Effect") == "Allow" and bool(named) and (actions >= set(_PULL_ACTIONS) or "ecr:*" in actions)
