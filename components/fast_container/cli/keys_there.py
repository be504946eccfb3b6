"""The keys that a repository has of an image: when each was built, from which commit, as which image.

Decides what is asked: the configuration of each image for its date and platform, and the record beside it for the rest;
records on this machine are asked first. A record explains and proves nothing. Leaves the table to the verb.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from fast_container.adapters.records.local_records import LocalRecords
from fast_container.adapters.records.shared_records import SharedRecords
from fast_container.adapters.registry.key_tags import key_tags
from fast_container.adapters.registry.registries import Registries
from fast_container.adapters.threads import in_thread
from fast_container.checks.pushed_image import pushed_configuration, pushed_manifest
from fast_container.core.cache_folder import cache_folder
from fast_container.core.key import digits_of, tag_of
from fast_container.core.ports import Manifest, Registry
from fast_container.core.records.record import BuildRecord
from fast_container.errors import FastContainerError

MOST: Final = 300
_AT_ONCE: Final = 8


@dataclass(frozen=True, slots=True)
class KeyThere:
    """One key of a repository.

    Attributes:
        tag: ``key-…``.
        digest: The image under it.
        platform: Of its configuration; "" for an index, or where it cannot be read.
        built: Seconds since the epoch; 0 where nothing says it.
        image_bytes: Compressed.
        records: Of its builds, as far as there are any.
        is_index: Whether it lists images for several platforms.
    """

    tag: str
    digest: str
    platform: str
    built: float
    image_bytes: int
    records: tuple[BuildRecord, ...] = field(default=())
    is_index: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The images that it was built as, as far as that is known."""
        return tuple(dict.fromkeys(record.name for record in self.records))

    @property
    def commit(self) -> str:
        """The commit that it was built from, or ""."""
        return next((record.origin.commit for record in self.records if record.origin.commit), "")

    @property
    def hex(self) -> str:
        """The whole key where a record has it, else the digits of the tag."""
        return next((record.key for record in self.records), digits_of(self.tag))


async def keys_there(registries: Registries, url: str, *, first: Sequence[str] = ()) -> tuple[list[KeyThere], int]:
    """Return the keys of a repository, the newest first, and how many were not looked at since there are too many.

    Args:
        registries: How registries are reached.
        url: ``host/name``.
        first: Tags that are looked at in any case.

    Raises:
        FastContainerError: The registry could not be asked.
    """
    tags = await in_thread(lambda: key_tags(registries.oci_blocking(url)))
    local = _local_records(url)
    known = [tag for tag in (*first, *local) if tag in set(tags)]
    looked_at = list(dict.fromkeys([*known, *tags]))[:MOST]
    registry = registries.repository(url)
    found = await registry.find(looked_at)
    shared = SharedRecords(registries.oci_blocking, lambda _line: None)
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(tag: str, manifest: Manifest) -> KeyThere:
        async with places:
            return await _key(tag, manifest, registry, shared, local.get(tag, ()))

    keys = await asyncio.gather(*(one(tag, manifest) for tag, manifest in found.items()))
    return sorted(keys, key=lambda key: (-key.built, key.tag)), len(tags) - len(looked_at)


async def _key(
    tag: str, manifest: Manifest, registry: Registry, shared: SharedRecords, local: Iterable[BuildRecord]
) -> KeyThere:
    records = [record for record in local if record.digest == manifest.digest]
    if not records:
        # A registry without the API of referrers has none.
        with suppress(FastContainerError):
            records = await in_thread(shared.records_of, registry.url, [manifest.digest])
    of_key = tuple(record for record in records if tag_of(record.key) == tag and record.outcome == "built")
    platform, created, size, images = "", 0.0, 0, 1
    with suppress(FastContainerError):
        parsed = pushed_manifest(manifest)
        size = parsed.compressed_bytes
        images = sum(not child.attestation for child in parsed.children)
        if parsed.config is not None:
            configuration = pushed_configuration(await registry.blob(parsed.config.digest))
            platform, created = configuration.platform, _seconds(configuration.created)
    built = max((record.started for record in of_key), default=created)
    return KeyThere(tag, manifest.digest, platform, built, size, of_key, is_index=images > 1)


def _local_records(url: str) -> Mapping[str, Sequence[BuildRecord]]:
    """Return tag → records of its builds on this machine, the newest tag first."""
    found: dict[str, list[BuildRecord]] = {}
    for record in reversed(LocalRecords(cache_folder(os.environ)).read().records):
        if record.repository_url == url and record.digest:
            found.setdefault(tag_of(record.key), []).append(record)
    return found


def _seconds(created: str) -> float:
    try:
        read = datetime.fromisoformat(created)
    except ValueError:
        return 0.0
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
