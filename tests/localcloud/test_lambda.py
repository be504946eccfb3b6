"""Lambda takes the images that AWS takes, says what AWS says of them, and really runs them."""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud import LocalCloud
from localcloud.base_images import StandIn, ensure_base_image
from tests.localcloud.registry_client import (
    GZIP_LAYER,
    OCI_INDEX,
    RegistryClient,
    client,
    make_index,
    push_image,
)

pytestmark = pytest.mark.buildkit

HANDLER = b"""
import os, sys, time
print("starting", flush=True)
count = 0

def handler(event, context):
    global count
    count += 1
    print("event", event.get("do"), flush=True)
    match event.get("do"):
        case "raise":
            raise ValueError("as asked")
        case "sleep":
            time.sleep(30)
        case "exit":
            os._exit(7)
        case "write":
            open("/tmp/x", "w").write("ok")
            try:
                open("/var/task/x", "w")
            except OSError as error:
                return type(error).__name__ + str(error.errno)
        case "leave":
            return context.get_remaining_time_in_millis()
    return {
        "count": count, "uid": os.getuid(), "python": sys.version_info[:2], "stage": os.environ.get("STAGE"),
        "name": context.function_name, "arn": context.invoked_function_arn, "cwd": os.getcwd(),
    }

def other(event, context):
    return "other"
"""


@pytest.fixture(scope="session")
def lambda_client(cloud: LocalCloud) -> Any:
    return client(cloud, "lambda")


@pytest.fixture(scope="session")
def role(cloud: LocalCloud) -> str:
    name = f"role-{uuid.uuid4().hex[:6]}"
    return client(cloud, "iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"]


@pytest.fixture(scope="session")
def runtime_layers() -> list[tuple[dict[str, Any], bytes]]:
    """The layers of the stand-in for AWS's Python base image."""
    layout = ensure_base_image(StandIn("lambda"))
    blobs = layout / "blobs" / "sha256"
    digest = json.loads((layout / "manifest.json").read_text())["digest"].removeprefix("sha256:")
    layers = json.loads((blobs / digest).read_text())["layers"]
    return [(layer, (blobs / layer["digest"].removeprefix("sha256:")).read_bytes()) for layer in layers]


@pytest.fixture(scope="session")
def code(cloud: LocalCloud, runtime_layers: list[tuple[dict[str, Any], bytes]]) -> str:
    """The URI of a function's image, by digest."""
    return push_code(cloud, runtime_layers, HANDLER)


def push_code(cloud: LocalCloud, layers: list[tuple[dict[str, Any], bytes]], handler: bytes) -> str:
    name = f"fn/{uuid.uuid4().hex[:8]}"
    client(cloud, "ecr").create_repository(repositoryName=name)
    config = {
        "Entrypoint": ["/lambda-entrypoint.sh"],
        "Cmd": ["app.handler"],
        "WorkingDir": "/var/task",
        "Env": ["PATH=/usr/bin:/bin", "LAMBDA_TASK_ROOT=/var/task"],
    }
    files = {"var/task/app.py": handler, "usr/share/zoneinfo/.wh.Zulu": b""}
    digest, _ = push_image(RegistryClient.of(cloud), name, files=files, config=config, lower=layers)
    return f"{cloud.registry_host}/{name}@{digest}"


@pytest.fixture
def make_function(lambda_client: Any, role: str) -> Callable[..., str]:
    def make(image_uri: str, **settings: Any) -> str:
        name = f"fn-{uuid.uuid4().hex[:8]}"
        lambda_client.create_function(
            FunctionName=name, PackageType="Image", Role=role, Code={"ImageUri": image_uri}, **settings
        )
        settle(lambda_client, name)
        return name

    return make


def settle(lambda_client: Any, name: str) -> dict[str, Any]:
    for _ in range(200):
        found = lambda_client.get_function(FunctionName=name)
        if found["Configuration"]["State"] != "Pending" and found["Configuration"]["LastUpdateStatus"] != "InProgress":
            return found
        time.sleep(0.02)
    raise AssertionError(found)


