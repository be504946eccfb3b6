"""Builds on the whole local cloud: BuildKit, registry, and the end of it all."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud import LocalCloud
from tests.localcloud.codebuild.conftest import ACCOUNT_ID, BUCKET, REGION, SLEEP, TRUST, Aws, asleep

pytestmark = pytest.mark.buildkit

PUSH = (
    *("ecr:BatchCheckLayerAvailability", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart"),
    *("ecr:CompleteLayerUpload", "ecr:PutImage", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
)
MAY_PUSH = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
        {
            "Effect": "Allow",
            "Action": PUSH,
            "Resource": f"arn:aws:ecr:{REGION}:{ACCOUNT_ID}:repository/codebuild/mine",
        },
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{BUCKET}/*"},
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": f"arn:aws:logs:{REGION}:{ACCOUNT_ID}:log-group:/aws/codebuild/*",
        },
    ],
}


@pytest.fixture(scope="module")
def there(cloud: LocalCloud) -> Iterator[Aws]:
    aws = Aws(cloud.aws_endpoint, cloud.control)
    aws.iam.create_role(RoleName="builder", AssumeRolePolicyDocument=json.dumps(TRUST))
    aws.iam.put_role_policy(RoleName="builder", PolicyName="push", PolicyDocument=json.dumps(MAY_PUSH))
    aws.s3.create_bucket(Bucket=BUCKET)
    for name in ("mine", "other"):
        aws.client("ecr").create_repository(repositoryName=f"codebuild/{name}")
    location = aws.upload("image.zip", {"Dockerfile": "FROM scratch\nCOPY a /a\n", "a": "x"})
    aws.project("image", source={"type": "S3", "location": location, "buildspec": json.dumps(spec_of(cloud))})
    aws.calls.reset()
    # The first build may come sooner than the role's policy holds, and nothing here tries it again.
    aws.control.limits(iam_delay_s=0.0)
    yield aws
    aws.control.reset()
    aws.codebuild.delete_project(name="image")
    aws.s3.delete_object(Bucket=BUCKET, Key="image.zip")
    aws.s3.delete_bucket(Bucket=BUCKET)
    for name in ("mine", "other"):
        aws.client("ecr").delete_repository(repositoryName=f"codebuild/{name}", force=True)
    aws.iam.delete_role_policy(RoleName="builder", PolicyName="push")
    aws.iam.delete_role(RoleName="builder")


def spec_of(cloud: LocalCloud) -> dict[str, Any]:
    token = (
        "import boto3, base64; d = boto3.client('ecr').get_authorization_token()['authorizationData'];"
        " print(base64.b64decode(d[0]['authorizationToken']).decode().partition(':')[2])"
    )
    output = f"type=image,name={cloud.registry_host}/$REPOSITORY,push=true,push-by-digest=true,name-canonical=true"
    commands = [
        f'python3 -c "{token}" | docker login -u AWS --password-stdin {cloud.registry_host}',
        "docker buildx create --name b --driver docker-container --driver-opt image=moby/buildkit:v0.26 --bootstrap",
        f"docker buildx build --builder b --provenance=false --metadata-file m.json --output {output} .",
        r"""export DIGEST=$(sed -n 's/.*"containerimage.digest": "\(.*\)".*/\1/p' m.json)""",
    ]
    return {
        "version": "0.2",
        "env": {"exported-variables": ["DIGEST"]},
        "phases": {"build": {"commands": commands}},
    }


def build_image(aws: Aws, repository: str) -> dict[str, Any]:
    variables = [{"name": "REPOSITORY", "value": repository}]
    return aws.run("image", privilegedModeOverride=True, environmentVariablesOverride=variables)


def test_an_image_is_built_and_pushed_from_a_build(there: Aws) -> None:
    build = build_image(there, "codebuild/mine")
    assert build["buildStatus"] == "SUCCEEDED", build["phases"]
    digest = build["exportedEnvironmentVariables"][0]["value"]
    answer = there.client("ecr").batch_get_image(repositoryName="codebuild/mine", imageIds=[{"imageDigest": digest}])
    assert [one["imageId"]["imageDigest"] for one in answer["images"]] == [digest]
    assert there.calls.counts_of_builds()["ecr:GetAuthorizationToken"] == 1


def test_a_build_pushes_where_its_role_may_and_nowhere_else(there: Aws) -> None:
    build = build_image(there, "codebuild/other")
    assert build["buildStatus"] == "FAILED"
    assert "is not authorized to perform: ecr:" in there.log(build)
    assert there.client("ecr").list_images(repositoryName="codebuild/other")["imageIds"] == []


def test_a_build_dies_with_its_cloud(tmp_path: Path) -> None:
    with LocalCloud.running(tmp_path) as cloud:
        aws = Aws(cloud.aws_endpoint, cloud.control)
        aws.iam.create_role(RoleName="builder", AssumeRolePolicyDocument=json.dumps(TRUST))
        aws.control.limits(enforce_role=False)
        aws.project("endless", f"({SLEEP} &) ; {SLEEP}")
        aws.wait(aws.start("endless"), lambda _one: asleep())
        os.kill(json.loads((tmp_path / "cloud.json").read_text())["supervisor_pid"], signal.SIGKILL)
        deadline = time.monotonic() + 5
        while asleep() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not asleep()
