"""Pulumi's generated protocol classes, without the rest of the SDK.

Importing ``pulumi.runtime.proto`` the ordinary way first runs the packages ``pulumi`` and ``pulumi.runtime``, most of a
second that every ``pulumi up`` would pay for this plugin. Decides only how the generated modules are found: in a
process that has not imported ``pulumi`` (the plugin's own) the packages above them are entered without being run.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

_PACKAGES = ("pulumi", "pulumi.runtime", "pulumi.runtime.proto")


def enter_packages() -> None:
    """Make ``pulumi.runtime.proto.*_pb2`` importable; does nothing where ``pulumi`` is already imported."""
    if "pulumi" in sys.modules:
        return
    spec = importlib.util.find_spec("pulumi")
    if spec is None or not spec.submodule_search_locations:
        return
    root = Path(next(iter(spec.submodule_search_locations)))
    for name in _PACKAGES:
        package = ModuleType(name)
        package.__path__ = [str(root.joinpath(*name.split(".")[1:]))]
        sys.modules[name] = package


def load(name: str) -> ModuleType:
    """One generated module, such as ``provider_pb2``."""
    return importlib.import_module(f"pulumi.runtime.proto.{name}")
