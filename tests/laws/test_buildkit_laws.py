"""Against a real BuildKit: the key changes whenever the image does, and a staged context builds the same image."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from fast_container.core.staging.stage import stage
from localcloud import LocalCloud
from tests.trees import Tree, key, select, write_tree

pytestmark = pytest.mark.buildkit

TREE: Tree = {
    "src/main.py": "1",
    "src/lib/a.py": "2",
    "src/lib/a.txt": "3",
    "docs/guide.md": "4",
    "docs/img/logo.png": "5",
    "current": ("link", "src/lib"),
    "data/latest": ("link", "v1"),
    "data/v1/x.json": "6",
    "data/v2/x.json": "7",
    "empty/deeper": None,
    "node_modules/keep/k.js": "8",
    "node_modules/drop/d.js": "9",
}

DOCKERFILES = {
    "picks": """\
FROM scratch AS unused
COPY docs /docs
FROM scratch
COPY src/*.py current/a.txt /one/
COPY data/latest /two
COPY --parents n*/keep /three
""",
    "excludes": """\
FROM scratch AS files
COPY --exclude=**/*.txt --exclude=data/v2 . /all
FROM scratch
COPY --from=files /all /
COPY empty docs/img /images/
""",
}


def build(cloud: LocalCloud, context: Path, out: Path) -> dict[str, tuple[str, str]]:
    """What the image holds: path → type with executable bit, and content or link text."""
    shutil.rmtree(out, ignore_errors=True)
    command = [
        "buildx",
        "build",
        "--quiet",
        "--file",
        str(context / "Dockerfile"),
        "--output",
        f"type=local,dest={out}",
    ]
    done = subprocess.run(
        [*command, str(context)], env=cloud.environment(), capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, tuple[str, str]] = {}
    for place in out.rglob("*"):
        if place.is_symlink():
            found[str(place.relative_to(out))] = ("link", os.readlink(place))
        elif place.is_dir():
            found[str(place.relative_to(out))] = ("dir", "")
        else:
            kind = "executable" if place.stat().st_mode & 0o100 else "file"
            found[str(place.relative_to(out))] = (kind, hashlib.sha256(place.read_bytes()).hexdigest())
    return found


def lay_out(root: Path, name: str) -> Path:
    write_tree(root, TREE)
    (root / "Dockerfile").write_text(DOCKERFILES[name])
    (root / ".dockerignore").write_text("node_modules\n!node_modules/keep\nDockerfile\n.dockerignore\n")
    return root


@pytest.mark.parametrize("name", DOCKERFILES)
def test_a_staged_context_builds_the_same_image(cloud: LocalCloud, tmp_path: Path, name: str) -> None:
    root = lay_out(tmp_path / f"tree-{name}", name)
    (root / "src/main.py").chmod(0o755)
    staged = tmp_path / f"staged-{name}"
    stage(select(root).contexts["context"], str(staged))
    shutil.copy(root / "Dockerfile", staged / "Dockerfile")
    (staged / "Dockerfile.dockerignore").write_text("Dockerfile*\n")
    assert build(cloud, staged, tmp_path / "out") == build(cloud, root, tmp_path / "out")


@pytest.mark.parametrize("name", DOCKERFILES)
def test_the_key_changes_whenever_the_image_does(cloud: LocalCloud, tmp_path: Path, name: str) -> None:
    root = lay_out(tmp_path / f"base-{name}", name)
    before, image = key(root), build(cloud, root, tmp_path / "out")
    needless: list[str] = []
    for number, path in enumerate(path for path, content in TREE.items() if content is not None):
        # Another directory each time: BuildKit's sync trusts sizes and times.
        copy = lay_out(tmp_path / f"{name}-{number}", name)
        if (copy / path).is_symlink():
            target = {"current": "src", "data/latest": "v2"}[path]
            (copy / path).unlink()
            if path == "current":
                (copy / "src/a.txt").write_text("another")
            (copy / path).symlink_to(target)
        else:
            (copy / path).write_text("edited")
        image_changed = build(cloud, copy, tmp_path / "out") != image
        key_changed = key(copy) != before
        assert key_changed or not image_changed, path
        if key_changed and not image_changed:
            needless.append(path)
    # BuildKit's own cache key counts it, too: with --exclude it follows links at the top level of ".".
    assert needless == {"picks": [], "excludes": ["src/lib/a.txt"]}[name]
