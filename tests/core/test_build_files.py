"""What lies beside a Dockerfile: buildx 0.31 and newer evaluate ``<Dockerfile>.rego`` by themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from fast_container.core.build_files import read_dockerfile_bytes
from fast_container.core.declared import InlineDockerfile
from fast_container.errors import ArgsError, DockerfileError
from tests.trees import Tree, declare, paths, select, write_tree

TEXT = "FROM scratch\nCOPY . /\n"


@pytest.mark.parametrize(
    ("tree", "dockerfile", "policy"),
    [
        ({"Dockerfile": TEXT, "Dockerfile.rego": "package docker"}, "Dockerfile", "Dockerfile.rego"),
        ({"Dockerfile": TEXT, "Dockerfile.rego": ""}, "Dockerfile", "Dockerfile.rego"),
        ({"Dockerfile": TEXT, "Dockerfile.rego": ("link", "Dockerfile")}, "Dockerfile", "Dockerfile.rego"),
        ({"Dockerfile": TEXT, "Dockerfile.rego/x": ""}, "Dockerfile", "Dockerfile.rego"),
        ({"dockerfile": TEXT, "dockerfile.rego": ""}, "Dockerfile", "dockerfile.rego"),
        ({"api.Dockerfile": TEXT, "api.Dockerfile.rego": ""}, "api.Dockerfile", "api.Dockerfile.rego"),
        ({"docker/Dockerfile": TEXT, "docker/Dockerfile.rego": ""}, "docker/Dockerfile", "docker/Dockerfile.rego"),
    ],
)
def test_a_policy_beside_the_dockerfile_is_refused(tmp_path: Path, tree: Tree, dockerfile: str, policy: str) -> None:
    root = write_tree(tmp_path / "tree", tree)
    with pytest.raises(DockerfileError, match="policy lies beside") as caught:
        select(root, dockerfile=str(root / dockerfile), dockerfile_name=dockerfile)
    assert caught.value.file == policy
    assert "docker buildx build" in caught.value.next_step


@pytest.mark.parametrize(
    "tree",
    [
        {"Dockerfile": TEXT, "dockerfile.rego": ""},
        {"Dockerfile": TEXT, "api.Dockerfile.rego": "", "policy.rego": ""},
        {"Dockerfile": TEXT, "Dockerfile.rego": ("link", "nowhere")},
        {"dockerfile": TEXT, "Dockerfile.rego": ""},
    ],
)
def test_what_buildx_does_not_load_is_no_policy(tmp_path: Path, tree: Tree) -> None:
    assert select(write_tree(tmp_path / "tree", tree)).key


def test_an_inline_dockerfile_has_no_policy(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "tree", {"Dockerfile.rego": "", "a": ""})
    assert select(root, dockerfile=InlineDockerfile(TEXT)).key


def test_the_ignore_file_goes_with_the_dockerfile_that_is_taken(tmp_path: Path) -> None:
    tree: Tree = {"dockerfile": TEXT, "dockerfile.dockerignore": "no\nd*", "no": "", "yes": ""}
    root = write_tree(tmp_path / "tree", tree)
    assert paths(select(root)) == ["yes"]
    (root / "dockerfile").rename(root / "Dockerfile")
    assert paths(select(root)) == ["Dockerfile", "dockerfile.dockerignore", "no", "yes"]
    assert declare(root).dockerfile == str(root / "Dockerfile")


def test_a_file_outside_the_context_is_not_proposed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "stacks" / "shop").mkdir(parents=True)
    (tmp_path / "Dockerfile").write_bytes(b"FROM scratch\n")
    monkeypatch.chdir(tmp_path / "stacks" / "shop")
    with pytest.raises(ArgsError) as refused:
        read_dockerfile_bytes("../Dockerfile", "../Dockerfile", "..")
    assert "build context" not in str(refused.value)
