"""A fleet of images that all have to be built; ``nonce`` makes every step new."""

import atexit
import json
import os
import resource
from pathlib import Path

import pulumi

from fast_container import FastContainerImage, LocalBuilder


def write_cost() -> None:
    """Write the cost of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    cost = {"cpu_s": used.ru_utime + used.ru_stime, "memory_bytes": 0}
    Path(os.environ["BENCH_COST"]).write_text(json.dumps(cost))


atexit.register(write_cost)
config = pulumi.Config()
builder = LocalBuilder(max_parallel=config.get_int("parallel"))
for number in range(config.require_int("images")):
    image = FastContainerImage(
        f"service-{number}",
        repository=config.require("repository"),
        context=config.require("context"),
        build_args={"NONCE": f"{config.require('nonce')}-{number}"},
        builder=builder,
        runs_on=config.get("runs_on") or "lambda",
    )
    pulumi.export(f"service-{number}", image.image_uri)
