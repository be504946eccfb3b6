"""Which programs are type-checked, and that a wrong one is found by both checkers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import check_programs

ROOT = Path(__file__).parents[2]


def test_every_python_block_and_every_stack_is_a_program() -> None:
    found = {program.name for program in check_programs.programs(ROOT)}
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    blocks = sum(page.read_text(encoding="utf-8").count("```python") for page in pages)
    stacks = {"_".join(found.parent.relative_to(ROOT).parts) for found in ROOT.glob("stacks/**/Pulumi.yaml")}
    assert stacks <= found
    assert len(found) == blocks + len(stacks) + 1


def test_a_block_has_what_it_does_not_make_itself_and_nothing_else() -> None:
    block = 'images = ImageRepository("images")\nFastContainerImage("a", repository=images, base_images={"B": deps})\n'
    prelude = check_programs.completed(block).removesuffix(block).splitlines()
    assert prelude == [
        "from fast_container import FastContainerImage",
        "from fast_container import ImageRepository",
        "from assumed import deps",
    ]


def test_both_checkers_refuse_a_wrong_program(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Without pulumi-aws, which mypy reads for half a minute."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "README.md").write_text("```python\nwrong: int = str(1)\n```\n")
    assert check_programs.check(tmp_path, tmp_path / "types/programs", assumed="") == 1
    said = capfd.readouterr().out
    assert said.count("README_line_1.py") >= 2
    assert "[assignment]" in said
    assert "reportAssignmentType" in said
