"""``FastContainerImage``: one container image of a stack.

Decides which outputs a consumer gets, and what an image depends on. Leaves its arguments to ``image_options``,
awaiting and hashing to ``state.preparation``, deciding and building to the hook of its record (``state.hook``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Unpack

import pulumi

from fast_container.adapters.pulumi_log import PulumiReporter
from fast_container.builder_interface import Builder, Grants
from fast_container.core.select import SelectedImage
from fast_container.errors import FastContainerError
from fast_container.image_options import ImageOptions, checked_inputs, shows_options
from fast_container.repository import ImageRepository, RepositoryInput, push_target
from fast_container.shapes import check_opts, check_resource_name, refused_as_one_line
from fast_container.state.access import kept_by_record
from fast_container.state.afterwards import stated_dependencies
from fast_container.state.explanation import counts_of
from fast_container.state.hook import make_hook
from fast_container.state.image_build import BUILDING, ImageBuild
from fast_container.state.inputs import Awaited, Lazy, derived_output
from fast_container.state.preparation import ImageInputs, Ready, check_at_once, prepare, record_name, run_error
from fast_container.state.program import Program, current_program


@shows_options
class FastContainerImage(pulumi.ComponentResource):
    """A container image that is built when, and only when, what it is made of has changed.

    Paths are relative to the program's working directory. In preview the build key is known; the digest is known too
    unless the image really has to be built or the repository does not exist yet.

    Args:
        name: The Pulumi name.
        repository: Where the image is pushed to: an ``ImageRepository``, an ``aws.ecr.Repository``, or a URL.
        opts: Resource options of the component.
        **options: What the image is made of and who builds it; all of ``ImageOptions``.

    Attributes:
        image_uri: ``repository@sha256:…``, what a consumer deploys.
        digest: The manifest's digest.
        tag: ``key-…``, made from the build key.
        tagged_uri: ``repository:key-…``.
        build_key: 64 hexadecimal digits.
        repository_url: ``host/name``.
        planned_key: The build key as the program computes it; with ``--target`` it may not have been built.
        planned_url: As ``repository_url``, likewise.
        planned_onbuild: The ``ONBUILD`` triggers that it passes on to images that start from it, likewise.
        platform: In normal form.
        by_platform: Its images for further platforms, of a ``BaseImage`` with ``platforms``.
        recorded_digest: The digest that the state has of ``build_key``; "" while its build is not awaited.

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
            inputs = replace(checked_inputs(name, repository, options, self.kind()), after=stated_dependencies(opts))
            check_at_once(inputs)
            program = current_program(make_hook)
        except FastContainerError as error:
            raise run_error(name, error, self.kind()) from None
        super().__init__(self.TYPE, name, {}, opts)
        builder = options.get("builder") or program.default_builder
        depends_on: list[pulumi.Resource] = [repository] if isinstance(repository, ImageRepository) else []
        depends_on += [base.resource for base in inputs.bases.values() if base.resource is not None]
        bases = [(base.repository_url, base.resource) for base in inputs.bases.values()]
        depends_on += builder.grants(Grants(push_target(repository), bases, inputs.secrets))
        self._declare(program, inputs, builder, depends_on)

    @classmethod
    def kind(cls) -> str:
        """What the component is called in messages."""
        return cls.TYPE.rpartition(":")[2]

    def _declare(
        self,
        program: Program,
        inputs: ImageInputs,
        builder: Builder,
        depends_on: Sequence[pulumi.Resource],
    ) -> None:
        program.declare()
        awaited = Awaited()
        ready = asyncio.ensure_future(prepare(self, program, inputs, awaited, builder, PulumiReporter(self)))
        wait = self.ALWAYS_WAITS or builder.wait
        name = record_name(inputs.declared.name)
        released = asyncio.ensure_future(_released(self, program, ready, depends_on))
        record = _record(self, name, program, released, awaited, depends_on, wait=wait, runs_on=inputs.runs_on)
        self._ready, self._awaited, self._record = ready, awaited, record
        self._watch = asyncio.ensure_future(program.refusals.watch(self, record.urn.future()))
        self.platform = inputs.declared.recipe.platform
        self.build_key, self.tag = record.build_key, record.tag
        self.tagged_uri, self.repository_url = record.tagged_uri, record.repository_url
        self.digest = _digest(record, ready, program)
        self.image_uri = _image_uri(self.repository_url, self.digest, self.tag)
        outputs = ("image_uri", "digest", "tag", "tagged_uri", "build_key", "repository_url")
        self.register_outputs({output: getattr(self, output) for output in outputs})

    @property
    def planned_key(self) -> pulumi.Output[str]:
        """For images that start from this one: known before anything is built, whatever the state has."""
        return derived_output(self._ready, lambda found: found.selected and found.selected.key.hex, self._awaited)

    @property
    def recorded_digest(self) -> pulumi.Output[str]:
        """For images that start from this one: the digest of ``build_key``; "" while its build is not awaited."""
        return pulumi.Output.all(self._record.digest, self._record.status).apply(
            lambda found: "" if found[1] == BUILDING else str(found[0] or "")
        )

    @property
    def planned_url(self) -> pulumi.Output[str]:
        """As ``planned_key``, for the repository."""
        return derived_output(self._ready, lambda found: found.repository_url, self._awaited)

    @property
    def planned_onbuild(self) -> pulumi.Output[Sequence[str] | None]:
        """As ``planned_key``, for its triggers; None where its Dockerfile was not understood."""

        def triggers(found: Ready) -> list[str] | None:
            known = found.selected.reads.onbuild if found.selected else None
            return None if known is None else list(known)

        return derived_output(self._ready, triggers, self._awaited, lambda found: found.selected is not None)

    @property
    def by_platform(self) -> Mapping[str, FastContainerImage]:
        """Platform → its image for it, of a base with several."""
        return {}


