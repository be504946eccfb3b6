"""What an image costs beside another one: storage and transfer, from their manifests.

Decides that compressed bytes count and that layers that both have count once where they lie in one repository. Leaves
reading manifests to the command line. What a smaller image does to a start is not computed: Lambda reads what it
touches, and only a measurement tells (``fast-container coldstart``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fast_container.core.spelling import growth_text, size_text
from fast_container.report.costs.figure import GB, Figure, price_text, storage_figure
from fast_container.report.costs.period_costs import Prices


@dataclass(frozen=True, slots=True)
class SizedImage:
    """An image.

    Attributes:
        name: As it was asked for.
        layers: Digest → compressed bytes, the configuration among them.
    """

    name: str
    layers: Mapping[str, int]

    @property
    def size_bytes(self) -> int:
        """Compressed size."""
        return sum(self.layers.values())


def image_figures(image: SizedImage, other: SizedImage, prices: Prices) -> list[Figure]:
    """Figures of two images: ``other`` is the earlier one."""
    shared = sum(size for digest, size in image.layers.items() if digest in other.layers)
    storage, transfer = prices["ecr_storage_gb_month"].value or 0.0, prices["transfer_gb"].value or 0.0
    note = "compressed bytes, which ECR bills; `docker images` shows unpacked ones"
    both = image.size_bytes + other.size_bytes - shared
    change = image.size_bytes - other.size_bytes
    new = image.size_bytes - shared
    return [
        storage_figure("against", f"Storage of {other.name}", other.size_bytes, storage, (note,)),
        storage_figure("image", f"Storage of {image.name}", image.size_bytes, storage, (note,)),
        storage_figure(
            "change",
            "Change if the earlier one is removed",
            change,
            storage,
            (f"{growth_text(change)} compressed; as long as both are kept, the next line is paid",),
        ),
        storage_figure(
            "both",
            "Storage of both in one repository",
            both,
            storage,
            (f"{size_text(shared)} are layers of both and count once; in two repositories they count twice",),
        ),
        Figure(
            "pull",
            "Transfer of one pull where the earlier one is already",
            "cost",
            new / GB,
            "GB",
            new / GB * transfer,
            f"{new / GB:.3f} GB × {price_text(transfer)}",
            {"gigabytes": new / GB, "whole_gigabytes": image.size_bytes / GB},
            ("transfer_gb",),
            (
                "one region pays nothing for it; through a NAT gateway about --price transfer_gb=0.045",
                "Lambda does not pull an image when it starts; ECS and EKS do",
            ),
            ("how often it is pulled is in no record",),
        ),
    ]
