"""The cost of deciding a whole program, in a process of its own: ``python -m bench.planned_worker PLAN_FILE``.

Computes every image's key from the current files and compares it with the program file's; bases count in their
consumers. Prints one JSON object: ``seconds`` without the interpreter's start and imports, ``images``, ``changed``.
"""

from __future__ import annotations

import gc
import json
import sys
import time

from fast_container.cli.planned import current_images, load_plan


def main() -> None:
    """See the module."""
    plan = load_plan(sys.argv[1])
    # As the command line and ``pulumi up`` do.
    gc.freeze()
    started = time.perf_counter()
    images = current_images(plan.entries)
    changed = [name for name, image in images.items() if image.selected.key.hex != image.entry.build_key]
    took = time.perf_counter() - started
    print(json.dumps({"seconds": took, "images": len(images), "changed": len(changed)}))


if __name__ == "__main__":
    main()
