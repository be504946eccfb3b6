"""``ImageChecks``: what a program asks of its images before they are tagged.

Decides what may be written and how a wrong value is refused, at preview and with its property path. Leaves the normal
form to ``core.image_checks``, the rules and their default levels to ``checks.image``, which is imported by a program
that has checks.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from fast_container.core.image_checks import CheckSettings
from fast_container.core.oci.scan import SEVERITIES
from fast_container.core.spelling import did_you_mean
from fast_container.errors import ArgsError, bracketed
from fast_container.shapes import (
    check_choice,
    check_mapping,
    check_path,
    check_plain,
    check_strings,
    one_line_refusals,
    shown,
)

_LEVELS: Final = ("error", "warning", "off")
_MOST: Final = 1 << 60
_LONGEST_S: Final = 24 * 3600


@one_line_refusals
@dataclass(frozen=True, slots=True, kw_only=True)
class ImageChecks:
    """What an image has to satisfy; an empty one checks all rules with their default levels.

    Attributes:
        max_size: Budget of all layers, compressed, as a registry stores and a pull moves them: ``"250 MB"`` or bytes.
        max_unpacked: Budget of all layers, unpacked, as Lambda and ``docker images`` count.
        max_layer: Budget of each layer, compressed.
        max_growth: How much larger than the image before it may be, compressed: ``"10%"``, ``"20 MB"`` or bytes.
        rules: Rule → ``error``, ``warning`` or ``off``, in place of what holds for ``runs_on``: ``{"V02": "error"}``.
        required: Paths that must be in the image; ``*`` stands for anything.
        forbidden: Paths that must not be in it, likewise.
        structure: A file of container-structure-test (YAML or JSON), relative to the program's working directory.
        waivers: Findings that are accepted, in the words of a Dockerfile's comment:
            ``"skip=V02 until=2027-03-01 the worker calls git"``.
        max_fixable: The gravest severity that a finding of ECR's scan may have if a newer package mends it: ``"HIGH"``
            refuses critical ones, ``"NONE"`` all. None (default) asks for no scan.
        scan_wait_s: The scan is waited for so long, in seconds; then the image is refused. Default: 300.
    """

    max_size: str | int | None = None
    max_unpacked: str | int | None = None
    max_layer: str | int | None = None
    max_growth: str | int | None = None
    rules: Mapping[str, str] = field(default_factory=dict[str, str])
    required: Sequence[str] = ()
    forbidden: Sequence[str] = ()
    structure: str | os.PathLike[str] | None = None
    waivers: Sequence[str] = ()
    max_fixable: str | None = None
    scan_wait_s: float | None = None


def check_image_checks(value: object, property_path: str) -> CheckSettings:
    """Return the settings in their normal form.

    Raises:
        ArgsError: One of them cannot be right.
    """
    check_plain(value, property_path)
    if not isinstance(value, ImageChecks):
        raise ArgsError(
            f"{shown(value)} is not what an image is checked for.",
            property_path=property_path,
            next_step='Give checks=ImageChecks(max_size="250 MB"), or None for an image of a fleet without checks.',
        )
    growth, growth_bytes = _growth(value.max_growth, f"{property_path}.max_growth")
    return CheckSettings(
        max_size_bytes=_size(value.max_size, f"{property_path}.max_size"),
        max_unpacked_bytes=_size(value.max_unpacked, f"{property_path}.max_unpacked"),
        max_layer_bytes=_size(value.max_layer, f"{property_path}.max_layer"),
        max_growth=growth,
        max_growth_bytes=growth_bytes,
        rules=_rules(value.rules, f"{property_path}.rules"),
        required=_paths(value.required, f"{property_path}.required"),
        forbidden=_paths(value.forbidden, f"{property_path}.forbidden"),
        structure="" if value.structure is None else _structure(value.structure, f"{property_path}.structure"),
        waivers=_waivers(value.waivers, f"{property_path}.waivers"),
        **_scan(value, property_path),
    )


def _scan(checks: ImageChecks, property_path: str) -> dict[str, Any]:
    most, wait_s = checks.max_fixable, checks.scan_wait_s
    if most is None and wait_s is not None:
        raise ArgsError(
            "scan_wait_s counts only with max_fixable.",
            property_path=f"{property_path}.scan_wait_s",
            next_step='Give max_fixable="HIGH", or leave it out.',
        )
    return {
        "max_fixable": "" if most is None else check_choice(most, f"{property_path}.max_fixable", SEVERITIES[:-1]),
        "scan_wait_s": None if wait_s is None else _seconds(wait_s, f"{property_path}.scan_wait_s"),
    }


def _seconds(value: object, property_path: str) -> float:
    check_plain(value, property_path)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value <= _LONGEST_S:
        raise ArgsError(
            f"{shown(value)} is not a time limit.",
            property_path=property_path,
            next_step=f"Give seconds, greater than 0 and at most {_LONGEST_S}.",
        )
    return float(value)


def _size(value: object, property_path: str) -> int | None:
    from fast_container.checks.image.settings import parse_size  # noqa: PLC0415 - see the module

    check_plain(value, property_path)
    if value is None:
        return None
    try:
        size = value if isinstance(value, int) and not isinstance(value, bool) else parse_size(_text(value))
    except ValueError as error:
        raise _wrong_size(value, property_path, str(error)) from None
    if not 0 < size < _MOST:
        raise _wrong_size(value, property_path, "no image has such a size")
    return size


def _growth(value: object, property_path: str) -> tuple[float | None, int | None]:
    from fast_container.checks.image.settings import parse_growth  # noqa: PLC0415 - see the module

    if not isinstance(value, str) or not value.strip().endswith("%"):
        return None, _size(value, property_path)
    try:
        return parse_growth(value)
    except ValueError as error:
        raise _wrong_size(value, property_path, str(error)) from None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("it is neither a string nor a number of bytes")
    return value


def _wrong_size(value: object, property_path: str, why: str) -> ArgsError:
    example = '"250 MB", "1.5 GiB" or bytes' + (', or "10%"' if property_path.endswith("growth") else "")
    return ArgsError(
        f"{property_path} cannot be {shown(value)}.",
        property_path=property_path,
        why=why,
        next_step=f"Give {example}.",
    )


def _rules(value: object, property_path: str) -> dict[str, str]:
    from fast_container.checks.image.catalogue import TITLES  # noqa: PLC0415 - see the module

    found = check_mapping(value, property_path, 'rules={"V02": "error"}')
    for rule in found:
        if rule not in TITLES:
            raise ArgsError(
                f"There is no rule {rule!r}.",
                property_path=f"{property_path}{bracketed(rule)}",
                next_step=did_you_mean(rule, TITLES),
            )
    return {rule: check_choice(level, f"{property_path}{bracketed(rule)}", _LEVELS) for rule, level in found.items()}


def _paths(value: object, property_path: str) -> tuple[str, ...]:
    found = check_strings(value, property_path)
    for index, path in enumerate(found):
        if not path.startswith(("/", "*")) or not path.strip("/"):
            raise ArgsError(
                f"{path!r} is not a path in an image.",
                property_path=f"{property_path}[{index}]",
                why="it must be below the image's root",
                next_step='Begin with "/", or with "*" for any folder.',
            )
    return found


def _structure(value: object, property_path: str) -> str:
    from fast_container.checks.image.structure.reading import (  # noqa: PLC0415 - PyYAML, seldom needed
        read_structure_tests,
    )
    from fast_container.checks.image.structure.written import write_tests  # noqa: PLC0415 - see the module

    path = check_path(value, property_path)
    try:
        return write_tests(read_structure_tests(path, Path(path).read_text(encoding="utf-8")))
    except ArgsError as error:
        why = ": ".join(text for text in (error.where, error.what, error.why) if text)
        raise _wrong_structure(path, property_path, why) from None
    except (OSError, UnicodeDecodeError) as error:
        raise _wrong_structure(path, property_path, str(error)) from None


def _wrong_structure(path: str, property_path: str, why: str) -> ArgsError:
    return ArgsError(
        f"The tests of {path} cannot be read.",
        property_path=property_path,
        why=why,
        next_step="Give a file of container-structure-test, schemaVersion 2.0.0; tests that need a container are for a"
        " file of their own.",
    )


def _waivers(value: object, property_path: str) -> tuple[str, ...]:
    from fast_container.checks.image.configured import waivers_of  # noqa: PLC0415 - see the module

    texts = check_strings(value, property_path)
    for index, waiver in enumerate(waivers_of(texts)):
        wrong = waiver.wrong or ("" if waiver.reason else "it has no reason")
        if wrong:
            raise ArgsError(
                f"The waiver {texts[index]!r} cannot be read.",
                property_path=f"{property_path}[{index}]",
                why=wrong,
                next_step="Write: skip=V02 until=2027-03-01 reason",
            )
    return texts
