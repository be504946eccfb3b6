"""Where single distributions come from without a lock: what uv, Poetry and Hatch are told is kept or refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fast_container.errors import ContextError, FastContainerError
from fast_container.python_base.dependencies import Dependencies, declared_dependencies
from tests.python_base.written import requirements_text
from tests.trees import write_tree


def declare(root: Path, more: str = "", *, dependencies: str = '"acme-lib"', **options: Any) -> Dependencies:
    text = f'[project]\nname = "app"\nversion = "1"\ndependencies = [{dependencies}]\n{more}'
    write_tree(root, {"app/pyproject.toml": text})
    return declared_dependencies(["app"], root=str(root), **options)


def lines(found: Dependencies) -> list[str]:
    return requirements_text(found).splitlines()


GIT = 'git = "https://git.example/acme-lib"'
UV = "[tool.uv.sources]\nacme-lib = "
POETRY = "[tool.poetry.dependencies]\nacme-lib = "


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (f'{UV}[{{ {GIT}, tag = "v1" }}]', ["acme-lib @ git+https://git.example/acme-lib@v1"]),
        (
            f'{UV}{{ {GIT}, rev = "abc", subdirectory = "py" }}',
            ["acme-lib @ git+https://git.example/acme-lib@abc#subdirectory=py"],
        ),
        (f'{UV}{{ git = "git@git.example:acme/lib.git" }}', ["acme-lib @ git+ssh://git@git.example/acme/lib.git"]),
        (f"{UV}[{{ {GIT}, marker = \"sys_platform == 'win32'\" }}]", ['acme-lib; sys_platform != "win32"']),
        (
            f"{UV}[{{ {GIT}, marker = \"python_version < '3.12'\" }}]",
            [
                'acme-lib @ git+https://git.example/acme-lib ; python_version < "3.12"',
                'acme-lib; python_version >= "3.12"',
            ],
        ),
        (
            f"{UV}[{{ {GIT}, marker = \"sys_platform == 'linux'\" }}, "
            '{ url = "https://h/w.whl", marker = "sys_platform != \'linux\'" }]',
            ['acme-lib @ git+https://git.example/acme-lib ; sys_platform == "linux"'],
        ),
        (f'{POETRY}{{ {GIT}, rev = "abc" }}', ["acme-lib @ git+https://git.example/acme-lib@abc"]),
        (f'{POETRY}[{{ {GIT}, branch = "main" }}]', ["acme-lib @ git+https://git.example/acme-lib@main"]),
        (f'{POETRY}{{ url = "https://h/w.whl" }}', ["acme-lib @ https://h/w.whl"]),
        (f'{POETRY}{{ version = "^1", optional = true }}', ["acme-lib"]),
        (f'{POETRY}"^1"\npython = "^3.11"', ["acme-lib"]),
        (f'[tool.uv]\nno-sources = true\n{UV}{{ path = "../lib" }}', ["acme-lib"]),
    ],
)
def test_a_source_is_what_the_installer_is_told(tmp_path: Path, more: str, expected: list[str]) -> None:
    assert lines(declare(tmp_path, more)) == expected


@pytest.mark.parametrize(
    "more",
    [
        f'{UV}[{{ path = "../lib" }}]',
        f"{UV}[{{ workspace = true }}]",
        f'{UV}[{{ path = "../w.whl", marker = "sys_platform == \'linux\'" }}, {{ index = "i" }}]',
        f"{POETRY}{{ path = '../lib', develop = true }}",
        f"{POETRY}[{{ path = '../lib', markers = \"python_version < '3.13'\" }}, '{{}}']".replace(", '{}'", ""),
        f"{POETRY}{{ file = '../lib-1.whl' }}",
    ],
)
def test_a_local_source_must_be_among_the_packages(tmp_path: Path, more: str) -> None:
    with pytest.raises(ContextError, match="local package acme-lib is needed"):
        declare(tmp_path, more)
    text = '[project]\nname = "Acme_Lib"\nversion = "1"\ndependencies = ["idna"]\n'
    write_tree(tmp_path, {"lib/pyproject.toml": text})
    assert lines(declared_dependencies(["app", "lib"], root=str(tmp_path))) == ["idna"]


@pytest.mark.parametrize(
    "reference",
    [
        *("{root:uri}/../lib", "../lib", "./lib", "lib/", "file:///srv/lib", "file:../lib"),
        *("FILE:///srv/lib", "file:///${PROJECT_ROOT}/lib", "{root:parent:uri}/lib", "C:/lib"),
    ],
)
def test_a_reference_that_leads_to_this_machine_is_a_local_package(tmp_path: Path, reference: str) -> None:
    dependency = f'"acme-lib @ {reference}"'
    with pytest.raises(ContextError, match="local package acme-lib is needed"):
        declare(tmp_path, dependencies=dependency)
    write_tree(tmp_path, {"lib/pyproject.toml": '[project]\nname = "acme-lib"\nversion = "1"\n'})
    assert lines(declared_dependencies(["app", "lib"], root=str(tmp_path))) == []
    write_tree(tmp_path, {"r.txt": f"acme-lib @ {reference}\n"})
    with pytest.raises(ContextError, match="local package acme-lib is needed"):
        declared_dependencies([], root=str(tmp_path), requirements=["r.txt"])


def test_a_url_that_the_build_backend_fills_in_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContextError, match="URL of acme-lib is not known"):
        declare(tmp_path, dependencies='"acme-lib @ https://{env:HOST}/w.whl"')


RECIPE = f"""\
[project.optional-dependencies]
cpu = ["acme-lib>=2"]
[dependency-groups]
gpu = ["acme-lib>=2"]
[tool.uv]
conflicts = [[{{ extra = "cpu" }}, {{ group = "gpu" }}]]
[[tool.uv.sources.acme-lib]]
{GIT}
extra = "cpu"
[[tool.uv.sources.acme-lib]]
url = "https://h/w.whl"
group = "gpu"
"""


def test_a_source_of_an_extra_or_group_is_for_what_that_declares(tmp_path: Path) -> None:
    git, url = "acme-lib @ git+https://git.example/acme-lib", "acme-lib @ https://h/w.whl"
    assert lines(declare(tmp_path, RECIPE, dependencies="", extras=["cpu"])) == [git]
    assert lines(declare(tmp_path, RECIPE, dependencies="", groups=["gpu"])) == [url]
    found = declare(tmp_path, RECIPE)
    assert lines(found) == ["acme-lib"]
    assert "not taken from git+https://git.example/acme-lib" in found.notes[0]


def test_sources_hold_that_the_workspace_s_root_gives_wherever_it_lies_below_the_root(tmp_path: Path) -> None:
    member = '[project]\nname = "m"\nversion = "1"\ndependencies = ["acme-lib", "y"]\n'
    for number, folder in enumerate(("", "backend/")):
        workspace = (
            '[tool.uv.workspace]\nmembers = ["packages/*"]\nexclude = ["packages/old"]\n'
            f"[[tool.uv.sources.acme-lib]]\n{GIT}\n"
        )
        root = write_tree(
            tmp_path / str(number),
            {
                f"{folder}pyproject.toml": workspace,
                f"{folder}packages/m/pyproject.toml": f'{member}[tool.uv.sources]\ny = {{ url = "https://h/y.whl" }}\n',
            },
        )
        found = declared_dependencies([f"{folder}packages/m"], root=str(root))
        assert lines(found) == ["acme-lib @ git+https://git.example/acme-lib", "y @ https://h/y.whl"]


@pytest.mark.parametrize(
    ("where", "file"),
    [
        ("packages/core/pyproject.toml", '[project]\nname="Acme_Lib"\nversion="1"\n'),
        ("libs/deep/er/x/pyproject.toml", "[project]\nversion=\"1\"\nname = 'acme.lib'\n"),
        ("old/pyproject.toml", '[tool.poetry]\nname = "acme-lib"\n'),
        ("app/vendored/pyproject.toml", 'project = { name = "acme-lib" }\n'),
        ("old/setup.cfg", "[metadata]\nname = acme_lib\n"),
        ("old/setup.py", "from setuptools import setup\nsetup(name='acme-lib')\n"),
        ("pyproject.toml", '[project]\nname = "acme-lib"\n'),
    ],
)
def test_a_name_of_a_local_package_below_the_root_is_never_asked_of_an_index(
    tmp_path: Path, where: str, file: str
) -> None:
    write_tree(tmp_path, {where: file, "r.txt": "acme-lib>=1\n"})
    with pytest.raises(ContextError, match="local package acme-lib is needed") as caught:
        declare(tmp_path)
    assert str(Path(where).parent) in caught.value.why
    assert "Add its directory to packages" in caught.value.next_step
    with pytest.raises(ContextError, match="local package acme-lib is needed"):
        declared_dependencies([], root=str(tmp_path), requirements=["r.txt"])


def test_what_is_not_a_package_of_ours_is_no_obstacle(tmp_path: Path) -> None:
    package = '[project]\nname = "acme-lib"\n'
    write_tree(
        tmp_path,
        {
            ".venv/lib/x/pyproject.toml": package,
            "env/pyvenv.cfg": "",
            "env/lib/pyproject.toml": package,
            "node_modules/a/pyproject.toml": package,
            "template/pyproject.toml": '[project]\nname = "acme-lib"\n{{ more }}\n',
            "other/pyproject.toml": '[project]\nname = "other"\n[tool.x]\nname = "acme-lib"\n',
            "compiled.txt": "acme-lib==1 --hash=sha256:aa\n",
        },
    )
    assert lines(declare(tmp_path)) == ["acme-lib"]
    write_tree(tmp_path, {"lib/pyproject.toml": package})
    # Where it is not installed, nothing is asked; where its hash is known, no other one is taken.
    assert lines(declare(tmp_path, dependencies="\"acme-lib; sys_platform == 'win32'\"")) != []
    found = declared_dependencies([], root=str(tmp_path), requirements=["compiled.txt"])
    assert found.requirements[0].hashes == ("sha256:aa",)


@pytest.mark.parametrize(
    "more",
    [
        f"{UV}{{ rev = 'x' }}",
        f"{UV}[{{ {GIT}, marker = 'x' }}]",
        f"{UV}[{{ {GIT}, marker = \"python_version ~= '3.11'\" }}]",
        f"{UV}{{ git = '../lib' }}",
        f"{POETRY}{{ {GIT}, python = '^3.11' }}",
        f'{UV}{{ git = "https://user:pw@git.example/x" }}',
    ],
)
def test_a_source_that_cannot_be_followed_is_refused_with_its_place(tmp_path: Path, more: str) -> None:
    with pytest.raises(FastContainerError) as caught:
        declare(tmp_path, more)
    assert caught.value.where.startswith("app/pyproject.toml")
