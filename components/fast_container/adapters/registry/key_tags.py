"""The key tags of a repository, over the distribution API (ECR has it too: ``ecr:ListImages``).

Decides how many pages are read at most. Leaves what the tags name to their readers.
"""

from __future__ import annotations

import re
import urllib.parse
from typing import Final

from fast_container.adapters.registry.oci_registry import OciRegistry
from fast_container.core.json_document import parse_object, strings_field
from fast_container.core.key import is_key_tag
from fast_container.errors import RegistryError

_A_PAGE: Final = 1000
_MOST_PAGES: Final = 100
_NEXT: Final = re.compile(r'<([^>]*)>\s*;\s*rel="?next"?')


def key_tags(registry: OciRegistry) -> list[str]:
    """Return the key tags of a repository, in the registry's order; blocking.

    Raises:
        RegistryError: The registry could not be asked, or does not list tags.
    """
    found: list[str] = []
    path = f"/tags/list?n={_A_PAGE}"
    for _ in range(_MOST_PAGES):
        response = registry.send("GET", path, {"Accept": "application/json"})
        if response.status != 200:
            raise registry.error(response, "The registry did not list the tags of the repository.")
        try:
            tags = strings_field(parse_object(response.body), "tags")
        except ValueError as error:
            raise RegistryError(
                "The registry's list of tags cannot be read.", where=registry.url, why=str(error)
            ) from None
        found += [tag for tag in tags if is_key_tag(tag)]
        following = _NEXT.search(response.headers.get("link", ""))
        if following is None:
            break
        # Only the query is taken over: the address stays this repository's.
        path = f"/tags/list?{urllib.parse.urlsplit(following[1]).query}"
    return found
