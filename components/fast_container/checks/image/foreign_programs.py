"""Programs for another processor than the configuration's: a part of V07 and V08.

Decides that the whole image is looked at, where the look after a push reads the first part of each layer. Leaves when
such programs mean a wrong image to ``checks.programs``.
"""

from __future__ import annotations

from collections.abc import Iterator

from fast_container.checks.image.rule import Found
from fast_container.checks.programs import check_programs
from fast_container.core.layers.contents import ImageContents, ImageFiles
from fast_container.core.layers.elf import runs_on
from fast_container.core.layers.file_kinds import architecture_of
from fast_container.core.layers.listing import Listing
from fast_container.core.layers.programs import LayerPrograms, is_known
from fast_container.errors import VerifyError


def check_machine(image: ImageContents, files: ImageFiles) -> Iterator[Found]:
    """Find programs that the image's processor cannot run."""
    platform = image.configuration.platform
    if not is_known(platform):
        return
    fitting = runs_on(platform.split("/")[1])
    layers = {layer.digest: _programs(layer.listing, fitting) for layer in files.layers}
    try:
        check_programs(layers, platform=platform, where=image.name)
    except VerifyError as error:
        yield Found(error.why, error.what, "they cannot be started", error.next_step, fails_in_service=True)


def _programs(listing: Listing, fitting: frozenset[str]) -> LayerPrograms:
    found = {architecture_of(kind): indexes for kind, indexes in listing.kinds.items() if architecture_of(kind)}
    if fitting & found.keys():
        return LayerPrograms(True)
    return LayerPrograms(False, tuple((listing.paths[at], name) for name, indexes in found.items() for at in indexes))
