"""``gc``: a table with reasons by default, deletion with ``--delete``, one line and exit code 2 for nonsense."""

from __future__ import annotations

import datetime
import json
import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fast_container.adapters.usage.account import SERVICES
from fast_container.cli.arguments.all_verbs import parse
from fast_container.cli.verbs.operations import gc
from fast_container.core.key import KeyPin, index_key
from fast_container.core.program_file import PlannedEntry, write_plan_file
from fast_container.core.recipe import Recipe
from fast_container.errors import FastContainerError
from fast_container.platforms.arguments import name_of
from tests.adapters.aws_fakes import FakeClient, refusal
from tests.cli.test_plan import TREE, declare
from tests.core.cleanup.worlds import digest, key_tag
from tests.trees import write_tree

HOST = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"
URL = f"{HOST}/shop/a"
PAGE = Path(__file__).parents[2] / "docs" / "cleanup.md"

Run = Callable[..., tuple[int, str, str]]


class Cloud:
    """An account: three old images, of which a function's version uses one, and a young one."""

    def __init__(self) -> None:
        self.began = time.time()
        self.images = {digest(n): (100 + n, (key_tag(n),)) for n in (1, 2, 3)} | {digest(4): (3, ())}
        self.sources: dict[str, int] = {f"parts/{'a' * 64}": 40, f"parts/{'b' * 64}": 3, "notes.txt": 400}
        self.uri = f"{URL}@{digest(2)}"
        self.denied: set[str] = set()
        self.policy: dict[str, Any] = {}
        self.registry_policy: dict[str, Any] = {}
        self.account = "123456789012"
        self.put_again = ""
        self.failures: dict[str, str] = {}
        self.asked: list[tuple[str, str, str]] = []

    def client(self, service: str, region: str, profile: str) -> Any:
        self.asked.append((service, region, profile))
        if service in self.denied:
            return FakeClient(dict.fromkeys(("list_services", "list_functions", "describe_images"), "AccessDenied"))
        return FakeClient(getattr(self, f"_{service}", dict)() or _EMPTY.get(service, {}))

    def _ecr(self) -> dict[str, Any]:
        def describe(**request: Any) -> Any:
            wanted = [one["imageDigest"] for one in request.get("imageIds", [])] or list(self.images)
            return {"imageDetails": [self._details(one) for one in wanted if one in self.images]}

        def delete(imageIds: list[dict[str, str]], **_: Any) -> Any:  # noqa: N803
            if "Ctrl-C" in self.failures.values():
                raise KeyboardInterrupt
            if "Throttling" in self.failures.values():
                raise refusal("ThrottlingException")
            if self.put_again:
                self.sources[self.put_again] = 0
            failures = [
                {"imageId": one, "failureCode": self.failures[one["imageDigest"]]}
                for one in imageIds
                if one["imageDigest"] in self.failures
            ]
            for one in imageIds:
                if one["imageDigest"] not in self.failures:
                    del self.images[one["imageDigest"]]
            return {"failures": failures}

        def manifests(**request: Any) -> Any:
            layers = [{"digest": digest(50), "size": 10_000_000}]
            return {
                "images": [
                    {
                        "imageId": one,
                        "imageManifest": json.dumps(
                            {"config": {"digest": one["imageDigest"], "size": 5}, "layers": layers}
                        ),
                    }
                    for one in request["imageIds"]
                ]
            }

        return {
            "describe_images": describe,
            "batch_get_image": manifests,
            "batch_delete_image": delete,
            "get_repository_policy": (
                {"policyText": json.dumps(self.policy)} if self.policy else "RepositoryPolicyNotFoundException"
            ),
            "get_registry_policy": (
                {"policyText": json.dumps(self.registry_policy)}
                if self.registry_policy
                else "RegistryPolicyNotFoundException"
            ),
            "get_lifecycle_policy": {
                "lifecyclePolicyText": json.dumps({"rules": [{"rulePriority": 3, "selection": {"tagStatus": "any"}}]})
            },
        }

    def _details(self, name: str) -> dict[str, Any]:
        age_d, tags = self.images[name]
        pushed = datetime.datetime.fromtimestamp(self.began - 3600 - age_d * 86400, datetime.UTC)
        return {"imageDigest": name, "imageTags": list(tags), "imagePushedAt": pushed, "imageSizeInBytes": 10_000_005}

    def _lambda(self) -> dict[str, Any]:
        one = {"FunctionName": "orders", "FunctionArn": "f:14", "Version": "14", "PackageType": "Image"}
        return {
            "list_functions": {"Functions": [one]},
            "list_aliases": {"Aliases": [{"Name": "live", "FunctionVersion": "14"}]},
            "get_function": {"Code": {"ImageUri": self.uri}},
        }

    def _s3(self) -> dict[str, Any]:
        now = datetime.datetime.now(datetime.UTC)

        def delete(**request: Any) -> Any:
            for one in request["Delete"]["Objects"]:
                del self.sources[one["Key"]]
            return {}

        objects = [
            {"Key": key, "Size": 7, "LastModified": now - datetime.timedelta(days=age)}
            for key, age in self.sources.items()
        ]
        return {"list_objects_v2": {"Contents": objects}, "delete_objects": delete}

    def _sts(self) -> dict[str, Any]:
        return {"get_caller_identity": {"Account": self.account}}


