"""What ``report`` and ``history`` print of the records on this machine."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from fast_container.adapters.records.local_records import LocalRecords
from fast_container.cli import main
from fast_container.core.records.origin import Origin
from fast_container.core.records.record import BuildRecord

NOW = time.time()
API = BuildRecord(
    "api",
    "host/name",
    "k" * 64,
    "sha256:d",
    "built",
    NOW,
    3.0,
    steps=2,
    reason="new",
    origin=Origin("a" * 8, "shop/prod"),
)


@pytest.fixture(autouse=True)
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalRecords:
    monkeypatch.setenv("FAST_CONTAINER_CACHE", str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir()
    kept = LocalRecords(tmp_path / "cache")
    kept.append("a" * 8, NOW, [API])
    return kept


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    assert main(list(words)) == code
    printed = capsys.readouterr()
    return printed.out + printed.err


def test_a_report_shows_the_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert "built in 3.0 s: 0 of 2 steps cached" in said(capsys, "report")


def test_json_holds_the_records_themselves(capsys: pytest.CaptureFixture[str]) -> None:
    (run,) = json.loads(said(capsys, "report", "--json"))["runs"]
    assert BuildRecord.from_json(json.dumps(run[0])) == API
    (record,) = json.loads(said(capsys, "history", "api", "--json"))["records"]
    assert BuildRecord.from_json(json.dumps(record)) == API


def test_a_page_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "report.html"
    assert str(place) in said(capsys, "report", "--html", str(place))
    assert "Builds of shop/prod" in place.read_text(encoding="utf-8")
    assert "--html" in said(capsys, "report", "--html", str(tmp_path / "none" / "x.html"), code=2)


def test_only_runs_of_a_stack_or_of_a_time_are_shown(capsys: pytest.CaptureFixture[str], records: LocalRecords) -> None:
    old = replace(API, name="old", started=NOW - 86400 * 9, origin=Origin("b" * 8, "other/dev"))
    records.append("b" * 8, old.started, [old])
    assert "old" in said(capsys, "report")
    assert "old" not in said(capsys, "report", "--since", "7d")
    assert "old" not in said(capsys, "report", "--stack", "shop/prod")
    assert "old" not in said(capsys, "report", "--last", "1")
    assert "old" in said(capsys, "report", "--since", "2020-01-01")


@pytest.mark.parametrize("words", [("--last", "0"), ("--last", "many"), ("--last", "-1"), ("--since", "yesterday")])
def test_nonsense_is_refused_in_one_message(capsys: pytest.CaptureFixture[str], words: tuple[str, ...]) -> None:
    text = said(capsys, "report", *words, code=2)
    assert text.startswith("fast-container: ")
    assert words[0] in text
    assert "Traceback" not in text


def test_an_image_without_records_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "history", "apii", code=2)
    assert "There is no record of an image 'apii'." in text
    assert "did you mean 'api'?" in text


def test_damaged_records_are_one_line(capsys: pytest.CaptureFixture[str], records: LocalRecords) -> None:
    (path,) = records.folder.iterdir()
    path.write_bytes(path.read_bytes() + b"damaged\n")
    text = said(capsys, "report")
    assert "1 record in" in text
    assert "built in 3.0 s" in text


def test_a_machine_without_records_says_so(capsys: pytest.CaptureFixture[str], records: LocalRecords) -> None:
    for path in records.folder.iterdir():
        path.unlink()
    assert said(capsys, "report") == "No builds are recorded.\n"
    assert "No builds are recorded." in said(capsys, "report", "--markdown")
