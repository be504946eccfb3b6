"""``doctor``: each thing that is wrong has a fix, nothing hangs, and a machine without anything gets no traceback."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from fast_container.adapters.docker_hub import PullLimit
from fast_container.cli.arguments.all_verbs import parse
from fast_container.cli.verbs.operations import doctor
from fast_container.doctor import account
from fast_container.doctor.answers import Answer, Examination, Level, examine
from fast_container.doctor.docker_hub import docker_hub_answers
from fast_container.doctor.tools import cache_answers, pulumi_answers, python_answers
from fast_container.errors import ArgsError, RegistryError
from tests.adapters.aws_fakes import FakeClient, paged, refusal

ROLE = account.Identity("123456789012", "arn:aws:sts::123456789012:assumed-role/deployer/ci")
REPOSITORY = "arn:aws:ecr:eu-central-1:123456789012:repository/shop/a"


def levels(answers: Sequence[Answer]) -> list[str]:
    return [f"{one.level.value}: {one.what}" for one in answers]


def test_every_problem_of_an_answer_has_a_fix_and_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without docker, pulumi, credentials: a table, exit code 1, no traceback."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("FAST_CONTAINER_CACHE", str(tmp_path / "cache"))

    arguments = parse(["doctor", "--json", "--offline"])
    assert doctor.run(arguments) == 1
    found = json.loads(capsys.readouterr().out)["answers"]
    assert {one["subject"] for one in found} >= {"Python", "pulumi", "pulumi-aws SDK", "builder", "platforms", "cache"}
    assert all(one["fix"] for one in found if one["level"] == "problem")
    assert all("\n" not in one["what"] for one in found)


def test_with_codebuild_a_missing_builder_is_a_note(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    command = tmp_path / "pulumi"
    command.write_text("#!/bin/sh\necho v3.250.0\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/nowhere")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("FAST_CONTAINER_CACHE", str(tmp_path / "cache"))
    assert doctor.run(parse(["doctor", "--offline", "--codebuild", "--json"])) == 0
    found = {one["subject"]: one for one in json.loads(capsys.readouterr().out)["answers"]}
    assert found["builder"]["level"] in ("note", "ok")


def test_what_does_not_end_is_an_answer_in_time() -> None:
    ever = threading.Event()

    def late() -> list[Answer]:
        ever.wait(30)
        return []

    started = time.monotonic()
    found = examine([Examination("slow", late, Level.PROBLEM), Examination("quick", python_answers)], 0.3)
    assert time.monotonic() - started < 5
    ever.set()
    assert found[0] == Answer("slow", Level.PROBLEM, "no answer within 0 s")
    assert found[1].level is Level.OK


def test_what_fails_unexpectedly_does_not_take_the_others_with_it() -> None:
    def broken() -> list[Answer]:
        raise KeyError("x")

    found = examine([Examination("broken", broken), Examination("Python", python_answers)], 5.0)
    assert levels(found[:1]) == ["note: could not be found out: KeyError: 'x'"]
    assert len(found) > 1


@pytest.mark.parametrize(
    ("script", "level"),
    [
        ("echo v3.250.0", "ok"),
        ("echo v3.100.0", "problem"),
        ("echo nonsense", "problem"),
        ("exit 3", "problem"),
        (None, "problem"),
    ],
)
def test_the_pulumi_command_has_to_be_there_and_new_enough(tmp_path: Path, script: str | None, level: str) -> None:
    if script is not None:
        (tmp_path / "pulumi").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "pulumi").chmod(0o755)
    (answer,) = pulumi_answers({"PATH": f"{tmp_path}:/bin"})
    assert answer.level.value == level
    assert bool(answer.fix) == (level == "problem")


def test_a_cache_that_cannot_be_written_to_is_a_warning(tmp_path: Path) -> None:
    assert cache_answers(tmp_path / "cache")[0].level is Level.OK
    (tmp_path / "file").write_text("")
    assert cache_answers(tmp_path / "file" / "cache")[0].level is Level.WARNING


def iam(**decisions: str) -> Callable[[str], Any]:
    def simulate(**request: Any) -> Any:
        assert request["PolicySourceArn"] == "arn:aws:iam::123456789012:role/deployer"
        results = [
            {"EvalActionName": one, "EvalDecision": decisions.get(one.partition(":")[2], "allowed")}
            for one in request["ActionNames"]
        ]
        return paged("EvaluationResults", results, "Marker")(**{k: v for k, v in request.items() if k == "Marker"})

    client = FakeClient({"simulate_principal_policy": simulate})
    return lambda _: client


def test_denied_permissions_are_named_on_every_page_of_the_simulation() -> None:
    client_of = iam(PutImage="implicitDeny", StartBuild="explicitDeny")
    (answer,) = account.permission_answers(client_of, ROLE, [REPOSITORY], True)
    assert levels([answer]) == ["problem: IAM denies ecr:PutImage, codebuild:StartBuild"]
    (answer,) = account.permission_answers(iam(), ROLE, [REPOSITORY], False)
    assert levels([answer]) == ["ok: IAM allows role/deployer to push"]


def test_a_simulation_that_is_denied_is_a_note() -> None:
    denied = FakeClient({"simulate_principal_policy": "AccessDenied"})
    examinations = account.account_examinations(lambda _: denied, ROLE, [], on_codebuild=False)[:1]
    assert levels(examine(examinations, 5.0))[0].startswith("note: AWS denied iam:SimulatePrincipalPolicy.")


def quotas(**values: float) -> Callable[[str], Any]:
    found = [{"QuotaName": name.replace("_", " "), "Value": value} for name, value in values.items()]
    client = FakeClient({"list_service_quotas": paged("Quotas", found, "NextToken")})
    return lambda _: client


LARGE, ARM = (
    "Concurrently_running_builds_for_Linux/Large_environment",
    "Concurrently_running_builds_for_ARM/Small_environment",
)


def test_a_new_accounts_quota_of_no_builds_is_a_problem_with_its_fix() -> None:
    (answer,) = account.codebuild_quota_answers(quotas(**{LARGE: 0.0, ARM: 0.0}))
    assert levels([answer]) == ["problem: no build may run in this account: every quota is 0"]
    assert "servicequotas" in answer.fix
    found = account.codebuild_quota_answers(quotas(**{LARGE: 20.0, ARM: 0.0}))
    assert levels(found) == ["ok: Linux/Large: 20 at once", "note: no build may run on ARM/Small"]


def test_ecrs_rate_and_its_setting_are_told() -> None:
    assert levels(account.ecr_rate_answers(quotas(Rate_of_PutImage_requests=10.0))) == [
        "ok: 10 images may be put a second"
    ]
    assert account.ecr_rate_answers(quotas(Rate_of_PutImage_requests=1.0))[0].level is Level.WARNING
    for value, level in (("ENABLED", Level.OK), ("DISABLED", Level.NOTE)):
        ecr = FakeClient({"get_account_setting": {"name": "BLOB_MOUNTING", "value": value}})
        assert account.blob_mounting_answers(lambda _, ecr=ecr: ecr)[0].level is level


def test_few_pulls_of_docker_hub_are_a_warning() -> None:
    assert docker_hub_answers(lambda: PullLimit(100, 3))[0].level is Level.WARNING
    assert docker_hub_answers(lambda: PullLimit(100, 76))[0].level is Level.OK
    assert docker_hub_answers(lambda: PullLimit(None, None))[0].level is Level.OK

    def unreachable() -> PullLimit:
        raise RegistryError("Docker Hub cannot be reached.")

    assert examine([Examination("Docker Hub", lambda: docker_hub_answers(unreachable))], 5.0)[0].level is Level.NOTE


def test_credentials_that_are_not_accepted_are_a_problem_and_nothing_else_is_asked() -> None:
    def client_of(service: str) -> Any:
        assert service == "sts"
        return FakeClient({"get_caller_identity": expired})

    def expired(**_: Any) -> Any:
        raise refusal("ExpiredToken")

    with pytest.raises(RegistryError, match="have expired"):
        account.find_identity(client_of)


@pytest.mark.parametrize("given", [["--timeout", "x"], ["--timeout", "0"], ["--timeout", "1e9"], ["--plan", "no/such"]])
def test_nonsense_is_refused(given: list[str]) -> None:
    with pytest.raises(ArgsError):
        doctor.run(parse(["doctor", "--offline", *given]))
