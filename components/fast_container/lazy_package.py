"""A package that is imported when something of it is first used.

For ``pulumi_aws``: a program whose repositories are URLs, and which builds locally, uses nothing of it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


class LazyPackage:
    """Stands for a package until it is used.

    Args:
        name: The package's.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(import_module(self._name), attribute)
