"""V10: secrets, by names of files and by prefixes of tokens, in every layer, in the configuration and in the history.

Decides which names mean a secret whatever the file holds. A finding names the kind and the place, never the secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from fast_container.checks.image.rule import Found, is_of_base, place_of
from fast_container.checks.image.settings import ImageRequirements
from fast_container.core.layers.contents import ImageContents, ImageFiles
from fast_container.core.layers.entry import FILE
from fast_container.core.layers.file_kinds import SECRETS
from fast_container.core.layers.listing import Listing
from fast_container.core.layers.merged import Placed
from fast_container.core.layers.secret_signs import secret_signs

_TESTS: Final = re.compile(r"(?:.*/)?(?:site|dist)-packages/.*(?:^|/)tests?/.*")
_VARIABLE: Final = re.compile(r"\w*(?:PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|PRIVATE_KEY|ACCESS_KEY)", re.I)
_SET: Final = re.compile(rf"(?<!\w)({_VARIABLE.pattern})=(?![\s$/]|$)\S+", re.I)
_MOST_STEPS: Final = 20
_FIX = "Revoke it, and give it with RUN --mount=type=secret: a later layer cannot take it back."


def check_files(_: ImageContents, files: ImageFiles, settings: ImageRequirements) -> Iterator[Found]:
    """Find secrets in the files of all layers."""
    for at, layer in enumerate(files.layers):
        for index, kinds in sorted(_suspects(layer.listing).items()):
            entry = layer.listing.entry(index)
            if entry.kind != FILE or not entry.size or _TESTS.fullmatch(entry.path):
                continue
            gone = "" if files.merged.is_shown(at, index) else ", which a later layer only hides"
            for kind in entry.signs or kinds:
                said = kind if kind.startswith(("a ", "credentials")) else f"a secret ({kind})"
                where, origin = place_of(files, Placed(at, entry)), is_of_base(files, at, settings)
                yield Found(where, f"A file is or holds {said}{gone}.", "it ships to all", _FIX, is_of_base=origin)


def _suspects(listing: Listing) -> dict[int, list[str]]:
    """Index → kinds, of files that hold a secret by what is in them or by their name."""
    found: dict[int, list[str]] = {at: [] for at in listing.signs}
    for kind in SECRETS:
        for at in listing.of_kind(kind):
            found.setdefault(at, []).append(kind)
    return found


def check_configuration(image: ImageContents, settings: ImageRequirements) -> Iterator[Found]:
    """Find secrets in ENV, labels, arguments and history."""
    if secret_signs(" ".join((*image.configuration.entrypoint, *image.configuration.command))):
        yield Found("ENTRYPOINT or CMD", "The configuration holds a secret.", "all who pull can read it", _FIX)
    for name, value in (*image.configuration.env.items(), *image.configuration.labels.items()):
        is_named = _VARIABLE.fullmatch(name) and value and not value.startswith(("/", "$"))
        if is_named or secret_signs(value):
            yield Found(f"ENV or LABEL {name}", "The configuration holds a secret.", "all who pull can read it", _FIX)
    shown = 0
    for at, step in enumerate(image.configuration.history, 1):
        named = _SET.search(step.created_by)
        signs = secret_signs(step.created_by)
        if (named and named[1] not in image.configuration.env) or signs:
            shown += 1
            if shown > _MOST_STEPS:
                what = f"More than {_MOST_STEPS} steps of the history hold a secret."
                yield Found("the history", what, "all can read it", _FIX)
                return
            what = f"The history holds a secret ({', '.join(signs) or (named[1] if named else '')})."
            origin = at <= settings.base_steps
            yield Found(f"step {at} of the history", what, "all can read it", _FIX, is_of_base=origin)
