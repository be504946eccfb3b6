"""The base images that an image names: in its declaration, in its key, and in its build.

Decides that a base counts by its build key, so that everything is known before anything is built, and that the build
gets ``repository@sha256:…``, resolved through the base's key tag in the registry and never through the base's output in
the state (with ``--target`` that is an older one). A Dockerfile sees a constant name, which a named context replaces.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeAlias, cast, runtime_checkable

import pulumi

from fast_container.core.declared import DeclaredImage
from fast_container.core.key import tag_of
from fast_container.core.oci.platform import normal_or_same
from fast_container.core.oci.repository import Repository
from fast_container.core.own_bases import OWN_BASE_HOST, BaseFacts
from fast_container.errors import ArgsError, bracketed
from fast_container.shapes import check_input_string, check_mapping, check_strings, is_later, one_line_refusals, shown
from fast_container.state.inputs import Awaited

_ARG = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# A pinned base may be known by the digits that its tag has.
_KEY = re.compile(r"[0-9a-f]{64}|[0-9a-f]{40}")
_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")


@one_line_refusals
@dataclass(frozen=True, slots=True)
class ExistingBaseImage:
    """A base image of another stack, by its repository and build key (its outputs).

    Attributes:
        repository_url: ``host/name``.
        build_key: 64 hexadecimal digits; the 40 of its tag, of one that is pinned to these.
        onbuild: Its ``ONBUILD`` triggers, if it has any; compared with the image when something is built on it.
    """

    repository_url: pulumi.Input[str]
    build_key: pulumi.Input[str]
    onbuild: pulumi.Input[Sequence[str]] = ()


@runtime_checkable
class BuiltHere(Protocol):
    """An image component of this program; any of them can be a base.

    Attributes:
        build_key: The key in the state after this update; with ``--target`` that can be an older one.
        planned_key: The key that the program computes, before anything is built.
        planned_url: Its repository, likewise.
        recorded_digest: The digest under ``build_key`` in the state; "" if its build was not awaited.
        planned_onbuild: The ``ONBUILD`` triggers that it passes on, likewise; None if they cannot be known.
        platform: In normal form.
        by_platform: Its images for further platforms, if it has any.
        is_pinned: Whether it is held at an earlier key.
    """

    # Read-only, so that a type checker accepts a component's own, narrower attributes.
    @property
    def build_key(self) -> pulumi.Output[str]:
        """See the class."""
        ...

    @property
    def planned_key(self) -> pulumi.Output[str]:
        """See the class."""
        ...

    @property
    def planned_url(self) -> pulumi.Output[str]:
        """See the class."""
        ...

    @property
    def planned_onbuild(self) -> pulumi.Output[Sequence[str] | None]:
        """See the class."""
        ...

    @property
    def platform(self) -> str:
        """See the class."""
        ...

    @property
    def by_platform(self) -> Mapping[str, BuiltHere]:
        """See the class."""
        ...

    @property
    def recorded_digest(self) -> pulumi.Output[str]:
        """See the class."""
        ...

    @property
    def is_pinned(self) -> bool:
        """See the class."""
        ...

    @property
    def urn(self) -> pulumi.Output[str]:
        """The component's URN."""
        ...


BaseInput: TypeAlias = "ExistingBaseImage | BuiltHere"


@dataclass(frozen=True, slots=True)
class BaseUse:
    """One base image as an image names it.

    Attributes:
        alias: The image in the Dockerfile's FROM.
        onbuild: Its triggers, or None.
        platform: Known if it is of this program.
        resource: The component that an image has to wait for; None for one of another stack.
        resource_name: The component's name; "" for one of another stack.
        recorded_key: Its key in the state; None for one of another stack.
        recorded_digest: The digest under that key in the state, "" if its build was not awaited; likewise.
        is_pinned: Whether it is held at an earlier key: its source here says nothing of the image.
    """

    alias: str
    repository_url: pulumi.Input[str]
    build_key: pulumi.Input[str]
    onbuild: pulumi.Input[Any]
    platform: str = ""
    resource: pulumi.Resource | None = None
    recorded_key: pulumi.Output[str] | None = None
    recorded_digest: pulumi.Output[str] | None = None
    is_pinned: bool = False

    @property
    def resource_name(self) -> str:
        """The component's name; "" for one of another stack."""
        return self.resource.pulumi_resource_name if self.resource is not None else ""


@dataclass(frozen=True, slots=True)
class KnownBase:
    """A base image whose repository and key are known.

    Attributes:
        recorded_key: As in ``BaseUse``; awaited only when a consumer is built, when it has long been registered.
        recorded_digest: As in ``BaseUse``, likewise.
        resource_name: As in ``BaseUse``.
        is_pinned: As in ``BaseUse``.
    """

    name: str
    alias: str
    repository_url: str
    build_key: str
    recorded_key: pulumi.Output[str] | None = None
    resource_name: str = ""
    facts: BaseFacts = field(default_factory=BaseFacts)
    recorded_digest: pulumi.Output[str] | None = None
    is_pinned: bool = False

    @property
    def is_certain(self) -> bool:
        """Whether everything that counts of it is known without looking at it: never of a pinned one."""
        return self.recorded_key is not None and self.facts.onbuild is not None and not self.is_pinned

    @property
    def title(self) -> str:
        """Display name: the resource's, else the repository's (other stacks), else the ARG's."""
        return self.resource_name or Repository.parse(self.repository_url).name or self.name

    @property
    def tag(self) -> str:
        """The tag of its key."""
        return tag_of(self.build_key)


