"""``simulated.py IMAGES ROOT``: images under Pulumi's mocks; prints their cost as one JSON object."""

from __future__ import annotations

import asyncio
import gc
import json
import resource
import sys
from pathlib import Path
from typing import Any

import pulumi

from fast_container import FastContainerImage


class Mocks(pulumi.runtime.Mocks):
    """Inputs come back as outputs."""

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        return f"{args.name}-id", {**args.inputs, "digest": "sha256:" + 64 * "0"}

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict[str, Any]:
        return {}


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def register_all(images: int, root: str) -> None:
    """Declare all images, as a program does, and wait for them."""
    made = [
        FastContainerImage(
            f"image-{number:05}",
            repository="registry.example/bench/many",
            context=root,
            dockerfile="simulated.Dockerfile",
            build_args={"NUMBER": str(number)},
        )
        for number in range(images)
    ]
    # One after the other: a wait for all of them would be the measurement's own.
    for image in made:
        await image.image_uri.future()


def main() -> None:
    """See the module."""
    images, root = int(sys.argv[1]), sys.argv[2]
    Path("simulated.Dockerfile").write_text("FROM scratch\nARG NUMBER\nLABEL n=$NUMBER\nCOPY services/service00 /app\n")
    # First the loop: the mocks make Outputs of their own.
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    pulumi.runtime.set_mocks(Mocks(), preview=True)
    # As the library has it in a program; under mocks it leaves the process as it is.
    gc.freeze()
    gc.set_threshold(20_000, *gc.get_threshold()[1:])
    started_s = _cpu_s()
    loop.run_until_complete(register_all(images, root))
    peak = Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]
    print(json.dumps({"cpu_s": _cpu_s() - started_s, "memory_bytes": int(peak) * 1024}))


main()
