"""The Dockerfile of a base image, and the files that it reads beside the packages' sources.

Decides how dependencies and packages are installed, so that the layers are few, stable and shared:

- third-party distributions first, in a layer that only the declarations change; packages after them;
- into the site-packages of the parent's own Python, which is where ``pip`` puts them, is on ``sys.path`` in
  ``python:3.x-slim`` and in AWS's images alike (since Python 3.11 it comes there before ``/var/runtime``, so that a
  newer SDK wins), and is where a consumer's own ``pip install --no-deps`` sees that everything is there. A consumer's
  ``/var/task`` stays free for its handler;
- downloads in cache mounts, requirements in bind mounts: neither is in a layer;
- bytecode with ``unchecked-hash``, which stays valid whatever happens to the files' times.

Leaves the declarations to ``python_base.dependencies`` and the files of a package to
``python_base.packages.wheel_source``. Source: AWS Lambda's developer guide, "Deploy Python Lambda functions with
container images"; PEP 552.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from fast_container.python_base.generated_files import (
    GENERATED_CONTEXT,
    generated_files,
    requirements_files,
)
from fast_container.python_base.indexes.install_steps import InstallStep
from fast_container.python_base.packages.build_backends import refuse_local_backends
from fast_container.python_base.packages.local_package import LocalPackage
from fast_container.python_base.packages.package_version import package_versions
from fast_container.python_base.packages.source_links import linked_sources
from fast_container.python_base.packages.wheel_source import wheel_source
from fast_container.python_base.spec import SECRET_FILES, USER_ID, BaseSpec, check_spec, notes_of

UV_VERSION: Final = "0.13.9"
"""The version of uv that is used as installer, from PyPI."""

_CACHE: Final = "/var/cache/fast-container"
_FILES: Final = "/run/fast-container"
# Otherwise pip would silently install into that user's home, where other users do not find it.
_MUST_BE_ROOT: Final = (
    '{ test "$(id -u)" = 0 || { echo "The parent image runs as user $(id -u), which cannot install for everybody: '
    'say whom it runs as with parent_user, so that the installation becomes root and the image that user again." >&2; '
    "exit 1; }; } \\\n    && "
)
_EPOCH: Final = 315532800
"""1980-01-01, the first time that a wheel, which is a zip file, can hold."""


@dataclass(frozen=True, slots=True)
class GeneratedBase:
    """A Dockerfile and everything that it needs.

    Attributes:
        dockerfile: Its content.
        files: Name → bytes, of the named context ``GENERATED_CONTEXT``; all plain files.
        needs_source: Whether the main context, the root of the packages, is read.
        ignore: Ignore patterns for the main context; its own ignore file is to be disregarded.
        notes: For the user, one line each.
    """

    dockerfile: str
    files: Mapping[str, bytes]
    needs_source: bool = False
    ignore: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())


def generate_base(spec: BaseSpec, *, root: str) -> GeneratedBase:
    """Write the Dockerfile of a base image and its files.

    Args:
        spec: The base image's arguments.
        root: Absolute path of the root of the packages; read only for ``install="packages"``.

    Raises:
        ArgsError: An argument is wrong; with its property path.
    """
    check_spec(spec)
    with_packages = spec.install == "packages"
    packages = spec.dependencies.packages if with_packages else ()
    ignore = wheel_source(packages, root=root) if with_packages else ()
    refuse_local_backends(packages, root)
    linked = linked_sources(packages, ignore, root=root)
    wheels = _Wheels(package_versions(packages, spec.versions, root=root), linked.beside)
    files = generated_files(spec)
    return GeneratedBase(
        dockerfile=_base_dockerfile(spec, wheels),
        files=files,
        needs_source=with_packages,
        ignore=(*ignore, *linked.patterns),
        notes=notes_of(spec),
    )


@dataclass(frozen=True, slots=True)
class _Wheels:
    """The needs of some packages' wheels beside their own directories, by package name.

    Attributes:
        versions: An environment variable, and the version in it.
        beside: Paths that links in the source lead to.
    """

    versions: Mapping[str, tuple[str, str]]
    beside: Mapping[str, Sequence[str]]


def _base_dockerfile(spec: BaseSpec, wheels: _Wheels) -> str:
    """Write the Dockerfile alone; equal for equal declarations."""
    packages = spec.dependencies.packages if spec.install == "packages" else ()
    blocks = [_heading(spec)]
    if spec.installer == "uv" and spec.dependencies.requirements:
        blocks.append(_uv_stage(spec))
    blocks += [_build_stage(spec)] if packages else []
    blocks += [_wheel_stage(package, spec, wheels) for package in packages]
    blocks.append(_start(spec))
    if spec.dependencies.requirements:
        blocks.append(_install_dependencies(spec))
    if packages:
        blocks.append(_install_packages(packages))
    if spec.parent_user:
        blocks.append(f"# As the parent has it.\nUSER {spec.parent_user}\n")
    elif spec.runs_on == "ecs":
        blocks.append(_user())
    return "\n".join(blocks)


def _heading(spec: BaseSpec) -> str:
    names = ", ".join(package.name for package in spec.dependencies.packages)
    what = "Third-party dependencies" if spec.install == "dependencies" else "Third-party dependencies and packages"
    return (
        f"# Generated by fast-container. {what} of: {names or 'requirements files'}.\n"
        f'# The named context "{GENERATED_CONTEXT}" holds the files that fast-container writes; `show-dockerfile '
        "--files` prints them.\n"
    )


def _start(spec: BaseSpec) -> str:
    root = "# The parent may run as another user.\nUSER 0:0\n" if spec.becomes_root else ""
    check = "" if root else _MUST_BE_ROOT
    return (
        f"FROM {spec.parent}\n{root}"
        "# Bytecode of what the parent brings: where the file system is read-only or thrown away, each start would "
        "compile it again.\n"
        f"RUN {_generated('compile_bytecode.py')} \\\n    {check}{_compile()}\n"
    )


def _install_dependencies(spec: BaseSpec) -> str:
    steps = [
        _install_step(name, step, spec)
        for name, step in zip(requirements_files(spec), spec.dependencies.steps, strict=True)
    ]
    return (
        "# Third-party distributions: this layer changes when the declarations do, and with nothing else.\n"
        + "".join(steps)
        + f"RUN {_generated('compile_bytecode.py')} \\\n    {_compile()}\n"
    )


def _install_step(name: str, step: InstallStep, spec: BaseSpec) -> str:
    files = [name, *(["constraints.txt"] if spec.dependencies.constraints else [])]
    mounts = [_cache(spec.installer), *map(_generated, files), *_secrets(spec)]
    arguments = f"-r {_FILES}/{name}" + (f" -c {_FILES}/constraints.txt" if len(files) > 1 else "")
    alone = " --no-deps" if step.alone else ""
    if spec.installer == "uv":
        mounts.insert(0, f"--mount=type=bind,from=installer,source=/opt/uv,target={_FILES}/uv")
        # As pip does, if pip's options name the indexes.
        more = any(option.startswith("--extra-index-url") for option in step.options)
        as_pip = more and not spec.dependencies.ordered_indexes
        command = (
            f"{_FILES}/uv/bin/uv pip install --system --break-system-packages --link-mode=copy --cache-dir={_CACHE}/uv"
            + (" --index-strategy=unsafe-best-match" if as_pip else "")
            + alone
        )
    else:
        command = f"{_pip('install')} --no-compile{alone}"
    return _run(mounts, command, arguments)


def _uv_stage(spec: BaseSpec) -> str:
    return (
        "# uv stays out of the image.\n"
        f"FROM {spec.parent} AS installer\n"
        + ("USER 0:0\n" if spec.becomes_root else "")
        + _run([_cache("pip")], f"{_pip('install')} --no-compile --target /opt/uv uv=={UV_VERSION}", "")
    )


def _build_stage(spec: BaseSpec) -> str:
    text = f"# Wheels of the packages are built aside, each in a stage of its own.\nFROM {spec.parent} AS build\n"
    if spec.becomes_root:
        text += "USER 0:0\n"
    text += f"# The same source gives the same wheel.\nENV SOURCE_DATE_EPOCH={_EPOCH}\n"
    if spec.build_requirements:
        mounts = [_cache("pip"), _generated("build-requirements.txt"), *_secrets(spec)]
        text += _run(
            mounts, f"{_pip('install')} --no-compile{_build_index(spec)}", f"-r {_FILES}/build-requirements.txt"
        )
    return text


def _wheel_stage(package: LocalPackage, spec: BaseSpec, wheels: _Wheels) -> str:
    beside = wheels.beside.get(package.name, ())
    # Links keep their targets below the root of the packages.
    place = f"/src/{package.path}" if beside else "/src"
    copies = [_copy(package.path, f"{place}/"), *(_copy(path, f"/src/{path}") for path in beside)]
    version = wheels.versions.get(package.name)
    known = f"# Git's history is not here.\nENV {version[0]}={version[1]}\n" if version else ""
    isolation = " --no-build-isolation" if spec.build_requirements else ""
    command = f"{_pip('wheel')} --no-deps{isolation}{_build_index(spec)} --wheel-dir /wheels"
    where = json.dumps(place, ensure_ascii=False) if " " in place else place
    return f"FROM build AS wheel-{package.name}\n{known}{''.join(copies)}\n" + _run(
        [_cache("pip"), *_secrets(spec)], command, where
    )


def _build_index(spec: BaseSpec) -> str:
    """Return the option for the index of build backends."""
    index = spec.dependencies.build_index
    return f" --index-url {shlex.quote(index)}" if index else ""


def _copy(source: str, target: str) -> str:
    if " " in source:
        return f"COPY {json.dumps([source, target], ensure_ascii=False)}\n"
    return f"COPY {source} {target}\n"


def _install_packages(packages: Sequence[LocalPackage]) -> str:
    mounts = [
        f"--mount=type=bind,from=wheel-{package.name},source=/wheels,target={_FILES}/wheels/{package.name}"
        for package in packages
    ]
    return (
        "# The packages themselves.\n"
        + _run(mounts, f"{_pip('install')} --no-compile --no-deps --no-index", f"{_FILES}/wheels/*/*.whl")
        + f"RUN {_generated('compile_bytecode.py')} \\\n    {_compile()}\n"
    )


def _user() -> str:
    return (
        "# Not root. A consumer that installs more does so as `USER 0:0` and ends with this line again.\n"
        f"RUN grep -q '^app:' /etc/passwd || {{ echo 'app:x:{USER_ID}:{USER_ID}:app:/home/app:/sbin/nologin' "
        f">> /etc/passwd && echo 'app:x:{USER_ID}:' >> /etc/group \\\n"
        f"    && mkdir -p /home/app && chown {USER_ID}:{USER_ID} /home/app; }}\n"
        f"USER {USER_ID}:{USER_ID}\n"
    )


def _pip(verb: str) -> str:
    root = " --root-user-action=ignore" if verb == "install" else ""
    return f"python3 -m pip {verb} --disable-pip-version-check{root} --cache-dir={_CACHE}/pip"


def _compile() -> str:
    return f"python3 {_FILES}/compile_bytecode.py"


def _run(mounts: Sequence[str], command: str, arguments: str) -> str:
    program, options, rest = command.partition(" --")
    lines = [*mounts, program, f"    {options.strip()}{rest}", *([f"    {arguments}"] if arguments else [])]
    return "RUN " + " \\\n    ".join(lines) + "\n"


def _cache(installer: str) -> str:
    return f"--mount=type=cache,target={_CACHE}/{installer}"


def _generated(name: str) -> str:
    return f"--mount=type=bind,from={GENERATED_CONTEXT},source={name},target={_FILES}/{name}"


def _secrets(spec: BaseSpec) -> list[str]:
    return [f"--mount=type=secret,id={name},target={SECRET_FILES[name]},required=true" for name in sorted(spec.secrets)]
