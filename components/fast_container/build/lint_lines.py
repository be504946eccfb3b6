"""The findings about an image's Dockerfile, on its row, when it is to be built.

Decides that only warnings and errors are shown, one line each and at most a few; that ``up`` does not repeat what its
preview has shown (a mark in the user's cache says so); that ``lint="error"`` fails the image before it is built; and
that a fault of the rules themselves fails nothing. Generated Dockerfiles are not looked at. Leaves the rules to
``checks.dockerfile``; hadolint and BuildKit's own check are asked by the command line only. The rules are imported when
there is something to build: a program whose images are unchanged does without.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fast_container.checks.finding import Finding, Severity, by_weight
from fast_container.core.cache_folder import make_private
from fast_container.core.ports import Reporter
from fast_container.core.program_file import FILE_NAME
from fast_container.core.select import SelectedImage
from fast_container.core.spelling import counted
from fast_container.errors import DockerfileError, FastContainerError

if TYPE_CHECKING:
    from fast_container.checks.dockerfile.waivers import Waiver

_SHOWN: Final = 3
_MARKS_KEPT: Final = 400


class LintLines:
    """The findings of one program's images.

    Args:
        marks: The folder that remembers what a preview has shown.
        in_thread: Runs blocking work without keeping the event loop busy.
    """

    def __init__(
        self, marks: Path, in_thread: Callable[[Callable[[], list[Finding]]], Awaitable[list[Finding]]]
    ) -> None:
        self._marks = marks
        self._in_thread = in_thread
        self._waivers: Sequence[Waiver] | None = None

    async def show(
        self, selected: SelectedImage, runs_on: str, level: str, reporter: Reporter, *, in_preview: bool
    ) -> None:
        """Show the findings of an image that is to be built.

        Args:
            selected: The image.
            runs_on: Where it is to run.
            level: Its ``lint``.
            reporter: Its row.
            in_preview: Whether this is a preview.

        Raises:
            DockerfileError: There are some, and the level is ``error``.
        """
        if level == "off":
            return
        try:
            found = await self._in_thread(partial(self._found, selected, runs_on))
        except Exception as error:
            line = error.what if isinstance(error, FastContainerError) else f"{type(error).__name__}: {error}"
            reporter.warn(f"its Dockerfile could not be looked at ({line}); see: fast-container lint")
            return
        if not found:
            return
        if level == "error":
            raise _refusal(found)
        if self._is_news(selected.key.hex, in_preview=in_preview):
            for severity, line in _lines(found):
                (reporter.warn if severity is Severity.ERROR else reporter.note)(line)

    def _found(self, selected: SelectedImage, runs_on: str) -> list[Finding]:
        """The warnings and errors about one image. Blocking."""
        from fast_container.build.lint_inputs import files_of, project_waivers  # noqa: PLC0415 - see the module
        from fast_container.checks.dockerfile.lint import lint_images, linted_image  # noqa: PLC0415

        if self._waivers is None:
            self._waivers = project_waivers()
        linted = linted_image(
            selected.declared,
            selected.dockerfile_text,
            selected.reads,
            runs_on=runs_on,
            files=files_of(selected),
        )
        if linted is None:
            return []
        found = lint_images([linted], waivers=self._waivers, today=datetime.now(tz=UTC).date())
        return by_weight(one for one in found if one.severity.reaches(Severity.WARNING))

    def _is_news(self, key: str, *, in_preview: bool) -> bool:
        """Whether the findings were not shown by the preview of this ``up``."""
        mark = self._marks / key
        with suppress(OSError):
            if in_preview:
                make_private(self._marks)
                mark.touch(mode=0o600)
                kept = sorted(self._marks.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
                for path in kept[_MARKS_KEPT:]:
                    path.unlink(missing_ok=True)
            elif mark.exists():
                mark.unlink(missing_ok=True)
                return False
        return True


def _lines(found: Sequence[Finding]) -> list[tuple[Severity, str]]:
    lines = [(one.severity, f"{one.rule}: {one.what} ({one.where})") for one in found[:_SHOWN]]
    rest = len(found) - len(lines)
    command = f"fast-container lint --plan {FILE_NAME}"
    return [*lines, (Severity.WARNING, f"{counted(rest, 'more finding')}: {command}")] if rest else lines


def _refusal(found: Sequence[Finding]) -> DockerfileError:
    first = found[0]
    return DockerfileError(
        f'{counted(len(found), "finding")} about the Dockerfile, and lint="error".',
        file=first.file,
        line=first.line,
        why="; ".join(line for _, line in _lines(found)),
        next_step="Mend it (`fast-container lint --fix` does where that is mechanical), or waive it with a comment:"
        f" # fast-container: skip={first.rule} reason",
    )
