"""One repository of any registry that speaks the OCI distribution API.

Decides the meaning of an answer: a 404 in the registry's own words is absent, a 200 with a manifest that fits every
known digest is present, and everything else is an error, never "absent" and never "present". The host that answers
after a redirect is not the registry: its challenges and errors never decide who gets the credentials. Leaves logging in
to ``adapters.registry.login``, reading answers to ``adapters.registry.answers`` and connections to
``adapters.registry.http_transport``.

ECR's deviations (its ``GET`` omits Docker-Content-Digest; a tag that exists in an immutable repository answers 400 even
for the same digest; a media type missing in ``Accept`` reads as 404 or as a converted body) need no special case here:
bodies are hashed, all types are accepted, and after a refusal the tag is read.
"""

from __future__ import annotations

import asyncio
import threading
import urllib.parse
from collections.abc import Callable, Iterable, Mapping, Sequence

from fast_container.adapters.registry.answers import (
    error_text,
    fits,
    has_expired,
    is_registry,
    read_manifest,
    says_absent,
    says_nothing,
)
from fast_container.adapters.registry.http_transport import HttpTransport, Response
from fast_container.adapters.registry.login import CredentialsSource, RegistryLogin, denied
from fast_container.adapters.registry.proxies import is_loopback
from fast_container.adapters.registry.put_rate import PutRate
from fast_container.adapters.threads import in_thread
from fast_container.core.json_document import is_digest
from fast_container.core.oci.media_types import MANIFEST_TYPES
from fast_container.core.oci.repository import Repository, is_host, is_repository_name
from fast_container.core.ports import Manifest
from fast_container.errors import RegistryError

_ACCEPT = ", ".join(MANIFEST_TYPES)
_LOOKUPS_AT_ONCE = 8
# The first after the challenge, the second after a kept token that has expired.
_AUTHORIZATIONS = 2
_USER_AGENT = "fast-container"


def _nothing() -> None:
    """Nothing to do."""


