"""``images`` images of one repository, over one build context."""

import atexit
import json
import os
import resource
from pathlib import Path

import pulumi

from fast_container import FastContainerImage


def write_cost() -> None:
    """Write the cost of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    # Not ru_maxrss: that counts what the parent held when it forked.
    peak = Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]
    cost = {"cpu_s": used.ru_utime + used.ru_stime, "memory_bytes": int(peak) * 1024}
    Path(os.environ["BENCH_COST"]).write_text(json.dumps(cost))


atexit.register(write_cost)
config = pulumi.Config()
repository, context, dockerfiles = (config.require(name) for name in ("repository", "context", "dockerfiles"))
for number in range(config.require_int("images")):
    image = FastContainerImage(
        f"image-{number:03}",
        repository=repository,
        context=context,
        dockerfile=f"{dockerfiles}/{number:03}.Dockerfile",
        build_args={"NUMBER": str(number)},
    )
    pulumi.export(f"image-{number:03}", image.image_uri)