def error_of(call: Callable[..., Any], **arguments: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    return raised.value.response["Error"]["Code"], raised.value.response["Error"]["Message"]


def invoke(lambda_client: Any, name: str, event: Any = None, **more: Any) -> tuple[Any, str, str]:
    """The payload, the function error or "", and the end of the log."""
    answer = lambda_client.invoke(FunctionName=name, Payload=json.dumps(event or {}).encode(), LogType="Tail", **more)
    assert answer["StatusCode"] == 200
    log = base64.b64decode(answer["LogResult"]).decode()
    return json.loads(answer["Payload"].read()), answer.get("FunctionError", ""), log


# --- which images are taken


@pytest.mark.parametrize("form", ["{repository}", "{repository}:t@{digest}", "elsewhere.example/x:t", "{host}/:t", ""])
def test_a_uri_that_lambda_does_not_take_is_refused_in_its_words(
    cloud: LocalCloud, lambda_client: Any, role: str, code: str, form: str
) -> None:
    repository, _, digest = code.partition("@")
    uri = form.format(repository=repository, digest=digest, host=cloud.registry_host)
    assert error_of(
        lambda_client.create_function, FunctionName="x", PackageType="Image", Role=role, Code={"ImageUri": uri}
    ) == ("InvalidParameterValueException", f"Source image {uri} is not valid. Provide a valid source image.")


def test_an_image_that_is_not_there_is_refused(lambda_client: Any, role: str, code: str) -> None:
    uri = code.partition("@")[0] + ":gone"
    refused = error_of(
        lambda_client.create_function, FunctionName="x", PackageType="Image", Role=role, Code={"ImageUri": uri}
    )
    assert refused == (
        "InvalidParameterValueException",
        f"Source image {uri} does not exist. Provide a valid source image.",
    )


def test_an_index_is_refused_by_its_media_type(
    cloud: LocalCloud, lambda_client: Any, role: str, registry: RegistryClient, repository: str
) -> None:
    _, manifest = push_image(registry, repository)
    registry.put_manifest(repository, "i", make_index(manifest), OCI_INDEX)
    code, text = error_of(
        lambda_client.create_function,
        FunctionName="x",
        PackageType="Image",
        Role=role,
        Code={"ImageUri": f"{cloud.registry_host}/{repository}:i"},
    )
    assert code == "InvalidParameterValueException"
    assert "media type for the source image" in text


def test_an_image_of_another_architecture_is_refused(
    cloud: LocalCloud, lambda_client: Any, role: str, registry: RegistryClient, repository: str
) -> None:
    push_image(registry, repository, tag="arm", architecture="arm64")
    arguments = {
        "FunctionName": f"arm-{uuid.uuid4().hex[:6]}",
        "PackageType": "Image",
        "Role": role,
        "Code": {"ImageUri": f"{cloud.registry_host}/{repository}:arm"},
    }
    assert error_of(lambda_client.create_function, **arguments)[0] == "InvalidParameterValueException"
    made = lambda_client.create_function(**arguments, Architectures=["arm64"])
    assert made["Architectures"] == ["arm64"]


def test_a_zstd_layer_is_found_only_after_the_call_was_accepted(
    cloud: LocalCloud, lambda_client: Any, registry: RegistryClient, repository: str, make_function: Callable[..., str]
) -> None:
    push_image(registry, repository, tag="z", layer_type=GZIP_LAYER.replace("gzip", "zstd"))
    name = make_function(f"{cloud.registry_host}/{repository}:z")
    found = lambda_client.get_function_configuration(FunctionName=name)
    assert (found["State"], found["StateReasonCode"]) == ("Failed", "InvalidImage")
    assert "UnsupportedImageLayerDetected" in found["StateReason"]
    assert error_of(lambda_client.invoke, FunctionName=name)[0] == "ResourceConflictException"


# --- what is said of a function


def test_a_tag_is_resolved_once(
    cloud: LocalCloud, lambda_client: Any, registry: RegistryClient, repository: str, make_function: Callable[..., str]
) -> None:
    first, _ = push_image(registry, repository, tag="t", files={"f": b"1"})
    uri = f"{cloud.registry_host}/{repository}:t"
    name = make_function(uri)
    second, _ = push_image(registry, repository, tag="t", files={"f": b"2"})
    found = lambda_client.get_function(FunctionName=name)
    assert found["Code"]["ImageUri"] == uri
    assert found["Code"]["ResolvedImageUri"] == f"{cloud.registry_host}/{repository}@{first}"
    assert found["Configuration"]["CodeSha256"] == first.removeprefix("sha256:")
    updated = lambda_client.update_function_code(FunctionName=name, ImageUri=uri)
    assert updated["CodeSha256"] == second.removeprefix("sha256:")


def test_a_function_is_pending_first_and_refuses_changes_meanwhile(lambda_client: Any, role: str, code: str) -> None:
    name = f"fn-{uuid.uuid4().hex[:8]}"
    made = lambda_client.create_function(FunctionName=name, PackageType="Image", Role=role, Code={"ImageUri": code})
    assert (made["State"], made["StateReasonCode"]) == ("Pending", "Creating")
    for call, more in (
        (lambda_client.update_function_code, {"ImageUri": code}),
        (lambda_client.update_function_configuration, {"Timeout": 9}),
        (lambda_client.publish_version, {}),
        (lambda_client.invoke, {}),
    ):
        assert error_of(call, FunctionName=name, **more)[0] == "ResourceConflictException"
    assert settle(lambda_client, name)["Configuration"]["State"] == "Active"
    changing = lambda_client.update_function_configuration(FunctionName=name, Timeout=9)
    assert (changing["LastUpdateStatus"], changing["State"]) == ("InProgress", "Active")
    assert (
        error_of(lambda_client.update_function_code, FunctionName=name, ImageUri=code)[0] == "ResourceConflictException"
    )
    assert settle(lambda_client, name)["Configuration"]["LastUpdateStatus"] == "Successful"


def test_a_published_version_keeps_its_image(
    cloud: LocalCloud, lambda_client: Any, registry: RegistryClient, repository: str, make_function: Callable[..., str]
) -> None:
    base = f"{cloud.registry_host}/{repository}"
    first = f"{base}@{push_image(registry, repository, files={'f': b'1'})[0]}"
    second = f"{base}@{push_image(registry, repository, files={'f': b'2'})[0]}"
    name = make_function(first, Publish=True)
    lambda_client.update_function_code(FunctionName=name, ImageUri=second, Publish=True)
    uris = [
        lambda_client.get_function(FunctionName=name, Qualifier=qualifier)["Code"]["ImageUri"]
        for qualifier in ("1", "2", "$LATEST")
    ]
    assert uris == [first, second, second]
    versions = lambda_client.list_versions_by_function(FunctionName=name)["Versions"]
    assert {one["Version"]: f"{base}@sha256:{one['CodeSha256']}" for one in versions} == {
        "$LATEST": second,
        "1": first,
        "2": second,
    }


def test_the_configuration_that_moto_forgets_is_kept(
    lambda_client: Any, code: str, make_function: Callable[..., str]
) -> None:
    name = make_function(code)
    log_group = {"LogFormat": "Text", "LogGroup": "/own/group"}
    lambda_client.update_function_configuration(
        FunctionName=name,
        ImageConfig={"Command": ["app.other"]},
        EphemeralStorage={"Size": 600},
        LoggingConfig=log_group,
    )
    found = settle(lambda_client, name)["Configuration"]
    assert found["ImageConfigResponse"] == {"ImageConfig": {"Command": ["app.other"]}}
    assert (found["EphemeralStorage"], found["LoggingConfig"]) == ({"Size": 600}, log_group)
    assert "Handler" not in found


def test_lambda_gives_itself_the_right_to_pull(
    ecr: Any, cloud: LocalCloud, registry: RegistryClient, repository: str, make_function: Callable[..., str]
) -> None:
    push_image(registry, repository, tag="t")
    own = {"Sid": "own", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111111111111:root"}, "Action": "ecr:*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [own]})
    ecr.set_repository_policy(repositoryName=repository, policyText=policy)
    for _ in range(2):
        make_function(f"{cloud.registry_host}/{repository}:t")
    found = json.loads(ecr.get_repository_policy(repositoryName=repository)["policyText"])
    assert [statement["Sid"] for statement in found["Statement"]] == ["own", "LambdaECRImageRetrievalPolicy"]


