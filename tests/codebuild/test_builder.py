"""What a ``CodeBuildBuilder`` makes, with Pulumi's mocks: within IAM's quotas, and refused where AWS would refuse."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from fast_container import CodeBuildBuilder, SecretsManagerSecret, VpcConfig
from fast_container.builder_interface import ExecutorNeeds
from fast_container.cli import main
from fast_container.codebuild.build_limits import checked_limits
from fast_container.codebuild.executors import sharing_of
from fast_container.codebuild.grants import start_of_names
from fast_container.core.ports import Registry
from fast_container.core.registry_cache import RegistryCache
from tests.codebuild.builder_program import ACCOUNT, LOGS, REGION, REGISTRY, Mocks, Run

pytestmark = pytest.mark.filterwarnings("ignore:(aws[.]|s3[.]):DeprecationWarning")


def granted(mocks: Mocks, action: str) -> list[str]:
    documents = [*mocks.policies("aws:iam/rolePolicy:RolePolicy").values()]
    documents += mocks.policies("aws:iam/policy:Policy").values()
    statements = [one for document in documents for one in json.loads(document)["Statement"]]
    return [resource for one in statements if action in one["Action"] for resource in one["Resource"]]


def fleet(count: int, *, secrets: int = 0, asks: bool = False) -> None:
    builder = CodeBuildBuilder("builds")
    for number in range(count):
        if asks and number % 7 == 3:
            aws.get_caller_identity()
        repository = aws.ecr.Repository(f"{'service-with-a-long-name/' * 2}{number:03}")
        builder.grant_push(f"resource {number}", repository.arn)
        builder.grant_pull(f"{REGISTRY}/bases/python")
        builder.grant_secrets({"token": SecretsManagerSecret(f"token-{number % max(secrets, 1)}")} if secrets else {})


@pytest.mark.parametrize("asks", [False, True])
@pytest.mark.parametrize(("count", "managed"), [(5, 0), (31, 1), (100, 3)])
def test_a_fleet_of_repositories_stays_within_iams_quotas(run: Run, count: int, managed: int, asks: bool) -> None:
    mocks = run(lambda: fleet(count, secrets=3, asks=asks))
    inline = mocks.policies("aws:iam/rolePolicy:RolePolicy")
    assert sum(map(len, inline.values())) < 10_240 / 2  # other stacks may add theirs
    attached = mocks.policies("aws:iam/policy:Policy")
    assert len(attached) == managed
    assert all(len(document) <= 6_144 for document in attached.values())
    assert len(mocks.of("aws:iam/rolePolicyAttachment:RolePolicyAttachment")) == managed
    assert len(set(granted(mocks, "ecr:PutImage"))) == count
    assert len(granted(mocks, "secretsmanager:GetSecretValue")) == 3


def test_more_repositories_than_a_role_can_hold_are_refused_with_their_number(run: Run) -> None:
    with pytest.raises(pulumi.RunError, match=r"(?s)has no room for \d+ repositories.*10 managed policies"):
        run(lambda: fleet(600))


def test_an_image_depends_on_the_policy_that_its_grant_is_in(run: Run) -> None:
    found: list[Any] = []

    def program() -> None:
        builder = CodeBuildBuilder("builds")
        first = builder.grant_push("a", "arn:aws:ecr:eu-west-1:1:repository/a")
        again = builder.grant_push("a", "arn:aws:ecr:eu-west-1:1:repository/a")
        found.extend((first, again))

    run(program)
    assert len(found[0]) == 1
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("image_builder", {}, "characters that AWS refuses"),
        ("image.builder", {"bucket": "b", "role": "r"}, "characters that AWS refuses"),
        ("with space", {}, "characters that AWS refuses"),
        ("-builds", {}, "characters that AWS refuses"),
        ("bäume", {}, "characters that AWS refuses"),
        ("x" * 48, {}, "too long"),
        ("x" * 52, {"bucket": "b"}, "too long"),
        ("x" * 136, {"bucket": "b", "role": "r"}, "too long"),
        ("with space", {"shared": {}}, "characters that AWS refuses"),
        ("builds", {"privileged": False}, "privileged mode"),
        ("builds", {"docker_server": "BUILD_GENERAL1_LARGE", "architectures": ("arm64",)}, "x86_64 only"),
        ("builds", {"image": "aws/codebuild/standard:8.0", "architectures": ("x86_64", "arm64")}, "not run on arm64"),
        ("builds", {"image": {"x86_64": "i"}, "architectures": ("x86_64", "arm64")}, "no image for arm64"),
        ("builds", {"mirrors": {"docker.io": "https://mirror.gcr.io"}}, "not a registry and its mirror"),
        ("builds", {"pull_from": [f"https://{REGISTRY}/bases"]}, "not a repository's URL"),
        ("builds", {"pull_from": [f"{REGISTRY}/bases:latest"]}, "not a repository's URL"),
        ("builds", {"pull_from": ["bases/python"]}, "not a repository's URL"),
        ("builds", {"pull_from": [REGISTRY]}, "not a repository's URL"),
        ("builds", {"architectures": ("arm64", "arm64")}, "named twice"),
        ("builds", {"compute_type": "BUILD_LAMBDA_4GB"}, "Lambda compute has no Docker"),
        ("builds", {"compute_type": "MEDIUM"}, "not a machine that can build images"),
        ("builds", {"compute_type": "ATTRIBUTE_BASED_COMPUTE"}, "not a machine that can build images"),
        ("builds", {"vpc": VpcConfig("vpc-1", [], ["sg-1"])}, "0 subnets"),
        ("builds", {"vpc": VpcConfig("vpc-1", ["subnet-1"], [])}, "0 security_group_ids"),
        ("builds", {"vpc": VpcConfig("vpc-1", ["subnet-1"], [f"sg-{n}" for n in range(6)])}, "accepts 1 to 5"),
        ("builds", {"fleet": "arn:f", "architectures": ("x86_64", "arm64")}, "machines of one architecture"),
        ("builds", {"role": "theirs", "permissions_boundary": "arn:p"}, "gets no permissions boundary"),
        ("builds", {"kms_key": "arn:k"}, "no effect without a bucket"),
    ],
)
def test_what_aws_would_refuse_is_refused_in_preview(run: Run, name: str, arguments: Any, said: str) -> None:
    with pytest.raises(pulumi.RunError, match=said):
        run(lambda: CodeBuildBuilder(name, **arguments))


SHARED: dict[str, Any] = {
    "bucket": "b",
    "projects": {"x86_64": "p"},
    "prefix": "",
    "expire_days": 30,
    "log_group_arn": LOGS,
    "role_arn": f"arn:aws:iam::{ACCOUNT}:role/r",
    "role_name": "r",
    "buildkit_image": "",
}


@pytest.mark.parametrize(
    "arguments",
    [
        *({"image": "i"}, {"vpc": VpcConfig("vpc-1", ["subnet-1"], ["sg-1"])}, {"bucket": "b"}, {"fleet": "arn:f"}),
        *({"permissions_boundary": "arn:p"}, {"docker_server": "BUILD_GENERAL1_LARGE"}, {"tags": {"team": "a"}}),
    ],
)
def test_what_a_shared_builder_would_pass_over_is_refused(run: Run, arguments: dict[str, Any]) -> None:
    (name,) = arguments
    with pytest.raises(pulumi.RunError, match=f"(?s){name} has no effect on a shared builder.*Set {name}= there"):
        run(lambda: CodeBuildBuilder("builds", shared=SHARED, **arguments))


def test_policies_of_stacks_with_long_names_are_told_apart_within_iams_length() -> None:
    assert start_of_names("shop", "prod", "builds") == "shop-prod-builds"
    long = [start_of_names("p" * 60, "s" * 60, name) for name in ("builds", "others")]
    assert len(set(long)) == 2
    assert all(len(f"{start}-grants-10-1234567") <= 128 for start in long)


def test_the_role_of_a_shared_builder_that_is_not_its_own_gets_no_policy(run: Run) -> None:
    theirs = {**SHARED, "role_name": ""}

    def program(**role: Any) -> Callable[[], object]:
        return lambda: CodeBuildBuilder("builds", shared=theirs, **role).grant_push("a", f"{REGISTRY}/a")

    with pytest.raises(Exception, match="is not its own, and gets no policies"):
        run(program())
    assert run(program(role="theirs")).of("aws:iam/rolePolicy:RolePolicy") == {}


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("image_builder", {"bucket": "b"}),
        ("x" * 47, {}),
        ("builds", {"compute_type": "ATTRIBUTE_BASED_COMPUTE", "fleet": "arn:f"}),
        ("builds", {"compute_type": "BUILD_GENERAL1_2XLARGE"}),
        ("builds", {"pull_from": [f"{REGISTRY}/a__b/c--d", "127.0.0.1:5000/bases", f"{REGISTRY}/bases/*"]}),
    ],
)
def test_names_that_aws_takes_are_taken(run: Run, name: str, arguments: Any) -> None:
    assert run(lambda: CodeBuildBuilder(name, **arguments)).project


@pytest.mark.parametrize(
    ("image", "credentials"),
    [
        (None, "CODEBUILD"),
        ("aws/codebuild/standard:8.0", "CODEBUILD"),
        ({"x86_64": "aws/codebuild/amazonlinux-x86_64-standard:6.0"}, "CODEBUILD"),
        (f"{REGISTRY}/ci/build:1", "SERVICE_ROLE"),
    ],
)
def test_a_curated_image_is_pulled_by_codebuild_and_another_by_the_role(run: Run, image: Any, credentials: str) -> None:
    environment = run(lambda: CodeBuildBuilder("builds", image=image)).project["environment"]
    assert environment["imagePullCredentialsType"] == credentials


def test_a_projects_own_source_is_of_s3_and_never_there(run: Run) -> None:
    source = run(lambda: CodeBuildBuilder("builds", bucket="given")).project["source"]
    assert (source["type"], source["location"]) == ("S3", "given/fast-container/none.zip")


def test_boundary_fleet_and_docker_server_reach_the_resources(run: Run) -> None:
    boundary, reserved = f"arn:aws:iam::{ACCOUNT}:policy/bounds", f"arn:aws:codebuild:{REGION}:{ACCOUNT}:fleet/f:1"
    vpc = VpcConfig("vpc-1", ["subnet-1"], ["sg-1"])
    made = run(
        lambda: CodeBuildBuilder(
            "builds", permissions_boundary=boundary, fleet=reserved, docker_server="BUILD_GENERAL1_LARGE", vpc=vpc
        )
    )
    (role,) = made.of("aws:iam/role:Role").values()
    assert role["permissionsBoundary"] == boundary
    environment = made.project["environment"]
    assert environment["fleet"] == {"fleetArn": reserved}
    assert environment["dockerServer"] == {"computeType": "BUILD_GENERAL1_LARGE", "securityGroupIds": ["sg-1"]}


def test_builds_in_a_network_of_ones_own_do_not_all_start_at_once(run: Run) -> None:
    limits: dict[str, int] = {}

    def program() -> None:
        vpc = VpcConfig("vpc-1", ["subnet-1"], ["sg-1"])
        limits["without"] = CodeBuildBuilder("a").max_parallel
        limits["in a VPC"] = CodeBuildBuilder("b", vpc=vpc).max_parallel
        limits["asked for"] = CodeBuildBuilder("c", vpc=vpc, max_parallel=50).max_parallel

    run(program)
    assert limits == {"without": 10_000, "in a VPC": 20, "asked for": 50}


def test_images_share_builds_only_where_that_is_asked_for(run: Run) -> None:
    found: dict[str, tuple[int, int]] = {}

    def program() -> None:
        given: dict[str, Any] = {"without": {}, "auto": {"images_per_build": "auto"}, "three": {"images_per_build": 3}}
        for name, arguments in given.items():
            builder = CodeBuildBuilder(name, max_parallel=5, **arguments)
            found[name] = builder.images_per_build, builder.images_at_once

    run(program)
    assert found == {"without": (1, 5), "auto": (8, 40), "three": (3, 15)}


@pytest.mark.parametrize("given", [0, 17, "8", "all", 1.5, True, None, ["auto"]])
def test_a_number_of_images_that_cannot_share_a_build_is_refused(run: Run, given: Any) -> None:
    with pytest.raises(pulumi.RunError, match=r"(?s)where: images_per_build.*1 to 16"):
        run(lambda: CodeBuildBuilder("builds", images_per_build=given))


@pytest.mark.parametrize(("given", "most", "fills"), [("auto", 8, False), (3, 3, True), (16, 16, True)])
def test_the_executor_shares_as_its_builder_was_told(given: object, most: int, fills: bool) -> None:
    def refuse(url: str) -> Registry:
        raise NotImplementedError(url)

    needs = ExecutorNeeds(lambda _: None, refuse, {}, lambda: None, lambda _: False)
    names = ("timeout_s", "queue_timeout_s", "timeout", "queue_timeout", "concurrent_build_limit")
    unset = dict.fromkeys(names)
    limits = checked_limits("b", **unset, max_parallel=5, images_per_build=given, in_vpc=False)
    sharing = sharing_of(limits, needs)
    assert sharing is not None
    assert (sharing.places, sharing.most, sharing.fills) == (5, most, fills)
    alone = checked_limits("b", **unset, max_parallel=5, images_per_build=1, in_vpc=False)
    assert sharing_of(alone, needs) is None


def of_the_command_line(kind: str, capsys: pytest.CaptureFixture[str]) -> list[Any]:
    """The statements that ``fast-container policy`` prints for the builder of the next test."""
    facts = ["--account", ACCOUNT, "--region", REGION, "--bucket", "given", "--log-group", "/fast-container/p/s/builds"]
    facts += ["--subnet", "subnet-1", "--kms-key", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k", "--secret", "ghcr"]
    facts += ["--pull", f"{REGISTRY}/bases/a", "--push", f"{REGISTRY}/caches", "--push", f"{REGISTRY}/images"]
    assert main(["policy", kind, *facts, "--pull-through", f"{REGISTRY}/docker-hub", "--project", "builds-x86-64"]) == 0
    return json.loads(capsys.readouterr().out)["Statement"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["service-role", "--account", "12", "--region", REGION, "--bucket", "b"], "--account"),
        (["service-role", "--account", ACCOUNT, "--region", "here", "--bucket", "b"], "--region"),
        (["service-role", "--account", ACCOUNT, "--region", REGION], "--bucket"),
        (["deployer", "--account", ACCOUNT, "--region", REGION, "--bucket", "b"], "--project"),
        (["service-role", "--account", ACCOUNT, "--region", REGION, "--bucket", "b", "--push", "ghcr.io/a"], "--push"),
    ],
)
def test_a_policy_that_lacks_a_fact_is_refused(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["policy", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_a_printed_policy_is_of_the_regions_partition(capsys: pytest.CaptureFixture[str]) -> None:
    facts = ["--account", ACCOUNT, "--region", "cn-north-1", "--bucket", "given"]
    assert main(["policy", "service-role", *facts]) == 0
    assert '"arn:aws:' not in capsys.readouterr().out


def test_an_existing_roles_policy_is_what_a_made_role_would_be_granted(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    documents: dict[str, Any] = {}
    vpc = VpcConfig("vpc-1", ["subnet-1"], ["sg-1"])

    def program(**role: Any) -> Callable[[], None]:
        def declare() -> None:
            builder = CodeBuildBuilder(
                "builds",
                bucket="given",
                kms_key=f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k",
                vpc=vpc,
                pull_from=[f"{REGISTRY}/bases/a"],
                cache=RegistryCache(f"{REGISTRY}/caches"),
                registry_logins={"ghcr.io": SecretsManagerSecret("ghcr")},
                mirrors={"docker.io": f"{REGISTRY}/docker-hub"},
                **role,
            )
            builder.grant_push("images", f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/images")
            builder.service_role_policy.apply(lambda text: documents.__setitem__("printed", json.loads(text)))
            builder.deployer_policy.apply(lambda text: documents.__setitem__("deployer", json.loads(text)))

        return declare

    made = run(program(role="theirs"))
    assert made.of("aws:iam/role:Role") == {} == made.of("aws:iam/rolePolicy:RolePolicy")
    printed = documents["printed"]["Statement"]
    made = run(program())
    attached = made.policies("aws:iam/rolePolicy:RolePolicy").values()
    granted_to_ours = [statement for text in attached for statement in json.loads(text)["Statement"]]
    assert sorted(map(str, granted_to_ours)) == sorted(map(str, printed))
    assert sorted(map(str, of_the_command_line("service-role", capsys))) == sorted(map(str, printed))
    assert of_the_command_line("deployer", capsys) == documents["deployer"]["Statement"]
    actions = {action for statement in printed for action in statement["Action"]}
    assert {"kms:Decrypt", "ecr:BatchImportUpstreamImage", "secretsmanager:GetSecretValue"} <= actions
