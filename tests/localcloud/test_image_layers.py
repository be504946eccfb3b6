"""Layers are unpacked for overlayfs, and never outside their folder."""

from __future__ import annotations

import contextlib
import io
import os
import stat
import tarfile
from pathlib import Path

import pytest

from localcloud.image_layers import each_once, unpack_layer
from localcloud.state import LocalCloudError
from tests.localcloud.registry_client import make_layer


def test_whiteouts_become_overlayfs_own(tmp_path: Path) -> None:
    layer, folder = tmp_path / "layer", tmp_path / "folder"
    folder.mkdir()
    layer.write_bytes(make_layer({"a/.wh.gone": b"", "b/.wh..wh..opq": b"", "b/new": b"1"}))
    unpack_layer(layer, folder)
    gone = (folder / "a" / "gone").stat()
    assert (stat.S_ISCHR(gone.st_mode), gone.st_rdev) == (True, 0)
    assert os.getxattr(folder / "b", "trusted.overlay.opaque") == b"y"
    assert sorted(path.name for path in folder.rglob("*")) == ["a", "b", "gone", "new"]


def test_modes_and_owners_are_kept(tmp_path: Path) -> None:
    layer, folder = tmp_path / "layer", tmp_path / "folder"
    folder.mkdir()
    layer.write_bytes(make_layer({"tool": b"", "secret": b""}, {"tool": 0o755, "secret": 0o600}))
    unpack_layer(layer, folder)
    assert [stat.S_IMODE((folder / name).stat().st_mode) for name in ("tool", "secret")] == [0o755, 0o600]


@pytest.mark.parametrize("target", ["..", "{outside}"])
def test_nothing_is_written_outside(tmp_path: Path, target: str) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "folder"
    outside.mkdir()
    folder.mkdir()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        if target == "..":
            names = ["../outside/evil"]
        else:
            link = tarfile.TarInfo("link")
            link.type, link.linkname = tarfile.SYMTYPE, target.format(outside=outside)
            archive.addfile(link)
            names = ["link/evil", f"{outside}/evil"]
        for name in names:
            archive.addfile(tarfile.TarInfo(name))
    layer = tmp_path / "layer"
    layer.write_bytes(packed.getvalue())
    with contextlib.suppress(LocalCloudError):
        unpack_layer(layer, folder)
    assert list(outside.iterdir()) == []


def test_equal_layers_are_one_where_they_are_uppermost() -> None:
    """overlayfs mounts no folder twice, and ``RUN true`` twice makes two equal layers."""
    base, empty, code = Path("base"), Path("empty"), Path("code")
    assert each_once([base, empty, empty, code]) == (base, empty, code)
    assert each_once([empty, base, empty, code, base]) == (empty, code, base)
    assert each_once(iter([])) == ()


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "layer").write_bytes(b"nothing of the kind" * 100)
    with pytest.raises(LocalCloudError, match="could not be unpacked"):
        unpack_layer(tmp_path / "layer", tmp_path)
