"""The lines with which a remote build reports its progress, among the plain lines of its log.

Decides their form: a mark, a space, a JSON object with one member. A line without the mark is plain log. A build of
several images says of each line which image it is about. What would let an image through unchecked is believed with a
proof alone: steps of a Dockerfile may print anything, and do not know the build's id.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any, Final, cast

from fast_container.core.json_document import parse_json

MARK: Final = "##fast-container"
PROGRESS: Final = "progress"
NOTE: Final = "note"
WARNING: Final = "warning"
BUILT: Final = "built"
FAILED: Final = "failed"
CHUNKS_UNUSABLE: Final = "parts_unusable"
# Insight: when each phase of the build began and ended. To programs that do not know this kind it is plain log.
TIMES: Final = "times"
# A line about one image of a build that builds several.
OF: Final = "of"
_IMAGE: Final = "image"
# Among the absent chunks: the program that the launcher runs. The launcher has none of our modules and repeats this.
PROGRAM: Final = "program"


def write_line(kind: str, content: Any) -> str:
    """Return one marked line, without its end."""
    return f"{MARK} {json.dumps({kind: content})}"


def write_line_of(image: str, kind: str, content: Any) -> str:
    """Return one line about one image of several.

    Args:
        image: Its name, from ``image_name``.
        kind: As for ``write_line``.
        content: Likewise.
    """
    return write_line(OF, {_IMAGE: image, kind: content})


def as_plain(log: str) -> str:
    """Return a log whose lines are plain log for ``read_line``, whatever they begin with."""
    return "\n".join(f"| {line}" if line.strip().startswith(MARK) else line for line in log.split("\n"))


def checked_proof(build_id: str, image: str, digest: str, checked: str) -> str:
    """Return the digits that only who knows the build's id can print: that an image was checked by such settings.

    Args:
        build_id: CodeBuild's, which ends in a random number; steps of an image never see it.
        image: Its name, from ``image_name``.
        digest: What was checked.
        checked: Fingerprint of the settings.
    """
    return hmac.new(build_id.encode(), f"{image}\n{digest}\n{checked}".encode(), hashlib.sha256).hexdigest()


def image_name(key: str, repository_url: str) -> str:
    """Return the name that tells an image of a build from the others: of one key there may be several repositories."""
    return f"{key}@{repository_url}"


def image_line(content: Mapping[str, Any]) -> tuple[str, str, Any]:
    """Return image, kind and content of a line about one image of several, as ``read_line`` has read it."""
    (kind,) = content.keys() - {_IMAGE}
    return content[_IMAGE], kind, content[kind]


def read_line(line: str) -> tuple[str, Any] | None:
    """Return kind and content of a marked line; None for plain log, and for a line that only looks marked.

    A step of a Dockerfile may print anything, this mark too.
    """
    mark, _, text = line.strip().partition(" ")
    if mark != MARK:
        return None
    try:
        found: object = parse_json(text)
    except ValueError:
        return None
    if not isinstance(found, dict) or len(cast("dict[str, Any]", found)) != 1:
        return None
    kind, content = next(iter(cast("dict[str, Any]", found).items()))
    return (kind, content) if _has_shape(kind, content) else None


def _has_shape(kind: str, content: object) -> bool:
    if kind in (PROGRESS, NOTE, WARNING):
        return isinstance(content, str)
    shape = _SHAPES.get(kind)
    return shape is not None and isinstance(content, dict) and shape(cast("dict[str, object]", content))


def _is_end_without_chunks(given: dict[str, object]) -> bool:
    return all(_is_texts(given.get(name)) for name in ("absent", "damaged"))


def _is_end_with_image(given: dict[str, object]) -> bool:
    counts = all(isinstance(given.get(name, 0), int) for name in ("steps", "cached", "pushed"))
    texts = all(isinstance(given.get(name, ""), str) for name in ("checked", "proof"))
    return counts and texts and isinstance(given.get("turn_s", 0), int | float)


def _is_failure(given: dict[str, object]) -> bool:
    texts = all(isinstance(given.get(name, ""), str) for name in ("what", "why", "next", "where", "type", "step"))
    code = given.get("exit_code")
    return texts and isinstance(code, int | None) and _is_texts(given.get("last_lines", []))


def _are_times(given: dict[str, object]) -> bool:
    return isinstance(given.get("phases"), dict)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in cast("list[object]", value))


def _is_about_an_image(given: dict[str, object]) -> bool:
    kinds = list(given.keys() - {_IMAGE})
    is_one = isinstance(given.get(_IMAGE), str) and len(kinds) == 1 and kinds != [OF]
    return is_one and _has_shape(kinds[0], given[kinds[0]])


_SHAPES: Final = {
    OF: _is_about_an_image,
    CHUNKS_UNUSABLE: _is_end_without_chunks,
    BUILT: _is_end_with_image,
    FAILED: _is_failure,
    TIMES: _are_times,
}
