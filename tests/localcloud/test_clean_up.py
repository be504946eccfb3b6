"""``gc`` on a whole cloud: what versions, aliases, tasks and indexes have stays, whatever their tags name now."""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fast_container.cli import main
from localcloud import LocalCloud
from tests.localcloud.registry_client import OCI_INDEX, RegistryClient, client, make_index, push_image

pytestmark = pytest.mark.buildkit

Run = Callable[..., dict[str, Any]]


def key_tag(name: str) -> str:
    return f"key-{name.encode().hex():0<40}"


@pytest.fixture
def run(cloud: LocalCloud, repository: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    for name, value in cloud.environment().items():
        monkeypatch.setenv(name, value)

    def run(*flags: str) -> dict[str, Any]:
        where = ["--repository", f"{cloud.registry_host}/{repository}", "--keep", "0", "--json"]
        # What the local cloud does not have.
        without = [word for name in ("apprunner", "batch", "sagemaker") for word in ("--without", name)]
        assert main(["gc", *where, *without, *flags]) == 0, capsys.readouterr().err
        return json.loads(capsys.readouterr().out)

    return run


def age(cloud: LocalCloud, repository: str) -> None:
    """Let all images of a repository be a hundred days old."""
    storage = Path(cloud.environment()["PULUMI_HOME"]).parent / "registry" / "docker" / "registry" / "v2"
    then = time.time() - 100 * 86400
    for link in (storage / "repositories" / repository / "_manifests" / "revisions" / "sha256").glob("*/link"):
        os.utime(link, (then, then))


def test_what_is_in_use_stays_and_the_rest_goes(
    cloud: LocalCloud, registry: RegistryClient, repository: str, run: Run
) -> None:
    images = {
        name: push_image(registry, repository, tag=key_tag(name), files={"name": name.encode()})
        for name in ("version", "latest", "task", "child", "old")
    }
    digests = {name: digest for name, (digest, _) in images.items()}
    url = f"{cloud.registry_host}/{repository}"
    functions, tasks = client(cloud, "lambda"), client(cloud, "ecs")
    name = f"f-{uuid.uuid4().hex[:6]}"
    role = client(cloud, "iam").create_role(RoleName=f"r-{name}", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    code = {"ImageUri": f"{url}@{digests['version']}"}
    functions.create_function(FunctionName=name, PackageType="Image", Code=code, Role=role, Publish=True)
    functions.get_waiter("function_active_v2").wait(FunctionName=name)
    functions.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    functions.update_function_code(FunctionName=name, ImageUri=f"{url}@{digests['latest']}")
    containers = [{"name": "main", "image": f"{url}:{key_tag('task')}", "memory": 128}]
    tasks.register_task_definition(family=name, containerDefinitions=containers)
    index = registry.put_manifest(repository, "prod", make_index(images["child"][1]), OCI_INDEX)
    assert index.status == 201
    age(cloud, repository)

    found = {tag: image for image in run()["images"] for tag in image["tags"]}
    assert found[key_tag("version")]["reason"] == f"alias live of function {name}, version 1"
    assert found[key_tag("latest")]["reason"] == f"$LATEST of function {name}"
    assert found[key_tag("task")]["reason"] == f"task definition {name}:1"
    assert found[key_tag("child")]["reason"] == "listed by the index prod"
    assert [tag for tag, image in found.items() if image["delete"]] == [key_tag("old")]

    assert run("--delete")["deleted"]["images"] == [f"{url}@{digests['old']}"]
    left = client(cloud, "ecr").describe_images(repositoryName=repository)["imageDetails"]
    assert digests["old"] not in {image["imageDigest"] for image in left}
    assert len(left) == 5
    assert run("--delete")["deleted"]["images"] == []
