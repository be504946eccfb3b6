"""What builds cost: figures computed by hand, and the mistakes that cost reports make."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from fast_container.core.records.machine import Machine
from fast_container.core.records.origin import Origin
from fast_container.core.records.phases import PhaseSeconds
from fast_container.core.records.record import BuildRecord
from fast_container.core.records.steps import StepRun
from fast_container.errors import ArgsError
from fast_container.report.costs.changes import compare, missing_of
from fast_container.report.costs.figure import Figure, dollars_text, price_text
from fast_container.report.costs.forms import (
    comparison_lines,
    comparison_markdown,
    period_document,
    period_lines,
    period_markdown,
)
from fast_container.report.costs.image_costs import SizedImage, image_figures
from fast_container.report.costs.machines import price_name
from fast_container.report.costs.period_costs import period_figures
from fast_container.report.costs.prices import DEFAULTS, prices_of
from fast_container.report.costs.usage import DAY_S, Period, usage_of

ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/images"
START = 1_790_000_000.0
MB = 1_000_000


def record(name: str = "api", at: float = 0.0, outcome: str = "built", **more: object) -> BuildRecord:
    """A build that began so many seconds after the start."""
    of_run = Origin(run=str(more.pop("run", f"{name}-{at}")), stack="shop/prod", ci=str(more.pop("ci", "")))
    first = BuildRecord(name, ECR, f"{name}-{at}", "sha256:d", "built", START + at, 30.0, origin=of_run)
    return replace(first, outcome=outcome, **more)


def layered(name: str, at: float, **layers: int) -> BuildRecord:
    """A build whose image has these layers, in megabytes."""
    sizes = tuple(size * MB for size in layers.values())
    return record(name, at, layers=tuple(layers), layer_bytes=sizes, image_bytes=sum(sizes), pushed_bytes=sizes[-1])


def on_codebuild(name: str, at: float, machine: str, seconds: float, size: str = "LARGE") -> BuildRecord:
    """An image that a machine built, which left the queue at the start of this test's time."""
    used = Machine(machine, "LINUX_CONTAINER", f"BUILD_GENERAL1_{size}", START)
    return record(name, at, duration_s=seconds, executor="codebuild", machine=used)


def figures(*records: BuildRecord, days: float = 10.0, price: tuple[str, ...] = ()) -> dict[str, Figure]:
    usage = usage_of(Period(START, START + days * DAY_S), records)
    return {figure.name: figure for figure in period_figures(usage, prices_of("", "x", price))}


def test_a_layer_of_two_images_is_stored_once_in_its_repository_and_again_in_another_one() -> None:
    api, worker = layered("api", 0, base=900, a=50), layered("worker", 1, base=900, b=50)
    shared = figures(api, worker)["storage"]
    assert shared.quantity == pytest.approx(1.0)  # 900 + 50 + 50 MB
    assert shared.dollars == pytest.approx(0.10)
    assert "counted for each image it would be 1.90 GB" in " ".join(shared.notes)
    assert figures(api, replace(worker, repository_url=f"{ECR}2"))["storage"].quantity == pytest.approx(1.9)


def test_an_image_that_was_replaced_is_paid_as_an_older_one_with_what_the_new_one_does_not_have() -> None:
    found = figures(layered("api", 0, base=900, a=50), layered("api", 5, base=900, b=70))
    assert found["storage"].quantity == pytest.approx(0.970)
    assert found["older_storage"].quantity == pytest.approx(0.050)
    assert "untagged" in " ".join(found["older_storage"].notes)


def test_an_unchanged_image_has_its_size_from_an_earlier_record_and_without_one_it_is_said() -> None:
    built = layered("api", -DAY_S, base=500)
    unchanged = record("api", 5, "unchanged", key=built.key)
    assert figures(built, unchanged)["storage"].quantity == pytest.approx(0.5)
    assert "the size of 1 image is in no record" in figures(unchanged)["storage"].missing


