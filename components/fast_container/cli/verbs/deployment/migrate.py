"""``fast-container migrate``: a program with images of other components, in two steps that delete and replace nothing.

Decides what is printed: the commands in their order, what is not translated and why, and the new program. A program is
written only where ``--write`` says, never over the old one. Leaves the translation to ``migration``.
"""

from __future__ import annotations

import argparse
import difflib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from fast_container.cli.output import emit, say
from fast_container.core.spelling import counted
from fast_container.errors import ArgsError
from fast_container.migration.states import StateProgram, state_program
from fast_container.migration.steps import Migration, migrated

_NOT_ALL: Final = 1


def run(arguments: argparse.Namespace) -> int:
    """Translate and print; the exit code is 1 if something was not translated, or there was no image."""
    if (arguments.program is None) == (arguments.state is None):
        raise ArgsError(
            "What is to be migrated is not clear.",
            property_path="PROGRAM",
            next_step="Give the program's file, or --state FILE with the output of `pulumi stack export`.",
        )
    if arguments.state is not None:
        if arguments.step or arguments.write:
            raise ArgsError(
                "--state has one text, for step 2.", property_path="--step" if arguments.step else "--write"
            )
        return _of_state(arguments.state, as_json=arguments.json)
    return _of_program(arguments)


def _of_program(arguments: argparse.Namespace) -> int:
    file = arguments.program
    text = _read(file, "PROGRAM")
    try:
        found = migrated(text, file)
    except (SyntaxError, ValueError) as error:
        raise ArgsError(f"{file} is not a Python program.", property_path="PROGRAM", why=str(error)) from None
    code = 0 if found.images and not found.untranslated else _NOT_ALL
    if arguments.json:
        document = {"version": 1, "images": [{"name": n, "component": kind} for n, kind in found.images]}
        steps = {"step_1": found.step_1, "step_2": found.step_2, "untranslated": list(found.untranslated)}
        emit(json.dumps({**document, **steps}) + "\n")
        return code
    if arguments.step:
        emit(found.step_1 if arguments.step == 1 else found.step_2)
        return code
    if not found.images:
        say([f"{file}: there is no docker_build.Image, docker.Image or awsx.ecr.Image"])
    elif arguments.write:
        _write(Path(arguments.write), Path(file), found)
        say(_commands(found, file, arguments.write))
    else:
        say([*_commands(found, file, ""), "", *_diff(file, text, found)])
    _say_untranslated(found.untranslated)
    return code


def _of_state(file: str, *, as_json: bool) -> int:
    try:
        found = state_program(_read(file, "--state"))
    except ValueError as error:
        raise ArgsError(
            f"{file} is not the state of a stack.",
            property_path="--state",
            why=str(error),
            next_step="Write it with `pulumi stack export --file FILE`.",
        ) from None
    code = 0 if found.images and not found.untranslated else _NOT_ALL
    if as_json:
        images = [{"name": one.name, "component": one.kind, "functions": one.consumers} for one in found.images]
        rest = {"retained": list(found.urns), "step_2": found.text, "untranslated": list(found.untranslated)}
        emit(json.dumps({"version": 1, "images": images, **rest}) + "\n")
        return code
    _say_state(found)
    _say_untranslated(found.untranslated)
    return code


def _say_state(found: StateProgram) -> None:
    if not found.images:
        say(["there is no image of docker_build, docker or awsx in that state"])
        return
    lines = [
        f"# {counted(len(found.images), 'image')} of the stack. Secrets are not written; paths are those of the state."
    ]
    if found.urns:
        lines += ["#", "# Step 1, in the old program: opts=pulumi.ResourceOptions(retain_on_delete=True) on", "#"]
        lines += [f"#     {urn}" for urn in found.urns]
        lines += ["#", "# then `pulumi up`. Step 2, in their place, then `pulumi up` again:", ""]
    emit("\n".join(lines) + "\n" + found.text)


def _commands(found: Migration, file: str, folder: str) -> list[str]:
    images = ", ".join(f"{name} ({kind})" for name, kind in found.images)
    has_first = found.step_1 != "" and any(kind != "docker.Image" for _, kind in found.images)
    name = Path(file).name
    lines = [f"{counted(len(found.images), 'image')}: {images}", ""]
    if has_first:
        lines += ["Step 1: the old images stay when their resources go; nothing is built, nothing is changed in AWS."]
        lines += [f"    {_take(file, folder, 1, name)}", "    pulumi up", ""]
    lines += ["Step 2: each image is built once, in the same repository; consumers are updated once, to its digest."]
    lines += [f"    {_take(file, folder, 2, name)}", "    pulumi preview --diff", "    pulumi up"]
    return lines


def _take(file: str, folder: str, step: int, name: str) -> str:
    if folder:
        return f"cp {folder}/step_{step}/{name} {file}"
    return f"fast-container migrate --step {step} {file} > {name}.new && mv {name}.new {file}"


def _diff(file: str, text: str, found: Migration) -> list[str]:
    lines: list[str] = []
    before = text
    for step, after in ((1, found.step_1), (2, found.step_2)):
        if after != before:
            pair = before.splitlines(), after.splitlines()
            lines += difflib.unified_diff(*pair, f"{file}", f"{file} (step {step})", lineterm="")
    return lines


def _write(folder: Path, file: Path, found: Migration) -> None:
    try:
        for step, text in ((1, found.step_1), (2, found.step_2)):
            place = folder / f"step_{step}"
            place.mkdir(parents=True, exist_ok=True)
            (place / file.name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise ArgsError(
            "The programs cannot be written.", property_path="--write", why=error.strerror or str(error)
        ) from None


def _say_untranslated(lines: Sequence[str]) -> None:
    if lines:
        say(["", f"Not translated ({len(lines)}):", *(f"    {line}" for line in lines)])


def _read(file: str, flag: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise ArgsError(f"{file} cannot be read.", property_path=flag, why=why or str(error)) from None
