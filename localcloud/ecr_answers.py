"""How ECR's answers and refusals read: ids, failures, pages, details of an image, errors of a push.

Decides shapes and wordings only; which image is meant and what is done to it is decided in :mod:`localcloud.ecr_api`.
"""

from __future__ import annotations

import json
from typing import Any

from localcloud.aws_api import ApiError
from localcloud.ecr_images import INDEX_TYPES, ManifestRefusedError, StoredManifest
from localcloud.state import ACCOUNT_ID

_MAX_IDS = 100
_MAX_MANIFEST_BYTES = 4 * 1024 * 1024

Json = dict[str, Any]


def immutable_text(name: str, tag: str) -> str:
    """ECR's words for a tag that may not be put again."""
    return (
        f"The image tag '{tag}' already exists in the '{name}' repository and cannot be overwritten "
        "because the repository is immutable."
    )


def image_ids(body: Json) -> list[Json]:
    """The ids that a call names.

    Raises:
        ApiError: None, or more than a hundred.
    """
    ids = body.get("imageIds") or []
    if not 1 <= len(ids) <= _MAX_IDS:
        raise ApiError(
            "InvalidParameterException",
            "Invalid parameter at 'imageIds' failed to satisfy constraint: "
            f"'Member must have length between 1 and {_MAX_IDS}'",
        )
    return ids


def failure(image_id: Json, code: str, reason: str) -> Json:
    """One entry of ``failures``; the id is echoed."""
    return {"imageId": only(image_id, "imageDigest", "imageTag"), "failureCode": code, "failureReason": reason}


def only(image_id: Json, *names: str) -> Json:
    """The named members of an id that are there."""
    return {name: image_id[name] for name in names if image_id.get(name)}


def wanted(body: Json, tagged: bool) -> bool:
    """Whether ``filter.tagStatus`` wants an image."""
    status = (body.get("filter") or {}).get("tagStatus", "ANY")
    return status == "ANY" or (status == "TAGGED") == tagged


def page_of(items: list[Any], body: Json) -> tuple[list[Any], Json]:
    """One page of a list, and the token of the next where there is one."""
    start, size = int(body.get("nextToken") or 0), int(body.get("maxResults") or _MAX_IDS)
    more = {"nextToken": str(start + size)} if start + size < len(items) else {}
    return items[start : start + size], more


def details_of(name: str, manifest: StoredManifest, size_bytes: int, tags: list[str]) -> Json:
    """An image as ``DescribeImages`` shows it."""
    details: Json = {
        "registryId": ACCOUNT_ID,
        "repositoryName": name,
        "imageDigest": manifest.digest,
        "imageSizeInBytes": size_bytes,
        "imagePushedAt": manifest.pushed_at,
        "imageManifestMediaType": manifest.media_type,
        "imageStatus": "ACTIVE",
    }
    if tags:
        details["imageTags"] = tags
    if not manifest.is_index:
        details["artifactMediaType"] = manifest.document["config"]["mediaType"]
    return details


def manifest_media_type(content: bytes, given: str | None) -> str:
    """Return a manifest's media type: its own, or the one given with it.

    Raises:
        ApiError: It has neither, or the two differ.
    """
    if len(content) > _MAX_MANIFEST_BYTES:
        raise ApiError("InvalidParameterException", "Invalid parameter at 'ImageManifest': longer than 4 MiB")
    try:
        named = json.loads(content).get("mediaType")
    except (ValueError, AttributeError):
        named = None
        given = None
    if not named and not given:
        raise ApiError(
            "InvalidParameterException",
            "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'",
        )
    if named and given and named != given:
        raise ApiError(
            "InvalidParameterException",
            f"Invalid parameter at 'imageManifestMediaType': manifest says '{named}', not '{given}'",
        )
    return str(named or given)


def put_error(refused: ManifestRefusedError, media_type: str) -> ApiError:
    """ECR's error for a manifest that the registry did not take."""
    if "MANIFEST_BLOB_UNKNOWN" in refused.codes and media_type in INDEX_TYPES:
        return ApiError("ReferencedImagesNotFoundException", f"Images referenced are not found: {refused}")
    if "MANIFEST_BLOB_UNKNOWN" in refused.codes or "BLOB_UNKNOWN" in refused.codes:
        return ApiError("LayersNotFoundException", f"The layers of the image are not found: {refused}")
    return ApiError("InvalidParameterException", f"Invalid parameter at 'ImageManifest': {refused}")
