"""The record of an image index, and what its hook does.

Decides that an index is registered after the images of its platforms, that its key is known as soon as theirs are, and
that it is put together only of images under the tags of these keys, never of digests in the state. With builds that are
not awaited, the index stays the one before until all of its images are there. Leaves putting it together to
``build.index_publishing``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pulumi
from pulumi.runtime import settings

from fast_container.adapters.pulumi_log import PulumiReporter
from fast_container.adapters.traceback_log import explained
from fast_container.build.index_publishing import IndexJob, decided, missing, publish_index
from fast_container.builders import cache_dir
from fast_container.core.decision import RecordedImage
from fast_container.core.ports import Registry
from fast_container.errors import FastContainerError
from fast_container.state.access import kept_by_record
from fast_container.state.image_build import ABSENT, BUILDING, ImageBuild
from fast_container.state.inputs import Awaited, LateInput, Lazy
from fast_container.state.preparation import Preparation
from fast_container.state.prepared_image import PreparedImage, record_name, run_error
from fast_container.state.program import Program

_KIND = "FastContainerImage"


class PlatformIndex:
    """The index of one component.

    Args:
        component: The component, whose child its record is.
        name: The component's name.
        program: Its program.
        images: Platform → its image, on its way.
        records: The images' records.
        wait: Whether the builds of all images are awaited.
        looked_up: Whether the registry is asked for an unchanged index too.

    Attributes:
        record: Its record.
        digest: Its digest; in a preview, the one that the registry has under the key's tag.
    """

    def __init__(
        self,
        component: pulumi.Resource,
        name: str,
        program: Program,
        images: Mapping[str, Preparation],
        records: Sequence[ImageBuild],
        *,
        wait: bool,
        looked_up: bool,
    ) -> None:
        self._component = component
        self._name = name
        self._program = program
        self._images = images
        self._wait = wait
        self._looked_up = looked_up
        self._records = dict(zip(images, records, strict=True))
        self._reporter = PulumiReporter(component)
        self._awaited = Awaited()
        self._begun = asyncio.ensure_future(self._begin(records))
        self.record = self._record(records)
        urn = asyncio.ensure_future(self.record.urn.future())
        self._watch = asyncio.ensure_future(program.refusals.watch(component, urn))
        self.digest = pulumi.Output(Lazy(self.record.digest.resources), Lazy(self._digest), Lazy(self._is_known))

    async def before_change(self, recorded: RecordedImage | None) -> None:
        """Say in a preview what will be done, and do it in ``up``; called before the record is created or updated."""
        try:
            await self._change(recorded)
        except pulumi.RunError:
            raise
        except Exception as error:
            found = explained(error, "An unexpected error occurred.", cache_dir() / "logs")
            refusal = run_error(self._name, found, _KIND)
            if not settings.is_dry_run():
                raise refusal from None
            await self._program.refusals.hold_in_preview(self._component, refusal)

    async def _change(self, recorded: RecordedImage | None) -> None:
        first, job = await self._job()
        if job is None:
            return
        if first.known_url is None:
            self._reporter.note("will be put together: its repository does not exist yet")
            return
        registry = self._program.repository_at(first.repository_url, first.access)
        if settings.is_dry_run():
            told = await decided(job, registry, recorded)
            if told:
                self._reporter.note(f"will be {told}")
            return
        absent = await missing(job, registry)
        if absent and not self._wait and recorded is not None and recorded.digest:
            self._reporter.note(
                f"not put together yet: the image for {absent[0]} is being built; the next `up` updates it"
            )
            return
        verified = {platform: await self._verified(platform, key.hex) for platform, key in job.keys.items()}
        await publish_index(replace(job, verified=verified), registry, self._reporter, recorded)

    async def _verified(self, platform: str, key: str) -> str:
        """Return the digest that an image's record has under a key; "" if it has none, or its build was not awaited."""
        record = self._records[platform]
        found = await pulumi.Output.all(record.build_key, record.digest, record.status).future()
        return str(found[1] or "") if found and found[0] == key and found[2] != BUILDING else ""

    async def _begin(self, records: Sequence[ImageBuild]) -> None:
        """Wait until the record may be registered: its images are prepared, and no image was refused."""
        for image in self._images.values():
            await image.image
            self._awaited.resources |= image.awaited.resources
        first, job = await self._job()
        if job is not None:
            url = first.known_url
            self._program.indexes[record_name(self._name), url or "", job.key.hex] = self.before_change
            if url is not None and self._looked_up:
                await self._look_up(self._program.repository_at(url, first.access), job)
        await self._program.refusals.begin(self._component, records)

    async def _look_up(self, registry: Registry, job: IndexJob) -> None:
        try:
            await registry.find([job.key.tag])
        except FastContainerError as error:
            await self._program.refusals.hold(run_error(self._name, error, _KIND))

    async def _job(self) -> tuple[PreparedImage, IndexJob | None]:
        """Return the first image, and the job; None if a key is unknown in this preview."""
        images = {platform: await preparation.image for platform, preparation in self._images.items()}
        first = next(iter(images.values()))
        keys = {platform: image.known.key for platform, image in images.items() if image.known is not None}
        return first, IndexJob(keys, first.inputs.runs_on) if len(keys) == len(images) else None

    def _record(self, records: Sequence[ImageBuild]) -> ImageBuild:
        def given(part: Callable[[PreparedImage, IndexJob], Any]) -> Any:
            async def value() -> Any:
                await self._begun
                first, job = await self._job()
                return None if job is None else part(first, job)

            return LateInput(value, self._awaited)

        def tagged(first: PreparedImage, job: IndexJob) -> str | None:
            return None if first.known_url is None else f"{first.known_url}:{job.key.tag}"

        def looked_up(first: PreparedImage, job: IndexJob) -> str | None:
            url = first.known_url
            return None if url is None else self._program.found_digest(url, job.key.tag) or ABSENT

        # No input at all where it is not asked for, as for an image.
        rare: dict[str, Any] = {}
        if self._program.accepted:
            rare["accepted"] = given(lambda first, job: self._program.accepted.get(tagged(first, job) or "", ""))
        if self._looked_up:
            rare["lookup"] = given(looked_up)
        return ImageBuild(
            record_name(self._name),
            {
                "build_key": given(lambda _, job: job.key.hex),
                "tag": given(lambda _, job: job.key.tag),
                "repository_url": given(lambda first, _: first.known_url),
                "tagged_uri": given(tagged),
                "parts": given(lambda _, job: dict(job.key.parts)),
                "counts": {},
                "aws": given(lambda first, _: kept_by_record(first.access)),
                "wait": self._wait,
                "runs_on": given(lambda first, _: first.inputs.runs_on),
                **rare,
            },
            pulumi.ResourceOptions(parent=self._component, depends_on=records, hooks=self._program.hook_binding),
        )

    async def _found(self) -> str | None:
        await self.record.urn.future()
        first, job = await self._job()
        if job is None or first.known_url is None:
            return None
        return self._program.found_digest(first.known_url, job.key.tag)

    async def _digest(self) -> Any:
        return await self.record.digest.future() if await self.record.digest.is_known() else await self._found()

    async def _is_known(self) -> bool:
        return await self.record.digest.is_known() or await self._found() is not None
