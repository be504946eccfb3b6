"""The same resources as ``images.py`` with components and dynamic records that do nothing."""

import atexit
import json
import os
import resource
from pathlib import Path

import pulumi

from bench.programs.no_op_record import NoOpRecord


def write_cost() -> None:
    """Write the cost of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    peak = Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]
    cost = {"cpu_s": used.ru_utime + used.ru_stime, "memory_bytes": int(peak) * 1024}
    Path(os.environ["BENCH_COST"]).write_text(json.dumps(cost))


class NoOpImage(pulumi.ComponentResource):
    """A component with the outputs of an image."""

    def __init__(self, name: str, key: str) -> None:
        super().__init__("bench:index:NoOpImage", name, {})
        record = NoOpRecord(f"{name}-build", key, pulumi.ResourceOptions(parent=self))
        self.image_uri = pulumi.Output.concat(record.repository_url, "@", record.digest)
        self.register_outputs(
            {
                "image_uri": self.image_uri,
                "digest": record.digest,
                "tagged_uri": record.tagged_uri,
                "repository_url": record.repository_url,
            }
        )


atexit.register(write_cost)
for number in range(pulumi.Config().require_int("images")):
    image = NoOpImage(f"image-{number:03}", f"{number:040}")
    pulumi.export(f"image-{number:03}", image.image_uri)
