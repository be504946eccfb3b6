"""The package indexes that projects name: asked as their own tools ask them, or refused by name; never PyPI instead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fast_container.errors import ArgsError, FastContainerError
from fast_container.python_base.dependencies import Dependencies, declared_dependencies
from fast_container.python_base.dockerfile import GeneratedBase, generate_base
from fast_container.python_base.spec import BaseSpec
from tests.python_base.written import all_options
from tests.trees import write_tree

CORP, CPU = "https://pypi.acme.example/simple", "https://wheels.example/cpu"


def declare(root: Path, more: str, dependencies: str = '"acme-lib"', **options: Any) -> Dependencies:
    text = f'[project]\nname = "app"\nversion = "1"\ndependencies = [{dependencies}]\n{more}'
    write_tree(root, {"app/pyproject.toml": text})
    return declared_dependencies(["app"], root=str(root), **options)


def generate(root: Path, more: str, installer: Any = "pip") -> GeneratedBase:
    return generate_base(BaseSpec("python:3.12-slim", declare(root, more), installer=installer), root=str(root))


def table(kind: str, url: str = CORP, more: str = "", name: str = "corp") -> str:
    return f'[[tool.{kind}]]\nname = "{name}"\nurl = "{url}"\n{more}\n'


@pytest.mark.parametrize(
    "more",
    [
        table("uv.index", more="default = true"),
        table("uv.index", f"{CORP}/", more="default = true"),
        f'[tool.uv]\nindex-url = "{CORP}"\n',
        table("poetry.source"),
        table("poetry.source", more='priority = "primary"'),
        table("poetry.source", more="default = true"),
        table("pdm.source", name="pypi"),
        table("rye.sources", name="default"),
        table("uv.index", more="default = true")
        + '[tool.uv.sources]\nacme-lib = { index = "corp" }\n'
        + table("uv.index", CPU, "explicit = true", "unused"),
        table("poetry.source") + '[tool.poetry.dependencies]\nacme-lib = { source = "corp" }\n',
    ],
)
def test_an_index_that_stands_for_pypi_is_the_only_one_that_is_asked(tmp_path: Path, more: str) -> None:
    assert all_options(declare(tmp_path, more)) == (f"--index-url {CORP}",)
    assert generate(tmp_path, more).files["requirements.txt"] == f"--index-url {CORP}\nacme-lib\n".encode()


@pytest.mark.parametrize(
    ("more", "options"),
    [
        (table("uv.index"), [f"--extra-index-url {CORP}"]),
        (f'[tool.uv]\nextra-index-url = ["{CORP}"]\n', [f"--extra-index-url {CORP}"]),
        (table("pdm.source"), [f"--extra-index-url {CORP}"]),
        (
            table("poetry.source") + '[[tool.poetry.source]]\nname = "PyPI"\n',
            ["--index-url https://pypi.org/simple", f"--extra-index-url {CORP}"],
        ),
        (
            table("poetry.source", more='priority = "supplemental"'),
            [f"--index-url {CORP}", "--extra-index-url https://pypi.org/simple"],
        ),
        (table("uv.index") + table("uv.index", CPU, name="cpu"), [f"--extra-index-url {u}" for u in (CORP, CPU)]),
    ],
)
def test_indexes_in_an_order_are_uv_s_to_ask_and_pip_is_refused(tmp_path: Path, more: str, options: list[str]) -> None:
    base = generate(tmp_path, more, "uv")
    assert base.files["requirements.txt"].decode().splitlines() == [*options, "acme-lib"]
    # uv's own order: the first index that has a name is the only one that gives it.
    assert "--index-strategy" not in base.dockerfile
    with pytest.raises(ArgsError, match="pip cannot ask") as caught:
        generate(tmp_path, more)
    assert caught.value.property_path == "installer"
    assert 'installer="uv"' in caught.value.next_step


def test_who_takes_the_newest_of_all_indexes_is_asked_for_by_both_installers(tmp_path: Path) -> None:
    more = f'[tool.uv]\nindex-strategy = "unsafe-best-match"\nextra-index-url = ["{CORP}"]\n'
    assert generate(tmp_path, more).files["requirements.txt"].startswith(f"--extra-index-url {CORP}\n".encode())
    assert "--index-strategy=unsafe-best-match" in generate(tmp_path, more, "uv").dockerfile


@pytest.mark.parametrize(
    ("more", "named"),
    [
        (f'[tool.uv.sources]\nacme-lib = {{ index = "cpu" }}\n{table("uv.index", CPU, "explicit = true", "cpu")}', CPU),
        (f'[tool.uv.sources]\nacme-lib = [{{ index = "cpu" }}]\n{table("uv.index", CPU, name="cpu")}', CPU),
        ('[tool.uv.sources]\nacme-lib = { index = "cpu" }\n', "no index called cpu"),
        (
            '[tool.poetry.dependencies]\nacme-lib = { source = "corp" }\n'
            + table("poetry.source", more='priority = "explicit"'),
            CORP,
        ),
        ('[tool.poetry.group.x.dependencies]\nacme-lib = { source = "corp" }\n', "no index called corp"),
        (table("pdm.source", more='include_packages = ["acme-*"]'), "include_packages"),
        ('[tool.uv]\noverride-dependencies = ["x==1"]\n', "override-dependencies"),
        ('[tool.pdm.resolution.overrides]\nx = "1"\n', "overrides"),
        ('[tool.uv]\nfind-links = ["wheels"]\n', "wheels"),
        (table("uv.index", "./wheels", 'format = "flat"'), "./wheels"),
        (table("uv.index", "https://me:hunter2@pypi.acme.example/simple"), "credentials"),
        (f'[tool.uv.pip]\nindex-url = "{CORP}"\n', "uv pip"),
        (f'[tool.pixi.pypi-options]\nindex-url = "{CORP}"\n', "pixi"),
        (f'[tool.pixi.pypi-options]\nextra-index-urls = ["{CORP}"]\n', "pixi"),
        (table("poetry.source", more='priority = "first"'), "priority"),
    ],
)
def test_what_pip_cannot_do_is_refused_by_name(tmp_path: Path, more: str, named: str) -> None:
    with pytest.raises(FastContainerError) as caught:
        declare(tmp_path, more)
    assert named in str(caught.value)
    assert "app/pyproject.toml" in caught.value.where
    assert "hunter2" not in str(caught.value)


def test_an_index_that_only_an_extra_s_source_names_is_said(tmp_path: Path) -> None:
    more = '[dependency-groups]\ncpu = []\n[tool.uv.sources]\nacme-lib = [{ index = "cpu", group = "cpu" }]\n' + table(
        "uv.index", CPU, "explicit = true", "cpu"
    )
    assert any(CPU in note for note in declare(tmp_path, more).notes)


def test_settings_that_pip_has_too_are_its_options(tmp_path: Path) -> None:
    more = (
        '[tool.uv]\nno-binary-package = ["A_b"]\nno-build = true\nprerelease = "allow"\n'
        'constraint-dependencies = ["idna<4"]\nfind-links = ["https://h/links.html"]\nexclude-newer = "2026-01-01"\n'
    )
    found = declare(tmp_path, more)
    wanted = ("--find-links https://h/links.html", "--pre", "--no-binary a-b", "--only-binary :all:")
    assert all_options(found) == wanted
    assert found.constraints_text == "idna<4\n"
    assert "exclude-newer" in found.notes[0]


def test_uv_toml_stands_for_the_table_beside_it_and_a_workspace_s_root_for_its_members(tmp_path: Path) -> None:
    write_tree(tmp_path / "a", {"app/uv.toml": f'[[index]]\nurl = "{CORP}"\ndefault = true\n'})
    assert all_options(declare(tmp_path / "a", table("uv.index", CPU))) == (f"--index-url {CORP}",)
    write_tree(tmp_path / "b", {"uv.toml": f'index-url = "{CORP}"\n'})
    assert all_options(declare(tmp_path / "b", "")) == (f"--index-url {CORP}",)
    root = f'[tool.uv.workspace]\nmembers = ["app"]\n{table("uv.index", more="default = true")}'
    write_tree(tmp_path / "c", {"pyproject.toml": root})
    assert all_options(declare(tmp_path / "c", table("uv.index", CPU))) == (f"--index-url {CORP}",)


def test_two_indexes_that_both_stand_for_pypi_are_refused(tmp_path: Path) -> None:
    other = f'[project]\nname = "other"\nversion = "1"\n{table("poetry.source", CPU)}'
    write_tree(tmp_path, {"other/pyproject.toml": other, "r.txt": f"-i {CPU}\nx\n"})
    more = table("uv.index", more="default = true")
    declare(tmp_path, more)
    with pytest.raises(ArgsError, match="Two package indexes stand for PyPI") as caught:
        declared_dependencies(["app", "other"], root=str(tmp_path))
    assert CORP in caught.value.why
    assert CPU in caught.value.why
    with pytest.raises(ArgsError, match="Two package indexes"):
        declare(tmp_path, more, requirements=["r.txt"])


@pytest.mark.parametrize(
    ("parent", "needs", "message"),
    [
        ("python:3.12-slim", ">=3.13", "python:3.12-slim has Python 3.12"),
        ("public.ecr.aws/lambda/python:3.12", "<3.12", "has Python 3.12"),
        ("public.ecr.aws/lambda/python:3.12.2026.01.02.03-arm64@sha256:" + "a" * 64, "~=3.11.0", "has Python 3.12"),
        ("r.example:5000/docker-hub/library/python:3.12.4", ">=3.12.5", "has Python 3.12.4"),
        ("ghcr.io/astral-sh/uv:python3.12-bookworm", "==3.13.*", "has Python 3.12"),
        ("python:3.12", "!=3.12.*", "has Python 3.12"),
        ("python:3.12", ">=3.12", ""),
        ("python:3.12", "!=3.12.1", ""),
        ("python:3", ">=3.13", ""),
        ("python:latest", ">=3.13", ""),
        ("acme/service:3.12", ">=3.13", ""),
        ("localhost:3.12/python", ">=3.13", ""),
    ],
)
def test_a_parent_of_another_python_is_refused(tmp_path: Path, parent: str, needs: str, message: str) -> None:
    text = f'[project]\nname = "app"\nversion = "1"\nrequires-python = "{needs}"\n'
    write_tree(tmp_path, {"app/pyproject.toml": text})
    spec = BaseSpec(parent, declared_dependencies(["app"], root=str(tmp_path)))
    if not message:
        assert generate_base(spec, root=str(tmp_path))
        return
    with pytest.raises(ArgsError, match="needs a Python that") as caught:
        generate_base(spec, root=str(tmp_path))
    assert message in caught.value.why
    assert caught.value.property_path == "parent"
