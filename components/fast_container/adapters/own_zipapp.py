"""The part of this library that builds, as one file that runs with nothing else installed.

Decides which modules travel: those that a build needs, none that imports Pulumi.
"""

from __future__ import annotations

import io
import zipfile
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

_PACKAGES: Final = ("core", "build", "checks", "adapters", "remote")
_SINGLE: Final = ("__init__.py", "errors.py")
_LEFT_OUT: Final = frozenset({"pulumi_log.py", "s3_source.py", "own_zipapp.py", "image_resolver.py", "stat_cache.py"})
_LEFT_OUT_PREFIX: Final = "codebuild"
_TIME: Final = (1980, 1, 2, 0, 0, 0)


def zipapp_bytes() -> bytes:
    """The zipapp; run it with ``python3 fast_container.pyz``."""
    package = files("fast_container")
    members = {f"fast_container/{name}": package.joinpath(name).read_bytes() for name in _SINGLE}
    for name in _PACKAGES:
        _collect(package.joinpath(name), f"fast_container/{name}", members)
    members["__main__.py"] = members.pop("fast_container/remote/launcher.py")
    return zip_bytes(members)


def zip_bytes(members: dict[str, bytes]) -> bytes:
    """A zip file of these members, in the order of their names."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(members):
            info = zipfile.ZipInfo(name, _TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o100644 << 16
            info.create_system = 3
            archive.writestr(info, members[name])
    return out.getvalue()


def _collect(folder: Traversable, prefix: str, members: dict[str, bytes]) -> None:
    for child in folder.iterdir():
        if child.is_dir() and child.name != "__pycache__":
            _collect(child, f"{prefix}/{child.name}", members)
        elif _travels(child.name):
            members[f"{prefix}/{child.name}"] = child.read_bytes()


def _travels(name: str) -> bool:
    return name.endswith(".py") and name not in _LEFT_OUT and not name.startswith(_LEFT_OUT_PREFIX)
