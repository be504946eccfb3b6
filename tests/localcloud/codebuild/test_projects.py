"""Projects, and what StartBuild makes of them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localcloud.codebuild.conftest import REGION, ROLE, Aws, buildspec

SMALL = {
    "type": "LINUX_CONTAINER",
    "computeType": "BUILD_GENERAL1_SMALL",
    "image": "aws/codebuild/amazonlinux-x86_64-standard:5.0",
}


def refused(call: Any, **arguments: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        call(**arguments)
    answer = error.value.response["Error"]
    return answer["Code"], answer["Message"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "-x"}, "Invalid project name"),
        ({"name": "x" * 151}, "Invalid project name"),
        ({"source": {"type": "NO_SOURCE"}}, "buildspec must be specified"),
        ({"source": {"type": "NO_SOURCE", "buildspec": "b", "location": "l"}}, "location must be empty"),
        ({"source": {"type": "S3", "buildspec": "b"}}, "location must not be empty"),
        ({"source": {"type": "S3", "location": "bucket"}}, "valid S3 source"),
        ({"environment": {**SMALL, "computeType": "BUILD_LAMBDA_1GB"}}, "does not offer"),
        ({"environment": {**SMALL, "computeType": "HUGE"}}, "computeType"),
        ({"timeoutInMinutes": 2161}, "timeoutInMinutes"),
        ({"queuedTimeoutInMinutes": 481}, "queuedTimeoutInMinutes"),
        ({"cache": {"type": "S3"}}, "location is required"),
        ({"serviceRole": "arn:aws:iam::999999999999:role/x"}, "service role"),
        ({"serviceRole": f"{ROLE}-none"}, "not authorized to perform: sts:AssumeRole"),
    ],
)
def test_a_project_that_codebuild_refuses_is_refused(aws: Aws, change: dict[str, Any], message: str) -> None:
    name = change.pop("name", "refused")
    code, text = refused(lambda: aws.project(name, "true", **change))
    assert (code, message in text) == ("InvalidInputException", True), text


def test_a_role_trusted_for_other_projects_alone_is_refused(aws: Aws) -> None:
    trust = aws.iam.get_role(RoleName="builder")["Role"]["AssumeRolePolicyDocument"]
    trust["Statement"][0]["Condition"] = {"ArnLike": {"aws:SourceArn": "arn:aws:codebuild:*:*:project/shop-*"}}
    arn = aws.iam.create_role(RoleName="shop", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    aws.project("shop-images", "true", serviceRole=arn)
    assert "sts:AssumeRole" in refused(lambda: aws.project("others", "true", serviceRole=arn))[1]


def test_sources_compute_types_and_architectures_that_moto_refuses_are_taken(aws: Aws) -> None:
    arm = {"type": "ARM_CONTAINER", "computeType": "BUILD_GENERAL1_XLARGE", "image": "i"}
    project = aws.project("1digit-first", "true", environment=arm, concurrentBuildLimit=3)
    assert project["concurrentBuildLimit"] == 3
    assert project["environment"]["environmentVariables"] == []
    assert project["arn"] == f"arn:aws:codebuild:{REGION}:123456789012:project/1digit-first"


def test_a_project_is_updated_in_place_listed_and_deleted(aws: Aws) -> None:
    made = aws.project("updated", "true", tags=[{"key": "a", "value": "1"}], concurrentBuildLimit=1)
    assert refused(lambda: aws.project("updated", "true"))[0] == "ResourceAlreadyExistsException"
    after = aws.codebuild.update_project(name="updated", timeoutInMinutes=7, concurrentBuildLimit=-1)["project"]
    assert (after["timeoutInMinutes"], "concurrentBuildLimit" in after) == (7, False)
    assert (after["tags"], after["source"]) == (made["tags"], made["source"])
    found = aws.codebuild.batch_get_projects(names=[made["arn"], "none"])
    assert [one["name"] for one in found["projects"]] == ["updated"]
    assert found["projectsNotFound"] == ["none"]
    assert "updated" in aws.codebuild.list_projects()["projects"]
    assert "updated" not in aws.client("codebuild", region="eu-west-1").list_projects()["projects"]
    aws.codebuild.delete_project(name="updated")
    aws.codebuild.delete_project(name="updated")
    assert refused(aws.codebuild.start_build, projectName="updated")[0] == "ResourceNotFoundException"


def test_overrides_are_merged_over_the_project_for_one_build(aws: Aws) -> None:
    variables = [{"name": "A", "value": "project"}, {"name": "B", "value": "project"}]
    aws.project("overridden", "true", environment={**SMALL, "environmentVariables": variables})
    aws.control.limits(hold=True)
    build = aws.start(
        "overridden",
        sourceTypeOverride="S3",
        sourceLocationOverride="bucket/key.zip",
        sourceVersion="v1",
        environmentVariablesOverride=[{"name": "B", "value": "start"}, {"name": "C", "value": "start"}],
        computeTypeOverride="BUILD_GENERAL1_LARGE",
        privilegedModeOverride=True,
        imageOverride="other",
        timeoutInMinutesOverride=9,
        queuedTimeoutInMinutesOverride=8,
    )
    assert build["source"]["location"] == "bucket/key.zip"
    assert (build["sourceVersion"], build["timeoutInMinutes"], build["queuedTimeoutInMinutes"]) == ("v1", 9, 8)
    environment = build["environment"]
    assert {one["name"]: one["value"] for one in environment["environmentVariables"]} == {
        "A": "project",
        "B": "start",
        "C": "start",
    }
    assert (environment["computeType"], environment["privilegedMode"], environment["image"]) == (
        "BUILD_GENERAL1_LARGE",
        True,
        "other",
    )
    project = aws.codebuild.batch_get_projects(names=["overridden"])["projects"][0]
    assert project["source"]["type"] == "NO_SOURCE"
    assert [one["value"] for one in project["environment"]["environmentVariables"]] == ["project", "project"]
    aws.codebuild.stop_build(id=build["id"])


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"sourceTypeOverride": "S3"}, "location must not be empty"),
        ({"timeoutInMinutesOverride": 2161}, "timeoutInMinutes"),
        ({"environmentTypeOverride": "LINUX_LAMBDA_CONTAINER"}, "does not offer"),
    ],
)
def test_an_override_that_makes_no_valid_build_is_refused(aws: Aws, overrides: dict[str, Any], message: str) -> None:
    aws.codebuild.delete_project(name="valid")
    aws.project("valid", "true")
    code, text = refused(aws.codebuild.start_build, projectName="valid", **overrides)
    assert (code, message in text) == ("InvalidInputException", True), text


def test_a_token_gives_the_same_build_for_five_minutes_and_refuses_other_parameters(aws: Aws) -> None:
    aws.project("token", "exit 1")
    first = aws.run("token", idempotencyToken="t")
    assert first["buildStatus"] == "FAILED"
    again = aws.start("token", idempotencyToken="t")
    assert (again["id"], again["buildStatus"]) == (first["id"], "FAILED"), "a failed build is handed back"
    code, text = refused(
        aws.codebuild.start_build, projectName="token", idempotencyToken="t", timeoutInMinutesOverride=5
    )
    assert (code, "mismatch" in text) == ("InvalidInputException", True)
    aws.control.limits(idempotency_s=0.0)
    assert aws.start("token", idempotencyToken="t")["id"] != first["id"]


def test_builds_are_found_by_id_or_arn_up_to_a_hundred_a_call(aws: Aws) -> None:
    aws.project("found", "true")
    first, second = aws.run("found"), aws.run("found")
    answer = aws.codebuild.batch_get_builds(ids=[first["id"], second["arn"], "found:none"])
    assert [build["buildNumber"] for build in answer["builds"]] == [1, 2]
    assert answer["buildsNotFound"] == ["found:none"]
    code, _text = refused(aws.codebuild.batch_get_builds, ids=[f"found:{number}" for number in range(101)])
    assert code == "InvalidInputException"
    newest_first = aws.codebuild.list_builds_for_project(projectName="found")["ids"]
    assert newest_first == [second["id"], first["id"]]
    oldest_first = aws.codebuild.list_builds_for_project(projectName="found", sortOrder="ASCENDING")["ids"]
    assert oldest_first == newest_first[::-1]
    assert first["id"] in aws.codebuild.list_builds()["ids"]


def test_a_finished_build_can_be_retried(aws: Aws) -> None:
    aws.project("retried", "true")
    first = aws.run("retried", timeoutInMinutesOverride=33)
    second = aws.wait(aws.codebuild.retry_build(id=first["id"])["build"])
    assert (second["buildNumber"], second["timeoutInMinutes"]) == (2, 33)
    assert second["buildStatus"] == "SUCCEEDED"


def test_a_buildspec_can_be_overridden(aws: Aws) -> None:
    aws.project("spec", "exit 1")
    build = aws.run("spec", buildspecOverride=buildspec(build=["echo overridden"]))
    assert build["buildStatus"] == "SUCCEEDED"
    assert "\noverridden\n" in aws.log(build)
