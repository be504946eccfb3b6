"""Why a generated base image is built again: by distributions and a user's words, never by a generated file's name."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fast_container.core.decision import RecordedImage, why
from fast_container.core.declared import DeclaredImage, InlineDockerfile
from fast_container.core.select import SelectedImage, SharedWalks, select_image
from fast_container.python_base.dependencies import declared_dependencies
from fast_container.python_base.dockerfile import generate_base
from fast_container.python_base.generated_files import GENERATED_CONTEXT, WORDS, write_files
from fast_container.python_base.spec import BaseSpec
from fast_container.state.explanation import Contents, counts_of, explain, inputs_manifest, remember
from tests.trees import write_tree

OLD = "requests==2.31.0\nnumpy>=2\nsix==1.16.0\n"


def base(root: Path, requirements: str, constraints: str = "idna<4\n") -> tuple[SelectedImage, Contents]:
    write_tree(root, {"r.txt": requirements, "limits.txt": constraints})
    found = declared_dependencies([], root=str(root), requirements=["r.txt"], constraints="limits.txt")
    made = generate_base(BaseSpec("python:3.12-slim", found), root=str(root))
    files = str(write_files(made.files, root / "generated"))
    image = DeclaredImage(
        name="deps",
        context=files,
        dockerfile=InlineDockerfile(made.dockerfile),
        dockerfile_name="Dockerfile",
        named_contexts={GENERATED_CONTEXT: files},
    )
    return select_image(image, SharedWalks()), Contents(GENERATED_CONTEXT, WORDS, found.versions)


def explained(tmp_path: Path, requirements: str, constraints: str = "idna<4\n", *, remembered: bool = True) -> str:
    before, was = base(tmp_path / "a", OLD)
    after, contents = base(tmp_path / "b", requirements, constraints)
    cache = tmp_path / "cache"
    if remembered:
        remember(before.key.hex, inputs_manifest(before, was), cache)
    recorded = RecordedImage(before.key.hex, "sha256:0", before.key.parts)
    reason = why(after.key, recorded, contents.called)
    old: dict[str, Any] = {"build_key": before.key.hex, "counts": counts_of(before)}
    return explain(cast(Any, SimpleNamespace(selected=after)), old, reason, cache, contents)


@pytest.mark.parametrize(
    ("requirements", "expected"),
    [
        (OLD.replace("2.31.0", "2.32.3"), "requests 2.31.0 → 2.32.3"),
        (OLD.replace("six==1.16.0\n", "attrs\n"), "attrs any version added, six 1.16.0 removed"),
        (OLD.replace("requests==", "requests[socks]=="), "requests 2.31.0 → 2.31.0 [socks]"),
        (OLD.replace(">=2", ">=2; os_name == 'posix'"), "markers, hashes or options of the dependencies changed"),
        (OLD + "a==1\nb==1\nc==1\nd==1\ne==1\n", "a 1 added, b 1 added, c 1 added, d 1 added, 1 more distribution"),
    ],
)
def test_a_changed_distribution_is_named_with_its_versions(tmp_path: Path, requirements: str, expected: str) -> None:
    assert explained(tmp_path, requirements) == expected


@pytest.mark.parametrize("remembered", [True, False])
def test_changed_constraints_are_called_so(tmp_path: Path, remembered: bool) -> None:
    assert explained(tmp_path, OLD, "idna<3\n", remembered=remembered) == "constraints changed"


def test_where_the_last_run_was_on_another_machine_the_dependencies_changed(tmp_path: Path) -> None:
    assert explained(tmp_path, OLD.replace("2.31.0", "2.32.3"), remembered=False) == "dependencies changed"
