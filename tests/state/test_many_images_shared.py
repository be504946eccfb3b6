"""What a program's images share costs each of them the same, however many there are."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, SimpleNamespace
from typing import Any, ClassVar, cast

import pulumi
import pytest
from pulumi.runtime import settings

from fast_container import FastContainerImage
from fast_container.build.lookup import LookupBatch
from fast_container.core.aws_access import AwsAccess
from fast_container.core.key import BuildKey, KeyInputs, build_key
from fast_container.state.prepared_image import PreparedImage
from fast_container.state.program import Program
from tests.build.fakes import FakeRegistry, ListReporter
from tests.state.mocked_program import run
from tests.trees import write_tree

URLS = ("r.example/shop/images", "r.example/shop/more")


@dataclass
class FakeRegistries:
    of: dict[str, FakeRegistry] = field(default_factory=lambda: {url: FakeRegistry(url) for url in URLS})

    def repository(self, url: str, _access: AwsAccess) -> FakeRegistry:
        return self.of[url]

    def is_reached_otherwise(self, _url: str, _access: AwsAccess) -> bool:
        return False


class NeverWalked(dict[Any, Any]):
    """A mapping of all images that nobody may walk through."""

    def __iter__(self) -> Any:
        raise AssertionError("all images were looked through for one")

    items = values = __iter__


def make_program() -> Program:
    unused = cast(Any, None)
    program = Program(
        walks=unused,
        default_builder=unused,
        scheduler=unused,
        registries=cast(Any, FakeRegistries()),
        executors=unused,
        pins=unused,
        base_keys=set(),
        accepted={},
        interrupt_line=unused,
        records=unused,
    )
    program.images = NeverWalked()
    return program


@dataclass
class CountedSelection:
    """What of a selected image is looked at here, and how often it was."""

    given: BuildKey
    reads: int = 0

    @property
    def key(self) -> BuildKey:
        self.reads += 1
        return self.given


def image(number: int, url: str = URLS[0]) -> PreparedImage:
    key = build_key(KeyInputs((f"FROM scratch {number}",), "linux/arm64"))
    inputs = SimpleNamespace(name=f"image-{number}-{url[-4:]}", pin=None)
    return PreparedImage(
        cast(Any, inputs),
        cast(Any, None),
        cast(Any, ListReporter()),
        AwsAccess(),
        known=cast(Any, CountedSelection(key)),
        known_url=url,
    )


def wait_for(work: Coroutine[Any, Any, None]) -> None:
    """As ``asyncio.run``, which takes away the loop that Pulumi's mocks use."""
    loop = asyncio.new_event_loop()
    loop.run_until_complete(work)
    loop.close()


def test_an_image_does_not_wait_until_the_plan_file_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that awaits it declares the next one only then; what was not written is at the end."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(settings, "get_monitor", object)
    program, may_end, saves = make_program(), threading.Event(), list[int]()
    program.walks = cast(Any, SimpleNamespace(save=lambda: saves.append(1) or may_end.wait(10)))

    async def declared_in_turn() -> None:
        for number in range(40):
            program.declare()
            await program.settle(f"image-{number}", None)
        may_end.set()

    wait_for(declared_in_turn())
    program.end()
    assert len(saves) <= 8


def test_each_missing_image_is_counted_once() -> None:
    def reads_of(images: int) -> int:
        program = make_program()
        prepared = [image(number) for number in range(images)]
        reads = 0

        async def publish_all() -> None:
            nonlocal reads
            for one in prepared:
                program.plan(one)
            assert all([await program.count_missing(one) for one in prepared])
            reads = sum(cast(Any, one.known).reads for one in prepared)

        wait_for(publish_all())
        assert program.to_build == {one.record_name for one in prepared}
        return reads

    assert reads_of(200) == 20 * reads_of(10)


