"""What ECR says of the images of a repository: tags, age, and the findings of its scans.

Decides that one list answers for a whole repository, a thousand images a page; what a finding's fix is takes a call an
image, so it is asked for only where a list shows findings. Leaves gates to the checks of an image.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from fast_container.adapters.aws_lists import Json, listed, object_in
from fast_container.core.oci.repository import Repository

_PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class ImageDetails:
    """One image.

    Attributes:
        digest: The manifest's.
        tags: All of them.
        pushed: Seconds since the epoch, or 0.
        findings: Severity → number of findings; None without a scan.
    """

    digest: str
    tags: tuple[str, ...]
    pushed: float
    findings: Mapping[str, int] | None = field(default=None)


def repository_details(url: str, client: Callable[[], Any], registry_id: str = "") -> list[ImageDetails]:
    """Return all images of a repository; blocking.

    Raises:
        AuthError: The permission is missing.
        RegistryError: ECR could not be asked, or there is no such repository.
    """
    place = _place(url, registry_id)
    found = listed(
        "ecr:DescribeImages", client().describe_images, "nextToken", "imageDetails", maxResults=_PAGE, **place
    )
    return [_details(one) for one in found]


def fixable_findings(url: str, digest: str, client: Callable[[], Any], registry_id: str = "") -> dict[str, int]:
    """Return severity → number of the findings of one image that have a fix; blocking.

    Only enhanced scans say which have one; of a basic scan there is no answer.
    """
    pages = listed(
        "ecr:DescribeImageScanFindings",
        _findings_of(client),
        "nextToken",
        "enhanced",
        imageId={"imageDigest": digest},
        maxResults=_PAGE,
        **_place(url, registry_id),
    )
    counts: dict[str, int] = {}
    for one in pages:
        if one.get("fixAvailable") in ("YES", "PARTIAL"):
            severity = str(one.get("severity") or "UNDEFINED")
            counts[severity] = counts.get(severity, 0) + 1
    return counts


def _findings_of(client: Callable[[], Any]) -> Callable[..., Json]:
    def page(**request: Any) -> Json:
        answer: Json = client().describe_image_scan_findings(**request)
        found = object_in(answer, "imageScanFindings")
        return {"enhanced": found.get("enhancedFindings"), "nextToken": answer.get("nextToken")}

    return page


def _place(url: str, registry_id: str) -> dict[str, Any]:
    return {"repositoryName": Repository.parse(url).name, **({"registryId": registry_id} if registry_id else {})}


def _details(one: Json) -> ImageDetails:
    pushed = one.get("imagePushedAt")
    summary = one.get("imageScanFindingsSummary")
    counts = object_in(object_in(one, "imageScanFindingsSummary"), "findingSeverityCounts")
    return ImageDetails(
        str(one["imageDigest"]),
        tuple(str(tag) for tag in one.get("imageTags") or ()),
        float(pushed.timestamp()) if pushed is not None else 0.0,
        {str(name): int(count) for name, count in counts.items()} if summary else None,
    )
