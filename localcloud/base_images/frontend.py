"""The image that ``# syntax=docker/dockerfile:1`` names: BuildKit's own Dockerfile frontend as a stand-in image.

Decides what the image holds: the program as the tools built it and the libraries that it is linked with. Without
the program a Dockerfile with a syntax line cannot be built here; BuildKit says that the image is not found.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path

from localcloud.base_images import image_layout
from localcloud.base_images.image_layout import ImageLayout
from localcloud.state import locked, user_cache

_CONFIG = {
    "Env": ["PATH=/bin"],
    "Entrypoint": ["/bin/dockerfile-frontend"],
    "Labels": {
        "moby.buildkit.frontend.network.none": "true",
        "moby.buildkit.frontend.caps": "moby.buildkit.frontend.inputs,moby.buildkit.frontend.subrequests,"
        "moby.buildkit.frontend.contexts",
    },
}


def ensure_frontend_image(program: Path) -> Path | None:
    """The layout of the frontend's image, made at the first call; None where there is no such program."""
    if not program.exists():
        return None
    cache = user_cache() / "base-images"
    identity = hashlib.sha256(program.read_bytes() + Path(__file__).read_bytes()).hexdigest()[:16]
    folder = cache / f"frontend-{identity}"
    if (folder / "manifest.json").exists():
        return folder
    with locked(cache / "lock"):
        if not (folder / "manifest.json").exists():
            shutil.rmtree(folder, ignore_errors=True)
            _make(program, folder)
    return folder


def _make(program: Path, folder: Path) -> None:
    root = folder / "root"
    target = root / "bin" / "dockerfile-frontend"
    target.parent.mkdir(parents=True)
    shutil.copyfile(program, target)
    target.chmod(0o755)
    for library in _libraries(program):
        copy = root / library.relative_to("/")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(library, copy)
        copy.chmod(0o755)
    layout = ImageLayout(folder)
    manifest = layout.put_image(root, "amd64", _CONFIG, "stand-in for docker/dockerfile")
    shutil.rmtree(root)
    described = {"architecture": "amd64", **manifest.descriptor(image_layout.MANIFEST)}
    (folder / "manifest.json").write_text(json.dumps(described))


def _libraries(program: Path) -> list[Path]:
    """List the files that a dynamically linked program needs to start; none for a static one."""
    result = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)
    return [Path(path) for path in re.findall(r"(/\S+) \(0x", result.stdout)] if result.returncode == 0 else []
