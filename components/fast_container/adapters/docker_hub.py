"""How many pulls Docker Hub lets this address have.

Decides how it is asked: by a HEAD of its own test image, which does not count as a pull. Source: Docker's page "Docker
Hub pull usage and limits".
"""

from __future__ import annotations

import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Final

from fast_container.core.json_document import parse_object, string_field
from fast_container.core.oci.repository import DOCKER_HUB, Repository
from fast_container.errors import RegistryError

_IMAGE: Final = "ratelimitpreview/test"
_TOKEN: Final = f"https://auth.docker.io/token?service=registry.docker.io&scope=repository:{_IMAGE}:pull"
_TIMEOUT_S: Final = 8.0
_LARGEST_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class PullLimit:
    """Pulls in a window of time; None where Docker Hub names no limit."""

    limit: int | None
    left: int | None


def pull_limit() -> PullLimit:
    """Ask Docker Hub, without credentials; blocking.

    Raises:
        RegistryError: It cannot be reached.
    """
    try:
        with urllib.request.urlopen(_TOKEN, timeout=_TIMEOUT_S) as answer:
            token = string_field(parse_object(answer.read(_LARGEST_BYTES)), "token")
        place = f"https://{Repository(DOCKER_HUB, _IMAGE).api_host}/v2/{_IMAGE}/manifests/latest"
        request = urllib.request.Request(place, method="HEAD", headers={"Authorization": f"Bearer {token}"})
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as found:  # noqa: S310 - as above
                headers = found.headers
        except urllib.error.HTTPError as error:
            # Too many: the answer has the same headers.
            headers = error.headers
    except (OSError, ValueError, KeyError) as error:
        raise RegistryError("Docker Hub cannot be reached.", where=DOCKER_HUB, why=str(error)) from error
    return PullLimit(_count(headers.get("ratelimit-limit")), _count(headers.get("ratelimit-remaining")))


def _count(header: str | None) -> int | None:
    """The number of ``100;w=21600``."""
    number = (header or "").partition(";")[0].strip()
    return int(number) if number.isdigit() else None