class OciRegistry:
    """A repository; satisfies ``core.ports.Registry``.

    Args:
        url: ``host[:port]/name``.
        credentials: Asked in a thread when the registry demands them, and once more when it refuses them.
        refused: Called before credentials are asked for once more, so that a kept token can be forgotten.
        plain_http: Use http; by default for loopback hosts only.
        transport: Shared connections, retries and proxies; its own by default.
        turns: When a manifest or tag may be put; by default always.
    """

    def __init__(
        self,
        url: str,
        credentials: CredentialsSource = lambda: None,
        *,
        refused: Callable[[], None] = lambda: None,
        plain_http: bool | None = None,
        transport: HttpTransport | None = None,
        turns: PutRate | None = None,
    ) -> None:
        repository = Repository.parse(url)
        host, name = repository.host, repository.name
        if not is_host(host) or not is_repository_name(name):
            raise RegistryError("A repository URL must be host/name.", where=url, next_step="Give it as host/name.")
        self._url = url
        self._name = name
        if plain_http is None:
            plain_http = is_loopback(host.rpartition(":")[0] if ":" in host else host)
        self._base = f"{'http' if plain_http else 'https'}://{repository.api_host}/v2/{name}"
        self._turns = turns
        self._http = transport or HttpTransport()
        self._login = RegistryLogin(url, plain_http, self._http, credentials, refused)

    @property
    def url(self) -> str:
        """``host/name``."""
        return self._url

    async def find(self, tags: Sequence[str]) -> Mapping[str, Manifest]:
        """Return the manifests under these tags; absent tags, and all tags of an absent repository, are left out."""
        limit = asyncio.Semaphore(_LOOKUPS_AT_ONCE)

        async def one(tag: str) -> Manifest | None:
            async with limit:
                return await in_thread(self._manifest, tag)

        found = await asyncio.gather(*(one(tag) for tag in dict.fromkeys(tags)))
        return {tag: manifest for tag, manifest in zip(dict.fromkeys(tags), found, strict=True) if manifest}

    async def manifest(self, digest: str) -> Manifest | None:
        """Return the manifest with that digest, or None."""
        return await in_thread(self.manifest_blocking, digest)

    async def blob(self, digest: str) -> bytes:
        """Return a small blob, checked against its digest."""
        return await in_thread(self.blob_blocking, digest)

    async def tag(self, manifest: Manifest, tag: str) -> str:
        """Put a tag on a manifest that is there, and return the digest that is under the tag afterwards."""
        return await in_thread(self._tag, manifest, tag)

    def _manifest(self, reference: str) -> Manifest | None:
        response = self.send("GET", f"/manifests/{reference}", {"Accept": _ACCEPT})
        if says_absent(response):
            return None
        if response.status == 404:
            if says_nothing(response) and self._is_registry():
                return None
            raise self.foreign(response, reference)
        if response.status != 200:
            raise self.error(response, f"The registry could not say whether {reference} exists.")
        return read_manifest(response, reference, self._url)

    def _is_registry(self) -> bool:
        headers = {"User-Agent": _USER_AGENT}
        return is_registry(self._http.request("GET", self._base.removesuffix(self._name), headers))

    def manifest_blocking(self, digest: str) -> Manifest | None:
        """``manifest``, for callers in a thread."""
        self._check_digest(digest)
        return self._manifest(digest)

    def blob_blocking(self, digest: str) -> bytes:
        """``blob``, likewise."""
        self._check_digest(digest)
        response = self.send("GET", f"/blobs/{digest}", {"Accept": "*/*"}, follow=True)
        if response.status != 200:
            raise self.error(response, f"The registry did not return the blob {digest}.")
        if not fits(response.body, digest):
            raise RegistryError("The registry sent a blob that does not fit its digest.", where=f"{self._url}@{digest}")
        return response.body

    def _tag(self, manifest: Manifest, tag: str) -> str:
        there = self._manifest(tag)
        if there is not None:
            return there.digest
        response = self.put_manifest(manifest, tag)
        if response.status in (200, 201, 202):
            # In a repository with mutable tags another machine may have put its own in between; or the answer came
            # from something other than the registry.
            there = self._manifest(tag)
            if there is None:
                raise RegistryError(f"The tag {tag} was put, but the registry does not have it.", where=self._url)
            return there.digest
        if response.status in (400, 409, 412) and (there := self._manifest(tag)) is not None:
            return there.digest
        raise self.error(response, f"The registry refused the tag {tag}.")

    def _check_digest(self, digest: str) -> None:
        """Refuse to ask for anything but a digest, since a digest may come from the registry itself."""
        if not is_digest(digest):
            raise RegistryError(
                "A manifest refers to something that is not a digest.", where=self._url, why=repr(digest)[:120]
            )

    def put_manifest(self, manifest: Manifest, reference: str, *, has_turn: bool = False) -> Response:
        """Put a manifest under a tag or its own digest; blocking. ``has_turn`` is for one that had a spare turn."""
        turns, headers = self._turns, {"Content-Type": manifest.media_type}
        if turns is not None and not has_turn:
            turns.wait()
        throttled = _nothing if turns is None else turns.throttled
        return self.send("PUT", f"/manifests/{reference}", headers, body=manifest.content, throttled=throttled)

    def spare_turn(self, given_up: threading.Event) -> bool:
        """Wait for a turn to put what no image needs; return whether there was one before it was given up; blocking."""
        return not given_up.is_set() if self._turns is None else self._turns.wait_for_spare(given_up)

    def upload(self, location: str, size: int, pieces: Iterable[bytes]) -> Response:
        """Send a blob's bytes to the ``Location`` of an upload; blocking."""
        url = urllib.parse.urljoin(self._base, location)
        headers = {
            "User-Agent": _USER_AGENT,
            "Content-Type": "application/octet-stream",
            "Content-Length": str(size),
        }
        # A location on another host carries its own permission; the credentials are for the registry only.
        here, there = urllib.parse.urlsplit(self._base)[:2], urllib.parse.urlsplit(url)[:2]
        if here[0] == "https" and there[0] != "https":
            raise RegistryError("The registry asks for an upload without TLS.", where=self._url, why=f"to {there[1]}")
        if self._login.authorization and there == here:
            headers["Authorization"] = self._login.authorization
        return self._http.upload("PUT", url, headers, pieces)

    def send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        *,
        body: bytes | None = None,
        follow: bool = False,
        throttled: Callable[[], None] = _nothing,
    ) -> Response:
        """Send a request below the repository's own address, authorized if the registry demands it; blocking.

        Raises:
            AuthError: Credentials are missing or refused.
            RegistryError: The registry cannot be reached.
        """

        def send(authorization: str) -> Response:
            sent = {"User-Agent": _USER_AGENT, **headers}
            if authorization:
                sent["Authorization"] = authorization
            return self._http.request(method, self._base + path, sent, body, follow=follow, throttled=throttled)

        used = self._login.authorization
        response = send(used)
        for _ in range(_AUTHORIZATIONS):
            if response.elsewhere:
                return response
            if response.status != 401 and not (used and has_expired(response)):
                break
            refused, used = used, self._login.renew(response, used, push=method in ("POST", "PUT"))
            if used == refused:
                break
            response = send(used)
        if response.status in (401, 403) and not response.elsewhere:
            raise denied(response, self._url)
        return response

    def foreign(self, response: Response, asked: str) -> RegistryError:
        """Make the error for a 404 that is not the registry's own and so says nothing about the repository."""
        kind = response.headers.get("content-type", "").partition(";")[0].strip()
        page = "a web page answered" if "html" in kind else f"the answer ({kind or 'of no type'}) names no reason"
        return RegistryError(
            f"{self._url} was looked up, but a registry did not answer.",
            where=f"{self._url}, asked for {asked}",
            why=f"HTTP 404, and {page} as the registry's API has it" if "html" not in kind else f"HTTP 404: {page}",
            next_step="Check the repository's URL, and any proxy, gateway or login page in between.",
        )

    def error(self, response: Response, what: str) -> RegistryError:
        """Turn an unexpected status into an error, with the registry's own words."""
        text = error_text(response)
        missing = response.status == 404 and "NAME_UNKNOWN" in text
        return RegistryError(
            what,
            where=self._url,
            why=f"HTTP {response.status}{f': {text}' if text else ''}",
            next_step="Create the repository, or correct its name." if missing else "",
        )
