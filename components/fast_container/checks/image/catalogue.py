"""The image rules' ids and titles.

Leaves severities to ``checks.image.settings``. ``docs/image-checks.md`` has the same table.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

VERSION: Final = 2
"""Of what the rules find; a higher one checks images again that a lower one has passed."""

TITLES: Final = MappingProxyType(
    {
        "V01": "The image or a layer is over its budget",
        "V02": "Build tools ship with the image",
        "V03": "Caches ship with the image",
        "V04": "Development packages ship with the image",
        "V05": "Bytes ship that later layers replace or delete",
        "V06": "Python code without valid bytecode",
        "V07": "The image would fail on Lambda",
        "V08": "The image is not fit, or not safe, as a service on ECS",
        "V09": "GPU libraries in an image for a place without a GPU",
        "V10": "A secret ships with the image",
        "V11": "A required path is missing, a forbidden one is there, or a structure test fails",
        "V12": "A package is in the image twice",
    }
)
"""Id → what is wrong when it fires."""