_EMPTY: dict[str, dict[str, Any]] = {
    "ecs": {
        "list_clusters": {"clusterArns": []},
        "list_task_definitions": {"taskDefinitionArns": []},
    },
    "apprunner": {"list_services": {}},
    "sagemaker": {"list_models": {}, "list_endpoints": {}, "list_inference_components": {}},
    "codebuild": {"list_projects": {}},
    "batch": {"describe_job_definitions": {}},
}


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cloud:
    monkeypatch.chdir(tmp_path)
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_ECR"):
        monkeypatch.delenv(name, raising=False)
    return Cloud()


@pytest.fixture
def run(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str) -> tuple[int, str, str]:
        error = ""
        try:
            code = gc.run(parse(["gc", "--keep", "0", *arguments]), cloud.client)
        except FastContainerError as refused:
            code, error = 2, str(refused)
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = capsys.readouterr()
        return code, out, err + error

    return run


def test_a_dry_run_says_what_may_go_and_why_all_else_stays_and_changes_nothing(cloud: Cloud, run: Run) -> None:
    code, out, err = run("--repository", URL, "--bucket", "sources")
    assert (code, err) == (0, "")
    assert " may go: 2 images\n" in out
    assert re.search(rf"{key_tag(2)[:18]}…  102 d  10\.0 MB  alias live of function orders, version 14$", out, re.M)
    assert "pushed 3 d ago" in out
    assert "note: " + URL + ": lifecycle rule 3 expires images under key tags" in out
    assert "note: no state of a stack was given" in out
    assert "may go: 2 of 4 images, 10 B, $0.00 a month\nmay go: 1 source object, 7 B\n" in out
    assert out.endswith("nothing was changed: --delete deletes\n")
    assert (len(cloud.images), len(cloud.sources)) == (4, 3)


def test_delete_deletes_exactly_that_and_the_second_time_nothing(cloud: Cloud, run: Run) -> None:
    code, out, _ = run("--repository", URL, "--bucket", "sources", "--delete")
    assert code == 0
    assert "deleted: 2 images\ndeleted: 1 source object\n" in out
    assert sorted(cloud.images) == [digest(2), digest(4)]
    assert sorted(cloud.sources) == ["notes.txt", f"parts/{'b' * 64}"]
    assert "deleted: 0 images" in run("--repository", URL, "--delete")[1]


def test_throttling_amid_the_deletion_is_one_message_with_what_is_deleted_and_the_next_run_goes_on(
    cloud: Cloud, run: Run
) -> None:
    cloud.failures = {digest(1): "Throttling"}
    code, _, err = run("--repository", URL, "--delete")
    assert (code, len(cloud.images)) == (2, 4)
    assert "deleted before this: 0 images" in err and "ecr:BatchDeleteImage" in err
    cloud.failures = {}
    assert run("--repository", URL, "--delete")[0] == 0
    assert sorted(cloud.images) == [digest(2), digest(4)]


