"""Which repositories exist and how their tags may change, as moto's ECR holds it.

Decides tag mutability with its exclusion filters. Images are :mod:`localcloud.ecr_images`' matter.
"""

from __future__ import annotations

import re
from typing import Any

from localcloud.state import ACCOUNT_ID, REGION


def find_repository(name: str, region: str = REGION) -> Any | None:
    """Moto's repository, or None when ECR has none of that name."""
    from moto.ecr.models import ecr_backends  # noqa: PLC0415

    return ecr_backends[ACCOUNT_ID][region].repositories.get(name)


def is_immutable(repository: Any, tag: str) -> bool:
    """Whether an existing tag of this repository may not be put again."""
    mode = str(getattr(repository.image_tag_mutability, "value", repository.image_tag_mutability))
    filters = repository.image_tag_mutability_exclusion_filters or []
    excluded = any(_matches(str(entry["filter"]), tag) for entry in filters)
    if mode == "IMMUTABLE_WITH_EXCLUSION":
        return not excluded
    if mode == "MUTABLE_WITH_EXCLUSION":
        return excluded
    return mode == "IMMUTABLE"


def _matches(pattern: str, tag: str) -> bool:
    """Whether a tag matches a filter; ``*`` stands for any characters."""
    return re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), tag) is not None
