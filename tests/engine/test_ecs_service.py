"""The stack ``stacks/ecs_service`` on the real engine: services that roll when, and only when, their image changed."""

from __future__ import annotations

import json
import shutil
import subprocess
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import pytest
from conftest import AWS_KEY_ID, AWS_SECRET_KEY, Stacks
from engine_stack import EngineStack, Run, wait_until
from task_container import image_configuration, running

pytestmark = pytest.mark.engine

SOURCE = Path(__file__).parents[2] / "stacks" / "ecs_service"
SERVICES = ("frontend", "web", "worker")


class Shop:
    """The story: deploy, edit what no image is made of, edit the web service."""

    def __init__(self, stacks: Stacks) -> None:
        self.stacks = stacks
        self.stack: EngineStack = stacks((SOURCE / "__main__.py").read_text())
        self.stack.configure({"engine-test:repositoryName": f"{stacks.prefix}/images"})
        for name in SERVICES:
            shutil.copytree(SOURCE / name, self.stack.folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        self.ecs: Any = boto3.client(
            "ecs",
            endpoint_url=stacks.cloud.aws_endpoint,
            region_name=stacks.cloud.region,
            aws_access_key_id=AWS_KEY_ID,
            aws_secret_access_key=AWS_SECRET_KEY,
        )

    def deployed(self, run: Run) -> dict[str, dict[str, Any]]:
        """Service → what ECS says of it; ``definition`` is its task definition, ``container`` the one in it."""
        cluster, names = run.stack_outputs["cluster"], run.stack_outputs["services"]
        found: dict[str, dict[str, Any]] = {}
        for name, service in names.items():
            (shown,) = self.ecs.describe_services(cluster=cluster, services=[service])["services"]
            definition = self.definition(shown["taskDefinition"])
            found[name] = {**shown, "definition": definition, "container": definition["containerDefinitions"][0]}
        return found

    def definition(self, arn: str) -> dict[str, Any]:
        return self.ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]

    @cached_property
    def up(self) -> Run:
        run = self.stack.up()
        self.first = self.deployed(run)
        return run

    @cached_property
    def untouched(self) -> Run:
        assert self.up
        dockerfile = self.stack.folder / "web" / "Dockerfile"
        dockerfile.write_text(f"# A remark.\n\n{dockerfile.read_text()}")
        self.stack.file("web/notes.md", "read by no stage")
        self.stack.file("worker/shop_worker/__pycache__/left.pyc", "over")
        return self.stack.up()

    @cached_property
    def edited(self) -> Run:
        assert self.untouched
        program = self.stack.folder / "web" / "shop_web" / "app.py"
        program.write_text(program.read_text().replace("web 1", "web 2"))
        run = self.stack.up()
        self.second = self.deployed(run)
        return run


@pytest.fixture(scope="module")
def shop(stacks: Stacks) -> Shop:
    return Shop(stacks)


def test_first_up_deploys_three_services_by_the_digest_of_their_images(shop: Shop) -> None:
    run = shop.up
    assert run.builds == 3
    assert shop.first.keys() == set(SERVICES)
    for name, service in shop.first.items():
        image = service["container"]["image"]
        assert image == run.stack_outputs["image_uris"][name]
        assert image.endswith("@" + run.records[f"shop-{name}"]["digest"])
        assert service["definition"]["revision"] == 1
        assert service["deploymentConfiguration"]["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
        (deployment,) = service["deployments"]
        assert (deployment["rolloutState"], deployment["runningCount"]) == ("COMPLETED", 1)


@pytest.mark.parametrize("name", SERVICES)
def test_no_rule_fires_on_an_image_of_a_service(shop: Shop, name: str) -> None:
    command = ["fast-container", "check-image", shop.up.stack_outputs["image_uris"][name], "--runs-on", "ecs", "--json"]
    done = subprocess.run(command, env=shop.stack.environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["findings"] == []


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_is_healthy_without_root_without_capabilities_and_with_a_read_only_root(
    shop: Shop, name: str, tmp_path: Path
) -> None:
    assert shop.up
    service = shop.first[name]
    assert image_configuration(shop.stacks.cloud, service["container"]["image"])["User"] == "10001:10001"
    kind, *check = service["container"]["healthCheck"]["command"]
    assert kind == "CMD"
    with running(shop.stacks.cloud, service["definition"], tmp_path / "task") as container:
        healthy = wait_until(lambda: container.execute(*check).returncode == 0, timeout_s=30)
        assert healthy, container.log.read_text()
        assert container.execute("id", "-u").stdout == "10001\n"
        assert "Read-only file system" in container.execute("touch", "/tmp/file").stderr


def test_what_no_stage_reads_changes_nothing(shop: Shop) -> None:
    assert shop.untouched.builds == 0
    assert shop.untouched.changes == {}


def test_an_edit_of_the_web_service_rolls_that_service_and_no_other(shop: Shop) -> None:
    run = shop.edited
    assert run.builds == 1
    # The record of the image and the service in place; the task definition by its next revision.
    assert run.changes == {"update": 2, "replace": 1}
    before, after = shop.first["web"], shop.second["web"]
    assert after["serviceArn"] == before["serviceArn"]
    assert after["definition"]["revision"] == 2
    assert after["container"]["image"].endswith("@" + run.records["shop-web"]["digest"])
    assert after["container"] == {**before["container"], "image": after["container"]["image"]}
    (deployment,) = after["deployments"]
    assert (deployment["taskDefinition"], deployment["rolloutState"]) == (after["taskDefinition"], "COMPLETED")
    assert shop.definition(before["taskDefinition"])["status"] == "INACTIVE"
    for name in ("frontend", "worker"):
        assert shop.second[name]["deployments"] == shop.first[name]["deployments"]
        assert shop.second[name]["definition"] == shop.first[name]["definition"]
