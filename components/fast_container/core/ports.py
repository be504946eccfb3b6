"""The protocols that adapters satisfy: what the core and the pipeline ask of the outside.

Decides the vocabulary between the pipeline and its adapters. Leaves how anything is done to the adapters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from fast_container.core.dockerfile import AssumedStage, RanStep
from fast_container.core.entry import Entry
from fast_container.core.image_checks import CheckSettings
from fast_container.core.key import BuildKey
from fast_container.core.oci.image_base import ImageBase
from fast_container.core.oci.scan import ScanAnswer
from fast_container.core.recipe import Recipe
from fast_container.core.records.cache_export import CacheExport
from fast_container.core.records.machine import Machine
from fast_container.core.records.phases import PhaseSeconds
from fast_container.core.records.record import BuildRecord
from fast_container.core.records.steps import CacheTransfer, StepRun

if TYPE_CHECKING:
    from fast_container.core.layers.listing import Listing
    from fast_container.core.layers.programs import LayerPrograms


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest or image index as a registry holds it.

    Attributes:
        digest: ``sha256:<hex>`` of ``content``; always computed here.
        media_type: As the registry gave it.
        content: The bytes.
    """

    digest: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user and a password for one registry host. In memory only."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SecretReference:
    """Where AWS keeps a secret; the value is read by the build, never by the program.

    Attributes:
        kind: ``SECRETS_MANAGER`` or ``PARAMETER_STORE``, as CodeBuild names them.
        reference: Name, ARN, or ``id:json-key:stage:version``.
    """

    kind: str
    reference: str


@dataclass(frozen=True, slots=True)
class ContextSource:
    """A local build context: where it lies and exactly which entries of it are sent.

    Attributes:
        root: Absolute path of the working tree that the entries were selected from.
        entries: Sorted by path; every parent directory of an entry is an entry itself.
    """

    root: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class BuildJob:
    """Everything that an executor needs to build and push one image, as plain values.

    Attributes:
        name: The image's name in the program, for messages.
        key: The build key; its tag is put by the pipeline, not by the executor.
        repository_url: ``host/name``, where the image is pushed to by digest.
        dockerfile: The content as it is.
        dockerfile_name: Its name in messages (a path relative to the program, or ``inline``).
        contexts: ``context`` and the local named contexts.
        recipe: What else BuildKit is asked for, with only those build args that can have an effect.
        named_images: Named contexts that are images or remote: name → BuildKit's form (``docker-image://…``).
        secrets: Id → value. Only for the time of the build, in memory or in a private temporary file.
        timeout_s: The build is stopped after that many seconds.
        source_policy: BuildKit source policy (JSON text) that pins external images, or "".
        assumed: Stages whose bases' ``ONBUILD`` triggers were taken to be absent.
        secret_references: Id → where AWS keeps the value, for secrets that never come here.
        cache_from: Cache imports, as ``--cache-from`` takes them.
        cache_to: Cache exports, as ``--cache-to`` takes them.
        cache_export: What was decided about ``cache_to``; None without a cache.
        pull_hosts: Registries of the external images that the Dockerfile starts from or copies from.
        checks: What the image has to satisfy; None checks only what its place refuses.
        before_bytes: Compressed bytes of the image before, where the checks ask for it.
        base: What it starts from, to tell the findings of its base from its own; None if it is not known.
        leaves_record: Of a build that is not awaited: what the program knows of it. The machine that builds leaves the
            record beside the image.
    """

    name: str
    key: BuildKey
    repository_url: str
    dockerfile: bytes
    dockerfile_name: str
    contexts: Mapping[str, ContextSource]
    recipe: Recipe
    named_images: Mapping[str, str] = field(default_factory=dict[str, str])
    secrets: Mapping[str, bytes] = field(default_factory=dict[str, bytes], repr=False)
    runs_on: str = "anywhere"
    timeout_s: float = 3600.0
    source_policy: str = ""
    assumed: tuple[AssumedStage, ...] = ()
    secret_references: Mapping[str, SecretReference] = field(default_factory=dict[str, SecretReference])
    cache_from: tuple[str, ...] = ()
    cache_to: tuple[str, ...] = ()
    cache_export: CacheExport | None = None
    pull_hosts: tuple[str, ...] = ()
    checks: CheckSettings | None = None
    before_bytes: int | None = None
    base: ImageBase | None = None
    leaves_record: BuildRecord | None = None


