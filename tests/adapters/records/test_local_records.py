"""Records of the last runs, as they are kept on this machine."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from fast_container.adapters.records.local_records import LocalRecords
from fast_container.core.records.record import BuildRecord

RECORD = BuildRecord("api", "host/name", "k", "sha256:d", "built", 1.0, 2.0)
WORKER = replace(RECORD, name="worker")


def names(records: LocalRecords, **selection: float) -> list[str]:
    return [record.name for record in records.read(**selection).records]  # type: ignore[arg-type]


def test_records_are_read_run_by_run_from_the_oldest(tmp_path: Path) -> None:
    records = LocalRecords(tmp_path)
    records.append("b" * 8, 2000.0, [WORKER])
    records.append("a" * 8, 1000.0, [RECORD])
    records.append("a" * 8, 1000.0, [replace(RECORD, name="front")])
    assert names(records) == ["api", "front", "worker"]
    assert names(records, last=1) == ["worker"]
    assert names(records, last=0) == []
    assert names(records, since=1500.0) == ["worker"]


def test_only_their_owner_may_read_them(tmp_path: Path) -> None:
    records = LocalRecords(tmp_path)
    records.append("a" * 8, 1000.0, [RECORD])
    (path,) = records.folder.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(records.folder.stat().st_mode) == 0o700


def test_a_damaged_line_costs_that_line_alone(tmp_path: Path) -> None:
    records = LocalRecords(tmp_path)
    records.append("a" * 8, 1000.0, [RECORD])
    (path,) = records.folder.iterdir()
    path.write_bytes(b"{\n\xff\n[]\n" + path.read_bytes() + b'{"schema": 2, "na')
    records.append("a" * 8, 1000.0, [WORKER])
    read = records.read()
    assert [record.name for record in read.records] == ["api"]
    assert read.damaged == 4


def test_a_file_that_another_user_may_write_to_is_not_believed(tmp_path: Path) -> None:
    records = LocalRecords(tmp_path)
    records.append("a" * 8, 1000.0, [RECORD])
    (path,) = records.folder.iterdir()
    path.chmod(0o666)
    assert names(records) == []


def test_links_and_pipes_are_not_read_and_not_written_to(tmp_path: Path) -> None:
    records = LocalRecords(tmp_path)
    records.folder.mkdir()
    os.mkfifo(records.folder / f"{1000:013d}-{'a' * 8}.jsonl", 0o600)
    (tmp_path / "elsewhere").write_text(RECORD.to_json() + "\n")
    (records.folder / f"{2_000_000:013d}-{'b' * 8}.jsonl").symlink_to(tmp_path / "elsewhere")
    assert names(records) == []
    with pytest.raises(OSError):
        records.append("b" * 8, 2000.0, [RECORD])


def test_old_runs_go_when_there_are_too_many(tmp_path: Path) -> None:
    records = LocalRecords(tmp_path, runs_kept=2)
    for number in range(4):
        records.append("a" * 8, 1000.0 + number, [replace(RECORD, name=str(number))])
    assert names(records) == ["2", "3"]


def test_old_runs_go_when_they_are_too_large(tmp_path: Path) -> None:
    records = LocalRecords(tmp_path, bytes_kept=3 * len(RECORD.to_json()) - 10)
    for number in range(4):
        records.append("a" * 8, 1000.0 + number, [replace(RECORD, name=str(number))])
    assert names(records) == ["2", "3"]


def test_a_folder_that_is_not_there_has_no_records(tmp_path: Path) -> None:
    assert LocalRecords(tmp_path / "absent").read().records == ()
