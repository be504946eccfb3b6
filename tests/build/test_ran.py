"""What a build ran, compared with what was read: triggers that nobody knew, and bases of another platform."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from fast_container.build.pipeline import publish
from fast_container.build.ran import advice_of, check_ran
from fast_container.core.dockerfile import AssumedStage, RanStep
from fast_container.core.dockerfile.triggers import reads_unseen
from fast_container.core.ports import BuildJob, BuiltImage, Reporter
from fast_container.errors import VerifyError
from tests.build.fakes import FakeExecutor, FakeRegistry, ListReporter, StepClock, make_job

BASE = "example.com/corp/onbuild:1"


def ran(*steps: str, stage: str = "", first: int = 1, count: int | None = None) -> tuple[RanStep, ...]:
    total = count or first + len(steps) - 1
    return tuple(RanStep(stage, number, total, text) for number, text in enumerate(steps, start=first))


def check(*steps: RanStep, stage: str = "", own: int = 1, whole: bool = False, warnings: tuple[str, ...] = ()) -> None:
    job = replace(make_job(), assumed=(AssumedStage(stage, BASE, own, whole),), secrets={"given": b"x"})
    check_ran(job, BuiltImage("sha256:x", ran=steps, warnings=warnings))


TRIGGERS = {
    "COPY . /app": True,
    "COPY --chown=1:1 a b /app/": True,
    "ADD x.tar /": True,
    "ADD https://example.com/x /x": False,
    "COPY --from=made /x /x": True,
    "COPY <<EOF /x": True,
    "RUN make": False,
    "RUN --mount=type=cache,target=/c make": False,
    "RUN --mount=type=secret,id=given make": False,
    "RUN --mount=type=secret,id=x make": True,
    "RUN --mount=type=secret,id=x,required=false make": False,
    "RUN --mount=type=ssh make": True,
    "RUN --mount=type=cache,type=bind,target=/src make": True,
    'RUN --mount="type=cache",target=/c make': False,
    "RUN --mount=type=bind,target=/src make": True,
    "RUN --mount=target=/src make": True,
    "RUN --mount=type=cache,from=made,target=/src make": True,
    "WORKDIR /x": False,
}


@pytest.mark.parametrize(("trigger", "refused"), TRIGGERS.items())
def test_a_trigger_that_read_the_context_unseen_fails_the_image(trigger: str, refused: bool) -> None:
    assert reads_unseen(trigger, context_is_whole=False, secrets=["given"]) is refused
    marked = ran("FROM x", f"ONBUILD {trigger}", "RUN own", count=3)
    if not refused:
        check(*marked, own=2)
        return
    with pytest.raises(VerifyError) as caught:
        check(*marked, own=2)
    for text in (BASE, "fast-container lock", trigger):
        assert text in str(caught.value)


def test_a_frontend_that_does_not_mark_triggers_still_counts_them() -> None:
    with pytest.raises(VerifyError, match=r"COPY \. /app"):
        check(*ran("FROM x", "COPY . /app", "RUN own"), own=2)
    check(*ran("FROM x", "COPY own /own", "RUN own"), own=3)


@pytest.mark.parametrize(
    "steps",
    [
        # Another build with more steps shares the first ones, and was first to name them.
        (*ran("FROM x", "COPY packages /packages", count=4), *ran("COPY a /", first=3, count=3)),
        ran("FROM x", "COPY packages /packages", "COPY a /", count=5),
        (*ran("FROM x", count=9), *ran("COPY packages /packages", "COPY a /", first=2)),
    ],
)
def test_a_step_that_another_build_has_named_is_no_trigger(steps: tuple[RanStep, ...]) -> None:
    check(*steps, own=3)


def test_what_a_trigger_finds_in_a_context_that_counts_as_a_whole_is_no_surprise() -> None:
    check(*ran("FROM x", "ONBUILD COPY . /app"), whole=True)
    with pytest.raises(VerifyError):
        check(*ran("FROM x", "ONBUILD COPY --from=made /x /x"), whole=True)


def test_each_stage_is_looked_at_by_its_own_name() -> None:
    other = ran("FROM x", "ONBUILD COPY . /app", stage="known")
    check(*other, *ran("FROM x", stage="build"), stage="build")
    with pytest.raises(VerifyError):
        check(*other, stage="known")


def test_a_base_without_an_image_for_the_platform_fails_the_image() -> None:
    warning = 'InvalidBaseImagePlatform: Base image x was pulled with platform "linux/amd64", expected "linux/arm64"'
    with pytest.raises(VerifyError, match="another platform") as caught:
        check(warnings=("FromAsCasing: as", warning))
    assert "linux/amd64" in str(caught.value)
    check(warnings=("FromAsCasing: as",))


def test_such_an_image_gets_no_tag() -> None:
    registry, job = FakeRegistry(), make_job()

    class Executor(FakeExecutor):
        async def build(self, job: BuildJob, reporter: Reporter) -> BuiltImage:
            return replace(await super().build(job, reporter), warnings=("InvalidBaseImagePlatform: x",))

    with pytest.raises(VerifyError):
        asyncio.run(publish(job, registry, Executor(registry), ListReporter(), StepClock()))
    assert registry.tags == {}


def test_what_buildkit_warns_of_is_said_once_and_shortly() -> None:
    registry, job, reporter = FakeRegistry(), make_job(), ListReporter()
    said = tuple(f"Rule{number}: advice (line {number})" for number in (1, 1, 2, 3, 4, 5))

    class Executor(FakeExecutor):
        async def build(self, job: BuildJob, reporter: Reporter) -> BuiltImage:
            return replace(await super().build(job, reporter), warnings=said)

    asyncio.run(publish(job, registry, Executor(registry), reporter, StepClock()))
    lines = [line for line in reporter.notes if "BuildKit" in line]
    assert [line.partition("BuildKit: ")[2] for line in lines] == [
        *(f"Rule{number}: advice (line {number})" for number in (1, 2, 3)),
        "2 more warnings: fast-container lint --buildkit",
    ]


@pytest.mark.parametrize(("given", "said"), [("BASE_IMAGE", 0), ("BASE", 1)])
def test_an_arg_of_from_without_a_default_is_nothing_to_mend_where_its_value_is_given(given: str, said: int) -> None:
    text = "Default value for ARG ${BASE_IMAGE} results in empty or invalid base image name (line 2)"
    built = BuiltImage("sha256:0", warnings=(f"InvalidDefaultArgInFrom: {text}",))
    job = replace(make_job(), recipe=replace(make_job().recipe, build_args={given: "host/base@sha256:0"}))
    assert len(advice_of(job, built)) == said


@pytest.mark.parametrize(
    ("label", "stage"), [("", "linux/amd64"), ("app", "linux/amd64 app"), ("app", "linux/arm64->amd64 app")]
)
def test_the_platform_before_a_stages_name_hides_no_trigger(label: str, stage: str) -> None:
    with pytest.raises(VerifyError):
        check(*ran("FROM x", "ONBUILD COPY . /app", stage=stage), stage=label)
