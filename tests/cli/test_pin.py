"""``fast-container pin``: the keys of an image that are there, and whether one of them fits."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fast_container.adapters.records.local_records import LocalRecords
from fast_container.cli import main
from fast_container.core.oci.index import image_index
from fast_container.core.oci.manifest import Descriptor
from fast_container.core.records.origin import Origin
from fast_container.core.records.record import BuildRecord
from tests.adapters.http_registry import HttpRegistry
from tests.build.fakes import OCI_INDEX, OCI_MANIFEST
from tests.cli.test_image import push
from tests.cli.test_plan import PLAN, TREE, write_plan
from tests.layer_images import file
from tests.trees import write_tree

OLD, STRANGE = "c0ffee" + "0" * 58, "c0ffe1" + "0" * 58
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(
    registry: HttpRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """In a folder whose plan has the image ``alone``, which the registry has under three keys."""
    write_tree(tmp_path, TREE)
    keys = write_plan(tmp_path, url=registry.url)
    monkeypatch.chdir(tmp_path)
    digests = {}
    for number, key in enumerate((keys["alone"], OLD, STRANGE)):
        push(registry, f"key-{key[:40]}", [file("app", number + 1)])
        digests[key] = registry.tags[f"key-{key[:40]}"]
    own = Origin(commit="1a2b3c4d5e6f7a8b")
    records = [
        BuildRecord("alone", registry.url, OLD, digests[OLD], "built", 1.7e9, 3.0, reason="1 file changed", origin=own),
        BuildRecord("search", registry.url, STRANGE, digests[STRANGE], "built", 1.8e9, 3.0),
    ]
    LocalRecords(tmp_path / "cache").append("ab" * 6, 1.7e9, records)

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(["pin", *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def keys(said: str) -> dict[str, Any]:
    return {one["tag"]: one for one in json.loads(said)["keys"]}


def test_the_keys_of_an_image_are_listed_with_what_is_known_of_each(run: Run) -> None:
    code, said, _ = run("--image", "alone")
    assert code == 0
    first, second = said.splitlines()
    assert re.match(
        r"2023-11-1\d \d\d:\d\d  key-c0ffee0+  alone  1a2b3c4d5e  linux/\w+ +0\.1 MB  1 file changed", first
    )
    assert re.match(r"- +key-[0-9a-f]{40}  \?  +- .*the source here$", second)


def test_a_repository_is_listed_with_the_keys_of_all_images(run: Run, registry: HttpRegistry) -> None:
    code, said, _ = run("--repository", registry.url, "--json")
    found = keys(said)
    assert (code, len(found)) == (0, 3)
    old = found[f"key-{OLD[:40]}"]
    assert (old["built_as"], old["commit"], old["build_key"]) == (["alone"], "1a2b3c4d5e6f7a8b", OLD)
    assert run("--repository", registry.url, "--last", "1")[1].splitlines()[1] == "2 more: --last 3"


def test_a_key_that_fits_is_given_as_the_line_to_write(run: Run) -> None:
    code, said, _ = run("--image", "alone", "key-c0ffee")
    assert code == 0
    assert f'pin="key-{OLD[:40]}"' in said
    assert f"pulumi config set alone-pin key-{OLD[:40]}" in said
    # With it, images on this one have the keys that they had then.
    assert f'pin="{OLD}"' in said
    assert json.loads(run("--image", "alone", OLD, "--json")[1])["pin"] == f"key-{OLD[:40]}"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--image", "alone", "key-c0ff"], "the start of several keys"),
        (["--image", "alone", "key-c0ffed"], "is not in the registry"),
        (["--image", "alone", "key-" + OLD[:38] + "11"], f"The nearest is key-{OLD[:40]}."),
        (["--image", "alone", f"key-{STRANGE[:40]}"], f'pin="search:key-{STRANGE[:40]}"'),
        (["--image", "alone", ""], "is not in the registry"),
        (["--image", "none"], "where: --image"),
        ([], "where: --image"),
        (["--image", "alone", "--last", "0"], "where: --last"),
        (["--image", "alone", "--plan", "absent"], "where: --plan"),
        (["--repository", "none"], "A repository URL must be host/name"),
    ],
)
def test_what_cannot_be_pinned_is_one_message(run: Run, arguments: list[str], said: str) -> None:
    code, _, told = run(*arguments)
    assert (code, "Traceback" in told) == (2, False)
    assert said in told


def test_an_image_for_another_place_is_refused(run: Run, registry: HttpRegistry, tmp_path: Path) -> None:
    plan = tmp_path / PLAN
    plan.write_text(plan.read_text().replace('"platform": "linux/amd64"', '"platform": "linux/s390x"'))
    code, _, told = run("--image", "alone", "key-c0ffee")
    assert code == 2
    assert "cannot be deployed as alone" in told
    assert "linux/s390x" in told


def test_an_index_of_images_for_several_platforms_is_neither_listed_nor_fits(run: Run, registry: HttpRegistry) -> None:
    images = [
        Descriptor(OCI_MANIFEST, registry.tags[tag], 1, f"linux/{architecture}")
        for tag, architecture in zip(registry.tags, ("amd64", "arm64"), strict=False)
    ]
    tag = "key-" + "d" * 40
    registry.tags[tag] = registry.push(image_index(images)[1], OCI_INDEX)
    assert tag not in run("--image", "alone")[1]
    assert tag in run("--repository", registry.url)[1]
    code, _, told = run("--image", "alone", tag)
    assert (code, "an index of images for linux/amd64, linux/arm64" in told) == (2, True)


def test_a_plan_with_a_pin_that_is_not_there_is_refused_by_plan(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], registry: HttpRegistry
) -> None:
    del run
    plan = tmp_path / PLAN
    document = json.loads(plan.read_text())
    document["images"] = [one for one in document["images"] if one["name"] == "alone"]
    document["images"][0]["pin"] = f"key-{OLD}"
    plan.write_text(json.dumps(document))
    assert main(["plan", "--json"]) == 0
    (image,) = json.loads(capsys.readouterr().out)["images"]
    assert (image["build"], image["pin"], image["build_key"]) == (False, f"key-{OLD}", OLD)
    del registry.tags[f"key-{OLD[:40]}"]
    for verb in ("plan", "warm"):
        assert main([verb]) == 2
        assert "a pinned image is never built" in capsys.readouterr().err
