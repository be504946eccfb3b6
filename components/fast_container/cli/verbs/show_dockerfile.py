"""``fast-container show-dockerfile``: the Dockerfile that is generated for a base image.

Decides how it is printed, and which files are written for a user who wants to build or keep it without this library.
Leaves its content to ``python_base.dockerfile``.
"""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from fast_container.cli.output import complain, emit
from fast_container.errors import ArgsError
from fast_container.python_base.dependencies import Selected, declared_dependencies
from fast_container.python_base.dockerfile import GeneratedBase, generate_base
from fast_container.python_base.generated_files import GENERATED_CONTEXT
from fast_container.python_base.requirements.requirements_file import read_text
from fast_container.python_base.spec import DEFAULT_PARENT, BaseSpec


def run(arguments: argparse.Namespace) -> int:
    """Generate and print.

    Raises:
        FastContainerError: Bad input; nothing was printed.
    """
    root = os.path.abspath(arguments.root)  # noqa: PTH100 - links in it stay
    base = _generate(arguments, root)
    if arguments.write:
        _write(Path(arguments.write), base)
        emit(_command(arguments, base))
    else:
        emit(base.dockerfile)
        if arguments.files:
            for name, content in base.files.items():
                emit(f"\n# --- {GENERATED_CONTEXT}/{name}\n{content.decode()}")
    for note in base.notes:
        complain(f"note: {note}")
    return 0


def _generate(arguments: argparse.Namespace, root: str) -> GeneratedBase:
    dependencies = declared_dependencies(
        arguments.package,
        root=root,
        extras=_selected(arguments.extra, "--extra"),
        groups=_selected(arguments.group, "--group"),
        requirements=arguments.requirements,
        constraints=arguments.constraints,
        lock=arguments.lock,
    )
    backends: str | None = arguments.build_requirements
    spec = BaseSpec(
        parent=arguments.parent or DEFAULT_PARENT,
        dependencies=dependencies,
        install=arguments.install,
        installer=arguments.installer,
        runs_on=arguments.runs_on,
        secrets=arguments.secret,
        parent_user=arguments.parent_user,
        build_requirements=read_text(root, backends) if backends else "",
        versions=_versions(arguments.package_version),
    )
    return generate_base(spec, root=root)


def _selected(values: Sequence[str], option: str) -> Selected:
    if not any("=" in value for value in values):
        return values
    found: dict[str, list[str]] = {}
    for value in values:
        package, equals, name = value.partition("=")
        if not equals:
            raise ArgsError(
                f"{value!r} names no package, but others do.", property_path=option, next_step="Write PACKAGE=NAME."
            )
        found.setdefault(package, []).append(name)
    return found


def _versions(values: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for value in values:
        package, equals, version = value.partition("=")
        if not equals:
            raise ArgsError(
                f"{value!r} has no version.", property_path="--package-version", next_step="Write PACKAGE=VERSION."
            )
        found[package] = version
    return found


def _write(folder: Path, base: GeneratedBase) -> None:
    files: Mapping[str, bytes] = {
        "Dockerfile": base.dockerfile.encode(),
        # Docker uses the ignore file with the Dockerfile's name and .dockerignore.
        "Dockerfile.dockerignore": "".join(f"{pattern}\n" for pattern in base.ignore or ("*",)).encode(),
        **{f"{GENERATED_CONTEXT}/{name}": content for name, content in base.files.items()},
    }
    try:
        (folder / GENERATED_CONTEXT).mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
    except OSError as error:
        raise ArgsError("The directory cannot be written.", property_path="--write", why=str(error)) from None


def _command(arguments: argparse.Namespace, base: GeneratedBase) -> str:
    folder = Path(arguments.write)
    words = [
        *("docker", "buildx", "build", "--platform", arguments.platform, "--file", str(folder / "Dockerfile")),
        *("--build-context", f"{GENERATED_CONTEXT}={folder / GENERATED_CONTEXT}"),
        *(word for name in sorted(arguments.secret) for word in ("--secret", f"id={name}")),
        arguments.root if base.needs_source else str(folder),
    ]
    return shlex.join(words) + "\n"
