"""What the README and the first page after it show is run as it stands there."""

import re
import textwrap
from pathlib import Path

import pulumi
import pytest

ROOT = Path(__file__).parents[2]


def blocks(page: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


# Importing pulumi_aws.lambda_ warns about one of its own modules.
pytestmark = pytest.mark.filterwarnings("ignore:aws\\.lambda/:DeprecationWarning")


def test_the_first_program_runs_under_the_mocks_that_getting_started_shows(tmp_path, monkeypatch, mock_loops):
    (tmp_path / "lambdas" / "api").mkdir(parents=True)
    (tmp_path / "lambdas" / "api" / "Dockerfile").write_text("FROM scratch\nCOPY api/handler.py /\n")
    (tmp_path / "lambdas" / "api" / "handler.py").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FAST_CONTAINER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", "")
    made: dict[str, object] = {}

    class Watching(_mocks()):
        def new_resource(self, args):
            made[args.typ] = args.inputs
            return super().new_resource(args)

    pulumi.runtime.set_mocks(Watching(), preview=False)

    @pulumi.runtime.test
    def program() -> None:
        exec(blocks("README.md")[0], {})

    program()
    function = made["aws:lambda/function:Function"]
    assert re.fullmatch(r".*\.amazonaws\.com/shop/images:key-[0-9a-f]{40}", function["imageUri"])


def _mocks():
    names: dict[str, object] = {"pulumi": pulumi}
    exec(next(block for block in blocks("docs/getting-started.md") if "\nclass Mocks(" in block), names)
    return names["Mocks"]


def test_every_example_is_at_least_python():
    for page in ("README.md", *(f"docs/{found.name}" for found in (ROOT / "docs").glob("*.md"))):
        for block in blocks(page):
            compile(textwrap.dedent(block), page, "exec")
