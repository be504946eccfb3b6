"""The gate of vulnerabilities: what is let through, what the scan's states mean, and that no result is never a pass."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from fast_container.adapters.registry.ecr_scan import EcrScans
from fast_container.build.scan_gate import ScanGate
from fast_container.core.image_checks import CheckSettings, read_check_settings
from fast_container.core.oci.scan import ScanAnswer, ScanFinding, ScanState, above
from fast_container.errors import AuthError, ChecksFailed
from tests.build.fakes import FakeRegistry, ListReporter, StepClock, make_job

URL = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/images"
GRAVE = ScanFinding("CVE-1", "CRITICAL", "openssl", "3.0.1", "3.0.2", is_fixable=True)
HIGH = ScanFinding("CVE-2", "HIGH", "zlib", "1.2", "1.3", is_fixable=True)
HOPELESS = ScanFinding("CVE-3", "CRITICAL", "bash", "5")


class FakeScans:
    """Answers one after the other; the last one again and again."""

    def __init__(self, *answers: ScanAnswer) -> None:
        self.answers = list(answers)
        self.begun = 0
        self.asked = 0

    async def scan(self, repository_url: str, digest: str) -> ScanAnswer:
        del repository_url, digest
        self.asked += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    async def begin(self, repository_url: str, digest: str) -> None:
        del repository_url, digest
        self.begun += 1


def done(*findings: ScanFinding, says_fixes: bool = True) -> ScanAnswer:
    return ScanAnswer(ScanState.DONE, findings=findings, says_fixes=says_fixes)


def check(scans: FakeScans, most: str = "HIGH", **more: Any) -> ListReporter:
    registry, reporter, slept = FakeRegistry(), ListReporter(), []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    job = make_job(checks=CheckSettings(max_fixable=most, **more))
    gate = ScanGate(scans, StepClock(), sleep)
    asyncio.run(gate.check(job, registry, registry.push("there"), reporter))
    return reporter


def test_findings_up_to_the_severity_and_those_without_a_fix_are_let_through() -> None:
    assert check(FakeScans(done(HIGH, HOPELESS))).warnings == []


def test_a_graver_one_with_a_fix_is_refused_with_package_and_version() -> None:
    with pytest.raises(ChecksFailed) as refused:
        check(FakeScans(done(HIGH, GRAVE, HOPELESS)))
    assert "CRITICAL  CVE-1  openssl 3.0.1 → 3.0.2" in refused.value.why
    assert "CVE-2" not in refused.value.why
    assert "gets no tag" in refused.value.what
    with pytest.raises(ChecksFailed, match="CVE-2"):
        check(FakeScans(done(HIGH)), "NONE")


def test_a_scan_that_runs_is_waited_for() -> None:
    scans = FakeScans(ScanAnswer(ScanState.RUNNING, "IN_PROGRESS"), ScanAnswer(ScanState.RUNNING, "PENDING"), done())
    reporter = check(scans)
    assert reporter.progressed == [
        "waiting for the scan of vulnerabilities (IN_PROGRESS)",
        "waiting for the scan of vulnerabilities (PENDING)",
    ]


def test_a_scan_that_is_not_done_in_time_is_an_error_that_names_the_limit() -> None:
    with pytest.raises(ChecksFailed, match="not done within 20 s; at the end: IN_PROGRESS"):
        check(FakeScans(ScanAnswer(ScanState.RUNNING, "IN_PROGRESS")), scan_wait_s=20.0)


def test_where_no_scan_began_one_is_asked_for_once_and_its_absence_is_never_a_pass() -> None:
    scans = FakeScans(ScanAnswer(ScanState.ABSENT, "ECR has no scan of it"))
    with pytest.raises(ChecksFailed, match="There is no result of a scan"):
        check(scans, scan_wait_s=20.0)
    assert scans.begun == 1


def test_an_image_that_cannot_be_scanned_is_refused_at_once() -> None:
    scans = FakeScans(ScanAnswer(ScanState.IMPOSSIBLE, "UNSUPPORTED_IMAGE"))
    with pytest.raises(ChecksFailed, match="cannot be scanned: UNSUPPORTED_IMAGE"):
        check(scans)
    assert scans.asked == 1


def test_a_scan_that_says_nothing_of_fixes_is_a_warning() -> None:
    (said,) = check(FakeScans(done(HOPELESS, says_fixes=False))).warnings
    assert "say nothing about a fix" in said


def test_without_max_fixable_nothing_is_asked() -> None:
    scans = FakeScans(done(GRAVE))
    check(scans, "")
    assert scans.asked == 0


def test_the_images_of_an_index_are_asked_for_each() -> None:
    registry, scans = FakeRegistry(), FakeScans(done())
    index = registry.push_index((registry.push("a"), "linux/arm64"), (registry.push("b"), "linux/amd64"), attested=True)
    job = make_job(checks=CheckSettings(max_fixable="HIGH"))
    asyncio.run(ScanGate(scans, StepClock()).check(job, registry, index, ListReporter()))
    assert scans.asked == 2


def test_unknown_severities_are_light() -> None:
    assert above([ScanFinding("x", "UNTRIAGED", is_fixable=True)], "LOW") == []


def test_the_settings_travel_in_a_document() -> None:
    settings = CheckSettings(max_fixable="HIGH", scan_wait_s=60.0)
    assert read_check_settings(json.loads(json.dumps(settings.as_json()))) == settings


class Answers:
    """ECR's client."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, Any]] = []

    def describe_image_scan_findings(self, **asked: Any) -> Any:
        self.asked.append(asked)
        return self.answers.pop(0)


