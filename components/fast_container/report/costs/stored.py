"""Bytes in repositories: compressed, and each layer of a repository once.

Decides which images a period leaves: those in use at its end, and older ones, which stay until they are removed. Leaves
what a byte costs to ``period_costs``. Untagged images, caches and referrers are in no record.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fast_container.core.oci.ecr_host import ecr_host
from fast_container.core.oci.repository import host_of
from fast_container.core.records.record import BuildRecord

_Layer = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Stored:
    """What images take.

    Attributes:
        in_use_bytes: Of the images that were the newest of their name at the end.
        older_bytes: What the period's other images have besides.
        by_image_bytes: ``in_use_bytes`` if each layer were counted for each image that has it.
        images: How many images are in use.
        unsized: How many of them no record gives a size of.
        unshared: How many of them have no digests of layers in their record; their layers count as their own.
        regions: AWS's regions that their repositories are in.
        elsewhere: How many of them are in registries that are not ECR.
    """

    in_use_bytes: int
    older_bytes: int
    by_image_bytes: int
    images: int
    unsized: int
    unshared: int
    regions: frozenset[str]
    elsewhere: int


def stored(period: Sequence[BuildRecord], known: Iterable[BuildRecord]) -> Stored:
    """Count what a period's images take.

    Args:
        period: Its records, in their order.
        known: All records that there are: an image that is unchanged has its layers in an earlier one.
    """
    sized: dict[tuple[str, str], BuildRecord] = {}
    for record in known:
        if record.image_bytes and record.outcome != "failed":
            sized[record.repository_url, record.key] = record
    in_use: dict[tuple[str, str, str], BuildRecord] = {}
    for record in period:
        if record.outcome != "failed":
            in_use[record.name, record.repository_url, record.platform] = record
    found = {
        (record.repository_url, record.key): sized.get((record.repository_url, record.key))
        for record in in_use.values()
    }
    used = [record for record in found.values() if record is not None]
    layers = _layers(used)
    hosts = [ecr_host(host_of(url)) for url, _ in found]
    others = _layers([record for record in period if record.image_bytes and record.outcome != "failed"])
    return Stored(
        in_use_bytes=sum(layers.values()),
        older_bytes=sum(size for layer, size in others.items() if layer not in layers),
        by_image_bytes=sum(record.image_bytes for record in used),
        images=len(found),
        unsized=len(found) - len(used),
        unshared=sum(not _has_layers(record) for record in used),
        regions=frozenset(host.region for host in hosts if host is not None),
        elsewhere=hosts.count(None),
    )


def _layers(records: Iterable[BuildRecord]) -> dict[_Layer, int]:
    """Repository and layer → bytes; an image without digests is one layer."""
    sizes: dict[_Layer, int] = {}
    for record in records:
        named = (
            zip(record.layers, record.layer_bytes, strict=True)
            if _has_layers(record)
            else [(record.key, record.image_bytes)]
        )
        sizes |= {(record.repository_url, layer): size for layer, size in named}
    return sizes


def _has_layers(record: BuildRecord) -> bool:
    return bool(record.layers) and len(record.layers) == len(record.layer_bytes)
