"""A key tag that names another image than the one that was recorded under it: refused, unless the user accepts it.

Decides the message, with both digests and the two ways out, and how an acceptance is stored: a small file in the
program's folder (JSON, versioned), which names the tag and the one accepted digest. Leaves finding out to
``core.decision`` and the record's provider, and writing the file to ``fast-container accept``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from fast_container.core.json_document import parse_json, version_of
from fast_container.core.key import TAG_PATTERN
from fast_container.errors import ArgsError, RegistryError

FILE_NAME: Final = "fast-container.accepted.json"
OPTION: Final = "--accept-replaced-tag"
_VERSION: Final = 1
_SPELLING = re.compile(
    rf"(?P<tagged>(?P<url>[^\s@]+/[^\s@:]+):(?P<tag>{TAG_PATTERN}))@(?P<digest>sha256:[0-9a-f]{{64}})"
)


@dataclass(frozen=True, slots=True)
class AcceptedTag:
    """One replaced tag that the user accepts.

    Attributes:
        url: ``host/name``.
        tag: ``key-…``.
        digest: The image that it names now.
    """

    url: str
    tag: str
    digest: str

    def __str__(self) -> str:
        """The form that ``--accept-replaced-tag`` takes."""
        return f"{self.url}:{self.tag}@{self.digest}"


def parse_accepted(text: str) -> AcceptedTag:
    """Parse ``host/name:key-…@sha256:…``.

    Raises:
        ArgsError: It is malformed.
    """
    found = _SPELLING.fullmatch(text)
    if found is None:
        raise ArgsError(
            f"{text!r} does not name a replaced tag.",
            property_path=OPTION,
            why="the form is host/name:key-…@sha256:…, with the digest that the tag names now",
            next_step="Copy it from the message about the replaced tag.",
        )
    return AcceptedTag(found["url"], found["tag"], found["digest"])


def read_accepted(text: str, file: str) -> dict[str, str]:
    """Read the acceptances in a file: ``host/name:key-…`` → digest.

    Raises:
        ArgsError: The file is malformed.
    """
    try:
        document = cast("dict[str, Any]", parse_json(text))
        if document["version"] != _VERSION:
            raise ValueError(f"{version_of(document)}, and this program reads {_VERSION}")
        accepted = [parse_accepted(one) for one in document["accepted"]]
    except (ValueError, KeyError, TypeError, AttributeError, ArgsError) as error:
        raise ArgsError(
            f"{file} cannot be read.",
            property_path=file,
            why=f"{type(error).__name__}: {str(error).splitlines()[0]}",
            next_step=f"Delete it, and let `fast-container accept {OPTION} …` write it again.",
        ) from None
    return {f"{one.url}:{one.tag}": one.digest for one in accepted}


def load_accepted(folder: Path) -> dict[str, str]:
    """Read the acceptances of a program's folder; empty without a file.

    Raises:
        ArgsError: The file cannot be read.
    """
    file = folder / FILE_NAME
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ArgsError(
            f"{FILE_NAME} cannot be read.", property_path=FILE_NAME, why=error.strerror or str(error)
        ) from None
    return read_accepted(text, FILE_NAME)


def write_accepted(accepted: Mapping[str, str]) -> str:
    """Format the file."""
    spelled = sorted(f"{tagged}@{digest}" for tagged, digest in accepted.items())
    return json.dumps({"version": _VERSION, "accepted": spelled}, indent=1) + "\n"


def replaced_error(url: str, tag: str, recorded: str, found: str, *, of: str = "") -> RegistryError:
    """Make the error.

    Args:
        url: ``host/name``.
        tag: ``key-…``.
        recorded: The digest that was verified and recorded.
        found: The digest that the tag names now.
        of: The image's role for the refused one (``base image deps``), or "".
    """
    return RegistryError(
        f"The tag of {of or 'this image'} names another image than the one that was recorded.",
        where=f"{url}:{tag}",
        why=f"recorded: {recorded}; the registry has: {found}",
        next_step=ways_out(url, tag, found),
    )


def ways_out(url: str, tag: str, found: str) -> str:
    """Describe the two ways out, ready to be typed."""
    return (
        f"To have it built again, delete the tag {tag} and run `pulumi up --refresh`."
        f" To take the other image, run `fast-container accept {OPTION} {url}:{tag}@{found}` in the program's folder,"
        " then `pulumi up`."
    )
