"""``fast-container completion``: what bash offers at a place of the line, and what the others are given."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from fast_container.cli import main
from fast_container.cli.arguments.all_verbs import verb_lines


def script(shell: str, capsysbinary: pytest.CaptureFixture[bytes]) -> str:
    assert main(["completion", shell]) == 0
    return capsysbinary.readouterr().out.decode()


def offered(text: str, *words: str) -> list[str]:
    """What bash offers for the last word."""
    line = " ".join(f"'{word}'" for word in ("fast-container", *words))
    ask = f"COMP_WORDS=({line}); COMP_CWORD={len(words)}; _fast_container; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    done = subprocess.run(["bash", "-c", f"{text}\n{ask}"], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_bash_offers_verbs_flags_and_the_values_of_flags(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    text = script("bash", capsysbinary)
    assert set(offered(text, "")) == {*verb_lines(), "--help", "--version"}
    assert offered(text, "prom") == ["promote"]
    assert offered(text, "promote", "--to") == ["--to", "--to-profile"]
    assert offered(text, "check-image", "--runs-on", "la") == ["lambda"]
    assert offered(text, "policy", "dep") == ["deployer"]
    assert offered(text, "inspect", "--target", "x") == []


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_bash_offers_folders_where_a_folder_is_asked_for(
    capsysbinary: pytest.CaptureFixture[bytes], tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(str(tmp_path))
    subprocess.run(["mkdir", "app-a"], check=True)
    subprocess.run(["touch", "app-file"], check=True)
    text = script("bash", capsysbinary)
    assert offered(text, "inspect", "--context", "ap") == ["app-a"]
    assert offered(text, "inspect", "--dockerfile", "app-f") == ["app-file"]


def test_zsh_reads_the_script_of_bash(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    of_zsh, of_bash = script("zsh", capsysbinary), script("bash", capsysbinary)
    assert of_zsh.endswith(of_bash)
    assert of_zsh.startswith("autoload -Uz bashcompinit && bashcompinit\n")


def test_fish_has_every_verb_and_flag(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    text = script("fish", capsysbinary)
    for verb in verb_lines():
        assert f"-a {verb} -d " in text
    assert '__fish_seen_subcommand_from promote" -l to-profile -r -d ' in text
    assert all(line.startswith("complete -c fast-container ") for line in text.splitlines())


def test_another_shell_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "csh"]) == 2
    assert "invalid choice" in capsys.readouterr().err
