"""The metrics that are in log events: the embedded metric format, and metric filters.

Decides what of both the stand-in knows: documents as the specification has them, and of filter patterns those with a
field for each word of a line (``[a="X", b, ...]``) or with conditions on JSON fields that are joined by ``&&``. Leaves
where events come from and where metrics go to :mod:`localcloud.logs_api`.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_FIELD = re.compile(r'(?P<name>\w+)\s*(?:=\s*"(?P<value>[^"]*)")?')
_CONDITION = re.compile(r'\$\.(?P<path>[\w.]+)\s*(?:(?P<absent>NOT EXISTS)|=\s*(?:"(?P<text>[^"]*)"|(?P<any>\*)))')


@dataclasses.dataclass(frozen=True)
class Datum:
    """One data point.

    Attributes:
        timestamp_ms: Milliseconds since the epoch; ``None`` for that of the log event.
    """

    namespace: str
    name: str
    value: float
    unit: str = "None"
    dimensions: tuple[tuple[str, str], ...] = ()
    timestamp_ms: int | None = None


def embedded(message: str) -> Iterator[Datum]:
    """The data points of a log event in the embedded metric format; none of another one, or of one that is wrong."""
    try:
        root: Any = json.loads(message)
        for directive in root["_aws"]["CloudWatchMetrics"]:
            for names in directive["Dimensions"]:
                dimensions = tuple((name, str(root[name])) for name in names)
                for metric in directive["Metrics"]:
                    yield Datum(
                        directive["Namespace"],
                        metric["Name"],
                        float(root[metric["Name"]]),
                        metric.get("Unit", "None"),
                        dimensions,
                        int(root["_aws"]["Timestamp"]),
                    )
    except (KeyError, TypeError, ValueError):
        return


def filtered(pattern: str, transformation: Mapping[str, Any], message: str) -> Datum | None:
    """The data point that a metric filter makes of a log event; ``None`` if it does not match."""
    found = _json_fields(pattern, message) if pattern.startswith("{") else _text_fields(pattern, message)
    if found is None:
        return None
    wanted = str(transformation["metricValue"])
    value = found.get(wanted.removeprefix("$").removeprefix(".")) if wanted.startswith("$") else wanted
    try:
        number = float(str(value))
    except ValueError:
        return None
    return Datum(
        transformation["metricNamespace"],
        transformation["metricName"],
        number,
        transformation.get("unit", "None"),
    )


def _text_fields(pattern: str, message: str) -> Mapping[str, Any] | None:
    fields = [field.strip() for field in pattern.strip().removeprefix("[").removesuffix("]").split(",")]
    words = message.split()
    is_open = fields[-1] == "..."
    fields = fields[:-1] if is_open else fields
    if len(words) < len(fields) or (len(words) > len(fields) and not is_open):
        return None
    found: dict[str, str] = {}
    for field, word in zip(fields, words, strict=False):
        match = _FIELD.fullmatch(field)
        if match is None or (match["value"] is not None and match["value"] != word):
            return None
        found[match["name"]] = word
    return found


def _json_fields(pattern: str, message: str) -> Mapping[str, Any] | None:
    try:
        root: Any = json.loads(message)
    except ValueError:
        return None
    for condition in pattern.strip("{} ").split("&&"):
        match = _CONDITION.fullmatch(condition.strip())
        if match is None:
            return None
        value = _at(root, match["path"])
        if (value is None) is not bool(match["absent"]) or (match["text"] is not None and value != match["text"]):
            return None
    return _Paths(root)


class _Paths(dict[str, Any]):
    """The values of a document by their paths."""

    def __init__(self, root: Any) -> None:
        super().__init__()
        self._root = root

    def get(self, key: str, default: Any = None) -> Any:
        return _at(self._root, key)


def _at(root: Any, path: str) -> Any:
    for name in path.split("."):
        root = root.get(name) if isinstance(root, dict) else None
    return root
