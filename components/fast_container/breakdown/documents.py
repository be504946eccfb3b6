"""Breakdowns and comparisons as JSON documents.

Decides the fields, which docs/image-contents.md lists; ``schema`` changes when one changes its meaning or goes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from fast_container.breakdown.comparison import Comparison, LayerChange, PackageChange
from fast_container.breakdown.directories import Directory
from fast_container.breakdown.image import Breakdown, LayerShare, PackageShare

SCHEMA: Final = 1


def image_document(one: Breakdown) -> dict[str, Any]:
    """Return an image's document."""
    waste = one.waste
    return {
        "schema": SCHEMA,
        "image": one.name,
        "platform": one.platform,
        "compressed_bytes": one.compressed_bytes,
        "unpacked_bytes": one.unpacked_bytes,
        "shown_bytes": one.shown_bytes,
        "efficiency": round(one.efficiency, 6),
        "waste": {
            "deleted_bytes": waste.deleted_bytes,
            "overwritten_bytes": waste.overwritten_bytes,
            "duplicated_bytes": waste.duplicated_bytes,
            "largest": [
                {
                    "path": f"/{hidden.path}",
                    "bytes": hidden.bytes,
                    "how": hidden.how,
                    "layer": hidden.layer,
                    "by": hidden.by,
                }
                for hidden in waste.largest
            ],
        },
        "layers": [_layer(layer) for layer in one.layers],
        "directories": [
            {"path": f"/{folder.path}", "bytes": folder.bytes, "files": folder.files, "is_rest": folder.is_rest}
            for folder in one.directories
        ],
        "distributions": _packages(one.distributions),
        "packages": _packages(one.packages),
        "unowned_bytes": one.unowned_bytes,
        "unread_package_lists": one.owners.unread,
    }


def comparison_document(one: Comparison) -> dict[str, Any]:
    """Return the document of an image that is compared with another."""
    return {
        **image_document(one.after),
        "against": image_document(one.before),
        "changes": {
            "shared_layers": one.shared_layers,
            "layers": [_layer_change(change) for change in one.layers],
            "directories": [_directory_change(folder) for folder in one.directories],
            "distributions": [_package_change(change) for change in one.distributions],
            "packages": [_package_change(change) for change in one.packages],
        },
    }


def _layer(layer: LayerShare) -> dict[str, Any]:
    return {
        "digest": layer.digest,
        "instruction": layer.instruction,
        "compressed_bytes": layer.compressed_bytes,
        "unpacked_bytes": layer.unpacked_bytes,
        "files": layer.files,
        "hidden_bytes": layer.hidden_bytes,
    }


def _packages(shares: Iterable[PackageShare]) -> list[dict[str, Any]]:
    return [
        {
            "kind": share.package.kind,
            "name": share.package.name,
            "version": share.package.version,
            "bytes": share.bytes,
            "files": share.files,
            **({"folder": f"/{share.package.folder}"} if share.package.folder else {}),
        }
        for share in shares
    ]


def _layer_change(change: LayerChange) -> dict[str, Any]:
    return {
        "instruction": change.instruction,
        "growth_bytes": change.growth_bytes,
        "compressed_growth_bytes": change.compressed_growth_bytes,
        "before_bytes": change.before.unpacked_bytes if change.before else None,
        "after_bytes": change.after.unpacked_bytes if change.after else None,
    }


def _directory_change(folder: Directory) -> dict[str, Any]:
    return {
        "path": f"/{folder.path}",
        "growth_bytes": folder.growth_bytes,
        "before_bytes": folder.before_bytes,
        "after_bytes": folder.bytes,
        "is_rest": folder.is_rest,
    }


def _package_change(change: PackageChange) -> dict[str, Any]:
    return {
        "kind": change.kind,
        "name": change.name,
        "growth_bytes": change.growth_bytes,
        "before_version": change.before.package.version if change.before else None,
        "after_version": change.after.package.version if change.after else None,
        "before_bytes": change.before.bytes if change.before else None,
        "after_bytes": change.after.bytes if change.after else None,
    }
