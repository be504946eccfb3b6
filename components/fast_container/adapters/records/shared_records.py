"""Records beside the images that they are about: shared by all machines without a server, and gone with the image.

Decides that a record is attached while the program goes on, and that nothing waits for it for long: it is insight, and
whatever goes wrong is one debug line. What is read back may have been written by anybody who may push: it explains,
and decides nothing but whether exports of a cache pay. Leaves the form to ``core.oci.artifact`` and requests to
``adapters.registry.referrers``.
"""

from __future__ import annotations

import threading
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final

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


class SharedRecords:
    """The records in the repositories of one program.

    Args:
        registry_of: Returns the client of ``host/name``; called in a thread.
        debug: Gets a line about what could not be done.
    """

    def __init__(self, registry_of: Callable[[str], OciRegistry], debug: Callable[[str], object]) -> None:
        self._registry_of = registry_of
        self._debug = debug
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
        arguments = record, inputs, image if image is not None and image.digest == record.digest else None, told
        thread = threading.Thread(target=self._attach, args=arguments, name="attach a record", daemon=True)
        self._under_way.append(thread)
        thread.start()

    def end(self, most_s: float) -> None:
        """Wait until all are attached, but not longer than that; then begin no more: the others are lost."""
        self._wait(most_s)
        self._given_up.set()
        self._wait(_BEING_PUT_S)

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

    def _attach(
        self, record: BuildRecord, inputs: bytes | None, image: Manifest | None, told: Mapping[str, str]
    ) -> None:
        documents = {RECORD_JSON: replace(record, log_path="").to_json().encode("utf-8", "backslashreplace")}
        if inputs is not None:
            documents[RECORD_INPUTS] = inputs
        try:
            with self._places:
                if self._given_up.is_set():
                    return
                subject = image or self._registry_of(record.repository_url).manifest_blocking(record.digest)
                if subject is not None:
                    artifact, unique = Artifact(RECORD, documents, told), {RECORD_JSON}
                    self._referrers(record.repository_url).attach(artifact, subject, self._given_up, unique=unique)
        except Exception as error:  # noqa: BLE001, RUF100 - a thread of its own, and insight only
            self._debug(f"fast-container: the record of {record.name} is not in its repository: {error}")

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
