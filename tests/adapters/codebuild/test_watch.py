"""One poller for all builds: what it bears, how long, and what those who wait are told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Any

import botocore.exceptions
import pytest

from fast_container.adapters.codebuild.api import Build, CodeBuildApi
from fast_container.adapters.codebuild.watch import BuildWatch
from fast_container.errors import AuthError, BuilderError
from tests.adapters.fake_codebuild import Clock, End, FakeCodeBuild, refusal

EXPIRED = refusal("ExpiredTokenException", "The security token included in the request is expired", "BatchGetBuilds")
LOST = botocore.exceptions.EndpointConnectionError(endpoint_url="https://codebuild")


@dataclass
class Heard:
    builds: list[Build] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)
    ends_soon: bool = False

    def on_build(self, build: Build) -> None:
        self.builds.append(build)

    def on_line(self, line: str) -> None:
        self.lines.append(line)

    def expects_lines(self, build: Any) -> bool:
        return False

    def on_trouble(self, what: str) -> None:
        self.trouble.append(what)


class Watched:
    def __init__(self) -> None:
        self.aws, self.clock, self.heard = FakeCodeBuild(), Clock(), Heard()
        self.renewed = 0
        self.watch = BuildWatch(
            CodeBuildApi(self.aws.client, "project", self._renew), sleep=self.clock.sleep, now_s=self.clock.now_s
        )

    def _renew(self) -> None:
        self.renewed += 1

    def build(self, end: End | None = None) -> str:
        return str(self.aws.add({}, end or End())["id"])

    def wait(self, build_id: str, heard: Heard | None = None) -> Build:
        return self.run(self.watch.wait(build_id, heard or self.heard))

    def run(self, work: Awaitable[Any]) -> Any:
        async def within() -> Any:
            return await asyncio.wait_for(work, 20)

        return asyncio.run(within())


@pytest.fixture
def watched() -> Watched:
    return Watched()


def test_every_line_of_the_log_is_heard_once_and_in_order(watched: Watched) -> None:
    lines = [f"line {n}" for n in range(20)]
    watched.wait(watched.build(End(lines=lines, looks=4)))
    assert watched.heard.lines == lines


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (LOST, "no connection to AWS"),
        (botocore.exceptions.ReadTimeoutError(endpoint_url="https://codebuild"), "no connection to AWS"),
        (EXPIRED, "log in again, this run uses the new ones"),
        (refusal("InternalServerError", "oops", "BatchGetBuilds"), "no connection to AWS"),
        (refusal("ThrottlingException", "Rate exceeded", "BatchGetBuilds"), "asked too often"),
    ],
)
def test_trouble_that_passes_is_borne_and_said(watched: Watched, error: Exception, said: str) -> None:
    watched.aws.fail["BatchGetBuilds"] = [error] * 5
    assert watched.wait(watched.build())["buildStatus"] == "SUCCEEDED"
    assert len(watched.heard.trouble) == 5
    assert said in watched.heard.trouble[0]


def test_an_expired_session_is_renewed_in_the_middle_of_a_wait(watched: Watched) -> None:
    watched.aws.fail["BatchGetBuilds"] = [EXPIRED]
    watched.wait(watched.build())
    assert watched.renewed == 1


@pytest.mark.parametrize(("error", "kind"), [(EXPIRED, AuthError), (LOST, BuilderError)])
def test_trouble_that_stays_is_an_error_for_all_who_wait(
    watched: Watched, error: Exception, kind: type[Exception]
) -> None:
    watched.aws.fail["BatchGetBuilds"] = [error] * 999

    async def both() -> list[Any]:
        waits = [watched.watch.wait(watched.build(), Heard()) for _ in range(2)]
        return await asyncio.gather(*waits, return_exceptions=True)

    assert [type(found).__mro__[1] if kind is AuthError else type(found) for found in watched.run(both())] == [kind] * 2
    assert 500 < watched.clock.time_s < 700


def test_a_denied_look_is_an_error_at_once(watched: Watched) -> None:
    watched.aws.fail["BatchGetBuilds"] = [refusal("AccessDeniedException", "no", "BatchGetBuilds")]
    with pytest.raises(AuthError, match="codebuild:BatchGetBuilds"):
        watched.wait(watched.build())


def test_a_log_that_may_not_be_read_is_said_once_and_does_not_decide(watched: Watched) -> None:
    watched.aws.fail["GetLogEvents"] = [refusal("AccessDeniedException", "no", "GetLogEvents")] * 99
    assert watched.wait(watched.build(End(lines=["x"], looks=5)))["buildStatus"] == "SUCCEEDED"
    assert len(watched.heard.trouble) == 1
    assert "logs:GetLogEvents" in watched.heard.trouble[0]


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "ThrottlingException"])
def test_a_log_that_is_not_there_yet_is_read_later(watched: Watched, code: str) -> None:
    watched.aws.fail["GetLogEvents"] = [refusal(code, "", "GetLogEvents")] * 2
    watched.wait(watched.build(End(lines=["a", "b"], looks=5)))
    assert watched.heard.lines == ["a", "b"]


def test_a_build_that_aws_has_lost_is_an_error_after_a_few_looks(watched: Watched) -> None:
    build = watched.build(End(looks=99))
    watched.aws.hidden.add(build)
    with pytest.raises(BuilderError, match="does not know a build"):
        watched.wait(build)
    assert watched.aws.calls["BatchGetBuilds"] == 5


def test_two_who_wait_for_one_build_both_hear_of_its_end(watched: Watched) -> None:
    build, second = watched.build(End(lines=["x"], looks=3)), Heard()

    async def both() -> None:
        await asyncio.gather(watched.watch.wait(build, watched.heard), watched.watch.wait(build, second))

    watched.run(both())
    assert watched.heard.lines == second.lines == ["x"]


def test_a_fault_of_the_program_itself_leaves_nobody_waiting_for_ever(watched: Watched) -> None:
    class Broken(Heard):
        def on_line(self, line: str) -> None:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        watched.wait(watched.build(End(lines=["x"])), Broken())


def test_a_region_without_codebuild_is_one_clear_error() -> None:
    watched = Watched()
    watched.aws.fail["ListBuildsForProject"] = [LOST]
    with pytest.raises(BuilderError, match="cannot be reached") as caught:
        watched.run(watched.watch.latest("k", "r"))
    assert "this region has CodeBuild: eu-west-1" in caught.value.next_step


def test_a_line_of_the_log_ends_at_a_newline_only(watched: Watched) -> None:
    """Other line ends of Unicode are characters of a line, as they are of JSON's."""
    lines = ["one\u2028line", "a\x85b", "c\x0bd\x0ce\x1cf", "g\rh"]
    watched.wait(watched.build(End(lines=lines, looks=4)))
    assert watched.heard.lines == lines


