"""What tests order to go wrong in CodeBuild, and the limits that they set.

Decides nothing by itself: the API, the queue and the runner ask here. Faults of single API calls, of any service, are
in :mod:`localcloud.api_calls`. All of it is back to the defaults after :meth:`Faults.reset`.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterable
from typing import Any

from localcloud.codebuild.role import role_documents

ACCOUNT_LIMIT = 20
"""Builds that run at once for each environment and compute type, unless a test says another number."""

KILLABLE = (
    *("PROVISIONING", "DOWNLOAD_SOURCE", "INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD"),
    *("UPLOAD_ARTIFACTS", "FINALIZING"),
)
"""Phases in which a build can be ordered to die."""


@dataclasses.dataclass
class Limits:
    """Numbers that AWS fixes and a test may change.

    Attributes:
        account_limit: Builds at once per environment type and compute type; the queue holds five times as many.
        minute_s: How long a minute of a build's timeouts is, in seconds.
        idempotency_s: How long a StartBuild token is remembered.
        hold: No queued build starts while it is set.
        queue_s: How long every build stays queued, at least.
        enforce_role: Calls that the service role does not allow are refused.
        enforce_callers: The same for everybody who calls with the credentials of an assumed role.
        iam_delay_s: How long a change of a role's policies takes to hold; with AWS it is seconds.
        hub_pulls: How many images all builds together may pull from Docker Hub without a login; None: any number.
    """

    account_limit: int = ACCOUNT_LIMIT
    minute_s: float = 60.0
    idempotency_s: float = 300.0
    hold: bool = False
    queue_s: float = 0.0
    enforce_role: bool = True
    enforce_callers: bool = False
    iam_delay_s: float = 0.05
    hub_pulls: int | None = None


@dataclasses.dataclass
class Kill:
    """An order to end a build by SIGKILL.

    Attributes:
        phase: In which phase.
        log_contains: Only when the build has printed this since the phase began; "" for at once.
        after_s: How long after that.
        status: What the build's status is then.
        project: Only builds of this project; "" for any.
        times: How many builds are still to be killed.
    """

    phase: str
    log_contains: str = ""
    after_s: float = 0.0
    status: str = "FAULT"
    project: str = ""
    times: int = 1


class Faults:
    """The orders that stand.

    Attributes:
        documents: Role → the policies of it that hold now.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kills: list[Kill] = []
        self._lost: set[str] = set()
        self._absent: set[str] = set()
        self.limits = Limits()
        self.documents: Callable[[Any], Iterable[Any]] = role_documents

    def reset(self) -> None:
        """Nothing goes wrong any more; the limits are the defaults."""
        with self._lock:
            self._kills, self._lost, self._absent = [], set(), set()
            self.limits = Limits()

    def set_limits(self, values: dict[str, Any]) -> dict[str, Any]:
        """Changes the limits named; returns all.

        Raises:
            ValueError: There is no such limit.
        """
        unknown = sorted(set(values) - {field.name for field in dataclasses.fields(Limits)})
        if unknown:
            raise ValueError(f"no limit {', '.join(unknown)}")
        with self._lock:
            self.limits = dataclasses.replace(self.limits, **values)
        return dataclasses.asdict(self.limits)

    def order_kill(self, values: dict[str, Any]) -> None:
        """Orders builds to die.

        Raises:
            ValueError: A build cannot be killed in that phase.
        """
        kill = Kill(**values)
        if kill.phase not in KILLABLE:
            raise ValueError(f"no phase {kill.phase!r}; phases are {', '.join(KILLABLE)}")
        with self._lock:
            self._kills.append(kill)

    def take_kill(self, project: str, phase: str) -> Kill | None:
        """The order that a build which enters a phase must follow; it is used up."""
        with self._lock:
            for kill in self._kills:
                if kill.phase == phase and kill.project in {"", project} and kill.times > 0:
                    kill.times -= 1
                    return kill
        return None

    def lose(self, ids: list[str]) -> None:
        """BatchGetBuilds does not know these builds any more."""
        with self._lock:
            self._lost.update(ids)

    def lost(self, build_id: str) -> bool:
        """Whether BatchGetBuilds must not know a build."""
        return build_id in self._lost

    def withdraw(self, regions: list[str]) -> None:
        """These regions have no CodeBuild."""
        with self._lock:
            self._absent = set(regions)

    def absent(self, region: str) -> bool:
        """Whether a region has no CodeBuild."""
        return region in self._absent
