"""``FastContainerImage``: one container image of a stack.

Decides which outputs a consumer gets, and what an image depends on. Leaves its arguments to ``image_options``,
awaiting and hashing to ``state.preparation``, deciding and building to the hook of its record (``state.hook``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Final, Unpack

import pulumi

from fast_container.builder_interface import Builder, Grants
from fast_container.codebuild.architectures import architecture_of
from fast_container.core.select import SelectedImage
from fast_container.errors import FastContainerError
from fast_container.image_options import ImageOptions, checked_inputs, shows_options
from fast_container.image_outputs import recorded_digest, uri_by_digest
from fast_container.platforms.arguments import name_of, split_by_platform
from fast_container.platforms.index_record import PlatformIndex
from fast_container.repository import ImageRepository, RepositoryInput, push_target
from fast_container.shapes import check_opts, check_resource_name, refused_as_one_line
from fast_container.state.access import kept_by_record
from fast_container.state.afterwards import stated_dependencies
from fast_container.state.explanation import counts_of
from fast_container.state.hook import make_hook
from fast_container.state.image_build import BUILDING, ImageBuild
from fast_container.state.inputs import Lazy
from fast_container.state.preparation import Preparation, check_at_once
from fast_container.state.prepared_image import ImageInputs, PreparedImage, record_name, run_error
from fast_container.state.program import Program, current_program

_OUTPUTS: Final = ("image_uri", "digest", "tag", "tagged_uri", "build_key", "repository_url")


@shows_options
class FastContainerImage(pulumi.ComponentResource):
    """A container image that is built if, and only if, its inputs have changed.

    Paths are relative to the program's working directory. In preview the build key is known; the digest is known too
    unless the image really has to be built or the repository does not exist yet.

    Args:
        name: The Pulumi name.
        repository: The repository of the image: an ``ImageRepository``, an ``aws.ecr.Repository``, or a URL.
        opts: Resource options of the component.
        **options: The image's inputs and its builder; all of ``ImageOptions``.

    Attributes:
        image_uri: ``repository@sha256:…``, the reference that a consumer deploys.
        digest: The manifest's digest.
        tag: ``key-…``, made from the build key.
        tagged_uri: ``repository:key-…``.
        build_key: 64 hexadecimal digits.
        repository_url: ``host/name``.
        planned_key: The build key as the program computes it; with ``--target`` it may not have been built.
        planned_url: As ``repository_url``, likewise.
        planned_onbuild: The ``ONBUILD`` triggers that it passes on to images that start from it, likewise.
        platform: In normal form.
        architecture: ``x86_64`` or ``arm64``, as Lambda names it: bind a function's ``architectures`` to it.
        health_check: HEALTHCHECK of its Dockerfile as ``healthCheck`` of an ECS container definition; None without one.
        by_platform: Its images, with ``platforms``; of a ``BaseImage`` those for further platforms.
        image_uris: Architecture → ``image_uri`` of the image for it alone; with ``platforms`` one for each.
        recorded_digest: The digest of ``build_key`` in the state; "" if its build was not awaited.
        is_pinned: Whether it is held at an earlier key (``pin``).

    Raises:
        pulumi.RunError: An argument cannot be right, or the Dockerfile or context would make the build fail.
    """

    image_uri: pulumi.Output[str]
    digest: pulumi.Output[str]
    tag: pulumi.Output[str]
    tagged_uri: pulumi.Output[str]
    build_key: pulumi.Output[str]
    repository_url: pulumi.Output[str]
    platform: str
    architecture: str

    TYPE: ClassVar[str] = "fast-container:index:FastContainerImage"
    # Whether its builds are awaited even with ``CodeBuildBuilder(wait=False)``.
    ALWAYS_WAITS: ClassVar[bool] = False

    @refused_as_one_line("FastContainerImage")
    def __init__(
        self,
        name: str,
        *,
        repository: RepositoryInput,
        opts: pulumi.ResourceOptions | None = None,
        **options: Unpack[ImageOptions],
    ) -> None:
        try:
            check_resource_name(name)
            check_opts(opts, pulumi.ResourceOptions)
            platforms = split_by_platform(options)
            if len(platforms) == 1:
                (options,) = platforms.values()
            after, checked = stated_dependencies(opts), [*platforms.values()] or [options]
            first, *others = [
                replace(checked_inputs(name, repository, own, self.kind()), after=after) for own in checked
            ]
            for inputs in (first, *others):
                check_at_once(inputs)
            program = current_program(make_hook)
        except FastContainerError as error:
            raise run_error(name, error, self.kind()) from None
        super().__init__(self.TYPE, name, {}, opts)
        if others:
            self._declare_platforms(program, repository, platforms, after)
            return
        inputs = first
        self._images: Mapping[str, FastContainerImage] = dict.fromkeys(platforms, self)
        builder = options.get("builder") or program.default_builder
        depends_on: list[pulumi.Resource] = [repository] if isinstance(repository, ImageRepository) else []
        depends_on += [base.resource for base in inputs.bases.values() if base.resource is not None]
        bases = [(base.repository_url, base.resource) for base in inputs.bases.values()]
        depends_on += builder.grants(Grants(push_target(repository), bases, inputs.secrets))
        self._declare(program, inputs, builder, depends_on)

    @classmethod
    def kind(cls) -> str:
        """Return the component's name in messages."""
        return cls.TYPE.rpartition(":")[2]

    def _declare(
        self,
        program: Program,
        inputs: ImageInputs,
        builder: Builder,
        depends_on: Sequence[pulumi.Resource],
    ) -> None:
        preparation = Preparation(self, program, inputs, builder)
        record = _record(self, program, inputs, preparation, builder, depends_on)
        self._preparation, self._record = preparation, record
        urn = asyncio.ensure_future(record.urn.future())
        program.records.declare(preparation.image, urn)
        program.executors.declare(builder)
        self._watch = asyncio.ensure_future(program.refusals.watch(self, urn))
        self.platform = inputs.declared.recipe.platform
        self.architecture = architecture_of(self.platform) or self.platform.partition("/")[2]
        self._show(record, recorded_digest(record, preparation, program), *_OUTPUTS)

    def _declare_platforms(
        self,
        program: Program,
        repository: RepositoryInput,
        platforms: Mapping[str, ImageOptions],
        after: Sequence[Any],
    ) -> None:
        name = self.pulumi_resource_name
        opts = pulumi.ResourceOptions(parent=self, depends_on=[*after])
        self._images = {
            platform: FastContainerImage(name_of(name, platform), repository=repository, opts=opts, **own)
            for platform, own in platforms.items()
        }
        images = [*self._images.values()]
        first = images[0]
        self._preparation, self._record = first._preparation, first._record
        self.platform, self.architecture = ", ".join(self._images), first.architecture
        shown: FastContainerImage | PlatformIndex = first
        if first._preparation.runs_on != "lambda":
            preparations = {platform: image._preparation for platform, image in self._images.items()}
            builders = [own.get("builder") or program.default_builder for own in platforms.values()]
            shown = PlatformIndex(
                self,
                name,
                program,
                preparations,
                [one._record for one in images],
                wait=all(builder.wait for builder in builders),
                looked_up=any(builder.check_registry == "always" for builder in builders),
            )
        record = shown._record if isinstance(shown, FastContainerImage) else shown.record
        self._show(record, shown.digest, *_OUTPUTS, "image_uris")

    def _show(self, record: ImageBuild, digest: pulumi.Output[str], *outputs: str) -> None:
        self.build_key, self.tag = record.build_key, record.tag
        self.tagged_uri, self.repository_url = record.tagged_uri, record.repository_url
        self.digest = digest
        self.image_uri = uri_by_digest(self.repository_url, self.digest, self.tag)
        self.register_outputs({output: getattr(self, output) for output in outputs})

    @property
    def image_uris(self) -> Mapping[str, pulumi.Output[str]]:
        """Architecture, as Lambda names it → ``repository@sha256:…`` of the image for it alone."""
        return {image.architecture: image.image_uri for image in (*self._images.values(),) or (self,)}

    @property
    def planned_key(self) -> pulumi.Output[str]:
        """The build key for images that start from this one: known before anything is built, whatever the state has."""
        return self._preparation.output(lambda image: image.known and image.known.key.hex)

    @property
    def recorded_digest(self) -> pulumi.Output[str]:
        """The digest of ``build_key`` for images that start from this one; "" if its build was not awaited."""
        return pulumi.Output.all(self._record.digest, self._record.status).apply(
            lambda found: "" if found[1] == BUILDING else str(found[0] or "")
        )

    @property
    def planned_url(self) -> pulumi.Output[str]:
        """The repository's URL, otherwise as ``planned_key``."""
        return self._preparation.output(lambda image: image.known_url)

    @property
    def planned_onbuild(self) -> pulumi.Output[Sequence[str] | None]:
        """Its triggers, otherwise as ``planned_key``; None if its Dockerfile was not understood."""

        def triggers(image: PreparedImage) -> list[str] | None:
            known = image.known.reads.onbuild if image.known else None
            return None if known is None else list(known)

        return self._preparation.output(triggers, lambda image: image.known is not None)

    @property
    def health_check(self) -> pulumi.Output[Mapping[str, Any] | None]:
        """The HEALTHCHECK of its Dockerfile, or of the base image of this program that it starts from.

        ECS reads none from an image, so it belongs into the container definition: its field ``healthCheck``.
        """

        async def value() -> Mapping[str, Any] | None:
            image = await self._preparation.image
            if image.known is None:
                return None
            reads = image.known.reads
            if reads.health_check is not None:
                return reads.health_check.container_definition
            base = next((base for base in image.inputs.bases.values() if base.alias == reads.starts_from), None)
            resource = base.resource if base else None
            return await resource.health_check.future() if isinstance(resource, FastContainerImage) else None

        async def known() -> bool:
            return (await self._preparation.image).known is not None

        async def resources() -> set[pulumi.Resource]:
            await self._preparation.image
            return self._preparation.awaited.resources

        return pulumi.Output(Lazy(resources), Lazy(value), Lazy(known))

    @property
    def is_pinned(self) -> bool:
        """Whether it is held at an earlier key: then the source here does not say what is in it."""
        return self._preparation.pin is not None

    @property
    def by_platform(self) -> Mapping[str, FastContainerImage]:
        """Platform → its image for it, of one with several."""
        return self._images


