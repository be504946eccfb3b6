"""Which files of a local package count for its wheel."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from fast_container.core.ignore.rules import IgnoreRules, State
from fast_container.errors import ArgsError
from fast_container.python_base.packages.local_package import read_package
from fast_container.python_base.packages.wheel_source import wheel_source
from tests.trees import write_tree

SOURCE = {
    "README.md": "",
    "LICENSE": "",
    "src/shop/__init__.py": "",
    "src/shop/data.json": "",
    "src/shop/tests/test_in.py": "",
    "src/shop/docs/help.txt": "",
    "hooks/native.c": "",
}
LEFT_OUT = {
    "tests/test_it.py": "",
    "docs/README.md": "",
    "build/lib/x.py": "",
    "dist/x.whl": "",
    "src/shop/__pycache__/a.pyc": "",
    "src/shop.egg-info/PKG-INFO": "",
    ".venv/bin/python": "",
    ".git/HEAD": "",
    ".pytest_cache/x": "",
}


def kept(root: Path, more: str = "", files: Mapping[str, str] | None = None, path: str = "pkg") -> set[str]:
    """Files of the package that are left of a context with another package beside it."""
    prefix = "" if path == "." else f"{path}/"
    project = f'[project]\nname = "shop"\nversion = "1"\n{more}'
    tree = {**SOURCE, **LEFT_OUT, "pyproject.toml": project, **(files or {})}
    write_tree(root, {f"{prefix}{name}": text for name, text in tree.items()})
    if prefix:
        write_tree(root, {"other/pyproject.toml": "", "setup.py": ""})
    patterns = wheel_source([read_package(str(root), path)], root=str(root))
    rules = IgnoreRules.parse(b"", file="x", extra=patterns)
    found: set[str] = set()
    _walk(root, "", rules, rules.start(), found)
    return {name.removeprefix(prefix) for name in found}


def _walk(folder: Path, path: str, rules: IgnoreRules, state: State, found: set[str]) -> None:
    for entry in folder.iterdir():
        name = f"{path}/{entry.name}" if path else entry.name
        ignored, inner = rules.step(state, name)
        if entry.is_dir():
            _walk(entry, name, rules, inner, found)
        elif not ignored:
            found.add(name)


@pytest.mark.parametrize("path", ["pkg", "deep/er/pkg", "with blank/p+k@g", "."])
def test_everything_counts_but_tests_documents_and_caches(tmp_path: Path, path: str) -> None:
    assert kept(tmp_path, path=path) == {*SOURCE, "pyproject.toml"}


@pytest.mark.parametrize(
    ("more", "files", "back"),
    [
        ('readme = "docs/README.md"\n', {}, {"docs/README.md"}),
        ('license = { file = "./docs/COPYING" }\n', {"docs/COPYING": ""}, {"docs/COPYING"}),
        ('[tool.hatch.build.targets.wheel]\npackages = ["src/shop", "tests"]\n', {}, {"tests/test_it.py"}),
        ('[tool.hatch.build.targets.wheel.force-include]\n"docs" = "shop/d"\n', {}, {"docs/README.md"}),
        ('[tool.setuptools]\npackages = ["shop", "tests.unit"]\n', {}, {"tests/test_it.py"}),
        ('[build-system]\nrequires = []\nbackend-path = ["build"]\n', {}, {"build/lib/x.py"}),
        ("", {"setup.py": "open('docs/README.md')"}, {"setup.py", "docs/README.md"}),
        ("", {"MANIFEST.in": "graft tests"}, {"MANIFEST.in", "tests/test_it.py"}),
    ],
)
def test_what_a_build_names_counts(tmp_path: Path, more: str, files: dict[str, str], back: set[str]) -> None:
    assert kept(tmp_path, more, files) == {*SOURCE, "pyproject.toml", *back}


@pytest.mark.parametrize(
    "more",
    [
        '[tool.pytest.ini_options]\ntestpaths = ["tests"]\n',
        '[tool.ruff]\nextend-exclude = ["docs"]\n',
        '[tool.hatch.build.targets.sdist]\nexclude = ["tests"]\n',
        '[tool.setuptools.packages.find]\nexclude = ["tests*"]\n',
    ],
)
def test_what_other_tools_name_does_not(tmp_path: Path, more: str) -> None:
    assert kept(tmp_path, more) == {*SOURCE, "pyproject.toml"}


def test_a_package_that_is_called_after_a_left_out_folder_keeps_it(tmp_path: Path) -> None:
    write_tree(tmp_path, {"p/pyproject.toml": '[project]\nname = "Examples"\n', "p/examples/__init__.py": ""})
    assert "p/examples" not in wheel_source([read_package(str(tmp_path), "p")], root=str(tmp_path))


@pytest.mark.parametrize("path", ["../pkg", "a*b", "$x"])
def test_a_package_that_no_dockerfile_could_copy_is_refused(tmp_path: Path, path: str) -> None:
    root = tmp_path / "root"
    write_tree(root, {f"{path}/pyproject.toml": '[project]\nname = "x"\n'})
    with pytest.raises(ArgsError) as caught:
        wheel_source([read_package(str(root), path)], root=str(root))
    assert caught.value.property_path == "packages"
