"""Layers are looked into also while every thread of the event loop's own pool is taken, as in a first ``up``."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor

from fast_container.adapters.registry.layer_start import RegistryLayers
from fast_container.adapters.registry.oci_registry import OciRegistry
from tests.adapters.http_registry import http_registry
from tests.build.test_look_inside import X86, elf, layer


def test_a_layer_is_looked_into_while_every_thread_of_the_pool_waits_for_a_hook() -> None:
    content, over = layer({"bin/tool": elf(X86)}), threading.Event()
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"

    async def story() -> bool:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(1))
        waiting = loop.run_in_executor(None, over.wait)
        try:
            looking = RegistryLayers(OciRegistry).programs(registry.url, digest, len(content), 1 << 20, "linux/amd64")
            return (await asyncio.wait_for(looking, 20)).fits
        finally:
            over.set()
            await waiting

    with http_registry() as registry:
        registry.blobs[digest] = content
        assert asyncio.run(story())