@dataclass(frozen=True, slots=True)
class BuiltImage:
    """What an executor has built and pushed by digest; not verified and not tagged yet.

    Attributes:
        digest: The manifest's digest in the repository.
        steps: Number of the Dockerfile's steps that this build had.
        steps_cached: How many of them came out of the cache.
        pushed_bytes: Bytes pushed, where the executor knows; BuildKit does not say (0: the pipeline counts layers).
        duration_s: Seconds from start to pushed.
        waited_s: Seconds before that, in which the build waited for its place.
        log_path: Where the full log lies, or "".
        ran: The steps; empty where another machine has built and has compared them itself.
        warnings: BuildKit's, one line each; likewise.
        phases: Where the time went, as far as the executor knows.
        timeline: BuildKit's steps, with their times.
        caches: Imports and exports of caches.
        uploaded_bytes: Sources that were uploaded.
        builder: The builder's name, and BuildKit's version where it is known.
        machine: The machine on AWS that built it.
        checked: Fingerprint of the image checks that another machine has run; "" for none.
    """

    digest: str
    steps: int = 0
    steps_cached: int = 0
    pushed_bytes: int = 0
    duration_s: float = 0.0
    waited_s: float = 0.0
    log_path: str = ""
    ran: tuple[RanStep, ...] = ()
    warnings: tuple[str, ...] = ()
    phases: PhaseSeconds = field(default_factory=PhaseSeconds)
    timeline: tuple[StepRun, ...] = ()
    caches: tuple[CacheTransfer, ...] = ()
    uploaded_bytes: int = 0
    builder: str = ""
    machine: Machine = field(default_factory=Machine)
    checked: str = ""


class Reporter(Protocol):
    """Where one image's progress goes."""

    def progress(self, line: str) -> None:
        """A line that the next one replaces (``12 s · 3/7 RUN pip install …``)."""
        ...

    def note(self, line: str) -> None:
        """A line that stays."""
        ...

    def warn(self, line: str) -> None:
        """A line that stays and asks for attention."""
        ...


class Clock(Protocol):
    """The time; the pure parts do not read clocks themselves."""

    def monotonic(self) -> float:
        """Seconds, for durations."""
        ...

    def now(self) -> float:
        """Seconds since the epoch, for records."""
        ...


class Registry(Protocol):
    """One repository of a registry.

    Every method raises ``RegistryError`` (or its ``AuthError``) unless the registry gave an answer.
    """

    @property
    def url(self) -> str:
        """``host/name``."""
        ...

    async def find(self, tags: Sequence[str]) -> Mapping[str, Manifest]:
        """Return the manifests under those tags; absent tags are left out."""
        ...

    async def manifest(self, digest: str) -> Manifest | None:
        """Return the manifest with that digest, or None if it is absent."""
        ...

    async def blob(self, digest: str) -> bytes:
        """Return a small blob (an image configuration), checked against its digest."""
        ...

    async def tag(self, manifest: Manifest, tag: str) -> str:
        """Put a tag and return the digest that it names afterwards.

        A tag that was already there is not an error: the digest that it names is returned, for the caller to compare.
        """
        ...


class ImageCopier(Protocol):
    """Copies an image from one repository to another, by digest; puts no tag."""

    async def copy(self, manifest: Manifest, source_url: str, target_url: str, reporter: Reporter) -> int:
        """Make sure that the target holds the manifest and everything that it refers to.

        Returns:
            Bytes that were sent; blobs that the target had, or mounted, cost none.

        Raises:
            RegistryError: It could not be copied, because of the source or of the target.
            BuilderError: The run is ending, and nothing new may begin.
        """
        ...


class LayerReader(Protocol):
    """Looks into the start of a layer."""

    async def programs(self, repository_url: str, digest: str, size: int, most: int, platform: str) -> LayerPrograms:
        """Find the programs in at most ``most`` of its first bytes, without keeping the event loop busy.

        Raises:
            RegistryError: They could not be read.
        """
        ...


class LayerLister(Protocol):
    """Reads which files a layer holds."""

    async def listing(self, repository_url: str, digest: str, size: int) -> Listing:
        """Read a layer once, or return what an earlier reading has found.

        Raises:
            RegistryError: The registry did not return it.
            VerifyError: It is damaged, hostile, or of a compression that cannot be read here.
        """
        ...

    async def contents(self, repository_url: str, digest: str, size: int, paths: frozenset[str]) -> Mapping[str, bytes]:
        """Read files of a layer; those that are too large are left out.

        Raises:
            RegistryError: The registry did not return it.
            VerifyError: It is damaged, hostile, or of a compression that cannot be read here.
        """
        ...


class ScanReader(Protocol):
    """Asks a registry for its scan of an image."""

    async def scan(self, repository_url: str, digest: str) -> ScanAnswer:
        """Return the state of an image's scan, and its findings once it is done.

        Raises:
            RegistryError: The registry could not be asked.
        """
        ...

    async def begin(self, repository_url: str, digest: str) -> None:
        """Ask for a scan where none began by itself; that it cannot begin is not an error."""
        ...


class Executor(Protocol):
    """Builds an image and pushes it by digest."""

    async def build(self, job: BuildJob, reporter: Reporter) -> BuiltImage:
        """Build and push.

        Raises:
            BuildFailed: The build ran and failed.
            BuilderError: There was nothing to build with.
        """
        ...


@runtime_checkable
class StartingExecutor(Executor, Protocol):
    """An executor whose builds go on by themselves, so that one can be started and not awaited."""

    async def start(self, job: BuildJob, reporter: Reporter) -> object:
        """Join the image's build that is under way, or start one; does not wait for its end."""
        ...


@runtime_checkable
class PreparingExecutor(Executor, Protocol):
    """An executor that can look for what it builds with before there is something to build."""

    async def prepare(self, reporter: Reporter) -> None:
        """Look for it."""
        ...
