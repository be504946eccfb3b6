"""Puts the contexts of a remote build together again from their chunks.

Decides that a build gets exactly what was hashed: every chunk must have the digest that is its name, and the chunks of
a context must add up to its ``context_digest``. Leaves safe unpacking to ``core.staging.archive``.
"""

from __future__ import annotations

import gzip
import tempfile
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any, cast

import botocore.exceptions

from fast_container.adapters.aws_session import aws_errors, error_code
from fast_container.core.entry import Entry
from fast_container.core.key import entries_digest
from fast_container.core.ports import ContextSource
from fast_container.core.remote.plan import PlannedContext, RemotePlan
from fast_container.core.staging.archive import extract_archive
from fast_container.core.staging.chunks import joined
from fast_container.errors import ContextError, SourceUploadError

# S3 answers "denied" for an absent object if the role may not list the bucket; the watcher finds out which it is.
_ABSENT = frozenset({"404", "NoSuchKey", "NotFound", "403", "AccessDenied"})
_PARALLEL = 8
_CHUNK_BYTES = 1 << 20


class ChunksUnusable(Exception):  # noqa: N818 - an event, told by an exit code
    """Chunks that must be uploaded again.

    Args:
        absent: Digests of chunks that are not in the bucket any more.
        damaged: Digests of chunks whose content has another digest.
    """

    def __init__(self, absent: Sequence[str], damaged: Sequence[str]) -> None:
        super().__init__(*absent, *damaged)
        self.absent = tuple(absent)
        self.damaged = tuple(damaged)


def fetch_contexts(plan: RemotePlan, client: Callable[[], Any], folder: Path) -> dict[str, ContextSource]:
    """Fetch and unpack every context of a plan.

    Raises:
        ChunksUnusable: Chunks have expired or are damaged.
        ContextError: The plan leads out of its context.
        SourceUploadError: S3 refused, or the plan is wrong.
    """
    distinct = list(dict.fromkeys(chunk.digest for context in plan.contexts.values() for chunk in context.chunks))
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="parts-", dir=folder.parent) as packed:
        place = Path(packed)

        def download(digest: str) -> bool:
            return _download(plan, digest, client, place / digest)

        with ThreadPoolExecutor(_PARALLEL) as pool:
            there = dict(zip(distinct, pool.map(download, distinct), strict=True))
        absent, damaged = [digest for digest in distinct if not there[digest]], dict[str, None]()
        if absent:
            raise ChunksUnusable(absent, ())
        contexts = {
            name: _unpack(context, place, folder / str(number), damaged)
            for number, (name, context) in enumerate(plan.contexts.items())
        }
    if damaged:
        raise ChunksUnusable((), list(damaged))
    return {name: _checked(plan, name, source) for name, source in contexts.items()}


def _download(plan: RemotePlan, digest: str, client: Callable[[], Any], place: Path) -> bool:
    key = f"{plan.parts_prefix}/{digest}"
    with aws_errors("s3:GetObject", f"s3://{plan.bucket}/{key}", error_type=SourceUploadError):
        try:
            owner = {"ExpectedBucketOwner": plan.bucket_owner} if plan.bucket_owner else {}
            body = client().get_object(Bucket=plan.bucket, Key=key, **owner)["Body"]
        except botocore.exceptions.ClientError as error:
            if error_code(error) in _ABSENT:
                return False
            raise
        with place.open("xb") as file:
            for chunk in body.iter_chunks(_CHUNK_BYTES):
                file.write(chunk)
    return True


def _unpack(context: PlannedContext, packed: Path, folder: Path, damaged: dict[str, None]) -> ContextSource:
    """Unpack the chunks of a context up to the first damaged one; that one is added to ``damaged``.

    Nothing is unpacked below a directory that no checked chunk has made, so no link is a way out of the folder.
    """
    folder.mkdir()
    unpacked: list[tuple[str, tuple[Entry, ...]]] = []
    directories = {""}
    for chunk in context.chunks:
        if chunk.prefix not in directories:
            raise ContextError("The build's plan names a chunk whose directory is in no other one.", path=chunk.prefix)
        try:
            with gzip.open(packed / chunk.digest) as archive:
                entries = extract_archive(cast("IO[bytes]", archive), str(folder / chunk.prefix))
        except (gzip.BadGzipFile, EOFError, zlib.error, ContextError):
            entries = ()
        if entries_digest(entries) != chunk.digest:
            damaged[chunk.digest] = None
            break
        unpacked.append((chunk.prefix, entries))
        directories |= {f"{chunk.prefix}/{one.path}".lstrip("/") for one in entries if one.type == "dir"}
    return ContextSource(str(folder), joined(unpacked))


def _checked(plan: RemotePlan, name: str, source: ContextSource) -> ContextSource:
    if entries_digest(source.entries) != plan.contexts[name].context_digest:
        raise SourceUploadError(
            "The chunks of a context do not add up to what was hashed.",
            where=f"s3://{plan.bucket}/{plan.parts_prefix}",
            next_step="Run `pulumi up` again with the version of fast-container that the stack uses.",
        )
    return source
