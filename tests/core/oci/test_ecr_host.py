"""Which hosts are ECR: AWS's own names, in every partition, and nothing that only looks like one."""

from __future__ import annotations

import pytest

from fast_container.codebuild.policies import PUSH, arn_of_url, deployer, granted
from fast_container.core.oci.ecr_host import EcrHost, ecr_host, is_emulator, login_command, repository_arn

ACCOUNT = "123456789012"


@pytest.mark.parametrize(
    ("rest", "region", "partition"),
    [
        ("dkr.ecr.eu-west-1.amazonaws.com", "eu-west-1", "aws"),
        ("dkr.ecr.mx-central-1.amazonaws.com", "mx-central-1", "aws"),
        ("dkr.ecr-fips.us-east-2.amazonaws.com", "us-east-2", "aws"),
        ("dkr-ecr.ap-southeast-5.on.aws", "ap-southeast-5", "aws"),
        ("dkr-ecr-fips.us-west-2.on.aws", "us-west-2", "aws"),
        ("dkr.ecr.us-gov-west-1.amazonaws.com", "us-gov-west-1", "aws-us-gov"),
        ("dkr.ecr-fips.us-gov-east-1.amazonaws.com", "us-gov-east-1", "aws-us-gov"),
        ("dkr-ecr-fips.us-gov-east-1.on.aws", "us-gov-east-1", "aws-us-gov"),
        ("dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1", "aws-cn"),
        ("dkr-ecr.cn-northwest-1.on.amazonwebservices.com.cn", "cn-northwest-1", "aws-cn"),
        ("dkr.ecr.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1", "aws-eusc"),
        ("dkr-ecr.eusc-de-east-1.on.amazonwebservices.eu", "eusc-de-east-1", "aws-eusc"),
        ("dkr.ecr.us-iso-east-1.c2s.ic.gov", "us-iso-east-1", "aws-iso"),
        ("dkr.ecr.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1", "aws-iso-b"),
        ("dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk", "eu-isoe-west-1", "aws-iso-e"),
        ("dkr.ecr.us-isof-south-1.csp.hci.ic.gov", "us-isof-south-1", "aws-iso-f"),
        ("DKR.ECR.eu-west-1.AmazonAWS.com", "eu-west-1", "aws"),
    ],
)
def test_account_region_and_partition_come_from_the_host(rest: str, region: str, partition: str) -> None:
    assert ecr_host(f"{ACCOUNT}.{rest}") == EcrHost(ACCOUNT, region)
    arn = f"arn:{partition}:ecr:{region}:{ACCOUNT}:repository/shop/images"
    assert repository_arn(f"{ACCOUNT}.{rest}/shop/images") == arn


LOOK_ALIKES = [
    f"{ACCOUNT}.dkr.ecr.eu-central-1.evil.example",
    f"{ACCOUNT}.dkr.ecr.eu-central-1.amazonaws.com.evil.example",
    f"{ACCOUNT}.dkr.ecr.eu-central-1.amazonaws.com.co",
    f"{ACCOUNT}.dkr.ecr.eu-central-1.notamazonaws.com",
    f"{ACCOUNT}.dkr.ecr.eu-central-1.amazonaws.com.",
    f"{ACCOUNT}.dkr.ecr.eu-central-1.amazonaws.com\n",
    f"{ACCOUNT}.dkr.ecr.eu-central-1.amazonaws.com:443",
    f"{ACCOUNT}.dkr.ecr.eu-central-1.amazonaws.com@evil.example",
    f"{ACCOUNT}.dkr.ecr.evil-1.example.amazonaws.com",
    f"{ACCOUNT}.dkr.ecr.my-bucket.s3.amazonaws.com",
    f"{ACCOUNT}.dkr.ecr.eu-central-1.amazonaws.com.cn",
    f"{ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com",
    f"{ACCOUNT}.dkr.ecr.eu-central-1.amazonaws.eu",
    f"{ACCOUNT}.dkr.ecr.eu-central-1.aws",
    f"{ACCOUNT}.dkr.ecr.eu-central-1.on.aws",
    f"{ACCOUNT}.dkr-ecr.eu-central-1.amazonaws.com",
    f"{ACCOUNT}.dkr-ecr.eu-central-1.on.aws.evil.example",
    f"x{ACCOUNT}.dkr.ecr.eu-central-1.amazonaws.com",
    f"evil.{ACCOUNT}.dkr.ecr.eu-central-1.amazonaws.com",
    "١٢٣٤٥٦٧٨٩٠١٢.dkr.ecr.eu-central-1.amazonaws.com",
    f"{ACCOUNT}xdkr.ecr.eu-central-1.amazonaws.com",
    f"{ACCOUNT}.dkr.ecr.eu-central-1.on-aws",
    "public.ecr.aws",
    "ecr-public.aws.com",
    "docker.io",
    "127.0.0.1:5000",
    "",
]


@pytest.mark.parametrize("host", LOOK_ALIKES)
def test_a_host_that_only_looks_like_ecr_is_none_and_nothing_is_granted_on_it(host: str) -> None:
    assert ecr_host(host) is None
    assert arn_of_url(f"{host}/shop/images") == ""


def test_a_policy_without_a_repository_of_ecr_says_only_what_every_build_may() -> None:
    foreign = (PUSH, arn_of_url("ghcr.io/shop/images"))
    assert granted([foreign])["Statement"] == [
        {"Effect": "Allow", "Action": ["ecr:GetAuthorizationToken"], "Resource": ["*"]}
    ]
    both = granted([foreign, (PUSH, arn_of_url(f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/a"))])
    assert both["Statement"][0]["Resource"] == [f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/a"]
    document = deployer(["p"], "arn:aws:s3:::b", "", "l", [""])
    assert not any("ecr:PutImage" in statement["Action"] for statement in document["Statement"])


def test_only_an_emulator_gives_a_repository_of_another_host_an_arn() -> None:
    near = "arn:aws:logs:us-east-1:000000000000:log-group:l"
    assert arn_of_url("127.0.0.1:5000/shop/a", near) == "arn:aws:ecr:us-east-1:000000000000:repository/shop/a"
    for endpoint, emulated in (
        ("http://127.0.0.1:4566", True),
        ("http://localstack:4566", True),
        ("https://api.ecr.eu-west-1.amazonaws.com", False),
        ("https://vpce-1-2.api.ecr.eu-west-1.vpce.amazonaws.com", False),
        ("https://ecr.eu-west-1.api.aws", False),
        ("https://amazonaws.com.evil.example", True),
        ("", False),
    ):
        assert is_emulator(endpoint) is emulated


def test_how_to_log_in_depends_on_the_registry() -> None:
    assert login_command("ghcr.io") == "docker login ghcr.io"
    assert "ecr-public get-login-password" in login_command("public.ecr.aws")