def read(*answers: Any) -> ScanAnswer:
    client = Answers(*answers)
    found = asyncio.run(EcrScans(lambda _url: (client, "123456789012")).scan(URL, "sha256:a"))
    assert client.asked[0]["repositoryName"] == "shop/images"
    assert client.asked[0]["registryId"] == "123456789012"
    return found


def status(name: str) -> dict[str, Any]:
    return {"imageScanStatus": {"status": name, "description": "said"}}


def test_enhanced_findings_name_package_and_version_over_all_pages() -> None:
    def finding(number: int, fix: str, *packages: dict[str, str]) -> dict[str, Any]:
        details = {"vulnerabilityId": f"CVE-{number}", "vulnerablePackages": list(packages)}
        return {"severity": "HIGH", "fixAvailable": fix, "packageVulnerabilityDetails": details}

    two = {"name": "zlib", "version": "1.2", "fixedInVersion": "1.3"}, {"name": "bash", "version": "5", "release": "1"}
    first = {"imageScanFindings": {"enhancedFindings": [finding(1, "PARTIAL", *two)]}, "nextToken": "more"}
    second = {"imageScanFindings": {"enhancedFindings": [finding(2, "NO", {"name": "x", "version": "1"})]}}
    found = read({**status("ACTIVE"), **first}, {**status("ACTIVE"), **second})
    assert (found.state, found.says_fixes) == (ScanState.DONE, True)
    assert [(one.name, one.package, one.version, one.fixed_in, one.is_fixable) for one in found.findings] == [
        ("CVE-1", "zlib", "1.2", "1.3", True),
        ("CVE-1", "bash", "5-1", "", False),
        ("CVE-2", "x", "1", "", False),
    ]


def test_basic_findings_have_what_they_know_among_their_attributes() -> None:
    attributes = [{"key": "package_name", "value": "zlib"}, {"key": "package_version", "value": "1.2"}]
    finding: dict[str, Any] = {"name": "CVE-1", "severity": "HIGH", "attributes": attributes}
    found = read({**status("COMPLETE"), "imageScanFindings": {"findings": [finding]}})
    assert found == done(ScanFinding("CVE-1", "HIGH", "zlib", "1.2"), says_fixes=False)
    finding["attributes"] = [*attributes, {"key": "fixed_in_version", "value": "1.3"}]
    assert read({**status("COMPLETE"), "imageScanFindings": {"findings": [finding]}}).findings[0].fixed_in == "1.3"


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("IN_PROGRESS", ScanState.RUNNING),
        ("PENDING", ScanState.RUNNING),
        ("FAILED", ScanState.IMPOSSIBLE),
        ("UNSUPPORTED_IMAGE", ScanState.IMPOSSIBLE),
        ("SCAN_ELIGIBILITY_EXPIRED", ScanState.IMPOSSIBLE),
        ("FINDINGS_UNAVAILABLE", ScanState.IMPOSSIBLE),
        ("A_NEW_STATE", ScanState.IMPOSSIBLE),
    ],
)
def test_each_state_of_ecr_means_one_thing(name: str, state: ScanState) -> None:
    assert read(status(name)) == ScanAnswer(state, f"{name}: said")


def test_another_registry_cannot_scan() -> None:
    answer = asyncio.run(EcrScans(lambda _url: None).scan("registry.example/a", "sha256:a"))
    assert answer.state is ScanState.IMPOSSIBLE


@mock_aws
def test_ecr_is_asked_for_a_scan_and_then_for_its_findings() -> None:
    ecr: Any = boto3.client("ecr", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
    ecr.create_repository(repositoryName="shop/images")
    config = {"digest": "sha256:" + "0" * 64, "size": 1}
    manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": config}
    put = ecr.put_image(repositoryName="shop/images", imageManifest=json.dumps(manifest | {"layers": []}), imageTag="x")
    digest = put["image"]["imageId"]["imageDigest"]
    scans = EcrScans(lambda _url: (ecr, "123456789012"))
    assert asyncio.run(scans.scan(URL, digest)).state is ScanState.ABSENT
    asyncio.run(scans.begin(URL, digest))
    asyncio.run(scans.begin(URL, digest))  # A second one that day is refused, and nothing is wrong with that.
    answer = asyncio.run(scans.scan(URL, digest))
    assert answer.state is ScanState.DONE
    assert answer.findings[0].name.startswith("CVE-")


def test_a_denied_permission_is_named() -> None:
    class Denied:
        def describe_image_scan_findings(self, **_asked: Any) -> Any:
            told = {"Error": {"Code": "AccessDeniedException", "Message": "no"}}
            raise ClientError(told, "DescribeImageScanFindings")

    with pytest.raises(AuthError, match="AWS denied ecr:DescribeImageScanFindings"):
        asyncio.run(EcrScans(lambda _url: (Denied(), "")).scan(URL, "sha256:a"))
