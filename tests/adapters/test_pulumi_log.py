"""Which progress lines of an image reach the display."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pulumi
import pytest

from fast_container.adapters.pulumi_log import PulumiReporter


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []

    def info(line: str, **_: Any) -> None:
        lines.append(line)

    monkeypatch.setattr(pulumi.log, "info", info)
    return lines


def report(*lines: str, note: str = "", apart_s: float = 0.0, progress: str = "") -> None:
    """Report lines, at once or apart, then let time pass."""

    async def story() -> None:
        reporter = PulumiReporter(cast(Any, None), interval_s=0.05, progress=progress)
        for line in lines:
            reporter.progress(line)
            if apart_s:
                await asyncio.sleep(apart_s)
        if note:
            reporter.note(note)
        await asyncio.sleep(0.15)

    asyncio.run(story())


def test_of_lines_that_come_too_fast_the_last_is_shown(shown: list[str]) -> None:
    report("uploading", "asking", "waiting for a place")
    assert shown == ["waiting for a place"]


def test_lines_that_stay_for_a_while_are_all_shown(shown: list[str]) -> None:
    report("uploading", "asking", apart_s=0.12)
    assert shown == ["uploading", "asking"]


def test_a_line_that_only_counts_seconds_on_is_dropped(shown: list[str]) -> None:
    report("1 s · 1/3 RUN pip", "2 s · 1/3 RUN pip", apart_s=0.12)
    assert shown == ["1 s · 1/3 RUN pip"]


def test_nothing_comes_after_the_closing_line(shown: list[str]) -> None:
    report("first", "second", note="built in 3 s")
    assert shown == ["built in 3 s"]


def test_quiet_shows_notes_and_no_progress(shown: list[str]) -> None:
    report("uploading", "1 s · 1/3 RUN a", note="built", apart_s=0.06, progress="quiet")
    assert shown == ["built"]


def test_plain_shows_a_step_once_however_long_it_takes(shown: list[str]) -> None:
    lines = ("1 s · 1/3 RUN a", "2 s · 1/3 RUN a", "3 s · 1/3 RUN a", "4 s · 2/3 RUN b", "5 s · 2/3 RUN b")
    report(*lines, apart_s=0.06, progress="plain")
    assert [line.partition(" · ")[2] for line in shown] == ["1/3 RUN a", "2/3 RUN b"]


def test_a_warning_with_a_table_keeps_its_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []

    def warn(line: str, **_: Any) -> None:
        said.append(line)

    monkeypatch.setattr(pulumi.log, "warn", warn)
    PulumiReporter(cast(Any, None)).warn("checked: 1 finding\nwarning  V08  \x1b[31mThe service runs as root.")
    assert said == ["checked: 1 finding\nwarning  V08  \\x1b[31mThe service runs as root."]
