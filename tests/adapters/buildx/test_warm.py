"""``fast-container warm`` with a real BuildKit and registry: bases first, failures apart, secrets, exit codes."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from fast_container.adapters.records.local_records import LocalRecords
from fast_container.cli import main
from fast_container.core.declared import DeclaredImage
from fast_container.core.own_bases import OWN_BASE_HOST
from fast_container.core.program_file import PlannedEntry, write_plan_file
from fast_container.core.recipe import Recipe
from fast_container.core.select import SharedWalks, select_image
from tests.adapters.buildkit_images import Local
from tests.trees import write_tree

pytestmark = pytest.mark.buildkit

PLATFORM = f"linux/{'arm64' if os.uname().machine in ('aarch64', 'arm64') else 'amd64'}"
BASE_LINES = "ARG BASE\nFROM ${BASE}\nCOPY own.txt /\n"
SECRET = "s3cr3t-of-warm"


def declare(root: Path, name: str, base_key: str = "", secrets: Iterable[str] = ()) -> DeclaredImage:
    folder = root / name
    bases: dict[str, Any] = {
        "named_contexts": {"fast-container-base": f"docker-image://{OWN_BASE_HOST}/fast-container-base"},
        "base_keys": {"BASE": base_key},
    }
    return DeclaredImage(
        name=name,
        context=str(folder),
        dockerfile=str(folder / "Dockerfile"),
        dockerfile_name=f"{name}/Dockerfile",
        recipe=Recipe(platform=PLATFORM, build_args={"BASE": "fast-container-base"} if base_key else {}),
        secret_ids=tuple(secrets),
        **(bases if base_key else {}),
    )


@pytest.fixture
def plan(local: Local, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A base that can be broken, a consumer of it, one with a secret, one alone."""
    for name, value in local.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("FAST_CONTAINER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TOKEN_OF_CI", SECRET)
    # A key of this test alone: the repository is shared.
    unique = str(tmp_path)
    write_tree(
        tmp_path / "program",
        {
            "deps/Dockerfile": "FROM busybox\nCOPY deps.txt /\nRUN ! grep broken /deps.txt\n",
            "deps/deps.txt": unique,
            "api/Dockerfile": BASE_LINES,
            "api/own.txt": unique,
            "secret/Dockerfile": "FROM busybox\nCOPY own.txt /\nRUN --mount=type=secret,id=token "
            "test $(wc -c < /run/secrets/token) = 14\n",
            "secret/own.txt": unique,
            "alone/Dockerfile": "FROM scratch\nCOPY own.txt /\n",
            "alone/own.txt": unique,
        },
    )
    monkeypatch.chdir(tmp_path / "program")
    write_plan(Path.cwd(), local.url)
    return Path.cwd()


def write_plan(root: Path, url: str) -> None:
    walks = SharedWalks()
    deps = declare(root, "deps")
    key = select_image(deps, walks).key.hex
    images = [deps, declare(root, "api", key), declare(root, "secret", secrets=["token"]), declare(root, "alone")]
    entries = [
        PlannedEntry(
            image, url, "anywhere", select_image(image, walks).key.hex, {"BASE": url} if image.name == "api" else {}
        )
        for image in images
    ]
    (root / "fast-container.plan.json").write_text(write_plan_file(entries, str(root)))


def layers_below(local: Local, root: Path) -> tuple[list[str], list[str]]:
    """The layers of ``deps``, and as many of the lowest of ``api``, as they are in the registry now."""
    walks = SharedWalks()
    deps = select_image(declare(root, "deps"), walks).key
    api = select_image(declare(root, "api", deps.hex), walks).key

    async def layers() -> tuple[list[str], list[str]]:
        found = await local.registry.find([deps.tag, api.tag])
        contents = [json.loads(found[key.tag].content)["layers"] for key in (deps, api)]
        below, all_of = ([layer["digest"] for layer in content] for content in contents)
        return below, all_of[: len(below)]

    return asyncio.run(layers())


