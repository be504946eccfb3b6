"""CodeBuild's faults and limits, and what is known of all calls, from the process that holds a ``LocalCloud``.

Decides nothing: each method is one control route of the AWS endpoint, answered in the supervisor by
:mod:`localcloud.codebuild.faults` and :mod:`localcloud.api_calls`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any


class CodeBuildControl:
    """What a test orders of CodeBuild; ``reset`` takes all of it back."""

    def __init__(self, control: Callable[[str, bytes], Any]) -> None:
        self._control = control

    def limits(self, **values: Any) -> dict[str, Any]:
        """Changes limits (see ``localcloud.codebuild.faults.Limits``); returns all.

        Names: ``account_limit``, ``minute_s``, ``idempotency_s``, ``hold``, ``queue_s``, ``enforce_role``,
        ``enforce_callers``, ``iam_delay_s``, ``hub_pulls``.
        """
        return self._control("codebuild/limits", json.dumps(values).encode())

    def kill(self, phase: str, **how: Any) -> None:
        """Orders the next build that enters a phase to die there by SIGKILL, with all that it started.

        Args:
            phase: ``PROVISIONING``, ``DOWNLOAD_SOURCE``, ``INSTALL``, ``PRE_BUILD``, ``BUILD``, ``POST_BUILD``,
                ``UPLOAD_ARTIFACTS`` or ``FINALIZING``.
            how: ``log_contains``, ``after_s``, ``status`` (``FAULT``), ``project``, ``times``.
        """
        self._control("codebuild/kill", json.dumps({"phase": phase, **how}).encode())

    def lose(self, *ids: str) -> None:
        """BatchGetBuilds and the lists do not know these builds any more."""
        self._control("codebuild/lose", json.dumps(ids).encode())

    def absent_from(self, *regions: str) -> None:
        """These regions have no CodeBuild: connections to it end without an answer."""
        self._control("codebuild/absent", json.dumps(regions).encode())

    def reset(self) -> None:
        """Nothing goes wrong any more; the limits are the defaults. Builds go on."""
        self._control("codebuild/reset", b"")

    def builds(self) -> list[dict[str, Any]]:
        """All builds as the API shows them, newest first, whatever is lost."""
        return self._control("codebuild/builds", b"")


class CallControl:
    """What a test asks and orders about calls of any AWS API."""

    def __init__(self, control: Callable[[str, bytes], Any]) -> None:
        self._control = control

    def counts(self) -> Counter[str]:
        """Calls by ``service:Operation`` (``codebuild:StartBuild``), without those that builds made."""
        return Counter(self._control("calls/counts", b"")["calls"])

    def counts_of_builds(self) -> Counter[str]:
        """Calls that builds made with their role's credentials."""
        return Counter(self._control("calls/counts", b"")["builds"])

    def uploads(self) -> dict[str, int]:
        """Bytes put into S3 by anyone but builds, by ``bucket/key``; parts of a multipart upload are added up."""
        return self._control("calls/counts", b"")["uploads"]

    def fail(self, service: str, operation: str = "", *, code: str, **how: Any) -> None:
        """Orders calls to fail.

        Args:
            service: The signing name: ``codebuild``, ``s3``, ``ecr``, ``logs``, ``secretsmanager``, ``ssm``, ``sts``.
            operation: ``StartBuild``, ``PutObject``, …; "" for all of the service.
            code: AWS's error code: ``ThrottlingException``, ``AccessDeniedException``, ``ExpiredTokenException``.
            how: ``message``, ``status`` (400; 0 hangs up without an answer), ``times`` (1; -1 for all), ``skip`` (0),
                ``by`` (``any``, ``build`` or ``other``).
        """
        values = {"service": service, "operation": operation, "code": code, **how}
        self._control("calls/fail", json.dumps(values).encode())

    def reset(self) -> None:
        """Counts begin at nothing, and no failure is ordered."""
        self._control("calls/reset", b"")
