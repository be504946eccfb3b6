"""Tags in the shapes that AWS's services want.

Decides nothing but shape: IAM, ECR and EC2 take lists of ``Key``/``Value``, ECS of ``key``/``value``, Lambda and Logs
take maps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def as_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """``[{"Key": …, "Value": …}]``, sorted by key."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def as_map(tags: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """The map of a list of ``Key``/``Value``."""
    return {tag["Key"]: tag["Value"] for tag in tags}


def delta(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """The tags to set and the keys to remove that lead from old to new."""
    to_set = {key: value for key, value in new.items() if old.get(key) != value}
    return to_set, sorted(set(old) - set(new))


def as_ecs_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """``[{"key": …, "value": …}]``, sorted by key."""
    return [{"key": key, "value": value} for key, value in sorted(tags.items())]


def from_ecs_list(tags: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """The map of a list of ``key``/``value``."""
    return {tag["key"]: tag["value"] for tag in tags}


def put_on_ecs(ecs: Any, arn: str, old: Mapping[str, str], new: Mapping[str, str]) -> None:
    """Bring the tags of an ECS resource from old to new."""
    to_set, to_remove = delta(old, new)
    if to_remove:
        ecs.untag_resource(resourceArn=arn, tagKeys=to_remove)
    if to_set:
        ecs.tag_resource(resourceArn=arn, tags=as_ecs_list(to_set))
