"""``pulumi_aws``, imported when something of it is first used.

A program whose repositories are URLs, and which builds locally, uses nothing of it.
"""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    import pulumi_aws  # noqa: PLC0415 - here is the point of it

    return getattr(pulumi_aws, name)
