"""A repository of Amazon ECR: lookups by its API, everything else by its registry.

Decides which of ECR's answers means "absent": of BatchGetImage's failure codes only ``ImageNotFound`` and
``ImageTagDoesNotMatchDigest`` (as AWS's own containerd resolver has it), and a repository that does not exist, which
holds no image, like a 404 from any other registry. An image that the answer does not mention is not absent: that answer
is not ECR's. Putting a tag into a missing repository is an error that says so. Every other failure code is an error: it
means "cannot tell".
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import botocore.exceptions

from fast_container.adapters.aws_session import aws_errors, error_code
from fast_container.adapters.registry.oci_registry import OciRegistry
from fast_container.adapters.threads import in_thread
from fast_container.core.json_document import parse_object
from fast_container.core.oci.media_types import MANIFEST_TYPES
from fast_container.core.oci.repository import Repository
from fast_container.core.ports import Credentials, Manifest
from fast_container.errors import AuthError, RegistryError

_IDS_PER_CALL = 100
_ABSENT = frozenset({"ImageNotFound", "ImageTagDoesNotMatchDigest"})
_MARGIN_S = 15 * 60.0
_SHORTEST_USE_S = 5 * 60.0

ClientSource = Callable[[], Any]


class EcrToken:
    """A registry's authorization token: fetched at use, kept in memory until shortly before it expires.

    Args:
        client: Makes the ECR client; called in a thread.
        where: For messages.
        now: Seconds since the epoch.
    """

    def __init__(self, client: ClientSource, where: str, *, now: Callable[[], float] = time.time) -> None:
        self._client = client
        self._where = where
        self._now = now
        self._credentials: Credentials | None = None
        self._use_until = 0.0
        self._proxy_endpoint = ""
        self._lock = threading.Lock()

    def credentials(self) -> Credentials:
        """Return user and password for the registry; blocking."""
        with self._lock:
            if self._credentials is None or self._now() >= self._use_until:
                self._fetch()
            assert self._credentials is not None
            return self._credentials

    def forget(self) -> None:
        """Fetch a new token next time, because the registry refused this one."""
        with self._lock:
            self._credentials = None

    def proxy_endpoint(self) -> str:
        """Return the URL that the token is for; blocking."""
        self.credentials()
        return self._proxy_endpoint

    def _fetch(self) -> None:
        with aws_errors("ecr:GetAuthorizationToken", self._where):
            answer = self._client().get_authorization_token()
        data: Mapping[str, Any] = {}
        password, username, expires_s = "", "", 0.0
        # An answer without one of these is not ECR's.
        with contextlib.suppress(KeyError, IndexError, TypeError, AttributeError, ValueError):
            data = answer["authorizationData"][0]
            username, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
            expires_s = float(data["expiresAt"].timestamp())
        if not password:
            raise AuthError("ECR returned an authorization token that cannot be read.", where=self._where)
        now = self._now()
        # An expiry in the past (a wrong clock, an emulator) must not mean a call for every use.
        self._use_until = max(expires_s - _MARGIN_S, now + _SHORTEST_USE_S)
        self._credentials = Credentials(username, password)
        self._proxy_endpoint = str(data.get("proxyEndpoint", ""))


class EcrRegistry:
    """One ECR repository; satisfies ``core.ports.Registry``.

    Args:
        url: ``host/name``, as in ECR's ``repositoryUri``.
        client: Makes the ECR client; called in a thread.
        oci: The same repository through the registry's HTTP API, with the token.
        registry_id: The account, or "" for the caller's own.
    """

    def __init__(self, url: str, client: ClientSource, oci: OciRegistry, *, registry_id: str = "") -> None:
        self._url = url
        self._name = Repository.parse(url).name
        self._client = client
        self._oci = oci
        self._registry_id = registry_id

    @property
    def url(self) -> str:
        """``host/name``."""
        return self._url

    async def find(self, tags: Sequence[str]) -> Mapping[str, Manifest]:
        """Return the manifests under these tags, 100 a call; absent ones are left out."""
        wanted = list(dict.fromkeys(tags))
        calls = [wanted[i : i + _IDS_PER_CALL] for i in range(0, len(wanted), _IDS_PER_CALL)]
        found: dict[str, Manifest] = {}
        for answer in await asyncio.gather(*(in_thread(self._batch_get, call) for call in calls)):
            found.update(answer)
        return found

    async def manifest(self, digest: str) -> Manifest | None:
        """Return the manifest with that digest, or None."""
        return await self._oci.manifest(digest)

    async def blob(self, digest: str) -> bytes:
        """Return a small blob, checked against its digest."""
        return await self._oci.blob(digest)

    async def tag(self, manifest: Manifest, tag: str) -> str:
        """Put a tag through the registry's API, and return the digest that is under it afterwards."""
        return await self._oci.tag(manifest, tag)

    def _batch_get(self, tags: Sequence[str]) -> dict[str, Manifest]:
        request: dict[str, Any] = {
            "repositoryName": self._name,
            "imageIds": [{"imageTag": tag} for tag in tags],
            "acceptedMediaTypes": list(MANIFEST_TYPES),
        }
        if self._registry_id:
            request["registryId"] = self._registry_id
        with aws_errors("ecr:BatchGetImage", self._url):
            try:
                answer = cast("Mapping[str, Any]", self._client().batch_get_image(**request))
            except botocore.exceptions.ClientError as error:
                if error_code(error) == "RepositoryNotFoundException":
                    return {}
                raise
        failures = cast("Sequence[Mapping[str, Any]]", answer.get("failures") or ())
        for failure in failures:
            if failure.get("failureCode") not in _ABSENT:
                raise RegistryError(
                    "ECR could not say whether an image exists.",
                    where=f"{self._url}:{failure.get('imageId', {}).get('imageTag', '')}",
                    why=f"{failure.get('failureCode')}: {failure.get('failureReason', '')}",
                )
        found = dict(self._read(image) for image in cast("Sequence[Mapping[str, Any]]", answer.get("images") or ()))
        absent = {cast("Mapping[str, str]", failure.get("imageId") or {}).get("imageTag", "") for failure in failures}
        for tag in tags:
            # ECR names every image as found or failed; an answer without one of them is not ECR's.
            if tag not in found and tag not in absent:
                raise RegistryError(
                    "ECR did not say whether an image exists.",
                    where=f"{self._url}:{tag}",
                    why="its answer names the image neither as found nor as missing",
                    next_step="Check the endpoint of ECR, and any proxy in between; then run again.",
                )
        return {tag: manifest for tag, manifest in found.items() if tag in tags}

    def _read(self, image: Mapping[str, Any]) -> tuple[str, Manifest]:
        image_id = cast("Mapping[str, str]", image.get("imageId") or {})
        kind = str(image.get("imageManifestMediaType", ""))
        content = str(image.get("imageManifest", "")).encode()
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        tag = image_id.get("imageTag", "")
        if digest != image_id.get("imageDigest", digest):
            raise RegistryError(
                "ECR sent a manifest that does not fit its digest.",
                where=f"{self._url}:{tag}",
                why=f"its SHA-256 is {digest}, ECR says {image_id.get('imageDigest')}",
            )
        try:
            parse_object(content)
        except ValueError as error:
            raise RegistryError(
                "ECR sent a manifest that cannot be read.", where=f"{self._url}:{tag}", why=str(error)
            ) from error
        return tag, Manifest(digest, kind, content)
