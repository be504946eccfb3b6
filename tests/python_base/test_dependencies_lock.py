"""``uv.lock``: exact versions and hashes of what the selected packages need, and of nothing else."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from fast_container.errors import ContextError
from fast_container.python_base.dependencies import Dependencies, declared_dependencies
from tests.python_base.written import requirements_text
from tests.trees import write_tree
from tools.prepare_environment import find_uv

REPOSITORY = Path(__file__).parents[2]


def package(name: str, version: str = "1", source: str = 'registry = "https://pypi.org/simple"', more: str = "") -> str:
    wheel = f'wheels = [{{ url = "https://f/{name}.whl", hash = "sha256:{name}{version}" }}]\n'
    local = "editable" in source or "virtual" in source or "git" in source
    return (
        f'[[package]]\nname = "{name}"\nversion = "{version}"\nsource = {{ {source} }}\n{"" if local else wheel}{more}'
    )


LOCK = "version = 1\nrevision = 3\n" + "".join(
    [
        package(
            "app",
            source='editable = "app"',
            more=(
                'dependencies = [{ name = "web", extra = ["fast"] }, { name = "lib" },\n'
                '  { name = "num", version = "1", marker = "python_full_version < \'3.12\'" },\n'
                '  { name = "num", version = "2", marker = "python_full_version >= \'3.12\'" }]\n'
                '[package.optional-dependencies]\naws = [{ name = "cloud" }]\n'
                '[package.dev-dependencies]\ntest = [{ name = "check" }]\n'
            ),
        ),
        package(
            "lib", source='editable = "lib"', more='dependencies = [{ name = "deep", marker = "os_name == \'nt\'" }]\n'
        ),
        package(
            "web",
            more=(
                'dependencies = [{ name = "deep", marker = "sys_platform == \'win32\'" }]\n'
                '[package.optional-dependencies]\nfast = [{ name = "loop" }]\nslow = [{ name = "unused" }]\n'
            ),
        ),
        *(package(name) for name in ("cloud", "check", "unused", "num")),
        package("num", "2", more='dependencies = [{ name = "web" }]\n'),
        package("deep", more='dependencies = [{ name = "deeper" }]\n'),
        package("deeper", more='dependencies = [{ name = "deep" }]\n'),
        package("loop", "1+cpu", 'registry = "https://wheels.example/cpu"'),
    ]
)
APP = """\
[project]
name = "app"
version = "1"
dependencies = ["web[fast]", "lib", "num>=1"]
[project.optional-dependencies]
aws = ["cloud"]
[dependency-groups]
test = ["check"]
"""
LIB = '[project]\nname = "lib"\nversion = "1"\ndependencies = ["deep; os_name == \'nt\'"]\n'


def locked(
    root: Path, lock: str = LOCK, app: str = APP, packages: tuple[str, ...] = ("app", "lib"), **more: Any
) -> Dependencies:
    write_tree(root, {"uv.lock": lock, "app/pyproject.toml": app, "lib/pyproject.toml": LIB})
    return declared_dependencies(packages, root=str(root), lock="uv.lock", **more)


def test_exactly_what_is_needed_is_named_with_hashes_and_markers(tmp_path: Path) -> None:
    found = locked(tmp_path)
    either = '(os_name == "nt") or (sys_platform == "win32")'
    assert [str(item) for item in found.requirements] == [
        f"deep==1; {either}",
        f"deeper==1; {either}",
        "loop==1+cpu",
        'num==1; python_full_version < "3.12"',
        'num==2; python_full_version >= "3.12"',
        "web==1",
    ]
    assert found.requirements[-1].hashes == ("sha256:web1",)
    assert [(step.options, len(step.requirements)) for step in found.steps] == [
        (("--index-url https://wheels.example/cpu",), 1),
        ((), 5),
    ]
    assert found.unpinned == ()


def test_extras_and_groups_come_with_their_own(tmp_path: Path) -> None:
    names = {item.name for item in locked(tmp_path, extras=["aws"], groups={"app": ["test"]}).requirements}
    assert {"cloud", "check"} <= names
    assert "unused" not in names


def test_packages_that_nobody_selected_do_not_count(tmp_path: Path) -> None:
    before = requirements_text(locked(tmp_path / "a"))
    assert requirements_text(locked(tmp_path / "b", LOCK.replace("sha256:unused1", "sha256:other"))) == before
    assert requirements_text(locked(tmp_path / "c", LOCK.replace("sha256:deeper1", "sha256:other"))) != before


def test_a_local_package_of_the_lock_that_is_not_given_is_named(tmp_path: Path) -> None:
    with pytest.raises(ContextError, match="local package lib is needed"):
        locked(tmp_path, packages=("app",))


@pytest.mark.parametrize("new", ["brand-new", "web>=2"])
def test_a_lock_that_is_older_than_the_packages_is_refused(tmp_path: Path, new: str) -> None:
    with pytest.raises(ContextError, match="older than the packages") as caught:
        locked(tmp_path, app=APP.replace('"num>=1"', f'"num>=1", "{new}"'))
    assert caught.value.path == f"app/pyproject.toml: {new}"


def test_what_the_lock_knows_of_is_not_older_even_where_it_was_overridden_or_left_out(tmp_path: Path) -> None:
    metadata = (
        "[package.metadata]\nrequires-dist = [\n"
        '{ name = "web", specifier = "<1,>0.1" }, { name = "pywin32", marker = "sys_platform == \'win32\'" }]\n'
    )
    lock = LOCK.replace("[package.dev-dependencies]", f"{metadata}[package.dev-dependencies]")
    app = APP.replace('"num>=1"', '"num", "web>0.1,<1", "pywin32; sys_platform == \'win32\'"')
    assert "web==1" in [str(item) for item in locked(tmp_path, lock, app).requirements]
    with pytest.raises(ContextError, match="no colorama that fits"):
        locked(tmp_path, lock, APP.replace('"num>=1"', "\"colorama; sys_platform == 'win32'\""))


def test_a_checkout_of_git_has_its_commit_and_the_others_hashes_are_checked(tmp_path: Path) -> None:
    lock = LOCK.replace(
        package("cloud"), package("cloud", source='git = "https://h/cloud?tag=v1&subdirectory=py#abc123"')
    )
    found = locked(tmp_path, lock, extras=["aws"])
    assert "cloud @ git+https://h/cloud@abc123#subdirectory=py" in [str(item) for item in found.requirements]
    assert [item.name for item in found.requirements if not item.hashes] == ["cloud"]
    # pip checks the hashes of all distributions of a run or of none.
    assert all(len({bool(item.hashes) for item in step.requirements}) == 1 for step in found.steps)
    assert "cloud" in found.notes[0]


@pytest.mark.parametrize(
    ("lock", "message"),
    [
        ("version = 2\n", "format that is not supported"),
        ("version = 1\n", "app is not in the lock"),
        (
            LOCK.replace('source = { registry = "https://wheels.example/cpu" }', 'source = { path = "x.whl" }'),
            "local file",
        ),
        (LOCK.replace("marker = \"os_name == 'nt'\"", 'marker = "extra == "'), "marker that cannot be read"),
        (LOCK.replace("https://wheels.example", "https://user:pw@wheels.example"), "credentials"),
    ],
)
def test_a_lock_that_cannot_be_followed_is_refused(tmp_path: Path, lock: str, message: str) -> None:
    with pytest.raises(ContextError, match=message):
        locked(tmp_path, lock)


def test_this_project_s_own_lock_is_read_as_uv_exports_it() -> None:
    found = declared_dependencies(["."], root=str(REPOSITORY), lock="uv.lock", groups=["test"])
    command = [
        find_uv(),
        "export",
        "--frozen",
        "--offline",
        "--no-default-groups",
        "--group",
        "test",
        "--no-emit-project",
        "--no-annotate",
    ]
    exported = subprocess.run(
        [*command, "--no-header"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout
    ours = {line.split(" ")[0].split(";")[0] for line in requirements_text(found).splitlines() if line[0] != " "}
    theirs = {line.split(" ")[0].split(";")[0] for line in exported.splitlines() if line[0] != " "}
    assert ours == theirs
    assert requirements_text(found).count("--hash") == exported.count("--hash")
