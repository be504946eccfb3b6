"""A build whose only result is files: its steps really run, nothing is pushed, and no image is left.

Decides that no step comes out of a cache, that buildx gets a private copy of Docker's configuration with the
credentials that the registries of its images need, and what a failure says. Leaves Dockerfile and files to the caller.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fast_container.adapters.buildx.builder import find_builder
from fast_container.adapters.buildx_inputs import passed_variables
from fast_container.adapters.docker_config import DockerConfig, private_docker_config
from fast_container.adapters.process.child import capture
from fast_container.adapters.process.private_directory import private_directory, secret_directory
from fast_container.core.ports import Credentials
from fast_container.errors import BuilderError, BuildFailed

_LAST_LINES: Final = 12


@dataclass(frozen=True, slots=True)
class ThrowAwayBuild:
    """What is built.

    Attributes:
        dockerfile: Its text; the last stage holds the files that are wanted.
        files: The build context: path → content.
        platform: Of its images.
        result: The file of the last stage that is wanted.
        failure_mark: A step that fails may write its result to its log, in one line after this.
        timeout_s: How long it may take.
    """

    dockerfile: str
    files: Mapping[str, bytes]
    platform: str
    result: str
    failure_mark: str
    timeout_s: float


async def run_throw_away(
    build: ThrowAwayBuild,
    builder_name: str | None,
    environment: Mapping[str, str],
    credentials: Mapping[str, Credentials],
) -> str:
    """Run a build and return the text of its result, or of the result of the step that failed.

    Args:
        build: What is built.
        builder_name: A buildx builder; None for the current one.
        environment: The user's.
        credentials: Registry host → credentials beyond those of Docker's configuration.

    Raises:
        BuilderError: There is no builder.
        BuildFailed: A step failed, or it took too long.
    """
    passed = passed_variables(environment)
    builder = await find_builder(builder_name, passed)
    with private_directory() as folder, secret_directory(environment) as secrets:
        # BuildKit keeps what it was sent under the folder's name, and this one is new each time.
        context = folder / folder.name
        _write(context, build.files)
        dockerfile, result = folder / "Dockerfile", folder / "result"
        dockerfile.write_text(build.dockerfile, encoding="utf-8")
        words = [*builder.command, "build", "--builder", builder.name, "--progress=plain", "--no-cache"]
        words += ["--provenance=false", "--sbom=false", "--platform", build.platform, "--file", str(dockerfile)]
        words += ["--output", f"type=local,dest={result}", str(context)]
        with private_docker_config(DockerConfig.load(passed), credentials, secrets) as variables:
            try:
                ended = await capture(words, env={**passed, **variables}, timeout_s=build.timeout_s)
            except TimeoutError as error:
                raise BuildFailed(f"The throw-away build was stopped after {build.timeout_s:.0f} s.") from error
        if ended.code != 0:
            marked = (line.partition(build.failure_mark) for line in ended.stderr.splitlines())
            if said := next((text for _, mark, text in marked if mark), ""):
                return said
            raise _failed(ended.stderr)
        try:
            return (result / build.result).read_text(encoding="utf-8")
        except OSError as error:
            raise BuilderError("The throw-away build left no result.", where=builder.name, why=str(error)) from error


def _write(context: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        place = context / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        place.chmod(0o644)
    for folder in (context, *(place for place in context.rglob("*") if place.is_dir())):
        folder.chmod(0o755)


def _failed(said: str) -> BuildFailed:
    lines = [line for line in said.splitlines() if line.strip()]
    errors: Iterable[str] = (line.removeprefix("ERROR: ") for line in reversed(lines) if line.startswith("ERROR: "))
    return BuildFailed(
        "The throw-away build on the image failed.",
        why=next(iter(errors), ""),
        last_lines=_own_lines(lines),
    )


def _own_lines(lines: list[str]) -> list[str]:
    """Leave out the excerpt of the Dockerfile at the end, which the user did not write."""
    end = next((at for at, line in enumerate(lines) if line.strip() == "------"), len(lines))
    return lines[max(0, end - _LAST_LINES) : end]
