"""The errors of the dynamic provider as the engine shows them.

Decides that ours are shown as they are, where the SDK's process for dynamic providers prints every error as a
traceback, and that an unexpected one becomes one of ours, with its traceback in a file. The errors of other dynamic
providers in that process are left as they were.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

from fast_container.adapters.traceback_log import explained
from fast_container.core.cache_folder import cache_folder
from fast_container.errors import FastContainerError
from fast_container.state.sdk_patches import format_errors, in_provider_process

P = ParamSpec("P")
R = TypeVar("R")


def one_message(method: Callable[P, R]) -> Callable[P, R]:
    """Turn every error of a method of the provider, whose last argument is a record, into one message."""

    @wraps(method)
    def called(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(*args, **kwargs)
        except FastContainerError:
            raise
        except Exception as error:
            record: object = args[-1]
            named = cast("dict[str, Any]", record).get("tagged_uri") if isinstance(record, dict) else ""
            what = f"The record of {named or 'an image'} could not be processed."
            # The SDK would print its cause, too.
            raise explained(error, what, cache_folder(os.environ) / "logs") from None

    return called


def show_errors_plainly() -> None:
    """Show our errors as they are from now on; does nothing outside of a dynamic provider's process."""
    if in_provider_process():
        format_errors(_formatted)


def _formatted() -> str:
    error = sys.exc_info()[1]
    return str(error) if isinstance(error, FastContainerError) else traceback.format_exc()
