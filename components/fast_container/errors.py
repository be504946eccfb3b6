"""The errors of fast-container, and what each of them must say.

::

    FastContainerError            what, where, why, next step
     ├── ArgsError                a component's or the command line's argument (property path)
     ├── DockerfileError          a Dockerfile or an ignore file (file, line)
     ├── ContextError             a file of a build context (path)
     │    └── ContextChanged      it changed since it was hashed (root)
     ├── BuildFailed              a build that ran and failed (step, exit code, last lines, log)
     ├── BuilderError             no BuildKit that could build and push by digest
     ├── RegistryError            the registry could not be asked, or refused
     │    └── AuthError           credentials are missing, expired or lack a permission
     ├── SourceUploadError        the sources could not be uploaded for a remote build
     ├── VerifyError              the pushed image is not fit for the place it is to run on
     │    └── ChecksFailed        its program's checks found something
     ├── LocalSystemError         this machine failed: a full disk, a folder that cannot be written to
     └── UnexpectedError          a fault of this library

This module decides how an error reads; foreign strings in it (names of files, answers of a registry) never move the
cursor or forge a line (``printable``). Leaves when to raise an error to each module, and how it reaches the user
(``pulumi.RunError``, exit code) to the components and the command line.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from fast_container.printable import printable, printable_lines

_LINE_END: Final = "\n"
_INDENTED: Final = "\n    "


def bracketed(name: str) -> str:
    """Return the end of a property path: the entry of that name in a mapping, ``["name"]``."""
    return f"[{json.dumps(name, ensure_ascii=False)}]"


class FastContainerError(Exception):
    """An error that a user can act on.

    Args:
        what: One sentence that says what is wrong.
        where: File and line, property path, repository or image: where the user has to look.
        why: The cause, in one or two lines; may be the message of the underlying error.
        next_step: What to do about it.
    """

    def __init__(self, what: str, *, where: str = "", why: str = "", next_step: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.why = why
        self.next_step = next_step

    def __str__(self) -> str:
        """Return the whole message: one line for what, one each for where, why and next step."""
        lines = [printable(self.what)]
        lines += [f"  where: {printable(self.where)}"] if self.where else []
        lines += [
            f"  {label}: {printable_lines(text).replace(_LINE_END, _INDENTED)}"
            for label, text in (("why", self.why), ("next", self.next_step))
            if text
        ]
        return "\n".join(lines)


class ArgsError(FastContainerError):
    """An argument that cannot be right; ``where`` starts with its property path."""

    def __init__(self, what: str, *, property_path: str, why: str = "", next_step: str = "") -> None:
        super().__init__(what, where=property_path, why=why, next_step=next_step)
        self.property_path = property_path


class DockerfileError(FastContainerError):
    """A Dockerfile or ignore file that BuildKit would refuse, or that names something that does not exist."""

    def __init__(self, what: str, *, file: str, line: int = 0, why: str = "", next_step: str = "") -> None:
        super().__init__(what, where=f"{file}:{line}" if line else file, why=why, next_step=next_step)
        self.file = file
        self.line = line


class ContextError(FastContainerError):
    """A file of a build context that cannot be read, changed while it was read, or cannot be sent."""

    def __init__(self, what: str, *, path: str, why: str = "", next_step: str = "") -> None:
        super().__init__(what, where=path, why=why, next_step=next_step)
        self.path = path


class ContextChanged(ContextError):  # noqa: N818 - the name says it
    """A file that changed since it was hashed.

    Remembered digests of files below ``root`` must be forgotten: one of them may be the cause.

    Attributes:
        root: The context's; absolute.
    """

    def __init__(self, what: str, *, path: str, root: str, why: str = "", next_step: str = "") -> None:
        super().__init__(what, path=path, why=why, next_step=next_step)
        self.root = root


class BuildFailed(FastContainerError):  # noqa: N818 - the name says it
    """A build that ran and failed.

    Attributes:
        step: The failed step, as BuildKit names it (``[build 3/7] RUN pip install …``), or "".
        exit_code: The exit code of that step's command, or None if BuildKit did not give one.
        last_lines: At most the last 40 lines of its log.
        log_path: Path of the full log.
    """

    def __init__(
        self,
        what: str,
        *,
        step: str = "",
        exit_code: int | None = None,
        last_lines: Sequence[str] = (),
        log_path: str = "",
        why: str = "",
        next_step: str = "",
    ) -> None:
        super().__init__(what, where=step, why=why, next_step=next_step)
        self.step = step
        self.exit_code = exit_code
        self.last_lines = tuple(last_lines)[-40:]
        self.log_path = log_path

    def __str__(self) -> str:
        """Return the message, the last lines of the log, and where the rest of it is."""
        lines = [super().__str__()]
        if self.last_lines:
            lines.append(f"  last {len(self.last_lines)} lines of the log:")
            lines += [f"    | {printable(line)}" for line in self.last_lines]
        if self.log_path:
            lines.append(f"  full log: {printable(self.log_path)}")
        return "\n".join(lines)


class BuilderError(FastContainerError):
    """There is no BuildKit that could build and push by digest."""


class RegistryError(FastContainerError):
    """The registry could not be asked, or refused; never to be read as "absent"."""


class AuthError(RegistryError):
    """Credentials are missing, expired, or lack a permission."""


class SourceUploadError(FastContainerError):
    """The sources of a remote build could not be uploaded."""


class VerifyError(FastContainerError):
    """The pushed image is not fit for the place it is to run on; it gets no key tag."""


class ChecksFailed(VerifyError):  # noqa: N818 - the name says it
    """The image does not pass the checks of its program; ``why`` is the table of findings."""


class LocalSystemError(FastContainerError):
    """This machine failed: its disk is full, a folder cannot be written to, files cannot be opened."""


class UnexpectedError(FastContainerError):
    """A fault of this library; the traceback is in a log file, not in the message."""
