"""The page of a fleet's builds, in a real browser: with one image and with 500, light and dark, on a phone."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC
from pathlib import Path

import pytest

from fast_container.core.records.phases import PhaseSeconds
from fast_container.core.records.record import BuildRecord
from fast_container.report.pages.builds_page import builds_page
from fast_container.report.pages.timeline import timeline
from fast_container.report.pages.trends import image_trends
from fast_container.report.runs import Run
from tests.report.headless import Headless
from tests.report.made_runs import made_runs
from tests.report.pages_in_browser import drawn, is_light_and_dark
from tests.report.test_image_page import HOSTILE, write
from tests.report.test_runs import API, FRONT, RUN, built

MOST_BYTES = 2_000_000
MOST_S = 6.0


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    many = made_runs(500, 50)
    begin = time.process_time()
    large = builds_page(many, UTC)
    assert time.process_time() - begin < MOST_S
    made = {
        "one": builds_page(made_runs(1, 1), UTC),
        "few": builds_page([*made_runs(12, 14), RUN], UTC),
        "large": large,
        "none": builds_page([], UTC),
    }
    return {name: write(tmp_path_factory.mktemp(name), page) for name, page in made.items()}


@pytest.mark.parametrize(("name", "least"), [("one", 3), ("few", 15), ("large", 100), ("none", 0)])
def test_every_page_is_drawn_without_an_error_on_a_desk_and_on_a_phone(
    name: str, least: int, pages: dict[str, Path], browser: Headless
) -> None:
    assert drawn(browser, pages[name]) >= least
    assert drawn(browser, pages[name], width=375, height=800, dark=True) >= least


def test_five_hundred_images_in_fifty_runs_make_a_page_of_less_than_two_megabytes(pages: dict[str, Path]) -> None:
    assert pages["large"].stat().st_size < MOST_BYTES


def test_a_page_is_light_and_dark(pages: dict[str, Path], browser: Headless) -> None:
    assert is_light_and_dark(browser, pages["few"])


def test_a_page_has_no_address_of_anything_else(pages: dict[str, Path]) -> None:
    assert "://" not in pages["large"].read_text(encoding="utf-8")


def test_the_builds_that_the_run_waited_for_are_marked(browser: Headless, tmp_path: Path) -> None:
    browser.open(write(tmp_path, builds_page([RUN], UTC)))
    critical = browser.ask('[...document.querySelectorAll("tr.critical th")].map(one => one.textContent)')
    assert critical == ["api ★", "front ★"]
    text = browser.ask("document.body.textContent")
    assert "40 s of waiting for places" in text
    assert "begins after 0.0 s, waits 40 s for a place, takes 20 s, the run waits for it" in text


def test_a_screen_reader_is_given_headings_and_each_bar_in_words(pages: dict[str, Path], browser: Headless) -> None:
    browser.open(pages["few"])
    spoken = browser.spoken()
    headings = {name for role, name in spoken if role == "heading"}
    assert {"Where the time went", "Slowest steps", "Images", "Runs", "What got worse"} <= headings
    assert any("takes 40 s, the run waits for it" in name for role, name in spoken if role == "cell")
    assert {"table", "columnheader", "rowheader", "main"} <= {role for role, _ in spoken}


def test_the_keyboard_opens_what_is_closed(pages: dict[str, Path], browser: Headless) -> None:
    browser.open(pages["large"])
    first = 'document.querySelector("details")'
    assert browser.ask(f"{first}.open") is False
    browser.ask(f"{first}.querySelector('summary').focus()")
    browser.press("Enter")
    assert browser.ask(f"{first}.open") is True


def test_hostile_names_are_shown_and_do_nothing(browser: Headless, tmp_path: Path) -> None:
    records = [replace(API, name=name, reason=name) for name in HOSTILE]
    page = write(tmp_path, builds_page([Run("a", tuple(records))], UTC))
    assert drawn(browser, page) >= len(HOSTILE)
    assert browser.ask('document.querySelectorAll("script, img, b").length') == 1
    assert "<script>document.title='broken'</script>" in browser.ask("document.body.textContent")


def test_a_bar_has_its_phases_in_order_and_is_as_long_as_its_build() -> None:
    phases = PhaseSeconds(waiting=40.5, staging=1.0, building=12.0, pushing=5.0, checking=90.0)
    run = Run("a", (API, replace(FRONT, phases=phases)))
    row = next(row for row in timeline(run).rows if row.record.name == "front")
    assert [part.kind for part in row.segments] == ["lost", "prepare", "build", "push", "check"]
    assert row.segments[0].left == 0
    assert sum(part.width for part in row.segments) == pytest.approx(100)


def test_a_build_that_is_short_beside_its_run_is_still_seen() -> None:
    run = Run("a", (API, built("tiny", 1000.0, 0.01)))
    assert [len(row.segments) for row in timeline(run).rows] == [1, 1]


def test_of_many_builds_those_that_were_waited_for_are_drawn_first() -> None:
    (run,) = made_runs(300, 1)
    found = timeline(run)
    assert found.more == 300 - len(found.rows)
    assert {id(record) for record in found.path.records} <= {id(row.record) for row in found.rows} or (
        all(row.is_critical for row in found.rows)
    )
    assert (found.going.most, found.waiting.most) == (8, 292)


def test_an_image_is_followed_over_the_runs() -> None:
    def record(seconds: float, size: int, run: int) -> BuildRecord:
        return built("api", 1000.0 * run, seconds, image_bytes=size)

    runs = [Run(str(at), (record(10.0 + at, 40_000_000 + at * 1_000_000, at),)) for at in range(3)]
    (trend,) = image_trends(runs)
    assert (trend.seconds.said, trend.size.said) == ("10 s at first, 12 s now", "42.0 MB, +2.00 MB")
    assert trend.size.points == "0,2 50,1 100,1"
    assert (trend.built, trend.failed, trend.total_s) == (3, 0, 33.0)
