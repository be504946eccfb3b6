"""A build key is the same in every locale: names of files are what they are on the disk."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.trees import write_tree

ROOT = Path(__file__).parents[2]
# Selects and stages as a Pulumi program does, in a process whose locale cannot be chosen by us.
PROGRAM = """
import os, sys
sys.path[:0] = [sys.argv[1]]
from fast_container.adapters.digests.walks import open_walks
from fast_container.core.select import select_image
from fast_container.core.declared import DeclaredImage
from fast_container.core.recipe import Recipe
from fast_container.core.staging.stage import stage
root = sys.argv[2]
image = DeclaredImage(name="x", context=root, dockerfile=root + "/Dockerfile", dockerfile_name="Dockerfile",
                      recipe=Recipe(build_args={"V": "\\u00fc"}))
for _ in range(2):
    walks = open_walks(None)
    selected = select_image(image, walks)
stage(selected.contexts["context"], sys.argv[3])
staged = sorted(os.listdir(os.fsencode(sys.argv[3])))
links = os.readlink(os.fsencode(sys.argv[3]) + b"/link")
print(sys.getfilesystemencoding(), selected.key.hex, b" ".join(staged).hex(), links.hex())
"""


def locales(folder: Path) -> dict[str, dict[str, str]]:
    """Environments with other encodings of names; Latin-1 where the system can make such a locale."""
    found = {
        "utf-8": {"LC_ALL": "C.UTF-8"},
        "posix": {"LC_ALL": "POSIX"},
        "ascii": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    }
    try:
        command = ["localedef", "-i", "de_DE", "-f", "ISO-8859-1", str(folder / "de_DE.ISO-8859-1")]
        done = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        done = False
    if done:
        found["latin-1"] = {"LOCPATH": str(folder), "LC_ALL": "de_DE.ISO-8859-1", "PYTHONUTF8": "0"}
    return found


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = write_tree(
        tmp_path / "context",
        {
            "Dockerfile": "FROM scratch\nARG V\nCOPY gr* n/ link /\nLABEL v=$V\n",
            ".dockerignore": "n/weg-ü*\n",
            "grün.txt": "x",
            "n/weg-ü.txt": "ignored",
            "n/中": "y",
            "link": ("link", "grün.txt"),
        },
    )
    Path(os.fsdecode(os.fsencode(root) + b"/n/l\xff")).write_text("no text")
    return root


def test_a_program_gives_one_key_and_stages_the_same_names_in_every_locale(tree: Path, tmp_path: Path) -> None:
    answers: dict[str, list[str]] = {}
    for name, variables in locales(tmp_path).items():
        arguments = [sys.executable, "-c", PROGRAM, str(ROOT / "components"), str(tree), str(tmp_path / f"to-{name}")]
        done = subprocess.run(arguments, env={**_plain(), **variables}, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        answers[name] = done.stdout.split()
    assert len({tuple(answer[1:]) for answer in answers.values()}) == 1, answers
    assert "weg" not in bytes.fromhex(answers["utf-8"][2]).decode("utf-8", "replace")


def test_the_command_line_gives_one_key_in_every_locale(tree: Path, tmp_path: Path) -> None:
    keys: set[str] = set()
    command = [sys.executable, "-m", "fast_container.cli", "inspect", "--context", str(tree), "--build-arg", "V=ü"]
    for variables in locales(tmp_path).values():
        environment = {**_plain(), **variables, "PYTHONPATH": str(ROOT / "components")}
        done = subprocess.run([*command, "--json"], env=environment, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        keys.add(json.loads(done.stdout)["build_key"])
        assert subprocess.run(command, env=environment, capture_output=True, check=False).returncode == 0
    assert len(keys) == 1


def _plain() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHON"))}
