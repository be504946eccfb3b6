"""The page of an image, in a real browser: drawn, without an error, light and dark, on a phone, with hostile names."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from fast_container.breakdown.comparison import compare
from fast_container.breakdown.image import Breakdown
from fast_container.errors import LocalSystemError
from fast_container.report.pages.file_tree import file_tree
from fast_container.report.pages.image_page import image_page
from fast_container.report.pages.treemap import treemap
from tests.breakdown.test_breakdown import DPKG, NUMPY, SITE, divided
from tests.layer_images import file
from tests.report.headless import Headless
from tests.report.pages_in_browser import drawn, is_light_and_dark

HOSTILE = (
    "<script>document.title='broken'</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "a\nb\u202ecod.exe",
    "not-utf8-\udcff\udcfe",
    "{{ 7 * 7 }}{% raw %}",
    "</title></style></svg><b>",
    "&lt;x&amp;",
    "\x1b[31m\x00\x07",
    "漢字のファイル名" * 8,
)


def large() -> Breakdown:
    """20,000 files in 400 directories, of all sizes."""
    members = [file(f"opt/app/{at % 20}/{at % 400}/file-{at}.bin", 1 + (at * at * 7919) % 400) for at in range(20_000)]
    return divided(members)


def write(folder: Path, page: str) -> Path:
    place = folder / "page.html"
    place.write_text(page, encoding="utf-8")
    return place


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    small = divided(DPKG, [*NUMPY, file("usr/lib/.wh.libc.so.6"), file("app/main.py", 700)])
    before = divided(DPKG, [file("app/main.py", 300)])
    made = {
        "small": image_page(small),
        "compared": image_page(small, compare(before, small)),
        "large": image_page(large()),
        "empty": image_page(divided([])),
    }
    return {name: write(tmp_path_factory.mktemp(name), page) for name, page in made.items()}


@pytest.mark.parametrize(("name", "least"), [("small", 8), ("compared", 8), ("large", 400), ("empty", 0)])
def test_every_page_is_drawn_without_an_error_on_a_desk_and_on_a_phone(
    name: str, least: int, pages: dict[str, Path], browser: Headless
) -> None:
    assert drawn(browser, pages[name]) >= least
    assert drawn(browser, pages[name], dark=True) >= least
    assert drawn(browser, pages[name], width=375, height=800) >= least / 2


def test_a_page_is_light_and_dark(pages: dict[str, Path], browser: Headless) -> None:
    assert is_light_and_dark(browser, pages["compared"])


def test_a_page_has_no_address_of_anything_else(pages: dict[str, Path]) -> None:
    text = pages["compared"].read_text(encoding="utf-8")
    assert "://" not in text.replace("http-equiv", "")
    assert "default-src 'none'" in text


def test_an_image_of_twenty_thousand_files_makes_a_small_page_soon(pages: dict[str, Path]) -> None:
    assert pages["large"].stat().st_size < 1_500_000
    one = large()
    begin = time.process_time()
    image_page(one)
    assert time.process_time() - begin < 3


def test_the_keyboard_goes_through_the_boxes_and_says_each(pages: dict[str, Path], browser: Headless) -> None:
    browser.open(pages["small"])
    browser.ask('document.querySelector(".map.wide .box").focus()')
    status = 'document.querySelector(".map.wide .said").textContent'
    assert browser.ask(status).startswith("/, ")
    browser.press("ArrowRight")
    second = browser.ask(status)
    assert second.startswith("/usr, ")
    browser.press("End")
    assert browser.ask("document.activeElement.getAttribute('aria-label')") == browser.ask(status) != second
    browser.press("Home")
    browser.press("ArrowLeft")
    assert browser.ask(status).startswith("/, ")
    assert browser.ask('document.querySelectorAll(".map.wide .box[tabindex=\\"0\\"]").length') == 1


def test_a_screen_reader_is_given_headings_tables_and_boxes(pages: dict[str, Path], browser: Headless) -> None:
    browser.open(pages["small"])
    spoken = browser.spoken()
    headings = {name for role, name in spoken if role == "heading"}
    assert {"Files by size", "Layers", "Python distributions", "Ships unseen"} <= headings
    assert ("image", f"/{SITE}/numpy/core.py, 1.00 kB") in spoken
    assert {"main", "table", "columnheader", "rowheader"} <= {role for role, _ in spoken}
    # The treemap for phones is not said twice.
    assert sum(name == f"/{SITE}/numpy/core.py, 1.00 kB" for role, name in spoken if role == "image") == 1


def test_hostile_names_are_shown_and_do_nothing(browser: Headless, tmp_path: Path) -> None:
    members = [file(f"app/{at}/{name.replace('/', '|')}", 5000 + at) for at, name in enumerate(HOSTILE)]
    history = [{"created_by": f"RUN {name}"} for name in HOSTILE[:1]]
    one = divided([*members, file("top/" + HOSTILE[0].replace("/", "|"), 90)], history=history)
    page = write(tmp_path, image_page(one, compare(divided([file("a", 1)]), one)))
    assert drawn(browser, page) > len(HOSTILE)
    assert browser.ask("document.title") == one.name
    assert browser.ask('document.querySelectorAll("script, img, b").length') == 1
    text = browser.ask("document.body.textContent")
    assert "<script>document.title='broken'<|script>" in text
    assert "not-utf8-\\xff\\xfe" in text
    assert "a\\nb\\u202ecod.exe" in text
    assert "{{ 7 * 7 }}" in text
    assert "\u202e" not in page.read_text(encoding="utf-8")


def test_boxes_of_a_treemap_are_in_one_another_and_their_areas_are_the_bytes() -> None:
    one = divided([file("a/x", 6000), file("a/y", 2000), file("b/z", 2000)])
    boxes = {box.said.partition(",")[0]: box for box in treemap(file_tree(one), 1000, 600)}
    assert set(boxes) == {"/", "/a", "/a/x", "/a/y", "/b", "/b/z"}
    assert boxes["/a/x"].width * boxes["/a/x"].height == pytest.approx(
        3 * boxes["/a/y"].width * boxes["/a/y"].height, rel=0.05
    )
    whole, inner = boxes["/"], boxes["/a/x"]
    assert whole.x <= inner.x
    assert inner.x + inner.width <= whole.x + whole.width


def test_a_path_of_two_hundred_directories_is_drawn(browser: Headless, tmp_path: Path) -> None:
    members = [file("/".join("d" * depth) + "/f", 100) for depth in range(2, 200)]
    assert drawn(browser, write(tmp_path, image_page(divided(members)))) > 10


def test_files_that_are_too_small_to_be_seen_are_one_node_of_their_directory() -> None:
    one = divided([file("a/large", 100_000), *(file(f"a/b/{at}", 1) for at in range(500)), file("a/b/c", 50)])
    folder = file_tree(one)
    assert [(node.name, node.bytes, node.files) for node in folder.children] == [("large", 100_000, 1), ("b", 550, 501)]
    assert [(node.path, node.files) for node in folder.children[1].children] == [
        ("/a/b/(500 smaller files)", 500),
        ("/a/b/c", 1),
    ]


def test_marks_say_whose_a_file_is_or_how_it_changed() -> None:
    before = divided([file("same", 10), file("grown", 10), file("shrunk", 10)])
    after = divided([file("same", 10), file("grown", 11), file("shrunk", 9), file("new", 1)])
    changed = {node.name: node.mark for node in file_tree(after, before.sizes).children}
    assert changed == {"same": "same", "grown": "larger", "shrunk": "smaller", "new": "new"}
    kinds = {node.name: node.mark for node in file_tree(divided(NUMPY, DPKG, [file("app", 1)])).children}
    assert kinds["app"] == "other"


def test_without_the_extra_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "squarify", None)
    with pytest.raises(LocalSystemError, match=r"fast-container\[report\]"):
        image_page(divided(NUMPY))
