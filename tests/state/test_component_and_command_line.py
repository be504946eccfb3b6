"""A component and ``fast-container inspect`` are one: the same key, or the same refusal, for every image.

The images are the reference corpus of BuildKit's own answers, the small images that the examples build, and whatever
Dockerfile a test of this project holds.
"""

from __future__ import annotations

import ast
import asyncio
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
import pytest

from fast_container import FastContainerImage
from fast_container.cli import main
from fast_container.cli.flags import flag_of, text_in_flags
from tests.state.mocked_program import of, run
from tests.trees import write_case_tree, write_tree

# A program that fails leaves coroutines of Pulumi's outputs that nobody awaits.
pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.usefixtures("mock_loops"),
]

URL = "registry.example/shop/images"
REPOSITORY = Path(__file__).parents[2]
READS = json.loads((REPOSITORY / "tests/semantics/llb_paths_cases.json").read_text())
IDIOMS: dict[str, tuple[str, dict[str, str]]] = {
    "a tag": ("ARG TAG=latest\nFROM busybox:${TAG}\nCOPY app.txt /\n", {"TAG": "1.37"}),
    "a tag without a default": ("ARG TAG\nFROM busybox:${TAG}\nCOPY app.txt /\n", {"TAG": "1.37"}),
    "a default of its own": ("ARG V=3\nFROM busybox:${V:-latest}\nCOPY app.txt /\n", {"V": "1"}),
    "all of FROM": ("ARG BASE\nFROM ${BASE}\nCOPY app.txt /\n", {"BASE": "busybox:1"}),
    "a stage": ("FROM a AS one\nFROM b AS two\nARG FLAVOUR\nFROM scratch\nCOPY --from=one / /\n", {"FLAVOUR": "two"}),
    "a stage in FROM": (
        "ARG KIND=dev\nFROM a AS dev\nFROM b AS prod\nFROM ${KIND}\nCOPY app.txt /\n",
        {"KIND": "prod"},
    ),
    "a source": ("FROM busybox\nARG FILE\nCOPY ${FILE} /\n", {"FILE": "app.txt"}),
    "a demand": ("FROM busybox\nARG FILE\nCOPY ${FILE:?needed} /\n", {"FILE": "app.txt"}),
    "a platform": ("ARG P=linux/amd64\nFROM --platform=${P} busybox\nCOPY app.txt /\n", {"P": "linux/arm64"}),
    "a syntax": ("ARG A\nFROM busybox\nCOPY $A /\n", {"BUILDKIT_SYNTAX": "example.com/own/frontend", "A": ""}),
    "a mount": ("FROM busybox\nARG D\nRUN --mount=target=/src,source=${D} ls /src\n", {"D": "sub"}),
    "an owner": ("FROM busybox\nARG UID\nCOPY --chown=${UID} app.txt /\n", {"UID": "1000"}),
    "a heredoc": ("FROM busybox\nARG NAME\nCOPY <<E /${NAME}\n$NAME\nE\n", {"NAME": "x"}),
}
REFUSED: tuple[tuple[str, dict[str, str], str], ...] = (
    ("ARG BASE=busybox\nFROM ${BASE}\nCOPY app.txt /\n", {"BASE": ""}, "Dockerfile:2"),
    ("FROM busybox\nARG FILE=app.txt\nCOPY ${FILE} /\n", {"FILE": "nowhere.txt"}, "nowhere.txt"),
    ("FROM busybox\nARG FILE=app.txt\nCOPY ${FILE:?needed} /\n", {"FILE": ""}, "needed"),
)
KEY = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Case:
    """One image, as both are told of it."""

    context: str
    dockerfile: str
    target: str = ""
    build_args: Mapping[str, str] = field(default_factory=dict[str, str])
    named_contexts: Mapping[str, str] = field(default_factory=dict[str, str])
    secrets: Mapping[str, str] = field(default_factory=dict[str, str])
    optional_secrets: Sequence[str] = ()


