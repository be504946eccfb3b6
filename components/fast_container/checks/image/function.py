"""V07: what AWS Lambda needs of an image, beyond what its manifest shows.

Decides what would fail at the first invocation: files that Lambda's own user cannot read, a program or a handler that
is not there, more than 10 GB unpacked. Source: "Create a Lambda function using a container image".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from fast_container.checks.image.foreign_programs import check_machine
from fast_container.checks.image.lookup import program, resolve
from fast_container.checks.image.rule import Found, place_of
from fast_container.checks.image.settings import ImageRequirements
from fast_container.checks.lambda_image import LARGEST_BYTES
from fast_container.core.layers.contents import ImageContents, ImageFiles
from fast_container.core.layers.entry import FILE
from fast_container.core.layers.file_kinds import CLIENT, UNREADABLE
from fast_container.core.spelling import megabytes

_PLACES: Final = ("var/task", "var/runtime", "opt")
_ENDS: Final = (".py", "/__init__.py", ".js", ".mjs", ".cjs")
_SHOWN: Final = 200
_CLIENTS: Final = ("awslambdaric", "aws-lambda-ric")


def check_manifest(image: ImageContents, _: ImageRequirements) -> Iterator[Found]:
    """Find what shows without the files."""
    if image.is_of_index:
        yield Found(
            image.name,
            "The reference names an image index.",
            "Lambda takes a single manifest",
            "Build for one platform, with provenance and SBOM off.",
            fails_in_service=True,
        )


def check_files(image: ImageContents, files: ImageFiles, _: ImageRequirements) -> Iterator[Found]:
    """Find what the files show."""
    if files.unpacked_bytes > LARGEST_BYTES:
        yield Found(
            image.name,
            f"The image unpacks to {megabytes(files.unpacked_bytes)}.",
            "Lambda's limit is 10 GB",
            "Leave out what the function does not need.",
            files.unpacked_bytes - LARGEST_BYTES,
            fails_in_service=True,
        )
    yield from _unreadable(image, files)
    yield from _program(image, files)
    yield from _client(image, files)
    yield from _handler(image, files)
    yield from check_machine(image, files)


def _unreadable(image: ImageContents, files: ImageFiles) -> Iterator[Found]:
    places = (*_PLACES, image.configuration.working_directory.strip("/"))
    found = [
        placed
        for placed in files.merged.of_kind(UNREADABLE)
        if any(place and _concerns(placed.entry.path, place) for place in places)
    ]
    if found:
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        yield Found(
            f"{place_of(files, found[0])}{more}, mode {found[0].entry.mode:04o}",
            "Files of the function cannot be read by Lambda's user.",
            "Lambda runs as a user of its own, whatever USER says",
            "Use COPY --chmod=755, or chmod -R a+rX in the step that creates them.",
            fails_in_service=True,
        )


def _concerns(path: str, place: str) -> bool:
    """Whether a path is in a place, or on the way there."""
    return f"{path}/".startswith(f"{place}/") or place.startswith(f"{path}/")


def _program(image: ImageContents, files: ImageFiles) -> Iterator[Found]:
    arguments = image.configuration.entrypoint or image.configuration.command
    if not arguments:
        yield Found(image.name, "The image has neither ENTRYPOINT nor CMD.", fix="Say one.", fails_in_service=True)
        return
    found = program(files.merged, image.configuration, arguments[0])
    if found is None or (found.entry.kind == FILE and not found.entry.mode & 0o001):
        is_there = "is not in the image" if found is None else "may not be executed by Lambda's user"
        yield Found(
            arguments[0],
            f"The program that the image starts {is_there}.",
            "each invocation would fail",
            "Correct ENTRYPOINT, or install the program.",
            fails_in_service=True,
        )


def _client(image: ImageContents, files: ImageFiles) -> Iterator[Found]:
    """Find a runtime client that is named and not there."""
    if "awslambdaric" in image.configuration.entrypoint and not any(files.merged.of_kind(CLIENT)):
        yield Found(
            " ".join(image.configuration.entrypoint),
            "The image starts awslambdaric, which is not in it.",
            "each invocation would fail",
            "Install awslambdaric into the Python that ENTRYPOINT names.",
            fails_in_service=True,
        )


def _handler(image: ImageContents, files: ImageFiles) -> Iterator[Found]:
    configuration = image.configuration
    said = " ".join(configuration.entrypoint)
    has_client = "lambda-entrypoint.sh" in said or any(client in said for client in _CLIENTS)
    handler = (configuration.command or configuration.entrypoint[-1:] or ("",))[0]
    if not has_client or "." not in handler or handler.startswith("/"):
        return
    root = configuration.env.get("LAMBDA_TASK_ROOT") or configuration.working_directory or "/var/task"
    module = handler.rpartition(".")[0]
    names = (module, module.replace(".", "/"))
    roots = {root, configuration.working_directory or root}
    if not any(resolve(files.merged, f"{at}/{name}{end}") for at in roots for name in names for end in _ENDS):
        yield Found(
            f"{root}/{module}"[:_SHOWN],
            f"The handler {handler[:_SHOWN]} is not in the image.",
            "each invocation would fail",
            "Correct CMD, or copy the module.",
            fails_in_service=True,
        )