def test_warm_builds_bases_then_consumers_and_the_second_time_nothing(
    plan: Path, local: Local, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["plan"]) == 3
    assert main(["warm", "--secret", "token=TOKEN_OF_CI"]) == 0
    out, err = capsys.readouterr()
    assert out.endswith("0 in the registry already, 4 built, 0 not built\n")
    assert "deps: building: not in the registry\n" in err
    assert "first build" not in err
    assert SECRET not in out + err
    below, lowest = layers_below(local, plan)
    assert below == lowest
    # Nothing is missing: no builder is needed, and no secret.
    monkeypatch.setenv("PATH", "")
    assert main(["plan"]) == 0
    assert main(["warm"]) == 0
    assert capsys.readouterr()[0].endswith("4 in the registry already, 0 built, 0 not built\n")


def test_an_edited_base_is_built_with_its_consumer_alone(
    plan: Path, local: Local, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["warm", "--secret", "token=TOKEN_OF_CI"]) == 0
    (plan / "deps/deps.txt").write_text(f"{plan} edited")
    caches = local.repository_of_caches()
    assert main(["warm", "--cache", caches, "--cache-export", "adaptive"]) == 0
    assert capsys.readouterr()[0].endswith("2 in the registry already, 2 built, 0 not built\n")
    records = LocalRecords(Path(os.environ["FAST_CONTAINER_CACHE"])).read().records
    assert [record.outcome for record in records] == ["built"] * 6
    exports = {record.name: record.cache_export for record in records[-2:]}
    assert sorted(exports) == ["api", "deps"]
    assert all(export is not None and export.mode == "max" for export in exports.values())
    below, lowest = layers_below(local, plan)
    assert below == lowest


def test_an_image_of_another_repository_is_copied_without_a_builder(
    plan: Path, local: Local, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["warm", "--secret", "token=TOKEN_OF_CI"]) == 0
    host, _, name = local.url.partition("/")
    other = f"{host}/{name}-other"
    ecr: Any = boto3.client("ecr", region_name=local.cloud.region, endpoint_url=local.cloud.aws_endpoint)
    ecr.create_repository(repositoryName=f"{name}-other", imageTagMutability="IMMUTABLE")
    alone = declare(plan, "alone")
    key = select_image(alone, SharedWalks()).key
    entries = [PlannedEntry(replace(alone, name=url), url, "anywhere", key.hex, {}) for url in (local.url, other)]
    (plan / "fast-container.plan.json").write_text(write_plan_file(entries, str(plan)))
    monkeypatch.setenv("PATH", "")
    assert main(["warm"]) == 0
    out, err = capsys.readouterr()
    assert out.endswith("1 in the registry already, 1 copied, 0 built, 0 not built\n")
    assert f"copied from {local.url}: " in err
    assert main(["plan"]) == 0


def test_a_failed_base_stops_its_consumers_and_nobody_else(plan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (plan / "deps/deps.txt").write_text(f"{plan} broken")
    assert main(["warm", "--secret", "token=TOKEN_OF_CI"]) == 1
    out, err = capsys.readouterr()
    assert out.endswith("0 in the registry already, 2 built, 2 not built\n")
    assert err.count("grep broken") >= 1
    assert "api: Not built: its base image deps failed." in err
    assert "Traceback" not in err


def test_a_missing_secret_is_asked_for_before_anything_is_built(
    plan: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert plan.is_dir()
    assert main(["warm"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "fast-container: secret needs the secret 'token'.",
        "  where: --secret",
        "  next: Give --secret token=VARIABLE.",
    ]
    # What a CI service gives for a secret that is not set.
    monkeypatch.setenv("TOKEN_OF_CI", "")
    assert main(["warm", "--secret", "token=TOKEN_OF_CI"]) == 2
    assert "'token' is empty" in capsys.readouterr()[1]
    assert main(["plan"]) == 3
