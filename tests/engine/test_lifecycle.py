"""The life of two images on the real engine: first build, nothing to do, change, reuse, loss, healing, the end."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from functools import cached_property
from pathlib import Path

import pytest
from conftest import AWS_KEY_ID, AWS_SECRET_KEY, Stacks
from engine_stack import EngineStack, Run

PROGRAM = """
import pulumi
from fast_container import FastContainerImage, ImageRepository

config = pulumi.Config()
images = ImageRepository(
    "images",
    name="{prefix}/images",
    adopt=config.get_bool("adopt") or False,
    force_delete=config.get_bool("forceDelete") or False,
)
for name in ("api", "worker"):
    image = FastContainerImage(
        name, repository=images, context=name, secrets={"token": config.require_secret("token")}
    )
    for output in ("image_uri", "digest", "tag", "tagged_uri", "build_key", "repository_url"):
        pulumi.export(f"{name}.{output}", getattr(image, output))
"""
SECRET = "s3cr3t-of-the-build"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


class Life:
    """The steps, in their order; each runs once, after those before it."""

    def __init__(self, stacks: Stacks) -> None:
        self.stacks = stacks
        self.stack: EngineStack = stacks(PROGRAM)
        self.stack.file(
            "api/Dockerfile", "FROM busybox\nCOPY . /\nRUN --mount=type=secret,id=token cat /run/secrets/token\n"
        )
        self.stack.file("api/app.txt", "one")
        self.stack.file("worker/Dockerfile", "FROM scratch\nCOPY . /\n")
        self.stack.file("worker/work.txt", "one")
        self.stack.init()
        # AWS keys as secrets of the stack's configuration: the provider's state holds them encrypted, ours never.
        keys = {"token": SECRET, "aws:accessKey": AWS_KEY_ID, "aws:secretKey": AWS_SECRET_KEY}
        secrets = [word for name, value in keys.items() for word in ("--secret", f"{name}={value}")]
        self.stack.cli("config", "set-all", "-s", "test", *secrets)
        self.without_docker = stacks.without_docker(self.stack)

    def tags(self) -> dict[str, str]:
        return self.stacks.tags("images")

    @cached_property
    def first_preview(self) -> Run:
        return self.stack.preview(env=self.without_docker)

    @cached_property
    def first_up(self) -> Run:
        assert self.first_preview
        run = self.stack.up()
        self.tags_after_first_up = self.tags()
        return run

    @cached_property
    def second_preview(self) -> Run:
        assert self.first_up
        return self.stack.preview(env=self.without_docker)

    @cached_property
    def second_up(self) -> Run:
        assert self.second_preview
        return self.stack.up(env=self.without_docker)

    @cached_property
    def changed_preview(self) -> Run:
        assert self.second_up
        self.stack.file("api/app.txt", "two")
        return self.stack.preview(env=self.without_docker)

    @cached_property
    def changed_up(self) -> Run:
        assert self.changed_preview
        return self.stack.up()

    @cached_property
    def reverted_preview(self) -> Run:
        assert self.changed_up
        self.stack.file("api/app.txt", "one")
        return self.stack.preview(env=self.without_docker)

    @cached_property
    def reverted_up(self) -> Run:
        """No builder is needed for what the registry holds."""
        assert self.reverted_preview
        return self.stack.up(env=self.without_docker)

    @cached_property
    def refresh_after_loss(self) -> Run:
        self.stacks.delete_tag("images", self.reverted_up.records["api"]["tag"])
        return self.stack.refresh()

    @cached_property
    def healed_up(self) -> Run:
        assert self.refresh_after_loss
        return self.stack.up()

    @cached_property
    def up_after_moved_tag(self) -> Run:
        """Somebody deleted the worker's tag and put it on the API's image; one `up --refresh` sees it."""
        records = self.healed_up.records
        self.stacks.delete_tag("images", records["worker"]["tag"])
        self.stacks.put_tag("images", records["worker"]["tag"], records["api"]["digest"])
        return self.stack.up("--refresh")

    @cached_property
    def accepted_up(self) -> Run:
        """The user accepts it, as the warning says."""
        said = "\n".join(self.up_after_moved_tag.messages("warning"))
        found = re.search(r"fast-container (accept --accept-replaced-tag \S+)`", said)
        assert found, said
        command = [str(Path(sys.executable).with_name("fast-container")), *found[1].split()]
        subprocess.run(command, cwd=self.stack.folder, env=self.stack.environment, check=True)
        return self.stack.up()

    @cached_property
    def destroyed(self) -> Run:
        assert self.accepted_up
        return self.stack.destroy()

    @cached_property
    def refused_preview(self) -> Run:
        assert self.destroyed
        return self.stack.preview(expect=None)

    @cached_property
    def refused_up(self) -> Run:
        assert self.refused_preview
        return self.stack.up(expect=None)

    @cached_property
    def adopted(self) -> Run:
        assert self.refused_up
        # As somebody else would have made it, with the images that are in it.
        name = f"{self.stacks.prefix}/images"
        self.stacks.ecr.delete_lifecycle_policy(repositoryName=name)
        self.stacks.ecr.put_image_tag_mutability(repositoryName=name, imageTagMutability="MUTABLE")
        other = {"Sid": "other", "Effect": "Allow", "Principal": "*", "Action": ["ecr:BatchGetImage"]}
        document = json.dumps({"Version": "2012-10-17", "Statement": [other]})
        self.stacks.ecr.set_repository_policy(repositoryName=name, policyText=document)
        self.stack.configure({"engine-test:adopt": "true"})
        return self.stack.up()

    @cached_property
    def up_after_adoption(self) -> Run:
        assert self.adopted
        self.stack.configure({"engine-test:adopt": "false"})
        return self.stack.up()

    @cached_property
    def up_with_force_delete(self) -> Run:
        assert self.up_after_adoption
        self.stack.configure({"engine-test:forceDelete": "true"})
        return self.stack.up()

    @cached_property
    def destroyed_by_force(self) -> Run:
        self.images_before = self.tags() if self.up_with_force_delete else {}
        return self.stack.destroy()

    @cached_property
    def nothing_to_adopt(self) -> Run:
        assert self.destroyed_by_force
        self.stack.configure({"engine-test:adopt": "true"})
        return self.stack.preview(expect=None)


@pytest.fixture(scope="module")
def life(stacks: Stacks) -> Life:
    return Life(stacks)


def test_findings_about_a_dockerfile_stand_on_its_row_once_and_only_where_it_is_built(life: Life) -> None:
    def said(run: Run) -> list[str]:
        return [line for line in run.messages(on="api") if line.startswith("FI")]

    finding = ["FI010: busybox is whatever is newest. (api/Dockerfile:1)\n"]
    assert [said(run) for run in (life.first_preview, life.first_up)] == [finding, []]
    assert [said(run) for run in (life.second_preview, life.second_up)] == [[], []]
    assert [said(run) for run in (life.changed_preview, life.changed_up)] == [finding, []]
    assert [said(run) for run in (life.reverted_preview, life.reverted_up)] == [[], []]
    assert said(life.healed_up) == finding


def test_up_does_what_preview_said(life: Life) -> None:
    assert life.first_preview.changes == life.first_up.changes
    assert life.first_up.changes["create"] == len(life.first_up.resources) - providers(life.first_up)
    assert life.first_up.builds == 2
    assert life.changed_preview.changes == life.changed_up.changes == {"update": 1}
    assert life.changed_preview.steps == life.changed_up.steps == {"api-build": "update"}
    assert life.reverted_preview.changes == life.reverted_up.changes == {"update": 1}


def providers(run: Run) -> int:
    return sum(resource["type"].startswith("pulumi:providers:") for resource in run.resources)


def test_preview_needs_neither_docker_nor_buildkit(life: Life) -> None:
    for preview in (life.first_preview, life.second_preview, life.changed_preview, life.reverted_preview):
        assert preview.started == []
        assert preview.builds == 0


def test_a_second_up_changes_nothing_and_builds_nothing(life: Life) -> None:
    assert life.second_preview.changes == {}
    assert life.second_up.changes == {}
    assert life.second_up.builds == 0


def test_a_skip_starts_no_process_and_makes_no_network_call(life: Life) -> None:
    for run in (life.second_preview, life.second_up):
        assert run.started == []
        assert run.connected == []


def test_only_the_changed_image_is_built(life: Life) -> None:
    assert life.changed_up.builds == 1
    assert life.changed_up.records["api"] != life.second_up.records["api"]
    assert life.changed_up.records["worker"] == life.second_up.records["worker"]


def test_an_image_that_the_registry_holds_is_reused_without_a_builder(life: Life) -> None:
    assert life.reverted_up.builds == 0
    assert life.reverted_up.started == []
    assert life.reverted_up.records == life.first_up.records


def test_outputs_name_the_image_that_the_registry_holds(life: Life) -> None:
    run = life.first_up
    for name in ("api", "worker"):
        out = {key.partition(".")[2]: value for key, value in run.stack_outputs.items() if key.startswith(name)}
        assert re.fullmatch(r"[0-9a-f]{64}", out["build_key"])
        assert out["tag"] == f"key-{out['build_key'][:40]}"
        assert out["repository_url"] == f"{life.stacks.cloud.registry_host}/{life.stacks.prefix}/images"
        assert out["tagged_uri"] == f"{out['repository_url']}:{out['tag']}"
        assert out["image_uri"] == f"{out['repository_url']}@{out['digest']}"
        assert life.tags_after_first_up[out["tag"]] == out["digest"]


def test_a_preview_knows_the_key_but_not_the_digest_of_what_is_to_be_built(life: Life) -> None:
    said, done = preview_outputs(life.changed_preview), life.changed_up.stack_outputs
    for known in ("build_key", "tag", "tagged_uri", "repository_url"):
        assert said[f"api.{known}"] == done[f"api.{known}"], known
    for unknown in ("image_uri", "digest"):
        assert said[f"api.{unknown}"] != done[f"api.{unknown}"]
        assert is_unknown(said[f"api.{unknown}"])


def test_a_preview_with_a_new_repository_knows_the_key_only(life: Life) -> None:
    said, done = preview_outputs(life.first_preview), life.first_up.stack_outputs
    for name in ("api", "worker"):
        for known in ("build_key", "tag"):
            assert said[f"{name}.{known}"] == done[f"{name}.{known}"], known
        for unknown in ("image_uri", "digest", "tagged_uri", "repository_url"):
            assert is_unknown(said[f"{name}.{unknown}"]), unknown


def test_a_preview_knows_all_of_what_is_unchanged_or_in_the_registry(life: Life) -> None:
    assert preview_outputs(life.second_preview) == life.first_up.stack_outputs
    assert preview_outputs(life.reverted_preview) == life.reverted_up.stack_outputs


def preview_outputs(run: Run) -> dict[str, object]:
    """The stack's outputs in a preview; an unknown one is absent there, or marked."""
    out = run.outputs_of("engine-test-test")
    names = ("image_uri", "digest", "tag", "tagged_uri", "build_key", "repository_url")
    return {f"{image}.{name}": out.get(f"{image}.{name}", UNKNOWN) for image in ("api", "worker") for name in names}


