"""``[tool.fast-container.lint]`` of a ``pyproject.toml``.

Decides which entries there are and what is wrong with one. Leaves finding and reading the file to the caller, and what
a waiver does to ``waivers``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, Final, cast

from fast_container.checks.dockerfile.waivers import Waiver, make_waiver
from fast_container.errors import ArgsError

_KEYS: Final = frozenset(["rule", "rules", "file", "until", "reason"])
_TABLE: Final = "[[tool.fast-container.lint.skip]]"


def waivers_of_settings(text: str, file: str) -> tuple[Waiver, ...]:
    """Read the waivers of a settings file; the patterns of files in it are relative to its folder.

    Raises:
        ArgsError: The file is not TOML, or the table has another form.
    """
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ArgsError(f"{file} is not TOML.", property_path=file, why=str(error)) from None
    settings: Any = document
    for name in ("tool", "fast-container", "lint"):
        settings = cast("dict[str, Any]", settings).get(name, {}) if isinstance(settings, dict) else None
    if not isinstance(settings, dict):
        raise _wrong(file, "it is not a table")
    entries = cast("dict[str, Any]", settings)
    unknown = sorted(set(entries) - {"skip"})
    if unknown:
        raise _wrong(file, f"there is no setting {unknown[0]!r}")
    skips: Any = entries.get("skip", [])
    if not isinstance(skips, list):
        raise _wrong(file, f"skip is not a list of tables: write {_TABLE}")
    return tuple(_waivers(cast("list[Any]", skips), file))


def _waivers(skips: list[Any], file: str) -> Iterator[Waiver]:
    for entry in skips:
        if not isinstance(entry, dict):
            raise _wrong(file, f"an entry of skip is not a table: write {_TABLE}")
        table = cast("dict[str, Any]", entry)
        wrong = next((f"there is no key {key!r}" for key in sorted(set(table) - _KEYS)), "")
        rules: Any = table.get("rules", [table["rule"]] if "rule" in table else [])
        if not isinstance(rules, list) or not all(isinstance(rule, str) for rule in cast("list[Any]", rules)):
            rules, wrong = [], "rules is not a list of ids"
        until = _date(table.get("until"))
        if "until" in table and until is None:
            wrong = f"{table['until']!r} is not a date such as 2027-03-01"
        pattern, reason = str(table.get("file", "*")), str(table.get("reason", "")).strip()
        yield make_waiver(cast("list[str]", rules), pattern, 0, until, reason, (file, 0), wrong)


def _date(value: object) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _wrong(file: str, why: str) -> ArgsError:
    return ArgsError("[tool.fast-container.lint] cannot be read.", property_path=file, why=why)