def test_a_machine_that_built_three_images_is_paid_once_in_whole_minutes() -> None:
    # One machine: 30 s of waiting for others, ends at 150 s: 3 minutes. Another: 61 s: 2 minutes.
    three = [on_codebuild("a", 0, "m:1", 100), on_codebuild("b", 0, "m:1", 150), on_codebuild("c", 20, "m:1", 60)]
    found = figures(*three, on_codebuild("d", 0, "m:2", 61))["machines"]
    assert (found.quantity, found.dollars) == (5, pytest.approx(0.10))
    assert found.formula == "5 min × $0.02"
    assert "4 images on 2 machines" in found.notes[0]


def test_a_price_that_nobody_states_is_missing_until_it_is_given() -> None:
    built = on_codebuild("a", 0, "m:1", 100, "XLARGE")
    machines = figures(built)["machines"]
    assert (machines.dollars, machines.formula) == (None, "2 min × ?")
    assert machines.missing == ("no price codebuild_xlarge_minute: give --price codebuild_xlarge_minute=…",)
    assert figures(built, price=("codebuild_xlarge_minute=0.5",))["machines"].dollars == pytest.approx(1.0)


def test_a_build_whose_machine_is_not_recorded_counts_as_one_of_its_own_and_that_is_said() -> None:
    old = record("a", 0, executor="codebuild", duration_s=59)
    found = figures(old, record("b", 0, executor="codebuild", duration_s=59), price=("codebuild_other_minute=1",))
    assert found["machines"].dollars == pytest.approx(2.0)
    assert "2 images of 2 without its machine" in found["machines"].missing[0]


def test_only_builds_that_something_asked_for_are_spared() -> None:
    built = record("api", -DAY_S, duration_s=120.0)
    again = record("api", 1, "reused", key=built.key)  # 120 s: the build of this key
    other = record("api", 2, "copied", key="other")  # 120 s: the image's usual build
    never = record("new", 3, "reused")  # never built here
    spared = figures(built, again, other, never, record("api", 4, "unchanged"))["not_run"]
    assert (spared.quantity, spared.dollars) == (pytest.approx(4.0), None)
    assert spared.missing == ("1 image without a recorded build: unknown minutes",)
    assert "1 image unchanged are not in it" in spared.notes[0]


def test_a_person_waits_for_a_run_and_not_for_each_of_its_parallel_builds() -> None:
    run = [record(name, 0, run="r", duration_s=1800.0) for name in "abcd"]
    found = figures(*run, record("e", 9000, ci="GitHub Actions", duration_s=3600))["waiting"]
    assert (found.quantity, found.dollars, found.kind) == (pytest.approx(0.5), None, "time")
    assert figures(*run, price=("developer_hour=90",))["waiting"].dollars == pytest.approx(45.0)


def test_a_developers_time_is_in_no_sum() -> None:
    usage = usage_of(Period(START, START + 30 * DAY_S), [layered("api", 0, base=1000)])
    prices = prices_of("", "x", ["developer_hour=90"])
    assert period_document(usage, period_figures(usage, prices))["dollars_a_month"] == pytest.approx(0.10)


def test_steps_out_of_a_cache_are_worth_what_they_took_when_they_ran() -> None:
    ran = StepRun("", 2, 3, "RUN pip", duration_s=60.0)
    hit, unknown = replace(ran, duration_s=0.0, cached=True), StepRun("", 3, 3, "RUN x", cached=True)
    base = StepRun("", 1, 3, "FROM x", cached=True)
    found = figures(
        record(at=-9, timeline=(ran,)),
        record(at=1, timeline=(base, hit, unknown), phases=PhaseSeconds(exporting_cache=90.0)),
    )
    assert found["cached_steps"].quantity == pytest.approx(1.0)
    assert found["cached_steps"].missing == ("1 step never ran in a record: unknown minutes",)
    assert found["cache_exports"].quantity == pytest.approx(1.5)


