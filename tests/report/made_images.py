"""An image made by hand and the one before it: a service with a few distributions, a package cache and a compiler."""

from __future__ import annotations

import random

from fast_container.breakdown.comparison import Comparison, compare
from fast_container.breakdown.image import Breakdown
from tests.breakdown.test_breakdown import SITE, divided
from tests.layer_images import Member, file

# Files of each distribution and their mean size, in bytes: a hundredth of what the real ones have.
_DISTRIBUTIONS = {"numpy": (60, 4_000), "pandas": (90, 5_500), "pydantic": (25, 2_000), "botocore": (120, 2_200)}


def compared_image() -> tuple[Breakdown, Comparison]:
    """Return an image, divided, and what grew since the one before it."""
    rng = random.Random(7)
    system = [file(f"usr/lib/lib{at}.so", rng.randrange(20_000, 90_000)) for at in range(40)]
    compiler = [file(f"usr/lib/gcc/x86_64-linux-gnu/14/{name}", 150_000) for name in ("cc1", "cc1plus", "lto1")]
    before = [*_distributions(rng, "numpy", "pydantic")]
    after = [*before, *_distributions(rng, "pandas", "botocore")]
    cache = [file(f"root/.cache/pip/http-v2/{at:x}", 60_000) for at in range(6)]
    app = [file(f"app/{name}.py", 3_000) for name in ("main", "orders", "prices")]
    old = divided(system, before, app)
    new = divided(system, compiler, [*after, *cache], app)
    return new, compare(old, new)


def _distributions(rng: random.Random, *names: str) -> list[Member]:
    found: list[Member] = []
    for name in names:
        files, mean = _DISTRIBUTIONS[name]
        paths = [f"{name}/part_{at % 7}/module_{at}.py" for at in range(files)]
        found += [file(f"{SITE}/{path}", rng.randrange(mean // 2, mean * 2)) for path in paths]
        found.append(file(f"{SITE}/{name}-2.1.0.dist-info/METADATA", 500))
        record = "".join(f"{path},,\n" for path in [*paths, f"{name}-2.1.0.dist-info/METADATA"])
        found.append(file(f"{SITE}/{name}-2.1.0.dist-info/RECORD", record.encode()))
    return found
