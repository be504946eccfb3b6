"""The site of the pages: made without a warning, every page in it, and no page asks another host for anything."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import fast_container

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(place)]
    made = subprocess.run(
        command, cwd=ROOT, env={"NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True, check=False
    )
    assert (made.returncode, made.stderr) == (0, ""), made.stderr
    return place


def test_every_page_of_docs_is_a_page_of_the_site(site: Path) -> None:
    pages = {page.stem for page in (ROOT / "docs").glob("*.md")}
    assert pages <= {page.stem for page in site.glob("*.html")}


def test_nothing_is_fetched_from_another_host(site: Path) -> None:
    fetched = re.compile(
        r"""<(?:script|img|iframe|link rel="(?:stylesheet|icon|preload)")[^>]*(?:src|href)="(https?:[^"]*)"""
    )
    for page in site.rglob("*.html"):
        assert not fetched.findall(page.read_text(encoding="utf-8")), page.name


def test_the_reference_has_every_public_name_and_its_arguments(site: Path) -> None:
    page = (site / "api.html").read_text(encoding="utf-8")
    for name in fast_container.__all__:
        assert f'.{name}"' in page, name
    assert "repository@sha256:" in page


def test_the_gallery_has_the_pages_that_it_shows(site: Path) -> None:
    for place in re.findall(r'<iframe src="([^"]+)"', (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8")):
        assert "<svg" in (site / place).read_text(encoding="utf-8")
