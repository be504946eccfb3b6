"""The arguments that describe a base image.

Decides which arguments are refused, and which of the others are worth a note. Leaves the Dockerfile that follows to
``python_base.dockerfile``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from fast_container.errors import ArgsError
from fast_container.python_base.dependencies import Dependencies
from fast_container.python_base.packages.parent_python import python_of, refuse_other_python

Install = Literal["dependencies", "packages"]
Installer = Literal["pip", "uv"]

DEFAULT_PARENT: Final = "public.ecr.aws/lambda/python:3.12"
"""The parent of a base image by default."""

SECRET_FILES: Final[Mapping[str, str]] = {
    "netrc": "/root/.netrc",
    "pip.conf": "/root/.config/pip/pip.conf",
    "uv.toml": "/root/.config/uv/uv.toml",
}
"""Id of a build secret → where the installer looks for it."""

USER_ID: Final = 65532
"""The user of images that run on ECS; called ``app``."""

_USER: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?")


@dataclass(frozen=True, slots=True)
class BaseSpec:
    """The description of a base image.

    Attributes:
        parent: Reference of the parent image, or the name of a named context.
        dependencies: The packages' declarations.
        install: Third-party distributions only, or the packages too.
        installer: The program that installs third-party distributions.
        runs_on: ``lambda``, ``ecs`` or ``anywhere``, as for images.
        secrets: Ids of build secrets, of those in ``SECRET_FILES``.
        build_requirements: Content of a requirements file with the packages' build backends; "" lets pip get what each
            package asks for.
        parent_user: User of the parent image, as in its ``USER``, if it is not root; "" if it is, or is not known.
        parent_python: The parent's Python if that is known and its reference does not say it.
        versions: Package name → version, of packages whose version is made from git.
        parent_name: The parent's name in messages; its reference if it is "".
    """

    parent: str
    dependencies: Dependencies
    install: Install = "dependencies"
    installer: Installer = "pip"
    runs_on: str = "anywhere"
    secrets: Sequence[str] = ()
    build_requirements: str = ""
    parent_user: str = ""
    parent_python: str = ""
    parent_name: str = ""
    versions: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def python(self) -> str:
        """The version of the image's Python if it is known; else ""."""
        return self.parent_python or python_of(self.parent)

    @property
    def becomes_root(self) -> bool:
        """Whether the Dockerfile switches to root for installing."""
        return self.runs_on == "ecs" or bool(self.parent_user)

    @property
    def user(self) -> str:
        """The user of the image if it is known; else ""."""
        return self.parent_user or (f"{USER_ID}:{USER_ID}" if self.runs_on == "ecs" else "")


def check_spec(spec: BaseSpec) -> None:
    """Refuse arguments that cannot be right.

    Raises:
        ArgsError: An argument, with its property path.
    """
    for value, known, path in (
        (spec.install, ("dependencies", "packages"), "install"),
        (spec.installer, ("pip", "uv"), "installer"),
        (spec.runs_on, ("anywhere", "ecs", "lambda"), "runs_on"),
    ):
        if value not in known:
            raise ArgsError(f"{value!r} is not known.", property_path=path, next_step=f"Use one of {', '.join(known)}")
    for name in spec.secrets:
        if name not in SECRET_FILES:
            raise ArgsError(
                f"{name!r} is not a secret that an installer reads.",
                property_path="secrets",
                next_step=f"Use one of {', '.join(SECRET_FILES)}, or write a Dockerfile of your own.",
            )
    if spec.parent_user and not _USER.fullmatch(spec.parent_user):
        raise ArgsError(
            f"{spec.parent_user!r} is not a user.",
            property_path="parent_user",
            next_step="Write it as the parent's Dockerfile does after USER: NAME, NUMBER, or either with :GROUP.",
        )
    if spec.parent_user.partition(":")[0] in ("root", "0"):
        raise ArgsError("A parent that runs as root needs no parent_user.", property_path="parent_user")
    if not spec.parent or any(character.isspace() for character in spec.parent):
        raise ArgsError(f"{spec.parent!r} is not an image reference.", property_path="parent")
    if spec.versions and spec.install != "packages":
        raise ArgsError(
            "versions= is for the packages' own wheels, which this base image does not hold.",
            property_path="versions",
            next_step='Give install="packages", or leave versions out.',
        )
    refuse_other_python(spec.dependencies.packages, spec.parent_name or spec.parent, spec.python)
    ordered = spec.dependencies.ordered_indexes
    if ordered and spec.installer == "pip":
        raise ArgsError(
            f"pip cannot ask {ordered[0]} before PyPI.",
            property_path="installer",
            why=f"{ordered[0].place}; pip asks all indexes and takes the newest version of any: "
            "a private name that somebody else publishes on PyPI would get into the image",
            next_step='Give installer="uv", which asks them in their order, or lock= (uv.lock).',
        )


def notes_of(spec: BaseSpec) -> tuple[str, ...]:
    """Return notes for the user about what is allowed but surprising, one line each."""
    notes = list(spec.dependencies.notes)
    names = spec.dependencies.unpinned
    if spec.install == "packages" and spec.dependencies.ordered_indexes and not spec.build_requirements:
        place = spec.dependencies.build_index or "PyPI"
        notes.append(f"build backends of the packages' wheels come from {place} alone: pip has no order of indexes")
    if names:
        shown = ", ".join(names[:3]) + (" …" if len(names) > 3 else "")
        what = f"versions of {len(names)} distributions are" if len(names) > 1 else "version of a distribution is"
        notes.append(
            f"the {what} open ({shown}): the base image keeps those of its first "
            "build, and a rebuild may get others; give lock= or constraints= to choose them"
        )
    return tuple(notes)
