"""Secret Outputs of a program that have no value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pulumi
import pytest

from fast_container import FastContainerImage
from tests.state.mocked_program import of, run
from tests.trees import write_tree

pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.usefixtures("mock_loops"),
]


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAST_CONTAINER_CACHE", str(tmp_path / "cache"))
    dockerfile = "FROM busybox\nRUN --mount=type=secret,id=token true\n"
    monkeypatch.chdir(write_tree(tmp_path / "program", {"Dockerfile": dockerfile}))


def key(value: Any, *, preview: bool) -> str | None:
    async def make() -> str | None:
        image = FastContainerImage("api", repository="registry.example/shop/images", secrets={"token": value})
        return await of(image.build_key)

    return run(make, preview=preview)


@pytest.mark.parametrize("preview", [True, False], ids=["preview", "up"])
def test_an_empty_secret_output_is_refused(preview: bool) -> None:
    for value in ("", "\n", None):
        with pytest.raises(Exception, match=r'secrets\["token"\]'):
            key(pulumi.Output.secret(value), preview=preview)
    assert key(pulumi.Output.secret("good"), preview=preview)


def test_an_unknown_secret_is_nothing_to_refuse_in_a_preview() -> None:
    async def value(found: Any) -> Any:
        return found

    unknown = pulumi.Output(value(set[pulumi.Resource]()), value(None), value(False), value(True))
    assert key(unknown, preview=True)
