"""Every block of code in a page is run, or read by what reads its language."""

from __future__ import annotations

import re
import shlex
import sys
import textwrap
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pulumi
import pytest
import yaml

from fast_container.cli.arguments import all_verbs
from fast_container.core.dockerfile.lines import parse_text
from tests.docs.test_links import PAGES
from tools.check_programs import ASSUMED, Program, blocks

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(r"^(?P<indent> *)```(?P<language>\w*)(?: [^\n]*)?\n(?P<text>.*?)^(?P=indent)```", re.M | re.S)
_COMMAND = re.compile(r"^ {4,}(fast-container [^|#<>&]*?)(?: +[#<>|&].*)?$", re.MULTILINE)
LOCK = 'version = 1\nrequires-python = ">=3.12"\n' + "".join(
    f'\n[[package]]\nname = "{name}"\nversion = "1"\nsource = {{ editable = "packages/{name}" }}\n'
    for name in ("money", "orders", "search")
)
CONFIG = {
    "functionRoleArn": "arn:aws:iam::123456789012:role/fns",
    "pipToken": "t",
    "imageRepository": "shop/images",
}
INSTRUCTIONS = {
    *("ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "FROM", "HEALTHCHECK"),
    *("LABEL", "ONBUILD", "RUN", "SHELL", "USER", "WORKDIR"),
}
SHARED_BUILDER = {
    "bucket": "builds",
    "projects": {"x86_64": "builds"},
    "prefix": "",
    "expire_days": 30,
    "log_group_arn": "arn:aws:logs:eu-central-1:123456789012:log-group:builds",
    "buildkit_image": "moby/buildkit:v0.32.0",
    "role_name": "builds",
    "role_arn": "arn:aws:iam::123456789012:role/builds",
}
_MADE = ("images", "bases", "builder", "platforms", "deps", "config", "branch")


@dataclass(frozen=True)
class Block:
    """A block of a page that is no Python, and the line where it begins."""

    place: str
    language: str
    text: str


def found(*languages: str) -> list[Block]:
    return [block for page in PAGES for block in _of(page) if block.language in languages]


def _of(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for match in _BLOCK.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        yield Block(f"{page.relative_to(ROOT)}:{line}", match["language"], textwrap.dedent(match["text"]))


PROGRAMS = [program for page in PAGES for program in blocks(page, ROOT)]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A monorepo with all that the programs of the pages name; the program lies in `stacks/shop`."""
    for name in ("api", "orders", "search", "worker", "web"):
        (tmp_path / "lambdas" / name).mkdir(parents=True)
        (tmp_path / "lambdas" / name / "Dockerfile").write_text("ARG BASE_IMAGE=scratch\nFROM ${BASE_IMAGE}\n")
    for name in ("a", "money", "orders", "search"):
        (tmp_path / "packages" / name).mkdir(parents=True)
        project = f'[project]\nname = "{name}"\nversion = "1"\ndependencies = []\n'
        (tmp_path / "packages" / name / "pyproject.toml").write_text(project)
    (tmp_path / "uv.lock").write_text(LOCK)
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    program = tmp_path / "stacks" / "shop"
    program.mkdir(parents=True)
    for name in ("lambdas", "packages", "uv.lock"):
        (program / name).symlink_to(tmp_path / name)
    (program / "a").symlink_to(tmp_path / "packages" / "a")
    for name in (".", "app", "api", "worker"):
        (program / name).mkdir(exist_ok=True)
        (program / name / "Dockerfile").write_text("FROM scratch\n")
    (program / "images.lock").write_text('{"version": 1, "images": {}}')
    monkeypatch.chdir(program)
    monkeypatch.setenv("FAST_CONTAINER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", "")
    return program


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_a_program_runs_under_mocks(
    program: Program, checkout: Path, mock_loops: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    pulumi.runtime.set_all_config({f"shop:{key}": value for key, value in CONFIG.items()})
    pulumi.runtime.set_mocks(_mocks(), project="shop", stack="dev", preview=False)

    @pulumi.runtime.test
    def run() -> None:
        assumed = ModuleType("assumed")
        monkeypatch.setitem(sys.modules, "assumed", assumed)
        exec(_assumed(program.text), vars(assumed))
        exec(compile(program.text, program.name, "exec"), {"__name__": "__main__"})

    run()


def _assumed(text: str) -> str:
    needed = [name for name in _MADE if re.search(rf"^from assumed import {name}$", text, re.M)]
    lines = ASSUMED.splitlines()
    kept = [
        line
        for line in lines
        if " = " not in line or line.partition(" =")[0] in {*needed, *(_MADE if "deps" in needed else ())}
    ]
    return "\n".join(kept)


def _mocks() -> pulumi.runtime.Mocks:
    """The mocks that getting started shows, with what another stack exports."""
    names: dict[str, Any] = {"pulumi": pulumi}
    [shown] = [one for one in PROGRAMS if "\nclass Mocks(" in one.text]
    exec(shown.text, names)
    shared = {
        "deps_url": "123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop/bases",
        "deps_key": "0" * 64,
        "builder": SHARED_BUILDER,
    }

    class Mocks(names["Mocks"]):
        def new_resource(self, args: Any) -> tuple[str, dict[str, Any]]:
            made, outputs = super().new_resource(args)
            return made, {**outputs, "outputs": shared} if args.typ == "pulumi:pulumi:StackReference" else outputs

    return Mocks()


@pytest.mark.parametrize("block", found("yaml", "toml"), ids=lambda block: block.place)
def test_a_block_of_settings_is_well_formed(block: Block) -> None:
    assert (yaml.safe_load if block.language == "yaml" else tomllib.loads)(block.text)


@pytest.mark.parametrize("block", found("dockerfile"), ids=lambda block: block.place)
def test_a_dockerfile_has_instructions_that_there_are(block: Block) -> None:
    assert {line.name for line in parse_text(block.text).nodes} <= INSTRUCTIONS


def commands() -> list[tuple[str, str]]:
    """The `fast-container` commands of all pages: place and command; not those that show how one is spelt."""
    return [
        (f"{page.relative_to(ROOT)}:{number}", match[1].strip())
        for page in PAGES
        for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1)
        if (match := _COMMAND.match(line)) and not re.search(r"[\[…]|\.\.\.", line)
    ]


@pytest.mark.parametrize(("place", "command"), commands(), ids=[place for place, _ in commands()])
def test_a_command_of_ours_has_only_options_that_there_are(place: str, command: str) -> None:
    words = shlex.split(command)[1:]
    try:
        all_verbs.parse(words)
    except SystemExit as end:
        assert end.code in (0, None), place
