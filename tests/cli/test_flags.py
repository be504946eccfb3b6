"""Errors on the command line name its flags; those of a plan file the program's arguments."""

from __future__ import annotations

from pathlib import Path

import pytest

from fast_container.cli import main
from fast_container.cli.flags import flag_of, text_in_flags


@pytest.mark.parametrize(
    ("path", "flag"),
    [
        ("context", "--context"),
        ('build_args["X"]', "--build-arg X"),
        ('named_contexts["lib"]', "--build-context lib"),
        ('secrets["pip.conf"]', "--secret pip.conf"),
        ("packages[0]", "--package"),
        ('extras["web"][1]', "--extra web"),
        ("--config", "--config"),
        ("Dockerfile:3", "Dockerfile:3"),
    ],
)
def test_an_argument_is_called_by_its_flag(path: str, flag: str) -> None:
    assert flag_of(path) == flag


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('Give `secrets={"t": …}`; or `optional_secrets=["t"]`.', "Give `--secret t`; or `--optional-secret t`."),
        ('give versions={"p": "1.2.3"}', "give --package-version p=1.2.3"),
        ('give installer="uv", or lock= (uv.lock)', "give --installer uv, or --lock (uv.lock)"),
        ('`secrets={"key": SecretFile("~/.ssh/id")}`', "`--secret key`"),
        ("a stage can say FROM --platform=linux/amd64", "a stage can say FROM --platform=linux/amd64"),
    ],
)
def test_advice_is_given_in_flags(text: str, said: str) -> None:
    assert text_in_flags(text) == said


def test_every_line_of_inspect_names_flags(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dockerfile = tmp_path / "Dockerfile"
    dockerfile.write_text("FROM alpine\nRUN --mount=type=secret,id=token true\n")
    of_it = ["inspect", "--context", str(tmp_path), "--no-cache"]
    assert main([*of_it, "--secret", "tokn"]) == 2
    refused = capsys.readouterr().err
    assert "where: --secret token" in refused
    assert "--optional-secret token" in refused
    assert main([*of_it, "--secret", "token", "--secret", "tokn", "--build-arg", "A=1"]) == 0
    said = capsys.readouterr().out
    assert "warning: --secret tokn: no stage that is built mounts this secret" in said
    assert "warning: --build-arg A: no ARG of the Dockerfile declares it" in said
    assert main([*of_it, "--secret", "token", "--build-arg", "1=1"]) == 2
    assert "where: --build-arg 1\n" in capsys.readouterr().err
    for wrong in (["--context", "none"], ["--target", "none"], ["--platform", "none"], ["--dockerfile", "none"]):
        assert main(["inspect", "--context", str(tmp_path), "--no-cache", "--secret", "token", *wrong]) == 2
        assert f"where: {wrong[0]}" in capsys.readouterr().err


def test_one_file_is_no_files_and_every_exit_code_is_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    assert main(["inspect", "--context", str(tmp_path), "--no-cache"]) == 0
    said = capsys.readouterr().out
    assert "context: 1 file, " in said
    assert "there are                  1 file  " in said
    assert "1 files" not in said
    assert main(["--help"]) == 0
    listed = " ".join(capsys.readouterr().out.split()).partition("Exit codes: ")[2]
    assert [code for code in "0123" if f"{code}" in listed] == list("0123")
