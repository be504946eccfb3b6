"""Functions, buckets and build projects on the local cloud itself, whose Lambda takes its time and checks images."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localcloud import LocalCloud
from tests.localcloud.aws_plugin.plugin_driver import Plugin, RefusedError
from tests.localcloud.registry_client import RegistryClient, push_image

pytestmark = pytest.mark.buildkit

REPOSITORY = "aws:ecr/repository:Repository"
FUNCTION = "aws:lambda/function:Function"


@pytest.fixture(scope="module")
def plugin(plugin_stub: Any, cloud: LocalCloud) -> Plugin:
    plugin = Plugin(plugin_stub, cloud.aws_endpoint)
    config = {key.removeprefix("aws:"): value for key, value in cloud.stack_config().items()}
    plugin.configure(**config)
    return plugin


def test_a_function_settles_on_the_local_cloud(plugin: Plugin, cloud: LocalCloud) -> None:
    repository = plugin.create(REPOSITORY, {"forceDelete": True}, name="settling")
    url = repository.state["repositoryUrl"]
    assert url == f"{cloud.registry_host}/{repository.id}"
    registry = RegistryClient.of(cloud)
    first, second = (push_image(registry, repository.id, files={"f": text})[0] for text in (b"1", b"2"))
    role = plugin.create("aws:iam/role:Role", {"assumeRolePolicy": "{}"}, name="settling")
    news: dict[str, Any] = {
        "packageType": "Image",
        "imageUri": f"{url}@{first}",
        "role": role.state["arn"],
        "environment": {"variables": {"A": "1"}},
        "imageConfig": {"commands": ["app.handler"]},
        "loggingConfig": {"logFormat": "JSON"},
        "publish": True,
        "tags": {"a": "1"},
    }
    made = plugin.create(FUNCTION, news, name="settling")
    assert made.changes(news) == {}
    again = made.refreshed()
    assert again is not None
    assert (again.state, again.inputs) == (made.state, made.inputs)
    assert made.state["codeSha256"] == first.removeprefix("sha256:")
    assert made.state["version"] == "1"

    changed = {
        **news,
        "imageUri": f"{url}@{second}",
        "imageConfig": {"commands": ["app.other"]},
        "loggingConfig": {"logFormat": "Text"},
        "timeout": 7,
    }
    made.update(changed)
    assert made.changes(changed) == {}
    assert made.state["codeSha256"] == second.removeprefix("sha256:")
    assert made.state["version"] == "2"
    # Blocks that are taken away: what AWS chooses itself stays.
    bare = {key: changed[key] for key in ("packageType", "imageUri", "role", "publish", "timeout")}
    made.update(bare)
    assert made.changes(bare) == {}
    for resource in (made, role, repository):
        resource.delete()


def test_an_image_that_is_not_there_is_refused_with_lambdas_words(plugin: Plugin) -> None:
    repository = plugin.create(REPOSITORY, {}, name="missing")
    role = plugin.create("aws:iam/role:Role", {"assumeRolePolicy": "{}"}, name="missing")
    uri = f"{repository.state['repositoryUrl']}@sha256:{'0' * 64}"
    with pytest.raises(RefusedError, match="CreateFunction: InvalidParameterValueException: Source image"):
        plugin.create(FUNCTION, {"packageType": "Image", "imageUri": uri, "role": role.state["arn"]}, name="missing")
    for resource in (role, repository):
        resource.delete()


def test_a_repository_with_images_is_only_deleted_by_force(plugin: Plugin, cloud: LocalCloud) -> None:
    repository = plugin.create(REPOSITORY, {}, name="full")
    push_image(RegistryClient.of(cloud), repository.id)
    with pytest.raises(RefusedError, match="consider using forceDelete: RepositoryNotEmptyException"):
        repository.delete()
    repository.update({"forceDelete": True})
    repository.delete()
    assert repository.refreshed() is None


def test_lifecycle_rules_are_kept_as_written(plugin: Plugin) -> None:
    repository = plugin.create(REPOSITORY, {}, name="rules")
    rule = {
        "rulePriority": 1,
        "selection": {
            "tagStatus": "tagged",
            "tagPatternList": ["cache-*"],
            "countType": "sinceImagePushed",
            "countUnit": "days",
            "countNumber": 30,
        },
        "action": {"type": "expire"},
    }
    news = {"repository": repository.id, "policy": json.dumps({"rules": [rule]}, indent=2)}
    policy = plugin.create("aws:ecr/lifecyclePolicy:LifecyclePolicy", news, name="rules")
    assert policy.changes(news) == {}
    policy.delete()
    repository.delete()
