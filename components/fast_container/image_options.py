"""The options of an image: their types and defaults, and how they become a declared image.

One place for ``FastContainerImage``, ``BaseImage`` and a fleet's common settings. Decides what is refused before a
component exists. Leaves rules that need the Dockerfile or the context to ``core.declared``.
"""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict, TypeVar, cast

import pulumi

from fast_container.args import (
    DEFAULT_PLATFORM,
    LintLevel,
    RunsOn,
    SecretInput,
    check_lint,
    check_repository,
    check_runs_on,
    check_secrets,
)
from fast_container.builder_interface import Builder
from fast_container.core.declared import DeclaredImage, Default, InlineDockerfile, absolute_path, is_remote
from fast_container.core.images.lock import LOCK_FILE, Policy, check_policy
from fast_container.core.oci.snapstart import LABEL
from fast_container.core.recipe import recipe_of
from fast_container.core.registry_cache import NamedCaches
from fast_container.core.spelling import did_you_mean
from fast_container.docker_build_arguments import (
    REPLACED,
    Cache,
    Context,
    Dockerfile,
    context_place,
    dockerfile_place,
    named_caches,
    one_platform,
)
from fast_container.errors import ArgsError, bracketed
from fast_container.given_options import FORMER_OPTIONS, given_options, in_todays_names
from fast_container.image_checks import ImageChecks
from fast_container.repository import RepositoryInput, url_of
from fast_container.shapes import PathInput, shown
from fast_container.state.bases import BaseInput, base_uses, with_bases
from fast_container.state.inputs import plain_texts
from fast_container.state.prepared_image import ImageInputs, Texts

C = TypeVar("C")


class ImageOptions(TypedDict, total=False):
    """An image's inputs and its builder; None is an option that is not given.

    Attributes:
        context: The build context, a directory; default the program's working directory. Or a
            ``docker_build.BuildContextArgs``.
        dockerfile: A path, or ``InlineDockerfile(text)``; default ``Dockerfile`` in the context. Or a
            ``docker_build.DockerfileArgs``.
        target: The stage to build; default the last one.
        build_args: Build arguments; those that no reachable stage declares do not count.
        platform: One platform, ``os/arch[/variant]``; default ``linux/amd64``. Or a ``docker_build.Platform``, or a
            list of one.
        platforms: Several platforms instead: an image for each, ``<name>-<arch>``, decided, built and checked by
            itself, and an index of them under the outputs; with ``runs_on="lambda"`` no index, since Lambda takes none.
        builders: Platform → its builder, where one has another than ``builder``.
        emulate: Whether a builder of another platform may emulate the Dockerfile's ``RUN`` instructions; default False
            with ``platforms``. With one ``platform`` the default is to warn only where there is no emulator.
        secrets: Id → value (best a secret Output), ``SecretEnv``, ``SecretFile``, ``SecretsManagerSecret`` or
            ``SsmParameter``; mounted with ``RUN --mount=type=secret,id=…``. Ids count in the key, values never. An id
            that a stage mounts must be given, and no value may be empty.
        optional_secrets: Ids that a stage mounts and that may be missing; as ``required=false`` at the mount.
        named_contexts: Name → directory or reference (``docker-image://…``), as ``--build-context``.
        base_images: Name → one of our own base images: for ``ARG NAME`` and ``FROM ${NAME}``, or ``FROM name``.
        ignore: Patterns in the ignore file's syntax, after those of the ignore file.
        dockerignore: A path instead of BuildKit's own choice, or None to disregard every ignore file.
        labels: Labels of the image.
        builder: The builder; default a ``LocalBuilder`` shared by the program.
        runs_on: ``lambda``, ``ecs`` or ``anywhere`` (default): the place that the image must be fit for, checked
            before it is tagged.
        checks: What is checked of the image before it is tagged: ``ImageChecks(…)``. Not in the key: other checks
            check the image that is there, without a build. None (default) checks only what its place refuses.
        snapstart: For ``runs_on="lambda"``: the image gets the label that Lambda's SnapStart needs, unless it starts
            from a base image of AWS's own that needs none.
        lint: What findings about its Dockerfile do when it is to be built: ``warning`` (default) shows warnings and
            errors, ``error`` fails the image for them, ``off``. A generated Dockerfile has none.
        triggers: Further values that count in the key.
        volatile_build_args: Names of build args whose value does not count (tokens that rotate).
        timeout_s: Seconds after which a build is stopped; default the builder's ``timeout_s``.
        cache: Whether the builder's registry cache is used, if it has one; default True.
        cache_from: Registry caches to read instead of the builder's, as for ``docker_build.Image``; local builds only.
        cache_to: Registry caches to write instead of the builder's, likewise.
        image_policy: How external images count: ``as-written`` (default), ``locked`` or ``resolve``.
        images_lock: The lock file of ``locked``; default ``images.lock``.
        pin: An earlier key at which the image is held: ``"key-…"``, as its tag is. What is in the registry under it is
            verified and deployed, and nothing is built, whatever the source here is. ``"NAME:key-…"`` for one that was
            built as another image. None (default) is the key of the source.
        network: The steps' network: ``default``, ``none``, or ``host``, which a builder must allow. Or a
            ``docker_build.NetworkMode``. This and the next three count in the key if they are given.
        add_hosts: Lines of the steps' ``/etc/hosts``: ``name:address``, or name → address.
        shm_size: Size of the steps' ``/dev/shm``, in bytes or as ``256m``.
        ulimits: Limits of the steps: ``nofile=1024:4096`` (soft and hard), or name → ``1024:4096``.
        timeout: The former name of ``timeout_s``.
    """

    context: Context | None
    dockerfile: Dockerfile | None
    target: str | None
    build_args: Texts | None
    platform: str | Sequence[str] | None
    platforms: Sequence[str] | None
    builders: Mapping[str, Builder] | None
    emulate: bool | None
    secrets: Mapping[str, SecretInput] | None
    optional_secrets: Sequence[str] | None
    named_contexts: Mapping[str, PathInput] | None
    base_images: Mapping[str, BaseInput] | None
    ignore: Sequence[str] | None
    dockerignore: PathInput | type[Default] | None
    labels: Texts | None
    builder: Builder | None
    runs_on: RunsOn | None
    checks: ImageChecks | None
    snapstart: bool | None
    lint: LintLevel | None
    triggers: Texts | Sequence[pulumi.Input[str]] | None
    volatile_build_args: Sequence[str] | None
    timeout_s: float | None
    cache: bool | None
    cache_from: Sequence[Cache] | None
    cache_to: Sequence[Cache] | None
    image_policy: Policy | None
    images_lock: PathInput | None
    pin: str | None
    network: str | None
    add_hosts: Sequence[str] | Mapping[str, str] | None
    shm_size: str | int | None
    ulimits: Sequence[str] | Mapping[str, str | int] | None
    timeout: float | None


