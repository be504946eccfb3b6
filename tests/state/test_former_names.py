"""Former names of arguments: those of images work and say the new name once, and nothing here uses one of any class."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import fast_container as fc
from fast_container import BaseImage, FastContainerImage, FastImageFleet
from tests.state.mocked_program import of, run
from tests.trees import write_tree

ROOT = Path(__file__).parents[2]
URL = "registry.example.com/shop/images"
FORMER = re.compile(r"^ *(\w+): The former name of ``(\w+)``", re.MULTILINE)
# Programs of an earlier version, and tests of former names.
MAY_USE_THEM = (
    *("tests/engine/older_state/", "tests/state/test_former_names.py", "tests/state/test_repository.py"),
    "tests/codebuild/test_former_names.py",
)


def declare(images: Callable[[], list[FastContainerImage]]) -> None:
    async def program() -> None:
        for image in images():
            await of(image.build_key)

    run(program)


def images(tmp_path: Path, common: dict[str, Any], own: dict[str, Any]) -> list[FastContainerImage]:
    """Images of each component that has options, all of them with the common ones."""
    write_tree(tmp_path, {"Dockerfile": "FROM scratch\nCOPY Dockerfile /\n"})
    given: dict[str, Any] = {"repository": URL, "context": str(tmp_path), **common}
    fleet = FastImageFleet("fleet", {"api": {}, "own": own}, **given)
    return [FastContainerImage("image", **given), BaseImage("base", **given), *fleet.values()]


def test_the_former_name_of_an_images_time_limit_means_the_same(tmp_path: Path) -> None:
    with pytest.warns(DeprecationWarning) as said:
        declare(lambda: images(tmp_path, {"timeout": 5}, {"timeout_s": 7}))
    texts = [str(one.message) for one in said if "timeout_s" in str(one.message)]
    # A fleet says it once, however many images it has.
    assert [text.partition(":")[0] for text in texts] == [
        "FastImageFleet 'fleet'",
        "FastContainerImage 'image'",
        "BaseImage 'base'",
    ]


def test_an_option_of_one_image_may_have_the_other_name_than_the_fleets(tmp_path: Path) -> None:
    with pytest.warns(DeprecationWarning, match="FastImageFleet 'fleet', image 'own': the argument timeout is called"):
        declare(lambda: images(tmp_path, {"timeout_s": 5}, {"timeout": 7}))


def public_classes() -> Iterator[tuple[str, str]]:
    for name in fc.__all__:
        yield name, getattr(fc, name).__doc__ or ""


def former_names() -> dict[str, set[str]]:
    """Public class → the former names of its arguments, as its documentation lists them."""
    found = {name: {old for old, _ in FORMER.findall(text)} for name, text in public_classes()}
    return {name: names for name, names in found.items() if names}


def test_the_documentation_lists_every_former_name() -> None:
    options = {"timeout"}
    assert former_names() == {
        "CodeBuildBuilder": {"timeout", "queue_timeout", "concurrent_build_limit", "aws_access"},
        "ImageRepository": {"take_up"},
        **dict.fromkeys(("FastContainerImage", "BaseImage", "FastImageFleet", "ImageOptions"), options),
    }


def programs(path: Path) -> Iterator[ast.Module]:
    """The Python of a file: its own, that of its strings (programs of tests), that of a page's examples."""
    text = path.read_text(encoding="utf-8")
    pending = re.findall(r"```python\n(.*?)```", text, re.DOTALL) if path.suffix == ".md" else [text]
    for source in pending:
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError):
            continue
        yield tree
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and "(" in node.value
                and "\n" in node.value
            ):
                pending.append(node.value)


def test_nothing_in_the_repository_uses_a_former_name() -> None:
    former = former_names()
    listed = subprocess.run(["git", "ls-files", "*.py", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True)
    used: list[str] = []
    for name in listed.stdout.split():
        if name.startswith(MAY_USE_THEM) or not (ROOT / name).is_file():
            continue
        for tree in programs(ROOT / name):
            for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
                called = ast.unparse(call.func).rpartition(".")[2]
                given = {keyword.arg for keyword in call.keywords} & former.get(called, set())
                used += [f"{name}: {called}({word}=)" for word in given]
    assert used == []
