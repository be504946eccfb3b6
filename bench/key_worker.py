"""One measurement in a process of its own: ``python -m bench.key_worker WHAT ROOT IMAGES DOCKERFILES CACHE``.

Prints one JSON object: ``seconds`` of the work itself, without the interpreter's start and imports, and facts about it.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from bench.rivals import floor, whole_context_hash
from fast_container.adapters.digests.walks import open_walks
from fast_container.core.decision import NoManifest, RecordedImage, Skip, decide
from fast_container.core.declared import DeclaredImage, ignore_rules
from fast_container.core.recipe import Recipe
from fast_container.core.select import check_declared, select_image

IGNORED = frozenset({"node_modules", ".git", "__pycache__"})


def declared(root: str, dockerfile: Path, number: int) -> DeclaredImage:
    """An image over the tree."""
    return DeclaredImage(
        name=f"image-{number}",
        context=root,
        dockerfile=str(dockerfile),
        dockerfile_name=dockerfile.name,
        recipe=Recipe(build_args={"NUMBER": str(number)}),
    )


def ours(root: str, images: int, dockerfiles: Path, cache: str) -> dict[str, float]:
    """Decide all images of a program as it does: check, select, hash, compare with what state recorded."""
    made = [declared(root, dockerfiles / f"{number:03}.Dockerfile", number) for number in range(images)]
    started = time.perf_counter()
    walks = open_walks(Path(cache))
    files = skipped = 0
    for image in made:
        check_declared(image)
        selected = select_image(image, walks)
        key = selected.key
        skipped += isinstance(decide(key, RecordedImage(key.hex, "sha256:0", key.parts), NoManifest.NOT_ASKED), Skip)
        files = max(files, sum(context.selection.file_count for context in selected.selected.values()))
    took = time.perf_counter() - started
    started = time.perf_counter()
    walks.save()
    return {"seconds": took, "saving": time.perf_counter() - started, "files": files, "skipped": skipped}


def peers(root: str, images: int, dockerfiles: Path, _cache: str) -> dict[str, float]:
    """The whole context, once for each image in preview and once in ``up``."""
    rules = ignore_rules(declared(root, dockerfiles / "000.Dockerfile", 0), "context").rules
    started = time.perf_counter()
    for _ in range(2 * images):
        whole_context_hash(root, rules)
    return {"seconds": time.perf_counter() - started}


def least(root: str, _images: int, _dockerfiles: Path, cache: str) -> dict[str, float]:
    """The floor; ``cache`` is ``warm`` or ``cold`` here."""
    started = time.perf_counter()
    files = floor(root, IGNORED, read=cache == "cold")
    return {"seconds": time.perf_counter() - started, "files": files}


def main() -> None:
    """See the module."""
    what, root, images, dockerfiles, cache = sys.argv[1:]
    work = {"ours": ours, "peers": peers, "floor": least}[what]
    print(json.dumps(work(root, int(images), Path(dockerfiles), cache)))


if __name__ == "__main__":
    main()
