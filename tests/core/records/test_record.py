"""What a record keeps, and what is no record."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fast_container.core.records.machine import Machine
from fast_container.core.records.origin import Origin, of_ci
from fast_container.core.records.phases import PhaseSeconds
from fast_container.core.records.record import BuildRecord
from fast_container.core.records.steps import CacheTransfer, StepRun, public_text

RECORD = BuildRecord(
    name="api",
    repository_url="host/name",
    key="k" * 64,
    digest="sha256:d",
    outcome="built",
    started=1000.5,
    duration_s=3.0,
    waited_s=12.4,
    steps=7,
    steps_cached=3,
    pushed_bytes=38_000_000,
    platform="linux/arm64",
    builder="default",
    phases=PhaseSeconds(waiting=12.4, building=2.5, pushing=0.5),
    timeline=(StepRun("build", 2, 7, "RUN pip install", 0.4, 2.0), StepRun("", 1, 1, "FROM x", cached=True)),
    caches=(CacheTransfer("import", "host/cache:api", 0.2),),
    layer_bytes=(30_000_000, 8_000_000),
    layers=("0123456789abcdef", "fedcba9876543210"),
    machine=Machine("builds:1", "LINUX_CONTAINER", "BUILD_GENERAL1_LARGE", 990.0),
    findings={"V02": "warning"},
    origin=Origin(run="r1", stack="shop/prod", commit="abcdef1", dirty="no"),
)

# What a version 0.1 program wrote.
SCHEMA_1 = (
    '{"copied_from":"","digest":"sha256:d","duration_s":2.0,"executor":"local","image_bytes":5,"key":"k","log_path":"",'
    '"name":"api","outcome":"built","pushed_bytes":4,"reason":"new","repository_url":"host/name","schema":1,'
    '"started":1.0,"steps":3,"steps_cached":1,"waited_s":0.0}'
)


def test_a_record_is_read_as_it_was_written() -> None:
    assert BuildRecord.from_json(RECORD.to_json()) == RECORD
    assert "\n" not in RECORD.to_json()


def test_a_record_of_an_older_program_is_read() -> None:
    old = BuildRecord.from_json(SCHEMA_1)
    assert (old.name, old.steps, old.schema, old.timeline) == ("api", 3, 1, ())


def test_fields_of_a_newer_program_are_left_out() -> None:
    data = json.loads(RECORD.to_json())
    data["more"] = 1
    data["phases"]["more"] = 1
    data["origin"]["more"] = 1
    assert BuildRecord.from_json(json.dumps(data)) == RECORD


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("schema", 99),
        ("schema", True),
        ("outcome", "guessed"),
        ("name", 5),
        ("duration_s", -1),
        ("duration_s", "long"),
        ("duration_s", 1e400),
        ("steps", 1.5),
        ("image_bytes", -1),
        ("phases", []),
        ("phases", {"building": "x"}),
        ("timeline", [1]),
        ("timeline", [{"cached": "yes"}]),
        ("caches", [{"kind": "guess"}]),
        ("findings", {"V02": 1}),
        ("layer_bytes", [-1]),
        ("layer_bytes", 5),
        ("layers", [5]),
        ("machine", {"size": 5}),
        ("origin", {"run": 5}),
    ],
)
def test_a_field_of_another_type_is_no_record(field: str, value: object) -> None:
    data = json.loads(RECORD.to_json())
    data[field] = value
    with pytest.raises(ValueError, match=r"its|schema|string"):
        BuildRecord.from_json(json.dumps(data))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(sorted(json.loads(RECORD.to_json()))), _JSON, max_size=4))
def test_a_damaged_record_is_a_value_error(damage: dict[str, Any]) -> None:
    data = json.loads(RECORD.to_json()) | damage
    try:
        BuildRecord.from_json(json.dumps(data))
    except ValueError:
        return


def test_a_build_says_its_seconds_and_its_waiting_apart() -> None:
    assert RECORD.summary() == "built in 3.0 s, after 12 s of waiting: 3 of 7 steps cached, 38 MB pushed"


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, Origin()),
        ({"CI": "true"}, Origin(ci="CI")),
        (
            {
                "GITHUB_ACTIONS": "true",
                "GITHUB_SHA": "a" * 40,
                "GITHUB_REF_NAME": "main",
                "GITHUB_SERVER_URL": "https://github.com",
                "GITHUB_REPOSITORY": "o/r",
                "GITHUB_RUN_ID": "7",
            },
            Origin(ci="GitHub Actions", commit="a" * 40, branch="main", ci_run="https://github.com/o/r/actions/runs/7"),
        ),
        (
            {"GITLAB_CI": "1", "CI_COMMIT_SHA": "not a commit", "CI_PIPELINE_URL": "https://u:secret@lab/x/1"},
            Origin(ci="GitLab CI", ci_run="https://lab/x/1"),
        ),
    ],
)
def test_the_origin_of_a_run_in_ci_is_what_its_variables_say_without_logins(
    environment: dict[str, str], expected: Origin
) -> None:
    assert of_ci(environment) == expected


def test_phases_are_added_one_by_one() -> None:
    assert PhaseSeconds(building=1, pushing=2) + PhaseSeconds(building=3) == PhaseSeconds(building=4, pushing=2)


@pytest.mark.parametrize(
    ("text", "public"),
    [
        ("RUN pip install -i https://user:pass@host/simple x", "RUN pip install -i https://***@host/simple x"),
        ("RUN git clone https://token@host/x.git", "RUN git clone https://***@host/x.git"),
        ("ADD https://h/x?X-Amz-Signature=abc&v=1 /", "ADD https://h/x?X-Amz-Signature=***&v=1 /"),
        ("RUN echo value-of-arg 1.2", "RUN echo ${ARG} 1.2"),
        ("COPY --from=a@b //x /y", "COPY --from=a@b //x /y"),
    ],
)
def test_a_steps_text_has_no_login_no_signature_and_no_value_of_an_argument(text: str, public: str) -> None:
    assert public_text(text, {"ARG": "value-of-arg", "VERSION": "1.2"}) == public
