"""One requirement of a Python distribution, and its canonical form.

Decides the one canonical way to write a requirement: normalised name (PEP 503), sorted extras and specifiers, evenly
spaced marker. Leaves the grammar (PEP 508) to ``packaging``, which pip uses too, the meaning of versions to
``python_base.requirements.versions``, files to ``python_base.requirements.requirements_file`` and
``python_base.packages.local_package``, and putting requirements together to ``python_base.dependencies``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from packaging.requirements import Requirement as Pep508

from fast_container.errors import ContextError

_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_MARKER_PART: Final = re.compile(r"\s*(\"[^\"]*\"|'[^']*'|[<>=!~]=?=?|\(|\)|[A-Za-z0-9_.]+)")
_LOGIN: Final = re.compile(r"://(?P<login>[^/@\s]+)@")
_VARIABLE: Final = re.compile(r"\$\{\w+\}")


@dataclass(frozen=True, slots=True)
class Requirement:
    """A requirement; equal to another if pip would read both alike.

    Attributes:
        name: Normalised: lower case, ``-`` for runs of ``-_.``.
        extras: Normalised and sorted.
        specifiers: ``(">=2", …)``, sorted; empty for any version.
        url: Of a direct reference (``name @ url``), or "".
        marker: Evenly spaced, double quotes; or "".
        hashes: ``sha256:…``, sorted; as pip's ``--hash`` takes them.
        file: The file that has it, for messages.
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
        """Return the requirement without its hashes, in its canonical form."""
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        version = f" @ {self.url}" if self.url else ",".join(self.specifiers)
        # The blank keeps the semicolon from being part of the URL.
        marker = f"{' ' if self.url else ''}; {self.marker}" if self.marker else ""
        return f"{self.name}{extras}{version}{marker}"

    @property
    def line(self) -> str:
        """The requirement as in a requirements file, over several lines if there are hashes."""
        return " \\\n".join([str(self), *(f"    --hash={value}" for value in self.hashes)])

    @property
    def place(self) -> str:
        """File and requirement, for messages."""
        return f"{self.file}: {self.text or self}"


def normalise_name(name: str) -> str:
    """Normalise the name of a distribution, extra or group as PEP 503 compares it.

    That one line is not worth ``packaging.utils``, which imports all platforms that ``packaging`` knows.
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def is_name(text: str) -> bool:
    """Whether this is a valid name of a distribution."""
    return _NAME.fullmatch(text) is not None


def parse_requirement(text: str, file: str) -> Requirement:
    """Parse a requirement.

    Raises:
        ContextError: It is not a requirement, or there are credentials in it.
    """
    text = text.strip()
    if len(text.splitlines()) > 1:
        raise _unreadable(text, file, "it is more than one line")
    refuse_login(text, text, file)
    try:
        read = Pep508(text)
        for each in read.specifier:
            _ = each.contains("1")  # reads its version
    except RecursionError:
        raise _unreadable(text, file, "its marker has too many brackets") from None
    except ValueError as error:  # ``InvalidRequirement`` is one, and so is a number of thousands of digits
        raise _unreadable(text, file, str(error).partition("\n")[0]) from None
    # Kept as it is written, because it counts in the key. A semicolon ends a URL only after a blank.
    marker = re.split(r"\s;" if read.url else ";", text, maxsplit=1)[1:] if read.marker else []
    return Requirement(
        name=normalise_name(read.name),
        extras=tuple(sorted({normalise_name(extra) for extra in read.extras})),
        specifiers=tuple(sorted({str(each) for each in read.specifier})),
        url=read.url or "",
        marker=normalise_marker("".join(marker)),
        file=file,
        text=" ".join(text.split()),
    )


def normalise_marker(text: str) -> str:
    """Write a marker with even blanks and double quotes; unchanged if that is not safe."""
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
    """Refuse a URL with a user or password written out; ``git@`` and ``${VARIABLES}`` are allowed.

    Raises:
        ContextError: There are credentials in it.
    """
    written = [login for login in _LOGIN.findall(url) if not _is_reference(login)]
    if not written:
        return
    hidden = text
    for login in written:
        hidden = hidden.replace(login, "…")
    raise ContextError(
        "There are credentials in a requirement.",
        path=f"{file}: {' '.join(hidden.split())}",
        why="they would be part of the image's build context and of its history",
        next_step="Take them out of the URL and give a netrc file as a build secret.",
    )


def _is_reference(login: str) -> bool:
    """Whether a login holds no secret: its password, or its only part, is made of variables alone."""
    user, colon, password = login.partition(":")
    user, is_variable = _VARIABLE.sub("", user), _VARIABLE.search(user) is not None
    if not colon:
        return not user or login == "git"
    # Tokens are users too: ``${TOKEN}:x-oauth-basic`` at GitHub, ``${TOKEN}:`` elsewhere.
    token_as_user = is_variable and not user and password in ("", "x-oauth-basic")
    return token_as_user or (bool(password) and not _VARIABLE.sub("", password))


def _unreadable(text: str, file: str, why: str) -> ContextError:
    return ContextError(
        "A requirement cannot be read.",
        path=f"{file}: {' '.join(text.split())}",
        why=why,
        next_step='Write it as PEP 508 has it: name[extra]>=1,<2; python_version < "3.13", or name @ https://…',
    )
