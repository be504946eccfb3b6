"""ECR's scans of images: their state and findings, of basic and of enhanced scanning.

Decides which of ECR's states mean that there will be no result, and where each kind of scan says what mends a finding.
Leaves waiting, and what is let through, to ``build.scan_gate``. AWS's SDK is imported when the first scan is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, cast

from fast_container.adapters.aws_session import aws_errors, error_code
from fast_container.adapters.threads import in_thread
from fast_container.core.oci.repository import Repository
from fast_container.core.oci.scan import ScanAnswer, ScanFinding, ScanState
from fast_container.errors import FastContainerError

_DONE: Final = frozenset({"COMPLETE", "ACTIVE"})
_RUNNING: Final = frozenset({"IN_PROGRESS", "PENDING", ""})
_MOST_PAGES: Final = 100
_A_PAGE: Final = 1000


class EcrScans:
    """The scans of one registry; satisfies ``core.ports.ScanReader``.

    Args:
        client_of: Returns ECR's client for ``host/name`` and the account, or None if it is not ECR's; blocking.
    """

    def __init__(self, client_of: Callable[[str], tuple[Any, str] | None]) -> None:
        self._client_of = client_of

    async def scan(self, repository_url: str, digest: str) -> ScanAnswer:
        """Return the state of an image's scan, and its findings once it is done.

        Raises:
            AuthError: ``ecr:DescribeImageScanFindings`` is denied.
            RegistryError: ECR could not be asked.
        """
        return await in_thread(self._scan, repository_url, digest)

    async def begin(self, repository_url: str, digest: str) -> None:
        """Ask for a scan where none began by itself; that it cannot begin is not an error."""
        with suppress(FastContainerError):
            await in_thread(self._begin, repository_url, digest)

    def _begin(self, url: str, digest: str) -> None:
        found = self._client_of(url)
        if found is not None:
            with aws_errors("ecr:StartImageScan", url):
                found[0].start_image_scan(**_asked(url, digest, found[1]))

    def _scan(self, url: str, digest: str) -> ScanAnswer:
        import botocore.exceptions  # noqa: PLC0415 - see the module

        found = self._client_of(url)
        if found is None:
            return ScanAnswer(ScanState.IMPOSSIBLE, "only ECR scans images; this registry is another one")
        client, account = found
        asked: dict[str, Any] = {**_asked(url, digest, account), "maxResults": _A_PAGE}
        findings: list[ScanFinding] = []
        is_enhanced = False
        for _ in range(_MOST_PAGES):
            with aws_errors("ecr:DescribeImageScanFindings", f"{url}@{digest}"):
                try:
                    answer = cast("Mapping[str, Any]", client.describe_image_scan_findings(**asked))
                except botocore.exceptions.ClientError as error:
                    if error_code(error) == "ScanNotFoundException":
                        return ScanAnswer(ScanState.ABSENT, "ECR has no scan of it")
                    raise
            status = cast("Mapping[str, Any]", answer.get("imageScanStatus") or {})
            state, why = str(status.get("status") or ""), str(status.get("description") or "")
            if state not in _DONE:
                kind = ScanState.RUNNING if state in _RUNNING else ScanState.IMPOSSIBLE
                return ScanAnswer(kind, f"{state}: {why}" if why else state)
            told = cast("Mapping[str, Any]", answer.get("imageScanFindings") or {})
            enhanced = cast("Sequence[Mapping[str, Any]]", told.get("enhancedFindings") or ())
            is_enhanced = is_enhanced or "enhancedFindings" in told
            findings += [one for finding in enhanced for one in _enhanced(finding)]
            findings += [_basic(finding) for finding in cast("Sequence[Mapping[str, Any]]", told.get("findings") or ())]
            if not answer.get("nextToken"):
                break
            asked["nextToken"] = answer["nextToken"]
        says_fixes = is_enhanced or not findings or any(one.is_fixable for one in findings)
        return ScanAnswer(ScanState.DONE, findings=tuple(findings), says_fixes=says_fixes)


def _asked(url: str, digest: str, account: str) -> dict[str, Any]:
    asked: dict[str, Any] = {"repositoryName": Repository.parse(url).name, "imageId": {"imageDigest": digest}}
    return {**asked, "registryId": account} if account else asked


def _enhanced(finding: Mapping[str, Any]) -> Iterator[ScanFinding]:
    """One for each package that a finding of enhanced scanning (Inspector) names."""
    details = cast("Mapping[str, Any]", finding.get("packageVulnerabilityDetails") or {})
    name = str(details.get("vulnerabilityId") or finding.get("title") or "a finding")
    severity, is_fixable = str(finding.get("severity") or ""), finding.get("fixAvailable") in ("YES", "PARTIAL")
    packages = cast("Sequence[Mapping[str, Any]]", details.get("vulnerablePackages") or ({},))
    for package in packages:
        fixed_in = str(package.get("fixedInVersion") or "")
        fixed_in = "" if fixed_in == "NotAvailable" else fixed_in
        version = "-".join(str(package[part]) for part in ("version", "release") if package.get(part))
        of_this = bool(fixed_in) or (is_fixable and len(packages) == 1)
        yield ScanFinding(name, severity, str(package.get("name") or ""), version, fixed_in, of_this)


def _basic(finding: Mapping[str, Any]) -> ScanFinding:
    """Read one of basic scanning: what is known of its package is among its attributes."""
    pairs = cast("Sequence[Mapping[str, Any]]", finding.get("attributes") or ())
    told = {str(pair.get("key")).lower(): str(pair.get("value") or "") for pair in pairs}
    fixed_in = next((value for key, value in told.items() if key.startswith(("fixed", "patched")) and value), "")
    return ScanFinding(
        str(finding.get("name") or "a finding"),
        str(finding.get("severity") or ""),
        told.get("package_name", ""),
        told.get("package_version", ""),
        fixed_in,
        bool(fixed_in),
    )
