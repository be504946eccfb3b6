"""The request that starts a remote build: its sources in the bucket, its plan, its variables, its time limits.

Decides what a build is given. The sources of each image are uploaded by themselves, so that an image whose sources
cannot be is the only one that fails. Leaves what is in the bucket already to ``s3_source``, and the plan's format to
``core.remote.plan``.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from fast_container.adapters.codebuild.api import image_variables
from fast_container.adapters.codebuild.own_zipapp import launcher_bytes, program_bytes, zip_bytes
from fast_container.adapters.codebuild.s3_source import S3SourceStore
from fast_container.adapters.threads import in_thread
from fast_container.core.oci.repository import host_of
from fast_container.core.ports import BuildJob, Reporter, SecretReference
from fast_container.core.remote.grouping import LONGEST_S
from fast_container.core.remote.plan import RemotePlan, planned_contexts, secret_variable, write_plans
from fast_container.core.spelling import counted
from fast_container.core.staging.chunks import cut

LAUNCHER_FILE: Final = "fast_container.pyz"
PLAN_FILE: Final = "plan.json"
# The images' own time limits come first and explain more; this is for a machine that hangs.
_SPARE_MINUTES: Final = 5
_LONGEST_MINUTES: Final = LONGEST_S // 60
_QUEUE_MINUTES: Final = (5, 480)


@dataclass(slots=True)
class Program:
    """The program that all builds run; made once.

    Args:
        pack: Makes it.
    """

    pack: Callable[[], bytes] = program_bytes
    _content: bytes = field(default=b"", init=False)
    _making: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    async def content(self) -> bytes:
        """Return its bytes."""
        async with self._making:
            self._content = self._content or await in_thread(self.pack)
        return self._content


@dataclass(frozen=True, slots=True)
class Uploaded:
    """An image whose sources are in the bucket.

    Attributes:
        plan: What its build is given.
        sent_bytes: Bytes put to S3, of the program too.
        put: Chunks put.
        chunks: All its chunks.
    """

    plan: RemotePlan
    sent_bytes: int
    put: int
    chunks: int

    def summary(self, bundle_bytes: int = 0) -> str:
        """Describe the upload in one line."""
        return f"uploaded {_size(self.sent_bytes + bundle_bytes)}: {self.put} of {counted(self.chunks, 'chunk')} new"


@dataclass(frozen=True, slots=True)
class Requests:
    """Makes the requests of one executor; see its arguments."""

    program: Program
    store: S3SourceStore
    buildkit_image: str
    mirrors: Mapping[str, str]
    logins: Mapping[str, SecretReference]
    pull_hosts: tuple[str, ...]
    queue_timeout_s: float

    async def upload(self, job: BuildJob, reporter: Reporter) -> Uploaded:
        """Upload an image's sources and the program.

        Raises:
            SourceUploadError: S3 refused or cannot be reached.
            AuthError: Credentials are missing, expired, or lack a permission.
            ContextError: A file changed since it was hashed.
        """
        chunks = {name: await in_thread(cut, source) for name, source in job.contexts.items()}
        every = [chunk for cut_off in chunks.values() for chunk in cut_off]
        loop, sent = asyncio.get_running_loop(), [0, 0]

        def show() -> None:
            reporter.progress(f"uploading sources: {counted(sent[0], 'chunk')}, {_size(sent[1])}")

        def on_bytes(count: int) -> None:
            sent[0] += 1
            sent[1] += count
            loop.call_soon_threadsafe(show)

        reporter.progress(f"uploading sources: {counted(len(every), 'chunk')}")
        content = await self.program.content()
        upload, (program_key, program_sent) = await asyncio.gather(
            in_thread(self.store.put_chunks, every, on_bytes), in_thread(self.store.put_program, content)
        )
        # Also the registries of BuildKit's own image and of the mirrors.
        places = (*job.pull_hosts, *self.pull_hosts, *self.mirrors.values(), self.buildkit_image)
        hosts = {host_of(place) for place in places if "/" in place or "." in place}
        first_login = len(job.secret_references)
        plan = RemotePlan(
            job=replace(job, secrets={}, pull_hosts=tuple(sorted(hosts))),
            contexts=planned_contexts(job.contexts, chunks),
            secret_variables={secret: secret_variable(n) for n, secret in enumerate(job.secret_references)},
            bucket=self.store.bucket,
            bucket_owner=self.store.owner,
            parts_prefix=self.store.key("parts"),
            buildkit_image=self.buildkit_image,
            program=hashlib.sha256(content).hexdigest(),
            program_key=program_key,
            mirrors=self.mirrors,
            login_variables={host: secret_variable(n) for n, host in enumerate(self.logins, start=first_login)},
        )
        return Uploaded(plan, upload.sent_bytes + program_sent, upload.put, upload.put + upload.present)

    async def request(self, jobs: Sequence[BuildJob], uploaded: Sequence[Uploaded]) -> tuple[dict[str, Any], int]:
        """Upload the bundle of one build of these images; return the request that starts it, and the bundle's bytes."""
        plans = write_plans([one.plan for one in uploaded])
        content = await in_thread(zip_bytes, {PLAN_FILE: plans, LAUNCHER_FILE: launcher_bytes()})
        bundle, sent_bytes = await in_thread(self.store.put_bundle, content)
        variables = image_variables([(job.key.hex, job.repository_url) for job in jobs])
        # An image with secrets is alone.
        references = (*(one for job in jobs for one in job.secret_references.values()), *self.logins.values())
        for number, reference in enumerate(references):
            variables.append({"name": secret_variable(number), "value": reference.reference, "type": reference.kind})
        least, most = _QUEUE_MINUTES
        seconds = sum(job.timeout_s for job in jobs)
        request = {
            "sourceTypeOverride": "S3",
            "sourceLocationOverride": f"{self.store.bucket}/{bundle}",
            "environmentVariablesOverride": variables,
            "timeoutInMinutesOverride": min(math.ceil(seconds / 60) + _SPARE_MINUTES, _LONGEST_MINUTES),
            "queuedTimeoutInMinutesOverride": min(max(least, math.ceil(self.queue_timeout_s / 60)), most),
        }
        return request, sent_bytes


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{count / 1e3:.1f} kB"
