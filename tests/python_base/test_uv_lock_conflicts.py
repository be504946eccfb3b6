"""Locks with conflicting extras, several indexes and gaps: each environment gets what ``uv export`` gives it."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from packaging.requirements import Requirement as Reference

from fast_container.errors import ArgsError, ContextError
from fast_container.python_base.dependencies import Dependencies, declared_dependencies
from fast_container.python_base.dockerfile import generate_base
from fast_container.python_base.spec import BaseSpec
from tests.python_base.written import all_options, requirements_text
from tests.trees import write_tree
from tools.prepare_environment import find_uv

PYPI = "https://pypi.org/simple"
CPU = "https://wheels.example/cpu"
CORP = "https://pypi.corp.example/simple"

ENVIRONMENTS = [
    {"python_full_version": f"{python}.1", "python_version": python, "sys_platform": platform, "extra": ""}
    for python in ("3.11", "3.12", "3.13")
    for platform in ("linux", "win32")
]


def locked_package(
    name: str, version: str, *edges: str, index: str = PYPI, hashed: bool = True, more: str = "", file: str = "whl"
) -> str:
    digest = f', hash = "sha256:{(name + version).encode().hex():0<64}"' if hashed else ""
    ending = f"{name}-{version}-py3-none-any.whl" if file == "whl" else f"{name}-{version}.tar.gz"
    entry = f'{{ url = "https://files.example/{ending}"{digest} }}'
    listed = ", ".join(f"{{ {edge} }}" for edge in edges)
    return (
        f'[[package]]\nname = "{name}"\nversion = "{version}"\nsource = {{ registry = "{index}" }}\n'
        f"dependencies = [{listed}]\n" + (f"wheels = [{entry}]\n" if file == "whl" else f"sdist = {entry}\n") + more
    )


def edge(name: str, version: str = "", marker: str = "", index: str = PYPI) -> str:
    return (
        f'name = "{name}"'
        + (f', version = "{version}", source = {{ registry = "{index}" }}' if version else "")
        + (f', marker = "{marker}"' if marker else "")
    )


def project(dependencies: Sequence[str] = (), more: str = "", name: str = "app") -> str:
    return (
        f'[project]\nname = "{name}"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = {list(dependencies)}\n'
        f"{more}"
    )


def lock_of(*packages: str, conflicts: str = "", own: str = "") -> str:
    return (
        f'version = 1\nrevision = 3\nrequires-python = ">=3.11"\n{conflicts}\n'
        f'[[package]]\nname = "app"\nversion = "1"\nsource = {{ virtual = "." }}\n{own}\n' + "\n".join(packages)
    )


def exported(root: Path, *arguments: str) -> str:
    """What uv writes for an installer."""
    command = [find_uv(), "export", "--frozen", "--offline", "--no-default-groups", "--no-emit-local", "--no-annotate"]
    done = subprocess.run([*command, "--no-header", *arguments], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def installed(text: str) -> list[set[tuple[str, str]]]:
    """What each environment gets of a requirements file: (name, version)."""
    lines = [line.partition(" \\")[0].strip() for line in text.splitlines() if line[:1] not in ("", " ", "-", "#")]
    read = [Reference(line) for line in lines]
    return [
        {(found.name, str(found.specifier)) for found in read if found.marker is None or found.marker.evaluate(each)}
        for each in ENVIRONMENTS
    ]


def same_as_uv(root: Path, *arguments: str, **selected: Sequence[str]) -> Dependencies:
    """Our reading of a project, which must be uv's."""
    ours, theirs = declared_dependencies(["."], root=str(root), lock="uv.lock", **selected), exported(root, *arguments)
    assert installed(requirements_text(ours)) == installed(theirs)
    assert requirements_text(ours).count("--hash=") == theirs.count("--hash=")
    return ours


