"""``BaseImage``: an image that others build on.

Decides how local packages' declarations become an image of their third-party dependencies (or of the packages too)
with the same keys, executors and guarantees as every other image. Leaves the declarations and the Dockerfile to
``python_base.dependencies`` and ``python_base.dockerfile``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Unpack, cast

import pulumi

from fast_container.args import check_runs_on, check_secrets
from fast_container.base_arguments import Names, base_arguments
from fast_container.core.declared import InlineDockerfile
from fast_container.errors import ArgsError, FastContainerError
from fast_container.given_options import in_todays_names
from fast_container.image import FastContainerImage
from fast_container.image_options import ImageOptions, refuse_unknown, shows_options
from fast_container.platforms.arguments import name_of, split_by_platform
from fast_container.python_base.dependencies import declared_dependencies
from fast_container.python_base.dockerfile import GeneratedBase, generate_base
from fast_container.python_base.generated_files import GENERATED_CONTEXT, WORDS, write_files
from fast_container.python_base.requirements.requirements_file import read_text
from fast_container.python_base.spec import BaseSpec, Install, Installer
from fast_container.repository import RepositoryInput
from fast_container.shapes import (
    PathInput,
    check_mapping,
    check_resource_name,
    check_string,
    refused_as_one_line,
    shown,
)
from fast_container.state.bases import BaseInput
from fast_container.state.explanation import Contents
from fast_container.state.hook import make_hook
from fast_container.state.prepared_image import record_name, run_error
from fast_container.state.program import current_program

FOLDER = ".fast-container"
_PARENT_CONTEXT = "base-parent"
_GENERATED_OPTIONS = ("context", "dockerfile", "target", "ignore", "dockerignore", "build_args", "named_contexts")


@shows_options
class BaseImage(FastContainerImage):
    """An image that others name in ``base_images=``.

    With ``platforms`` there is no index: an image that starts from it gets the image for its own platform. The outputs
    are those of the first platform; the others are components ``<name>-<arch>``.

    With ``install`` its Dockerfile is generated (``fast-container show-dockerfile`` prints it); without, it is an
    image like any other, with a Dockerfile of yours, and the arguments from ``root`` on are refused. Paths of packages
    and files are relative to ``root``.

    Args:
        name: The Pulumi name.
        repository: Its own repository, usually one for all bases.
        install: ``dependencies``: third-party distributions only, so that an edit of a package's source never
            rebuilds it and a new dependency always does. ``packages``: the local packages too.
        root: The directory that holds all packages; relative to the program's working directory, which is the default.
        packages: Directories with a ``pyproject.toml``.
        extras: Optional dependencies, for all packages or by package name.
        groups: Dependency groups, likewise.
        requirements: Requirements files.
        constraints: A constraints file.
        lock: ``uv.lock``: exact versions and hashes.
        parent: The parent image: a reference, or another base image; default AWS's Lambda image of Python 3.12.
        parent_user: User of the parent image if it is not root; the installation runs as root and the image ends as
            that user. Not needed if the parent is a base image of this program with ``install``.
        installer: ``pip`` (default) or ``uv``.
        build_requirements: A requirements file with the packages' build backends.
        versions: Package name → version, of packages whose version is made from git (setuptools-scm, hatch-vcs, …),
            for ``install="packages"``: git's history is not in the build context.
        opts: Resource options of the component.
        **options: Those of ``FastContainerImage``; with ``install``, those that describe a Dockerfile are refused.

    Attributes:
        runs_as: The user of the image if it is known (with ``install``); else "".
        python: The version of its Python if it is known (with ``install``, by the first parent's reference); else "".

    Raises:
        pulumi.RunError: An argument cannot be right, or requirements cannot hold together.
    """

    TYPE: ClassVar[str] = "fast-container:index:BaseImage"
    # Its consumers need it now, so its build is awaited.
    ALWAYS_WAITS: ClassVar[bool] = True

    runs_as: str
    python: str

    @refused_as_one_line("BaseImage")
    def __init__(
        self,
        name: str,
        *,
        repository: RepositoryInput,
        install: Install | None = None,
        root: PathInput | None = None,
        packages: Sequence[PathInput] | None = None,
        extras: Names | None = None,
        groups: Names | None = None,
        requirements: Sequence[PathInput] | None = None,
        constraints: PathInput | None = None,
        lock: PathInput | None = None,
        parent: str | BaseInput | None = None,
        parent_user: str | None = None,
        installer: Installer | None = None,
        build_requirements: PathInput | None = None,
        versions: Mapping[str, str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
        **options: Unpack[ImageOptions],
    ) -> None:
        user = python = ""
        platforms: dict[str, ImageOptions] = {}
        try:
            check_resource_name(name)
            named = in_todays_names(cast("dict[str, Any]", options), f"{self.kind()} {shown(name)}")
            options = cast("ImageOptions", named)
            platforms = split_by_platform(options)
            options = next(iter(platforms.values()), options)
            wanted = {
                "root": root,
                "packages": packages,
                "extras": extras,
                "groups": groups,
                "requirements": requirements,
                "constraints": constraints,
                "lock": lock,
                "parent": parent,
                "parent_user": parent_user,
                "installer": installer,
                "build_requirements": build_requirements,
                "versions": versions,
            }
            refuse_unknown(options, ("install", *wanted))
            if install is None:
                _refuse_without_install(wanted)
            else:
                base = _generate(install, wanted, options)
                options, user, python = base.options, base.user, base.python
                # The hook reports them, and only if the base is to be built.
                program, record = current_program(make_hook), record_name(name)
                program.notes[record] = base.notes
                program.contents[record] = Contents(GENERATED_CONTEXT, WORDS, base.versions)
        except FastContainerError as error:
            raise run_error(name, error, self.kind()) from None
        super().__init__(name, repository=repository, opts=opts, **options)
        self.runs_as, self.python = user, python
        self._by_platform = {
            platform: BaseImage(
                name_of(name, platform),
                repository=repository,
                install=install,
                root=root,
                packages=packages,
                extras=extras,
                groups=groups,
                requirements=requirements,
                constraints=constraints,
                lock=lock,
                parent=parent,
                parent_user=parent_user,
                installer=installer,
                build_requirements=build_requirements,
                versions=versions,
                opts=pulumi.ResourceOptions(parent=self),
                **own,
            )
            for platform, own in [*platforms.items()][1:]
        }

    @property
    def by_platform(self) -> Mapping[str, FastContainerImage]:
        """Platform → its image for it, except the first of ``platforms``, which is this image."""
        return self._by_platform


def _refuse_without_install(wanted: Mapping[str, object]) -> None:
    """Refuse, without ``install``, the arguments that only a generated Dockerfile would read."""
    for argument, value in wanted.items():
        if value is not None:
            raise ArgsError(
                f"{argument} counts only with install.",
                property_path=argument,
                why="without it the image has a Dockerfile of yours, and nothing is generated",
                next_step='Give install="dependencies" (or "packages"), or leave the argument out.',
            )


class _Generated(NamedTuple):
    options: ImageOptions
    user: str
    python: str
    notes: Sequence[str]
    versions: Mapping[str, str]


def _generate(install: object, wanted: Mapping[str, Any], options: ImageOptions) -> _Generated:
    """Return the options of a base image whose Dockerfile is generated."""
    _refuse_own_dockerfile(options)
    given = base_arguments(wanted)
    place = Path(given.root).absolute()
    dependencies = declared_dependencies(
        given.packages,
        root=str(place),
        extras=given.extras,
        groups=given.groups,
        requirements=given.requirements,
        constraints=given.constraints,
        lock=given.lock,
    )
    parent = given.parent
    spec = BaseSpec(
        parent=parent if isinstance(parent, str) else _PARENT_CONTEXT,
        dependencies=dependencies,
        install=cast("Install", check_string(install, "install")),
        installer=cast("Installer", given.installer),
        runs_on=check_runs_on(options.get("runs_on") or "anywhere"),
        secrets=tuple(check_secrets(options.get("secrets") or {})),
        build_requirements=read_text(str(place), given.build_requirements) if given.build_requirements else "",
        parent_user=given.parent_user or (parent.runs_as if isinstance(parent, BaseImage) else ""),
        parent_python=parent.python if isinstance(parent, BaseImage) else "",
        versions=given.versions,
        parent_name="" if isinstance(parent, str) else "the parent",
    )
    base = generate_base(spec, root=str(place))
    return _Generated(
        _generated(options, base, place, parent), spec.user, spec.python, base.notes, dependencies.versions
    )


def _refuse_own_dockerfile(options: ImageOptions) -> None:
    for option in _GENERATED_OPTIONS:
        if options.get(option) is not None or (option == "dockerignore" and option in options):
            raise ArgsError(
                f"{option} cannot be combined with install.",
                property_path=option,
                why="the Dockerfile of this base image is generated",
                next_step="Leave install out to use a Dockerfile of your own.",
            )


def _generated(options: ImageOptions, base: GeneratedBase, root: Path, parent: str | BaseInput) -> ImageOptions:
    files = str(write_files(base.files, Path.cwd() / FOLDER))
    generated: ImageOptions = {
        "lint": "off",
        "context": str(root) if base.needs_source else files,
        "dockerfile": InlineDockerfile(base.dockerfile),
        "named_contexts": {GENERATED_CONTEXT: files},
        "ignore": base.ignore,
        "dockerignore": None,
    }
    if not isinstance(parent, str):
        bases = check_mapping(options.get("base_images") or {}, "base_images", 'base_images={"BASE_IMAGE": base}')
        generated["base_images"] = {**bases, _PARENT_CONTEXT: parent}
    return cast("ImageOptions", {**options, **generated})
