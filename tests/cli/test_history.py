"""``fast-container history`` where the registry knows builds of other machines."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fast_container.adapters.records.local_records import LocalRecords
from fast_container.adapters.records.shared_records import SharedRecords
from fast_container.adapters.registry.registries import Registries
from fast_container.cli import main
from fast_container.cli.shared_history import shared_history
from fast_container.core.aws_access import AwsAccess
from fast_container.core.key import tag_of
from fast_container.core.records.origin import Origin
from fast_container.core.records.record import BuildRecord
from tests.adapters.http_registry import HttpRegistry
from tests.cli.test_plan import PLAN, TREE, write_plan
from tests.trees import write_tree

NOW = float(round(time.time()))


class Elsewhere:
    """Other machines: what they have pushed, and the records that they left beside it."""

    def __init__(self, registry: HttpRegistry) -> None:
        self.registry = registry
        registries = Registries(AwsAccess(), {})
        self.shared = SharedRecords(registries.oci_blocking, pytest.fail)
        self.last = ""

    def build(self, name: str, key: str, started: float, *, log_path: str = "") -> BuildRecord:
        digest = self.registry.push(json.dumps({"schemaVersion": 2, "config": {}, "at": started}).encode())
        self.registry.tags[tag_of(key)] = digest
        record = BuildRecord(name, self.registry.url, key, digest, "built", started, 4.0, previous=self.last)
        record = replace(record, reason=f"reason of {started:.0f}", origin=Origin(run="a" * 8), log_path=log_path)
        self.shared.begin(record)
        self.last = digest
        return record


@pytest.fixture
def elsewhere(registry: HttpRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Elsewhere]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cache").mkdir()
    yield Elsewhere(registry)


def planned_key(elsewhere: Elsewhere, folder: Path) -> str:
    write_tree(folder, TREE)
    key = write_plan(folder, url=elsewhere.registry.url)["alone"]
    assert PLAN == "fast-container.plan.json"
    return key


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> tuple[list[str], str]:
    assert main(["history", *words]) == code
    printed = capsys.readouterr()
    return printed.out.splitlines(), printed.err


def test_a_machine_that_has_built_nothing_follows_an_image_from_its_tag_to_those_before(
    elsewhere: Elsewhere, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = planned_key(elsewhere, tmp_path)
    for number, one in enumerate(("1" * 64, "2" * 64, key)):
        elsewhere.build("alone", one, NOW - 300 + number)
    elsewhere.shared.end(10)
    lines, err = said(capsys, "alone")
    assert [line.split()[2] for line in lines[::2]] == ["1" * 12, "2" * 12, key[:12]]
    assert err == ""
    assert len(said(capsys, "alone", "--last", "1")[0]) == 2
    assert "no `pulumi up` has left one on this machine\n" in said(capsys, "alone", "--offline", code=2)[1]


def test_a_record_that_is_here_and_there_is_one_and_need_not_be_read(
    elsewhere: Elsewhere, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = elsewhere.build("api", "1" * 64, NOW - 200)
    mine = elsewhere.build("api", "2" * 64, NOW - 100, log_path="/log")
    elsewhere.shared.end(10)
    LocalRecords(tmp_path / "cache").append("a" * 8, NOW - 100, [mine])
    elsewhere.registry.requests.clear()
    assert main(["history", "api", "--json"]) == 0
    records = json.loads(capsys.readouterr().out)["records"]
    assert [BuildRecord.from_json(json.dumps(one)) for one in records] == [before, mine]
    assert len(elsewhere.registry.paths("GET")) == 4, "two lists, and one record of two documents"


def test_a_registry_that_cannot_be_reached_is_one_line(
    elsewhere: Elsewhere, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = BuildRecord("api", "127.0.0.1:1/shop/images", "1" * 64, f"sha256:{'1' * 64}", "built", NOW, 4.0)
    LocalRecords(tmp_path / "cache").append("a" * 8, NOW, [record])
    lines, err = said(capsys, "api")
    assert len(lines) == 1
    assert err.count("\n") == 1
    assert err.startswith("fast-container: records beside the images of 127.0.0.1:1/shop/images are left out: ")
    assert said(capsys, "api", "--offline") == (lines, "")


def test_a_registry_that_does_not_answer_is_given_up(
    elsewhere: Elsewhere, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"127.0.0.1:{silent.getsockname()[1]}/shop/images"
        record = BuildRecord("api", url, "1" * 64, f"sha256:{'1' * 64}", "built", NOW, 4.0)
        assert shared_history(None, [record], most=20, since=0.0, longest_s=0.1) == []
    assert "are left out: it did not answer in time" in capsys.readouterr().err


def test_a_registry_without_records_is_no_line(
    elsewhere: Elsewhere, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    planned_key(elsewhere, tmp_path)
    _, err = said(capsys, "alone", code=2)
    assert "no `pulumi up` has left one on this machine, and none is beside its image in the registry" in err
    assert "did you mean 'alone'" in said(capsys, "alon", code=2)[1]


def test_what_others_wrote_is_never_believed_nor_printed_raw(
    elsewhere: Elsewhere, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = planned_key(elsewhere, tmp_path)
    elsewhere.last = "../../../etc"
    elsewhere.build("\x1b]0;x\x07\n::error::x", key, NOW)
    elsewhere.shared.end(10)
    lines, err = said(capsys, "alone")
    assert err == ""
    assert "\x1b" not in "".join(lines)
    assert lines[0].endswith("as \\x1b]0;x\\x07\\n::error::x")
