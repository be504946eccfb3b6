"""The plugin's own process, spoken to as the engine does, with moto behind it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from localcloud.aws_plugin.wire import UNKNOWN
from tests.localcloud.aws_plugin.plugin_driver import Made, Plugin, RefusedError

LIFECYCLE = {
    "rules": [
        {
            "rulePriority": 1,
            "selection": {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": 14,
            },
            "action": {"type": "expire"},
        }
    ]
}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
ALLOW = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["logs:PutLogEvents"], "Resource": "*"}],
}
PULL = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "pull",
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        }
    ],
}


class Shop:
    """The resources that others stand on."""

    def __init__(self, plugin: Plugin) -> None:
        self.repository = plugin.create("aws:ecr/repository:Repository", {}, name="base")
        self.role = plugin.create("aws:iam/role:Role", {"assumeRolePolicy": json.dumps(TRUST, indent=2)}, name="base")
        self.policy = plugin.create("aws:iam/policy:Policy", {"policy": ALLOW}, name="base")
        self.bucket = plugin.create("aws:s3/bucket:Bucket", {"forceDestroy": True}, name="Base")
        self.function = plugin.create("aws:lambda/function:Function", self.image("0"), name="base")

    def image(self, digit: str, **more: Any) -> dict[str, Any]:
        uri = f"{self.repository.state['repositoryUrl']}@sha256:{digit * 64}"
        return {"packageType": "Image", "imageUri": uri, "role": self.role.state["arn"], **more}

    def delete(self) -> None:
        for made in (self.function, self.bucket, self.policy, self.role, self.repository):
            made.delete()


@pytest.fixture(scope="module")
def shop(plugin: Plugin) -> Iterator[Shop]:
    shop = Shop(plugin)
    yield shop
    shop.delete()


def inputs_of(token: str, shop: Shop) -> tuple[dict[str, Any], dict[str, Any]]:
    """Inputs of a type, and other inputs that differ in one thing."""
    repository, role, function = shop.repository.id, shop.role.id, shop.function.id
    allow_more = json.loads(json.dumps(ALLOW).replace("logs:PutLogEvents", "logs:*"))
    cases: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "aws:ecr/repository:Repository": (
            {"imageTagMutability": "IMMUTABLE", "imageScanningConfiguration": {"scanOnPush": True}},
            {"imageTagMutability": "MUTABLE"},
        ),
        "aws:ecr/lifecyclePolicy:LifecyclePolicy": (
            {"repository": repository, "policy": json.dumps(LIFECYCLE, indent=1)},
            {"policy": json.dumps(LIFECYCLE).replace("14", "15")},
        ),
        "aws:ecr/repositoryPolicy:RepositoryPolicy": (
            {"repository": repository, "policy": PULL},
            {"policy": json.dumps(PULL).replace("pull", "read")},
        ),
        "aws:iam/role:Role": (
            {"assumeRolePolicy": TRUST, "managedPolicyArns": [shop.policy.id], "tags": {"a": "1"}},
            {"maxSessionDuration": 7200},
        ),
        "aws:iam/policy:Policy": ({"policy": ALLOW, "description": "d"}, {"policy": allow_more}),
        "aws:iam/rolePolicy:RolePolicy": ({"role": role, "policy": ALLOW}, {"policy": allow_more}),
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment": (
            {"role": role, "policyArn": shop.policy.id},
            {"policyArn": "arn:aws:iam::123456789012:policy/other"},
        ),
        "aws:lambda/function:Function": (
            shop.image(
                "1",
                environment={"variables": {"A": "1"}},
                imageConfig={"commands": ["app.handler"]},
                loggingConfig={"logFormat": "JSON"},
                tags={"a": "1"},
            ),
            {"timeout": 9, "imageUri": shop.image("2")["imageUri"]},
        ),
        "aws:lambda/alias:Alias": (
            {"functionName": function, "functionVersion": "$LATEST"},
            {"description": "live"},
        ),
        "aws:lambda/permission:Permission": (
            {
                "function": function,
                "action": "lambda:InvokeFunction",
                "principal": "events.amazonaws.com",
                "sourceArn": "arn:aws:events:eu-west-1:123456789012:rule/r",
            },
            {"principal": "sns.amazonaws.com"},
        ),
        **storage_inputs(shop),
        "aws:cloudwatch/logGroup:LogGroup": (
            {"retentionInDays": 7, "tags": {"a": "1"}},
            {"retentionInDays": 14, "tags": {"b": "2"}},
        ),
    }
    first, changed = cases[token]
    return first, {**first, **changed}


def storage_inputs(shop: Shop) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """The same for buckets and build projects."""
    bucket = {"bucket": shop.bucket.id}
    rule = {"id": "old", "status": "Enabled", "expiration": {"days": 7}}
    encryption = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}
    keyed = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}}
    secure = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}],
    }
    return {
        "aws:s3/bucket:Bucket": ({"tags": {"a": "1"}}, {"tags": {}}),
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": (
            {**bucket, "blockPublicAcls": True},
            {"blockPublicPolicy": True},
        ),
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
            {**bucket, "rules": [encryption]},
            {"rules": [keyed]},
        ),
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": (
            {**bucket, "rules": [rule]},
            {"rules": [{**rule, "filter": {"prefix": "sources/"}}]},
        ),
        "aws:s3/bucketVersioning:BucketVersioning": (
            {**bucket, "versioningConfiguration": {"status": "Enabled"}},
            {"versioningConfiguration": {"status": "Suspended"}},
        ),
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls": (
            {**bucket, "rule": {"objectOwnership": "BucketOwnerEnforced"}},
            {"rule": {"objectOwnership": "ObjectWriter"}},
        ),
        "aws:s3/bucketPolicy:BucketPolicy": (
            {**bucket, "policy": secure},
            {"policy": json.dumps(secure).replace("s3:*", "s3:PutObject")},
        ),
        "aws:codebuild/project:Project": (
            {
                "artifacts": {"type": "NO_ARTIFACTS"},
                "environment": {
                    "type": "LINUX_CONTAINER",
                    "computeType": "BUILD_GENERAL1_SMALL",
                    "image": "aws/codebuild/amazonlinux-x86_64-standard:5.0",
                    "privilegedMode": True,
                    "environmentVariables": [{"name": "A", "value": "1"}],
                },
                "source": {"type": "S3", "location": "bucket/source.zip", "buildspec": "version: 0.2"},
                "serviceRole": shop.role.state["arn"],
                "logsConfig": {"cloudwatchLogs": {"groupName": "/builds"}},
                "concurrentBuildLimit": 4,
                "tags": {"a": "1"},
            },
            {"name": "another"},
        ),
    }


TOKENS = (
    "aws:s3/bucket:Bucket",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "aws:s3/bucketVersioning:BucketVersioning",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    "aws:s3/bucketPolicy:BucketPolicy",
    "aws:codebuild/project:Project",
    "aws:ecr/repository:Repository",
    "aws:ecr/lifecyclePolicy:LifecyclePolicy",
    "aws:ecr/repositoryPolicy:RepositoryPolicy",
    "aws:iam/role:Role",
    "aws:iam/policy:Policy",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:lambda/function:Function",
    "aws:lambda/alias:Alias",
    "aws:lambda/permission:Permission",
    "aws:cloudwatch/logGroup:LogGroup",
)


@pytest.mark.parametrize("token", TOKENS)
def test_a_resource_lives_and_settles(plugin: Plugin, shop: Shop, token: str) -> None:
    first, changed = inputs_of(token, shop)
    made = plugin.create(token, first)
    assert made.changes(first) == {}, "a second up changes nothing"
    again = made.refreshed()
    assert again is not None
    assert (again.state, again.inputs) == (made.state, made.inputs), "a refresh changes nothing"
    difference = made.diff(changed)
    assert set(difference.diffs) <= {name for name in changed if first.get(name) != changed[name]}
    assert difference.diffs
    if not difference.replaces:
        made.update(changed)
        assert made.changes(changed) == {}, "an up after an update changes nothing"
    made.delete()
    # A bucket that was versioned once stays so: taking the resource away suspends it.
    if not token.endswith(":BucketVersioning"):
        assert made.refreshed() is None
    made.delete()


@pytest.mark.parametrize("token", TOKENS)
def test_an_imported_resource_needs_no_change(plugin: Plugin, shop: Shop, token: str) -> None:
    first, _changed = inputs_of(token, shop)
    first.pop("managedPolicyArns", None)
    # What an emulator does not show cannot be imported from it.
    first.pop("loggingConfig", None)
    first.pop("concurrentBuildLimit", None)
    made = plugin.create(token, first, name="imported")
    resource_id = f"{shop.function.id}/{made.id}" if token.endswith(":Permission") else made.id
    found = plugin.read(token, resource_id, state={}, inputs={})
    assert found is not None
    named = {key: made.inputs[key] for key in ("name", "statementId", "bucket") if key in made.inputs}
    assert found.changes({**first, **named}) == {}
    made.delete()


def test_an_import_id_may_name_the_region(plugin: Plugin) -> None:
    token = "aws:ecr/repository:Repository"
    made = plugin.create(token, {"region": "us-east-2"}, name="far")
    found = plugin.read(token, f"{made.id}@us-east-2", state={}, inputs={})
    assert found is not None
    assert (found.id, found.state["region"]) == (made.id, "us-east-2")
    assert plugin.read(token, made.id, state={}, inputs={}) is None
    made.delete()


def test_a_preview_of_a_new_resource_knows_inputs_and_no_outputs(plugin: Plugin) -> None:
    known = plugin.preview_create("aws:ecr/repository:Repository", {"name": "shop/images"})
    assert known["name"] == "shop/images"
    assert known["imageTagMutability"] == "MUTABLE"
    assert known["tagsAll"] == {}
    assert {known[name] for name in ("arn", "repositoryUrl", "registryId")} == {UNKNOWN}


def test_a_preview_of_an_update_knows_the_outputs_that_stay(plugin: Plugin, shop: Shop) -> None:
    plain = shop.function.update(shop.image("1"), preview=True)
    assert plain["lastModified"] is UNKNOWN
    assert (plain["version"], plain["arn"]) == ("$LATEST", shop.function.state["arn"])
    published = shop.function.update(shop.image("1", publish=True), preview=True)
    assert {published[name] for name in ("version", "qualifiedArn", "qualifiedInvokeArn")} == {UNKNOWN}
    waiting = shop.function.update({**shop.image("0"), "imageUri": UNKNOWN}, preview=True)
    assert waiting["imageUri"] is UNKNOWN


def test_publishing_makes_versions(plugin: Plugin, shop: Shop) -> None:
    made = plugin.create("aws:lambda/function:Function", shop.image("1", publish=True), name="published")
    assert made.state["version"] == "1"
    made.update(shop.image("2", publish=True))
    assert made.state["version"] == "2"
    assert made.state["qualifiedArn"].endswith(":2")
    made.delete()


def test_drift_is_seen_by_refresh_and_mended_by_the_next_up(plugin: Plugin, shop: Shop) -> None:
    wanted = {"imageTagMutability": "IMMUTABLE"}
    made = plugin.create("aws:ecr/repository:Repository", wanted, name="drift")
    plugin.create("aws:ecr/repository:Repository", {}, name="other").delete()
    elsewhere = Made(plugin, made.token, made.name, made.id, made.inputs, made.state)
    elsewhere.update({"imageTagMutability": "MUTABLE"})
    found = made.refreshed()
    assert found is not None
    assert found.state["imageTagMutability"] == found.inputs["imageTagMutability"] == "MUTABLE"
    assert found.changes(wanted) == {"imageTagMutability": "UPDATE"}
    made.delete()


@pytest.mark.parametrize(
    ("token", "news", "message"),
    [
        ("aws:ecr/repository:Repository", {"name": "Upper"}, "CreateRepository: InvalidParameterException: "),
        ("aws:iam/rolePolicy:RolePolicy", {"role": "none", "policy": "{}"}, "PutRolePolicy: "),
        (
            "aws:ecr/repositoryPolicy:RepositoryPolicy",
            {"repository": "none", "policy": "{}"},
            "SetRepositoryPolicy: RepositoryNotFoundException: ",
        ),
    ],
)
def test_a_refusal_is_one_message_with_awss_code(
    plugin: Plugin, token: str, news: dict[str, Any], message: str
) -> None:
    with pytest.raises(RefusedError) as refused:
        plugin.create(token, news)
    assert str(refused.value).startswith(f"creating {token}")
    assert message in str(refused.value)
    assert "Traceback" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_name_that_is_taken_is_refused(plugin: Plugin, shop: Shop) -> None:
    with pytest.raises(RefusedError, match="RepositoryAlreadyExistsException"):
        plugin.create("aws:ecr/repository:Repository", {"name": shop.repository.id})


def test_an_unsupported_type_or_function_is_refused_by_name(plugin: Plugin) -> None:
    with pytest.raises(RefusedError, match="resource type aws:sqs/queue:Queue is not supported"):
        plugin.check("aws:sqs/queue:Queue", {})
    with pytest.raises(RefusedError, match="function aws:sqs/getQueue:getQueue is not supported"):
        plugin.invoke("aws:sqs/getQueue:getQueue")


def test_functions_answer(plugin: Plugin, shop: Shop) -> None:
    assert plugin.invoke("aws:index/getCallerIdentity:getCallerIdentity")["accountId"] == "123456789012"
    assert plugin.invoke("aws:index/getRegion:getRegion")["region"] == "eu-west-1"
    assert plugin.invoke("aws:index/getPartition:getPartition")["partition"] == "aws"
    token = plugin.invoke("aws:ecr/getAuthorizationToken:getAuthorizationToken")
    assert token["userName"] == "AWS"
    found = plugin.invoke("aws:ecr/getRepository:getRepository", name=shop.repository.id)
    assert found["repositoryUrl"] == shop.repository.state["repositoryUrl"]
    assert plugin.invoke("aws:s3/getBucket:getBucket", bucket=shop.bucket.id)["arn"] == shop.bucket.state["arn"]
    with pytest.raises(RefusedError, match="couldn't find resource"):
        plugin.invoke("aws:s3/getBucket:getBucket", bucket="not-there")
    with pytest.raises(RefusedError, match="RepositoryNotFoundException"):
        plugin.invoke("aws:ecr/getRepository:getRepository", name="none")
    with pytest.raises(RefusedError, match="nam: unknown property"):
        plugin.invoke("aws:ecr/getRepository:getRepository", nam="none")


def test_a_policy_document_is_made_of_its_parts(plugin: Plugin) -> None:
    answer = plugin.invoke(
        "aws:iam/getPolicyDocument:getPolicyDocument",
        sourcePolicyDocuments=[json.dumps(PULL)],
        overridePolicyDocuments=['{"Statement": {"Sid": "pull", "Effect": "Deny", "Action": "*"}}'],
        statements=[
            {
                "actions": ["sts:AssumeRole"],
                "principals": [{"type": "Service", "identifiers": ["lambda.amazonaws.com"]}],
                "conditions": [{"test": "StringEquals", "variable": "aws:SourceAccount", "values": ["1"]}],
            }
        ],
    )
    assert json.loads(answer["json"]) == json.loads(answer["minifiedJson"])
    assert json.loads(answer["json"])["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": "1"}},
        },
        {"Sid": "pull", "Effect": "Deny", "Action": "*"},
    ]
