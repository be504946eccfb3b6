"""``status``: where each image stands, with a call or two for each repository; what is denied is a gap and a note."""

from __future__ import annotations

import datetime
import json
import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fast_container.adapters.records.local_records import LocalRecords
from fast_container.cli.arguments.all_verbs import parse
from fast_container.cli.verbs.operations import status
from fast_container.core.key import KeyPin
from fast_container.core.program_file import PlannedEntry, write_plan_file
from fast_container.core.records.record import BuildRecord
from fast_container.core.select import SharedWalks, select_image
from tests.adapters.aws_fakes import FakeClient, paged, refusal
from tests.cli.test_plan import TREE, declare
from tests.core.cleanup.worlds import digest
from tests.trees import write_tree

URL = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop/a"
PAGE = Path(__file__).parents[2] / "docs" / "status.md"

Run = Callable[..., tuple[dict[str, Any], str]]


class Cloud:
    """An account: the image ``alone`` is built and deployed, an older key of it too; a stranger runs as well."""

    def __init__(self, key: str) -> None:
        pushed = datetime.datetime.fromtimestamp(time.time() - 3 * 86400, datetime.UTC)
        summary = {"findingSeverityCounts": {"HIGH": 2, "LOW": 1}}

        def details(number: int, *tags: str, **fields: Any) -> dict[str, Any]:
            return {"imageDigest": digest(number), "imageTags": list(tags), "imagePushedAt": pushed, **fields}

        images = [
            details(1, f"key-{key[:40]}", imageScanFindingsSummary=summary),
            details(2, f"key-{'2' * 40}"),
            details(3, f"key-{'3' * 40}"),
        ]
        functions = [
            {"FunctionName": name, "Version": version, "PackageType": "Image", "CodeSha256": digest(number)[7:]}
            for name, version, number in (("orders", "$LATEST", 1), ("orders", "14", 2), ("other", "1", 99))
        ]
        container = {"imageDigest": digest(3)}
        findings = [{"severity": "HIGH", "fixAvailable": "YES"}, {"severity": "LOW", "fixAvailable": "NO"}]
        self.clients: dict[str, FakeClient] = {
            "ecr": FakeClient(
                {
                    "describe_images": {"imageDetails": images},
                    "describe_image_scan_findings": {"imageScanFindings": {"enhancedFindings": findings}},
                }
            ),
            "lambda": FakeClient({"list_functions": paged("Functions", functions, "Marker", "NextMarker")}),
            "ecs": FakeClient(
                {
                    "list_clusters": {"clusterArns": ["c"]},
                    "list_tasks": paged("taskArns", ["t1", "t2"]),
                    "describe_tasks": {"tasks": [{"group": "service:web", "containers": [container]}] * 2},
                }
            ),
        }

    def client(self, service: str, region: str, profile: str) -> Any:
        assert (region, profile) == ("eu-central-1", "")
        return self.clients[service]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FAST_CONTAINER_CACHE", str(tmp_path / "cache"))
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_ECR"):
        monkeypatch.delenv(name, raising=False)
    root = write_tree(tmp_path / "program", TREE)
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def key(root: Path) -> str:
    """The key of the image ``alone``; the plan of it and of 99 others is written."""
    walks = SharedWalks()
    alone = declare(root, "alone")
    key = select_image(alone, walks).key.hex
    others = [replace(alone, name=f"other-{n}", triggers={"n": str(n)}) for n in range(99)]
    entries = [PlannedEntry(alone, URL, "lambda", key, {})]
    entries += [PlannedEntry(one, URL, "lambda", select_image(one, walks).key.hex, {}) for one in others]
    (root / "fast-container.plan.json").write_text(write_plan_file(entries, str(root), unknown=["late"]))
    return key


@pytest.fixture
def cloud(key: str) -> Cloud:
    return Cloud(key)


@pytest.fixture
def run(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str) -> tuple[dict[str, Any], str]:
        assert status.run(parse(["status", "--json", *arguments]), cloud.client) == 0
        document = json.loads(capsys.readouterr().out)
        assert status.run(parse(["status", *arguments]), cloud.client) == 0
        return document, capsys.readouterr().out

    return run


def record(root: Path, **fields: Any) -> None:
    made = BuildRecord(
        name="alone", repository_url=URL, key="", digest="", outcome="built", started=1.0, duration_s=1.0
    )
    LocalRecords(root.parent / "cache").append("ab" * 6, 1.0, [replace(made, **fields)])


def image(document: dict[str, Any], name: str = "alone") -> dict[str, Any]:
    return next(one for one in document["images"] if one["name"] == name)


