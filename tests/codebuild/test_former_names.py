"""The former names of a builder's arguments: they work, mean what they meant, and say the new name."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import pulumi
import pytest

from fast_container import AwsAccess, CodeBuildBuilder
from tests.codebuild.builder_program import Run

pytestmark = pytest.mark.filterwarnings("ignore:(aws[.]|s3[.]):DeprecationWarning")


@dataclass(frozen=True)
class Case:
    """One former name: how it was written, and how the same is written now."""

    former: dict[str, Any]
    now: dict[str, Any]
    said: str

    def __str__(self) -> str:
        return next(iter(self.former))


ACCESS = AwsAccess(region="eu-west-1")
OF_THE_BUILDER = [
    Case(
        {"timeout": 30},
        {"timeout_s": 1800},
        "timeout is called timeout_s now.*The unit is the second now: timeout_s=1800",
    ),
    Case(
        {"queue_timeout": 5},
        {"queue_timeout_s": 300},
        "queue_timeout is called queue_timeout_s now.*queue_timeout_s=300",
    ),
    Case({"concurrent_build_limit": 3}, {"max_parallel": 3}, "concurrent_build_limit is called max_parallel now"),
    Case({"aws_access": ACCESS}, {"aws": ACCESS}, "aws_access is called aws now"),
]


def builder(run: Run, arguments: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """What a builder says of itself, and all that the engine is given for it."""
    made: list[CodeBuildBuilder] = []
    mocks = run(lambda: made.append(CodeBuildBuilder("builds", **arguments)))
    (one,) = made
    return (one.timeout_s, one.queue_timeout_s, one.max_parallel, one.aws), mocks.made


@pytest.mark.parametrize("case", OF_THE_BUILDER, ids=str)
def test_a_former_name_of_a_codebuild_builder_means_what_it_meant(run: Run, case: Case) -> None:
    with pytest.warns(DeprecationWarning, match=f"(?s)CodeBuildBuilder 'builds': the argument {case.said}"):
        before = builder(run, case.former)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", module="fast_container.*")
        assert builder(run, case.now) == before


def test_the_project_of_a_former_program_is_the_same(run: Run) -> None:
    with pytest.warns(DeprecationWarning):
        _, made = builder(run, {"timeout": 20, "queue_timeout": 30, "concurrent_build_limit": 3})
    (project,) = [inputs for name, inputs in made.items() if name.startswith("aws:codebuild/project:Project")]
    limits = ("buildTimeout", "queuedTimeout", "concurrentBuildLimit")
    assert [project[limit] for limit in limits] == [20, 30, 3]
    _, plain = builder(run, {})
    (project,) = [inputs for name, inputs in plain.items() if name.startswith("aws:codebuild/project:Project")]
    assert [project.get(limit) for limit in limits] == [60, 480, None]
    (project,) = [
        inputs
        for name, inputs in builder(run, {"timeout_s": 301})[1].items()
        if name.startswith("aws:codebuild/project")
    ]
    assert project["buildTimeout"] == 6  # CodeBuild counts whole minutes


@pytest.mark.parametrize("case", OF_THE_BUILDER, ids=str)
def test_both_names_together_are_refused(run: Run, case: Case) -> None:
    with pytest.raises(pulumi.RunError, match="are both given"):
        builder(run, {**case.former, **case.now})


@pytest.mark.parametrize(
    ("arguments", "where", "then"),
    [
        ({"timeout": 3}, "timeout", "from 5 to 2160"),
        ({"timeout": "30"}, "timeout", "from 5 to 2160"),
        ({"queue_timeout": 481}, "queue_timeout", "from 5 to 480"),
        ({"concurrent_build_limit": 0}, "concurrent_build_limit", "from 1 to 10000"),
        ({"aws_access": "eu-west-1"}, "aws_access", "AwsAccess"),
        # A number of minutes that was left in place under the new name.
        ({"timeout_s": 30}, "timeout_s", "seconds, from 300 to 129600"),
        ({"queue_timeout_s": 480.5e3}, "queue_timeout_s", "seconds, from 300 to 28800"),
        ({"max_parallel": 0}, "max_parallel", "from 1 to 10000"),
    ],
)
def test_an_error_names_what_was_written(run: Run, arguments: dict[str, Any], where: str, then: str) -> None:
    with pytest.raises(pulumi.RunError, match=f"(?s)where: {where}\n.*next: .*{then}"):
        builder(run, arguments)
