"""What of an image is started, and when it counts as started."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fast_container.core.oci.configuration import parse_configuration
from fast_container.startup.subject import NotStartableError, Subject, subject_of


def subject(config: dict[str, Any], **more: Any) -> Subject:
    document = {"os": "linux", "architecture": "amd64", "config": config}
    given = {"runs_on": "", "python": "python3", "module": "", "env": {}, "timeout_s": 5.0, **more}
    return subject_of("host/name@sha256:0", parse_configuration(json.dumps(document).encode()), **given)


@pytest.mark.parametrize(
    "config",
    [
        {"Env": ["LAMBDA_TASK_ROOT=/var/task"], "Cmd": ["app.handler"]},
        {"Entrypoint": ["/lambda-entrypoint.sh"], "Cmd": ["app.handler"]},
        {"Entrypoint": ["python3", "-m", "awslambdaric"], "Cmd": ["app.handler"]},
        {"Cmd": ["/var/runtime/bootstrap"]},
    ],
)
def test_an_image_says_that_it_is_a_function(config: dict[str, Any]) -> None:
    assert subject({"Entrypoint": ["/entry"], **config}).kind == "lambda"


def test_a_function_gets_the_variables_of_lambda_unless_the_image_has_its_own() -> None:
    found = subject({"Entrypoint": ["/lambda-entrypoint.sh"], "Cmd": ["app.handler"], "Env": ["TZ=Europe/Rome"]})
    assert found.command == ("/lambda-entrypoint.sh", "app.handler")
    assert (found.env["_HANDLER"], found.env["TZ"]) == ("app.handler", "Europe/Rome")
    assert subject({"Cmd": ["app"]}, runs_on="lambda", env={"TZ": "UTC"}).env["TZ"] == "UTC"


def test_all_others_are_services_and_get_nothing_more() -> None:
    found = subject({"Cmd": ["python3", "-m", "shop"], "User": "10001", "Env": ["A=1"], "WorkingDir": "/app"})
    assert (found.kind, found.user, dict(found.env)) == ("service", "10001", {"A": "1"})
    assert subject({"Entrypoint": ["/lambda-entrypoint.sh"]}, runs_on="ecs").kind == "service"


def test_a_module_is_imported_by_the_images_own_python() -> None:
    found = subject({"Cmd": ["app"]}, module="shop.web")
    assert (found.kind, found.command, found.module) == ("module", ("python3",), "shop.web")


@pytest.mark.parametrize(
    ("config", "more", "why"),
    [
        ({}, {}, "neither an ENTRYPOINT nor a CMD"),
        ({"Cmd": ["x"]}, {"module": "shop", "python": ""}, "no Python"),
        ({"Cmd": ["x"]}, {"module": "os; print(1)"}, "not the name of a module"),
    ],
)
def test_what_cannot_be_started_is_refused(config: dict[str, Any], more: dict[str, Any], why: str) -> None:
    with pytest.raises(NotStartableError, match=why):
        subject(config, **more)
