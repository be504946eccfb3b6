"""The history of an image in its repository: from the records beside one image to those beside the one before it.

Decides how far that goes: as many records as are asked for, and a bound on digests. A digest that the registry does not
know ends its line; only when none could be asked is that an error. Leaves reading the records beside one image to
``adapters.records.shared_records``. Blocking.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

from fast_container.core.json_document import is_digest
from fast_container.core.records.record import BuildRecord
from fast_container.errors import RegistryError

_AT_ONCE: Final = 8
_MOST_DIGESTS: Final = 500

RecordsOf = Callable[[str], Sequence[BuildRecord]]
"""Digest → the records beside that image; raises ``RegistryError``."""


def image_history(records_of: RecordsOf, digests: Iterable[str], *, most: int, since: float = 0.0) -> list[BuildRecord]:
    """Return the records of an image and of those before it, by their beginnings.

    Args:
        records_of: Asks the registry; called in threads.
        digests: Where to begin.
        most: So many records are enough.
        since: Images that were built before that are not followed, in seconds since the epoch.

    Raises:
        RegistryError: The registry could not be asked for any of the first images.
    """
    found: dict[tuple[object, ...], BuildRecord] = {}
    seen: set[str] = set()
    asked = [digest for digest in dict.fromkeys(digests) if is_digest(digest)]
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        while asked and len(found) < most and len(seen) < _MOST_DIGESTS:
            answers = list(threads.map(partial(_answer, records_of), asked[:_MOST_DIGESTS]))
            refused = [answer for answer in answers if isinstance(answer, RegistryError)]
            if not seen and len(refused) == len(answers):
                raise refused[0]
            seen.update(asked)
            records = [record for answer in answers if not isinstance(answer, RegistryError) for record in answer]
            found |= {identity(record): record for record in records}
            before = [record.previous for record in records if record.started >= since]
            asked = [digest for digest in dict.fromkeys(before) if is_digest(digest) and digest not in seen]
    return sorted(found.values(), key=lambda record: record.started)


def merged(local: Iterable[BuildRecord], shared: Iterable[BuildRecord]) -> list[BuildRecord]:
    """Records of both by their beginnings, each once; the one of this machine knows its log's place."""
    found = {identity(record): record for record in (*shared, *local)}
    return sorted(found.values(), key=lambda record: record.started)


def identity(record: BuildRecord) -> tuple[object, ...]:
    """Return what two copies of one record share."""
    return record.digest, record.origin.run, record.outcome, record.name, record.repository_url, record.started


def _answer(records_of: RecordsOf, digest: str) -> Sequence[BuildRecord] | RegistryError:
    try:
        return records_of(digest)
    except RegistryError as error:
        return error
