"""The answers of a registry beyond their status: challenges, errors, manifests, and whose answer it is.

Decides how they are read, and that only the registry's own words count: a gateway, a proxy or a login page in between
answers 200 and 404 too. Leaves the consequences to ``adapters.registry.oci_registry``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final, cast

from fast_container.adapters.registry.http_transport import Response
from fast_container.core.json_document import parse_object
from fast_container.core.oci.media_types import MANIFEST_TYPES, OCI_INDEX, OCI_MANIFEST
from fast_container.core.ports import Manifest
from fast_container.errors import RegistryError
from fast_container.printable import printable

# Some registries are no more precise than that; then the document's own media type counts.
_PLAIN_TYPES: Final = frozenset({"", "application/json", "application/octet-stream", "text/plain"})
# The codes of the OCI distribution specification for absent content, and Harbor's.
_ABSENT: Final = frozenset({"MANIFEST_UNKNOWN", "NAME_UNKNOWN", "NOT_FOUND", "MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN"})
_ALGORITHMS: Final = {"sha256": hashlib.sha256, "sha384": hashlib.sha384, "sha512": hashlib.sha512}


def has_expired(response: Response) -> bool:
    """Whether a token has expired: ECR answers 403, without a challenge, to a token that was valid once."""
    return response.status == 403 and "token has expired" in error_text(response)


def says_absent(response: Response) -> bool:
    """Whether a 404 is the registry's own statement that something is not there.

    Its error code is one of the distribution specification, or a header at least shows that it is a registry.
    """
    if response.status != 404 or response.elsewhere:
        return False
    codes = [str(error["code"]) for error in _errors(response) if error.get("code")]
    return any(code in _ABSENT for code in codes) if codes else _names_itself(response)


def says_nothing(response: Response) -> bool:
    """Whether a 404 has no body, as the specification allows and a gateway without a route does."""
    return response.status == 404 and not response.elsewhere and not response.body


def is_registry(response: Response) -> bool:
    """Whether the host that answered ``GET /v2/`` is a registry."""
    if response.elsewhere:
        return False
    if _names_itself(response) or _errors(response):
        return True
    is_page = "html" in response.headers.get("content-type", "")
    return (response.status == 200 and not is_page) or (
        response.status == 401 and challenge(response.headers.get("www-authenticate", ""))[0] in ("basic", "bearer")
    )


def _names_itself(response: Response) -> bool:
    is_page = "html" in response.headers.get("content-type", "")
    return "docker-distribution-api-version" in response.headers and not is_page


def read_manifest(response: Response, reference: str, where: str) -> Manifest:
    """Return the manifest of a 200, checked against every known digest.

    Args:
        response: The answer.
        reference: The tag or digest that was asked for.
        where: The repository, for messages.

    Raises:
        RegistryError: It is not a manifest, or not that one.
    """
    kind = response.headers.get("content-type", "").partition(";")[0].strip()
    digest = f"sha256:{hashlib.sha256(response.body).hexdigest()}"
    asked = [reference] if ":" in reference else []
    for known in (*asked, response.headers.get("docker-content-digest", "").strip()):
        if known and not fits(response.body, known):
            raise RegistryError(
                "The registry sent a manifest that does not fit its digest.",
                where=f"{where}@{known}",
                why=f"its SHA-256 is {digest}",
            )
    try:
        document = parse_object(response.body)
        if kind not in MANIFEST_TYPES:
            kind = _kind_of(document, kind)
    except ValueError as error:
        raise RegistryError(
            "Something other than a registry answered, or the answer is damaged.",
            where=f"{where}, asked for {reference}",
            why=f"the answer is not a manifest: {error}",
            next_step="Check the repository's URL, and any proxy, gateway or login page in between.",
        ) from None
    return Manifest(asked[0] if asked else digest, kind, response.body)


def fits(content: bytes, digest: str) -> bool:
    """Whether content has this digest."""
    algorithm, _, value = digest.partition(":")
    compute = _ALGORITHMS.get(algorithm)
    return compute is not None and compute(content).hexdigest() == value


def challenge(header: str) -> tuple[str, dict[str, str]]:
    """Return scheme (lower case) and parameters of WWW-Authenticate; commas within quotes do not separate."""
    scheme, _, rest = header.strip().partition(" ")
    parameters: dict[str, str] = {}
    while rest:
        name, _, rest = rest.lstrip(" ,").partition("=")
        if rest.startswith('"'):
            value, _, rest = rest[1:].partition('"')
        else:
            value, _, rest = rest.partition(",")
        if name:
            parameters[name.strip().lower()] = value.strip()
    return scheme.lower(), parameters


def json_object(body: bytes) -> dict[str, Any]:
    """Return the body as a JSON object; empty if it is not one."""
    try:
        return parse_object(body)
    except ValueError:
        return {}


def error_text(response: Response) -> str:
    """Return ``CODE: message`` of the registry's first error, as one line of at most 300 characters."""
    first = next(iter(_errors(response)), None)
    if first is None:
        return ""
    return printable(f"{first.get('code', '')}: {first.get('message', '')}".strip(": ")[:300])


def _errors(response: Response) -> list[Mapping[str, Any]]:
    errors: object = json_object(response.body).get("errors")
    listed = cast("list[object]", errors) if isinstance(errors, list) else []
    return [cast("Mapping[str, Any]", error) for error in listed if isinstance(error, dict)]


def _kind_of(document: Mapping[str, Any], said: str) -> str:
    """Return the media type that a manifest itself gives."""
    kind = document.get("mediaType")
    if said not in _PLAIN_TYPES or not isinstance(document.get("schemaVersion"), int):
        raise ValueError(f"its media type is {said or 'not given'}")
    if isinstance(kind, str) and kind in MANIFEST_TYPES:
        return kind
    if kind is not None:
        raise ValueError("it names a media type that no image has")
    return OCI_INDEX if isinstance(document.get("manifests"), list) else OCI_MANIFEST
