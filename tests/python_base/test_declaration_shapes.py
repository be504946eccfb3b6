"""Files of any shape: each is read, or refused with one message; there is never a traceback."""

from __future__ import annotations

import contextlib
import copy
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fast_container.cli import main
from fast_container.errors import ContextError, FastContainerError
from fast_container.python_base.dependencies import declared_dependencies
from fast_container.python_base.dockerfile import generate_base
from fast_container.python_base.spec import BaseSpec
from tests.trees import write_tree

SCALARS = st.one_of(
    st.sampled_from(["", "x", "a-b", ">=3", "1.0", "../x", "https://h/x", "x @ ../y", "extra == 'a'", "é\u2028", "\0"]),
    st.integers(-2, 3),
    st.booleans(),
    st.floats(allow_nan=False, allow_infinity=False, width=16),
)
NAMES = st.sampled_from(["x", "app", "A_b", "extra", "name", "file", "include-group", "a b", ""])
ANY = st.recursive(
    SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3))
)


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where the parts of a document are."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*at, key)
        yield from places(item, (*at, key))


@st.composite
def mutated(draw: st.DrawFn, base: dict[str, Any]) -> dict[str, Any]:
    """A document of which some parts are missing, or something else."""
    found = copy.deepcopy(base)
    for _ in range(draw(st.integers(1, 3))):
        *above, key = draw(st.sampled_from([*places(found), ("more",)]))
        part: Any = found
        for step in above:
            part = part[step]
        if draw(st.booleans()) or key == "more":
            part[key] = draw(ANY)
        else:
            del part[key]
    return found


PROJECT: dict[str, Any] = {
    "project": {
        "name": "app",
        "version": "1",
        "requires-python": ">=3.11",
        "dependencies": ["x>=1", "y[z]; os_name == 'posix'"],
        "optional-dependencies": {"extra": ["x"]},
        "dynamic": ["version", "dependencies"],
        "readme": {"file": "README.md"},
    },
    "dependency-groups": {"g": ["x", {"include-group": "h"}], "h": []},
    "build-system": {"requires": ["setuptools"], "build-backend": "x"},
    "tool": {
        "setuptools": {"dynamic": {"dependencies": {"file": ["r.txt"]}}},
        "setuptools_scm": {"fallback_version": "1"},
        "hatch": {"version": {"source": "vcs", "raw-options": {"fallback_version": "1"}}},
        "poetry": {
            "source": [{"name": "corp", "url": "https://h/s", "priority": "primary"}],
            "dependencies": {
                "x": {"git": "https://h/x", "rev": "a", "markers": "os_name == 'posix'"},
                "y": [{"url": "u"}],
            },
            "group": {"g": {"dependencies": {"x": "*"}}},
        },
        "pdm": {"source": [{"name": "pypi", "url": "https://h/s"}], "resolution": {"overrides": {"x": "1"}}},
        "rye": {"sources": [{"name": "default", "url": "https://h/s"}]},
        "uv": {
            "sources": {
                "x": [{"index": "cpu", "marker": "os_name == 'posix'", "extra": "e"}],
                "y": {"workspace": True},
            },
            "index": [{"name": "cpu", "url": "https://h/c", "explicit": True}],
            "workspace": {"members": ["*"], "exclude": []},
            "find-links": ["https://h/l"],
            "no-binary-package": ["x"],
            "constraint-dependencies": ["x<2"],
        },
    },
}
LOCKED: dict[str, Any] = {
    "version": 1,
    "conflicts": [[{"package": "app", "extra": "a"}, {"package": "app", "group": "b"}]],
    "package": [
        {
            "name": "app",
            "version": "1",
            "source": {"virtual": "."},
            "dependencies": [{"name": "x", "version": "1", "marker": "extra == 'extra-3-app-a'", "extra": ["e"]}],
            "optional-dependencies": {"a": [{"name": "x"}]},
            "dev-dependencies": {"b": [{"name": "x"}]},
            "metadata": {
                "requires-dist": [{"name": "x", "specifier": ">=1"}],
                "requires-dev": {"b": [{"name": "x"}]},
                "provides-extras": ["a"],
            },
        },
        {
            "name": "x",
            "version": "1",
            "source": {"registry": "https://pypi.org/simple"},
            "sdist": {"url": "https://h/x.tar.gz", "hash": "sha256:1"},
            "wheels": [{"url": "https://h/x.whl", "hash": "sha256:2"}],
        },
    ],
}


