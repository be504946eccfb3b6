"""What the README shows is run as it stands there."""

import re
from pathlib import Path

import pulumi
import pytest

README = Path(__file__).parents[2] / "README.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)

# Importing pulumi_aws.lambda_ warns about one of its own modules.
pytestmark = pytest.mark.filterwarnings("ignore:aws\\.lambda/:DeprecationWarning")


def test_the_first_program_runs_under_the_mocks_that_the_readme_shows(tmp_path, monkeypatch, mock_loops):
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
        exec(BLOCKS[0], {})

    program()
    function = made["aws:lambda/function:Function"]
    assert re.fullmatch(r".*\.amazonaws\.com/shop/images:key-[0-9a-f]{40}", function["imageUri"])


def _mocks():
    names: dict[str, object] = {"pulumi": pulumi}
    exec(next(block for block in BLOCKS if "\nclass Mocks(" in block), names)
    return names["Mocks"]


def test_every_other_example_is_at_least_python():
    for block in BLOCKS:
        compile(block, "README.md", "exec")


def test_every_page_that_the_readme_names_is_there():
    for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", README.read_text(encoding="utf-8")):
        assert (README.parent / link).exists(), link
