"""What every page must be in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.report.headless import Headless

_BOXES = """[...document.querySelectorAll("svg")].filter(svg => svg.checkVisibility()).map(svg => {
  const view = svg.getBoundingClientRect();
  const outside = [...svg.querySelectorAll("rect")].filter(rect => {
    const box = rect.getBoundingClientRect();
    return box.width <= 0 || box.height <= 0 || box.left < view.left - 1 || box.right > view.right + 1
      || box.top < view.top - 1 || box.bottom > view.bottom + 1;
  });
  return [svg.querySelectorAll("rect").length, outside.length];
})"""
_PARTS = """[...document.querySelectorAll(".line")].filter(line => line.checkVisibility()).map(line => {
  const view = line.getBoundingClientRect();
  const parts = [...line.querySelectorAll(".part")].map(part => part.getBoundingClientRect());
  const outside = parts.filter(box => box.width <= 0 || box.left < view.left - 1 || box.right > view.right + 2);
  return [parts.length, outside.length];
})"""
_COLOURS = "getComputedStyle(document.body).backgroundColor + getComputedStyle(document.body).color"


def drawn(browser: Headless, page: Path, **screen: Any) -> int:
    """Open a page and return how many boxes and parts of bars are seen; nothing may be wrong with it, on any screen."""
    browser.open(page, **screen)
    shown = browser.ask(_BOXES) + browser.ask(_PARTS)
    assert all(outside == 0 for _, outside in shown), shown
    wide, window = browser.ask("[document.documentElement.scrollWidth, innerWidth]")
    assert wide <= window, f"{wide} pixels wide in a window of {window}"
    assert browser.problems == []
    return sum(count for count, _ in shown)


def is_light_and_dark(browser: Headless, page: Path) -> bool:
    """Whether a page has other colours where the system is dark, and readable ones in both."""
    browser.open(page)
    light = _brightness(browser)
    browser.open(page, dark=True)
    dark = _brightness(browser)
    return light[0] - light[1] > 150 and dark[1] - dark[0] > 150


def _brightness(browser: Headless) -> list[float]:
    """Of background and writing."""
    numbers = [int(number) for number in browser.ask(f"({_COLOURS}).match(/\\d+/g)")]
    return [sum(numbers[:3]) / 3, sum(numbers[3:6]) / 3]
