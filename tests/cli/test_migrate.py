"""``fast-container migrate``: the example's two steps word for word, other components, and what is never written."""

from __future__ import annotations

import ast
import json
import textwrap
from pathlib import Path
from typing import Any

import pytest

from fast_container.cli import main
from fast_container.migration.states import state_program
from fast_container.migration.steps import Migration, migrated

EXAMPLE = Path(__file__).parents[2] / "stacks" / "migrate_docker_build"
SECRET: dict[str, Any] = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
URL = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/images"


def program(version: str) -> str:
    return (EXAMPLE / version / "__main__.py").read_text(encoding="utf-8")


def of(text: str) -> Migration:
    found = migrated(textwrap.dedent(text), "p.py")
    for step in (found.step_1, found.step_2):
        ast.parse(step)
    return found


def test_the_example_gives_its_two_steps_word_for_word(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = EXAMPLE / "before" / "__main__.py"
    assert main(["migrate", str(before), "--write", str(tmp_path)]) == 0
    for step in ("step_1", "step_2"):
        assert (tmp_path / step / "__main__.py").read_text(encoding="utf-8") == program(step)
    said = capsys.readouterr().out
    assert "1 image: api (docker_build.Image)" in said
    assert said.index("Step 1:") < said.index("Step 2:")
    assert "Not translated" not in said


@pytest.mark.parametrize("version", ["before", "step_1", "step_2"])
def test_each_step_can_be_made_from_each_earlier_one_and_made_again_changes_nothing(version: str) -> None:
    found = migrated(program(version), "p.py")
    assert found.step_2 == program("step_2")
    assert found.step_1 == program("step_2" if version == "step_2" else "step_1")


def test_docker_image_of_version_4_and_awsx() -> None:
    found = of(
        """
        import pulumi
        import pulumi_aws as aws
        import pulumi_awsx as awsx
        import pulumi_docker as docker
        from pulumi_docker_build import Image

        repo = aws.ecr.Repository("r")
        one = awsx.ecr.Image("one", repository_url=repo.repository_url, path="app", args={"A": "1"}, cache_from=["x"])
        two = docker.Image(
            "two",
            build=docker.DockerBuildArgs(context="app", args={"B": "2"}, platform="linux/arm64"),
            image_name=repo.repository_url.apply(lambda url: f"{url}:v1"),
            opts=pulumi.ResourceOptions(parent=repo),
        )
        three = Image("three", tags=["registry.example/shop/three:latest"], exports=[{}])
        aws.lambda_.Function("f", package_type="Image", image_uri=two.repo_digest)
        aws.lambda_.Function("g", package_type="Image", image_uri="registry.example/shop/other:v1")
        pulumi.export("server", two.registry_server)
        """
    )
    assert [kind for _, kind in found.images] == ["awsx.ecr.Image", "docker.Image", "docker_build.Image"]
    # Step 1: the child of awsx's component by a transform, docker_build's own by an option, docker.Image not at all.
    assert "register_resource_transform(retain_images)" in found.step_1
    assert found.step_1.count("retain_on_delete=True") == 2
    assert "retain" not in found.step_2
    expected = """
two = FastContainerImage(
    "two",
    repository=repo,
    context="app",
    build_args={"B": "2"},
    platform="linux/arm64",
    runs_on="lambda",
    opts=pulumi.ResourceOptions(parent=repo),
)
"""
    assert expected in found.step_2
    assert 'context="app",\n    build_args={"A": "1"},\n)' in found.step_2
    assert 'repository="registry.example/shop/three"' in found.step_2
    assert "image_uri=two.image_uri" in found.step_2
    assert "import pulumi_docker" not in found.step_2
    said = "\n".join(found.untranslated)
    for part in ("cache_from of one", "exports of three", "two.registry_server", "registry.example/shop/other:v1"):
        assert part in said
    assert len(found.untranslated) == 4
    again = migrated(found.step_1, "p.py")
    assert (again.step_1, again.step_2) == (found.step_1, found.step_2)


def test_options_that_are_there_are_kept_and_one_line_becomes_several() -> None:
    found = of(
        """
        import pulumi
        import pulumi_docker_build as db
        a = db.Image("a", tags=["registry.example/a:x"], opts=pulumi.ResourceOptions(protect=True))
        b = db.Image("b",
                     tags=["registry.example/b:x"])
        c = db.Image("c", tags=["registry.example/c:x"], opts=options)
        """
    )
    assert "opts=pulumi.ResourceOptions(protect=True, retain_on_delete=True)" in found.step_1
    assert "opts=pulumi.ResourceOptions(retain_on_delete=True)" in found.step_1
    assert "opts=pulumi.ResourceOptions(protect=True),\n" in found.step_2
    assert found.untranslated == ["p.py:7: opts of c: add retain_on_delete=True where they are made"]


def test_resources_that_nothing_uses_any_more_stay() -> None:
    found = of(
        """
        import pulumi_aws as aws
        import pulumi_docker_build as db
        logins = aws.ecr.Repository("logins")
        a = db.Image("a", tags=["registry.example/a:x"], registries=[logins.repository_url])
        """
    )
    assert 'logins = aws.ecr.Repository("logins")' in found.step_2


def test_a_program_without_images_is_left_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "p.py"
    place.write_text("import pulumi\n")
    assert main(["migrate", str(place)]) == 1
    assert "there is no docker_build.Image" in capsys.readouterr().out


def exported(*resources: dict[str, Any]) -> str:
    return json.dumps({"version": 3, "deployment": {"resources": list(resources)}})


def resource(kind: str, name: str, **inputs: Any) -> dict[str, Any]:
    return {"urn": f"urn:pulumi:dev::shop::{kind}::{name}", "type": kind, "inputs": inputs}


@pytest.mark.parametrize("hidden", ["ciphertext", "plaintext"])
def test_a_secret_of_the_state_is_never_written(
    hidden: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = {**SECRET, hidden: '"hush-hush"'}
    image = resource(
        "docker-build:index:Image",
        "api",
        context={"location": "../app"},
        platforms=["linux/arm64"],
        buildArgs={"A": "1", "TOKEN": secret},
        secrets={"token": secret},
        labels=secret,
        registries=[{"address": URL, "password": secret}],
        tags=[f"{URL}:latest"],
        push=True,
    )
    function = resource("aws:lambda/function:Function", "f", packageType="Image", imageUri=f"{URL}@sha256:{'0' * 64}")
    place = tmp_path / "state.json"
    place.write_text(exported(image, function))
    assert main(["migrate", "--state", str(place)]) == 1
    assert main(["migrate", "--state", str(place), "--json"]) == 1
    said = capsys.readouterr()
    assert "hush" not in said.out + said.err
    found = state_program(place.read_text())
    ast.parse(found.text)
    assert found.urns == ["urn:pulumi:dev::shop::docker-build:index:Image::api"]
    assert 'secrets={"token": pulumi.Config().require_secret("token")}' in found.text
    assert 'build_args={"A": "1"}' in found.text
    assert 'platform="linux/arm64"' in found.text
    assert 'runs_on="lambda"' in found.text
    assert "# f: image_uri=api.image_uri" in found.text
    told = "\n".join(found.untranslated)
    assert 'api: build_args["TOKEN"]: a secret' in told
    assert "api: labels: a secret, which is not written" in told


def test_a_function_whose_image_the_stack_does_not_make_is_listed() -> None:
    function = resource("aws:lambda/function:Function", "f", packageType="Image", imageUri=f"{URL}:v1")
    assert state_program(exported(function)).untranslated == [
        f"function f: which image {URL}:v1 is: no image of the stack is in that repository"
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "where: PROGRAM"),
        (["absent.py"], "where: PROGRAM"),
        (["wrong.py"], "is not a Python program"),
        (["p.py", "--state", "s.json"], "where: PROGRAM"),
        (["--state", "absent"], "where: --state"),
        (["--state", "p.py"], "is not the state of a stack"),
        (["--state", "s.json", "--step", "1"], "where: --step"),
        (["p.py", "--write", "p.py"], "where: --write"),
        (["p.py", "--step", "3"], "invalid choice"),
    ],
)
def test_nonsense_is_one_message(
    arguments: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("p.py").write_text('import pulumi_docker as d\nd.Image("a", image_name="registry.example/a:x")\n')
    Path("wrong.py").write_text("def\n")
    Path("s.json").write_text("[]")
    assert main(["migrate", *arguments]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told