# --- running


def test_a_function_runs_as_on_lambda_and_stays_warm(
    lambda_client: Any, code: str, make_function: Callable[..., str]
) -> None:
    name = make_function(code, Environment={"Variables": {"STAGE": "test"}}, Timeout=5)
    first, error, log = invoke(lambda_client, name)
    second, _, later_log = invoke(lambda_client, name)
    assert not error
    assert (first["count"], second["count"]) == (1, 2)
    assert (first["uid"], first["stage"], first["name"], first["cwd"]) == (993, "test", name, "/var/task")
    assert first["arn"].endswith(f":function:{name}")
    assert "starting" in log
    assert "Init Duration" in log
    assert "starting" not in later_log
    assert "Init Duration" not in later_log


def test_the_root_is_read_only_but_for_tmp(lambda_client: Any, code: str, make_function: Callable[..., str]) -> None:
    payload, error, _ = invoke(lambda_client, make_function(code), {"do": "write"})
    assert (payload, error) == ("OSError30", "")


def test_an_exception_is_a_function_error(lambda_client: Any, code: str, make_function: Callable[..., str]) -> None:
    payload, error, log = invoke(lambda_client, make_function(code), {"do": "raise"})
    assert error == "Unhandled"
    assert (payload["errorType"], payload["errorMessage"]) == ("ValueError", "as asked")
    assert "event raise" in log


