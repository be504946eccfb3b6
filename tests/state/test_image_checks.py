"""``checks=``: what a program may write, and how a wrong value is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fast_container import ImageChecks
from fast_container.checks.image.structure.written import read_tests
from fast_container.core.image_checks import CheckSettings
from fast_container.errors import ArgsError
from fast_container.fleet_images import merged_options
from fast_container.image_checks import check_image_checks
from fast_container.image_options import checked_inputs

URL = "registry.example/shop/images"


def read(**given: Any) -> CheckSettings:
    return check_image_checks(ImageChecks(**given), "checks")


def test_sizes_are_words_or_bytes() -> None:
    assert read(max_size="250 MB", max_layer=1000, max_unpacked="1.5 GiB", max_growth="20 MB") == CheckSettings(
        max_size_bytes=250_000_000, max_layer_bytes=1000, max_unpacked_bytes=1610612736, max_growth_bytes=20_000_000
    )
    assert read(max_growth="10%").max_growth == 0.1


def test_an_empty_one_checks_all_rules_by_their_defaults() -> None:
    assert read() == CheckSettings()


@pytest.mark.parametrize(
    ("given", "path", "said"),
    [
        ({"max_size": "huge"}, "checks.max_size", "not a size"),
        ({"max_size": 0}, "checks.max_size", "cannot be 0"),
        ({"max_layer": True}, "checks.max_layer", "cannot be True"),
        ({"max_growth": "x%"}, "checks.max_growth", "not a growth"),
        ({"rules": {"V99": "error"}}, 'checks.rules["V99"]', "no rule 'V99'"),
        ({"rules": {"V02": "loud"}}, 'checks.rules["V02"]', "'warning'"),
        ({"required": ["app"]}, "checks.required[0]", "not a path in an image"),
        ({"forbidden": "x"}, "checks.forbidden", ""),
        ({"structure": "gone.yaml"}, "checks.structure", "No such file"),
        ({"max_fixable": "BAD"}, "checks.max_fixable", "HIGH"),
        ({"max_fixable": "HIGH", "scan_wait_s": 0}, "checks.scan_wait_s", "not a time limit"),
        ({"scan_wait_s": 60}, "checks.scan_wait_s", "only with max_fixable"),
        ({"waivers": ["V02"]}, "checks.waivers[0]", "begin with skip="),
        ({"waivers": ["skip=V02"]}, "checks.waivers[0]", "no reason"),
        ({"waivers": ["skip=V77 why"]}, "checks.waivers[0]", "no rule 'V77'"),
    ],
)
def test_a_wrong_value_is_refused_with_its_path(given: dict[str, Any], path: str, said: str) -> None:
    with pytest.raises(ArgsError) as caught:
        read(**given)
    assert caught.value.property_path == path
    assert said in str(caught.value)


def test_something_else_is_refused() -> None:
    with pytest.raises(ArgsError, match="is not what an image is checked for"):
        check_image_checks({"max_size": 1}, "checks")


def test_tests_of_a_file_are_taken_as_a_document(tmp_path: Path) -> None:
    place = tmp_path / "tests.yaml"
    place.write_text("schemaVersion: 2.0.0\nfileExistenceTests:\n- name: app\n  path: /app\n  shouldExist: true\n")
    [test] = read_tests(read(structure=place).structure).existence
    assert (test.name, test.path, test.line) == ("app", "/app", 3)
    for wrong in ("- just\n- a list\n", "schemaVersion: 2.0.0\ncommandTests:\n- name: x\n  command: y\n"):
        place.write_text(wrong)
        with pytest.raises(ArgsError, match="cannot be read") as caught:
            read(structure=place)
        assert caught.value.property_path == "checks.structure"


def test_checks_do_not_count_in_what_is_declared() -> None:
    with_checks: Any = {"checks": ImageChecks(max_size=1)}
    inputs = checked_inputs("a", URL, with_checks)
    assert inputs.declared == checked_inputs("a", URL, {}).declared
    assert inputs.checks == CheckSettings(max_size_bytes=1)


def test_an_image_of_a_fleet_has_its_own_checks_or_none() -> None:
    common: Any = {"checks": ImageChecks(max_size=1), "dockerfile": "a/Dockerfile"}
    own = ImageChecks(max_size=2)
    assert merged_options("a", common, {}, None).get("checks") == ImageChecks(max_size=1)
    assert merged_options("a", common, {"checks": own}, None).get("checks") == own
    assert merged_options("a", common, {"checks": None}, None).get("checks") is None


def test_snapstart_is_for_lambda() -> None:
    wanted: Any = {"snapstart": True}
    with pytest.raises(ArgsError) as caught:
        checked_inputs("a", URL, wanted)
    assert caught.value.property_path == "snapstart"
    assert checked_inputs("a", URL, {**wanted, "runs_on": "lambda"}).snapstart
    label: Any = {**wanted, "runs_on": "lambda", "labels": {"com.amazonaws.lambda.feature.snapstart": "x"}}
    with pytest.raises(ArgsError, match="snapstart too"):
        checked_inputs("a", URL, label)
