"""``fast-container lint``: places, formats, exit codes."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fast_container.cli import main
from fast_container.core.declared import DeclaredImage
from fast_container.core.program_file import PlannedEntry, write_plan_file
from tests.trees import write_tree

DOCKERFILE = "FROM python:3.12-slim\nCOPY . /app\nRUN pip install -r /app/requirements.txt\nUSER 1\n"

FIELDS = {
    *("rule", "severity", "file", "line", "image", "inside", "what", "why", "fix", "estimate"),
    *("cannot_be_checked", "base"),
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_tree(
        tmp_path, {"app/Dockerfile": DOCKERFILE, "app/requirements.txt": "torch\n", "app/a.py": "", "app/.git/x": "y"}
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FAST_CONTAINER_CACHE", str(tmp_path / "cache"))
    (tmp_path / "bin").mkdir()
    if git := shutil.which("git"):
        (tmp_path / "bin/git").symlink_to(git)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path


def lint(capsysbinary: pytest.CaptureFixture[bytes], *arguments: str) -> tuple[int, str]:
    code = main(["lint", "--context", "app", *arguments])
    return code, capsysbinary.readouterr().out.decode()


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    ("runs_on", "fail_on", "code"),
    [("lambda", "error", 1), ("anywhere", "error", 0), ("ecs", "warning", 1), ("lambda", "never", 0)],
)
def test_a_finding_as_bad_as_asked_fails(
    capsysbinary: pytest.CaptureFixture[bytes], runs_on: str, fail_on: str, code: int
) -> None:
    assert lint(capsysbinary, "--runs-on", runs_on, "--fail-on", fail_on)[0] == code


@pytest.mark.usefixtures("place")
def test_text_says_where_what_why_cost_and_fix(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    _, out = lint(capsysbinary)
    assert "warning  FI001  `pip install -r" in out
    assert "         app/Dockerfile:3\n" in out
    assert "         app/requirements.txt:1\n" in out
    assert "         costs: 0.1 MB (in 1 file)\n" in out
    assert "         why:   " in out
    assert "         fix:   " in out
    places = [line.strip() for line in out.splitlines() if line.startswith("         app/")]
    assert len(places) > 2
    assert places == sorted(places)
    assert re.fullmatch(r"\d+ findings: (\d+ warnings?, )?\d+ info", out.splitlines()[-1])


@pytest.mark.usefixtures("place")
def test_sarif_is_minimal_and_valid(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    document: dict[str, Any] = json.loads(lint(capsysbinary, "--format", "sarif", "--runs-on", "lambda")[1])
    (run,) = document["runs"]
    assert document["version"] == "2.1.0"
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert run["results"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note")
        assert result["message"]["text"]
        (location,) = result["locations"]
        physical = location["physicalLocation"]
        assert physical["artifactLocation"]["uri"].startswith("app/")
        assert physical["region"]["startLine"] >= 1


@pytest.mark.usefixtures("place")
def test_annotations_of_github_are_one_line_each(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    _, out = lint(capsysbinary, "--format", "github", "--runs-on", "lambda")
    assert "::warning file=app/Dockerfile,line=3,title=FI001 Source is copied" in out
    assert "::error file=app/requirements.txt,line=1,title=FI008" in out
    assert all(line.startswith(("::error ", "::warning ", "::notice ")) for line in out.splitlines())


@pytest.mark.usefixtures("place")
def test_json_has_every_field(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    document = json.loads(lint(capsysbinary, "--format", "json")[1])
    assert document["version"] == 1
    for one in document["findings"]:
        assert set(one) == FIELDS


def test_a_missing_source_is_a_note_and_the_other_rules_speak(
    place: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    (place / "app/Dockerfile").write_text("FROM python:3.12\nCOPY dist/ /d\nRUN pip install --no-cache-dir flask\n")
    code, out = lint(capsysbinary)
    assert code == 0
    assert "note: app/Dockerfile: rules about files say nothing:" in out
    assert "FI004" in out


def test_a_file_of_another_syntax_is_a_note(place: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    (place / "app/Dockerfile").write_text("# syntax=example.com/other:1\nFROM python\n")
    code, out = lint(capsysbinary)
    assert (code, out.splitlines()[-1]) == (0, "no findings")
    assert "is not understood" in out


def test_a_dockerfile_that_buildkit_would_refuse_is_bad_input(
    place: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    (place / "app/Dockerfile").write_text("FROM python\nRUNN x\n")
    assert lint(capsysbinary)[0] == 2


@pytest.mark.usefixtures("place")
def test_a_plan_goes_without_a_context(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert lint(capsysbinary, "--plan", "x.json")[0] == 2


@pytest.mark.usefixtures("place")
def test_help_has_an_example(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["lint", "--help"]) == 0
    assert "Example: fast-container lint" in " ".join(capsysbinary.readouterr().out.decode().split())


def test_waivers_of_the_settings_go_by_the_folder_of_the_settings(
    place: Path, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "pyproject.toml").write_text(
        '[[tool.fast-container.lint.skip]]\nrule = "FI001"\nfile = "app/Dockerfile"\nreason = "small"\n'
    )
    assert " FI001 " not in lint(capsysbinary)[1]
    monkeypatch.chdir(place / "app")
    assert main(["lint", "--context", "."]) == 0
    assert b" FI001 " not in capsysbinary.readouterr().out
    (place / "pyproject.toml").write_text('[[tool.fast-container.lint.skip]]\nrule = "FI001"\nuntil = 2020-01-01\n')
    assert main(["lint", "--context", "."]) == 0
    out = capsysbinary.readouterr().out
    assert b" FI001 " in out
    assert b"FI090  The waiver of FI001 has expired on 2020-01-01." in out


def test_edits_are_counted_from_the_log(place: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    def git(*words: str) -> None:
        said = ("-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *said, *words], cwd=place, check=True, capture_output=True)

    shutil.rmtree(place / "app/.git")
    git("init", "-q")
    for name, content in (("app/a.py", "1"), ("other.txt", "2"), ("app/requirements.txt", "flask"), ("app/a.py", "3")):
        (place / name).write_text(content)
        git("add", name)
        git("commit", "-qm", "edit")
    assert "costs: 2 of the last 3 commits would have installed again" in lint(capsysbinary)[1]


def hadolint_says(place: Path, script: str) -> None:
    program = place / "bin/hadolint"
    program.write_text(f"#!{sys.executable}\nimport sys\n{script}\n")
    program.chmod(0o755)


def entry(code: str, line: int, message: str) -> dict[str, object]:
    return {"code": code, "line": line, "column": 1, "file": "-", "level": "warning", "message": message}


def test_hadolint_is_merged_without_duplicates_and_without_advice_against_mounts(
    place: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    (place / "app/Dockerfile").write_text(
        "FROM python\nRUN --mount=type=cache,target=/root/.cache/pip pip install x\nRUN cd a\nUSER 1\n"
    )
    said = [entry("DL3006", 1, "tag"), entry("DL3042", 2, "cache"), entry("DL3003", 3, "Use WORKDIR")]
    hadolint_says(place, f"assert sys.stdin.read().startswith('FROM python'); print({json.dumps(said)!r})")
    document = json.loads(lint(capsysbinary, "--format", "json")[1])
    rules = [(one["rule"], one["line"]) for one in document["findings"]]
    assert rules == [("FI010", 1), ("DL3003", 3)]
    rules = [one["rule"] for one in json.loads(lint(capsysbinary, "--format", "json", "--no-hadolint")[1])["findings"]]
    assert rules == ["FI010"]


@pytest.mark.parametrize("script", ["sys.exit('broken')", "print('{}')", "print('nonsense')", "print('[1]')"])
def test_a_hadolint_that_fails_is_a_note(place: Path, capsysbinary: pytest.CaptureFixture[bytes], script: str) -> None:
    hadolint_says(place, script)
    code, out = lint(capsysbinary)
    assert code == 0
    assert "note: app/Dockerfile: hadolint says nothing: " in out
    assert "FI001" in out


def buildx_says(place: Path, script: str) -> None:
    program = place / "docker/cli-plugins/docker-buildx"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!{sys.executable}\nimport sys\n{script}\n")
    program.chmod(0o755)


@pytest.fixture
def docker_config(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(place / "docker"))


@pytest.mark.usefixtures("docker_config")
@pytest.mark.parametrize(("error", "severity"), [(None, "warning"), ({"message": "lint violation found"}, "error")])
def test_buildkits_own_rules_are_merged(
    place: Path, capsysbinary: pytest.CaptureFixture[bytes], error: dict[str, str] | None, severity: str
) -> None:
    warning = {
        "ruleName": "WorkdirRelativePath",
        "description": "Relative workdir",
        "url": "https://docs.docker.com/go/dockerfile/rule/workdir-relative-path/",
        "detail": 'Relative workdir "a"',
        "location": {"ranges": [{"start": {"line": 3}, "end": {"line": 3}}]},
    }
    answer = json.dumps({"warnings": [warning], "sources": [], "buildError": error})
    (place / "app/Dockerfile").write_text("FROM scratch AS one\nFROM one\nWORKDIR a\n")
    buildx_says(place, f"assert sys.argv[1:3] == ['build', '--call=check,format=json']; print({answer!r}); sys.exit(1)")
    hadolint_says(place, f"print({json.dumps([entry('DL3000', 3, 'absolute')])!r})")
    _, out = lint(capsysbinary, "--format", "json", "--buildkit", "mine")
    (one,) = json.loads(out)["findings"]
    assert (one["rule"], one["severity"], one["line"]) == ("WorkdirRelativePath", severity, 3)


@pytest.mark.usefixtures("docker_config")
@pytest.mark.parametrize("script", ["sys.exit('no builder')", "print('{')", "print('{\"warnings\": [1]}')"])
def test_a_builder_that_gives_no_answer_is_a_note(
    place: Path, capsysbinary: pytest.CaptureFixture[bytes], script: str
) -> None:
    buildx_says(place, script)
    code, out = lint(capsysbinary, "--buildkit")
    assert code == 0
    assert "note: app/Dockerfile: BuildKit says nothing: " in out
    assert "FI001" in out


def test_the_images_of_a_plan_are_linted_where_they_run(
    place: Path, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    requirements = "flask==3\nclick==8\njinja2==3\n"
    dockerfile = "FROM python:3.12\nCOPY requirements.txt /\nRUN pip install --no-cache-dir -r /requirements.txt\n"
    for name in ("a", "b"):
        write_tree(place / name, {"Dockerfile": dockerfile, "requirements.txt": requirements})
    entries = [
        PlannedEntry(
            DeclaredImage(name, str(place / name), str(place / name / "Dockerfile"), f"{name}/Dockerfile"),
            "",
            runs_on,
            "0" * 64,
            {},
        )
        for name, runs_on in (("a", "lambda"), ("b", "ecs"))
    ]
    (place / "stack").mkdir()
    (place / "stack/plan.json").write_text(write_plan_file(entries, str(place / "stack")))
    monkeypatch.chdir(place / "stack")
    assert main(["lint", "--plan", "plan.json", "--format", "json"]) == 0
    found = [(one["file"], one["rule"]) for one in json.loads(capsysbinary.readouterr().out)["findings"]]
    assert [file for file, rule in found if rule == "FI014"] == ["../b/Dockerfile"]
    assert [rule for _, rule in found].count("FI003") == 1
    assert main(["lint", "--plan", "plan.json", "--image", "a", "--format", "json"]) == 0
    assert {one["image"] for one in json.loads(capsysbinary.readouterr().out)["findings"]} == {"a"}
    assert main(["lint", "--plan", "plan.json", "--image", "c"]) == 2
