"""The settings of image checks travel as they are; a difference shows, and what is not known is refused."""

from __future__ import annotations

import json

import pytest

from fast_container.core.image_checks import CheckSettings, read_check_settings, recorded_changes

FULL = CheckSettings(
    max_size_bytes=250_000_000,
    max_unpacked_bytes=1,
    max_layer_bytes=2,
    max_growth=0.1,
    max_growth_bytes=3,
    rules={"V02": "error"},
    required=("/app",),
    forbidden=("*.pem",),
    structure='{"schemaVersion": "2.0.0"}',
    waivers=("skip=V03 because",),
)


def test_what_is_read_back_is_what_was_written() -> None:
    for settings in (FULL, CheckSettings()):
        assert read_check_settings(json.loads(json.dumps(settings.as_json()))) == settings
    assert read_check_settings(None) is None


def test_what_is_not_set_is_not_written() -> None:
    assert CheckSettings().as_json() == {}


@pytest.mark.parametrize("document", [[], "x", {"max_size_bytes": "1"}, {"max_growth": "1"}, {"required": "/app"}])
def test_a_field_of_another_type_is_refused(document: object) -> None:
    with pytest.raises(TypeError):
        read_check_settings(document)


def test_a_setting_of_a_newer_version_is_refused_since_less_would_be_checked() -> None:
    with pytest.raises(ValueError, match="newer"):
        read_check_settings({"newer": 1})


def test_the_fingerprint_differs_for_other_settings_only() -> None:
    assert FULL.fingerprint == read_check_settings(FULL.as_json()).fingerprint  # type: ignore[union-attr]
    assert FULL.fingerprint != CheckSettings().fingerprint


def test_a_record_differs_for_other_settings_and_for_other_rules() -> None:
    stricter = CheckSettings(rules={"V02": "error"}).recorded(1)
    assert recorded_changes(CheckSettings(rules={"V02": "warning"}).recorded(1), stricter) == "V02: warning → error"
    assert recorded_changes("", stricter) == "V02: none → error, rules_version: none → 1"
    assert recorded_changes(stricter, stricter) == ""
    assert CheckSettings().recorded(1) != CheckSettings().recorded(2)


def test_the_tests_of_a_file_are_in_the_record_by_their_digest_only() -> None:
    assert "schemaVersion" not in FULL.recorded(1)