def is_unknown(value: object) -> bool:
    return value in (UNKNOWN, "[unknown]", "", None)


def test_refresh_drops_the_record_of_an_image_that_is_gone(life: Life) -> None:
    assert "api" not in life.refresh_after_loss.records
    assert life.refresh_after_loss.records["worker"] == life.reverted_up.records["worker"]
    assert life.refresh_after_loss.builds == 0


def test_the_up_after_that_builds_it_again(life: Life) -> None:
    assert life.healed_up.changes == {"create": 1}
    assert life.healed_up.builds == 1
    assert life.healed_up.records["api"]["tag"] == life.reverted_up.records["api"]["tag"]


def test_a_tag_that_names_another_image_is_told_by_refresh_and_believed_by_no_one(life: Life) -> None:
    run, before = life.up_after_moved_tag, life.healed_up
    assert run.records["worker"] == before.records["worker"]
    assert run.stack_outputs == before.stack_outputs
    assert run.builds == 0
    said = "\n".join(run.messages("warning"))
    assert before.records["worker"]["digest"] in said
    assert before.records["api"]["digest"] in said
    assert f"delete the tag {before.records['worker']['tag']}" in said


def test_it_is_taken_once_the_user_accepts_it(life: Life) -> None:
    assert life.accepted_up.steps == {"worker-build": "update"}
    assert life.accepted_up.records["worker"]["digest"] == life.healed_up.records["api"]["digest"]
    assert life.accepted_up.builds == 0


