"""``pulumi_aws``, imported at its first use.

A program whose repositories are URLs, and which builds locally, never uses it.
"""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    import pulumi_aws  # noqa: PLC0415 - here is the point of it

    return getattr(pulumi_aws, name)
