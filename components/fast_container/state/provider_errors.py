"""How our errors look when the dynamic provider raises them.

Decides only that they are shown as they are: the SDK's process for dynamic providers prints every error as a traceback.
Everybody else's are left as they were.
"""

from __future__ import annotations

import sys
import traceback
from typing import Any

from fast_container.errors import FastContainerError


class _Traceback:
    """Stands for the module ``traceback`` where the SDK formats errors."""

    @staticmethod
    def format_exc() -> str:
        """The error that is being handled."""
        error = sys.exc_info()[1]
        return str(error) if isinstance(error, FastContainerError) else traceback.format_exc()

    def __getattr__(self, name: str) -> Any:
        return getattr(traceback, name)


def show_errors_plainly() -> None:
    """From now on; does nothing outside of a dynamic provider's process."""
    main: Any = sys.modules.get("__main__")
    if hasattr(main, "DynamicResourceProviderServicer") and getattr(main, "traceback", None) is traceback:
        main.traceback = _Traceback()
