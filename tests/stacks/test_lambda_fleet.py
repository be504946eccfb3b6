"""The example stack under Pulumi's mocks: a user's unit tests touch neither Docker nor a network."""

from typing import Any

import pulumi
import pytest

RECORD = "pulumi-python:dynamic/fast-container:ImageBuild"
HOST = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"
URL = f"{HOST}/shop/images"
BASES = f"{HOST}/shop/bases"
FUNCTIONS = ["invoices", "labels", "orders", "reports", "routes", "search"]
DIGEST = "sha256:" + "1" * 64

# Importing pulumi_aws.lambda_ or pulumi_aws.s3 warns about their own modules.
pytestmark = pytest.mark.filterwarnings("ignore:(aws[.]lambda/|aws[.]s3/|s3[.]):DeprecationWarning")


class Mocks(pulumi.runtime.Mocks):
    def __init__(self) -> None:
        self.made: dict[str, dict[str, Any]] = {}

    def new_resource(self, args: pulumi.runtime.MockResourceArgs):
        self.made[f"{args.typ} {args.name}"] = args.inputs
        extra: dict[str, Any] = {"arn": f"arn:aws:any:eu-central-1:123456789012:{args.name}"}
        if args.typ == "aws:ecr/repository:Repository":
            name = f"shop/{args.name.removesuffix('-repository')}"
            arn = f"arn:aws:ecr:eu-central-1:123456789012:repository/{name}"
            extra = {"repositoryUrl": f"{HOST}/{name}", "arn": arn, "registryId": "123456789012"}
        elif args.typ == RECORD:
            extra = {"digest": DIGEST}
        elif args.typ == "aws:lambda/function:Function":
            extra = {"name": args.name, "version": "7"}
        return f"{args.name}-id", {**args.inputs, **extra}

    def call(self, args: pulumi.runtime.MockCallArgs):
        name = args.args.get("name")
        return {"repositoryUrl": f"{HOST}/{name}"} if args.token == "aws:ecr/getRepository:getRepository" else {}

    def of(self, kind: str) -> dict[str, dict[str, Any]]:
        return {name.partition(" ")[2]: inputs for name, inputs in self.made.items() if name.startswith(f"{kind} ")}


@pytest.fixture
def fleet(run_stack):
    """Runs the program with a configuration; returns what it made."""

    def run(**configuration: str) -> Mocks:
        mocks = Mocks()
        run_stack("lambda_fleet", mocks, **configuration)
        return mocks

    return run


def test_every_function_gets_the_digest_of_its_own_image(fleet):
    made = fleet()
    functions = made.of("aws:lambda/function:Function")
    assert sorted(functions) == FUNCTIONS
    assert {inputs["imageUri"] for inputs in functions.values()} == {f"{URL}@{DIGEST}"}
    keys = {inputs["build_key"] for inputs in made.of(RECORD).values()}
    assert len(keys) == len(FUNCTIONS) + 1


def test_every_function_has_an_alias_on_the_version_that_was_published(fleet):
    made = fleet()
    aliases = made.of("aws:lambda/alias:Alias")
    assert sorted(aliases) == FUNCTIONS
    for name, alias in aliases.items():
        assert (alias["name"], alias["functionName"], alias["functionVersion"]) == ("live", name, "7")
        assert made.of("aws:lambda/function:Function")[name]["publish"] is True


def test_one_function_publishes_versions_that_are_started_from_a_snapshot(fleet):
    functions = fleet().of("aws:lambda/function:Function")
    started = {name: inputs["snapStart"] for name, inputs in functions.items() if inputs.get("snapStart")}
    assert started == {"reports": {"applyOn": "PublishedVersions"}}


def test_functions_of_the_shared_package_stand_on_its_dependencies_and_no_others_do(fleet):
    made = fleet()
    records = made.of(RECORD)
    base = records["pricing-dependencies-build"]
    assert base["repository_url"] == BASES
    on_base = {name for name, inputs in records.items() if "base:BASE_IMAGE" in inputs["parts"]}
    assert on_base == {"fleet-invoices-build", "fleet-orders-build"}


def test_a_stack_that_names_repositories_makes_none(fleet):
    made = fleet(repository="shop/images", baseRepository="shop/bases")
    assert not made.of("aws:ecr/repository:Repository")
    assert {inputs["repository_url"] for inputs in made.of(RECORD).values()} == {URL, BASES}


def test_the_architecture_of_image_and_function_is_one_setting(fleet):
    made = fleet(architecture="arm64")
    assert {str(inputs["architectures"]) for inputs in made.of("aws:lambda/function:Function").values()} == {
        "['arm64']"
    }
    amd64 = {inputs["build_key"] for inputs in fleet().of(RECORD).values()}
    assert not amd64 & {inputs["build_key"] for inputs in made.of(RECORD).values()}


def test_another_architecture_is_refused(fleet):
    with pytest.raises(pulumi.RunError, match="architecture must be one of"):
        fleet(architecture="riscv64")


def test_all_that_images_need_of_codebuilds_role_is_one_policy(fleet):
    policies = fleet(builder="codebuild").of("aws:iam/rolePolicy:RolePolicy")
    assert sorted(policies) >= ["builds-grants-0", "builds-role-policy"]
    assert [name for name in policies if "grants" in name] == ["builds-grants-0"]
