"""A stack that builds on CodeBuild, from a machine that has no Docker: what is uploaded, built, joined and refused."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import shutil
import signal
import tarfile
import urllib.request
from collections import Counter
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import pytest
from conftest import Stacks
from engine_stack import EngineStack, Run

PROGRAM = """
import pulumi
from fast_container import (
    CodeBuildBuilder, FastContainerImage, ImageRepository, LocalBuilder, RegistryCache, SecretsManagerSecret,
    SsmParameter,
)

config = pulumi.Config()
images = ImageRepository("images", name="{prefix}/images", retain_on_delete=False)
caches = ImageRepository("caches", name="{prefix}/caches", immutable=False, retain_on_delete=False)
builder = CodeBuildBuilder("builds", cache=caches.url.apply(RegistryCache))
for name in ("orders", "invoices"):
    image = FastContainerImage(
        name, repository=images, builder=builder, context="shop", dockerfile=f"shop/{name}/Dockerfile", cache=False
    )
    pulumi.export(name, image.image_uri)
FastContainerImage(
    "secret",
    repository=images,
    builder=builder,
    context="secret",
    secrets={"token": SecretsManagerSecret("{prefix}/token:key"), "plain": SsmParameter("/{prefix}/plain")},
)
for name in (config.get("failing") or "").split():
    FastContainerImage(name, repository=images, builder=builder, context="failing", build_args={"NAME": name})
if config.get_bool("slow"):
    FastContainerImage("slow", repository=images, builder=builder, context="slow")
pulumi.export("shared", builder.shared)
pulumi.export("policy", builder.deployer_policy)
"""
SECOND = """
import pulumi
from fast_container import CodeBuildBuilder, FastContainerImage, ImageRepository, LocalBuilder

first = pulumi.StackReference("organization/engine-test/test")
builder = CodeBuildBuilder("builds", shared=first.require_output("shared"))
images = ImageRepository.get(pulumi.Config().require("repository"))
local = ImageRepository("local", name="{prefix}/local", retain_on_delete=False)
for name in ("orders", "invoices"):
    image = FastContainerImage(
        name, repository=images, builder=builder, context="shop", dockerfile=f"shop/{name}/Dockerfile", cache=False
    )
    pulumi.export(name, image.image_uri)
