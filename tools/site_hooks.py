"""What mkdocs is told beside ``mkdocs.yml``: pages that are not in ``docs/``, and where links lead.

Decides which pages of the checkout are pages of the site (README, CONTRIBUTING, SECURITY, CHANGELOG, the example
stacks), which are made when the site is made (the reference of classes, the pages of the gallery), and what becomes of
a link to a file that is not a page: its words stay. Called by mkdocs (``hooks:``); leaves the rest to ``mkdocs.yml``.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path, PurePosixPath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
# The place of a page in the checkout, by its place in the site.
BROUGHT = {
    "index.md": "README.md",
    "contributing.md": "CONTRIBUTING.md",
    "security.md": "SECURITY.md",
    "changelog.md": "CHANGELOG.md",
    "stacks.md": "stacks/README.md",
}
_LINK = re.compile(r"(?P<image>!?)\[(?P<words>[^]]*)\]\((?P<target>[^)\s#]*)(?P<anchor>#[^)\s]*)?\)")
_PICTURE = re.compile(r"(?<=<img src=\")docs/")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are not in ``docs/``."""
    for place, source in BROUGHT.items():
        files.append(File.generated(config, place, content=(ROOT / source).read_text(encoding="utf-8")))
    files.append(File.generated(config, "api.md", content=classes_page()))
    for place, page in gallery().items():
        files.append(File.generated(config, place, content=page))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let the links of a page lead to pages of the site; the words of other links stay."""
    place = page.file.src_uri
    text = markdown if place not in BROUGHT else _PICTURE.sub("", markdown)
    return _LINK.sub(lambda link: _led(link, place, files), text)


def classes_page() -> str:
    """The page of all public names, each with its docstring."""
    sys.path.insert(0, str(ROOT / "components"))
    import fast_container  # noqa: PLC0415 - only mkdocs needs it

    homes = ((name, getattr(fast_container, name)) for name in fast_container.__all__)
    sections = [f"::: {value.__module__}.{name}\n" for name, value in homes]
    return "\n".join(["# Classes\n\nEvery public name of `fast_container`, from its docstring.\n", *sections])


def gallery() -> dict[str, str]:
    """The pages that the gallery shows, drawn now from runs and images made by hand, as the tests draw them."""
    sys.path.insert(0, str(ROOT))
    from datetime import UTC  # noqa: PLC0415

    from fast_container.report.pages.builds_page import builds_page  # noqa: PLC0415
    from fast_container.report.pages.image_page import image_page  # noqa: PLC0415
    from tests.report.made_images import compared_image  # noqa: PLC0415
    from tests.report.made_runs import made_runs  # noqa: PLC0415

    return {
        "gallery/builds.html": builds_page(made_runs(12, 14), UTC),
        "gallery/image.html": image_page(*compared_image()),
    }


def _led(link: re.Match[str], place: str, files: Files) -> str:
    target = link["target"]
    if not target or re.match(r"[a-z]+:", target):
        return link[0]
    source = os.path.normpath(PurePosixPath(BROUGHT.get(place, f"docs/{place}")).parent / target)
    pages = {brought: page for page, brought in BROUGHT.items()}
    found = files.get_file_from_path(pages.get(source, source.removeprefix("docs/")))
    if found is None or found.inclusion.is_excluded():
        return link["words"]
    there = os.path.relpath(found.src_uri, PurePosixPath(place).parent)
    return f"{link['image']}[{link['words']}]({there}{link['anchor'] or ''})"
