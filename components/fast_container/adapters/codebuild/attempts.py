"""Which failed remote build is worth another build of the same image.

Decides three causes, each for a while: sources that were missing or damaged, a role whose new permissions are not
effective yet (IAM needs seconds), and a network interface that EC2 was too busy to make. All other failures are the
image's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from fast_container.adapters.codebuild.api import Build
from fast_container.adapters.codebuild.follow import Follow
from fast_container.adapters.codebuild.s3_source import S3SourceStore
from fast_container.adapters.threads import in_thread
from fast_container.core.ports import Reporter

_SOURCE_ATTEMPTS = 3
# Policies are put just before the builds that need them; for a build that ends later they had time to take effect.
_IAM_PATIENCE_S = 60.0
_IAM_PAUSE_S = 5.0
_NETWORK_PATIENCE_S = 900.0
_NETWORK_PAUSE_S = 20.0
_LONGEST_PAUSE_S = 60.0


@dataclass(slots=True)
class Attempts:
    """The builds of one image in one run.

    Args:
        now_s: A clock for durations.
        store: Where the sources are.

    Attributes:
        waited_s: Seconds in which CodeBuild had no place for the image; they do not count as the build's.
    """

    now_s: Callable[[], float]
    store: S3SourceStore
    waited_s: float = field(default=0.0, init=False)
    _begun_s: float = field(init=False)
    _patient_since_s: float | None = field(default=None, init=False)
    _ended: int = field(default=0, init=False)
    _pause_s: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        """Start the clock."""
        self._begun_s = self.now_s()

    @property
    def elapsed_s(self) -> float:
        """Seconds since the first attempt."""
        return self.now_s() - self._begun_s

    def begins(self) -> None:
        """Note that the image has its first build, after it waited for a place: patience begins now."""
        if self._patient_since_s is None:
            self._patient_since_s = self.now_s()

    def add_waited(self, seconds: float) -> None:
        """Count seconds in a queue."""
        self.waited_s += seconds

    async def pause_before_next(self, follow: Follow, ended: Build, reporter: Reporter) -> float | None:
        """Seconds to wait before another build, or None: the image has failed."""
        self._ended += 1
        lacking = follow.lacks_sources(ended)
        if lacking and not await in_thread(self._may_not_read, follow, ended):
            if self._ended >= _SOURCE_ATTEMPTS:
                return None
            reporter.note("a chunk of the sources had expired or was damaged: putting it again")
            self.store.look_again(follow.damaged)
            return 0.0
        if lacking or follow.was_denied(ended):
            return self._longer(
                _IAM_PAUSE_S,
                _IAM_PATIENCE_S,
                "the permissions of the builds' role have not taken effect at AWS yet",
                reporter,
            )
        if follow.network_was_busy(ended):
            return self._longer(
                _NETWORK_PAUSE_S, _NETWORK_PATIENCE_S, "EC2 is asked for too many network interfaces", reporter
            )
        return None

    def _may_not_read(self, follow: Follow, ended: Build) -> bool:
        follow.is_denied = not follow.damaged and self.store.denies(follow.unread(ended))
        return follow.is_denied

    def _longer(self, first_s: float, patience_s: float, why: str, reporter: Reporter) -> float | None:
        self._pause_s = min(max(self._pause_s * 2, first_s), _LONGEST_PAUSE_S)
        since_s = self._begun_s if self._patient_since_s is None else self._patient_since_s
        if self.now_s() - since_s + self._pause_s > patience_s:
            return None
        reporter.note(f"{why}: building again in {self._pause_s:.0f} s")
        return self._pause_s
