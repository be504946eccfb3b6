"""Records beside the images that they are about: shared by all machines without a server, and gone with the image.

Decides that a record is attached while the program goes on, and that nothing waits for it for long: it is insight, and
whatever goes wrong is one debug line. What was not attached in time is attached by a later run that uses the
repository, by the same rule that images go first. What is read back may have been written by anybody who may push: it
explains, and decides nothing but whether exports of a cache pay. Leaves the form to ``core.oci.artifact`` and requests
to ``adapters.registry.referrers``.
"""

from __future__ import annotations

import threading
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from fast_container.adapters.records.outbox import Outbox
from fast_container.adapters.registry.oci_registry import OciRegistry
from fast_container.adapters.registry.referrers import Referrers
from fast_container.core.key import tag_of
from fast_container.core.oci.artifact import Artifact
from fast_container.core.oci.media_types import RECORD, RECORD_INPUTS, RECORD_JSON
from fast_container.core.ports import Manifest
from fast_container.core.records.record import BASES_TOLD, NAME_TOLD, BuildRecord
from fast_container.errors import FastContainerError

_AT_ONCE: Final = 4
# A registry that does not answer must not keep the terminal.
_BEING_PUT_S: Final = 2.0
_LARGEST_INPUTS: Final = 128_000_000
# An image that was built again and again has one record each time.
_MOST_RECORDS: Final = 20
_NONE: Final[Mapping[tuple[str, str], BuildRecord]] = {}


@dataclass(slots=True)
class _Waiting:
    """A record that is not attached yet, and its file in the outbox."""

    record: BuildRecord
    inputs: bytes | None
    told: Mapping[str, str]
    path: Path | None = None


