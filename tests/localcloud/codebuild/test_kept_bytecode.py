"""What builds' Python keeps of the modules that it compiles."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

# Imported, it would keep what this process compiles.
KEEPER = Path(__file__).parents[3] / "localcloud" / "codebuild" / "kept_bytecode.py"
MODULE = "def fail():\n    raise ValueError('as it is')\n"


def test_a_module_is_compiled_once_wherever_it_lies_and_a_traceback_names_its_place(tmp_path: Path) -> None:
    image = tmp_path / "image"
    image.mkdir()
    shutil.copyfile(KEEPER, image / "sitecustomize.py")

    def said(folder: str, text: str) -> str:
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "module.py").write_text(text)
        done = subprocess.run(
            [sys.executable, "-c", "import module; module.fail()"],
            env={"PYTHONPATH": f"{image}:{tmp_path / folder}"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert f'File "{tmp_path / folder}/module.py", line 2, in fail' in done.stderr
        return done.stderr.splitlines()[-1]

    def kept() -> int:
        return len(list((image / "kept-bytecode").iterdir()))

    assert said("first", MODULE) == "ValueError: as it is"
    number = kept()
    assert said("second", MODULE) == "ValueError: as it is"
    assert kept() == number
    assert said("third", MODULE.replace("as it is", "as it was")) == "ValueError: as it was"
    assert kept() == number + 1
