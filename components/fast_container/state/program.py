"""One Pulumi program: everything that its images share.

Decides nothing about an image; holds the one hook, the walks of shared roots, the open registries, the lookups, and
the builders' executors with their limits. There is one ``Program`` for each connection to an engine, so that several
programs of one process (Automation API, unit tests) do not meet.
"""

from __future__ import annotations

import asyncio
import os
import weakref
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import pulumi
from pulumi.runtime import settings
from pulumi.runtime.mocks import MockMonitor

from fast_container.adapters.clock import SystemClock
from fast_container.adapters.digests.walks import open_walks
from fast_container.adapters.plan_file import PlanFileWriter
from fast_container.adapters.process.private_directory import remove_abandoned_secrets
from fast_container.adapters.registry.blob_copy import RegistryCopier
from fast_container.adapters.registry.ecr_scan import EcrScans
from fast_container.adapters.registry.layer_start import RegistryLayers
from fast_container.adapters.registry.registries import Registries
from fast_container.adapters.threads import in_thread, on_core
from fast_container.build.check_contents import ContentChecks
from fast_container.build.lint_lines import LintLines
from fast_container.build.lookup import LookupBatch, Lookups
from fast_container.build.scan_gate import ScanGate
from fast_container.build.scheduler import LimitedExecutor, Scheduler
from fast_container.build.spare_names import SpareNames
from fast_container.builder_interface import ExecutorNeeds
from fast_container.builders import LocalBuilder, cache_dir
from fast_container.core.aws_access import AwsAccess
from fast_container.core.decision import RecordedImage
from fast_container.core.oci.repository import host_of
from fast_container.core.ports import LayerLister
from fast_container.core.program_file import PlannedEntry
from fast_container.core.replaced_tag import load_accepted
from fast_container.core.select import SelectedImage, SharedWalks
from fast_container.state.engine_watch import Interruption, engine_address
from fast_container.state.executors import ProgramExecutors
from fast_container.state.explanation import Contents
from fast_container.state.git_line import GitIgnoredLine
from fast_container.state.image_build import ABSENT
from fast_container.state.interrupt_line import InterruptLine
from fast_container.state.pins import ProgramPins
from fast_container.state.prepared_image import PreparedImage
from fast_container.state.refusals import Refusals
from fast_container.state.run_records import RunRecords, records_of_run
from fast_container.state.sdk_patches import await_callbacks, freeze_heap, wait_for_failures

IndexChange: TypeAlias = "Callable[[RecordedImage | None], Awaitable[None]]"