def test_a_source_that_a_build_put_again_after_the_scan_stays(cloud: Cloud, run: Run) -> None:
    cloud.put_again = f"parts/{'a' * 64}"
    code, out, _ = run("--repository", URL, "--bucket", "sources", "--delete")
    assert (code, "may go: 1 source object" in out, "deleted: 1 source object" in out) == (0, True, False)
    assert f"parts/{'a' * 64}" in cloud.sources


def test_each_service_is_asked_in_each_region_with_each_profile(cloud: Cloud, run: Run) -> None:
    given = ["--profile", "owner", "--profile", "prod", "--region", "eu-west-1", "--region", "us-east-1"]
    images = json.loads(run("--repository", URL, "--json", *given)[1])["images"]
    assert images[1]["reason"] == "alias live of function orders, version 14 (owner eu-central-1), and 5 more"
    for service in SERVICES:
        # The repository's own region too: a function can only be there.
        for region in ("eu-central-1", "eu-west-1", "us-east-1"):
            for profile in ("owner", "prod"):
                assert (service, region, profile) in cloud.asked
    assert {(region, profile) for service, region, profile in cloud.asked if service == "ecr"} == {
        ("eu-central-1", "owner")
    }


def test_a_service_that_is_denied_stops_everything_and_is_named(cloud: Cloud, run: Run) -> None:
    cloud.denied = {"apprunner", "lambda"}
    code, out, err = run("--repository", URL, "--delete")
    assert (code, out, len(cloud.images)) == (2, "", 4)
    assert "nothing is deleted" in err and "apprunner:ListServices" in err and "lambda:ListFunctions" in err
    assert "--without" in err
    cloud.denied = {"apprunner"}
    assert run("--repository", URL, "--without", "apprunner")[0] == 0


def test_an_account_that_may_pull_and_is_not_looked_at_stops_everything(cloud: Cloud, run: Run) -> None:
    cloud.policy = {"Statement": [{"Effect": "Allow", "Action": "ecr:*", "Principal": {"AWS": "111122223333"}}]}
    code, _, err = run("--repository", URL, "--delete")
    assert (code, len(cloud.images)) == (2, 4)
    assert "account 111122223333" in err and "--profile" in err
    assert run("--repository", URL, "--without-account", "111122223333")[0] == 0
    cloud.policy, cloud.registry_policy = {}, cloud.policy
    assert "account 111122223333" in run("--repository", URL, "--delete")[2]
    assert len(cloud.images) == 4


def test_a_repository_whose_own_account_is_not_looked_at_stops_everything(cloud: Cloud, run: Run) -> None:
    cloud.account = "999988887777"
    code, _, err = run("--repository", URL, "--delete")
    assert (code, len(cloud.images)) == (2, 4)
    assert "account 123456789012 owns it" in err and "--profile" in err
    assert run("--repository", URL, "--without-account", "123456789012")[0] == 0


def test_an_image_that_cannot_be_deleted_is_exit_code_1(cloud: Cloud, run: Run) -> None:
    cloud.failures = {digest(1): "KmsError"}
    code, out, _ = run("--repository", URL, "--delete")
    assert code == 1
    assert f"not deleted: {URL}@{digest(1)}: KmsError" in out
    cloud.failures = {digest(1): "ImageReferencedByManifestList"}
    assert run("--repository", URL, "--delete")[0] == 0


