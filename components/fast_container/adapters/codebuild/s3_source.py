"""Uploads the sources of remote builds to S3: content-addressed chunks, each put once, and a small bundle a build.

Decides what is already there (length and digest as the object's own metadata say, and young enough to outlive the
build's queue), and how what is put is checked (put-if-absent, SHA-256 verified by the server). Leaves the cut to
``core.staging.chunks`` and the archive's form to ``core.staging.archive``.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import partial
from typing import IO, Any, cast

from fast_container.adapters.aws_session import aws_errors, error_code
from fast_container.core.remote.log_lines import PROGRAM
from fast_container.core.staging.archive import write_archive
from fast_container.core.staging.chunks import Chunk
from fast_container.errors import AuthError, SourceUploadError

_CONFLICT_ATTEMPTS = 5
_CONFLICT_PAUSE_S = 0.2
_PARALLEL_UPLOADS = 4
_MEMORY_BYTES = 8 * 1024 * 1024
_CHUNK_BYTES = 1 << 20
_ABSENT = frozenset({"404", "NoSuchKey", "NotFound"})
# The answer to a HEAD has no body with details.
_UNEXPLAINED = frozenset({"400", "403"})
_DAY_S = 24 * 3600.0
_PROGRAMS = "programs/"
# CodeBuild queues a build for at most 8 hours; objects that expire within a day are put again.
_MARGIN_S = _DAY_S

OnBytes = Callable[[int], None]
"""Called with the bytes of each object that was put, from threads."""


@dataclass(slots=True)
class Upload:
    """Result of one image's upload.

    Attributes:
        sent_bytes: Bytes put to S3.
        put: Objects put.
        present: Objects that were already there.
    """

    sent_bytes: int = 0
    put: int = 0
    present: int = 0


@dataclass(slots=True)
class S3SourceStore:
    """A prefix of a bucket; one for a program, safe for threads. Blocking: callers use a thread.

    Args:
        client: Gives an S3 client.
        bucket: The bucket's name.
        prefix: Key prefix without slashes at its ends; "" is the bucket's root.
        expire_days: After how many days the bucket's lifecycle removes an object.
        owner: The AWS account that the bucket must belong to; "" asks nothing of S3. A bucket that was deleted and
            made again by somebody else has the same name.
        sleep: Waits so many seconds.
    """

    client: Callable[[], Any]
    bucket: str
    prefix: str = ""
    expire_days: int = 30
    owner: str = ""
    sleep: Callable[[float], None] = time.sleep
    _known: set[str] = field(default_factory=set[str], init=False)
    _damaged: set[str] = field(default_factory=set[str], init=False)
    _program_is_damaged: bool = field(default=False, init=False)
    _locks: dict[str, threading.Lock] = field(default_factory=dict[str, threading.Lock], init=False)
    _guard: threading.Lock = field(default_factory=threading.Lock, init=False)

    def key(self, name: str) -> str:
        """The object key of ``parts/…`` or ``bundles/…``."""
        return f"{self.prefix}/{name}" if self.prefix else name

    def put_chunks(self, chunks: list[Chunk], on_bytes: OnBytes) -> Upload:
        """Put every chunk that is not there yet.

        Raises:
            SourceUploadError: S3 refused or cannot be reached.
            AuthError: Credentials are missing, expired, or lack a permission.
            ContextError: A file changed since it was hashed.
        """
        done = Upload()
        distinct = list({chunk.digest: chunk for chunk in chunks}.values())
        with ThreadPoolExecutor(max_workers=_PARALLEL_UPLOADS) as pool:
            for sent in pool.map(partial(self._put_chunk, on_bytes), distinct):
                done.sent_bytes += sent
                done.put += sent > 0
                done.present += sent == 0
        return done

    def put_bundle(self, content: bytes) -> tuple[str, int]:
        """Put a build's bundle under its own digest; return its key and the bytes sent."""
        return self._put_once(f"bundles/{hashlib.sha256(content).hexdigest()}.zip", content)

    def put_program(self, content: bytes) -> tuple[str, int]:
        """Put the program that all builds of a version run; like ``put_bundle``."""
        return self._put_once(f"{_PROGRAMS}{hashlib.sha256(content).hexdigest()}.pyz", content)

    def _put_once(self, kind: str, content: bytes) -> tuple[str, int]:
        name = self.key(kind)
        with self._lock_of(name):
            damaged = name in self._damaged or (self._program_is_damaged and kind.startswith(_PROGRAMS))
            if not damaged and (name in self._known or self._is_there(name, content)):
                self._known.add(name)
                return name, 0
            with tempfile.SpooledTemporaryFile(max_size=_MEMORY_BYTES) as body:
                body.write(content)
                sent = self._put(name, body, lambda _: None, content=content, over=damaged)
            if kind.startswith(_PROGRAMS):
                self._program_is_damaged = False
            self._damaged.discard(name)
            self._known.add(name)
            return name, sent

    def _lock_of(self, name: str) -> threading.Lock:
        with self._guard:
            return self._locks.setdefault(name, threading.Lock())

    def denies(self, names: Iterable[str]) -> bool:
        """Whether all objects that a build could not read are there: then it lacks a permission."""
        found = [self._is_there(self.key(name)) for name in names]
        return bool(found) and all(found)

    def look_again(self, damaged: Iterable[str] = ()) -> None:
        """Check all objects anew: a build found one missing.

        Args:
            damaged: Digests of chunks that are there and are not what their names say, or ``PROGRAM``; they are
                overwritten.
        """
        damaged = set(damaged)
        with self._guard:
            self._known.clear()
            self._program_is_damaged |= PROGRAM in damaged
            self._damaged.update(self.key(f"parts/{digest}") for digest in damaged - {PROGRAM})

    def _put_chunk(self, on_bytes: OnBytes, chunk: Chunk) -> int:
        name = self.key(f"parts/{chunk.digest}")
        with self._lock_of(name):
            damaged = name in self._damaged
            if not damaged and (name in self._known or self._is_there(name)):
                self._known.add(name)
                return 0
            with tempfile.SpooledTemporaryFile(max_size=_MEMORY_BYTES) as body:
                with gzip.GzipFile(fileobj=body, mode="wb", compresslevel=6, mtime=0, filename="") as packed:
                    write_archive(chunk.source, cast("IO[bytes]", packed))
                sent = self._put(name, body, on_bytes, over=damaged)
            self._damaged.discard(name)
            self._known.add(name)
            return sent

    @property
    def _bucket(self) -> dict[str, str]:
        """Bucket and owner, as every call has them."""
        return {"Bucket": self.bucket, **({"ExpectedBucketOwner": self.owner} if self.owner else {})}

    def _is_there(self, name: str, content: bytes | None = None) -> bool:
        """Whether an object is there whole; given its content, whether S3 has verified that this is its content."""
        import botocore.exceptions  # noqa: PLC0415 - see adapters.aws_session

        with self._errors("s3:GetObject", name):
            try:
                # Not for chunks: of an encrypted object, S3 tells the checksum only to callers that may decrypt it.
                checksum = {} if content is None else {"ChecksumMode": "ENABLED"}
                found = self.client().head_object(**self._bucket, Key=name, **checksum)
            except botocore.exceptions.ClientError as error:
                if error_code(error) in _ABSENT:
                    return False
                if error_code(error) in _UNEXPLAINED:
                    # The same question again, in a form whose answer has details.
                    self.client().get_object(**self._bucket, Key=name, Range="bytes=0-0")["Body"].close()
                raise
        whole = str(found["ContentLength"]) == found.get("Metadata", {}).get("length")
        if content is not None:
            # A store without such a checksum still knows the length; the build checks the rest.
            ours = base64.b64encode(hashlib.sha256(content).digest()).decode()
            whole = found["ContentLength"] == len(content) and found.get("ChecksumSHA256", ours) == ours
        age_s = _server_time_s(found) - found["LastModified"].timestamp()
        return whole and self.expire_days * _DAY_S - age_s > _MARGIN_S

    def _put(
        self, name: str, body: IO[bytes], on_bytes: OnBytes, *, content: bytes | None = None, over: bool = False
    ) -> int:
        import botocore.exceptions  # noqa: PLC0415 - see adapters.aws_session

        length = body.tell()
        body.seek(0)
        checksum = hashlib.sha256()
        while chunk := body.read(_CHUNK_BYTES):
            checksum.update(chunk)
        request = {
            **self._bucket,
            "Key": name,
            "ContentLength": length,
            "ChecksumSHA256": base64.b64encode(checksum.digest()).decode(),
            "Metadata": {"length": str(length)},
        }
        with self._errors("s3:PutObject", name):
            for attempt in range(_CONFLICT_ATTEMPTS):
                body.seek(0)
                try:
                    self.client().put_object(Body=body, **request, **({} if over else {"IfNoneMatch": "*"}))
                except botocore.exceptions.ClientError as error:
                    if error_code(error) == "PreconditionFailed":
                        if self._is_there(name, content):
                            return 0  # Another machine was first.
                        over = True  # There, but old or cut short.
                    elif error_code(error) == "ConditionalRequestConflict":
                        self.sleep(_CONFLICT_PAUSE_S * 2**attempt)
                    else:
                        raise
                else:
                    on_bytes(length)
                    return length
        raise SourceUploadError(
            "An object could not be uploaded: other processes kept writing it.",
            where=f"s3://{self.bucket}/{name}",
            next_step="Run again.",
        )

    @contextmanager
    def _errors(self, action: str, name: str) -> Generator[None]:
        try:
            with aws_errors(action, f"s3://{self.bucket}/{name}", error_type=SourceUploadError):
                yield
        except AuthError as error:
            if action in error.what:
                error.next_step = _statement(action, self.bucket, self.prefix)
                if self.owner:
                    error.next_step += f" If the bucket is not of account {self.owner}: bucket_owner=."
            raise
        except SourceUploadError as error:
            if "NoSuchBucket" in error.why:
                error.what = f"The bucket for sources does not exist: {self.bucket}"
                error.next_step = (
                    "Deploy the stack that makes the CodeBuildBuilder; for a bucket of your own check bucket=."
                )
            raise


def _server_time_s(answer: Mapping[str, Any]) -> float:
    """Return S3's own time, so that a wrong clock here does not make objects young or old."""
    date = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    return parsedate_to_datetime(date).timestamp() if date else time.time()


def _statement(action: str, bucket: str, prefix: str) -> str:
    objects = f"arn:aws:s3:::{bucket}/{prefix}/*" if prefix else f"arn:aws:s3:::{bucket}/*"
    text = f'Add to the deployer\'s policy: {{"Effect": "Allow", "Action": "{action}", "Resource": "{objects}"}}'
    if action == "s3:GetObject":
        # Without it S3 answers "denied" for absent objects.
        text += f' and {{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::{bucket}"}}'
    return text