async def _released(
    image: pulumi.Resource, program: Program, ready: asyncio.Future[Ready], depends_on: Sequence[pulumi.Resource]
) -> Ready:
    """What is known of an image, once its record may be registered: no other image was refused."""
    found = await ready
    await program.refusals.begin(image, depends_on)
    return found


def _record(
    image: FastContainerImage,
    name: str,
    program: Program,
    ready: asyncio.Future[Ready],
    awaited: Awaited,
    depends_on: Sequence[pulumi.Resource],
    *,
    wait: bool,
    runs_on: str,
) -> ImageBuild:
    def output(part: Callable[[SelectedImage], Any]) -> pulumi.Output[Any]:
        return derived_output(ready, lambda found: part(found.selected) if found.selected else None, awaited)

    def tagged(found: Ready) -> str | None:
        known = found.selected is not None and found.repository_url is not None
        return f"{found.repository_url}:{found.selected.key.tag}" if found.selected and known else None

    def accepted(found: Ready) -> str:
        return program.accepted.get(tagged(found) or "", "")

    return ImageBuild(
        name,
        {
            "build_key": output(lambda selected: selected.key.hex),
            "tag": output(lambda selected: selected.key.tag),
            "repository_url": derived_output(ready, lambda found: found.repository_url, awaited),
            "tagged_uri": derived_output(ready, tagged, awaited),
            "parts": output(lambda selected: dict(selected.key.parts)),
            "counts": output(counts_of),
            "aws": derived_output(ready, lambda found: kept_by_record(found.access), awaited),
            "wait": wait,
            "runs_on": runs_on,
            # No input at all where there is no such file, so that the records of all others stay as they are.
            **({"accepted": derived_output(ready, accepted, awaited)} if program.accepted else {}),
        },
        pulumi.ResourceOptions(parent=image, depends_on=depends_on, hooks=program.hook_binding),
    )


def _digest(record: ImageBuild, ready: asyncio.Future[Ready], program: Program) -> pulumi.Output[str]:
    """The record's digest; in a preview of a change, the one that the hook has found in the registry."""

    async def looked_up() -> str | None:
        await record.urn.future()
        found = await ready
        if found.selected is None or found.repository_url is None:
            return None
        return program.found_digest(found.repository_url, found.selected.key.tag)

    async def value() -> Any:
        return await record.digest.future() if await record.digest.is_known() else await looked_up()

    async def known() -> bool:
        return await record.digest.is_known() or await looked_up() is not None

    return pulumi.Output(Lazy(record.digest.resources), Lazy(value), Lazy(known))


def _image_uri(url: pulumi.Output[str], digest: pulumi.Output[str], tag: pulumi.Output[str]) -> pulumi.Output[str]:
    """By digest. As ``Output.all(…).apply(…)``, of which a large program would make hundreds, in one step."""

    async def value() -> Any:
        named = await digest.future()
        # Only a unit test's mocks have no digest: the tag, which is immutable, says what a test may want to see.
        return f"{await url.future()}@{named}" if named else f"{await url.future()}:{await tag.future()}"

    async def known() -> bool:
        return await url.is_known() and await digest.is_known() and await tag.is_known()

    return pulumi.Output(Lazy(digest.resources), Lazy(value), Lazy(known))
