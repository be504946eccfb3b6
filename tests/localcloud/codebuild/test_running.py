"""Builds that are really run."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.localcloud.codebuild.conftest import ACCOUNT_ID, BUCKET, REGION, SLEEP, Aws, asleep, buildspec, statuses

SUCCESS = dict.fromkeys(
    (
        *("SUBMITTED", "QUEUED", "PROVISIONING", "DOWNLOAD_SOURCE", "INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD"),
        *("UPLOAD_ARTIFACTS", "FINALIZING"),
    ),
    "SUCCEEDED",
) | {"COMPLETED": ""}


def test_a_build_runs_its_phases_in_order(aws: Aws) -> None:
    spec = buildspec(post_build=["echo four"], build=["echo three"], pre_build=["echo two"], install=["echo one"])
    aws.project("phases", buildspec=spec)
    build = aws.run("phases")
    assert (build["buildStatus"], build["currentPhase"]) == ("SUCCEEDED", "COMPLETED")
    assert statuses(build) == SUCCESS
    lines = [line for line in aws.log(build).splitlines() if not line.startswith("[Container]")]
    assert lines == ["one", "two", "three", "four"]
    assert build["endTime"] >= build["startTime"]


def test_one_command_leaves_directory_and_exported_variables_to_the_next(aws: Aws) -> None:
    commands = ("mkdir d", "cd d", 'export X="a b\nc\'"', 'echo "$(basename "$PWD")-$X"')
    aws.project("leaves", *commands)
    assert "\nd-a b\nc'\n" in aws.log(aws.run("leaves"))


@pytest.mark.parametrize(
    ("failing", "expected"),
    [
        ("install", {"INSTALL": "FAILED", "FINALIZING": "SUCCEEDED", "COMPLETED": ""}),
        ("pre_build", {"PRE_BUILD": "FAILED", "FINALIZING": "SUCCEEDED", "COMPLETED": ""}),
        ("build", {"BUILD": "FAILED", "POST_BUILD": "SUCCEEDED", "COMPLETED": ""}),
        ("post_build", {"POST_BUILD": "FAILED", "COMPLETED": ""}),
    ],
)
def test_a_failed_phase_ends_the_build_but_post_build_follows_build(
    aws: Aws, failing: str, expected: dict[str, str]
) -> None:
    after = {"install": "PRE_BUILD", "pre_build": "BUILD"}.get(failing)
    phases = {name: ["true"] for name in ("install", "pre_build", "build")}
    phases["post_build"] = ["echo succeeding=$CODEBUILD_BUILD_SUCCEEDING"]
    spec = buildspec(**{**phases, failing: ["exit 7", "echo never-$((1+1))"]})
    aws.project(f"failing-{failing}", buildspec=spec)
    build = aws.run(f"failing-{failing}")
    shown = statuses(build)
    assert build["buildStatus"] == "FAILED"
    assert {name: shown.get(name) for name in expected} == expected
    assert after not in shown
    context = next(phase["contexts"] for phase in build["phases"] if phase.get("phaseStatus") == "FAILED")
    assert context == [
        {
            "statusCode": "COMMAND_EXECUTION_ERROR",
            "message": "Error while executing command: exit 7. Reason: exit status 7",
        }
    ]
    log = aws.log(build)
    assert "never-2" not in log
    assert ("succeeding=0" in log) is (failing == "build")


def test_finally_runs_after_a_failure(aws: Aws) -> None:
    phase = {"commands": ["false"], "finally": ["echo at-last-$((1+1))"]}
    aws.project("finally", buildspec=json.dumps({"version": "0.2", "phases": {"build": phase}}))
    build = aws.run("finally")
    assert build["buildStatus"] == "FAILED"
    assert "\nat-last-2\n" in aws.log(build)


def test_a_build_sees_the_documented_variables_and_no_others(aws: Aws) -> None:
    location = aws.upload("source.zip", {"f": "x"})
    aws.project("variables", "env", source={"type": "S3", "location": location, "buildspec": buildspec(build=["env"])})
    build = aws.run("variables")
    seen = dict(line.split("=", 1) for line in aws.log(build).splitlines() if "=" in line and not line.startswith("["))
    own = {name: value for name, value in seen.items() if name.startswith("CODEBUILD_")}
    directory = own.pop("CODEBUILD_SRC_DIR")
    assert own.pop("CODEBUILD_START_TIME").isdigit()
    assert own == {
        "CODEBUILD_BUILD_ARN": build["arn"],
        "CODEBUILD_BUILD_ID": build["id"],
        "CODEBUILD_BUILD_IMAGE": build["environment"]["image"],
        "CODEBUILD_BUILD_NUMBER": "1",
        "CODEBUILD_BUILD_SUCCEEDING": "1",
        "CODEBUILD_INITIATOR": "deployer",
        "CODEBUILD_KMS_KEY_ID": f"arn:aws:kms:{REGION}:{ACCOUNT_ID}:alias/aws/s3",
        "CODEBUILD_LOG_PATH": build["logs"]["streamName"],
        "CODEBUILD_PROJECT_ARN": f"arn:aws:codebuild:{REGION}:{ACCOUNT_ID}:project/variables",
        "CODEBUILD_SOURCE_REPO_URL": f"s3://{location}",
        "CODEBUILD_SOURCE_VERSION": f"arn:aws:s3:::{location}",
    }
    assert directory.endswith("/src")
    assert set(seen) - set(own) == {
        *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"),
        *("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_EC2_METADATA_DISABLED", "CODEBUILD_SRC_DIR"),
        *("CODEBUILD_START_TIME", "HOME", "PATH", "PWD", "LANG"),
        "TMPDIR",  # not AWS's: here several builds share a machine
    }


def test_variables_of_start_build_count_over_the_projects_and_those_over_the_buildspecs(aws: Aws) -> None:
    spec = {"version": "0.2", "env": {"variables": {"A": "spec", "B": "spec", "C": "spec"}}}
    spec["phases"] = {"build": {"commands": ["echo $A-$B-$C"]}}
    environment = {
        "type": "LINUX_CONTAINER",
        "computeType": "BUILD_GENERAL1_SMALL",
        "image": "i",
        "environmentVariables": [{"name": "B", "value": "project"}, {"name": "C", "value": "project"}],
    }
    aws.project("precedence", buildspec=json.dumps(spec), environment=environment)
    build = aws.run("precedence", environmentVariablesOverride=[{"name": "C", "value": "start"}])
    assert "\nspec-project-start\n" in aws.log(build)


def test_exported_variables_come_back(aws: Aws) -> None:
    spec = {"version": "0.2", "env": {"exported-variables": ["DIGEST", "NONE"]}}
    spec["phases"] = {"build": {"commands": ["export DIGEST=sha256:1"]}}
    aws.project("exports", buildspec=json.dumps(spec))
    assert aws.run("exports")["exportedEnvironmentVariables"] == [{"name": "DIGEST", "value": "sha256:1"}]


def test_references_to_secrets_and_parameters_are_resolved_in_the_build_only(aws: Aws) -> None:
    secret = aws.client("secretsmanager").create_secret(
        Name="shop/token", SecretString=json.dumps({"token": "very-secret", "other": "x"})
    )
    aws.client("ssm").put_parameter(Name="/shop/level", Value="high", Type="SecureString")
    given = [
        {"name": "TOKEN", "value": f"{secret['ARN']}:token", "type": "SECRETS_MANAGER"},
        {"name": "WHOLE", "value": "shop/token", "type": "SECRETS_MANAGER"},
        {"name": "LEVEL", "value": "/shop/level", "type": "PARAMETER_STORE"},
    ]
    aws.project("secrets", "echo $TOKEN-$LEVEL-$WHOLE")
    build = aws.run("secrets", environmentVariablesOverride=given)
    assert 'very-secret-high-{"token": "very-secret"' in aws.log(build)
    assert "very-secret" not in json.dumps(build, default=str)


def test_a_secret_that_is_not_there_fails_before_the_first_command(aws: Aws) -> None:
    aws.project("no-secret", "true")
    given = [{"name": "TOKEN", "value": "none", "type": "SECRETS_MANAGER"}]
    build = aws.run("no-secret", environmentVariablesOverride=given)
    failed = next(phase for phase in build["phases"] if phase.get("phaseStatus") == "FAILED")
    assert (failed["phaseType"], failed["contexts"][0]["statusCode"]) == ("DOWNLOAD_SOURCE", "CLIENT_ERROR")
    assert "INSTALL" not in statuses(build)


def test_the_log_can_be_watched_while_the_build_runs(aws: Aws) -> None:
    aws.project("live", "echo first", "while [ ! -e go ]; do sleep 0.02; done; echo second")
    build = aws.start("live")
    assert "groupName" not in build["logs"]
    aws.wait(build, lambda one: one["currentPhase"] == "BUILD" and "\nfirst\n" in aws.log(one))
    assert "\nsecond\n" not in aws.log(build)
    assert "deepLink" in aws.look(build)["logs"]
    stopped = aws.codebuild.stop_build(id=build["id"])["build"]
    assert stopped["buildStatus"] == "STOPPED"


def test_a_stopped_build_leaves_no_process_and_runs_no_post_build(aws: Aws) -> None:
    spec = buildspec(build=[f"({SLEEP} & {SLEEP}) & {SLEEP}"], post_build=["echo post-$((1+1))"])
    aws.project("stopped", buildspec=spec)
    build = aws.start("stopped")
    aws.wait(build, lambda one: one["currentPhase"] == "BUILD" and asleep())
    stopped = aws.codebuild.stop_build(id=build["id"])["build"]
    assert statuses(stopped)["BUILD"] == "STOPPED"
    assert "POST_BUILD" not in statuses(stopped)
    assert not asleep()
    assert aws.codebuild.stop_build(id=build["id"])["build"]["buildStatus"] == "STOPPED"


def test_a_build_that_takes_too_long_times_out(aws: Aws) -> None:
    aws.control.limits(minute_s=0.1)
    aws.project("slow", "sleep 30", timeoutInMinutes=5)
    build = aws.run("slow")
    assert build["buildStatus"] == "TIMED_OUT"
    failed = next(phase for phase in build["phases"] if phase.get("phaseStatus") == "TIMED_OUT")
    assert failed["contexts"][0]["statusCode"] == "BUILD_TIMED_OUT"


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"buildspec": "version: 0.1\nphases: {}"}, "YAML_FILE_ERROR"),
        ({"buildspec": "version: 0.2\nphases: {bild: {commands: [x]}}"}, "YAML_FILE_ERROR"),
        ({"buildspec": "none.yml"}, "YAML_FILE_ERROR"),
    ],
)
def test_a_buildspec_that_cannot_be_read_fails_the_download(aws: Aws, settings: dict[str, str], code: str) -> None:
    aws.codebuild.delete_project(name="bad-spec")
    aws.project("bad-spec", **settings)
    build = aws.run("bad-spec")
    failed = next(phase for phase in build["phases"] if phase.get("phaseStatus") == "FAILED")
    assert (failed["phaseType"], failed["contexts"][0]["statusCode"]) == ("DOWNLOAD_SOURCE", code)


def test_a_build_has_the_service_roles_credentials(aws: Aws) -> None:
    who = "python3 -c \"import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])\""
    aws.project("identity", who)
    build = aws.run("identity")
    arn = f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/builder/AWSCodeBuild-{build['id'].split(':')[1]}"
    assert arn in aws.log(build)
    assert aws.calls.counts_of_builds() == {"sts:GetCallerIdentity": 1}
    assert aws.calls.counts()["sts:GetCallerIdentity"] == 0


def test_what_the_role_does_not_allow_is_refused_by_name(aws: Aws) -> None:
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": ["logs:*"], "Resource": "*"},
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{BUCKET}/mine/*"},
        ],
    }
    trust = aws.iam.get_role(RoleName="builder")["Role"]["AssumeRolePolicyDocument"]
    arn = aws.iam.create_role(RoleName="narrow", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    aws.iam.put_role_policy(RoleName="narrow", PolicyName="p", PolicyDocument=json.dumps(document))
    time.sleep(0.1)  # until IAM has taken it up
    mine, other = aws.upload("mine/s.zip", {"f": "x"}), aws.upload("other/s.zip", {"f": "x"})
    get = "python3 -c \"import boto3; boto3.client('s3').get_object(Bucket='sources', Key='other/s.zip')\""
    source = {"type": "S3", "location": mine, "buildspec": buildspec(build=["cat f", get])}
    aws.project("narrow", source=source, serviceRole=arn)
    build = aws.run("narrow")
    assert statuses(build)["DOWNLOAD_SOURCE"] == "SUCCEEDED"
    assert "is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::sources/other/s.zip" in aws.log(build)
    refused = aws.run("narrow", sourceLocationOverride=other)
    failed = next(phase for phase in refused["phases"] if phase.get("phaseStatus") == "FAILED")
    assert failed["phaseType"] == "DOWNLOAD_SOURCE"
    assert "s3:GetObject on resource" in failed["contexts"][0]["message"]


def test_an_assumed_role_can_be_held_to_its_policies(aws: Aws) -> None:
    project = aws.project("held", "true")["arn"]
    aws.project("not-held", "true")
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["codebuild:StartBuild", "codebuild:BatchGetBuilds"],
                "Resource": project,
            },
            {
                "Effect": "Deny",
                "Action": "codebuild:StartBuild",
                "Resource": project,
                "Condition": {"Null": {"codebuild:source.buildspec": "false"}},
            },
        ],
    }
    arn = aws.iam.create_role(RoleName="deployer", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    aws.iam.put_role_policy(RoleName="deployer", PolicyName="p", PolicyDocument=json.dumps(document))
    time.sleep(0.1)  # until IAM has taken it up
    keys = aws.client("sts").assume_role(RoleArn=arn, RoleSessionName="laptop")["Credentials"]
    deployer = aws.client("codebuild", keys=keys)
    aws.control.limits(enforce_callers=True)
    build = deployer.start_build(projectName="held")["build"]
    assert deployer.batch_get_builds(ids=[build["id"]])["builds"]
    for refused in (
        lambda: deployer.start_build(projectName="not-held"),
        lambda: deployer.start_build(projectName="held", buildspecOverride="version: 0.2"),
        lambda: deployer.stop_build(id=build["id"]),
    ):
        with pytest.raises(ClientError, match=r"AccessDeniedException.*is not authorized to perform: codebuild:St"):
            refused()
    assert aws.calls.counts_of_builds() == {}


def test_logs_go_where_the_project_says_or_nowhere(aws: Aws) -> None:
    aws.logs.create_log_group(logGroupName="own")
    config = {"cloudWatchLogs": {"status": "ENABLED", "groupName": "own", "streamName": "shop"}}
    aws.project("own-logs", "echo here", logsConfig=config)
    build = aws.run("own-logs")
    assert build["logs"]["groupName"] == "own"
    assert build["logs"]["streamName"] == f"shop/{build['id'].split(':')[1]}"
    assert "\nhere\n" in aws.log(build)
    aws.project("no-logs", "true", logsConfig={"cloudWatchLogs": {"status": "DISABLED"}})
    assert "groupName" not in aws.run("no-logs")["logs"]


def test_an_image_of_the_other_architecture_is_not_pulled(aws: Aws) -> None:
    aws.project("arch", "true")
    build = aws.run("arch", environmentTypeOverride="ARM_CONTAINER")
    failed = next(phase for phase in build["phases"] if phase.get("phaseStatus") == "FAILED")
    assert failed["phaseType"] == "PROVISIONING"
    assert failed["contexts"][0]["statusCode"] == "BUILD_CONTAINER_UNABLE_TO_PULL_IMAGE"


def test_builds_run_side_by_side(aws: Aws, tmp_path: Path) -> None:
    # Each waits for the other.
    command = 'touch "$MINE"; for i in $(seq 500); do [ -e "$OTHER" ] && exit 0; sleep 0.02; done; exit 1'
    aws.project("both", command)
    marks = [str(tmp_path / name) for name in ("a", "b")]
    builds = [
        aws.start(
            "both",
            environmentVariablesOverride=[{"name": "MINE", "value": mine}, {"name": "OTHER", "value": other}],
        )
        for mine, other in (marks, marks[::-1])
    ]
    assert [aws.wait(build)["buildStatus"] for build in builds] == ["SUCCEEDED", "SUCCEEDED"]