FORKS = {
    "pyproject.toml": project(
        ["mid"],
        '[project.optional-dependencies]\ncpu = ["leaf==1.0"]\ngpu = ["leaf==2.0"]\n'
        '[dependency-groups]\nold = ["tool==1"]\nnew = ["tool==2"]\n'
        '[tool.uv]\nconflicts = [[{ extra = "cpu" }, { extra = "gpu" }], [{ group = "old" }, { group = "new" }]]\n',
    ),
    "uv.lock": lock_of(
        locked_package("leaf", "1.0"),
        locked_package("leaf", "2.0", edge("driver", marker="sys_platform == 'linux'")),
        locked_package("driver", "7"),
        locked_package(
            "mid",
            "3.0",
            edge("leaf", "1.0", "extra == 'extra-3-app-cpu'"),
            edge(
                "leaf",
                "2.0",
                "(python_full_version >= '3.12' and extra != 'extra-3-app-cpu') or extra == 'extra-3-app-gpu'",
            ),
            edge("tool", "1", "extra == 'group-3-app-old' and sys_platform == 'linux'"),
        ),
        locked_package("tool", "1"),
        locked_package("tool", "2"),
        conflicts='conflicts = [[{ package = "app", extra = "cpu" }, { package = "app", extra = "gpu" }], '
        '[{ package = "app", group = "old" }, { package = "app", group = "new" }]]\n',
        own=(
            f"dependencies = [{{ {edge('mid')} }}]\n[package.optional-dependencies]\n"
            f"cpu = [{{ {edge('leaf', '1.0')} }}]\ngpu = [{{ {edge('leaf', '2.0')} }}]\n"
            f"[package.dev-dependencies]\nold = [{{ {edge('tool', '1')} }}]\nnew = [{{ {edge('tool', '2')} }}]\n"
            '[package.metadata]\nrequires-dist = [{ name = "leaf", marker = "extra == \'cpu\'", specifier = "==1.0" }, '
            '{ name = "leaf", marker = "extra == \'gpu\'", specifier = "==2.0" }, { name = "mid" }]\n'
            'provides-extras = ["cpu", "gpu"]\n'
            "[package.metadata.requires-dev]\n"
            'old = [{ name = "tool", specifier = "==1" }]\nnew = [{ name = "tool", specifier = "==2" }]\n'
        ),
    ),
}


@pytest.mark.parametrize("extra", ["", "cpu", "gpu"])
@pytest.mark.parametrize("group", ["", "old", "new"])
def test_of_conflicting_extras_and_groups_the_selected_one_decides(tmp_path: Path, extra: str, group: str) -> None:
    root = write_tree(tmp_path, FORKS)
    arguments = [*(["--extra", extra] if extra else []), *(["--group", group] if group else [])]
    found = requirements_text(
        same_as_uv(root, *arguments, extras=[extra] if extra else [], groups=[group] if group else [])
    )
    assert "extra ==" not in found
    if extra:
        assert ("leaf==1.0" if extra == "cpu" else "leaf==2.0") in found


@pytest.mark.parametrize("selected", [{"extras": ["cpu", "gpu"]}, {"groups": ["old", "new"]}])
def test_both_of_a_conflict_are_refused(tmp_path: Path, selected: dict[str, list[str]]) -> None:
    with pytest.raises(ArgsError, match="in conflict") as caught:
        declared_dependencies(["."], root=str(write_tree(tmp_path, FORKS)), lock="uv.lock", **selected)
    assert caught.value.property_path == next(iter(selected))


def test_a_project_s_markers_extras_and_overrides_are_those_of_uv(tmp_path: Path) -> None:
    own = (
        f'dependencies = [{{ {edge("web")}, extra = ["fast"] }}, '
        f"{{ {edge('num', '1', chr(39).join(('python_full_version < ', '3.12', '')))} }}, "
        f"{{ {edge('num', '2', chr(39).join(('python_full_version >= ', '3.12', '')))} }}]\n"
        '[package.metadata]\nrequires-dist = [{ name = "web", extras = ["fast"] }, { name = "num" }]\n'
    )
    lock = lock_of(
        locked_package(
            "web",
            "1",
            edge("deep", marker="sys_platform == 'win32'"),
            more=f"[package.optional-dependencies]\nfast = [{{ {edge('loop')} }}]\n",
        ),
        locked_package("deep", "1", edge("deeper")),
        locked_package("deeper", "1", edge("deep")),
        locked_package("loop", "1", edge("deeper", marker="python_full_version >= '3.13'")),
        locked_package("num", "1"),
        locked_package("num", "2", edge("web")),
        own=own,
    )
    same_as_uv(write_tree(tmp_path, {"pyproject.toml": project(["web[fast]", "num"]), "uv.lock": lock}))