class SharedRecords:
    """The records in the repositories of one program.

    Args:
        registry_of: Returns the client of ``host/name``; called in a thread.
        debug: Gets a line about what could not be done.
        outbox: Keeps the records that are not put in time; None keeps none.
    """

    def __init__(
        self,
        registry_of: Callable[[str], OciRegistry],
        debug: Callable[[str], object],
        outbox: Outbox | None = None,
    ) -> None:
        self._registry_of = registry_of
        self._debug = debug
        self._outbox = outbox
        self._waiting: dict[int, _Waiting] = {}
        self._resumed: set[str] = set()
        self._lock = threading.Lock()
        self._places = threading.Semaphore(_AT_ONCE)
        self._under_way: list[threading.Thread] = []
        self._given_up = threading.Event()
        self._of: dict[str, Referrers] = {}

    def begin(
        self,
        record: BuildRecord,
        inputs: bytes | None = None,
        image: Manifest | None = None,
        bases: Iterable[str] = (),
    ) -> None:
        """Begin to attach a record to its image.

        Args:
            record: Its image is in the registry.
            inputs: The inputs manifest of its key, compressed.
            image: The image's manifest, where it is known.
            bases: Build keys of the base images of ours that it was built on; clean-up keeps these.
        """
        told = {"outcome": record.outcome, "started": f"{record.started:.0f}", NAME_TOLD: record.name}
        if tags := " ".join(sorted({tag_of(key) for key in bases})):
            told[BASES_TOLD] = tags
        one = _Waiting(record, inputs, told)
        with self._lock:
            self._waiting[id(record)] = one
        self._start(self._attach, one, image if image is not None and image.digest == record.digest else None)

    def resume(self, repository_url: str) -> None:
        """Begin to attach what earlier runs have left over; once for a repository."""
        if self._outbox is not None and repository_url not in self._resumed:
            self._resumed.add(repository_url)
            self._start(self._attach_kept, self._outbox, repository_url)

    def _start(self, call: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=call, args=arguments, name="attach a record", daemon=True)
        self._under_way.append(thread)
        thread.start()

    def end(self, most_s: float) -> None:
        """Wait until all are attached, but not longer than that; then begin no more: a later run puts the others."""
        self._wait(most_s)
        self._given_up.set()
        self._wait(_BEING_PUT_S)
        self.keep_waiting()

    def keep_waiting(self) -> None:
        """Keep on this machine what is not attached yet; it is removed if it is attached after all."""
        if self._outbox is None:
            return
        with self._lock:
            for one in self._waiting.values():
                try:
                    one.path = one.path or self._outbox.put(one.record, one.inputs, one.told)
                except OSError as error:
                    self._debug(f"fast-container: the record of {one.record.name} cannot be kept: {error}")
                    return
            self._outbox.tidy()

    def _wait(self, most_s: float) -> None:
        end_s = time.monotonic() + most_s
        for thread in self._under_way:
            thread.join(max(end_s - time.monotonic(), 0.0))

    def inputs_of(self, repository_url: str, digest: str) -> bytes | None:
        """Return the inputs manifest of an image, compressed; None without one. Blocking."""
        try:
            referrers = self._referrers(repository_url)
            for referrer in referrers.find(digest, RECORD)[-_MOST_RECORDS:]:
                content = referrers.document(referrer, RECORD_INPUTS)
                if content is not None and is_zlib(content):
                    return content
        except FastContainerError as error:
            self._debug(f"fast-container: no inputs of {repository_url}@{digest}: {error}")
        return None

    def records_of(
        self, repository_url: str, digests: Iterable[str], known: Mapping[tuple[str, str], BuildRecord] = _NONE
    ) -> list[BuildRecord]:
        """Return the records of images, those that can be read, by their beginnings. Blocking.

        Args:
            repository_url: ``host/name``.
            digests: Of the images.
            known: Digest and whole second of the beginning → a record that need not be read.

        Raises:
            FastContainerError: The registry could not be asked.
        """
        referrers = self._referrers(repository_url)
        found: list[BuildRecord] = []
        for digest in digests:
            for referrer in referrers.find(digest, RECORD)[-_MOST_RECORDS:]:
                if (there := known.get((digest, referrer.annotations.get("started", "")))) is not None:
                    found.append(there)
                    continue
                content = referrers.document(referrer, RECORD_JSON)
                try:
                    record = BuildRecord.from_json(content or b"")
                except ValueError:
                    continue
                if record.digest == digest:
                    found.append(record)
        return sorted(found, key=lambda record: record.started)

    def _attach(self, one: _Waiting, image: Manifest | None) -> None:
        with self._places:
            if not self._is_settled(one.record, one.inputs, image, one.told):
                return
        with self._lock:
            self._waiting.pop(id(one.record))
        if self._outbox is not None and one.path is not None:
            self._outbox.remove(one.path)

    def _attach_kept(self, outbox: Outbox, repository_url: str) -> None:
        """Attach the records of a repository that an outbox has, one after the other."""
        for kept in outbox.of(repository_url):
            if not self._is_settled(kept.record, kept.inputs, None, kept.told):
                return
            outbox.remove(kept.path)

    def _is_settled(
        self, record: BuildRecord, inputs: bytes | None, image: Manifest | None, told: Mapping[str, str]
    ) -> bool:
        """Attach a record; whether that is done or was refused, so that it need not be tried again."""
        documents = {RECORD_JSON: replace(record, log_path="").to_json().encode("utf-8", "backslashreplace")}
        if inputs is not None:
            documents[RECORD_INPUTS] = inputs
        try:
            if self._given_up.is_set():
                return False
            subject = image or self._registry_of(record.repository_url).manifest_blocking(record.digest)
            if subject is None:
                return True
            artifact, unique = Artifact(RECORD, documents, told), {RECORD_JSON}
            referrers = self._referrers(record.repository_url)
            return bool(referrers.attach(artifact, subject, self._given_up, unique=unique))
        except Exception as error:  # noqa: BLE001, RUF100 - a thread of its own, and insight only
            self._debug(f"fast-container: the record of {record.name} is not in its repository: {error}")
            return True

    def _referrers(self, repository_url: str) -> Referrers:
        return self._of.setdefault(repository_url, Referrers(lambda: self._registry_of(repository_url)))


def is_zlib(content: bytes) -> bool:
    """Whether a compressed content has an end, and is not too large."""
    reader = zlib.decompressobj()
    try:
        reader.decompress(content, _LARGEST_INPUTS)
    except zlib.error:
        return False
    return reader.eof