async def _begun(
    image: pulumi.Resource, program: Program, preparation: Preparation, depends_on: Sequence[pulumi.Resource]
) -> None:
    """Wait until an image's record may be registered: it is prepared, and no other image was refused."""
    await preparation.image
    await program.refusals.begin(image, depends_on)


def _record(
    image: FastContainerImage,
    program: Program,
    inputs: ImageInputs,
    preparation: Preparation,
    builder: Builder,
    depends_on: Sequence[pulumi.Resource],
) -> ImageBuild:
    begun = asyncio.ensure_future(_begun(image, program, preparation, depends_on))

    def given(part: Callable[[PreparedImage], Any]) -> pulumi.Input[Any]:
        return preparation.record_input(begun, part)

    def selected(part: Callable[[SelectedImage], Any]) -> pulumi.Input[Any]:
        return given(lambda prepared: part(prepared.known) if prepared.known else None)

    # No input at all where it is not asked for, so that the records of all others stay as they are.
    rare: dict[str, pulumi.Input[Any]] = {}
    if program.accepted:
        rare["accepted"] = given(lambda prepared: program.accepted.get(prepared.tagged_uri or "", ""))
    if builder.check_registry == "always":
        rare["lookup"] = given(program.lookup_of)
    if inputs.pin is not None:
        rare["pin"] = str(inputs.pin)
    if inputs.checks is not None:
        rare["checks"] = given(lambda prepared: prepared.recorded_checks)
    return ImageBuild(
        record_name(inputs.name),
        {
            "build_key": selected(lambda known: known.key.hex),
            "tag": selected(lambda known: known.key.tag),
            "repository_url": given(lambda prepared: prepared.known_url),
            "tagged_uri": given(lambda prepared: prepared.tagged_uri),
            "parts": selected(lambda known: dict(known.key.parts)),
            "counts": selected(lambda known: {} if inputs.pin else counts_of(known)),
            "aws": given(lambda prepared: kept_by_record(prepared.access)),
            "wait": builder.wait or image.ALWAYS_WAITS,
            "runs_on": inputs.runs_on,
            **rare,
        },
        pulumi.ResourceOptions(parent=image, depends_on=depends_on, hooks=program.hook_binding),
    )