def test_one_that_is_planned_later_is_counted_too_and_one_that_is_there_is_not() -> None:
    program = make_program()
    first, second, there = image(1), image(2), image(3)
    repository = cast(Any, program.registries).of[URLS[0]]
    repository.tags[there.selected.key.tag] = repository.push("there").digest

    async def publish_all() -> None:
        program.plan(first)
        assert await program.count_missing(first)
        program.plan(second)
        program.plan(there)
        assert not await program.count_missing(there)
        assert await program.count_missing(second)

    wait_for(publish_all())
    assert program.to_build == {first.record_name, second.record_name}


def test_the_twins_of_an_image_are_found_by_its_key() -> None:
    program = make_program()
    twins = [image(1, url) for url in URLS]
    for one in (*twins, image(2), image(1)):
        program.plan(one)
    assert program.twins(twins[0]) == [twins[1]]
    assert program.twins(twins[1]) == [twins[0]]
    assert program.twins(image(2)) == []


@pytest.mark.usefixtures("mock_loops")
class CountedTag(str):
    """A tag that counts how often one of its kind is looked at."""

    __slots__ = ()
    looks: ClassVar[int] = 0

    def __hash__(self) -> int:
        CountedTag.looks += 1
        return super().__hash__()


def test_a_lookup_does_not_look_again_at_what_is_answered() -> None:
    def looks_at_each(tags: int) -> float:
        batch = LookupBatch(FakeRegistry(URLS[0]), tick_s=0)

        async def one_after_the_other() -> None:
            for number in range(tags):
                assert not await batch.find([CountedTag(f"key-{number}")])

        CountedTag.looks = 0
        wait_for(one_after_the_other())
        return CountedTag.looks / tags

    assert looks_at_each(100) == looks_at_each(10)


@pytest.mark.usefixtures("mock_loops")
def test_what_an_image_costs_does_not_grow_with_their_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tree(tmp_path, {"app/Dockerfile": "FROM scratch\nARG A\nCOPY . /\n"})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))

    def cost(images: int) -> dict[str, float]:
        counts: Counter[str] = Counter()
        init = pulumi.Output.__init__

        def output(self: pulumi.Output[Any], *args: Any, **more: Any) -> None:
            counts["outputs"] += 1
            init(self, *args, **more)

        def task(loop: Any, work: Any, **more: Any) -> asyncio.Task[Any]:
            counts["tasks"] += 1
            return asyncio.Task(work, loop=loop, **more)

        def called(frame: FrameType, event: str, _argument: Any) -> None:
            if event == "call" and "fast_container" in frame.f_code.co_filename:
                counts["calls"] += 1

        async def program() -> None:
            loop = asyncio.get_running_loop()
            loop.set_task_factory(cast(Any, task))
            made = [
                FastContainerImage(f"i{number}", repository=URLS[0], context="app", build_args={"A": str(number)})
                for number in range(images)
            ]
            await asyncio.gather(*(one.image_uri.future() for one in made))
            loop.set_task_factory(None)

        monkeypatch.setattr(pulumi.Output, "__init__", output)
        sys.setprofile(called)
        try:
            run(program, preview=True)
        finally:
            sys.setprofile(None)
            monkeypatch.setattr(pulumi.Output, "__init__", init)
        return {name: count / images for name, count in counts.items()}

    # What happens once for a program is shared by more images: it costs each of them less.
    few, many = cost(50), cost(200)
    assert {name: many[name] <= few[name] * 1.05 for name in few} == dict.fromkeys(few, True), (few, many)


@pytest.mark.usefixtures("mock_loops")
def test_an_image_of_plain_values_has_few_outputs_pending(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK looks through all that are pending, again and again; most of these are its own, of the record."""
    write_tree(tmp_path, {"app/Dockerfile": "FROM scratch\nARG A\nCOPY . /\n"})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    made: list[pulumi.Output[Any]] = []
    init = pulumi.Output.__init__

    def noted(self: pulumi.Output[Any], *args: Any, **more: Any) -> None:
        made.append(self)
        init(self, *args, **more)

    async def program() -> None:
        with monkeypatch.context() as patch:
            patch.setattr(pulumi.Output, "__init__", noted)
            for number in range(20):
                FastContainerImage(f"i{number}", repository=URLS[0], context="app", build_args={"A": str(number)})

    run(program, preview=True)
    assert len(made) / 20 <= 14