def test_destroy_leaves_the_repository_with_its_images_and_nothing_else(life: Life) -> None:
    assert life.destroyed.resources == []
    records = life.accepted_up.records
    assert {record["tag"] for record in records.values()} <= set(life.tags())
    assert life.destroyed.builds == 0


def test_a_repository_that_was_retained_is_refused_on_its_row_with_the_argument_that_adopts_it(life: Life) -> None:
    name = f"{life.stacks.prefix}/images"
    for run in (life.refused_preview, life.refused_up):
        assert run.exit_code != 0
        (said,) = run.messages("error", on="images-repository")
        assert f"ImageRepository 'images': The repository '{name}' exists already." in said
        assert f'ImageRepository(…, name="{name}", adopt=True)' in said
        assert f'ImageRepository.get("{name}")' in said
        assert "RepositoryAlreadyExistsException" not in run.output
        assert "Traceback" not in run.output
        assert run.builds == 0


def test_a_repository_that_lacks_our_policies_is_adopted_with_its_images_and_gets_them(life: Life) -> None:
    assert life.adopted.steps["images-policy"] == life.adopted.steps["images-lifecycle"] == "create"
    assert life.adopted.changes["import"] == 1
    name = f"{life.stacks.prefix}/images"
    assert "untagged" in life.stacks.ecr.get_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"]
    assert '"other"' not in life.stacks.ecr.get_repository_policy(repositoryName=name)["policyText"]
    (settings,) = life.stacks.ecr.describe_repositories(repositoryNames=[name])["repositories"]
    assert settings["imageTagMutability"] == "IMMUTABLE"
    assert life.adopted.builds == 0
    assert life.adopted.records.keys() == {"api", "worker"}
    assert life.up_after_adoption.changes == {}


