"""V10: secrets, by names of files and by prefixes of tokens, in every layer, in the configuration and in the history.

Decides which names mean a secret whatever the file holds. A finding names the kind and the place, never the secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from fast_container.checks.image.rule import Found, place_of
from fast_container.checks.image.settings import ImageChecks
from fast_container.core.layers.contents import ImageContents, ImageFiles
from fast_container.core.layers.entry import FILE
from fast_container.core.layers.merged import Placed
from fast_container.core.layers.secret_signs import secret_signs

_NAMES: Final = {
    "a file of settings for development": r"(?:.*/)?\.env(?:\.(?!example$|sample$|template$|dist$)[\w-]+)?",
    "a private SSH key": r"(?:.*/)?id_(?:rsa|dsa|ecdsa|ed25519)",
    "credentials of AWS": r"(?:.*/)?\.aws/credentials",
    "credentials of git": r"(?:.*/)?(?:\.git-credentials|\.netrc)",
    "a git repository": r"(?:.*/)?\.git/config",
}
_PATTERNS: Final = {kind: re.compile(pattern) for kind, pattern in _NAMES.items()}
_TESTS: Final = re.compile(r"(?:.*/)?(?:site|dist)-packages/.*(?:^|/)tests?/.*")
_VARIABLE: Final = re.compile(r"\w*(?:PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|PRIVATE_KEY|ACCESS_KEY)", re.I)
_SET: Final = re.compile(rf"(?<!\w)({_VARIABLE.pattern})=(?![\s$/]|$)\S+", re.I)
_FIX = "Revoke it, and give it with RUN --mount=type=secret: a later layer cannot take it back."


def check_files(_: ImageContents, files: ImageFiles, __: ImageChecks) -> Iterator[Found]:
    """Find secrets in the files of all layers."""
    for at, layer in enumerate(files.layers):
        for entry in layer.listing.entries:
            if entry.kind != FILE or not entry.size or _TESTS.fullmatch(entry.path):
                continue
            kinds = entry.signs or tuple(kind for kind, pattern in _PATTERNS.items() if pattern.fullmatch(entry.path))
            for kind in kinds:
                placed = Placed(at, entry)
                shown = files.merged.files.get(entry.path)
                gone = "" if shown is not None and shown.layer == at else ", which a later layer only hides"
                said = kind if kind.startswith(("a ", "credentials")) else f"a secret ({kind})"
                yield Found(place_of(files, placed), f"A file is or holds {said}{gone}.", "it ships to all", _FIX)


def check_configuration(image: ImageContents, _: ImageChecks) -> Iterator[Found]:
    """Find secrets in ENV, labels and history."""
    for name, value in (*image.configuration.env.items(), *image.configuration.labels.items()):
        is_named = _VARIABLE.fullmatch(name) and value and not value.startswith(("/", "$"))
        if is_named or secret_signs(value):
            yield Found(f"ENV or LABEL {name}", "The configuration holds a secret.", "all who pull can read it", _FIX)
    for at, step in enumerate(image.configuration.history, 1):
        named = _SET.search(step.created_by)
        signs = secret_signs(step.created_by)
        if (named and named[1] not in image.configuration.env) or signs:
            kind = ", ".join(signs) or (named[1] if named else "")
            yield Found(f"step {at} of the history", f"The history holds a secret ({kind}).", "all can read it", _FIX)