def shows_options(component: type[C]) -> type[C]:
    """Let ``help(component)`` show the options, in its text and in the signature, instead of ``**options``."""
    own = inspect.signature(component.__init__)
    options = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation.__forward_arg__)
        for name, annotation in ImageOptions.__annotations__.items()
    ]
    kept = [each for each in own.parameters.values() if each.kind is not inspect.Parameter.VAR_KEYWORD]
    cast(Any, component.__init__).__signature__ = own.replace(parameters=[*kept, *options])
    listed = inspect.cleandoc(ImageOptions.__doc__ or "").partition("Attributes:\n")[2]
    component.__doc__ = f"{inspect.cleandoc(component.__doc__ or '')}\n\nOptions:\n{listed}\n"
    return component


def checked_inputs(
    name: str, repository: RepositoryInput, options: ImageOptions, kind: str = "FastContainerImage"
) -> ImageInputs:
    """Turn the options into one image's inputs.

    Args:
        name: The image's name.
        repository: Its repository.
        options: As they were given.
        kind: The component's name in messages.

    Raises:
        ArgsError: One of them cannot be right.
    """
    refuse_unknown(options)
    given = given_options(in_todays_names(cast("dict[str, Any]", options), f"{kind} {shown(name)}"))
    check_builder(given.get("builder"))
    secrets = check_secrets(given.get("secrets", {}))
    declared = _declared(name, given, tuple(secrets))
    bases = base_uses(given.get("base_images", {}), declared.recipe.platform)
    return ImageInputs(
        declared=with_bases(declared, bases, given.get("build_args", {})),
        repository=url_of(check_repository(repository)),
        build_args=given.get("build_args", {}),
        labels=given.get("labels", {}),
        triggers=given.get("triggers", {}),
        secrets=secrets,
        bases=bases,
        runs_on=check_runs_on(given.get("runs_on", "anywhere")),
        lint=check_lint(given.get("lint", "warning")),
        timeout_s=given.get("timeout_s"),
        use_cache=given.get("cache", True),
        own_caches=_own_caches(given),
        image_policy=check_policy(given.get("image_policy", "as-written")),
        images_lock=given.get("images_lock", LOCK_FILE),
        kind=kind,
        checks=given.get("checks"),
        snapstart=_snapstart(given),
        pin=given.get("pin"),
        emulate=given.get("emulate"),
    )