def test_force_delete_is_an_update_and_the_next_destroy_deletes_the_repository_with_its_images(life: Life) -> None:
    assert life.up_with_force_delete.changes == {"update": 1}
    assert life.up_with_force_delete.steps["images-repository"] == "update"
    assert life.destroyed_by_force.resources == []
    assert life.images_before
    with pytest.raises(life.stacks.ecr.exceptions.RepositoryNotFoundException):
        life.tags()


def test_adopting_what_is_not_there_says_that_it_is_created_without_the_argument(life: Life) -> None:
    run = life.nothing_to_adopt
    assert run.exit_code != 0
    assert "ImageRepository 'images': The repository" in run.errors
    assert "cannot be adopted" in run.errors
    assert "leave adopt out" in run.errors
    assert "Traceback" not in run.output


def test_no_message_of_a_good_run_is_an_error_or_a_warning(life: Life) -> None:
    for run in (life.first_preview, life.first_up, life.second_up, life.changed_up, life.reverted_up, life.healed_up):
        assert run.messages("error") == run.messages("warning") == [], run.output


def test_every_run_says_why_it_builds_and_how_it_ended(life: Life) -> None:
    assert any("first build" in line for line in life.first_up.messages(on="api"))
    assert any(line.startswith("built in") for line in life.first_up.messages(on="api"))
    assert any("app.txt" in line for line in life.changed_preview.messages(on="api"))
    assert life.changed_up.messages(on="worker") == []
    assert any("reused from the registry" in line for line in life.reverted_up.messages(on="api"))


# A token of the registry is 128 characters long; with its user, in base64, it begins with that of "AWS:".
TOKEN = re.compile(rb"QVdTO[A-Za-z0-9]|(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{128}(?![A-Za-z0-9_-])")


def test_no_credential_is_left_in_state_logs_arguments_or_files(life: Life) -> None:
    """Searches all that the whole life has left, for every form in which a credential could be written."""
    assert life.destroyed_by_force
    runs = [value for value in vars(life).values() if isinstance(value, Run)]
    assert len(runs) == 20
    assert life.stack.logs
    secrets = (SECRET, AWS_SECRET_KEY)
    forms = [form for secret in secrets for form in (secret.encode(), base64.b64encode(secret.encode()))]
    found = [
        str(path)
        for folder in life.stacks.left_behind()
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink() and holds_credential(path.read_bytes(), forms)
    ]
    assert found == []
    for run in runs:
        assert not holds_credential(f"{run.output} {run.started}".encode(), forms)
    assert list(life.stack.temporary.glob("fast-container-*")) == []


def holds_credential(content: bytes, forms: list[bytes]) -> bool:
    return any(form in content for form in forms) or TOKEN.search(content) is not None


def test_a_record_holds_no_path_of_this_machine(life: Life) -> None:
    for resource in life.first_up.resources:
        if resource["type"].startswith("pulumi-python:dynamic"):
            assert str(life.stack.folder) not in str(resource["inputs"])
            assert "localcloud" not in str(resource["inputs"])
