"""BuildKit's check of a Dockerfile, through buildx.

Decides that BuildKit gets the Dockerfile alone, beside an empty context, and may take half a minute: it can look up
base images. Leaves what it answers to ``checks.dockerfile.buildkit_check``.
"""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from fast_container.adapters.buildx.builder import find_buildx
from fast_container.adapters.process.child import capture
from fast_container.core.recipe import Recipe
from fast_container.errors import BuilderError

TIMEOUT_S: Final = 30.0


@contextmanager
def _folder(dockerfile: bytes) -> Generator[str]:
    """Make a folder with a Dockerfile and an empty context."""
    with tempfile.TemporaryDirectory(prefix="fast-container-check-") as folder:
        Path(folder, "Dockerfile").write_bytes(dockerfile)
        Path(folder, "context").mkdir()
        yield folder


async def check_dockerfile(
    dockerfile: bytes, recipe: Recipe, builder: str, environment: Mapping[str, str], *, timeout_s: float = TIMEOUT_S
) -> str:
    """Return the JSON of BuildKit's check.

    Args:
        dockerfile: Its bytes.
        recipe: Target, platform and build args.
        builder: A builder's name; ``""`` for the current one.
        environment: Of buildx.
        timeout_s: How long it may take.

    Raises:
        BuilderError: There is no buildx, or the builder gives no answer.
    """
    buildx = find_buildx(environment)
    with _folder(dockerfile) as folder:
        words = ["--call=check,format=json", "--file", f"{folder}/Dockerfile", "--platform", recipe.platform]
        words += ["--builder", builder] if builder else []
        words += ["--target", recipe.target] if recipe.target else []
        words += [word for name, value in recipe.build_args.items() for word in ("--build-arg", f"{name}={value}")]
        answer = await capture([*buildx, "build", *words, f"{folder}/context"], env=environment, timeout_s=timeout_s)
    # With findings it ends with 1, and the answer is there all the same.
    if not answer.stdout.lstrip().startswith("{"):
        said = [line for line in answer.stderr.splitlines() if line.strip()]
        raise BuilderError(
            "BuildKit's check of the Dockerfile gave no answer.",
            why=said[-1] if said else f"buildx ended with {answer.code}",
            next_step="Name a builder that runs: --buildkit NAME",
        )
    return answer.stdout