def _declared(name: str, given: Mapping[str, Any], secret_ids: tuple[str, ...]) -> DeclaredImage:
    context, named = context_place(given.get("context", "."))
    place, shown = _dockerfile(dockerfile_place(given.get("dockerfile")), context)
    return DeclaredImage(
        name=name,
        context=absolute_path(context),
        dockerfile=place,
        dockerfile_name=shown,
        named_contexts=_places(_joined(named, given.get("named_contexts", {}))),
        ignore=tuple(given.get("ignore", ())),
        dockerignore=given.get("dockerignore", Default),
        secret_ids=secret_ids,
        optional_secrets=tuple(given.get("optional_secrets", ())),
        volatile_build_args=frozenset(given.get("volatile_build_args", ())),
        recipe=recipe_of(
            given,
            target=given.get("target", ""),
            platform=one_platform(given.get("platform", DEFAULT_PLATFORM)),
            build_args=plain_texts(given.get("build_args", {}), "build_args"),
        ),
    )


def refuse_unknown(options: ImageOptions, own: Collection[str] = ()) -> None:
    """Refuse an option that does not exist.

    Args:
        options: As they were given.
        own: Further arguments of the component, which may have been meant.
    """
    known = {*ImageOptions.__annotations__, *own}
    for name in cast("dict[str, Any]", options):
        if name not in known:
            next_step = REPLACED.get(name) or did_you_mean(name, known.difference(FORMER_OPTIONS))
            raise ArgsError(f"There is no argument {name!r}.", property_path=name, next_step=next_step)


def _dockerfile(dockerfile: str | InlineDockerfile | None, context: str) -> tuple[str | InlineDockerfile, str]:
    if isinstance(dockerfile, InlineDockerfile):
        return dockerfile, "InlineDockerfile"
    shown = dockerfile if dockerfile is not None else str(Path(context) / "Dockerfile")
    return absolute_path(shown), shown


def _joined(of_context: Mapping[str, str], named: Mapping[str, str]) -> dict[str, str]:
    for name in of_context:
        if name in named:
            raise ArgsError(
                f"The named context {name!r} is given twice.",
                property_path=f"named_contexts{bracketed(name)}",
                why=f"context.named has it too: {of_context[name]}",
                next_step="Leave one of them out.",
            )
    return {**of_context, **named}


def _own_caches(given: Mapping[str, Any]) -> pulumi.Output[NamedCaches] | None:
    caches = named_caches(given.get("cache_from"), given.get("cache_to"))
    argument = "cache_from" if given.get("cache_from") is not None else "cache_to"
    builder: Builder | None = given.get("builder")
    if caches is not None and builder is not None:
        builder.check_own_caches(argument)
    if caches is not None and not given.get("cache", True):
        raise ArgsError(f"{argument} cannot be combined with cache=False.", property_path=argument)
    return caches


def check_builder(builder: object, property_path: str = "builder") -> None:
    """Refuse what is not a builder; None is the program's own.

    Raises:
        ArgsError: It is something else.
    """
    if builder is not None and not isinstance(builder, Builder):
        raise ArgsError(
            f"{shown(builder)} is not a builder.",
            property_path=property_path,
            next_step='Give LocalBuilder(name="…") for a buildx builder of that name, or a CodeBuildBuilder.',
        )


def _snapstart(given: Mapping[str, Any]) -> bool:
    wanted = bool(given.get("snapstart", False))
    if wanted and given.get("runs_on") != "lambda":
        raise ArgsError(
            "snapstart needs an image for Lambda.",
            property_path="snapstart",
            why="no other place has it",
            next_step='Give runs_on="lambda".',
        )
    if wanted and LABEL in given.get("labels", {}):
        raise ArgsError(
            f"The label {LABEL} is given, and snapstart too.",
            property_path=f"labels{bracketed(LABEL)}",
            next_step="Leave one of them out.",
        )
    return wanted


def _places(named_contexts: Mapping[str, str]) -> dict[str, str]:
    return {name: p if is_remote(p) else absolute_path(p) for name, p in named_contexts.items()}
