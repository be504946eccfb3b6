"""Requirements and constraints files, as pip reads them.

Decides which lines there are (continuations, comments, files that include files), which of pip's options are kept and
which are refused. Leaves each requirement to ``python_base.requirements.requirement``.
Source: pip's documentation, "Requirements File Format".
"""

# ruff: noqa: PTH118, PTH120, PTH123 - paths are joined as strings, as pip does

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from fast_container.errors import ContextError
from fast_container.python_base.requirements.requirement import Requirement, parse_requirement, refuse_login

_COMMENT: Final = re.compile(r"(^|\s+)#.*$")
_HASH: Final = re.compile(r"\s--hash(?:=|\s+)(\S+)")
_OPTION: Final = re.compile(r"(--?[A-Za-z][A-Za-z-]*)(?:[=\s]\s*(.*))?")
_NEXT_OPTION: Final = re.compile(r"\s+(?=--?[A-Za-z])")
_DIRECT: Final = re.compile(r"[A-Za-z0-9._-]+\s*(?:\[[^\]]*\])?\s*@")
_ARCHIVES: Final = (".whl", ".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz", ".tar.xz", ".txz", ".tlz", ".tar.lz")
_INCLUDES: Final = frozenset({"-r", "--requirement"})
_CONSTRAINTS: Final = frozenset({"-c", "--constraint"})
_EDITABLE: Final = frozenset({"-e", "--editable"})
_LONG: Final = {"-i": "--index-url", "-f": "--find-links"}
_KEPT: Final = frozenset(
    {"--index-url", "--extra-index-url", "--find-links", "--no-index", "--pre", "--prefer-binary", "--only-binary"}
    | {"--no-binary", "--trusted-host"}
)


@dataclass(slots=True)
class RequirementsFile:
    """The content of a file and of the files that it includes.

    Attributes:
        requirements: In the order of the files.
        constraints: Likewise, of the constraints files that were named.
        options: pip's options that are kept, one a line, in the order of the files.
        local_paths: (Path as it would be found from the root, the file and line) of local directories named.
    """

    requirements: list[Requirement] = field(default_factory=list[Requirement])
    constraints: list[Requirement] = field(default_factory=list[Requirement])
    options: list[str] = field(default_factory=list[str])
    local_paths: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])


def read_requirements_file(root: str, path: str, *, constraints: bool = False) -> RequirementsFile:
    """Read a file and those that it includes.

    Args:
        root: Absolute path of the directory that ``path`` and messages are relative to.
        path: The file.
        constraints: Whether it is a constraints file.

    Raises:
        ContextError: A file is not there, a line cannot be read, or an option cannot be kept.
    """
    found = RequirementsFile()
    _read(root, os.path.normpath(path), constraints, found, set())
    return found


def _read(root: str, path: str, constraints: bool, found: RequirementsFile, seen: set[tuple[str, bool]]) -> None:
    if (path, constraints) in seen:
        return
    seen.add((path, constraints))
    for line in (one for lines in logical_lines(read_text(root, path)) for one in _one_option_each(lines)):
        name, value = _option(line)
        if name in _INCLUDES or name in _CONSTRAINTS:
            if "://" in value:
                raise _refused(path, line, "the build key cannot cover a file from the network")
            inside = os.path.normpath(os.path.join(os.path.dirname(path), value.strip("\"'")))
            _read(root, inside, constraints or name in _CONSTRAINTS, found, seen)
        elif name in _EDITABLE or (not name and _is_path(line)):
            local = (value if name else line).split(" ")[0].strip("\"'")
            if "://" in local and not local.startswith("file:"):
                raise _refused(path, line, "an editable checkout cannot be part of an image")
            inside = os.path.normpath(os.path.join(os.path.dirname(path), local.removeprefix("file:").split("[")[0]))
            found.local_paths.append((inside, f"{path}: {line}"))
        elif name == "--require-hashes":
            continue  # hashes are checked anyway
        elif name:
            found.options.append(_kept(path, line, name, value))
        else:
            (found.constraints if constraints else found.requirements).append(_requirement(line, path))


def logical_lines(text: str) -> Iterator[str]:
    """Yield lines without comments, continuations joined, blanks evened out; empty ones are left out."""
    waiting = ""
    for raw in text.removeprefix("\ufeff").splitlines():
        # A comment line ends a continuation, even if it ends with a backslash itself.
        is_comment = _COMMENT.match(raw) is not None
        if raw.endswith("\\") and not is_comment:
            waiting += raw.strip("\\")
            continue
        line, waiting = waiting + (" " if is_comment else "") + raw, ""
        line = " ".join(_COMMENT.sub("", line).split())
        if line:
            yield line
    rest = " ".join(_COMMENT.sub("", waiting).split())
    if rest:
        yield rest


def read_text(root: str, path: str) -> str:
    """Read a small UTF-8 file below the root.

    Raises:
        ContextError: It cannot be read or is not UTF-8.
    """
    try:
        with open(os.path.join(root, path), encoding="utf-8") as file:
            return file.read()
    except OSError as error:
        raise ContextError(
            "A file that declares dependencies cannot be read.",
            path=path,
            why=error.strerror or str(error),
            next_step="Correct the path; it is relative to the root of the packages.",
        ) from None
    except UnicodeDecodeError:
        raise ContextError("A file that declares dependencies is not UTF-8.", path=path) from None
    except ValueError as error:  # a zero byte in the path
        raise ContextError(
            "A file that declares dependencies cannot be read.", path=repr(path), why=str(error)
        ) from None


def _requirement(line: str, path: str) -> Requirement:
    hashes = tuple(sorted(set(_HASH.findall(line))))
    bare = _HASH.sub("", line)
    other = re.search(r"\s(--[a-z][a-z-]*)", bare)
    if other:
        raise _refused(path, line, f"{other[1]} of a single requirement is not supported")
    return replace(parse_requirement(bare, path), hashes=hashes)


def _one_option_each(line: str) -> list[str]:
    """A line of several options, as one line for each; pip allows that."""
    return _NEXT_OPTION.split(line) if line.startswith("-") else [line]


def _option(line: str) -> tuple[str, str]:
    found = _OPTION.fullmatch(line) if line.startswith("-") else None
    if found is not None:
        return found[1], (found[2] or "").strip()
    # ``-rother.txt`` and ``-e.`` are options too.
    return (line[:2], line[2:].strip()) if line.startswith("-") else ("", "")


def _is_path(line: str) -> bool:
    """Whether a line names a directory or an archive on this machine; pip decides by its look too."""
    word = re.split(r"[\s;]", line, maxsplit=1)[0].partition("[")[0]
    if line.startswith("file:"):
        return True
    if _DIRECT.match(line) or "://" in line:
        return False
    return "/" in line.partition(" ")[0] or word.startswith(".") or word.lower().endswith(_ARCHIVES)


def _kept(path: str, line: str, name: str, value: str) -> str:
    name = _LONG.get(name, name)
    if name not in _KEPT:
        raise _refused(path, line, f"the option {name} is not supported")
    if name == "--find-links" and "://" not in value:
        raise _refused(path, line, "a local folder of wheels is not part of the image's build context")
    refuse_login(value, line, path)
    return f"{name} {value}".strip()


def _refused(path: str, line: str, why: str) -> ContextError:
    return ContextError(
        "A line of a requirements file is not supported.",
        path=f"{path}: {line}",
        why=why,
        next_step="Take it out, or write a Dockerfile of your own for this base image.",
    )