def toml(value: Any) -> str:
    """A value as inline TOML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(key)} = {toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, str):
        return quoted(value)
    return str(value).lower() if isinstance(value, bool) else repr(value)


def quoted(text: str) -> str:
    return '"' + "".join(c if c.isprintable() and c not in '"\\' else f"\\u{ord(c):04x}" for c in text) + '"'


def document(value: Any) -> str:
    return "".join(f"{quoted(key)} = {toml(item)}\n" for key, item in value.items()) if isinstance(value, dict) else ""


def read(files: dict[str, str], **more: Any) -> None:
    """Everything that reads the files of a package called ``.``."""
    with tempfile.TemporaryDirectory() as place:
        root = write_tree(Path(place), files)
        with contextlib.suppress(FastContainerError):
            found = declared_dependencies(["."], root=str(root), **more)
            for step in found.steps:
                assert len(step.text.splitlines()) == step.text.count("\n")
            generate_base(BaseSpec("python:3.12-slim", found, "packages", "uv"), root=str(root))


@settings(max_examples=150, deadline=None)
@given(mutated(PROJECT))
@example({"project": {"name": "app"}, "tool": 3})
@example({"project": {"name": "app", "dependencies": ["x"]}, "tool": {"uv": {"index": {"name": "x"}}}})
def test_a_pyproject_of_any_shape_is_read_or_refused(shape: Any) -> None:
    read({"pyproject.toml": document(shape), "r.txt": "x\n", "README.md": ""})
    # As the root of a workspace, and as somebody else's package below the root.
    app = '[project]\nname = "app"\nversion = "1"\ndependencies = ["x"]\n'
    with tempfile.TemporaryDirectory() as place:
        root = write_tree(Path(place), {"pyproject.toml": document(shape), "app/pyproject.toml": app})
        with contextlib.suppress(FastContainerError):
            declared_dependencies(["app"], root=str(root))


@settings(max_examples=150, deadline=None)
@given(mutated(LOCKED), st.sampled_from([[], ["a"]]), st.sampled_from([[], ["b"]]))
def test_a_lock_of_any_shape_is_read_or_refused(shape: Any, extras: list[str], groups: list[str]) -> None:
    project = (
        '[project]\nname = "app"\nversion = "1"\ndependencies = ["x"]\n[project.optional-dependencies]\na = ["x"]\n'
        '[dependency-groups]\nb = ["x"]\n'
    )
    read({"pyproject.toml": project, "uv.lock": document(shape)}, lock="uv.lock", extras=extras, groups=groups)


@pytest.mark.parametrize(
    "content",
    [b"\xff", b"a = 1\na = 2\n", b"x = " + b"[" * 20000, b"x = " + b"9" * 5000, b"\0", b"a = 1979-99-99\n", b"[[a]\n"],
)
@pytest.mark.parametrize("name", ["pyproject.toml", "uv.lock", "uv.toml"])
def test_bytes_that_are_no_toml_are_refused_with_the_file(tmp_path: Path, content: bytes, name: str) -> None:
    files = {"pyproject.toml": '[project]\nname = "app"\nversion = "1"\n', name: content}
    with pytest.raises(ContextError) as caught:
        declared_dependencies(["."], root=str(write_tree(tmp_path, files)), lock="uv.lock" if "lock" in name else None)
    assert caught.value.path == name


@pytest.mark.parametrize(
    ("lock", "named"),
    [
        ('version = 1\n[[package]]\nversion = "1"\n', "package[0].name"),
        ('version = 1\n[package]\nname = "a"\n', "package"),
        (
            'version = 1\n[[package]]\nname = "app"\nsource = { virtual = "." }\ndependencies = [{ version = "1" }]\n',
            "package[0].dependencies[0].name",
        ),
        ('version = 1\n[[package]]\nname = "app"\nsource = "x"\n', "package[0].source"),
    ],
)
def test_the_command_line_ends_with_one_message_that_names_the_part(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], lock: str, named: str
) -> None:
    project = '[project]\nname = "app"\nversion = "1"\n'
    root = write_tree(tmp_path, {"pyproject.toml": project, "uv.lock": lock})
    assert main(["show-dockerfile", "--root", os.fspath(root), "--package", ".", "--lock", "uv.lock"]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("fast-container: ")) == ("", 1)
    assert named in err
