"""Prices: what is known of AWS's, with date, region and source, and what a user gives instead.

Decides the names and that a price that no source states is absent, not guessed. Leaves finding ``pyproject.toml`` and
``--price`` to the command line.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, cast

from fast_container.core.spelling import did_you_mean
from fast_container.errors import ArgsError

TABLE: Final = "[tool.fast-container.prices]"
_FLAG: Final = "--price"
_LARGEST: Final = 1_000_000.0
_ABOUT: Final = ("date", "region", "source")


@dataclass(frozen=True, slots=True)
class Price:
    """A price in US dollars, or in whatever the user gives all prices in.

    Attributes:
        value: None where no source was found; what depends on it is then counted and not priced.
        unit: What it is paid for.
        date: When it was valid.
        region: Where it is valid.
        source: Who says so.
    """

    value: float | None
    unit: str
    date: str = "2026-03"
    region: str = "us-east-1"
    source: str = ""


_ECR: Final = "cloudburn.io/blog/amazon-ecr-pricing, which quotes AWS's price page"
_CODEBUILD: Final = "several secondary pages, which agree"
_BLOG: Final = "AWS containers blog, Understanding data transfer costs for AWS container services"
_UNKNOWN: Final = "no page that could be checked: give it"

DEFAULTS: Final[Mapping[str, Price]] = {
    "ecr_storage_gb_month": Price(0.10, "a GB-month of compressed layers", source=_ECR),
    "transfer_gb": Price(0.0, "a GB between ECR and builds or services of one region", source=_BLOG),
    "codebuild_small_minute": Price(0.005, "a minute of general1.small on Linux", source=_CODEBUILD),
    "codebuild_medium_minute": Price(0.010, "a minute of general1.medium on Linux", source=_CODEBUILD),
    "codebuild_large_minute": Price(0.020, "a minute of general1.large on Linux", source=_CODEBUILD),
    "codebuild_xlarge_minute": Price(None, "a minute of general1.xlarge on Linux", source=_UNKNOWN),
    "codebuild_2xlarge_minute": Price(None, "a minute of general1.2xlarge on Linux", source=_UNKNOWN),
    "codebuild_arm_small_minute": Price(None, "a minute of arm1.small", source=_UNKNOWN),
    "codebuild_arm_medium_minute": Price(None, "a minute of arm1.medium", source=_UNKNOWN),
    "codebuild_arm_large_minute": Price(None, "a minute of arm1.large", source=_UNKNOWN),
    "codebuild_arm_xlarge_minute": Price(None, "a minute of arm1.xlarge", source=_UNKNOWN),
    "codebuild_arm_2xlarge_minute": Price(None, "a minute of arm1.2xlarge", source=_UNKNOWN),
    "codebuild_other_minute": Price(
        None, "a minute of a machine of a fleet, or one that is not recorded", source=_UNKNOWN
    ),
    "developer_hour": Price(None, "an hour of a developer", source="yours to say"),
}


def prices_of(settings: str, file: str, given: Iterable[str]) -> dict[str, Price]:
    """The defaults, changed by a settings file and then by the command line.

    Args:
        settings: Content of ``pyproject.toml``; "" without one.
        file: Its name, for messages.
        given: ``NAME=VALUE`` each.

    Raises:
        ArgsError: There is no such price, or a value is not one.
    """
    prices = {**DEFAULTS, **_of_file(settings, file)}
    for text in given:
        name, is_there, value = text.partition("=")
        if not is_there:
            raise ArgsError(f"{text!r} is not NAME=VALUE.", property_path=_FLAG, next_step=_known(name))
        prices[name] = _changed(name, value, _FLAG, {"date": "today", "source": _FLAG, "region": "yours"})
    return prices


def _of_file(settings: str, file: str) -> dict[str, Price]:
    try:
        found: Any = tomllib.loads(settings)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ArgsError(f"{file} is not TOML.", property_path=file, why=str(error)) from None
    for name in ("tool", "fast-container", "prices"):
        found = cast("dict[str, Any]", found).get(name, {}) if isinstance(found, dict) else None
    if not isinstance(found, dict):
        raise ArgsError(f"{TABLE} is not a table.", property_path=file)
    table = cast("dict[str, Any]", found)
    about = {"date": "", "region": "yours", "source": file}
    for name in _ABOUT:
        if name in table:
            about[name] = _about(table[name], name, file)
    return {name: _changed(name, value, file, about) for name, value in table.items() if name not in _ABOUT}


def _about(value: object, name: str, file: str) -> str:
    if isinstance(value, (str, date)):
        return str(value)
    raise ArgsError(f"{name} of {TABLE} is not a string.", property_path=file)


def _changed(name: str, value: object, where: str, about: Mapping[str, str]) -> Price:
    usual = DEFAULTS.get(name)
    if usual is None:
        raise ArgsError(f"There is no price {name!r}.", property_path=where, next_step=_known(name))
    try:
        number = float(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else math.nan
    except ValueError:
        number = math.nan
    if not 0 <= number <= _LARGEST:
        raise ArgsError(
            f"The price {name} is {value!r}, which is not an amount.",
            property_path=where,
            next_step="Give a number such as 0.10; its currency is that of all others, US dollars.",
        )
    return Price(number, usual.unit, about["date"], about["region"], about["source"])


def _known(name: str) -> str:
    return did_you_mean(name, DEFAULTS)
