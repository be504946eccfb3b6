"""Which images Lambda's SnapStart takes as they are, and the label that all others need.

Decides by the reference of the image that a Dockerfile starts from. AWS's own base images for Python from 3.12, Java
from 11 and .NET from 8 need nothing; without the label, publishing a version of any other image fails, unless its
runtime client calls ``/restore/next``, which a reference does not tell. Source: "Implement SnapStart runtime hooks for
custom runtimes", AWS Lambda developer guide.
"""

from __future__ import annotations

import re
from typing import Final

from fast_container.core.oci.reference import NotAReferenceError, parse_reference

LABEL: Final = "com.amazonaws.lambda.feature.snapstart"
ALLOW: Final = "Allow"
_PLACES: Final = {
    "public.ecr.aws": r"lambda/(python|java|dotnet)",
    "docker.io": r"amazon/aws-lambda-(python|java|dotnet)",
}
_LEAST: Final = {"python": (3, 12), "java": (11,), "dotnet": (8,)}
_VERSION: Final = re.compile(r"(\d+(?:\.\d+)?)")


def needs_label(reference: str) -> bool:
    """Whether an image that starts from a reference needs the label; also where that cannot be known."""
    try:
        found = parse_reference(reference)
    except NotAReferenceError:
        return True
    place = re.fullmatch(_PLACES.get(found.host, "(?!)"), found.path)
    version = _VERSION.match(found.tag)
    if place is None or version is None:
        return True
    numbers = tuple(int(part) for part in version[1].split("."))
    return numbers < _LEAST[place[1]]