def check_base(base: object, property_path: str) -> BaseInput:
    """Refuse anything but a base image, such as the ``image_uri`` of one."""
    # An Output has any attribute that is asked for.
    if is_later(base):
        raise ArgsError(
            "A base image is named by its component, not by an Output of it.",
            property_path=property_path,
            why="it counts by its build key, so that everything is known before anything is built",
            next_step="Give the BaseImage or FastContainerImage itself; for one of another stack"
            " ExistingBaseImage(repository_url, build_key).",
        )
    if isinstance(base, ExistingBaseImage):
        check_input_string(base.repository_url, f"{property_path}.repository_url")
        check_input_string(base.build_key, f"{property_path}.build_key")
        return base
    if isinstance(base, type) or not isinstance(base, BuiltHere):
        raise ArgsError(
            f"{shown(base)} is not a base image.",
            property_path=property_path,
            next_step="Give a BaseImage, a FastContainerImage, or ExistingBaseImage(repository_url, build_key).",
        )
    return base


def base_uses(base_images: object, platform: str) -> dict[str, BaseUse]:
    """Check the argument; return name → use.

    Args:
        base_images: The argument.
        platform: Of the image that names them: a base with several images is used with the one for it.
    """
    uses: dict[str, BaseUse] = {}
    form = 'base_images={"BASE_IMAGE": base}, and in the Dockerfile ARG BASE_IMAGE and FROM ${BASE_IMAGE}'
    for name, given in check_mapping(base_images, "base_images", form).items():
        base = check_base(given, f"base_images{bracketed(name)}")
        # A name that is not valid for an ARG is the name in FROM itself.
        alias = f"fast-container-{_NOT_IN_NAMES.sub('-', name.lower()).strip('-')}" if _ARG.fullmatch(name) else name
        if isinstance(base, ExistingBaseImage):
            uses[name] = BaseUse(alias, base.repository_url, base.build_key, base.onbuild)
        else:
            fit = _for_platform(base, platform)
            resource = fit if isinstance(fit, pulumi.Resource) else None
            planned = fit.planned_url, fit.planned_key, fit.planned_onbuild
            uses[name] = BaseUse(
                alias, *planned, fit.platform, resource, fit.build_key, fit.recorded_digest, is_pinned=fit.is_pinned
            )
    return uses


def _for_platform(base: BuiltHere, platform: str) -> BuiltHere:
    """Return a base's image for a platform, if it has one for each; else the base itself."""
    return base.by_platform.get(normal_or_same(platform), base)


async def base_facts(uses: Mapping[str, BaseUse], awaited: Awaited) -> dict[str, BaseFacts]:
    """Return alias → what is known of each base; what is unknown in this preview is noted in ``awaited``.

    Raises:
        ArgsError: Triggers that are not a list of strings.
    """
    found: dict[str, BaseFacts] = {}
    for name, use in uses.items():
        path = f"base_images{bracketed(name)}.onbuild"
        output = cast("pulumi.Output[object]", pulumi.Output.from_input(use.onbuild))
        if not await output.is_known():
            awaited.unknown.append(path)
            continue
        triggers = await output.future()
        found[use.alias] = BaseFacts(use.platform, None if triggers is None else check_strings(triggers, path))
    return found


def with_bases(declared: DeclaredImage, bases: Mapping[str, BaseUse], build_args: Collection[str]) -> DeclaredImage:
    """Return the declaration with a constant stand-in for each base; its key is added when it is known.

    Args:
        declared: The declaration.
        bases: Name → use.
        build_args: Names of all build args, also of those whose values are not known yet.
    """
    contexts, args = dict(declared.named_contexts), dict(declared.recipe.build_args)
    for name, base in bases.items():
        path = f"base_images{bracketed(name)}"
        if name in build_args or name in contexts or base.alias in contexts:
            raise ArgsError(f"{name!r} is also a build arg or a named context.", property_path=path)
        contexts[base.alias] = f"docker-image://{OWN_BASE_HOST}/{base.alias}"
    recipe = replace(declared.recipe, build_args=args | base_args(bases))
    return replace(declared, named_contexts=contexts, recipe=recipe)


def base_args(bases: Mapping[str, BaseUse]) -> dict[str, str]:
    """Return the build args through which a Dockerfile's FROM names the stand-ins."""
    return {name: base.alias for name, base in bases.items() if base.alias != name}


def check_base_key(key: str, property_path: str) -> None:
    """Refuse anything that cannot be a build key, such as a tag or a digest."""
    if not _KEY.fullmatch(key):
        raise ArgsError(
            f"{key!r} is not a build key.",
            property_path=property_path,
            why="a build key is 64 hexadecimal digits",
            next_step="Give the base image's output `build_key`.",
        )


def check_used(bases: Mapping[str, BaseUse], read: Mapping[str, str], dockerfile: str) -> None:
    """Refuse a base that the Dockerfile's reachable stages do not start from.

    Args:
        bases: The declared bases.
        read: Named images that are read.
        dockerfile: For the message.
    """
    for name, base in bases.items():
        if base.alias not in read:
            form = f"ARG {name} before the first FROM, and FROM ${{{name}}}" if base.alias != name else f"FROM {name}"
            raise ArgsError(
                f"{dockerfile} does not use the base image {name!r}.",
                property_path=f"base_images{bracketed(name)}",
                why="no stage that the target reaches starts from it or copies from it",
                next_step=f"Write {form}",
            )