def test_a_timeout_ends_the_sandbox_and_the_next_event_gets_a_new_one(
    lambda_client: Any, code: str, make_function: Callable[..., str]
) -> None:
    name = make_function(code, Timeout=1)
    payload, error, _ = invoke(lambda_client, name, {"do": "sleep"})
    assert (error, payload["errorType"]) == ("Unhandled", "Sandbox.Timedout")
    assert "Task timed out after 1.00 seconds" in payload["errorMessage"]
    assert invoke(lambda_client, name)[0]["count"] == 1


def test_a_process_that_exits_is_reported(lambda_client: Any, code: str, make_function: Callable[..., str]) -> None:
    payload, error, _ = invoke(lambda_client, make_function(code), {"do": "exit"})
    assert (error, payload["errorType"]) == ("Unhandled", "Runtime.ExitError")
    assert "exit status 7" in payload["errorMessage"]


def test_code_that_cannot_be_imported_is_reported(
    cloud: LocalCloud,
    lambda_client: Any,
    runtime_layers: list[tuple[dict[str, Any], bytes]],
    make_function: Callable[..., str],
) -> None:
    name = make_function(push_code(cloud, runtime_layers, b"import not_there"))
    payload, error, _ = invoke(lambda_client, name)
    assert (error, payload["errorType"]) == ("Unhandled", "Runtime.ImportModuleError")


def test_new_code_and_new_settings_replace_the_warm_sandbox(
    cloud: LocalCloud,
    lambda_client: Any,
    code: str,
    runtime_layers: list[tuple[dict[str, Any], bytes]],
    make_function: Callable[..., str],
) -> None:
    name = make_function(code)
    assert invoke(lambda_client, name)[0]["count"] == 1
    lambda_client.update_function_configuration(FunctionName=name, Environment={"Variables": {"STAGE": "new"}})
    settle(lambda_client, name)
    assert invoke(lambda_client, name)[0]["stage"] == "new"
    changed = push_code(cloud, runtime_layers, b"def handler(event, context):\n    return 'changed'\n")
    lambda_client.update_function_code(FunctionName=name, ImageUri=changed)
    settle(lambda_client, name)
    assert invoke(lambda_client, name)[0] == "changed"
    lambda_client.update_function_code(FunctionName=name, ImageUri=code)
    settle(lambda_client, name)
    lambda_client.update_function_configuration(FunctionName=name, ImageConfig={"Command": ["app.other"]})
    settle(lambda_client, name)
    assert invoke(lambda_client, name)[0] == "other"


def test_the_log_is_in_cloudwatch(
    cloud: LocalCloud, lambda_client: Any, code: str, make_function: Callable[..., str]
) -> None:
    name = make_function(code)
    invoke(lambda_client, name, {"do": "raise"})
    events = client(cloud, "logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    messages = [event["message"] for event in events]
    assert "event raise" in messages
    assert messages[0].startswith("START RequestId:")


def test_an_event_invocation_is_accepted_and_runs(
    cloud: LocalCloud, lambda_client: Any, code: str, make_function: Callable[..., str]
) -> None:
    name = make_function(code)
    assert lambda_client.invoke(FunctionName=name, InvocationType="Event", Payload=b"{}")["StatusCode"] == 202
    logs = client(cloud, "logs")
    deadline = time.monotonic() + 20
    while not logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")["logGroups"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_several_events_at_once_run_side_by_side(
    lambda_client: Any, code: str, make_function: Callable[..., str]
) -> None:
    name = make_function(code, Timeout=20)
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: invoke(lambda_client, name)[0], range(3)))
    assert [answer["name"] for answer in answers] == [name] * 3


def test_a_function_that_is_not_there_is_not_found(lambda_client: Any) -> None:
    assert error_of(lambda_client.invoke, FunctionName="never")[0] == "ResourceNotFoundException"


def test_an_image_that_was_deleted_fails_the_function(
    cloud: LocalCloud,
    ecr: Any,
    lambda_client: Any,
    runtime_layers: list[tuple[dict[str, Any], bytes]],
    make_function: Callable[..., str],
) -> None:
    uri = push_code(cloud, runtime_layers, b"def handler(event, context):\n    return 1\n")
    name = make_function(uri)
    repository, _, digest = uri.removeprefix(f"{cloud.registry_host}/").partition("@")
    ecr.batch_delete_image(repositoryName=repository, imageIds=[{"imageDigest": digest}])
    error_of(lambda_client.invoke, FunctionName=name)
    found = lambda_client.get_function_configuration(FunctionName=name)
    assert (found["State"], found["StateReasonCode"]) == ("Failed", "ImageDeleted")


def test_a_deleted_function_is_gone(lambda_client: Any, code: str, make_function: Callable[..., str]) -> None:
    name = make_function(code)
    invoke(lambda_client, name)
    lambda_client.delete_function(FunctionName=name)
    assert error_of(lambda_client.get_function, FunctionName=name)[0] == "ResourceNotFoundException"
