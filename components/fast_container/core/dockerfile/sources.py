"""The sources of ``COPY`` and ``ADD``: paths, URLs and repositories.

Decides what one expanded source stands for. Leaves which files it selects to ``core.select``.
Sources: BuildKit v0.34.2, ``dockerfile2llb/convert_copy.go``, ``dfgitutil``, ``gitutil``.
"""

from __future__ import annotations

import re
from typing import Final, Literal
from urllib.parse import parse_qs, unquote, urlsplit

from fast_container.core.dockerfile.instructions import Copy
from fast_container.core.dockerfile.model import RefusedError, RemoteSource, Selector
from fast_container.core.go_path import clean

_PROTOCOL: Final = re.compile(r"([a-zA-Z0-9]+)://")
_SCP: Final = re.compile(r"[a-zA-Z0-9\-_]+@[a-zA-Z0-9\-.]+:(?:.*?)(?:\?(?P<query>.*?))?(?:#(?:.*))?\Z")
_OPTIONAL: Final = frozenset(["submodules", "keep-git-dir", "fetch-by-commit"])
_QUERY: Final = frozenset(["ref", "tag", "branch", "subdir", "checksum", "commit", "mtime", *_OPTIONAL])
_WILD: Final = re.compile(r"(?:\A|[^\\])(?:\\\\)*[*?\[]")
_OCTAL: Final = re.compile("[0-7]{1,6}")
_SYMBOLIC: Final = re.compile("[ugoa]*(?:[-+=][rwxXstugo]*)+(?:,[ugoa]*(?:[-+=][rwxXstugo]*)+)*")
_DIGEST: Final = re.compile("sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}")

SourceKind = Literal["path", "http", "git"]


def is_wild(path: str) -> bool:
    """Whether BuildKit takes a path for a pattern: ``*``, ``?`` or ``[`` without a backslash before it."""
    return _WILD.search(path) is not None


def root_relative(path: str) -> str:
    """Clean a path as BuildKit does: ``..`` stops at the root; ``""`` is the root."""
    return clean("/" + path)[1:]


def source_kind(source: str) -> tuple[SourceKind, str]:
    """Classify a source; with the commit that a repository's URL names.

    Raises:
        RefusedError: A repository's URL with a query that BuildKit does not know.
    """
    query = _repository_query(source)
    if query is None:
        return ("http" if source.startswith(("http://", "https://")) else "path"), ""
    values = parse_qs(query, keep_blank_values=True)
    for name, given in values.items():
        if name not in _QUERY or len(given) > 1 or (not given[0] and name not in _OPTIONAL):
            raise RefusedError(f"the query of {source!r} is not understood: {name}")
    commit = values.get("checksum") or values.get("commit") or [""]
    return ("path" if source.startswith("github.com/") else "git"), commit[0]


def _repository_query(source: str) -> str | None:
    """Return the query of a source that is written like a git repository; None for others."""
    if source.startswith("github.com/"):
        return source.partition("#")[0].partition("?")[2]
    protocol = _PROTOCOL.match(source)
    if protocol is None:
        found = _SCP.match(source)
        return None if found is None else found["query"] or ""
    scheme = protocol[1].lower()
    if scheme not in ("http", "https", "ssh", "git"):
        return None
    try:
        url = urlsplit(source)
    except ValueError:
        return None
    if scheme in ("http", "https") and not unquote(url.path).endswith(".git"):
        return None
    return url.query


def remote_source(copy: Copy, source: str, kind: SourceKind, commit: str, checksum: str, line: int) -> RemoteSource:
    """Make the remote source of a URL or repository.

    Raises:
        RefusedError: ``COPY`` does not fetch; or the checksum is malformed.
    """
    if not copy.add:
        what = "a git repository" if kind == "git" else "a URL"
        raise RefusedError(f"COPY cannot take {what} ({source})", next_step="Use ADD.")
    if checksum and kind == "http" and not _DIGEST.fullmatch(checksum):
        raise RefusedError(f"--checksum={checksum} is not a digest like sha256:…")
    if checksum and commit and checksum != commit:
        raise RefusedError(f"--checksum={checksum} and {source} name different commits")
    return RemoteSource(source, checksum or commit, line)


def check_flags(copy: Copy, *, checksum: str, chmod: str, chown: str, sources: tuple[str, ...]) -> None:
    """Refuse values of flags that BuildKit refuses.

    Raises:
        RefusedError: A mode, owner or checksum that cannot be used.
    """
    if chmod and not _valid_mode(chmod):
        raise RefusedError(f"--chmod={chmod} is neither octal up to 07777 nor like u+x")
    if chown and "link" in copy.flags.on and not all(part.isdecimal() for part in chown.split(":", 1) if part):
        raise RefusedError("--link needs numbers in --chown, because its layer has no file with names of users")
    if checksum:
        if len(copy.sources) != 1:
            raise RefusedError("--checksum goes with exactly one source")
        if sources and source_kind(sources[0])[0] == "path":
            raise RefusedError("--checksum goes with a URL or a git repository only")


def _valid_mode(chmod: str) -> bool:
    if _OCTAL.fullmatch(chmod):
        return int(chmod, 8) <= 0o7777
    return _SYMBOLIC.fullmatch(chmod) is not None


def path_selector(copy: Copy, source: str, text: str, line: int) -> Selector:
    """Make the selector of a source that is a path of a context.

    Raises:
        RefusedError: ``COPY --parents`` of a context's root, which always fails.
    """
    exclude = copy.flags.repeated.get("exclude", ())
    if "parents" not in copy.flags.on:
        path = root_relative(source)
        wild = is_wild(path)
        return Selector("add" if copy.add else "copy", path, wild, False, exclude, line, text, not wild)
    before, separator, behind = source.partition("/./")
    pivot, pattern = (before, behind) if separator else ("", source)
    path = root_relative(pattern)
    if not path and not separator:
        raise RefusedError(
            f"COPY --parents cannot take the root of a context ({text})", next_step="Name the files to copy."
        )
    required = not is_wild(pivot) and not is_wild(path)
    pivot = root_relative(pivot)
    whole = root_relative(f"{pivot}/{path}")
    return Selector("copy", whole, is_wild(whole), True, exclude, line, text, required, pivot)
