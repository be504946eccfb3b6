"""``fast-container cost``: a period, two periods, two images, prices, and nonsense."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from fast_container.adapters.records.local_records import LocalRecords
from fast_container.cli import main
from fast_container.core.records.origin import Origin
from fast_container.core.records.record import BuildRecord
from tests.cli.test_image import layout
from tests.layer_images import file, image, zipped

NOW = time.time()
DAY_S = 86_400.0


@pytest.fixture(autouse=True)
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalRecords:
    """An image built 20 days ago with 500 MB and 5 days ago with 400 MB."""
    monkeypatch.setenv("FAST_CONTAINER_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cache").mkdir()
    kept = LocalRecords(tmp_path / "cache")
    for days, size in ((20, 500_000_000), (5, 400_000_000)):
        run, at = f"{days:08x}", NOW - days * DAY_S
        origin = Origin(run, "shop/prod")
        record = BuildRecord("api", "host/name", f"{days:064x}", "sha256:d", "built", at, 30.0, origin=origin)
        values = {name: getattr(record, name) for name in record.__slots__}
        kept.append(run, at, [BuildRecord(**{**values, "image_bytes": size, "layer_bytes": (size,)})])
    return kept


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    assert main(["cost", *words]) == code
    printed = capsys.readouterr()
    return printed.out + printed.err


def test_a_period_has_its_figures_with_formulas_prices_and_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys)
    assert "0.400 GB × $0.10 a GB and month" in text  # in use
    assert "0.500 GB × $0.10 a GB and month" in text  # replaced
    assert "missing: 1 record of an older version without layers" in text
    assert "ecr_storage_gb_month = $0.10 for a GB-month of compressed layers (us-east-1, 2026-03, " in text
    assert "0.500 GB" not in said(capsys, "--since", "7d")
    assert "0.400 GB" not in said(capsys, "--before", "25d..7d")


def test_prices_are_overridden_by_pyproject_and_by_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.fast-container.prices]\necr_storage_gb_month = 1.0\n")
    assert "$0.40 a month" in said(capsys)
    assert "$0.80 a month" in said(capsys, "--price", "ecr_storage_gb_month=2")


def test_two_periods_stand_beside_one_another(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "--before", "30d..10d", "--after", "10d..0d")
    assert "0.50 GB     0.40 GB    -20 %" in text
    document = json.loads(said(capsys, "--before", "30d..10d", "--after", "10d..0d", "--json"))
    storage = document["changes"][0]
    assert (storage["name"], storage["before"], storage["after"]) == ("storage", 0.5, 0.4)
    assert document["prices"]["ecr_storage_gb_month"]["value"] == 0.1
    assert "| Storage of the images in use |" in said(
        capsys, "--before", "30d..10d", "--after", "10d..0d", "--markdown"
    )


def test_two_images_are_compared_from_their_manifests(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base = zipped([file("base", 90_000)])
    places: list[str] = []
    for name, size in (("old", 60_000), ("new", 10_000)):
        content, blobs = image([base, zipped([file(name, size)])], {})
        places.append(layout(tmp_path / name, ("1", content, blobs)))
    words = ("--image", places[1], "--against", places[0])
    document = json.loads(said(capsys, *words, "--json"))
    by_name = {figure["name"]: figure["quantity"] for figure in document["figures"]}
    shared = by_name["image"] + by_name["against"] - by_name["both"]
    assert by_name["pull"] == pytest.approx(by_name["image"] - shared)
    assert shared > 0
    assert "layers of both and count once" in said(capsys, *words)
    assert "layers of both and count once" in said(capsys, *words, "--markdown")


@pytest.mark.parametrize(
    ("words", "about"),
    [
        (("--since", "1h"), "the records on this machine begin"),
        (("--since", "3000-01-01"), "--since"),
        (("--since", "soon"), "--since"),
        (("--before", "1d"), "--before"),
        (("--before", "1d..2d"), "--before"),
        (("--before", "2d..1d", "--since", "3d"), "--since"),
        (("--before", "30d..2d", "--after", "10d..0d"), "--after"),
        (("--stack", "shop/prdo"), "did you mean 'shop/prod'?"),
        (("--price", "nonsense=1"), "--price"),
        (("--image", "x"), "--against"),
        (("--against", "x"), "--image"),
        (("--image", "x", "--against", "y", "--since", "3d"), "--since"),
        (("--image", "A B", "--against", "oci-layout:///x"), "--image"),
    ],
)
def test_nonsense_is_refused_in_one_message(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], about: str
) -> None:
    text = said(capsys, *words, code=2)
    assert text.startswith("fast-container: ")
    assert about in text


def test_settings_that_are_not_toml_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool")
    assert "pyproject.toml is not TOML" in said(capsys, code=2)
