"""Puts the contexts of a remote build together again from their parts.

Decides that nothing is built from what is not exactly what was hashed: the parts of a context must add up to its
``context_digest``. Leaves safe unpacking to ``core.archive``.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, cast

import botocore.exceptions

from fast_container.adapters.aws_session import aws_errors, error_code
from fast_container.core.archive import extract_archive
from fast_container.core.entry import Entry
from fast_container.core.key import entries_digest
from fast_container.core.parts import joined
from fast_container.core.ports import ContextSource
from fast_container.core.remote_plan import PlacedPart, PlannedContext, RemotePlan
from fast_container.errors import SourceUploadError

_ABSENT = frozenset({"404", "NoSuchKey", "NotFound"})


class PartMissing(Exception):  # noqa: N818 - an event, told by an exit code
    """A part is not in the bucket any more."""

    def __init__(self, digest: str) -> None:
        super().__init__(digest)
        self.digest = digest


def fetch_contexts(plan: RemotePlan, client: Callable[[], Any], folder: Path) -> dict[str, ContextSource]:
    """Fetch and unpack every context of a plan.

    Raises:
        PartMissing: A part has expired.
        SourceUploadError: A part is damaged, or S3 refused.
    """
    return {
        name: _fetch_context(plan, context, client, folder / str(number))
        for number, (name, context) in enumerate(plan.contexts.items())
    }


def _fetch_context(plan: RemotePlan, context: PlannedContext, client: Callable[[], Any], folder: Path) -> ContextSource:
    unpacked = [(part.prefix, _fetch_part(plan, part, client, folder)) for part in context.parts]
    folder.mkdir(parents=True, exist_ok=True)
    entries = joined(unpacked)
    if entries_digest(entries) != context.context_digest:
        raise SourceUploadError(
            "The parts of a context do not add up to what was hashed.",
            where=f"s3://{plan.bucket}/{plan.parts_prefix}",
            next_step="Delete the objects below that prefix and run again.",
        )
    return ContextSource(str(folder), entries)


def _fetch_part(plan: RemotePlan, part: PlacedPart, client: Callable[[], Any], folder: Path) -> tuple[Entry, ...]:
    key = f"{plan.parts_prefix}/{part.digest}"
    where = f"s3://{plan.bucket}/{key}"
    with aws_errors("s3:GetObject", where, error_type=SourceUploadError):
        try:
            body = client().get_object(Bucket=plan.bucket, Key=key)["Body"]
        except botocore.exceptions.ClientError as error:
            if error_code(error) in _ABSENT:
                raise PartMissing(part.digest) from error
            raise
        try:
            with gzip.GzipFile(fileobj=cast("IO[bytes]", body)) as packed:
                entries = extract_archive(cast("IO[bytes]", packed), str(folder / part.prefix))
        except (OSError, EOFError, zlib.error) as error:
            raise SourceUploadError("A part of the sources is damaged.", where=where, why=str(error)) from error
    if entries_digest(entries) != part.digest:
        raise SourceUploadError("A part of the sources is not what its name says.", where=where)
    return entries
