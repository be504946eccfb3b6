"""``plan``, ``warm`` and ``inspect --plan``: exit codes, keys as of now, one clear message for bad input."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from fast_container.cli import main
from fast_container.cli.planned import current_images, load_plan
from fast_container.cli.verbs import plan
from fast_container.cli.verbs.warm import check_base_registries, copy_sources
from fast_container.core.declared import DeclaredImage
from fast_container.core.image_checks import CheckSettings
from fast_container.core.own_bases import OWN_BASE_HOST
from fast_container.core.ports import Registry
from fast_container.core.program_file import PlannedEntry, write_plan_file
from fast_container.core.recipe import Recipe
from fast_container.core.select import SharedWalks, select_image
from fast_container.errors import ArgsError, RegistryError
from fast_container.state.explanation import inputs_manifest, remember
from tests.build.fakes import FakeRegistry
from tests.trees import write_tree

BASES, IMAGES = "registry.example/shop/bases", "registry.example/shop/images"
PLAN = "fast-container.plan.json"
TREE = {
    "deps/Dockerfile": "FROM scratch\nCOPY deps.txt /\n",
    "deps/deps.txt": "one",
    "api/Dockerfile": "ARG BASE\nFROM ${BASE}\nCOPY own.txt /\n",
    "api/own.txt": "own",
    "alone/Dockerfile": "FROM scratch\nCOPY own.txt /\n",
    "alone/own.txt": "own",
}


class FakeRegistries:
    """Satisfies what the command line uses of ``adapters.registry.registries.Registries``."""

    def __init__(self) -> None:
        self.of = {url: FakeRegistry(url) for url in (BASES, IMAGES)}

    def repository(self, url: str) -> Registry:
        return self.of[url]

    def close(self) -> None:
        """Nothing is open."""

    def hold(self, url: str, key: str) -> None:
        self.of[url].tags[f"key-{key[:40]}"] = self.of[url].push(key).digest


def declare(root: Path, name: str, base_key: str = "") -> DeclaredImage:
    bases: dict[str, Any] = {
        "recipe": Recipe(build_args={"BASE": "fast-container-base"}),
        "named_contexts": {"fast-container-base": f"docker-image://{OWN_BASE_HOST}/fast-container-base"},
        "base_keys": {"BASE": base_key},
    }
    folder = root / name
    place = {"context": str(folder), "dockerfile": str(folder / "Dockerfile"), "dockerfile_name": f"{name}/Dockerfile"}
    return DeclaredImage(name=name, **place, **(bases if base_key else {}))


def write_plan(root: Path, *, url: str = IMAGES, unknown: Sequence[str] = ()) -> dict[str, str]:
    """The plan of three images, one on a base of the same plan; name → build key."""
    walks = SharedWalks()
    deps, alone = declare(root, "deps"), declare(root, "alone")
    keys = {image.name: select_image(image, walks).key.hex for image in (deps, alone)}
    api = declare(root, "api", keys["deps"])
    keys["api"] = select_image(api, walks).key.hex
    entries = [
        PlannedEntry(deps, BASES, "anywhere", keys["deps"], {}),
        PlannedEntry(alone, url, "anywhere", keys["alone"], {}, CheckSettings()),
        PlannedEntry(api, url, "lambda", keys["api"], {"BASE": BASES}),
    ]
    (root / "fast-container.plan.json").write_text(write_plan_file(entries, str(root), unknown=unknown))
    return keys


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FAST_CONTAINER_CACHE", str(tmp_path / "cache"))
    root = write_tree(tmp_path / "program", TREE)
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def registries(monkeypatch: pytest.MonkeyPatch) -> FakeRegistries:
    made = FakeRegistries()
    monkeypatch.setattr(plan, "open_registries", lambda: made)
    return made


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments)
        return code, *capsys.readouterr()

    return run


def test_nothing_to_build_is_exit_code_0_and_one_call_for_each_repository(
    root: Path, registries: FakeRegistries, run: Run
) -> None:
    keys = write_plan(root)
    for name, key in keys.items():
        registries.hold(BASES if name == "deps" else IMAGES, key)
    code, out, err = run("plan")
    assert (code, err) == (0, "")
    assert out.endswith("to build: 0 of 3 images\n")
    assert [len(registry.calls) for registry in registries.of.values()] == [1, 1]


def test_something_to_build_is_exit_code_3_and_named(root: Path, registries: FakeRegistries, run: Run) -> None:
    keys = write_plan(root)
    registries.hold(BASES, keys["deps"])
    registries.hold(IMAGES, keys["alone"])
    code, out, _ = run("plan", "--json")
    document = json.loads(out)
    assert code == 3
    assert document["to_build"] == ["api"]
    images = {image["name"]: image for image in document["images"]}
    assert images["api"] == {
        "name": "api",
        "build_key": keys["api"],
        "tag": f"key-{keys['api'][:40]}",
        "repository_url": IMAGES,
        "digest": None,
        "build": True,
        "changed": False,
        "checks": None,
        "reason": "the registry does not have it",
        "pin": "",
    }
    assert images["deps"]["reason"] == "unchanged since the plan was written"
    assert images["deps"]["digest"] == registries.of[BASES].tags[f"key-{keys['deps'][:40]}"]


def test_each_image_has_a_reason_with_names_of_files_where_an_earlier_run_left_them(
    root: Path, registries: FakeRegistries, run: Run
) -> None:
    keys = write_plan(root, unknown=["late"])
    registries.hold(BASES, keys["deps"])
    selected = select_image(declare(root, "alone"), SharedWalks())
    remember(selected.key.hex, inputs_manifest(selected), root.parent / "cache" / "inputs")
    (root / "deps/deps.txt").write_text("two")
    (root / "alone/own.txt").write_text("two")
    code, out, _ = run("plan")
    lines = {line.split("\t")[0]: line.split("\t")[2] for line in out.splitlines()[:4]}
    assert code == 3
    assert lines == {
        "deps": "to build: changed since the plan was written",
        "alone": "to build: 1 file changed (own.txt)",
        "api": "to build: base BASE changed",
        "late": "its build key was not known when the plan was written",
    }
    assert out.endswith("to build: 3 of 3 images\n")


def test_an_image_that_was_changed_and_is_in_the_registry_says_both(
    root: Path, registries: FakeRegistries, run: Run
) -> None:
    write_plan(root)
    (root / "alone/own.txt").write_text("two")
    registries.hold(IMAGES, select_image(declare(root, "alone"), SharedWalks()).key.hex)
    _, out, _ = run("plan", "--json")
    (alone,) = (image for image in json.loads(out)["images"] if image["name"] == "alone")
    assert (alone["build"], alone["changed"]) == (False, True)
    assert alone["reason"] == "changed since the plan was written; the registry has it already"


def test_plan_and_inspect_say_which_files_that_count_git_ignores(
    root: Path, registries: FakeRegistries, run: Run
) -> None:
    del registries
    write_plan(root)
    (root / ".gitignore").write_text("own.txt\n")
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    line = "2 files that count are git-ignored"
    assert run("plan")[1].splitlines()[-1].startswith(f"note: {line}")
    assert json.loads(run("plan", "--json")[1])["git_ignored"] == {
        "files": 2,
        "total_bytes": 6,
        "largest": "alone/own.txt",
        "largest_bytes": 3,
    }
    assert "note: 1 file that counts is git-ignored (api/own.txt" in run("inspect", "--plan", PLAN, "--image", "api")[1]
    assert json.loads(run("inspect", "--context", "deps", "--json")[1])["git_ignored"] is None


def described() -> dict[str, str]:
    """Field → type, of the page on the JSON of ``plan``."""
    page = (Path(__file__).parents[2] / "docs" / "plan-json.md").read_text(encoding="utf-8")
    return dict(re.findall(r"^\| `([\w.\[\]]+)` \| ([^|]+?) \|", page, re.MULTILINE))


def fields(value: Any, path: str = "") -> dict[str, str]:
    """Field → type of a document, as the page names them."""
    if isinstance(value, dict):
        inside = [fields(of, f"{path}.{name}" if path else name) for name, of in value.items()]
        own = {path: "object"} if path and not path.endswith("[]") else {}
        return {**own, **{name: of for each in inside for name, of in each.items()}}
    if isinstance(value, list):
        of_items = fields(value[0], f"{path}[]") if value and isinstance(value[0], dict) else {}
        kind = "objects" if of_items else "strings"
        return {path: f"array of {kind}", **of_items}
    return {path: {str: "string", bool: "boolean", int: "integer"}[type(value)]}


def test_the_page_on_the_json_of_plan_has_exactly_its_fields(root: Path, registries: FakeRegistries, run: Run) -> None:
    keys = write_plan(root, unknown=["late"])
    registries.hold(IMAGES, keys["alone"])
    (root / ".gitignore").write_text("own.txt\n")
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    document = json.loads(run("plan", "--json")[1])
    # An image that is there, so that every field has a value.
    document["images"].sort(key=lambda image: image["digest"] is None)
    written = {name: kind.removesuffix(", or null") for name, kind in described().items()}
    assert fields(document) == written
    nullable = {name for name, kind in described().items() if kind.endswith(", or null")}
    assert nullable == {"images[].checks", "images[].digest", "git_ignored"}


def test_a_base_that_was_edited_after_the_plan_was_written_changes_its_consumers_keys(
    root: Path, registries: FakeRegistries, run: Run
) -> None:
    keys = write_plan(root)
    for name, key in keys.items():
        registries.hold(BASES if name == "deps" else IMAGES, key)
    (root / "deps/deps.txt").write_text("two")
    code, out, _ = run("plan", "--json")
    document = json.loads(out)
    assert code == 3
    assert document["to_build"] == ["deps", "api"]
    assert {image["name"]: image["changed"] for image in document["images"]} == {
        "alone": False,
        "deps": True,
        "api": True,
    }
    fresh = write_plan(root)
    assert {image["name"]: image["build_key"] for image in document["images"]} == fresh


def test_inspect_of_a_planned_image_gives_the_key_that_plan_gives(
    root: Path, registries: FakeRegistries, run: Run
) -> None:
    write_plan(root)
    (root / "deps/deps.txt").write_text("two")
    planned = {image["name"]: image["build_key"] for image in json.loads(run("plan", "--json")[1])["images"]}
    for name, key in planned.items():
        code, out, _ = run("inspect", "--plan", "fast-container.plan.json", "--image", name, "--json")
        assert (code, json.loads(out)["build_key"]) == (0, key)


def test_an_unknown_repository_is_something_to_build(root: Path, registries: FakeRegistries, run: Run) -> None:
    keys = write_plan(root, url="")
    registries.hold(BASES, keys["deps"])
    code, out, _ = run("plan", "--json")
    assert code == 3
    assert json.loads(out)["to_build"] == ["alone", "api"]


def test_an_image_whose_key_was_unknown_is_never_taken_for_built(
    root: Path, registries: FakeRegistries, run: Run
) -> None:
    keys = write_plan(root, unknown=["later"])
    for name, key in keys.items():
        registries.hold(BASES if name == "deps" else IMAGES, key)
    code, out, _ = run("plan", "--json")
    assert (code, json.loads(out)["unknown"], json.loads(out)["to_build"]) == (3, ["later"], [])


def test_a_registry_that_cannot_be_asked_is_exit_code_2_and_never_something_to_build(
    root: Path, registries: FakeRegistries, run: Run
) -> None:
    write_plan(root)
    registries.of[IMAGES].fail["find"] = RegistryError("The registry is away.")
    code, out, err = run("plan")
    assert (code, out) == (2, "")
    assert err == "fast-container: The registry is away.\n"


@pytest.mark.parametrize("verb", ["plan", "warm"])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read"),
        (b"", "is not a plan file"),
        (b"\xff\xfe\x00", "is not a plan file"),
        (b"[1, 2]", "is not a plan file"),
        (b'{"version": 99, "images": []}', "has version 99"),
    ],
)
def test_a_file_that_is_no_plan_is_one_message_and_exit_code_2(
    root: Path, run: Run, verb: str, content: bytes | None, said: str
) -> None:
    if content is not None:
        (root / "fast-container.plan.json").write_bytes(content)
    code, out, err = run(verb)
    assert (code, out) == (2, "")
    assert said in err
    assert "pulumi preview" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["warm", "--max-parallel", "0"], "--max-parallel"),
        (["warm", "--max-parallel", "many"], "--max-parallel"),
        (["warm", "--secret", "token"], "--secret ID=VARIABLE"),
        (["warm", "--secret", "token=FAST_CONTAINER_TEST_UNSET"], "names no environment variable that is set"),
        (["warm", "--plan"], "--plan"),
        (["plan", "extra"], "extra"),
        (["plan", "--plan", "nowhere/plan.json"], "nowhere/plan.json cannot be read"),
        (["inspect", "--plan", "fast-container.plan.json"], "--plan needs --image"),
        (["inspect", "--plan", "fast-container.plan.json", "--image", "nobody"], "one of: alone, api, deps"),
    ],
)
def test_arguments_that_mean_nothing_are_one_message_and_exit_code_2(
    root: Path, run: Run, arguments: list[str], said: str
) -> None:
    write_plan(root)
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err


def test_a_value_given_in_place_of_a_variable_is_not_shown(root: Path, run: Run) -> None:
    write_plan(root)
    code, _, err = run("warm", "--secret", "token=hunter2-s3cr3t")
    assert code == 2
    assert "hunter2" not in err


def test_warm_refuses_a_plan_whose_repositories_were_not_known(root: Path, run: Run) -> None:
    write_plan(root, url="")
    code, _, err = run("warm")
    assert code == 2
    assert "repository of" in err


def test_a_planned_file_that_is_gone_is_one_message(root: Path, registries: FakeRegistries, run: Run) -> None:
    del registries
    write_plan(root)
    (root / "api/Dockerfile").unlink()
    code, _, err = run("plan")
    assert code == 2
    assert "api/Dockerfile" in err


def test_a_changed_plan_does_not_choose_a_foreign_base_for_a_genuine_key(root: Path, run: Run) -> None:
    write_plan(root)
    file = root / "fast-container.plan.json"
    honest = file.read_text()
    check_base_registries(current_images(load_plan(str(file)).entries), ())
    file.write_text(honest.replace(BASES, "evil.example/shop/bases"))
    images = current_images(load_plan(str(file)).entries)
    with pytest.raises(ArgsError, match="in another registry than api") as refused:
        check_base_registries(images, ())
    assert refused.value.property_path == "--trust-registry"
    check_base_registries(images, ["evil.example"])
    code, out, err = run("warm")
    assert (code, out) == (2, "")
    assert "evil.example/shop/bases" in err


def test_a_changed_plan_does_not_have_an_image_copied_from_a_foreign_registry(root: Path) -> None:
    write_plan(root)
    file = root / "fast-container.plan.json"
    document = json.loads(file.read_text())
    alone = next(image for image in document["images"] if image["name"] == "alone")
    for place in ("evil.example/shop/images", "registry.example/other/images"):
        document["images"].append({**alone, "name": f"twin-{place[:4]}", "repository_url": place})
    file.write_text(json.dumps(document))
    images = current_images(load_plan(str(file)).entries)
    assert copy_sources(images["alone"], images, ()) == ["registry.example/other/images"]
    assert len(copy_sources(images["alone"], images, ["evil.example"])) == 2
