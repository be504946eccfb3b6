"""The image checks of one image: the settings in their normal form.

Decides the form in which they travel: in the program file, in the plan of a remote build, in the state's record. Their
``fingerprint`` stands for them where only a difference counts. They never count in a build key: the same content is the
same image, however it is checked. Leaves what a program may write to ``image_checks``, and the rules to
``checks.image``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, cast

from fast_container.core.json_document import as_string, as_string_mapping, as_strings, parse_object

_DIGITS = 32


@dataclass(frozen=True, slots=True)
class CheckSettings:
    """What an image has to satisfy beside what its place refuses in any case.

    Attributes:
        max_size_bytes: Of all layers, compressed; None for any.
        max_unpacked_bytes: Of all layers, unpacked; None for any.
        max_layer_bytes: Of one layer, compressed; None for any.
        max_growth: Compressed, against the image before, as a share; None for any.
        max_growth_bytes: Likewise, in bytes.
        rules: Rule → ``error``, ``warning`` or ``off``, in place of what holds by ``runs_on``.
        required: Paths that must be there.
        forbidden: Paths that must not be there.
        structure: Document of container-structure-test, as JSON; ``""`` for none.
        waivers: In the words of a Dockerfile's comment: ``skip=V02 until=2027-03-01 reason``.
        max_fixable: The gravest severity of a scan's findings with a fix that is let through; ``""`` asks for no scan.
        scan_wait_s: The scan is waited for so long; None is the default.
    """

    max_size_bytes: int | None = None
    max_unpacked_bytes: int | None = None
    max_layer_bytes: int | None = None
    max_growth: float | None = None
    max_growth_bytes: int | None = None
    rules: Mapping[str, str] = field(default_factory=dict[str, str])
    required: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    structure: str = ""
    waivers: tuple[str, ...] = ()
    max_fixable: str = ""
    scan_wait_s: float | None = None

    def as_json(self) -> dict[str, Any]:
        """Fields of a document; ``read_check_settings`` reads them. What is not set is not written."""
        default = CheckSettings()
        return {
            name: list(cast("tuple[str, ...]", value)) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
            if value != getattr(default, name)
        }

    @property
    def fingerprint(self) -> str:
        """Digits that differ for other settings."""
        text = json.dumps(self.as_json(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]

    def recorded(self, rules_version: int) -> str:
        """The settings as a stack's record has them, with the version of the rules that they are applied to."""
        document = {**self.as_json(), "rules_version": rules_version}
        if self.structure:
            document["structure"] = hashlib.sha256(self.structure.encode()).hexdigest()[:_DIGITS]
        return json.dumps(document, sort_keys=True, separators=(",", ":"))


def recorded_changes(before: str, after: str) -> str:
    """Say in a few words how two recorded settings differ; ``""`` where they do not."""
    old, new = _flat(before), _flat(after)
    changed = [
        f"{name}: {old.get(name, 'none')} → {new.get(name, 'none')}"
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]
    return ", ".join(changed)


def _flat(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in (parse_object(text) if text else {}).items():
        if isinstance(value, dict):
            found |= {key: str(one) for key, one in cast("dict[str, object]", value).items()}
        else:
            found[name] = json.dumps(value)
    return found


def read_check_settings(document: object) -> CheckSettings | None:
    """Read the form of ``CheckSettings.as_json``; None for null.

    Raises:
        TypeError: A field is of another type.
        ValueError: A field that this version does not know: it would check less than was asked for.
    """
    if document is None:
        return None
    if not isinstance(document, dict):
        raise TypeError(f"a {type(document).__name__} instead of an object")
    given = cast("dict[str, Any]", document)
    known = {one.name for one in fields(CheckSettings)}
    for name in given:
        if name not in known:
            raise ValueError(f"{name!r} is not a setting of image checks here")
    return CheckSettings(
        max_size_bytes=_size(given, "max_size_bytes"),
        max_unpacked_bytes=_size(given, "max_unpacked_bytes"),
        max_layer_bytes=_size(given, "max_layer_bytes"),
        max_growth=_number(given, "max_growth"),
        max_growth_bytes=_size(given, "max_growth_bytes"),
        rules=as_string_mapping(given.get("rules", {})),
        required=as_strings(given.get("required", [])),
        forbidden=as_strings(given.get("forbidden", [])),
        structure=as_string(given.get("structure", "")),
        waivers=as_strings(given.get("waivers", [])),
        max_fixable=as_string(given.get("max_fixable", "")),
        scan_wait_s=_number(given, "scan_wait_s"),
    )


def _size(given: Mapping[str, Any], name: str) -> int | None:
    value = given.get(name)
    if value is not None and type(value) is not int:
        raise TypeError(f"{name} is not a number of bytes")
    return value


def _number(given: Mapping[str, Any], name: str) -> float | None:
    value: object = given.get(name)
    if value is None:
        return None
    if type(value) not in (int, float):
        raise TypeError(f"{name} is not a number")
    return float(value)  # pyright: ignore[reportArgumentType] - an int or a float
