"""Wheels of local packages: what their links lead to, and versions that are made from git."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fast_container.cli import main
from fast_container.core.ignore.rules import IgnoreRules
from fast_container.errors import ArgsError, ContextError, FastContainerError
from fast_container.python_base.dependencies import declared_dependencies
from fast_container.python_base.dockerfile import GeneratedBase, generate_base
from fast_container.python_base.spec import BaseSpec
from tests.trees import Tree, write_tree

PROJECT = '[project]\nname = "app"\nversion = "1"\n'
DYNAMIC = '[project]\nname = "app"\ndynamic = ["version"]\n'


def generate(root: Path, files: Tree, project: str = PROJECT, path: str = "app", **more: Any) -> GeneratedBase:
    write_tree(root, {f"{path}/pyproject.toml": project, f"{path}/app/__init__.py": "", **files})
    found = declared_dependencies([path], root=str(root))
    spec = BaseSpec("python:3.12-slim", found, **{"install": "packages", **more})
    return generate_base(spec, root=str(root))


def counts(base: GeneratedBase, path: str) -> bool:
    return not IgnoreRules.parse(b"", file="x", extra=base.ignore).ignores(path)


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("app/app/shared", "../../shared"),
        ("app/app/x.py", "../../shared/x.py"),
        ("app/x.py", "../shared/x.py"),
        ("app/app/deep/er/shared", "../../../../shared"),
        ("app/shared", "../other/shared"),
        ("app/app/shared", "../../other/app/../../shared"),
        ("app/app/out", "../../../outside"),
        ("app/app/whole", "../.."),
        ("app/app/self", ".."),
        ("app/README.md", "../../outside/x.py"),
        ("app/README.md", "../linked/x.md"),
    ],
)
def test_a_link_out_of_a_package_s_source_is_refused(tmp_path: Path, link: str, target: str) -> None:
    files: dict[str, Any] = {
        "shared/x.py": "",
        "shared/x.md": "",
        "other/shared/x.py": "",
        "other/app/x": "",
        "linked": ("link", "shared"),
        "../outside/x.py": "",
    }
    with pytest.raises(ContextError, match="A link in the source of app has no target") as caught:
        generate(tmp_path / "root", {**files, link: ("link", target)})
    assert caught.value.path == link


def test_a_link_to_a_path_of_this_machine_is_refused_also_where_it_leads_into_the_package(tmp_path: Path) -> None:
    with pytest.raises(ContextError, match="has no target") as caught:
        generate(tmp_path, {"app/app/x": "", "app/app/y": ("link", str(tmp_path / "app/app/x"))})
    assert "a path of this machine" in caught.value.why


def test_links_that_lead_somewhere_in_the_wheel_s_build_or_nowhere_on_the_host_are_kept(tmp_path: Path) -> None:
    base = generate(
        tmp_path,
        {
            "app/app/a.py": "",
            "app/app/b.py": ("link", "a.py"),
            "app/gone": ("link", "../not-there"),
            "app/tests/shared": ("link", "../../other"),
            "app/.venv/bin/python": ("link", "/usr/bin/python3"),
            "other/x.py": "",
        },
    )
    assert "COPY app /src/\n" in base.dockerfile
    assert base.dockerfile.count("COPY") == 1


def test_a_readme_or_a_license_that_is_shared_by_a_link_counts_and_lies_where_the_link_leads(tmp_path: Path) -> None:
    base = generate(
        tmp_path,
        {
            "LICENSE": "",
            "a b/README.md": "",
            "packages/app/docs/index.md": "",
            "packages/app/LICENSE": ("link", "../../LICENSE"),
            "packages/app/README.md": ("link", "../../a b/README.md"),
            "packages/app/INDEX.md": ("link", "docs/index.md"),
        },
        path="packages/app",
    )
    assert "COPY packages/app /src/packages/app/\nCOPY LICENSE /src/LICENSE\n" in base.dockerfile
    assert 'COPY ["a b/README.md", "/src/a b/README.md"]\n' in base.dockerfile
    assert "    /src/packages/app\n" in base.dockerfile
    assert all(counts(base, path) for path in ("LICENSE", "a b/README.md", "packages/app/docs/index.md"))
    assert not any(counts(base, path) for path in ("a b/x", "packages/app/docs/x.md", "packages/app/app/__pycache__"))


FROM_GIT = {
    "setuptools-scm": ('[build-system]\nrequires = ["setuptools", "setuptools-scm>=8"]\n[tool.setuptools_scm]\n', {}),
    "setuptools-scm in setup.py": ("", {"app/setup.py": "setup(use_scm_version=True)"}),
    "setuptools-scm[simple]": ('[build-system]\nrequires = ["setuptools-scm[simple]>=9"]\n', {}),
    "hatch-vcs": ('[tool.hatch.version]\nsource = "vcs"\n', {}),
    "PDM": ('[build-system]\nbuild-backend = "pdm.backend"\n[tool.pdm.version]\nsource = "scm"\n', {}),
    "uv-dynamic-versioning": ('[tool.hatch.version]\nsource = "uv-dynamic-versioning"\n', {}),
    "pbr": ('[build-system]\nrequires = ["pbr>=6"]\n', {"app/setup.py": "setup(pbr=True)"}),
}


@pytest.mark.parametrize("tool", FROM_GIT)
def test_a_version_that_is_made_from_git_is_given_or_refused(tmp_path: Path, tool: str) -> None:
    more, files = FROM_GIT[tool]
    with pytest.raises(ContextError, match="version of app is made from git") as caught:
        generate(tmp_path, files, DYNAMIC + more)
    assert 'versions={"app": "1.2.3"}' in caught.value.next_step
    stage = generate(tmp_path, files, DYNAMIC + more, versions={"App": "2.1"}).dockerfile.partition("AS wheel-app")[2]
    assert "_VERSION" in stage or "BYPASS" in stage
    assert "=2.1\nCOPY app /src/" in stage
    # For the third-party dependencies alone, no version of the package is needed.
    assert generate(tmp_path, files, DYNAMIC + more, install="dependencies")


def test_a_static_version_that_poetry_replaces_is_one_of_them(tmp_path: Path) -> None:
    with pytest.raises(ContextError, match="made from git"):
        generate(tmp_path, {}, f"{PROJECT}[tool.poetry-dynamic-versioning]\nenable = true\n")


@pytest.mark.parametrize(
    "more",
    [
        '[tool.setuptools.dynamic]\nversion = { attr = "app.__version__" }\n',
        '[tool.hatch.version]\npath = "app/__init__.py"\n',
        '[tool.setuptools_scm]\nfallback_version = "0.1"\n',
        '[tool.hatch.version]\nsource = "vcs"\nfallback-version = "0.1"\n',
        '[tool.pdm.version]\nsource = "file"\npath = "app/__init__.py"\n',
    ],
)
def test_a_version_that_needs_no_git_is_left_to_the_build(tmp_path: Path, more: str) -> None:
    assert "VERSION" not in generate(tmp_path, {}, DYNAMIC + more).dockerfile


@pytest.mark.parametrize(
    ("versions", "more"),
    [
        ({"other": "1"}, {}),
        ({"app": "1"}, {}),
        ({"app": "v one"}, {}),
        ({"app": "1\nRUN x"}, {}),
        ({"app": "1"}, {"install": "dependencies"}),
    ],
)
def test_a_version_that_does_not_fit_is_refused(tmp_path: Path, versions: dict[str, str], more: Any) -> None:
    with pytest.raises(ArgsError) as caught:
        generate(tmp_path, {}, versions=versions, **more)
    assert caught.value.property_path.startswith("versions")


def test_versioneer_takes_no_version_and_says_so(tmp_path: Path) -> None:
    with pytest.raises(FastContainerError) as caught:
        generate(tmp_path, {}, f'{DYNAMIC}[tool.versioneer]\nVCS = "git"\n', versions={"app": "1"})
    assert "takes no version" in caught.value.why


def test_the_command_line_takes_versions_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_tree(tmp_path, {"app/pyproject.toml": DYNAMIC + FROM_GIT["hatch-vcs"][0]})
    arguments = ["show-dockerfile", "--root", str(tmp_path), "--package", "app", "--install", "packages"]
    assert main([*arguments, "--package-version", "app=2.1"]) == 0
    assert "ENV SETUPTOOLS_SCM_PRETEND_VERSION=2.1" in capsys.readouterr().out
    assert main([*arguments, "--package-version", "app"]) == 2


INDEX = '[[tool.uv.index]]\nurl = "https://pypi.acme.example/simple"\ndefault = true\n'


def test_build_backends_come_from_the_index_that_stands_for_pypi(tmp_path: Path) -> None:
    base = generate(tmp_path, {}, PROJECT + INDEX, build_requirements="flit-core==3\n")
    assert base.dockerfile.count(" --index-url https://pypi.acme.example/simple") == 2
    assert "--index-url" not in generate(tmp_path / "other", {}).dockerfile


def test_a_build_backend_that_is_a_local_package_is_never_asked_of_an_index(tmp_path: Path) -> None:
    more = '[build-system]\nrequires = ["hatchling", "Acme_Hooks>=1"]\n'
    hooks = {"hooks/pyproject.toml": '[project]\nname = "acme-hooks"\nversion = "1"\n'}
    assert generate(tmp_path, {}, PROJECT + more)
    with pytest.raises(ContextError, match="acme-hooks is needed to build a wheel") as caught:
        generate(tmp_path, hooks, PROJECT + more)
    assert caught.value.path.startswith("app/pyproject.toml")
    assert generate(tmp_path, hooks, PROJECT + more, install="dependencies")