def test_the_json_has_the_fields_that_the_page_names(cloud: Cloud, run: Run) -> None:
    document = json.loads(run("--repository", URL, "--bucket", "sources", "--delete", "--json")[1])
    named = set(re.findall(r"^\| `([a-z_.\[\]]+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    assert named == {
        *document,
        *(f"images[].{name}" for name in document["images"][0]),
        *(f"sources[].{name}" for name in document["sources"][0]),
        *(f"deleted.{name}" for name in document["deleted"]),
    }
    assert [one["delete"] for one in document["images"]] == [True, False, True, False]


def test_states_and_plans_keep_what_they_name(cloud: Cloud, run: Run, tmp_path: Path) -> None:
    state = tmp_path / "prod.json"
    state.write_text(json.dumps({"deployment": {"resources": [{"urn": "x::api", "o": {"tag": key_tag(1)}}]}}))
    assert "api of stack prod" in run("--repository", URL, "--state", str(state))[1]


def test_a_plan_keeps_its_images_their_bases_and_the_keys_at_which_they_are_held(
    cloud: Cloud, run: Run, tmp_path: Path
) -> None:
    root = write_tree(tmp_path / "program", TREE)
    api = declare(root, "api", "1" * 64)
    entry = PlannedEntry(api, URL, "lambda", "0" * 40 + "3" * 24, {"BASE": URL}, None, KeyPin("0" * 39 + "2"))
    cloud.images[digest(5)] = (100, (f"key-{'1' * 40}",))
    plan = tmp_path / "plan.json"
    plan.write_text(write_plan_file([entry], str(root)))
    cloud.uri = "nginx"
    images = json.loads(run("--plan", str(plan), "--json")[1])["images"]
    kept = {one["digest"]: one["reason"] for one in images if not one["delete"]}
    assert kept[digest(2)] == kept[digest(5)] == f"image api of {plan}"
    assert digest(1) not in kept


def test_a_plan_keeps_the_index_of_its_images_for_several_platforms(cloud: Cloud, run: Run, tmp_path: Path) -> None:
    root = write_tree(tmp_path / "program", TREE)
    keys = {"linux/amd64": "5" * 64, "linux/arm64": "6" * 64}
    entries = [
        PlannedEntry(
            replace(declare(root, "alone"), name=name_of("api", platform), recipe=Recipe(platform=platform)),
            URL,
            "ecs",
            key,
            {},
        )
        for platform, key in keys.items()
    ]
    plan = tmp_path / "plan.json"
    plan.write_text(write_plan_file(entries, str(root)))
    cloud.images = {digest(5): (100, (index_key(keys).tag,)), digest(6): (100, (key_tag(6),))}
    images = json.loads(run("--plan", str(plan), "--json")[1])["images"]
    assert [one["reason"] for one in images if not one["delete"]] == [f"index api of {plan}"]


def test_a_plan_that_does_not_know_all_its_keys_deletes_nothing(cloud: Cloud, run: Run, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(write_plan_file([], str(tmp_path), unknown=["api"]))
    code, out, err = run("--repository", URL, "--plan", str(plan), "--delete")
    assert (code, out, len(cloud.images)) == (2, "", 4)
    assert "the keys of api were not known" in err


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "no repository"),
        (["--repository", "shop/a"], "--repository"),
        (["--repository", "docker.io/library/python"], "is not a repository of ECR"),
        (["--repository", f"{URL}:{key_tag(1)}"], "without a tag or a digest"),
        (["--repository", f"{URL}@{digest(1)}"], "without a tag or a digest"),
        (["--repository", URL, "--keep", "-1"], "--keep"),
        (["--repository", URL, "--keep", "x"], "--keep"),
        (["--repository", URL, "--older-than", "30"], "--older-than"),
        (["--repository", URL, "--grace", "5m"], "too short"),
        (["--repository", URL, "--without", "lamda"], "Did you mean 'lambda'?"),
        (["--repository", URL, "--bucket", "s3://x"], "--bucket"),
        (["--repository", URL, "--without-account", "prod"], "twelve digits"),
        (["--repository", URL, "--state", "no/such"], "--state"),
        (["--plan", "no/such"], "--plan"),
        (["--repo", URL], "unrecognized"),
    ],
)
def test_nonsense_is_one_message_and_exit_code_2(cloud: Cloud, run: Run, given: list[str], said: str) -> None:
    code, out, err = run(*given)
    assert (code, out) == (2, "")
    assert said in err and "Traceback" not in err
    assert len(cloud.images) == 4


def test_ctrl_c_says_how_far_it_came(cloud: Cloud, run: Run) -> None:
    cloud.failures = {digest(1): "Ctrl-C"}
    code, _, err = run("--repository", URL, "--delete")
    assert code == 130
    assert "deleted so far: 0 images" in err
