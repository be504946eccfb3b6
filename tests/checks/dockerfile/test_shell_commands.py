"""What a RUN starts: operators, quotes, heredocs and wrappers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fast_container.checks.dockerfile.steps.installs import read_install
from fast_container.checks.dockerfile.steps.shell_commands import ShellCommand, commands_of_run
from fast_container.core.dockerfile.lines import parse_text
from fast_container.core.dockerfile.model import RefusedError

SHELL = ("/bin/sh", "-c")


def run(text: str) -> list[list[str]] | None:
    commands = commands_of_run(parse_text(text).nodes[0], {"DIR": "/srv"}.get, SHELL)
    return None if commands is None else [list(command.words) for command in commands]


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("RUN a && b; c || d | e", [["a"], ["b"], ["c"], ["d"], ["e"]]),
        ("RUN a&&b;c", [["a"], ["b"], ["c"]]),
        ("RUN a \\\n # no\n && b", [["a"], ["b"]]),
        ("RUN echo 'x && y' \"p; q\" # rest", [["echo", "x && y", "p; q"]]),
        ("RUN a > /dev/null 2>&1 && b", [["a"], ["b"]]),
        ("RUN pip install x>=1", [["pip", "install", "x"]]),
        ("RUN pip install 'x>=1' \"$DIR/y\" ${Z}", [["pip", "install", "x>=1", "/srv/y", "${Z}"]]),
        ("RUN V=1 sudo -E env W=2 a b", [["a", "b"]]),
        ("RUN if [ -f x ]; then a; else b; fi", [["[", "-f", "x", "]"], ["a"], ["b"]]),
        ("RUN for i in 1 2; do a $i; done", [["a", "$i"]]),
        ("RUN (a; b) && { c; }", [["a"], ["b"], ["c"]]),
        ("RUN bash -euxo pipefail -c 'a && b'", [["a"], ["b"]]),
        ('RUN ["sh", "-c", "a && b"]', [["a"], ["b"]]),
        ('RUN ["pip", "install", "x y"]', [["pip", "install", "x y"]]),
        ('RUN a "$(b "c d" | e)" f', [["a", "$(b c d | e)", "f"]]),
        ("RUN <<EOF\na && b\n# it's\nc\nEOF\n", [["a"], ["b"], ["c"]]),
        ("RUN <<EOF\n#!/usr/bin/env bash\na\nEOF\n", [["a"]]),
        ("RUN <<EOF\n#!/usr/bin/env python3\nimport a\nEOF\n", None),
        ("RUN bash -e <<EOF\na\nEOF\n", [["a"]]),
        ("RUN python3 <<EOF\nimport a\nEOF\n", [["python3"]]),
        ("RUN <<'EOF'\ncat > x <<END\npip install y\nEND\nb\nEOF\n", [["cat"], ["b"]]),
        ("RUN echo 'open", None),
    ],
)
def test_commands_of_a_run(text: str, commands: list[list[str]] | None) -> None:
    assert run(text) == commands


def test_a_pipeline_is_known() -> None:
    commands = commands_of_run(parse_text("RUN a | b; c").nodes[0], {}.get, SHELL)
    assert commands is not None
    assert [command.pipeline for command in commands] == [0, 0, 1]


@given(st.text(alphabet="a \n'\"$(){}`\\;&|<>#=", max_size=40))
def test_no_script_is_too_strange(text: str) -> None:
    try:
        nodes = parse_text(f"RUN {text}").nodes
    except RefusedError:
        return
    for node in nodes:
        commands_of_run(node, {}.get, SHELL)


@pytest.mark.parametrize(
    ("words", "manager", "files", "names", "local"),
    [
        ("pip install -r a.txt -c b.txt flask", "pip", ("a.txt",), ("flask",), ()),
        ("python3.12 -m pip install --target /t -ra.txt", "pip", ("a.txt",), (), ()),
        (
            "/venv/bin/pip3 --no-cache-dir install . ./x[dev] a[b]>=1 y.whl",
            "pip",
            (),
            ("a[b]>=1",),
            (".", "./x[dev]", "y.whl"),
        ),
        ("pip install -e .", "pip", (), (), (".",)),
        ("uv pip install --system -r a.txt", "pip", ("a.txt",), (), ()),
        ("uv sync --frozen", "uv", (), (), ()),
        ("apt-get -qq -o A=b install -y gcc", "apt", (), ("gcc",), ()),
        ("apk --no-cache add --virtual .b gcc", "apk", (), ("gcc",), ()),
        ("npm ci --omit dev", "npm", (), (), ()),
        ("yarn --frozen-lockfile", "yarn", (), (), ()),
    ],
)
def test_installations(
    words: str, manager: str, files: tuple[str, ...], names: tuple[str, ...], local: tuple[str, ...]
) -> None:
    install = read_install(ShellCommand(tuple(words.split()), {}))
    assert install is not None
    assert (install.manager, install.files, install.names, install.local) == (manager, files, names, local)


@pytest.mark.parametrize(
    "words", ["pip --version", "pip uninstall x", "npm run build", "yarn --version", "apt-get update"]
)
def test_other_commands_install_nothing(words: str) -> None:
    assert read_install(ShellCommand(tuple(words.split()), {})) is None
