"""``stacks/ecs_service`` under Pulumi's mocks: what its configuration decides."""

import json
from typing import Any

import pulumi
import pytest

RECORD = "pulumi-python:dynamic/fast-container:ImageBuild"
ACCOUNT = "123456789012"
URL = f"{ACCOUNT}.dkr.ecr.eu-central-1.amazonaws.com/shop/images"
REPOSITORY = f"arn:aws:ecr:eu-central-1:{ACCOUNT}:repository/shop/images"
DIGEST = "sha256:" + "1" * 64
SERVICE, DEFINITION, GROUP = (
    "aws:ecs/service:Service",
    "aws:ecs/taskDefinition:TaskDefinition",
    "aws:ec2/securityGroup:SecurityGroup",
)
ANSWERS = {
    "aws:ecr/getRepository:getRepository": {"repositoryUrl": URL, "arn": REPOSITORY},
    "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": ACCOUNT},
    "aws:index/getRegion:getRegion": {"region": "eu-central-1"},
    "aws:ec2/getVpc:getVpc": {"id": "vpc-default", "cidrBlock": "172.31.0.0/16"},
    "aws:ec2/getSubnets:getSubnets": {"ids": ["subnet-1", "subnet-2"]},
}

# Importing pulumi_aws.ec2 warns about one of its own modules.
pytestmark = pytest.mark.filterwarnings("ignore:aws\\.ec2/:DeprecationWarning")


class Mocks(pulumi.runtime.Mocks):
    def __init__(self) -> None:
        self.made: dict[str, dict[str, Any]] = {}
        self.called: set[str] = set()

    def new_resource(self, args: pulumi.runtime.MockResourceArgs):
        self.made[f"{args.typ} {args.name}"] = args.inputs
        extra: dict[str, Any] = {"arn": f"arn:{args.name}"}
        if args.typ == "aws:ecr/repository:Repository":
            extra = {"repositoryUrl": URL, "arn": REPOSITORY, "registryId": ACCOUNT}
        elif args.typ == RECORD:
            extra = {"digest": DIGEST}
        return f"{args.name}-id", {**args.inputs, **extra}

    def call(self, args: pulumi.runtime.MockCallArgs):
        self.called.add(args.token)
        return ANSWERS[args.token]


@pytest.fixture
def stack(run_stack):
    """Runs the program with a configuration; returns what it made."""

    def run(**configuration: str) -> Mocks:
        mocks = Mocks()
        run_stack("ecs_service", mocks, **configuration)
        return mocks

    return run


def test_without_configuration_it_runs_in_the_default_vpc_and_owns_its_repository(stack):
    mocks = stack()
    assert any(made.startswith("aws:ecr/repository:Repository ") for made in mocks.made)
    network = mocks.made[f"{SERVICE} web"]["networkConfiguration"]
    assert network == {"subnets": ["subnet-1", "subnet-2"], "securityGroups": ["web-id"], "assignPublicIp": True}
    (rule,) = mocks.made[f"{GROUP} web"]["ingress"]
    assert (rule["fromPort"], rule["toPort"], rule["cidrBlocks"]) == (8080, 8080, ["172.31.0.0/16"])
    assert mocks.made[f"{GROUP} worker"]["ingress"] == []


def test_configuration_names_the_network_the_repository_and_the_architecture(stack):
    mocks = stack(
        repository="shop/images",
        architecture="arm64",
        vpcId="vpc-own",
        subnets='["subnet-own"]',
        allowedCidrs='["10.0.0.0/8"]',
        publicIp="false",
    )
    assert not any(made.startswith("aws:ecr/repository:Repository ") for made in mocks.made)
    assert not mocks.called & {"aws:ec2/getVpc:getVpc", "aws:ec2/getSubnets:getSubnets"}
    assert mocks.made[f"{GROUP} web"]["vpcId"] == "vpc-own"
    network = mocks.made[f"{SERVICE} web"]["networkConfiguration"]
    assert (network["subnets"], network["assignPublicIp"]) == (["subnet-own"], False)
    definition = mocks.made[f"{DEFINITION} web"]
    assert definition["runtimePlatform"]["cpuArchitecture"] == "ARM64"
    assert json.loads(definition["containerDefinitions"])[0]["image"] == f"{URL}@{DIGEST}"


def test_only_ecs_gets_a_role_and_only_for_this_repository_and_these_logs(stack):
    mocks = stack()
    roles = [made for made in mocks.made if made.startswith("aws:iam/role:Role ")]
    assert roles == ["aws:iam/role:Role execution"]
    assert "taskRoleArn" not in mocks.made[f"{DEFINITION} web"]
    policy = json.loads(mocks.made["aws:iam/rolePolicy:RolePolicy execution"]["policy"])
    named = {str(statement["Resource"]) for statement in policy["Statement"]}
    assert named == {"*", REPOSITORY, str([f"arn:{name}:*" for name in ("web", "worker", "frontend")])}
    (everywhere,) = (statement for statement in policy["Statement"] if statement["Resource"] == "*")
    assert everywhere["Action"] == "ecr:GetAuthorizationToken"


@pytest.mark.parametrize(
    ("name", "text"), [("architecture", "one of x86_64, arm64, not 'other'"), ("builder", "local or codebuild, not")]
)
def test_a_value_that_does_not_exist_is_refused(stack, name, text):
    with pytest.raises(pulumi.RunError, match=f"{name} must be {text}"):
        stack(**{name: "other"})