def test_a_period_begins_with_the_first_record_that_there_is() -> None:
    # Ten dollars in one day are not ten dollars in thirty.
    usage = usage_of(Period(START - 29 * DAY_S, START + DAY_S), [on_codebuild("a", 0, "m", 60)])
    assert usage.period.days == pytest.approx(1.0)
    document = period_document(usage, period_figures(usage, DEFAULTS))
    assert document["dollars_a_month"] == pytest.approx(0.02 * 30)
    assert "of a few days only" in "\n".join(period_lines(usage, period_figures(usage, DEFAULTS), DEFAULTS))


def test_prices_of_another_region_and_registries_that_are_not_ecr_are_said() -> None:
    elsewhere = replace(layered("api", 0, base=1000), repository_url=ECR.replace("us-east-1", "eu-west-1"))
    ghcr = replace(layered("b", 0, base=1000), repository_url="ghcr.io/shop/b")
    missing = figures(elsewhere, ghcr)["storage"].missing
    assert "the repositories are in eu-west-1, the price is of us-east-1: give --price" in missing
    assert "1 image in a registry that is not ECR, priced as if it were" in missing
    assert figures(elsewhere, price=("ecr_storage_gb_month=0.11",))["storage"].missing == ()


def test_periods_of_different_lengths_are_compared_by_thirty_days_and_by_build() -> None:
    # Ten days with two builds of 5 minutes; five days with four builds of 2 minutes.
    before = [on_codebuild(f"a{n}", n, f"m{n}", 300 - n) for n in range(2)]
    after = [on_codebuild(f"b{n}", 10 * DAY_S + n, f"n{n}", 120 - n) for n in range(4)]
    after = [replace(one, machine=replace(one.machine, started=one.started)) for one in after]
    middle, end = START + 10 * DAY_S, START + 15 * DAY_S
    known = [*before, *after]
    both = compare(usage_of(Period(START, middle), known), usage_of(Period(middle, end), known), DEFAULTS)
    machines = next(change for change in both.changes if change.name == "machines")
    assert (machines.before, machines.after) == (pytest.approx(30.0), pytest.approx(48.0))
    assert (machines.before_a_build, machines.after_a_build) == (5.0, 2.0)
    assert (machines.before_dollars, machines.after_dollars) == (pytest.approx(0.60), pytest.approx(0.96))
    assert "0.2 builds a day before, 0.8 after" in both.notes[0]
    assert "2 images before, 4 after" in both.notes[1]
    assert "too few to speak of a month" in both.notes[2]
    assert any("pulls by services are in no record" in what for what in missing_of(both))
    text = "\n".join(comparison_lines(both, DEFAULTS))
    assert "-60 %" in text
    assert "-60 %".replace("-", "\\-") in comparison_markdown(both, DEFAULTS)


def test_two_images_share_layers_in_one_repository_and_compressed_bytes_count() -> None:
    old, new = (
        SizedImage("old", {"base": 900 * MB, "a": 600 * MB}),
        SizedImage("new", {"base": 900 * MB, "b": 100 * MB}),
    )
    found = {figure.name: figure for figure in image_figures(new, old, DEFAULTS)}
    assert {name: round(figure.quantity, 3) for name, figure in found.items()} == {
        "against": 1.5,
        "image": 1.0,
        "change": -0.5,
        "both": 1.6,
        "pull": 0.1,
    }
    assert found["change"].dollars == pytest.approx(-0.05)
    assert found["pull"].dollars == 0.0
    assert "Lambda does not pull an image" in " ".join(found["pull"].notes)


def test_the_arithmetic_of_the_case_studies_comes_out_with_their_inputs_and_their_errors_are_named() -> None:
    # A hundred minutes of a small machine: half a dollar.
    small = [replace(on_codebuild(f"a{n}", 0, f"m{n}", 60, "SMALL")) for n in range(100)]
    assert figures(*small)["machines"].dollars == pytest.approx(0.50)
    # 12.1 GB × $0.10 = $1.21, but of unpacked bytes; and a pull within the region is free.
    stored = figures(layered("ml", 0, all=12_100))
    assert dollars_text(stored["storage"].dollars) == "$1.21"
    assert "`docker images` shows unpacked ones" in stored["storage"].notes[0]
    assert stored["transfer"].dollars == 0.0