def test_each_index_is_asked_for_its_own_and_nothing_else_and_hashes_hold_where_they_are(tmp_path: Path) -> None:
    own = f"dependencies = [{', '.join(f'{{ {edge(name)} }}' for name in ('corp', 'corpbare', 'pub', 'torch'))}]\n"
    lock = lock_of(
        locked_package("corp", "2.0", edge("pub"), index=CORP),
        locked_package("corpbare", "2.0", index=CORP, hashed=False),
        locked_package("pub", "1.0"),
        locked_package("torch", "2.5", edge("pub"), index=CPU, file="tar.gz"),
        own=own + "[package.metadata]\nrequires-dist = ["
        '{ name = "corp" }, { name = "corpbare" }, { name = "pub" }, { name = "torch" }]\n',
    )
    root = write_tree(tmp_path, {"pyproject.toml": project(["corp", "corpbare", "pub", "torch"]), "uv.lock": lock})
    found = same_as_uv(root)
    by_names = {tuple(item.name for item in step.requirements): step for step in found.steps}
    assert by_names[("corp",)].options == (f"--index-url {CORP}",)
    assert by_names[("corpbare",)].options == (f"--index-url {CORP}",)
    assert by_names[("pub",)].options == ()
    # A build backend may be on PyPI; the distribution itself is held by its hash.
    assert by_names[("torch",)].options == (f"--index-url {CPU}", f"--extra-index-url {PYPI}")
    assert all(step.alone for step in found.steps)
    assert found.notes == ("hashes are not checked for corpbare: the lock has none",)
    base = generate_base(BaseSpec("python:3.12-slim", found), root=str(root))
    assert base.dockerfile.count("-r /run/fast-container/requirements") == 4
    assert base.dockerfile.count(" --no-deps") == 4
    assert {base.files[name].decode() for name in base.files if name.startswith("requirements")} == {
        step.text for step in found.steps
    }


def test_a_lock_of_a_private_index_alone_never_asks_pypi(tmp_path: Path) -> None:
    own = f'dependencies = [{{ {edge("corp")} }}]\n[package.metadata]\nrequires-dist = [{{ name = "corp" }}]\n'
    lock = lock_of(locked_package("corp", "2.0", index=f"{CORP}/", hashed=False), own=own)
    root = write_tree(tmp_path, {"pyproject.toml": project(["corp"]), "uv.lock": lock})
    assert all_options(same_as_uv(root)) == (f"--index-url {CORP}",)


def test_a_page_of_links_is_one_and_a_folder_of_wheels_is_refused(tmp_path: Path) -> None:
    own = f'dependencies = [{{ {edge("torch")} }}]\n[package.metadata]\nrequires-dist = [{{ name = "torch" }}]\n'
    page = "https://wheels.example/stable"
    settings = f'[tool.uv]\nfind-links = ["{page}"]\n'
    for number, (index, more) in enumerate([(page, settings), (f"{page}.html", "")]):
        lock = lock_of(locked_package("torch", "2.5", index=index), own=own)
        root = write_tree(tmp_path / str(number), {"pyproject.toml": project(["torch"], more), "uv.lock": lock})
        assert all_options(same_as_uv(root)) == ("--no-index", f"--find-links {index}")
    local = locked_package("torch", "2.5", index="wheels").replace("{ url = ", "{ path = ")
    root = write_tree(tmp_path / "local", {"pyproject.toml": project(["torch"]), "uv.lock": lock_of(local, own=own)})
    with pytest.raises(ContextError, match="takes torch from a local file"):
        declared_dependencies(["."], root=str(root), lock="uv.lock")


def test_dynamic_dependencies_are_those_that_the_lock_knows(tmp_path: Path) -> None:
    head = '[project]\nname = "app"\ndynamic = ["version", "dependencies", "optional-dependencies"]\n'
    own = (
        f"dependencies = [{{ {edge('web')} }}]\n[package.optional-dependencies]\nfast = [{{ {edge('loop')} }}]\n"
        '[package.metadata]\nrequires-dist = [{ name = "web" }, { name = "loop", marker = "extra == \'fast\'" }]\n'
        'provides-extras = ["fast"]\n'
    )
    lock = lock_of(locked_package("web", "1"), locked_package("loop", "1"), own=own)
    root = write_tree(tmp_path, {"pyproject.toml": head, "uv.lock": lock})
    assert [str(item) for item in same_as_uv(root).requirements] == ["web==1"]
    found = declared_dependencies(["."], root=str(root), lock="uv.lock", extras=["fast"])
    assert [str(item) for item in found.requirements] == ["loop==1", "web==1"]
    with pytest.raises(ArgsError, match="'slow' is not declared"):
        declared_dependencies(["."], root=str(root), lock="uv.lock", extras=["slow"])
    with pytest.raises(ContextError, match="are dynamic") as caught:
        declared_dependencies(["."], root=str(root))
    assert "lock=" in caught.value.next_step


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ('[[package]]\nname = "x"\n[metadata]\nlock-version = "2.1"\n', "poetry export"),
        ('lock-version = "1.0"\ncreated-by = "pip"\npackages = []\n', "pylock.toml is not supported"),
    ],
)
def test_a_lock_of_another_tool_is_refused_by_name(tmp_path: Path, text: str, advice: str) -> None:
    root = write_tree(tmp_path, {"pyproject.toml": project(["x"]), "other.lock": text})
    with pytest.raises(ContextError, match="format that is not supported") as caught:
        declared_dependencies(["."], root=str(root), lock="other.lock")
    assert advice in caught.value.next_step
