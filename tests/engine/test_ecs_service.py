"""The stack ``stacks/ecs_service`` on the real engine: services that roll when, and only when, their image changed."""

from __future__ import annotations

import json
import shutil
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import boto3
import pytest
from conftest import AWS_KEY_ID, AWS_SECRET_KEY, Stacks
from engine_stack import EngineStack, Run

pytestmark = pytest.mark.engine

SOURCE = Path(__file__).parents[2] / "stacks" / "ecs_service"
SERVICES = ("frontend", "web", "worker")


class Shop:
    """The story: deploy, do nothing, edit what does not count, edit the web service."""

    def __init__(self, stacks: Stacks) -> None:
        self.stacks = stacks
        self.stack: EngineStack = stacks((SOURCE / "__main__.py").read_text())
        # The SDK's module of EC2 is large: without bytecode each operation would compile it for seconds.
        self.stack.environment["PYTHONDONTWRITEBYTECODE"] = ""
        self.stack.configure({"engine-test:repositoryName": f"{stacks.prefix}/images"})
        for name in SERVICES:
            shutil.copytree(
                SOURCE / name, self.stack.folder / name, ignore=shutil.ignore_patterns("__pycache__"), symlinks=True
            )
        self.ecs: Any = boto3.client(
            "ecs",
            endpoint_url=stacks.cloud.aws_endpoint,
            region_name=stacks.cloud.region,
            aws_access_key_id=AWS_KEY_ID,
            aws_secret_access_key=AWS_SECRET_KEY,
        )

    def deployed(self, run: Run) -> dict[str, dict[str, Any]]:
        """Service → what ECS says of it, with its task definition."""
        cluster = run.stack_outputs["cluster"]
        names = list(run.stack_outputs["services"].values())
        found: dict[str, dict[str, Any]] = {}
        for service in self.ecs.describe_services(cluster=cluster, services=names)["services"]:
            task = self.ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
            found[task["containerDefinitions"][0]["name"]] = {**service, "task": task}
        return found

    def configuration(self, digest: str) -> dict[str, Any]:
        """What the image says about the process that it is for."""
        store = f"http://{self.stacks.cloud.mirror_host}/v2/{self.stacks.prefix}/images"
        accept = {"Accept": "application/vnd.oci.image.manifest.v1+json"}
        manifest = json.load(urlopen(Request(f"{store}/manifests/{digest}", headers=accept)))
        return json.load(urlopen(f"{store}/blobs/{manifest['config']['digest']}"))["config"]

    @cached_property
    def up(self) -> Run:
        run = self.stack.up()
        self.first = self.deployed(run)
        return run

    @cached_property
    def unchanged(self) -> Run:
        assert self.up
        dockerfile = self.stack.folder / "web" / "Dockerfile"
        dockerfile.write_text(f"# A remark.\n\n{dockerfile.read_text()}")
        self.stack.file("web/notes.md", "read by no stage")
        self.stack.file("worker/shop_worker/__pycache__/left.pyc", "over")
        return self.stack.up()

    @cached_property
    def edited(self) -> Run:
        assert self.unchanged
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
        (container,) = service["task"]["containerDefinitions"]
        assert container["image"] == run.stack_outputs["image_uris"][name]
        assert container["image"].endswith("@" + run.records[f"shop-{name}"]["digest"])
        assert service["task"]["revision"] == 1
        assert container["healthCheck"]["command"][0] == "CMD"


def test_every_image_says_that_it_is_not_run_as_root(shop: Shop) -> None:
    for record in shop.up.records.values():
        assert shop.configuration(record["digest"])["User"] == "10001:10001"


def test_edits_that_no_stage_reads_change_nothing(shop: Shop) -> None:
    assert shop.unchanged.builds == 0
    assert shop.unchanged.changes == {}


def test_an_edit_of_the_web_service_rolls_that_service_and_no_other(shop: Shop) -> None:
    run = shop.edited
    assert run.builds == 1
    assert run.records["shop-web"]["digest"] != shop.up.records["shop-web"]["digest"]
    assert run.changes == {"update": 2, "replace": 1}
    assert {name: service["task"]["revision"] for name, service in shop.second.items()} == {
        "frontend": 1,
        "web": 2,
        "worker": 1,
    }
