"""One requirement of a Python distribution, and the names it goes by.

Decides how the text of a requirement (PEP 508) is taken apart and written in one canonical way: normalised name
(PEP 503), sorted extras and specifiers, evenly spaced marker. Leaves what versions mean to
``python_base.requirements.versions``, files to ``python_base.requirements.requirements_file`` and
``python_base.packages.local_package``, and putting requirements together to ``python_base.dependencies``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from fast_container.errors import ContextError
from fast_container.python_base.requirements.versions import split_specifiers

_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_HEAD: Final = re.compile(r"\s*(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[(?P<extras>[^\]]*)\])?\s*")
_MARKER_PART: Final = re.compile(r"\s*(\"[^\"]*\"|'[^']*'|[<>=!~]=?=?|\(|\)|[A-Za-z0-9_.]+)")
_LOGIN: Final = re.compile(r"://(?P<login>[^/@\s]+)@")


@dataclass(frozen=True, slots=True)
class Requirement:
    """A requirement; equal to another when pip would read both alike.

    Attributes:
        name: Normalised: lower case, ``-`` for runs of ``-_.``.
        extras: Normalised and sorted.
        specifiers: ``(">=2", …)``, sorted; empty for any version.
        url: Of a direct reference (``name @ url``), or "".
        marker: Evenly spaced, double quotes; or "".
        hashes: ``sha256:…``, sorted; as pip's ``--hash`` takes them.
        file: Where it is written, for messages.
        text: As it is written there.
    """

    name: str
    extras: tuple[str, ...] = ()
    specifiers: tuple[str, ...] = ()
    url: str = ""
    marker: str = ""
    hashes: tuple[str, ...] = ()
    file: str = field(default="", compare=False)
    text: str = field(default="", compare=False)

    def __str__(self) -> str:
        """The requirement without its hashes, in its canonical form."""
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        version = f" @ {self.url}" if self.url else ",".join(self.specifiers)
        # After a URL the semicolon must not be part of it.
        marker = f"{' ' if self.url else ''}; {self.marker}" if self.marker else ""
        return f"{self.name}{extras}{version}{marker}"

    @property
    def line(self) -> str:
        """As a requirements file has it, over several lines where there are hashes."""
        return " \\\n".join([str(self), *(f"    --hash={value}" for value in self.hashes)])

    @property
    def place(self) -> str:
        """File and text, for messages."""
        return f"{self.file}: {self.text or self}"


def normalise_name(name: str) -> str:
    """A distribution's, extra's or group's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def is_name(text: str) -> bool:
    """Whether a text can be a distribution's name."""
    return _NAME.fullmatch(text) is not None


def parse_requirement(text: str, file: str) -> Requirement:
    """Take a requirement apart.

    Raises:
        ContextError: It is no requirement, or there are credentials in it.
    """
    head = _HEAD.match(text)
    if len(text.strip().splitlines()) > 1:
        raise _unreadable(text, file, "it is more than one line")
    if head is None:
        raise _unreadable(text, file, "it does not begin with the name of a distribution")
    rest = text[head.end() :]
    url = ""
    if rest.startswith("@"):
        # A semicolon ends the URL only behind a blank (PEP 508).
        url, _, marker = (part.strip() for part in _partition_url(rest[1:]))
        specifiers: tuple[str, ...] | None = ()
        if not url or re.search(r"\s", url):
            raise _unreadable(text, file, "after @ there must be one URL")
        refuse_login(url, text, file)
    else:
        versions, _, marker = (part.strip() for part in rest.partition(";"))
        if versions.startswith("(") and versions.endswith(")"):
            versions = versions[1:-1]
        specifiers = split_specifiers(versions)
    if specifiers is None:
        raise _unreadable(text, file, "the versions cannot be read")
    return Requirement(
        name=normalise_name(head["name"]),
        extras=_names(head["extras"] or "", text, file),
        specifiers=specifiers,
        url=url,
        marker=normalise_marker(marker),
        file=file,
        text=" ".join(text.split()),
    )


def normalise_marker(text: str) -> str:
    """A marker with even blanks and double quotes; as it is where that is not safe."""
    parts: list[str] = []
    position = 0
    text = text.strip()
    while position < len(text):
        found = _MARKER_PART.match(text, position)
        if found is None:
            return text
        part = found[1]
        parts.append(f'"{part[1:-1]}"' if part.startswith("'") and '"' not in part else part)
        position = found.end()
    return " ".join(parts).replace("( ", "(").replace(" )", ")")


def refuse_login(url: str, text: str, file: str) -> None:
    """Refuse a URL with a user or password that is written out; ``git@`` and ``${VARIABLES}`` are none.

    Raises:
        ContextError: There are credentials in it.
    """
    found = _LOGIN.search(url)
    if found is None or found["login"] == "git" or "${" in found["login"]:
        return
    hidden = text.replace(found["login"], "…")
    raise ContextError(
        "There are credentials in a requirement",
        path=f"{file}: {' '.join(hidden.split())}",
        why="it would be part of the image's build context and of its history",
        next_step="take them out of the URL and give a netrc file as a build secret",
    )


def _partition_url(text: str) -> tuple[str, str, str]:
    found = re.search(r"\s;|\s+#", text)
    if found is None:
        return text, "", ""
    behind = text[found.end() :] if text[found.start() : found.end()].endswith(";") else ""
    return text[: found.start()], ";", behind


def _names(text: str, whole: str, file: str) -> tuple[str, ...]:
    names = [part.strip() for part in text.split(",") if part.strip()]
    for name in names:
        if not is_name(name):
            raise _unreadable(whole, file, f"{name!r} cannot be the name of an extra")
    return tuple(sorted({normalise_name(name) for name in names}))


def _unreadable(text: str, file: str, why: str) -> ContextError:
    return ContextError(
        "A requirement cannot be read",
        path=f"{file}: {' '.join(text.split())}",
        why=why,
        next_step='write it as PEP 508 has it: name[extra]>=1,<2; python_version < "3.13", or name @ https://…',
    )