@dataclass(slots=True)
class Program:
    """What the images of one program share; see the module.

    Attributes:
        base_keys: Keys of the images that others start from.
        spare_names: Arguments of images that no Dockerfile uses.
        started: Names of records whose builds this update has started and does not wait for.
        accepted: ``host/name:key-…`` → digest of the replaced tags that the user accepts.
        unplaced: Name of a record → its image, where its repository does not exist yet.
        notes: Name of a record → lines of a preview about its image once it is to be built.
        contents: Name of a record → the distributions of its image, if the Dockerfile is generated.
        git_line: The line about files that git ignores.
        lint_lines: The findings about Dockerfiles.
        is_measured: Whether the program has a ``BuildMetrics``.
        indexes: Name of the record of an image index, its repository ("" if it does not exist yet) and its key → what
            is done before it changes. The name alone may be that of an image of another component.
    """

    walks: SharedWalks
    default_builder: LocalBuilder
    scheduler: Scheduler
    registries: Registries
    executors: ProgramExecutors
    pins: ProgramPins
    base_keys: set[str]
    accepted: Mapping[str, str]
    interrupt_line: InterruptLine
    records: RunRecords
    refusals: Refusals = field(default_factory=Refusals)
    images: dict[tuple[str, str], list[PreparedImage]] = field(
        default_factory=dict[tuple[str, str], "list[PreparedImage]"]
    )
    unplaced: dict[str, PreparedImage] = field(default_factory=dict[str, PreparedImage])
    hook: pulumi.ResourceHook | None = None
    to_build: set[str] = field(default_factory=set[str])
    started: set[str] = field(default_factory=set[str])
    warned: set[str] = field(default_factory=set[str])
    spare_names: SpareNames = field(default_factory=SpareNames)
    notes: dict[str, Sequence[str]] = field(default_factory=dict[str, "Sequence[str]"])
    contents: dict[str, Contents] = field(default_factory=dict[str, "Contents"])
    indexes: dict[tuple[str, str, str], IndexChange] = field(default_factory=dict[tuple[str, str, str], "IndexChange"])
    git_line: GitIgnoredLine = field(init=False)
    lint_lines: LintLines = field(default_factory=lambda: LintLines(cache_dir() / "linted", in_thread))
    is_measured: bool = False
    _declared: int = 0
    _settled: int = 0
    _plan_file: PlanFileWriter = field(default_factory=lambda: PlanFileWriter(Path.cwd()))
    _writing: asyncio.Future[None] | None = None
    _by_key: dict[str, dict[str, PreparedImage]] = field(default_factory=dict[str, "dict[str, PreparedImage]"])
    _uncounted: dict[str, list[PreparedImage]] = field(default_factory=dict[str, "list[PreparedImage]"])
    _lookups: Lookups = field(init=False)

    def __post_init__(self) -> None:
        self._lookups = Lookups(self.registries.repository)
        self.git_line = GitIgnoredLine(self.selected_images)

    @property
    def hook_binding(self) -> pulumi.ResourceHookBinding:
        """Binds a record to the program's one hook."""
        assert self.hook is not None
        return pulumi.ResourceHookBinding(before_create=[self.hook], before_update=[self.hook])

    def plan(self, image: PreparedImage) -> None:
        """Make an image whose key is known known to the hook, before its record is registered."""
        if image.known is None:
            return
        if image.known_url is None:
            self.unplaced[image.record_name] = image
            return
        key = image.known.key
        self.images.setdefault((image.repository_url, key.hex), []).append(image)
        self._by_key.setdefault(key.hex, {}).setdefault(image.repository_url, image)
        if image.inputs.pin is None:
            self._uncounted.setdefault(image.repository_url, []).append(image)
        self.base_keys.update([base.build_key for base in image.bases])
        self.repository_of(image).announce([key.tag])
        host = host_of(image.repository_url)
        if host not in self.warned and self.registries.is_reached_otherwise(image.repository_url, image.access):
            self.warned.add(host)
            image.reporter.warn(
                f"{host} is reached with the AWS access of an image declared before, not with this one's:"
                " a program has one login for a registry; give both the same `aws` access, or use two stacks"
            )

    def selected_images(self) -> list[SelectedImage]:
        """Return the selections of all images that are known."""
        placed = [image for images in self.images.values() for image in images]
        return [image.selected for image in (*placed, *self.unplaced.values())]

    def fresh_walks(self) -> SharedWalks:
        """Return walks that have seen nothing yet, for an image whose files may have changed meanwhile."""
        return open_walks(cache_dir())

    def declare(self) -> None:
        """Count an image that will be settled."""
        self._declared += 1

    async def settle(self, name: str, entry: PlannedEntry | None, *, failed: bool = False) -> None:
        """Note that an image was prepared or refused, as ``PlanFileWriter.add``; after the last one, write the files.

        Nothing waits until they are written: the program may await this image before it declares the next one.
        """
        self._settled += 1
        self._plan_file.add(name, entry, failed=failed)
        if self._settled < self._declared:
            return
        self.spare_names.say()
        if not isinstance(settings.get_monitor(), MockMonitor):
            if self._plan_file.begins():
                self._writing = asyncio.ensure_future(in_thread(self.end))
            if not self._plan_file.is_left:
                await self.git_line.note_complete()

    def end(self) -> None:
        """Write the files of the program, as far as that was not done; blocking."""
        self.walks.save()
        self._plan_file.write()

    def planned(self, repository_url: str, build_key: str, record_name: str) -> PreparedImage | None:
        """Return the image of a record: by repository and key, and by the record's name if several share these."""
        found = self.images.get((repository_url, build_key), [])
        return next((image for image in found if image.record_name == record_name), found[0] if found else None)

    def repository_of(self, image: PreparedImage) -> LookupBatch:
        """Return the image's repository, opened once; its lookups are gathered."""
        return self.repository_at(image.repository_url, image.access)

    def repository_at(self, url: str, access: AwsAccess) -> LookupBatch:
        """Return the repository at ``host/name``, likewise."""
        return self._lookups.at(url, access)

    def elsewhere(self, image: PreparedImage, before: str = "") -> list[LookupBatch]:
        """Return the other repositories with an image of the same key, now or later; ``before`` is the state's."""
        found = {twin.repository_url: twin.access for twin in self.twins(image)}
        if before:
            found.setdefault(before, image.access)
        return [self.repository_at(url, access) for url, access in found.items()]

    def twins(self, image: PreparedImage) -> list[PreparedImage]:
        """Return images of the same key in other repositories, one for each."""
        of_key = self._by_key.get(image.selected.key.hex, {})
        return [twin for url, twin in of_key.items() if url != image.repository_url]

    async def count_missing(self, image: PreparedImage) -> bool:
        """Find out what an image's repository lacks of all images that are known by now, in one call that all share.

        Each image is counted once, however often this is asked.

        Returns:
            Whether the image itself is missing.
        """
        repository, url = self.repository_of(image), image.repository_url
        if await repository.find([image.selected.key.tag]):
            return False
        waiting = self._uncounted.get(url, [])
        self._uncounted[url] = [one for one in waiting if not repository.is_answered(one.selected.key.tag)]
        self.to_build.update(one.record_name for one in waiting if repository.is_absent(one.selected.key.tag))
        return True

    async def look_up(self, image: PreparedImage) -> None:
        """Ask an image's repository for its key tag, whether or not anything has changed; ``lookup_of`` has the answer.

        Raises:
            RegistryError: The registry cannot be asked.
        """
        if image.tagged_uri is not None:
            await self.repository_of(image).find([image.selected.key.tag])

    def lookup_of(self, image: PreparedImage) -> str | None:
        """The digest under an image's key tag, or ``absent``; None where its key or repository is unknown."""
        if image.tagged_uri is None:
            return None
        return self.found_digest(image.repository_url, image.selected.key.tag) or ABSENT

    async def executor_of(self, image: PreparedImage) -> LimitedExecutor:
        """Return the executor of the image's builder, with the builder's limit over all its images."""
        platform = image.selected.declared.recipe.platform
        return await self.executors.executor(image.builder, platform, image.access)

    def found_digest(self, repository_url: str, tag: str) -> str | None:
        """Return the digest that a lookup of this run has found, without a request."""
        return self._lookups.found_digest(repository_url, tag)


