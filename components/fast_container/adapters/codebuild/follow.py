"""The log and the phases of a remote build while it runs, and the meaning of its end.

Decides which line of the log becomes progress, which failure is the fault of the sources (they must be put again), and
which error a failed build becomes here.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Mapping
from typing import Any, Final, cast

from fast_container.adapters.codebuild.api import Build, images_of, link_of, machine_of
from fast_container.core.ports import BuildJob, BuiltImage, Reporter
from fast_container.core.records.phases import PhaseSeconds
from fast_container.core.records.record import BuildRecord
from fast_container.core.remote import log_lines
from fast_container.errors import (
    BuilderError,
    BuildFailed,
    ChecksFailed,
    FastContainerError,
    RegistryError,
    SourceUploadError,
    VerifyError,
)

_TAIL_LINES: Final = 40
_EXIT_CHUNKS_UNUSABLE: Final = 3
# CodeBuild's and S3's answers for an absent object; the second if the service role may not list the bucket.
_ABSENT: Final = ("NoSuchKey", "status code: 403", "s3:GetObject")
# Failures of a role whose new permissions are not effective yet: IAM needs seconds to spread them.
_DENIED: Final = ("access_denied", "accessdenied", "not authorized", "does not allow aws codebuild", "403 forbidden")
_DENIED_FIRST: Final = ("SUBMITTED", "QUEUED", "PROVISIONING", "DOWNLOAD_SOURCE")
_NETWORK_BUSY: Final = ("RequestLimitExceeded", "VPC_CLIENT_ERROR")
_SAME_ERROR: Final[Mapping[str, type[FastContainerError]]] = {
    error.__name__: error for error in (BuilderError, ChecksFailed, RegistryError, SourceUploadError, VerifyError)
}
_NEXT: Final = {
    "STOPPED": "It was stopped, by a person or by `fast-container cancel`; run `pulumi up` again to build it.",
    "TIMED_OUT": (
        "Raise the image's timeout_s= or the builder's queue_timeout_s=, or find out in the log what takes long."
    ),
    "FAULT": "CodeBuild had trouble of its own; nothing was tagged, run `pulumi up` again.",
}


class Follow:
    """A build's phases and lines, told to a reporter and kept for its end.

    Attributes:
        build: As it was seen last.
        said_end: Set when a line says how the image has ended; a step of a Dockerfile may print such a line too.
        is_denied: Whether its sources are there and it may not read them; set by the caller that looked.
    """

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._phase = ""
        self.build: Build = {}
        self.said_end = asyncio.Event()
        self._trouble: set[str] = set()
        self._step = ""
        self.built: dict[str, Any] = {}
        self.failed: dict[str, Any] = {}
        self.absent: list[str] = []
        self.damaged: list[str] = []
        self.tail: list[str] = []
        self.is_denied = False

    def on_build(self, build: Build) -> None:
        """Show a phase when it begins."""
        self.build = build
        phase = str(build.get("currentPhase") or "")
        if phase != self._phase:
            self._phase = phase
            self._reporter.progress(f"CodeBuild: {phase.lower().replace('_', ' ')}")

    def on_trouble(self, what: str) -> None:
        """Report a problem once, and show that it lasts."""
        if what in self._trouble:
            self._reporter.progress(what)
        else:
            self._trouble.add(what)
            self._reporter.warn(f"{what}; the build on AWS goes on")

    def on_line(self, line: str) -> None:
        """Show a marked line; keep a plain one."""
        marked = log_lines.read_line(line)
        if marked is None:
            self.on_plain(line)
        else:
            self.on_marked(*marked)

    def on_plain(self, line: str) -> None:
        """Keep a line."""
        self.tail = [*self.tail, line.rstrip()][-_TAIL_LINES:]

    def on_marked(self, kind: str, content: Any) -> None:
        """Show what a line says, and keep an end."""
        if kind == log_lines.PROGRESS:
            self._step = str(content)
            self._reporter.progress(self._step)
        elif kind == log_lines.WARNING:
            self._reporter.warn(str(content))
        elif kind == log_lines.BUILT:
            self.built = cast("dict[str, Any]", content)
        elif kind == log_lines.FAILED:
            self.failed = cast("dict[str, Any]", content)
        elif kind == log_lines.CHUNKS_UNUSABLE:
            self.absent = list(content["absent"])
            self.damaged = list(content["damaged"])
        if self.ends_soon:
            self.said_end.set()

    def image(self, job: BuildJob, digest: str, duration_s: float, waited_s: float, builder: str) -> BuiltImage:
        """Return the image that was built, with what its log told: insight only, since a step may print such a line.

        That it was checked counts, so it is believed with a proof of the machine alone.

        Args:
            job: The image.
            digest: What the registry holds.
            duration_s: Seconds of the build.
            waited_s: Seconds in the queue.
            builder: The builder's name.
        """
        try:
            record = BuildRecord.from_json(str(self.built.get("record", "")))
        except ValueError:
            record = None
        return BuiltImage(
            digest=digest,
            steps=int(self.built.get("steps", 0)),
            steps_cached=int(self.built.get("cached", 0)),
            pushed_bytes=int(self.built.get("pushed", 0)),
            duration_s=duration_s,
            waited_s=waited_s,
            checked=self._checked(log_lines.image_name(job.key.hex, job.repository_url), digest),
            phases=(record.phases if record else PhaseSeconds()) + PhaseSeconds(queued=round(waited_s, 3)),
            timeline=record.timeline if record else (),
            caches=record.caches if record else (),
            builder=builder,
            machine=machine_of(self.build),
        )

    def _checked(self, image: str, digest: str) -> str:
        checked, build_id = str(self.built.get("checked", "")), str(self.build.get("id", ""))
        proof = log_lines.checked_proof(build_id, image, digest, checked)
        is_proven = bool(build_id) and hmac.compare_digest(str(self.built.get("proof", "")).encode(), proof.encode())
        return checked if is_proven else ""

    @property
    def ends_soon(self) -> bool:
        """Whether a line says how the image has ended."""
        return bool(self.built or self.failed or self.absent or self.damaged)

    @property
    def turn_s(self) -> float:
        """Seconds that the image waited for others of its build."""
        return float(self.built.get("turn_s", 0))

    def expects_lines(self, build: Build) -> bool:
        """Whether a build that began its own work has not said yet how it ended."""
        if self.ends_soon or build.get("buildStatus") not in ("SUCCEEDED", "FAILED"):
            return False
        phases = cast("list[Mapping[str, Any]]", build.get("phases") or [])
        ended = [phase.get("phaseStatus") for phase in phases if phase.get("phaseType") == "BUILD"]
        return bool({"SUCCEEDED", "FAILED"} & set(ended))

    def lacks_sources(self, build: Build) -> bool:
        """Whether the build failed because its bundle or a chunk of its sources was missing or damaged."""
        if build["buildStatus"] == "SUCCEEDED" or self.failed:
            return False
        if self.absent or self.damaged:
            return True
        causes = _causes(build)
        downloading = causes.get("DOWNLOAD_SOURCE", ())
        return any(sign in text for text in downloading for sign in _ABSENT) or any(
            text.rstrip(". ").endswith(f"exit status {_EXIT_CHUNKS_UNUSABLE}") for text in causes.get("BUILD", ())
        )

    def unread(self, build: Build) -> list[str]:
        """Names in the store of objects that the build could not read; each is there, absent, or may not be read."""
        chunks = [f"parts/{digest}" for digest in self.absent if digest != log_lines.PROGRAM]
        if chunks or self.absent or self.damaged:
            return chunks
        source = cast("Mapping[str, Any]", build.get("source") or {})
        location = str(source.get("location") or "")
        return [f"bundles/{location.rpartition('/')[2]}"] if "/" in location else []

    def was_denied(self, build: Build) -> bool:
        """Whether the build failed because its role lacks a permission that every build needs."""
        causes = _causes(build)
        texts = [text for phase in _DENIED_FIRST for text in causes.get(phase, ())]
        texts += [str(self.failed.get(name) or "") for name in ("what", "why")]
        return self.failed.get("type") == "AuthError" or any(sign in text.lower() for text in texts for sign in _DENIED)

    def died(self, build: Build) -> bool:
        """Whether the machine of several images ended, and the log does not say how this one did."""
        phases = {str(phase["phaseType"]) for phase in cast("list[Mapping[str, Any]]", build.get("phases") or [])}
        status = build.get("buildStatus")
        ended = status in ("FAILED", "FAULT") or (status == "TIMED_OUT" and "BUILD" in phases)
        return ended and not self.ends_soon and not self.was_denied(build) and len(images_of(build)) > 1

    def network_was_busy(self, build: Build) -> bool:
        """Whether EC2 was too busy to give the build its network interface."""
        causes = [text for phase in _DENIED_FIRST for text in _causes(build).get(phase, ())]
        return any(all(sign in text for sign in _NETWORK_BUSY) for text in causes)

    def error(self, job: BuildJob, build: Build) -> FastContainerError:
        """Make the error for a build that failed."""
        found, status = self.failed, str(build["buildStatus"])
        causes = "; ".join(
            f"{phase.lower().replace('_', ' ')}: {text}" for phase, texts in _causes(build).items() for text in texts
        )
        what = str(found.get("what") or f"The build of {job.name} on CodeBuild ended as {status}.")
        if self.lacks_sources(build):
            what = f"The build of {job.name} found sources missing or damaged, also after they were put again."
        if self.is_denied:
            what = f"The build of {job.name} may not read its sources."
        step = str(found.get("step") or found.get("where") or self._step)
        why, next_step = str(found.get("why") or causes), str(found.get("next") or _NEXT.get(status, ""))
        if not next_step and (self.is_denied or self.was_denied(build)):
            next_step = "Compare the policies of the builds' role with what `fast-container policy` prints."
        kind = _SAME_ERROR.get(str(found.get("type")))
        if kind is not None:
            return kind(what, where=step, why=why, next_step=f"{next_step} Full log: {link_of(build)}".strip())
        return BuildFailed(
            what,
            step=step,
            exit_code=cast("int | None", found.get("exit_code")),
            last_lines=cast("list[str]", found.get("last_lines") or self.tail),
            log_path=link_of(build),
            why=why,
            next_step=next_step,
        )


def _causes(build: Build) -> dict[str, list[str]]:
    """Phase → CodeBuild's explanation of what went wrong in it."""
    return {
        str(phase["phaseType"]): [
            " ".join(filter(None, (str(context.get("statusCode") or ""), str(context["message"]))))
            for context in contexts
            if context.get("message")
        ]
        for phase in cast("list[Mapping[str, Any]]", build.get("phases") or [])
        if phase.get("phaseStatus") not in ("SUCCEEDED", None)
        and (contexts := cast("list[Mapping[str, Any]]", phase.get("contexts") or []))
    }