def test_an_image_has_its_key_age_findings_checks_and_who_runs_which_key_of_it(
    root: Path, cloud: Cloud, key: str, run: Run
) -> None:
    record(root, key=key, digest=digest(1), findings={"V02": "warning"})
    record(root, key="2" * 64, digest=digest(2))
    document, text = run()
    found = image(document)
    assert (found["build_key"], found["in_registry"], found["digest"], found["changed"]) == (
        key,
        True,
        digest(1),
        False,
    )
    assert found["findings"] == {"HIGH": 2, "LOW": 1}
    assert found["checks"] == {"V02": "warning"}
    assert {(one["by"], one["tag"][4:8], one["is_current"]) for one in found["running"]} == {
        ("function orders: $LATEST", key[:4], True),
        ("function orders: 14", "2222", False),
    }
    assert document["others"] == [{"by": "service web: 2 running", "digest": digest(3), "tag": f"key-{'3' * 40}"}]
    shown = f"alone     {key[:12]}  yes       3 d  -     2 high, 1 low  1 warning"
    assert f"{shown}  function orders: $LATEST = this; function" in text
    assert f"also deployed: service web: 2 running: key-{'3' * 40}\n" in text
    assert "note: late: its build key was not known when the plan was written\n" in text
    assert image(document, "other-5")["in_registry"] is False


def test_a_hundred_images_of_a_repository_cost_a_call_or_two_each_service(cloud: Cloud, run: Run) -> None:
    run()
    assert cloud.clients["ecr"].count("describe_images") == 2
    assert cloud.clients["ecr"].count("describe_image_scan_findings") == 0
    assert cloud.clients["lambda"].count("list_functions") == 2 * 3
    assert cloud.clients["ecs"].count("describe_tasks") == 2


def test_a_changed_file_is_another_key_that_is_not_there(root: Path, key: str, run: Run) -> None:
    (root / "alone/own.txt").write_text("two")
    document, text = run()
    found = image(document)
    assert found["changed"] is True and found["build_key"] != key and not found["in_registry"]
    assert re.search(rf"^alone +{found['build_key'][:12]}\*  no ", text, re.MULTILINE)


def test_an_image_that_is_held_at_an_earlier_key_is_looked_for_there(
    root: Path, cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    alone = declare(root, "alone")
    entry = PlannedEntry(alone, URL, "lambda", select_image(alone, SharedWalks()).key.hex, {}, None, KeyPin("2" * 40))
    (root / "fast-container.plan.json").write_text(write_plan_file([entry], str(root)))
    status.run(parse(["status"]), cloud.client)
    assert re.search(r"^alone +222222222222 pinned  yes ", capsys.readouterr().out, re.MULTILINE)


def test_findings_that_have_a_fix_are_asked_for_only_where_there_are_findings(cloud: Cloud, run: Run) -> None:
    document, text = run("--fixable")
    assert image(document)["fixable"] == {"HIGH": 1}
    assert "1 high fixable" in text
    assert cloud.clients["ecr"].count("describe_image_scan_findings") == 2


def test_what_is_denied_is_a_gap_and_a_note(cloud: Cloud, run: Run) -> None:
    for service in ("ecr", "lambda"):
        cloud.clients[service].answers = dict.fromkeys(("describe_images", "list_functions"), "AccessDeniedException")
    document, text = run()
    assert image(document)["in_registry"] is None
    assert document["others"] == []
    assert re.search(r"^alone .* \? .* \?$", text, re.MULTILINE)
    for action in ("ecr:DescribeImages", "lambda:ListFunctions"):
        assert f"note: AWS denied {action}." in text


def test_a_base_that_has_moved_is_counted(root: Path, cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    pins = {"registry.invalid/base:1": digest(7)}
    alone = replace(declare(root, "alone"), image_pins=pins)
    entry = PlannedEntry(alone, URL, "lambda", select_image(alone, SharedWalks()).key.hex, {})
    (root / "fast-container.plan.json").write_text(write_plan_file([entry], str(root)))
    status.run(parse(["status"]), cloud.client)
    assert "note: registry.invalid/base:1 could not be looked up" in capsys.readouterr().out


def test_the_json_has_the_fields_that_the_page_names(root: Path, key: str, run: Run) -> None:
    record(root, key=key, digest=digest(1))
    document = run()[0]
    named = set(re.findall(r"^\| `([a-z_.\[\]]+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    found = image(document)
    assert named == {
        *document,
        *(f"images[].{name}" for name in found),
        *(f"images[].running[].{name}" for name in found["running"][0]),
        *(f"others[].{name}" for name in document["others"][0]),
    }


def test_a_throttled_service_is_a_note(cloud: Cloud, run: Run) -> None:
    def throttled(**_: Any) -> Any:
        raise refusal("ThrottlingException")

    cloud.clients["ecs"].answers["list_clusters"] = throttled
    assert "note: AWS refused ecs:ListClusters." in run()[1]
