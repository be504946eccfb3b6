"""One repository of any registry that speaks the OCI distribution API.

Decides what an answer means: 404 is absent, 200 is present and hashed by us, everything else is an error,
never "absent" and never "present". Leaves where credentials come from to its caller and connections to
``adapters.http_transport``.

ECR's deviations (its ``GET`` omits Docker-Content-Digest; a tag that exists in an immutable repository
answers 400 even for the same digest; a media type missing in ``Accept`` reads as 404 or as a converted body)
need no special case here: bodies are hashed, all types are accepted, and after a refusal the tag is read.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import threading
import urllib.parse
from collections.abc import Callable, Iterable, Mapping, Sequence

from fast_container.adapters.http_transport import HttpTransport, Response
from fast_container.adapters.proxies import is_loopback
from fast_container.adapters.registry_answers import challenge, error_text, has_expired, json_object
from fast_container.adapters.threads import in_thread
from fast_container.core.ecr_host import login_command
from fast_container.core.ports import Credentials, Manifest
from fast_container.errors import AuthError, RegistryError

MANIFEST_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v1+json",
)
IDENTITY_TOKEN_USER = "<token>"  # noqa: S105 - Docker's marker for an identity token, not a password
_ACCEPT = ", ".join(MANIFEST_TYPES)
_LOOKUPS_AT_ONCE = 8
# The first for the challenge, the second for a kept token that has expired.
_AUTHORIZATIONS = 2
_USER_AGENT = "fast-container"

CredentialsSource = Callable[[], Credentials | None]


class OciRegistry:
    """A repository; satisfies ``core.ports.Registry``.

    Args:
        url: ``host[:port]/name``.
        credentials: Asked in a thread when the registry demands them, and once more when it refuses them.
        refused: Called before credentials are asked for once more, so that a kept token can be forgotten.
        plain_http: Use http; by default for loopback hosts only.
        transport: Shared connections, retries and proxies; its own by default.
        before_put: Called before each manifest or tag is put; may wait for its turn.
    """

    def __init__(
        self,
        url: str,
        credentials: CredentialsSource = lambda: None,
        *,
        refused: Callable[[], None] = lambda: None,
        plain_http: bool | None = None,
        transport: HttpTransport | None = None,
        before_put: Callable[[], None] = lambda: None,
    ) -> None:
        host, _, name = url.partition("/")
        if not host or not name:
            raise RegistryError("A repository URL is host/name.", where=url, next_step="Give it as host/name.")
        self._url = url
        self._name = name
        if plain_http is None:
            plain_http = is_loopback(host.rpartition(":")[0] if ":" in host else host)
        api_host = "registry-1.docker.io" if host == "docker.io" else host
        self._base = f"{'http' if plain_http else 'https'}://{api_host}/v2/{name}"
        self._credentials = credentials
        self._refused = refused
        self._before_put = before_put
        self._http = transport or HttpTransport()
        self._authorization = ""
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """``host/name``."""
        return self._url

    async def find(self, tags: Sequence[str]) -> Mapping[str, Manifest]:
        """The manifests under those tags; absent tags, and all tags of an absent repository, are left out."""
        limit = asyncio.Semaphore(_LOOKUPS_AT_ONCE)

        async def one(tag: str) -> Manifest | None:
            async with limit:
                return await in_thread(self._manifest, tag)

        found = await asyncio.gather(*(one(tag) for tag in dict.fromkeys(tags)))
        return {tag: manifest for tag, manifest in zip(dict.fromkeys(tags), found, strict=True) if manifest}

    async def manifest(self, digest: str) -> Manifest | None:
        """The manifest with that digest, or None."""
        return await in_thread(self._manifest, digest)

    async def blob(self, digest: str) -> bytes:
        """A small blob, checked against its digest."""
        return await in_thread(self._blob, digest)

    async def tag(self, manifest: Manifest, tag: str) -> str:
        """Put a tag on a manifest that is there, and return the digest that is under the tag afterwards."""
        return await in_thread(self._tag, manifest, tag)

    def _manifest(self, reference: str) -> Manifest | None:
        response = self.send("GET", f"/manifests/{reference}", {"Accept": _ACCEPT})
        if response.status == 404:
            if "html" in response.headers.get("content-type", ""):
                raise self.error(response, f"{self._url} was looked up, but a web page answered, not a registry.")
            return None
        if response.status != 200:
            raise self.error(response, f"The registry could not say whether {reference} exists.")
        digest = f"sha256:{hashlib.sha256(response.body).hexdigest()}"
        if reference.startswith("sha256:") and reference != digest:
            raise RegistryError(
                "The registry sent a manifest that does not fit its digest.",
                where=f"{self._url}@{reference}",
                why=f"its SHA-256 is {digest}",
            )
        media_type = response.headers.get("content-type", "").partition(";")[0].strip()
        return Manifest(digest, media_type, response.body)

    def _blob(self, digest: str) -> bytes:
        response = self.send("GET", f"/blobs/{digest}", {"Accept": "*/*"}, follow=True)
        if response.status != 200:
            raise self.error(response, f"The registry did not give the blob {digest}.")
        if f"sha256:{hashlib.sha256(response.body).hexdigest()}" != digest:
            raise RegistryError("The registry sent a blob that does not fit its digest.", where=f"{self._url}@{digest}")
        return response.body

    def _tag(self, manifest: Manifest, tag: str) -> str:
        there = self._manifest(tag)
        if there is not None:
            return there.digest
        response = self.put_manifest(manifest, tag)
        if response.status in (200, 201, 202):
            # In a repository with mutable tags another machine may have put its own in between.
            there = self._manifest(tag)
            return there.digest if there else manifest.digest
        if response.status in (400, 409, 412) and (there := self._manifest(tag)) is not None:
            return there.digest
        raise self.error(response, f"The registry refused the tag {tag}.")

    def put_manifest(self, manifest: Manifest, reference: str) -> Response:
        """Put a manifest under a tag or its own digest; blocking."""
        self._before_put()
        headers = {"Content-Type": manifest.media_type}
        return self.send("PUT", f"/manifests/{reference}", headers, body=manifest.content)

    def upload(self, location: str, size: int, pieces: Iterable[bytes]) -> Response:
        """Send a blob's bytes to where an upload's ``Location`` points; blocking."""
        url = urllib.parse.urljoin(self._base, location)
        headers = {
            "User-Agent": _USER_AGENT,
            "Content-Type": "application/octet-stream",
            "Content-Length": str(size),
        }
        # A location elsewhere carries its own permission; the credentials are nobody else's business.
        if self._authorization and urllib.parse.urlsplit(url)[:2] == urllib.parse.urlsplit(self._base)[:2]:
            headers["Authorization"] = self._authorization
        return self._http.upload("PUT", url, headers, pieces)

    def send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        *,
        body: bytes | None = None,
        follow: bool = False,
    ) -> Response:
        """Send a request below the repository's own address, authorized where that is demanded; blocking.

        Raises:
            AuthError: Credentials are missing or refused.
            RegistryError: The registry cannot be reached.
        """

        def send(authorization: str) -> Response:
            sent = {"User-Agent": _USER_AGENT, **headers}
            if authorization:
                sent["Authorization"] = authorization
            return self._http.request(method, self._base + path, sent, body, follow=follow)

        used = self._authorization
        response = send(used)
        for _ in range(_AUTHORIZATIONS):
            if response.status != 401 and not (used and has_expired(response)):
                break
            refused, used = used, self._authorize(response, used, push=method in ("POST", "PUT"))
            if used == refused:
                break
            response = send(used)
        if response.status in (401, 403):
            raise self._denied(response)
        return response

    def _authorize(self, response: Response, used: str, *, push: bool) -> str:
        with self._lock:
            if self._authorization != used:
                return self._authorization
            if used:
                self._refused()
            scheme, parameters = challenge(response.headers.get("www-authenticate", ""))
            credentials = self._credentials()
            if scheme == "bearer":
                self._authorization = "Bearer " + self._bearer_token(parameters, credentials, push=push)
            elif credentials is None:
                raise AuthError(
                    "The registry demands credentials and there are none.",
                    where=self._url,
                    next_step=f"Log in: {login_command(self._url.partition('/')[0])}",
                )
            else:
                self._authorization = basic(credentials)
            return self._authorization

    def _bearer_token(self, parameters: Mapping[str, str], credentials: Credentials | None, *, push: bool) -> str:
        realm = parameters.get("realm", "")
        if not realm.startswith("https://") and not is_loopback(urllib.parse.urlsplit(realm).hostname or ""):
            raise AuthError("The registry names a token service without TLS.", where=self._url, why=realm)
        scope = parameters.get("scope") or f"repository:{self._name}:{'pull,push' if push else 'pull'}"
        query = {"service": parameters.get("service", ""), "scope": scope}
        if credentials is not None and credentials.username == IDENTITY_TOKEN_USER:
            form = {
                **query,
                "grant_type": "refresh_token",
                "client_id": _USER_AGENT,
                "refresh_token": credentials.password,
            }
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            response = self._http.request("POST", realm, headers, urllib.parse.urlencode(form).encode())
        else:
            headers = {"Authorization": basic(credentials)} if credentials else {}
            separator = "&" if "?" in realm else "?"
            response = self._http.request("GET", realm + separator + urllib.parse.urlencode(query), headers)
        if response.status != 200:
            raise self._denied(response)
        answer = json_object(response.body)
        token = answer.get("token") or answer.get("access_token")
        if not isinstance(token, str):
            raise AuthError("The token service gave no token.", where=realm)
        return token

    def _denied(self, response: Response) -> AuthError:
        host = self._url.partition("/")[0]
        text = error_text(response)
        what = "The registry refused the credentials." if response.status == 401 else "The registry denied access."
        return AuthError(
            what,
            where=self._url,
            why=f"HTTP {response.status}{f': {text}' if text else ''}",
            next_step=f"Check that the identity in use may read from and push to this repository of {host}.",
        )

    def error(self, response: Response, what: str) -> RegistryError:
        """What a status that is no answer becomes, with the registry's own words."""
        text = error_text(response)
        missing = response.status == 404 and "NAME_UNKNOWN" in text
        return RegistryError(
            what,
            where=self._url,
            why=f"HTTP {response.status}{f': {text}' if text else ''}",
            next_step="Create the repository, or correct its name." if missing else "",
        )


def basic(credentials: Credentials) -> str:
    """The value of an ``Authorization`` header."""
    pair = f"{credentials.username}:{credentials.password}".encode()
    return "Basic " + base64.b64encode(pair).decode()
