"""Names of the structure tests that cannot be run on the files of an image; apart, so that it costs no import."""

from __future__ import annotations

from typing import Final

NEED_A_CONTAINER: Final = ("commandTests", "licenseTests")
