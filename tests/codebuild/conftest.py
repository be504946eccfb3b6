"""Programs of builders."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pulumi
import pytest

from tests.codebuild.builder_program import Mocks, Run


@pytest.fixture
def run(mock_loops: None) -> Iterator[Run]:
    def run(program: Callable[[], object]) -> Mocks:
        mocks = Mocks()
        pulumi.runtime.set_mocks(mocks, project="p", stack="s", preview=False)

        @pulumi.runtime.test
        def test() -> None:
            program()

        test()
        return mocks

    yield run