def by_component(case: Case, *, awaited: bool) -> str:
    """The key, or the refusal, of a component; build args are plain or Outputs."""

    async def key() -> str | None:
        image = FastContainerImage(
            "case",
            repository=URL,
            context=case.context,
            dockerfile=case.dockerfile,
            target=case.target,
            build_args={
                name: pulumi.Output.from_input(value) if awaited else value for name, value in case.build_args.items()
            },
            named_contexts=case.named_contexts,
            secrets=case.secrets,
            optional_secrets=case.optional_secrets,
        )
        return await of(image.build_key)

    try:
        return str(run(key, preview=True))
    except Exception as error:
        found = re.search(r"FastContainerImage 'case': (?s:.*)", str(error))
        assert found, repr(error)
        return in_words_of_the_command_line(found[0].removeprefix("FastContainerImage 'case': "))


def in_words_of_the_command_line(refusal: str) -> str:
    """The same refusal with flags for arguments."""
    what, *lines = [text_in_flags(line) for line in refusal.split("\n")]
    where = "  where: "
    return "\n".join(
        [what, *(where + flag_of(line[len(where) :]) if line.startswith(where) else line for line in lines)]
    )


def by_command_line(case: Case) -> str:
    """The key, or the refusal, of ``fast-container inspect``."""
    argv = ["inspect", "--context", case.context, "--dockerfile", case.dockerfile, "--target", case.target, "--json"]
    argv += [part for name, value in case.build_args.items() for part in ("--build-arg", f"{name}={value}")]
    argv += [part for name, place in case.named_contexts.items() for part in ("--build-context", f"{name}={place}")]
    argv += [part for name in case.secrets for part in ("--secret", name)]
    argv += [part for name in case.optional_secrets for part in ("--optional-secret", name)]
    said, refused = io.TextIOWrapper(io.BytesIO()), io.StringIO()
    with redirect_stdout(said), redirect_stderr(refused):
        code = main(argv)
    said.seek(0)
    return json.loads(said.read())["build_key"] if code == 0 else refused.getvalue().removeprefix("fast-container: ")


def check(case: Case) -> str:
    """Compare both; gives the answer."""
    answer = by_command_line(case).strip()
    for awaited in (False, True) if case.build_args else (False,):
        assert said_of(by_component(case, awaited=awaited)) == said_of(answer)
    return answer