def _listings(registries: Registries) -> LayerLister:
    from fast_container.adapters.layers.listing_cache import ListingCache  # noqa: PLC0415 - of a program with checks
    from fast_container.adapters.layers.registry_listings import RegistryListings  # noqa: PLC0415

    return RegistryListings(registries.oci_blocking, ListingCache(cache_dir() / "layers"))


# The only module state: programs by their connection to the engine; an entry goes with its connection.
_PROGRAMS: weakref.WeakKeyDictionary[Any, Program] = weakref.WeakKeyDictionary()


def current_program(make_hook: Callable[[Program], pulumi.ResourceHook]) -> Program:
    """Return the running program's ``Program``, made on first use.

    Raises:
        ArgsError: The file of accepted tags cannot be read.
    """
    monitor = settings.get_monitor()
    if monitor not in _PROGRAMS:
        freeze_heap()
        await_callbacks()
        wait_for_failures()
        if not isinstance(monitor, MockMonitor):
            remove_abandoned_secrets(os.environ)
        interruption = Interruption(engine_address())
        registries = Registries(None, os.environ, interrupted=interruption.is_heard)
        may_begin = interruption.refuse_to_begin
        base_keys: set[str] = set()
        program = Program(
            walks=open_walks(cache_dir()),
            default_builder=LocalBuilder(),
            scheduler=Scheduler(
                SystemClock(),
                RegistryCopier(registries.oci_blocking, may_begin),
                RegistryLayers(registries.oci_blocking),
                ContentChecks(lambda: _listings(registries), SystemClock(), on_core),
                ScanGate(EcrScans(registries.ecr_client_blocking), SystemClock()),
            ),
            registries=registries,
            executors=ProgramExecutors(
                ExecutorNeeds(
                    registries.push_credentials,
                    registries.repository,
                    dict(os.environ),
                    may_begin,
                    lambda job: job.key.hex in base_keys,
                )
            ),
            pins=ProgramPins(registries),
            base_keys=base_keys,
            accepted=load_accepted(Path.cwd()),
            interrupt_line=InterruptLine(interruption.is_heard),
            records=records_of_run(cache_dir(), registries.oci_blocking),
        )
        _PROGRAMS[monitor] = program
        program.hook = make_hook(program)
        if not isinstance(monitor, MockMonitor):
            weakref.finalize(monitor, program.end)
    return _PROGRAMS[monitor]
