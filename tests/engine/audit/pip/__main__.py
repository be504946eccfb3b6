"""Prints name, version and place of each installed distribution, as JSON, and takes nothing but that order."""

from __future__ import annotations

import json
import sys
from importlib.metadata import distributions

if sys.argv[1:] != ["list", "-v", "--format", "json"]:
    sys.exit(f"the tests' pip only lists, and was asked for {sys.argv[1:]}")
found = {one.name: one for one in distributions()}
sys.stdout.write(
    json.dumps(
        [
            {"name": name, "version": one.version, "location": str(one.locate_file("")), "installer": "uv"}
            for name, one in found.items()
        ]
    )
)