def said_of(answer: str) -> list[str]:
    """The key, or what is refused and why; what to change is called an argument by one and a flag by the other."""
    return [line for line in answer.strip().splitlines() if not re.match(r" +(where|next): ", line)]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program's folder; a refused image, the only one of its program, hardly waits for others."""
    sleep = asyncio.sleep

    async def hardly_sleep(delay: float) -> None:
        await sleep(delay / 100)

    monkeypatch.setattr(asyncio, "sleep", hardly_sleep)
    monkeypatch.setenv("FAST_CONTAINER_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(write_tree(tmp_path / "program", {"app.txt": "one", "sub/file.txt": "two"}))
    return Path.cwd()


@pytest.mark.parametrize(("dockerfile", "build_args"), IDIOMS.values(), ids=IDIOMS)
def test_a_build_arg_is_believed_only_with_its_value(dockerfile: str, build_args: dict[str, str], place: Path) -> None:
    (place / "Dockerfile").write_text(dockerfile)
    answer = check(Case(".", "Dockerfile", build_args=build_args))
    assert KEY.fullmatch(answer)


def test_a_value_that_cannot_be_right_is_refused_alike(place: Path) -> None:
    for dockerfile, build_args, said in REFUSED:
        (place / "Dockerfile").write_text(dockerfile)
        assert said in check(Case(".", "Dockerfile", build_args=build_args))


def test_a_policy_beside_the_dockerfile_is_refused_alike(place: Path) -> None:
    write_tree(place, {"sub/Dockerfile": "FROM scratch\nCOPY . /\n", "sub/Dockerfile.rego": "package docker\n"})
    said = check(Case(".", "sub/Dockerfile"))
    assert "A policy lies beside the Dockerfile" in said
    assert "sub/Dockerfile.rego" in said


@pytest.mark.parametrize("case", READS["cases"], ids=lambda case: case["id"])
def test_the_reference_corpus_has_one_answer(case: dict[str, Any], place: Path) -> None:
    named: dict[str, str] = {}
    write_case_tree(place / "context", READS["trees"][case["tree"]])
    for name in ("Dockerfile", ".dockerignore"):
        (place / "context" / name).unlink(missing_ok=True)
    write_tree(place / "context", {case["dockerfile_path"]: case["dockerfile"], **case["files"]})
    for name, where in (case.get("named_contexts") or {}).items():
        named[name] = where
        if where.startswith("tree:"):
            named[name] = f"named-{name}"
            write_case_tree(place / named[name], READS["trees"][where.removeprefix("tree:")])
    dockerfile = f"context/{case['dockerfile_path']}"
    check(Case("context", dockerfile, case.get("target", ""), case.get("build_args") or {}, named))


def dockerfiles_of_tests() -> Iterator[str]:
    """Every text in a test that is a Dockerfile."""
    found: set[str] = set()
    for module in sorted((REPOSITORY / "tests").rglob("*.py")):
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                text = node.value
                if re.match(r"(#.*\n|ARG .*\n)*FROM [^\n]+\n[A-Z]+ ", text) and text not in found:
                    found.add(text)
                    yield text


def test_the_dockerfiles_of_the_tests_have_one_answer(place: Path) -> None:
    texts = list(dockerfiles_of_tests())
    assert len(texts) > 50
    answers: list[str] = []
    for text in texts:
        (place / "Dockerfile").write_text(text)
        ids = re.findall(r"type=secret,id=([\w.-]+)", text)
        args = dict.fromkeys(re.findall(r"^ARG (\w+)", text, re.MULTILINE)[:2], "busybox")
        answers.append(check(Case(".", "Dockerfile", build_args=args, secrets=dict.fromkeys(ids, "x"))))
    assert len([answer for answer in answers if KEY.fullmatch(answer)]) > 20


@pytest.mark.parametrize(
    "dockerfile", sorted([*REPOSITORY.glob("lambdas/*/Dockerfile"), *REPOSITORY.glob("stacks/*/*/Dockerfile")])
)
def test_the_images_of_the_examples_have_one_answer(dockerfile: Path) -> None:
    answers = {check(Case(str(context), str(dockerfile))) for context in (dockerfile.parent, dockerfile.parents[2])}
    assert answers


def test_a_path_means_one_place_also_behind_a_link(place: Path) -> None:
    write_tree(place / "elsewhere" / "apps", {"api/Dockerfile": "FROM scratch\nCOPY . /\n", "api/a.txt": "right"})
    write_tree(place / "api", {"Dockerfile": "FROM scratch\nCOPY . /\n", "a.txt": "wrong"})
    (place / "link").symlink_to("elsewhere/apps/api")
    right = check(Case("elsewhere/apps/api", "elsewhere/apps/api/Dockerfile"))
    assert check(Case("link/../api", "link/../api/Dockerfile")) == right


SECRETS: dict[str, tuple[str, dict[str, str], list[str]]] = {
    "given": ("id=token", {"token": "x"}, []),
    "by its source": ("source=token", {"token": "x"}, []),
    "by its target": ("target=/root/.token", {".token": "x"}, []),
    "by a build arg": ("id=${ID}", {"from-arg": "x"}, []),
    "not given, and said so": ("id=token,required=false", {"other": "x"}, []),
    "not given, and optional": ("id=token", {"other": "x"}, ["token"]),
    "not given": ("id=token", {"other": "x"}, []),
    "not given, but required": ("id=token,required", {"other": "x"}, ["other"]),
    "misspelt": ("id=pip-token", {"piptoken": "x"}, []),
    "of a build arg, not given": ("id=${ID}", {"ID": "x"}, []),
}


@pytest.mark.parametrize(("mount", "secrets", "optional"), SECRETS.values(), ids=SECRETS)
def test_secrets_are_needed_alike(mount: str, secrets: dict[str, str], optional: list[str], place: Path) -> None:
    text = f"FROM busybox\nARG ID=from-arg\nRUN --mount=type=secret,{mount} true\n"
    (place / "Dockerfile").write_text(text)
    check(Case(".", "Dockerfile", secrets=secrets, optional_secrets=optional))
