"""The check that the programs in a pushed image are for its platform.

Decides when programs for another processor mean a wrong image: no program in the image fits, or a layer has put such
programs into an image's own folders (``/usr/bin``, ``/lib`` …) and none that fits. Files for other platforms beside the
image's own are fine (packages with a binary for each, tools that are handed out).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from fast_container.core.layers.programs import LayerPrograms
from fast_container.errors import VerifyError

_OWN_PLACES: Final = re.compile(
    r"(?:usr/(?:local/)?|var/lang/)?(?:s?bin|lib(?:32|64|x32)?(?:/[^/]+-linux-[^/]+)?)/[^/]+"
)
_EMULATOR: Final = re.compile(r".*/qemu-[^/]*")


def check_programs(layers: Mapping[str, LayerPrograms], *, platform: str, where: str) -> None:
    """Refuse an image with programs for another processor.

    Args:
        layers: Digest → the programs in it, the lowest layer first.
        platform: The image's.
        where: The image, for the message.

    Raises:
        VerifyError: The image would not run.
    """
    some_fit = any(layer.fits for layer in layers.values())
    for digest, layer in layers.items():
        if layer.fits:
            continue
        for path, architecture in layer.others:
            is_own = _OWN_PLACES.fullmatch(path) is not None and not _EMULATOR.fullmatch(path)
            if is_own or not some_fit:
                raise VerifyError(
                    f"The pushed image is for {platform} but holds programs for linux/{architecture}.",
                    where=where,
                    why=f"/{path} in layer {digest}",
                    next_step="Start from a base image of the image's platform, copy programs that were made for it, or"
                    " set platform= to what they are for. Programs that are only handed out belong elsewhere (/opt …).",
                )
