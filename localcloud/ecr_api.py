"""ECR's image calls, answered from the registry's own storage.

Decides the answers, per-id failures and errors of the image calls, after the service model of ECR and what users of
the service report of it. Calls about repositories, policies and tags of resources go to moto, with
``repositoryUri`` naming this cloud's registry.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from typing import Any

from localcloud.aws_api import ApiError, ApiRequest, ApiResponse
from localcloud.ecr_answers import (
    details_of,
    failure,
    image_ids,
    immutable_text,
    manifest_media_type,
    only,
    page_of,
    put_error,
    wanted,
)
from localcloud.ecr_images import ImageStore, ManifestRefusedError, StoredManifest
from localcloud.ecr_repositories import find_repository, is_immutable
from localcloud.state import ACCOUNT_ID
from localcloud.tokens import Tokens

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")

Json = dict[str, Any]


class EcrApi:
    """The handlers of ECR."""

    def __init__(self, store: ImageStore, tokens: Tokens, registry_host: str) -> None:
        self._store = store
        self._tokens = tokens
        self._registry_host = registry_host
        self._image_calls: dict[str, Callable[[str, Json], Json]] = {
            "BatchCheckLayerAvailability": self._batch_check_layer_availability,
            "BatchDeleteImage": self._batch_delete_image,
            "BatchGetImage": self._batch_get_image,
            "DescribeImages": self._describe_images,
            "GetDownloadUrlForLayer": self._get_download_url_for_layer,
            "ListImages": self._list_images,
            "PutImage": self._put_image,
        }

    def answer(self, request: ApiRequest) -> ApiResponse | None:
        """Answers the image calls and mends moto's answers to the others."""
        if request.operation == "GetAuthorizationToken":
            return ApiResponse.of(self._get_authorization_token(request))
        handler = self._image_calls.get(request.operation)
        if handler is not None:
            body = request.json()
            return ApiResponse.of(handler(self._repository(body, request.region), body))
        if request.operation in {"InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload"}:
            raise ApiError("InvalidParameterException", "The local cloud takes layers by the registry's HTTP API only.")
        if request.operation == "DeleteRepository":
            self._delete_images(request.json(), request.region)
        response = request.forward(None)
        real_host = f"{ACCOUNT_ID}.dkr.ecr.{request.region}.amazonaws.com/"
        response.body = response.body.replace(real_host.encode(), f"{self._registry_host}/".encode())
        return response

    def _repository(self, body: Json, region: str) -> str:
        name = str(body.get("repositoryName", ""))
        registry_id = str(body.get("registryId") or ACCOUNT_ID)
        if registry_id != ACCOUNT_ID or find_repository(name, region) is None:
            raise ApiError(
                "RepositoryNotFoundException",
                f"The repository with name '{name}' does not exist in the registry with id '{registry_id}'",
            )
        return name

    def _get_authorization_token(self, request: ApiRequest) -> Json:
        password, expires_at = self._tokens.issue(request.access_key)
        token = base64.b64encode(f"AWS:{password}".encode()).decode()
        data = {"authorizationToken": token, "expiresAt": expires_at, "proxyEndpoint": f"http://{self._registry_host}"}
        return {"authorizationData": [data]}

    # --- reading

    def _batch_get_image(self, name: str, body: Json) -> Json:
        accepted = set(body.get("acceptedMediaTypes") or [])
        images: list[Json] = []
        failures: list[Json] = []
        for image_id in image_ids(body):
            found = self._find(name, image_id)
            if isinstance(found, StoredManifest) and accepted and found.media_type not in accepted:
                # By digest ECR converts nothing; by tag it may give other bytes, which must not be relied on.
                found = ("ImageNotFound", "Requested image not found in an accepted media type")
            if isinstance(found, StoredManifest):
                answered = {"imageDigest": found.digest, **only(image_id, "imageTag")}
                images.append(
                    {
                        "registryId": ACCOUNT_ID,
                        "repositoryName": name,
                        "imageId": answered,
                        "imageManifest": found.content.decode(),
                        "imageManifestMediaType": found.media_type,
                    }
                )
            else:
                failures.append(failure(image_id, *found))
        return {"images": images, "failures": failures}

    def _find(self, name: str, image_id: Json) -> StoredManifest | tuple[str, str]:
        """The image of an id, or a failure's code and reason."""
        tag, digest = image_id.get("imageTag"), image_id.get("imageDigest")
        if not tag and not digest:
            return "MissingDigestAndTag", "Invalid request parameters: both tag and digest cannot be null"
        if digest and not _DIGEST.fullmatch(str(digest)):
            return "InvalidImageDigest", "Invalid request parameters: image digest should satisfy the regex"
        pointed = self._store.tag(name, str(tag)) if tag else ""
        if tag and digest and pointed and pointed != digest:
            return "ImageTagDoesNotMatchDigest", "The requested image tag does not match the image digest"
        manifest = self._store.manifest(name, pointed if tag else str(digest))
        return manifest or ("ImageNotFound", "Requested image not found")

    def _describe_images(self, name: str, body: Json) -> Json:
        tags = self._tags_by_digest(name)
        if "imageIds" in body:
            if body.get("maxResults") or body.get("nextToken"):
                raise ApiError("InvalidParameterException", "imageIds and maxResults cannot be used together")
            found = [self._described(name, image_id) for image_id in image_ids(body)]
            return {"imageDetails": self._details(name, found, tags)}
        digests = [d for d in self._store.digests(name) if wanted(body, bool(tags.get(d)))]
        page, next_token = page_of(digests, body)
        found = [one for one in (self._store.manifest(name, digest) for digest in page) if one]
        return {"imageDetails": self._details(name, found, tags), **next_token}

    def _details(self, name: str, manifests: list[StoredManifest], tags: dict[str, list[str]]) -> list[Json]:
        return [details_of(name, one, self._store.size_bytes(name, one), tags.get(one.digest, [])) for one in manifests]

    def _described(self, name: str, image_id: Json) -> StoredManifest:
        found = self._find(name, image_id)
        if isinstance(found, StoredManifest):
            return found
        shown = (
            f"{{imageDigest:'{image_id.get('imageDigest', 'null')}', imageTag:'{image_id.get('imageTag', 'null')}'}}"
        )
        raise ApiError(
            "ImageNotFoundException",
            f"The image with imageId {shown} does not exist within the repository with name '{name}' "
            f"in the registry with id '{ACCOUNT_ID}'",
        )

    def _list_images(self, name: str, body: Json) -> Json:
        tags = self._tags_by_digest(name)
        ids: list[Json] = []
        for digest in self._store.digests(name):
            tagged = tags.get(digest, [])
            if wanted(body, bool(tagged)):
                ids += [{"imageDigest": digest, "imageTag": tag} for tag in tagged] or [{"imageDigest": digest}]
        page, next_token = page_of(ids, body)
        return {"imageIds": page, **next_token}

    def _tags_by_digest(self, name: str) -> dict[str, list[str]]:
        by_digest: dict[str, list[str]] = {}
        for tag, digest in self._store.tags(name).items():
            by_digest.setdefault(digest, []).append(tag)
        return by_digest

    def _batch_check_layer_availability(self, name: str, body: Json) -> Json:
        layers: list[Json] = []
        failures: list[Json] = []
        for digest in body.get("layerDigests", []):
            if not _DIGEST.fullmatch(digest):
                reason = "Invalid layer digest"
                failures.append({"layerDigest": digest, "failureCode": "InvalidLayerDigest", "failureReason": reason})
                continue
            size = self._store.blob_size(name, digest)
            layer = {"layerDigest": digest, "layerAvailability": "UNAVAILABLE" if size is None else "AVAILABLE"}
            layers.append(layer if size is None else {**layer, "layerSize": size})
        return {"layers": layers, "failures": failures}

    def _get_download_url_for_layer(self, name: str, body: Json) -> Json:
        digest = str(body.get("layerDigest", ""))
        if self._store.blob_size(name, digest) is None:
            raise ApiError("LayersNotFoundException", f"The layer with digest '{digest}' does not exist")
        return {"layerDigest": digest, "downloadUrl": self._store.blob_url(name, digest)}

    # --- changing

    def _put_image(self, name: str, body: Json) -> Json:
        content = str(body.get("imageManifest", "")).encode()
        media_type = manifest_media_type(content, body.get("imageManifestMediaType"))
        digest = "sha256:" + hashlib.sha256(content).hexdigest()
        if body.get("imageDigest", digest) != digest:
            raise ApiError(
                "ImageDigestDoesNotMatchException",
                f"The calculated digest '{digest}' does not match the digest given '{body['imageDigest']}'",
            )
        tag = body.get("imageTag")
        with self._store.lock(name):
            self._refuse_existing(name, tag, digest)
            try:
                self._store.put(name, tag or digest, content, media_type)
            except ManifestRefusedError as refused:
                raise put_error(refused, media_type) from refused
        image_id = {"imageDigest": digest, **({"imageTag": tag} if tag else {})}
        image = {"registryId": ACCOUNT_ID, "repositoryName": name, "imageId": image_id}
        return {"image": {**image, "imageManifest": content.decode(), "imageManifestMediaType": media_type}}

    def _refuse_existing(self, name: str, tag: str | None, digest: str) -> None:
        there = self._store.tag(name, tag) if tag else ""
        if tag and there and is_immutable(find_repository(name), tag):
            raise ApiError("ImageTagAlreadyExistsException", immutable_text(name, tag))
        if there == digest or (not tag and self._store.manifest(name, digest)):
            raise ApiError(
                "ImageAlreadyExistsException",
                f"Image with digest '{digest}' and tag '{tag or 'null'}' already exists in the repository "
                f"with name '{name}' in registry with id '{ACCOUNT_ID}'",
            )

    def _batch_delete_image(self, name: str, body: Json) -> Json:
        removed: list[Json] = []
        failures: list[Json] = []
        with self._store.lock(name):
            tags, listed = self._tags_by_digest(name), self._store.children(name)
            for image_id in image_ids(body):
                found = self._find(name, image_id)
                if not isinstance(found, StoredManifest):
                    failures.append(failure(image_id, *found))
                    continue
                tag, of_image = image_id.get("imageTag"), tags.get(found.digest, [])
                if tag and of_image != [tag]:
                    removed.append(self._untag(name, found.digest, tag, of_image))
                elif found.digest in listed:
                    reason = "Requested image referenced by manifest list"
                    failures.append(failure(image_id, "ImageReferencedByManifestList", reason))
                else:
                    removed += self._delete(name, found.digest, of_image)
                    listed = self._store.children(name) if found.is_index else listed
        return {"imageIds": removed, "failures": failures}

    def _untag(self, name: str, digest: str, tag: str, of_image: list[str]) -> Json:
        self._store.remove(name, tag)
        of_image.remove(tag)
        return {"imageDigest": digest, "imageTag": tag}

    def _delete(self, name: str, digest: str, of_image: list[str]) -> list[Json]:
        answered = [{"imageDigest": digest, "imageTag": tag} for tag in of_image] or [{"imageDigest": digest}]
        for tag in of_image:
            self._store.remove(name, tag)
        of_image.clear()
        self._store.remove(name, digest)
        return answered

    def _delete_images(self, body: Json, region: str) -> None:
        name = self._repository(body, region)
        with self._store.lock(name):
            if not body.get("force") and self._store.digests(name):
                raise ApiError(
                    "RepositoryNotEmptyException",
                    f"The repository with name '{name}' in registry with id '{ACCOUNT_ID}' cannot be deleted "
                    "because it still contains images",
                )
            self._store.drop_repository(name)
