"""A build that is started and not awaited gets what a build that is awaited gets."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from fast_container.core.decision import RecordedImage
from fast_container.core.image_checks import CheckSettings
from fast_container.core.oci.manifest import parse_manifest
from fast_container.core.ports import BuildJob, Reporter
from fast_container.state import hook
from tests.build.fakes import FakeExecutor, FakeRegistry, ListReporter, make_job
from tests.build.test_check_contents import GOOD, pushed
from tests.state.mocked_program import run

pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.usefixtures("mock_loops"),
]


class Starting(FakeExecutor):
    def __init__(self, registry: FakeRegistry) -> None:
        super().__init__(registry)
        self.started: list[BuildJob] = []

    async def start(self, job: BuildJob, reporter: Reporter) -> object:
        self.started.append(job)
        return job


def test_it_gets_the_size_of_the_image_before_for_its_budget_of_growth(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = FakeRegistry()
    before, executor = pushed(registry, GOOD), Starting(registry)
    job = make_job(checks=CheckSettings(max_growth=0.1))

    async def made(*_: object) -> BuildJob:
        return job

    async def unlimited(*_: object) -> Starting:
        return executor

    monkeypatch.setattr(hook, "make_job", made)
    declared = SimpleNamespace(recipe=job.recipe)
    image: Any = SimpleNamespace(
        selected=SimpleNamespace(key=job.key, declared=declared),
        repository_url=registry.url,
        record_name="api-build",
        builder=None,
        access=None,
        reporter=ListReporter(),
    )
    program: Any = SimpleNamespace(
        repository_of=lambda _: registry,
        elsewhere=lambda *_: (),
        twins=lambda _: (),
        started=set[str](),
        executors=SimpleNamespace(unlimited=unlimited),
    )
    recorded = RecordedImage("0" * 64, before.digest)
    started = hook._only_started(program, image, recorded, {"repository_url": registry.url}, wait=False)
    assert run(lambda: started)
    assert [one.before_bytes for one in executor.started] == [
        sum(layer.size for layer in parse_manifest(before.content, "").layers)
    ]