@pytest.mark.parametrize(
    ("kind", "size", "name"),
    [
        ("LINUX_CONTAINER", "BUILD_GENERAL1_SMALL", "codebuild_small_minute"),
        ("ARM_CONTAINER", "BUILD_GENERAL1_LARGE", "codebuild_arm_large_minute"),
        ("LINUX_CONTAINER", "BUILD_GENERAL1_2XLARGE", "codebuild_2xlarge_minute"),
        ("LINUX_CONTAINER", "ATTRIBUTE_BASED_COMPUTE", "codebuild_other_minute"),
        ("LINUX_GPU_CONTAINER", "BUILD_GENERAL1_LARGE", "codebuild_other_minute"),
        ("", "", "codebuild_other_minute"),
    ],
)
def test_a_machine_has_the_price_of_its_size_and_architecture(kind: str, size: str, name: str) -> None:
    assert price_name(kind, size) == name


def test_prices_come_from_the_command_line_then_the_settings_then_the_defaults_with_their_source() -> None:
    own = ("region = 'eu-west-1'", "date = 2026-11-01", "transfer_gb = 0.045", "ecr_storage_gb_month = 0.1")
    settings = "\n".join(("[tool.fast-container.prices]", *own))
    prices = prices_of(settings, "pyproject.toml", ["transfer_gb=0.05"])
    stored = prices["ecr_storage_gb_month"]
    assert (stored.value, stored.region, stored.date, stored.source) == (
        0.1,
        "eu-west-1",
        "2026-11-01",
        "pyproject.toml",
    )
    assert (prices["transfer_gb"].value, prices["transfer_gb"].source) == (0.05, "--price")
    assert prices["codebuild_small_minute"] == DEFAULTS["codebuild_small_minute"]
    assert all(price.date and price.region and price.source for price in DEFAULTS.values())
    assert prices_of("[tool.other]", "x", []) == dict(DEFAULTS)


@pytest.mark.parametrize(
    ("settings", "given"),
    [
        ("", ["transfer"]),
        ("", ["nonsense=1"]),
        ("", ["transfer_gb=much"]),
        ("", ["transfer_gb=-1"]),
        ("", ["transfer_gb=nan"]),
        ("", ["transfer_gb=1e99"]),
        ("[tool.fast-container]\nprices = 5", []),
        ("[tool.fast-container.prices]\ntransfer_gb = true", []),
        ("[tool.fast-container.prices]\nnonsense = 1", []),
        ("[tool.fast-container.prices]\ndate = 5", []),
        ("[tool", []),
    ],
)
def test_nonsense_of_prices_is_refused(settings: str, given: list[str]) -> None:
    with pytest.raises(ArgsError):
        prices_of(settings, "pyproject.toml", given)


def test_strings_of_others_are_no_markup_and_documents_are_json() -> None:
    usage = usage_of(Period(START, START + 10 * DAY_S), [layered("a|b", 0, base=10)])
    found = period_figures(usage, DEFAULTS)
    text = period_markdown(usage, found, DEFAULTS)
    assert text.count("\n| ") == len(found) + 1
    assert json.loads(json.dumps(period_document(usage, found)))["is_complete"] is True


def test_small_amounts_keep_their_digits() -> None:
    assert [dollars_text(one) for one in (0.0, 1.206, 0.0042, -0.5, None)] == [
        "$0.00",
        "$1.21",
        "$0.0042",
        "-$0.50",
        "not priced",
    ]
    assert [price_text(one) for one in (0.1, 0.005, 0.0000166667)] == ["$0.10", "$0.005", "$0.000017"]
