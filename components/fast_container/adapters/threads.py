"""Threads for blocking calls, apart from those of the event loop's default pool.

In a Pulumi program every registration of a resource holds a thread of that pool until its hooks have ended. Hooks that
needed a thread of the same pool would wait for each other for ever, from as many changed images on as it has threads
(four for each of the engine's parallel operations). So whatever a hook may wait for runs here.
"""

from __future__ import annotations

import asyncio
import contextvars
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

# Starts its threads on use. None of the calls waits for another one, so a full pool only delays.
_POOL: Final = ThreadPoolExecutor(max_workers=64, thread_name_prefix="fast-container")
# More threads than cores only get in each other's way.
_CORES: Final = ThreadPoolExecutor(max_workers=min(os.cpu_count() or 1, 8), thread_name_prefix="fast-container-cpu")


async def in_thread(work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """As ``asyncio.to_thread``, in a pool of our own."""
    call = partial(contextvars.copy_context().run, work, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(_POOL, call)


async def on_core(work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """As ``in_thread``, for work that keeps a core busy and waits for nobody."""
    call = partial(contextvars.copy_context().run, work, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(_CORES, call)