FastContainerImage("slow", repository=images, builder=builder, context="slow")
# A key of its own: the same one would be copied from the other repository.
here = {"repository": local, "builder": LocalBuilder(), "triggers": {"built": "here"}}
FastContainerImage("here", context="shop", dockerfile="shop/orders/Dockerfile", **here)
"""
SECRETS = {"token": "v4lue-in-secrets-manager", "plain": "v4lue-in-parameter-store"}
SHOP = {
    "shop/packages/pricing/src/rates.py": "RATE = 1\n" + "# rates\n" * 2000,
    "shop/packages/pricing/src/run.sh": "#!/bin/sh\n",
    "shop/packages/text/src/text.py": "TEXT = 1\n",
    "shop/orders/Dockerfile": (
        "FROM busybox\nCOPY packages/pricing /pricing\nCOPY orders/handler.py /\nRUN echo made > /x\n"
    ),
    "shop/orders/handler.py": "orders = 1\n",
    "shop/invoices/Dockerfile": "FROM busybox\nCOPY packages /packages\nCOPY invoices/handler.py /\n",
    "shop/invoices/handler.py": "invoices = 1\n",
    "secret/Dockerfile": (
        "FROM busybox\n"
        "RUN --mount=type=secret,id=token --mount=type=secret,id=plain"
        " cat /run/secrets/token /run/secrets/plain | sha256sum > /digest\n"
    ),
    "failing/Dockerfile": "FROM busybox\nARG NAME\nRUN echo begun $NAME; seq 60; exit 3\n",
    "slow/Dockerfile": "FROM busybox\nRUN echo slow\n",
}


class Remote:
    """The story: each step is run once, in this order, by the first test that asks for it or a later one."""

    def __init__(self, stacks: Stacks) -> None:
        self.stacks = stacks
        self.cloud = stacks.cloud
        self.stack = self._stack(PROGRAM, "program", "test")
        self.bare = stacks.without_docker(self.stack)
        for name, value in SECRETS.items():
            if name == "token":
                self.client("secretsmanager").create_secret(
                    Name=f"{stacks.prefix}/token", SecretString=json.dumps({"key": value})
                )
            else:
                self.client("ssm").put_parameter(Name=f"/{stacks.prefix}/plain", Value=value, Type="SecureString")

    def _stack(self, program: str, folder: str, name: str) -> EngineStack:
        stack = self.stacks(program, folder=folder, name=name)
        for path, content in SHOP.items():
            stack.file(path, content).chmod(0o755 if path.endswith(".sh") else 0o644)
        return stack

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.cloud.aws_endpoint,
            region_name=self.cloud.region,
            aws_access_key_id="localcloud",
            aws_secret_access_key="localcloud",
        )

    def run(self, stack: EngineStack, operation: str, *args: str, **options: Any) -> Step:
        self.cloud.calls.reset()
        run = stack.run(operation, *args, env=self.bare, **options)
        return Step(run, self.cloud.calls.counts(), self.cloud.calls.uploads())

    @cached_property
    def first(self) -> Step:
        self.stack.configure({})
        return self.run(self.stack, "up")

    @cached_property
    def unchanged(self) -> Step:
        assert self.first
        return self.run(self.stack, "up")

    @cached_property
    def edited(self) -> Step:
        assert self.unchanged
        self.stack.file("shop/packages/pricing/src/rates.py", "RATE = 2\n" + "# rates\n" * 2000)
        return self.run(self.stack, "up")

    @cached_property
    def failed(self) -> Step:
        assert self.edited
        self.stack.file("shop/orders/handler.py", "orders = 2\n")
        self.stack.configure({"engine-test:failing": "one two"})
        return self.run(self.stack, "up", expect=1)

    @cached_property
    def killed(self) -> Run:
        """The program and the engine die while their build is under way."""
        assert self.failed
        self.stack.configure({"engine-test:failing": "", "engine-test:slow": "true"})
        self.cloud.codebuild.limits(hold=True)
        operation = self.stack.start("up", env={**self.bare, **self.stacks.plain_python})
        operation.wait_until(lambda: self.builds()[0]["buildStatus"] == "IN_PROGRESS", "the remote build")
        for line in self.stack.processes():
            os.kill(int(line.split()[0]), signal.SIGKILL)
        return operation.wait()

    @cached_property
    def elsewhere(self) -> Step:
        """Another machine and stack, with the builder of the first, while the abandoned build is under way."""
        assert self.killed.exit_code != 0
        second = self._stack(SECOND, "second", "other")
        second.configure({"engine-test:repository": f"{self.stacks.prefix}/images"})
        for path in ("shop/packages/pricing/src/rates.py", "shop/orders/handler.py"):
            shutil.copyfile(self.stack.folder / path, second.folder / path)
        self.cloud.calls.reset()
        operation = second.start("up")
        operation.wait_until(lambda: "joined the build" in json.dumps(operation.events()), "joining")
        self.cloud.codebuild.limits(hold=False)
        run = operation.wait()
        assert run.exit_code == 0, run.output
        return Step(run, self.cloud.calls.counts(), self.cloud.calls.uploads())

    @cached_property
    def found(self) -> Step:
        assert self.elsewhere
        self.stack.cli("cancel", "--yes", "-s", "test", expect=None)
        return self.run(self.stack, "up")

    def logs(self) -> str:
        client, text = self.client("logs"), ""
        for group in client.describe_log_groups(logGroupNamePrefix="/fast-container/")["logGroups"]:
            name = group["logGroupName"]
            for stream in client.describe_log_streams(logGroupName=name)["logStreams"]:
                events = client.get_log_events(
                    logGroupName=name, logStreamName=stream["logStreamName"], startFromHead=True
                )["events"]
                text += "".join(event["message"] for event in events)
        return text

    def builds(self) -> list[dict[str, Any]]:
        return self.cloud.codebuild.builds()


class Step:
    """One operation, the API calls made meanwhile by all but builds, and what was put into S3."""

    def __init__(self, run: Run, calls: Counter[str], uploads: dict[str, int]) -> None:
        self.run = run
        self.calls = calls
        self.uploads = uploads

    def put(self, kind: str) -> list[int]:
        return [size for name, size in self.uploads.items() if f"/{kind}/" in name]

    def of(self, *services: str) -> dict[str, int]:
        return {call: count for call, count in self.calls.items() if call.partition(":")[0] in services}


@pytest.fixture(scope="module")
def remote(stacks: Stacks) -> Remote:
    return Remote(stacks)


def test_images_are_built_with_nothing_of_docker_on_this_machine(remote: Remote) -> None:
    records = remote.first.run.records
    assert records.keys() == {"orders", "invoices", "secret"}
    tags = remote.stacks.tags("images")
    for name, record in records.items():
        assert tags[record["tag"]] == record["digest"], name
    assert remote.first.calls["codebuild:StartBuild"] == 3
    assert remote.first.run.builds == 0


def test_a_builder_is_about_ten_resources_however_many_images(remote: Remote) -> None:
    own = [r["type"] for r in remote.first.run.resources if "CodeBuildBuilder$" in r["urn"]]
    made = Counter(kind.rpartition(":")[2] for kind in own)
    # Nine, and one policy for all repositories and secrets.
    assert made == Counter(
        {
            "Bucket": 1,
            "BucketPublicAccessBlock": 1,
            "BucketServerSideEncryptionConfiguration": 1,
            "BucketLifecycleConfiguration": 1,
            "BucketPolicy": 1,
            "LogGroup": 1,
            "Role": 1,
            "Project": 1,
            "RolePolicy": 1 + 1,
        }
    )


def test_a_part_that_images_share_is_put_once(remote: Remote) -> None:
    # orders: root, orders, packages, pricing; invoices: root, invoices, packages, text, and the same pricing.
    sizes = remote.first.put("parts")
    assert len(sizes) == len(set(remote.first.uploads)) - 3 - 1
    assert len(remote.first.put("programs")) == 1
    assert len(sizes) <= 10
    assert len(remote.first.put("bundles")) == 3
    assert max(remote.first.put("bundles")) < 5_000


def test_the_remote_builds_phases_and_steps_are_shown_on_the_row(remote: Remote) -> None:
    lines = remote.first.run.messages(ephemeral=True, on="orders")
    assert any(line.startswith("CodeBuild: ") for line in lines), lines
    notes = remote.first.run.messages("info", on="orders")
    assert any("building on CodeBuild, also if this run is interrupted" in line for line in notes), notes
    assert notes[-1].startswith("built in ")


def test_an_unchanged_up_makes_no_call_of_s3_or_codebuild(remote: Remote) -> None:
    assert not remote.unchanged.run.changes
    assert remote.unchanged.of("s3", "codebuild", "logs", "ecr") == {}


def test_a_registry_cache_is_written_for_the_images_that_use_it(remote: Remote) -> None:
    assert remote.first
    assert set(remote.stacks.tags("caches")) == {"cache-secret-main"}


def test_an_edit_of_the_shared_package_uploads_that_package_once(remote: Remote) -> None:
    assert remote.edited.calls["codebuild:StartBuild"] == 2
    assert len(remote.edited.put("parts")) == 1
    assert len(remote.edited.put("bundles")) == 2


def test_all_failures_are_reported_and_the_others_end_well(remote: Remote) -> None:
    errors = remote.failed.run.errors
    for name in ("one", "two"):
        assert f"FastContainerImage '{name}'" in errors
    assert "RUN echo begun" in errors
    assert "full log: http" in errors
    assert "    | 60" in errors
    assert "    | 5\n" not in errors
    record = remote.failed.run.records["orders"]
    assert remote.stacks.tags("images")[record["tag"]] == record["digest"]


def test_a_failed_build_leaves_no_key_tag(remote: Remote) -> None:
    known = {record["tag"] for record in remote.failed.run.records.values()}
    built = {record["tag"] for record in remote.first.run.records.values()}
    built |= {record["tag"] for record in remote.edited.run.records.values()}
    assert {tag for tag in remote.stacks.tags("images") if tag.startswith("key-")} >= known | built
    assert remote.failed.run.records.keys() == {"orders", "invoices", "secret"}


def test_a_build_goes_on_when_its_watcher_is_killed_and_another_machine_joins_it(remote: Remote) -> None:
    slow = remote.elsewhere.run.messages("info", on="slow")
    assert any("joined the build that is under way" in line for line in slow), slow
    assert remote.elsewhere.calls["codebuild:StartBuild"] == 0


def test_another_machine_and_stack_uploads_and_builds_nothing(remote: Remote) -> None:
    assert remote.elsewhere.uploads == {}
    for name in ("orders", "invoices"):
        assert remote.elsewhere.run.records[name]["digest"] == remote.failed.run.records[name]["digest"]


def test_a_shared_builder_makes_policies_only(remote: Remote) -> None:
    own = [r["type"].rpartition(":")[2] for r in remote.elsewhere.run.resources if "CodeBuildBuilder$" in r["urn"]]
    assert set(own) == {"RolePolicy"}


def test_a_build_that_ended_well_unwatched_is_found_without_a_rebuild(remote: Remote) -> None:
    assert remote.found.of("codebuild", "s3") == {}
    assert any(line.startswith("reused") for line in remote.found.run.messages("info", on="slow"))


def test_an_image_built_remotely_holds_what_the_same_inputs_built_locally_make(remote: Remote) -> None:
    records = remote.elsewhere.run.records
    parts = {name: part for name, part in records["here"]["parts"].items() if not name.startswith("trigger")}
    assert parts == records["orders"]["parts"]
    assert remote.elsewhere.run.builds == 1
    here, there = (
        layers(remote, name, records[record]["digest"]) for name, record in (("local", "here"), ("images", "orders"))
    )
    assert len(here) == len(there) > 2
    assert here == there


def layers(remote: Remote, repository: str, digest: str) -> list[list[tuple[Any, ...]]]:
    """Path, type, mode, owner, link and content digest of each entry of each layer."""
    name = f"{remote.stacks.prefix}/{repository}"
    image = remote.stacks.ecr.batch_get_image(repositoryName=name, imageIds=[{"imageDigest": digest}])["images"][0]
    found: list[list[tuple[Any, ...]]] = []
    for layer in json.loads(image["imageManifest"])["layers"]:
        url = remote.stacks.ecr.get_download_url_for_layer(repositoryName=name, layerDigest=layer["digest"])
        with urllib.request.urlopen(url["downloadUrl"]) as answer:
            content = gzip.decompress(answer.read())
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            found.append(
                [
                    (
                        *(member.name, member.type, member.mode, member.uid, member.gid, member.linkname),
                        content_digest(archive, member),
                    )
                    for member in archive.getmembers()
                ]
            )
    return found


def content_digest(archive: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    # A hard link may lead to another layer.
    file = archive.extractfile(member) if member.isreg() else None
    return hashlib.sha256(file.read()).hexdigest() if file else ""


def test_secrets_reach_the_build_and_are_found_nowhere_else(remote: Remote) -> None:
    assert remote.found
    assert remote.first.run.records["secret"]["digest"]
    for value in SECRETS.values():
        needle = value.encode()
        assert value not in remote.logs()
        assert value not in json.dumps(remote.builds(), default=str)
        assert value not in remote.stack.state_text
        for place in remote.stacks.left_behind():
            for path in Path(place).rglob("*"):
                if path.is_file() and not path.is_symlink():
                    assert needle not in path.read_bytes(), path
        s3 = remote.client("s3")
        bucket = remote.first.run.stack_outputs["shared"]["bucket"]
        for item in s3.list_objects_v2(Bucket=bucket)["Contents"]:
            body = s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()
            assert needle not in body
            assert needle not in (gzip.decompress(body) if "/parts/" in f"/{item['Key']}" else b"")


def test_the_printed_policy_of_a_deployer_denies_a_buildspec_of_ones_own(remote: Remote) -> None:
    policy = json.loads(remote.first.run.stack_outputs["policy"])
    (denied,) = [statement for statement in policy["Statement"] if statement["Effect"] == "Deny"]
    assert denied["Action"] == ["codebuild:StartBuild"]
    assert denied["Condition"] == {"Null": {"codebuild:source.buildspec": "false"}}
    everywhere = [statement["Action"] for statement in policy["Statement"] if statement["Resource"] == ["*"]]
    assert everywhere == [["ecr:GetAuthorizationToken"]]
