"""Versions and version specifiers of Python distributions: which ones cannot hold together.

Decides whether a version satisfies a specifier and whether two specifiers exclude each other, after PEP 440. Says
"not known" (None, or no conflict) for everything it does not fully understand: a conflict is claimed only where there
is one. Leaves where specifiers come from to ``python_base.requirements.requirement``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_VERSION: Final = re.compile(
    r"""v?(?:(?P<epoch>[0-9]+)!)?(?P<release>[0-9]+(?:\.[0-9]+)*)
    (?:[-_.]?(?P<pre>alpha|a|beta|b|preview|pre|c|rc)[-_.]?(?P<pre_number>[0-9]*))?
    (?:-(?P<post_bare>[0-9]+)|[-_.]?(?P<post>post|rev|r)[-_.]?(?P<post_number>[0-9]*))?
    (?:[-_.]?(?P<dev>dev)[-_.]?(?P<dev_number>[0-9]*))?
    (?:\+(?P<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?""",
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_SPECIFIER: Final = re.compile(r"(===|==|!=|<=|>=|~=|<|>)\s*([^\s,;)]+)")
_PRE_RANK: Final = {"a": 0, "alpha": 0, "b": 1, "beta": 1, "c": 2, "rc": 2, "pre": 2, "preview": 2}

_Key = tuple[int, tuple[int, ...], tuple[int, int], int, float]


@dataclass(frozen=True, slots=True)
class Version:
    """A version that PEP 440 allows; equal and ordered as PEP 440 says, the local part apart.

    Attributes:
        epoch: 0 where none is written.
        release: Without trailing zeros, except the first number.
        pre: (rank of a, b, rc; number), or None.
        post: Number, or None.
        dev: Number, or None.
        local: Lower case, joined by dots, or "".
        written_release: The release as it was written, for ``~=``.
    """

    epoch: int
    release: tuple[int, ...]
    pre: tuple[int, int] | None
    post: int | None
    dev: int | None
    local: str
    written_release: tuple[int, ...]

    @property
    def key(self) -> _Key:
        """Sorts as PEP 440 does: dev before pre before final before post."""
        if self.pre is not None:
            pre = self.pre
        elif self.post is None and self.dev is not None:
            pre = (-1, 0)
        else:
            pre = (3, 0)
        post = -1 if self.post is None else self.post
        dev = float("inf") if self.dev is None else float(self.dev)
        return (self.epoch, self.release, pre, post, dev)

    @property
    def is_prerelease(self) -> bool:
        """Whether it is a pre-release or a development release."""
        return self.pre is not None or self.dev is not None


def parse_version(text: str) -> Version | None:
    """The version, or None for what PEP 440 does not allow."""
    found = _VERSION.fullmatch(text.strip())
    if found is None:
        return None
    written = tuple(int(part) for part in found["release"].split("."))
    post = found["post_bare"] if found["post_bare"] is not None else (found["post"] and (found["post_number"] or "0"))
    return Version(
        epoch=int(found["epoch"] or 0),
        release=_without_zeros(written),
        pre=(_PRE_RANK[found["pre"].lower()], int(found["pre_number"] or 0)) if found["pre"] else None,
        post=int(post) if post else None,
        dev=int(found["dev_number"] or 0) if found["dev"] else None,
        local=re.sub(r"[-_]", ".", found["local"].lower()) if found["local"] else "",
        written_release=written,
    )


def split_specifiers(text: str) -> tuple[str, ...] | None:
    """``>=1, <2`` → ``("<2", ">=1")``: sorted, without blanks and repetitions; None for what cannot be read."""
    parts = [part.strip() for part in text.split(",")]
    if parts and not parts[-1]:
        parts.pop()
    found = [_SPECIFIER.fullmatch(part) for part in parts]
    if not all(found):
        return None
    return tuple(sorted({f"{match[1]}{match[2]}" for match in found if match}))


def exact_version(specifier: str) -> str:
    """``1.2`` of ``==1.2``; "" for all else, ``==1.*`` among it."""
    if specifier.startswith("==="):
        return specifier[3:]
    return specifier[2:] if specifier.startswith("==") and not specifier.endswith(".*") else ""


def satisfies(version: str, specifier: str) -> bool | None:
    """Whether a version satisfies one specifier; None where that is not known.

    Whether pre-releases are wanted at all is not asked: an exact version was asked for.
    """
    found = _SPECIFIER.fullmatch(specifier)
    candidate = parse_version(version)
    if found is None:
        return None
    operator, operand = found[1], found[2]
    if operator == "===":
        return True if operand.lower() == version.lower() else None
    if candidate is None:
        return None
    if operand.endswith(".*"):
        prefix = parse_version(operand[:-2])
        if prefix is None or operator not in ("==", "!="):
            return None
        return _has_prefix(candidate, prefix) == (operator == "==")
    bound = parse_version(operand)
    return None if bound is None else _compare(operator, candidate, bound)


def contradict(left: str, right: str) -> bool:
    """Whether no version can satisfy both specifiers; False where that is not known."""
    for one, other in ((left, right), (right, left)):
        version = exact_version(one)
        if version:
            return satisfies(version, other) is False and not _both_local(one, other)
    low, high = _range(left), _range(right)
    if low is None or high is None:
        return False
    return _apart(low, high) or _apart(high, low)


def _compare(operator: str, candidate: Version, bound: Version) -> bool:
    plain, limit = candidate.key, bound.key
    if operator in ("==", "!="):
        equal = plain == limit and (not bound.local or bound.local == candidate.local)
        return equal == (operator == "==")
    if operator == "<=":
        return plain <= limit
    if operator == ">=":
        return plain >= limit
    if operator == "<":
        return plain < _below(bound)
    if operator == ">":
        return plain > limit and not _is_post_of(candidate, bound)
    prefix = _parent(bound)
    return prefix is not None and plain >= limit and _has_prefix(candidate, prefix)


def _both_local(left: str, right: str) -> bool:
    # ``==1.0`` beside ``==1.0+cpu``: the one with the local part satisfies both.
    version, other = exact_version(left), exact_version(right)
    return bool(version and other) and satisfies(other, left) is not False


def _below(bound: Version) -> _Key:
    """The limit of ``<``: pre-releases of a version count as that version, unless one of them is named."""
    return bound.key if bound.is_prerelease else _first_of(bound)


def _is_post_of(candidate: Version, bound: Version) -> bool:
    """Whether ``>`` leaves a post-release of its version out."""
    same = (candidate.epoch, candidate.release, candidate.pre) == (bound.epoch, bound.release, bound.pre)
    return same and candidate.post is not None and bound.post is None and bound.dev is None


def _has_prefix(candidate: Version, prefix: Version) -> bool:
    length = len(prefix.written_release)
    padded = (candidate.release + (0,) * length)[:length]
    return candidate.epoch == prefix.epoch and padded == prefix.written_release


def _parent(version: Version) -> Version | None:
    """What ``~=`` lets vary: the release without its last number."""
    written = version.written_release[:-1]
    if not written:
        return None
    return Version(version.epoch, _without_zeros(written), None, None, None, "", written)


@dataclass(frozen=True, slots=True)
class _Range:
    low: _Key | None = None
    low_open: bool = False
    high: _Key | None = None
    high_open: bool = False


def _range(specifier: str) -> _Range | None:
    """The interval in which all satisfying versions lie; it may be wider than what satisfies."""
    found = _SPECIFIER.fullmatch(specifier)
    if found is None or found[1] in ("===", "!="):
        return None
    operator, operand = found[1], found[2]
    if operand.endswith(".*"):
        prefix = parse_version(operand[:-2])
        if prefix is None or operator != "==":
            return None
        return _Range(low=_first_of(prefix), high=_after(prefix), high_open=True)
    bound = parse_version(operand)
    return None if bound is None else _range_of(operator, bound)


def _range_of(operator: str, bound: Version) -> _Range | None:
    if operator in (">", ">="):
        return _Range(low=bound.key, low_open=operator == ">")
    if operator == "<=":
        return _Range(high=bound.key)
    if operator == "<":
        return _Range(high=_below(bound), high_open=True)
    parent = _parent(bound) if operator == "~=" else None
    return None if parent is None else _Range(low=bound.key, high=_after(parent), high_open=True)


def _first_of(version: Version) -> _Key:
    """Before all releases of that release number, or of that post-release."""
    post = -1 if version.post is None else version.post
    pre = (3, 0) if version.post is not None else (-1, 0)
    return (version.epoch, version.release, pre, post, 0.0)


def _after(prefix: Version) -> _Key:
    written = prefix.written_release
    return (prefix.epoch, _without_zeros((*written[:-1], written[-1] + 1)), (-1, 0), -1, 0.0)


def _apart(left: _Range, right: _Range) -> bool:
    """Whether the left one lies wholly below the right one."""
    if left.high is None or right.low is None:
        return False
    return left.high < right.low or (left.high == right.low and (left.high_open or right.low_open))


def _without_zeros(release: tuple[int, ...]) -> tuple[int, ...]:
    length = len(release)
    while length > 1 and release[length - 1] == 0:
        length -= 1
    return release[:length]
