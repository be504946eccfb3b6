"""The stand-in under the real engine: up, nothing to do, refresh, preview, replace, import, destroy."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from localcloud.aws_plugin import install
from tests.engine.engine_stack import EngineStack
from tests.localcloud.aws_plugin.plugin_driver import endpoints
from tools.get_tools import ensure_tools

pytestmark = pytest.mark.engine

PROGRAM = """
    import json
    import pulumi
    import pulumi_aws as aws

    config = pulumi.Config()
    repository = aws.ecr.Repository(
        "images",
        name=config.get("repository") or "plugin/images",
        image_tag_mutability="IMMUTABLE",
        image_scanning_configuration={"scan_on_push": True},
        tags={"team": "a"},
    )
    aws.ecr.LifecyclePolicy(
        "old",
        repository=repository.name,
        policy=json.dumps(
            {
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
            },
            indent=1,
        ),
    )
    pull = aws.iam.get_policy_document_output(
        statements=[
            {
                "principals": [{"type": "Service", "identifiers": ["lambda.amazonaws.com"]}],
                "actions": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            }
        ]
    )
    aws.ecr.RepositoryPolicy("pull", repository=repository.name, policy=pull.json)
    role = aws.iam.Role(
        "run",
        assume_role_policy={
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        },
    )
    policy = aws.iam.Policy(
        "logs",
        policy={
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": ["logs:PutLogEvents"], "Resource": "*"}],
        },
    )
    aws.iam.RolePolicyAttachment("logs", role=role.name, policy_arn=policy.arn)
    function = aws.lambda_.Function(
        "api",
        package_type="Image",
        image_uri=pulumi.Output.concat(repository.repository_url, "@sha256:" + "0" * 64),
        architectures=["arm64"],
        role=role.arn,
        timeout=config.get_int("timeout") or 3,
        environment={"variables": {"SECRET": config.get_secret("word") or "none"}},
        publish=True,
    )
    aws.lambda_.Alias("live", function_name=function.name, function_version=function.version)
    pulumi.export("account", aws.get_caller_identity_output().account_id)
    pulumi.export("arn", function.arn)
"""


@pytest.fixture
def stack(tmp_path: Path, moto_endpoint: str, warm_environment: dict[str, str]) -> EngineStack:
    home = tmp_path / "home"
    install(home)
    backend = tmp_path / "backend"
    backend.mkdir()
    path = [str(Path(sys.executable).parent), str(ensure_tools(quiet=True).bin_dir), os.environ["PATH"]]
    environment = {
        "HOME": os.environ["HOME"],
        "PATH": os.pathsep.join(path),
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "FAST_CONTAINER_CACHE": str(tmp_path / "cache"),
        "PULUMI_BACKEND_URL": f"file://{backend}",
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_HOME": str(home),
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        **warm_environment,
    }
    config = {
        "aws:region": "eu-west-1",
        "aws:endpoints": endpoints(moto_endpoint),
        "aws:skipCredentialsValidation": "true",
    }
    made = EngineStack(tmp_path / "program", environment, config)
    made.write(PROGRAM)
    return made


def test_a_stack_lives_on_the_real_engine(stack: EngineStack) -> None:
    stack.init()
    stack.cli("config", "set", "--secret", "word", "open-sesame", "-s", "test")
    assert stack.up().changes == {"create": 9}
    assert "open-sesame" not in stack.state_text

    assert stack.up("--refresh").changes == {}

    stack.configure({"engine-test:timeout": "9", "engine-test:repository": "plugin/pictures"})
    preview = stack.preview()
    assert (preview.steps["api"], preview.steps["live"]) == ("update", "update")
    assert preview.changes == {"replace": 3, "update": 2}
    assert stack.up().changes == preview.changes

    assert stack.destroy().changes == {"delete": 9}
    assert stack.resources == []


def test_an_endpoint_elsewhere_is_refused_on_the_providers_row(stack: EngineStack) -> None:
    stack.write(
        """
        import pulumi
        import pulumi_aws as aws

        far = aws.Provider("far", region="us-east-1", endpoints=[{"ecr": "https://ecr.us-east-1.amazonaws.com"}])
        aws.ecr.Repository("images", opts=pulumi.ResourceOptions(provider=far))
        """
    )
    errors = stack.preview(expect=1).errors
    assert "endpoints[0].ecr" in errors
    assert "not on this machine" in errors


def test_an_explicit_provider_imports_and_reads(stack: EngineStack, moto_endpoint: str) -> None:
    program = f"""
        import pulumi
        import pulumi_aws as aws

        near = aws.Provider(
            "near",
            region="us-east-1",
            access_key="a",
            secret_key="b",
            skip_credentials_validation=True,
            default_tags={{"tags": {{"team": "x"}}}},
            endpoints=[{{"ecr": "{moto_endpoint}"}}],
        )
        options = pulumi.ResourceOptions(provider=near)
    """
    made = 'repository = aws.ecr.Repository("images", name="plugin/near", opts=options)\n'
    exported = 'pulumi.export("tags", repository.tags_all)\n'
    stack.write(f"{program}\n{' ' * 8}{made}{' ' * 8}{exported}")
    assert stack.up().stack_outputs["tags"] == {"team": "x"}
    taken = 'aws.ecr.Repository("taken", name="plugin/near", region="us-east-1", tags={"team": "x"},'
    imported = f'{taken} opts=pulumi.ResourceOptions(import_="plugin/near@us-east-1", retain_on_delete=True))\n'
    got = 'repository = aws.ecr.Repository.get("images-there", "plugin/near", opts=options)\n'
    stack.write(f"{program}\n{' ' * 8}{made}{' ' * 8}{imported}{' ' * 8}{got}{' ' * 8}{exported}")
    up = stack.up()
    assert up.changes == {"import": 1}
    assert up.stack_outputs["tags"] == {"team": "x"}
    stack.destroy()
