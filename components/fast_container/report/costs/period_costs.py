"""The figures of one period, each with its formula.

Decides the figures, their notes and what each lacks. A developer's time is a line of its own that is in no sum, and is
priced only if the user gives a rate: it dwarfs the rest, and rests on people who wait and do nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fast_container.core.spelling import counted, size_text
from fast_container.report.costs.figure import GB, Figure, price_text, storage_figure
from fast_container.report.costs.prices import DEFAULTS, Price
from fast_container.report.costs.usage import Usage

Prices = Mapping[str, Price]
_DEFAULT_REGION: Final = DEFAULTS["ecr_storage_gb_month"].region


def period_figures(usage: Usage, prices: Prices) -> list[Figure]:
    """All figures of a period."""
    return [
        *_storage(usage, prices),
        _machines(usage, prices),
        _transfer(usage, prices),
        _waiting(usage, prices),
        _not_run(usage),
        _cached(usage),
        _exports(usage),
    ]


def _storage(usage: Usage, prices: Prices) -> list[Figure]:
    of = usage.stored
    notes = ["compressed bytes, which ECR bills; `docker images` shows unpacked ones, two to three times as many"]
    if of.by_image_bytes > of.in_use_bytes:
        notes.append(
            f"a layer counts once in its repository; counted for each image it would be {size_text(of.by_image_bytes)}"
        )
    missing = [f"the size of {counted(of.unsized, 'image')} is in no record"] * bool(of.unsized)
    if of.unshared:
        missing.append(f"{counted(of.unshared, 'record')} of an older version without layers: shared ones count again")
    region = prices["ecr_storage_gb_month"].region
    if region == _DEFAULT_REGION and of.regions - {region}:
        missing.append(
            f"the repositories are in {', '.join(sorted(of.regions))}, the price is of {region}: give --price"
        )
    if of.elsewhere:
        missing.append(f"{counted(of.elsewhere, 'image')} in a registry that is not ECR, priced as if it were")
    older = (
        "what was built in the period and has been replaced, if nothing has removed it",
        "no record holds untagged images (failed checks, replaced caches), which are billed until a rule removes them",
    )
    price = prices["ecr_storage_gb_month"].value or 0.0
    return [
        storage_figure("storage", "Storage of the images in use", of.in_use_bytes, price, tuple(notes), tuple(missing)),
        storage_figure("older_storage", "Storage of older images", of.older_bytes, price, older),
    ]


def _machines(usage: Usage, prices: Prices) -> Figure:
    of = usage.machines
    priced = {name: prices[name].value for name in of.by_price}
    terms = [
        f"{minutes} min × {price_text(value)}" if (value := priced[name]) is not None else f"{minutes} min × ?"
        for name, minutes in sorted(of.by_price.items())
    ]
    absent = [name for name, value in sorted(priced.items()) if value is None]
    missing = [f"no price {name}: give --price {name}=…" for name in absent]
    if of.unknown:
        missing.append(
            f"{counted(of.unknown, 'image')} of {of.images} without its machine in the record, as failed ones: each"
            " counts as a machine of its own"
        )
    notes = (
        f"{counted(of.images, 'image')} on {counted(of.machines, 'machine')}; a machine that built several counts once",
        "whole minutes from the queue's end; the account's 100 free minutes a month are not taken off",
    )
    total = sum(minutes * (priced[name] or 0.0) for name, minutes in of.by_price.items())
    return Figure(
        "machines",
        "Machines on CodeBuild",
        "cost",
        of.minutes,
        "min",
        None if absent else total,
        " + ".join(terms) or "no image was built there",
        {"minutes": of.minutes, "machines": of.machines, "images": of.images},
        tuple(sorted(of.by_price)),
        notes if of.images else (),
        tuple(missing),
    )


def _transfer(usage: Usage, prices: Prices) -> Figure:
    gigabytes, price = usage.pushed_bytes / GB, prices["transfer_gb"].value or 0.0
    return Figure(
        "transfer",
        "Transfer to repositories",
        "cost",
        gigabytes,
        "GB",
        gigabytes * price,
        f"{gigabytes:.3f} GB pushed × {price_text(price)}",
        {"gigabytes": gigabytes},
        ("transfer_gb",),
        (
            "ECR and what builds or runs in its region pay nothing; behind a NAT gateway it is about"
            " --price transfer_gb=0.045",
        ),
        ("pulls by services are in no record; Lambda does not pull an image when it starts, ECS and EKS do",),
    )


def _waiting(usage: Usage, prices: Prices) -> Figure:
    hours, rate = usage.people_s / 3600, prices["developer_hour"].value
    people = usage.runs - usage.ci_runs
    return Figure(
        "waiting",
        "Time that people waited for images",
        "time",
        hours,
        "h",
        None if rate is None else hours * rate,
        f"{hours:.2f} h × {price_text(rate)}" if rate is not None else f"{hours:.2f} h of {counted(people, 'run')}",
        {"hours": hours, "runs": people, "ci_hours": usage.ci_s / 3600, "ci_runs": usage.ci_runs},
        ("developer_hour",),
        (
            "from the first image's beginning to the last one's end: parallel builds count once",
            f"{counted(usage.ci_runs, 'run')} of CI with {usage.ci_s / 3600:.2f} h are not in it",
            "in no sum: it holds only for people who wait and do nothing else",
        ),
        () if rate is not None else ("no price developer_hour: give --price developer_hour=…",),
    )


def _not_run(usage: Usage) -> Figure:
    of = usage.not_run
    unchanged = usage.outcomes.get("unchanged", 0)
    return Figure(
        "not_run",
        "Builds that need not run",
        "benefit",
        of.seconds / 60,
        "min",
        None,
        f"{counted(of.known, 'image')} reused or copied × their own build's minutes, else the usual ones",
        {"minutes": of.seconds / 60, "images": of.known, "unchanged": unchanged},
        (),
        (f"{counted(unchanged, 'image')} unchanged are not in it: nothing asked for those builds",),
        (f"{counted(of.unknown, 'image')} without a recorded build: unknown minutes",) * bool(of.unknown),
    )


def _cached(usage: Usage) -> Figure:
    of = usage.cached
    return Figure(
        "cached_steps",
        "Steps out of a cache",
        "benefit",
        of.seconds / 60,
        "min",
        None,
        f"{counted(of.known, 'step')} × the median minutes of those times it ran",
        {"minutes": of.seconds / 60, "steps": of.known},
        (),
        ("steps of stages that run side by side are added up: not the time that a build was shorter",),
        (f"{counted(of.unknown, 'step')} never ran in a record: unknown minutes",) * bool(of.unknown),
    )


def _exports(usage: Usage) -> Figure:
    minutes = usage.export_s / 60
    return Figure(
        "cache_exports",
        "Time for cache exports",
        "time",
        minutes,
        "min",
        None,
        f"{minutes:.1f} min in which caches went to a registry",
        {"minutes": minutes},
        (),
        ("in the builds' minutes already",) * bool(minutes),
    )
