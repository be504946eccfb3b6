"""One headless browser for each test process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.report.headless import Headless, headless


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Headless]:
    with headless(tmp_path_factory.mktemp("browser")) as running:
        yield running
