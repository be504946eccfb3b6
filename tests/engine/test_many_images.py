"""Many images: in parallel under the limit, identical ones once, two stacks at once, progress on each row."""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path

import pytest
from conftest import Stacks
from engine_stack import EngineStack, Run

PROGRAM = """
import pulumi
from fast_container import FastContainerImage, LocalBuilder

config = pulumi.Config()
repository = config.require("repository")
two = LocalBuilder(max_parallel=2)
for number in (0, 1, 2, 3):
    FastContainerImage(
        f"image-{number}", repository=repository, context="slow", builder=two, build_args={"NUMBER": str(number)}
    )
# The same inputs three times, one of them checked for another place.
FastContainerImage("twin-a", repository=repository, context="twin")
FastContainerImage("twin-b", repository=repository, context="twin")
FastContainerImage("twin-c", repository=repository, context="twin", runs_on="lambda")
if config.get_bool("failing"):
    FastContainerImage("failing", repository=repository, context="failing")
"""
SHARED = """
import pulumi
from fast_container import FastContainerImage, ImageRepository

repository = ImageRepository.get(pulumi.Config().require("repository"))
for name in ("left", "right"):
    image = FastContainerImage(name, repository=repository, context=name)
    pulumi.export(name, image.image_uri)
"""
SLOW = """
FROM busybox
ARG NUMBER
RUN echo "begin $(cat /proc/uptime)"; sleep 2.5; echo "end $(cat /proc/uptime)"
"""


class Many:
    def __init__(self, stacks: Stacks) -> None:
        self.stacks = stacks
        self.stack: EngineStack = stacks(PROGRAM)
        self.stack.configure({"engine-test:repository": stacks.repository("images"), "engine-test:failing": "true"})
        self.stack.file("slow/Dockerfile", SLOW)
        self.stack.file("twin/Dockerfile", "FROM busybox\nRUN sleep 1\n")
        self.stack.file("failing/Dockerfile", "FROM busybox\nRUN echo soon; exit 3\n")

    @cached_property
    def preview(self) -> Run:
        return self.stack.preview("--parallel=1")

    @cached_property
    def up(self) -> Run:
        assert self.preview
        return self.stack.up("--parallel=20", "--continue-on-error", expect=1)

    @cached_property
    def both(self) -> tuple[Run, Run]:
        """Two stacks, each with its own caches, start at the same time; one knows the URL, one the name."""
        url = self.stacks.repository("shared")
        sides: list[EngineStack] = []
        for name, repository in (("here", url), ("there", url.partition("/")[2])):
            stack = self.stacks(SHARED, folder=name, name=name)
            stack.configure({"engine-test:repository": repository})
            for image in ("left", "right"):
                # Not reproducible, so that two builds give two digests.
                stack.file(
                    f"{image}/Dockerfile", f"FROM busybox\nRUN echo {image}; cat /proc/uptime > /made; sleep 1\n"
                )
            stack.init()
            sides.append(stack)
        here, there = [stack.start("up") for stack in sides]
        return here.wait(), there.wait()


@pytest.fixture(scope="module")
def many(stacks: Stacks) -> Many:
    return Many(stacks)


def test_images_build_in_parallel_under_the_builders_limit(many: Many) -> None:
    moments: list[tuple[float, int]] = []
    for log in logs(many, "image-"):
        begin, end = (float(found) for found in re.findall(r"(?:begin|end) ([0-9.]+) ", log.read_text()))
        moments += [(begin, 1), (end, -1)]
    assert len(moments) == 8
    running, most = 0, 0
    for _, change in sorted(moments):
        running += change
        most = max(most, running)
    assert most == 2


def test_identical_images_are_built_once_and_all_get_the_same_digest(many: Many) -> None:
    assert len(logs(many, "twin-")) == 1
    assert len({many.up.records[name]["digest"] for name in ("twin-a", "twin-b", "twin-c")}) == 1


def logs(many: Many, start: str) -> list[Path]:
    assert many.up
    return [log for log in many.stack.logs if log.name.startswith(start)]


def test_a_failed_image_does_not_keep_the_others_from_ending(many: Many) -> None:
    assert many.up.exit_code != 0
    assert "FastContainerImage 'failing'" in many.up.errors
    assert many.up.records.keys() == {"image-0", "image-1", "image-2", "image-3", "twin-a", "twin-b", "twin-c"}
    assert len(many.stacks.tags("images")) == 5


def test_progress_is_shown_on_the_images_own_row(many: Many) -> None:
    for number in range(4):
        lines = many.up.messages(ephemeral=True, on=f"image-{number}")
        assert any(re.match(r"(\d+ s · )?2/2 RUN echo", line) for line in lines), lines
    waiting = [
        n for n in range(4) if any("waiting" in line for line in many.up.messages(ephemeral=True, on=f"image-{n}"))
    ]
    assert len(waiting) >= 1


def test_each_image_ends_with_one_closing_line(many: Many) -> None:
    for name in many.up.records:
        closing = [line for line in many.up.messages("info", on=name) if re.match(r"built in |reused ", line)]
        assert len(closing) == 1, closing
    shown = many.up.messages("info", on="image-0")[-1]
    took = r"built in [0-9.]+ s(, after [0-9.]+ s of waiting)?"
    assert re.match(took + r": \d of 2 steps cached, [0-9.]+ MB pushed$", shown), shown


def test_two_stacks_at_once_end_well_with_one_image_each(many: Many) -> None:
    here, there = many.both
    assert (here.exit_code, there.exit_code) == (0, 0), here.output + there.output
    assert here.stack_outputs == there.stack_outputs
    tags = many.stacks.tags("shared")
    assert len(tags) == 2
    for name in ("left", "right"):
        assert here.records[name]["digest"] == there.records[name]["digest"] == tags[here.records[name]["tag"]]
    assert 2 <= here.builds + there.builds <= 4


def test_a_preview_says_which_flag_lets_more_images_build_at_once(many: Many) -> None:
    warnings = [line for line in many.preview.messages("warning") if "--parallel" in line]
    assert len(warnings) == 1, warnings
    assert re.search(r"`--parallel \d+`", warnings[0])
    assert not any("--parallel" in line for line in many.up.messages("warning"))
