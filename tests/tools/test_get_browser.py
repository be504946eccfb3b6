"""The browser for tests of pages: the user's own on PATH, else Debian's; a machine without either gets one message."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tools.get_browser import ensure_browser, main
from tools.get_tools import ToolsError


def test_a_browser_on_path_is_used(tmp_path: Path) -> None:
    own = tmp_path / "chromium"
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    found = ensure_browser({"PATH": str(tmp_path), "HOME": str(tmp_path)})
    assert (found.program, dict(found.environment)) == (own, {})


def test_debians_browser_is_there_and_runs() -> None:
    browser = ensure_browser(quiet=True)
    said = subprocess.run(
        [browser.program, "--version"], env=dict(browser.environment), capture_output=True, text=True, check=False
    )
    assert said.stdout.startswith(("Chromium", "Google Chrome")), said.stderr


def test_a_second_time_starts_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    ensure_browser(quiet=True)
    monkeypatch.setattr(subprocess, "run", None)
    ensure_browser(quiet=True)


def test_without_debian_the_message_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("FAST_CONTAINER_CACHE", str(tmp_path / "cache"))
    with pytest.raises(ToolsError, match=r"no apt-get to get it with\.\n  next: install chromium"):
        ensure_browser(quiet=True)
    assert main(["--quiet"]) == 1
    assert "tools: chromium is not on PATH" in capsys.readouterr().err
    assert not list((tmp_path / "cache").rglob("*chromium*"))