def test_a_follower_that_breaks_ends_its_own_watch_and_no_other(watched: Watched) -> None:
    class Broken(Heard):
        def on_line(self, line: str) -> None:
            raise RuntimeError(line)

    async def both() -> list[Any]:
        ids = [watched.build(End(lines=["boom"], looks=looks)) for looks in (3, 4)]
        followers = [Broken(), watched.heard]
        waits = [watched.watch.wait(one, follower) for one, follower in zip(ids, followers, strict=True)]
        return await asyncio.gather(*waits, return_exceptions=True)

    broken, ended = watched.run(both())
    assert isinstance(broken, RuntimeError)
    assert ended["buildStatus"] == "SUCCEEDED"
    assert watched.heard.lines == ["boom"]


def test_the_last_lines_may_come_some_seconds_after_the_end(watched: Watched) -> None:
    class Late(Heard):
        def expects_lines(self, build: Any) -> bool:
            return not self.lines

    lines: list[str] = []
    end = End(lines=lines, looks=1, status="FAILED")
    late, ended_s = Late(), 10.0

    def appear(*_: Any) -> None:
        if watched.clock.time_s > ended_s and not lines:
            lines.append("the end")

    watched.aws.on_logs = appear
    ended_s = 3.5
    watched.wait(watched.build(end), late)
    assert late.lines == ["the end"]
    silent = Late()
    begun_s = watched.clock.time_s
    watched.aws.on_logs = lambda: None
    watched.wait(watched.build(End(lines=[], looks=1, status="FAILED")), silent)
    assert 4 < watched.clock.time_s - begun_s < 12


def test_the_figures_of_a_build_that_ended_well_are_awaited_for_a_second_only(watched: Watched) -> None:
    class Silent(Heard):
        def expects_lines(self, build: Any) -> bool:
            return True

    watched.wait(watched.build(End(looks=1)), Silent())
    assert watched.clock.time_s < 6


def test_logs_of_many_builds_do_not_keep_those_from_being_noticed_that_have_ended(watched: Watched) -> None:
    """Reading 60 logs takes 9 s as CloudWatch's limit goes; 12 of them are read before CodeBuild is asked again."""
    heard = [Heard() for _ in range(60)]

    async def all_of_them() -> float:
        for number, one in enumerate(heard[1:], start=1):
            build = watched.build(End(lines=[f"line of {number}"], looks=12))
            waits.append(asyncio.ensure_future(watched.watch.wait(build, one)))
        await watched.watch.wait(watched.build(End(looks=3)), heard[0])
        noticed_s = watched.clock.time_s
        await asyncio.gather(*waits)
        return noticed_s

    waits: list[asyncio.Future[Build]] = []
    assert watched.run(all_of_them()) < 12
    assert [one.lines for one in heard[1:]] == [[f"line of {number}"] for number in range(1, 60)]
