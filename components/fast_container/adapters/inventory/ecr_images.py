"""All images of an ECR repository, and the deletion of some of them.

Decides what is asked: a list of the images (a thousand a page) and their manifests (a hundred a call), and that an
image whose manifest cannot be read stops everything, since what it keeps is not known. A deletion is by tag together
with digest (``core.cleanup.batches``); of ECR's failures, an image that is gone is a success, and one that an index
lists, or whose tag was moved, was kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from fast_container.adapters.aws_lists import Json, at_once, chunks, listed, object_in, objects_in
from fast_container.adapters.aws_session import aws_errors, error_code
from fast_container.core.cleanup.batches import IDS_PER_CALL, ids_of
from fast_container.core.cleanup.stored import ManifestFacts, StoredImage, facts_of
from fast_container.core.oci.media_types import MANIFEST_TYPES
from fast_container.core.oci.repository import Repository
from fast_container.errors import ArgsError, RegistryError

_PAGE: Final = 1000
_GONE: Final = "ImageNotFound"
_KEPT: Final = {
    "ImageReferencedByManifestList": "an index lists it",
    "ImageTagDoesNotMatchDigest": "its tag was moved",
}


@dataclass(frozen=True, slots=True)
class Deleted:
    """What became of a batch: digests that are gone, and digest → why it was not deleted."""

    gone: tuple[str, ...]
    kept: Mapping[str, str]
    failed: Mapping[str, str]


class EcrImages:
    """One repository.

    Args:
        url: ``host/name``.
        client: Makes the ECR client.
        registry_id: The account, or "" for the caller's own.
    """

    def __init__(self, url: str, client: Callable[[], Any], registry_id: str = "") -> None:
        self.url = url
        self._client = client
        self._place: dict[str, Any] = {"repositoryName": Repository.parse(url).name}
        if registry_id:
            self._place["registryId"] = registry_id

    def read(self) -> list[StoredImage]:
        """Return all images; blocking.

        Raises:
            AuthError: A permission is missing; the message names it.
            ArgsError: There is no such repository.
            RegistryError: ECR could not be asked, or an image cannot be read.
        """
        details = self._details(maxResults=_PAGE)
        parts = chunks(details, IDS_PER_CALL)
        facts: dict[str, ManifestFacts] = {}
        for some in at_once(self._facts, parts):
            facts |= some
        # An image that is gone since it was listed has no manifest.
        return [_stored(self.url, one, facts[one["imageDigest"]]) for one in details if one["imageDigest"] in facts]

    def look(self, images: Iterable[StoredImage]) -> dict[str, tuple[tuple[str, ...], float]]:
        """Return digest → tags and time of push, as they are now; without those that are gone. Blocking."""
        found: list[Json] = []
        for some in chunks(list(images), IDS_PER_CALL):
            found += self._details_of([image.digest for image in some])
        return {str(one["imageDigest"]): (_tags(one), _pushed(one)) for one in found}

    def delete(self, images: Sequence[StoredImage]) -> Deleted:
        """Delete images; blocking, and it may be done again.

        Raises:
            AuthError: The permission is missing.
            RegistryError: ECR could not be asked.
        """
        kept: dict[str, str] = {}
        failed: dict[str, str] = {}
        by_tag = {tag: image.digest for image in images for tag in image.tags}
        for ids in chunks([one for image in images for one in ids_of(image)], IDS_PER_CALL):
            with aws_errors("ecr:BatchDeleteImage", self.url):
                answer = cast("Json", self._client().batch_delete_image(**self._place, imageIds=list(ids)))
            for failure in objects_in(answer, "failures"):
                code, name = str(failure.get("failureCode")), object_in(failure, "imageId")
                # An answer may name an image by its tag alone.
                digest = str(name.get("imageDigest") or by_tag.get(str(name.get("imageTag")), ""))
                if not digest:
                    raise RegistryError(
                        "ECR does not say which image it did not delete.", where=self.url, why=f"{code}: {name}"
                    )
                if code in _KEPT:
                    kept[digest] = _KEPT[code]
                elif code != _GONE:
                    failed[digest] = f"{code}: {failure.get('failureReason', '')}"
        left = kept.keys() | failed.keys()
        return Deleted(tuple(one.digest for one in images if one.digest not in left), kept, failed)

    def _details(self, **request: Any) -> list[Json]:
        import botocore.exceptions  # noqa: PLC0415 - see adapters.aws_session

        def call(**page: Any) -> Any:
            try:
                return self._client().describe_images(**page)
            except botocore.exceptions.ClientError as error:
                if error_code(error) != "RepositoryNotFoundException":
                    raise
            raise ArgsError(
                "There is no such repository.", property_path="--repository", why=f"ECR does not know {self.url}"
            )

        return listed("ecr:DescribeImages", call, "nextToken", "imageDetails", **self._place, **request)

    def _details_of(self, digests: Sequence[str]) -> list[Json]:
        """Describe images of which some may be gone: one that is makes the whole call fail."""
        import botocore.exceptions  # noqa: PLC0415 - see adapters.aws_session

        if not digests:
            return []
        with aws_errors("ecr:DescribeImages", self.url):
            try:
                ids = [{"imageDigest": digest} for digest in digests]
                answer = cast("Json", self._client().describe_images(**self._place, imageIds=ids))
                return objects_in(answer, "imageDetails")
            except botocore.exceptions.ClientError as error:
                if error_code(error) != "ImageNotFoundException":
                    raise
        if len(digests) == 1:
            return []
        half = len(digests) // 2
        return self._details_of(digests[:half]) + self._details_of(digests[half:])

    def _facts(self, details: Sequence[Json]) -> dict[str, ManifestFacts]:
        with aws_errors("ecr:BatchGetImage", self.url):
            answer = cast(
                "Json",
                self._client().batch_get_image(
                    **self._place,
                    imageIds=[{"imageDigest": one["imageDigest"]} for one in details],
                    acceptedMediaTypes=list(MANIFEST_TYPES),
                ),
            )
        found: dict[str, ManifestFacts] = {}
        for image in objects_in(answer, "images"):
            digest = str(object_in(image, "imageId").get("imageDigest"))
            try:
                found[digest] = facts_of(str(image.get("imageManifest", "")))
            except ValueError as error:
                raise self._unreadable(digest, str(error)) from error
        gone: set[str] = set()
        for failure in objects_in(answer, "failures"):
            digest = str(object_in(failure, "imageId").get("imageDigest"))
            if failure.get("failureCode") != _GONE:
                raise self._unreadable(digest, f"{failure.get('failureCode')}: {failure.get('failureReason', '')}")
            gone.add(digest)
        for one in details:
            digest = str(one["imageDigest"])
            if digest not in found and digest not in gone:
                raise self._unreadable(digest, "ECR's answer does not mention it")
        return found

    def _unreadable(self, digest: str, why: str) -> RegistryError:
        return RegistryError("An image of the repository cannot be read.", where=f"{self.url}@{digest}", why=why)


def _stored(url: str, details: Json, facts: ManifestFacts) -> StoredImage:
    return StoredImage(
        url,
        str(details["imageDigest"]),
        _tags(details),
        _pushed(details),
        int(details.get("imageSizeInBytes") or 0),
        facts.children,
        facts.subject or str(details.get("subjectManifestDigest") or ""),
        facts.layers,
        facts.blobs,
        facts.image_name,
        facts.bases,
        facts.runs,
    )


def _tags(details: Json) -> tuple[str, ...]:
    return tuple(sorted(str(tag) for tag in details.get("imageTags") or ()))


def _pushed(details: Json) -> float:
    """Seconds since the epoch; 0 where ECR does not say."""
    pushed = details.get("imagePushedAt")
    return float(pushed.timestamp()) if pushed is not None else 0.0
