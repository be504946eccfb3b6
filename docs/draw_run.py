"""Draws a recorded terminal as an SVG picture: the same recording gives the same bytes on every machine.

Decides what a terminal showed in the end (the escape sequences that the Pulumi CLI writes, and no others), and how that
looks in light and in dark. Leaves recording to ``record_run``.

    .venv/bin/python docs/draw_run.py        draws docs/pictures/second_up.svg from docs/pictures/second_up.json
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

RECORDING = Path(__file__).parent / "pictures" / "second_up.json"
PICTURE = RECORDING.with_suffix(".svg")

FONT_PX = 14
ADVANCE = 8.4
LINE_PX = 19
MARGIN_PX = 16
_SEQUENCE = re.compile(r"\x1b\[(?P<given>[0-9;?]*)(?P<kind>[A-Za-z])|\x1b\].*?(?:\x1b\\|\x07)|\r|\n|[^\x1b\r\n]+")
_COLOURS = {
    "1": "red",
    "2": "green",
    "3": "yellow",
    "5": "magenta",
    "8": "grey",
    "9": "red",
    "12": "blue",
    "13": "pink",
}
_LIGHT = {
    "paper": "#f6f8fa", "ink": "#1f2328", "grey": "#59636e", "red": "#cf222e", "green": "#1a7f37",
    "yellow": "#7d4e00", "magenta": "#8250df", "blue": "#0550ae", "pink": "#a40e63",
}  # fmt: skip
_DARK = {
    "paper": "#0d1117", "ink": "#e6edf3", "grey": "#9198a1", "red": "#ff7b72", "green": "#56d364",
    "yellow": "#e3b341", "magenta": "#d2a8ff", "blue": "#79c0ff", "pink": "#ff9bce",
}  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """One character of the screen and its look: a colour's name, ``bold`` and ``underlined``, or nothing."""

    character: str
    look: frozenset[str] = frozenset()


class Screen:
    """What a terminal shows after everything that was written to it; it is as high as it needs to be."""

    def __init__(self) -> None:
        self.lines: list[list[Cell]] = [[]]
        self._row = self._column = 0
        self._look: frozenset[str] = frozenset()

    def write(self, text: str) -> None:
        """Take what a program wrote.

        Raises:
            ValueError: An escape sequence whose meaning is not known here.
        """
        for found in _SEQUENCE.finditer(text):
            if found["kind"]:
                self._obey(found["given"], found["kind"])
            elif found[0] == "\r":
                self._column = 0
            elif found[0] == "\n":
                self._row += 1
                self.lines += [[] for _ in range(self._row + 1 - len(self.lines))]
            elif not found[0].startswith("\x1b"):
                self._put(found[0])

    def _put(self, text: str) -> None:
        line = self.lines[self._row]
        line += [Cell(" ")] * (self._column - len(line))
        line[self._column : self._column + len(text)] = [Cell(character, self._look) for character in text]
        self._column += len(text)

    def _obey(self, given: str, kind: str) -> None:
        if kind == "A":
            self._row = max(0, self._row - int(given or 1))
        elif kind == "K" and given in ("", "0"):
            del self.lines[self._row][self._column :]
        elif kind == "J" and given in ("", "0"):
            del self.lines[self._row][self._column :]
            del self.lines[self._row + 1 :]
        elif kind == "m":
            self._look = _look_after(self._look, given)
        elif (given, kind) != ("6", "n") and not (given.startswith("?") and kind in "hl"):
            raise ValueError(f"ESC[{given}{kind} is not known here")


def _look_after(look: frozenset[str], given: str) -> frozenset[str]:
    if given in ("", "0"):
        return frozenset()
    if given.startswith("38;5;"):
        return (look - set(_COLOURS.values())) | {_COLOURS[given.removeprefix("38;5;")]}
    return look | {{"1": "bold", "4": "underlined"}[given]}


def shown(chunks: list[tuple[float, str]]) -> list[list[Cell]]:
    """The lines that are on the screen after all chunks, without empty ones at the end."""
    screen = Screen()
    screen.write("".join(text for _, text in chunks))
    lines = screen.lines
    while lines and not "".join(cell.character for cell in lines[-1]).strip():
        lines.pop()
    return lines


def page(recording: Mapping[str, Any]) -> list[list[Cell]]:
    """All lines of the picture: each command with the time that it took, and what it left on the screen."""
    lines: list[list[Cell]] = []
    for run in recording["runs"]:
        lines += [[]] if lines else []
        took = f"  {run['took_s']:.1f} s" if run["chunks"] else ""
        grey, bold = frozenset({"grey"}), frozenset({"bold"})
        lines.append([Cell("$", grey), Cell(" "), *(Cell(each, bold) for each in run["command"])])
        lines[-1] += [Cell(" ")] * (recording["columns"] - len(lines[-1]) - len(took)) if took else []
        lines[-1] += [Cell(each, grey) for each in took]
        lines += shown(run["chunks"])
    return lines


def draw(recording: Mapping[str, Any]) -> str:
    """The picture, as SVG."""
    lines = page(recording)
    width = round(2 * MARGIN_PX + recording["columns"] * ADVANCE)
    height = 2 * MARGIN_PX + len(lines) * LINE_PX
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        f' role="img" aria-label="{escape(recording["says"], {chr(34): "&quot;"})}">',
        f"<style>{_style()}</style>",
        f'<rect class="paper" width="{width}" height="{height}" rx="8"/>',
    ]
    for number, line in enumerate(lines):
        words = "".join(_words(line))
        if words:
            drawn.append(f'<text y="{MARGIN_PX + number * LINE_PX + FONT_PX}">{words}</text>')
    return "\n".join([*drawn, "</svg>", ""])


def _words(line: list[Cell]) -> Iterator[str]:
    """Each run of one look, at the column where it stands, so that columns meet whatever the font is."""
    column = 0
    for look, cells in groupby(line, lambda cell: cell.look):
        text = "".join(cell.character for cell in cells)
        for found in re.finditer(r"\S+(?: \S+)*", text):
            x = MARGIN_PX + (column + found.start()) * ADVANCE
            names = f' class="{" ".join(sorted(look))}"' if look else ""
            yield f'<tspan x="{x:.1f}"{names}>{escape(found[0])}</tspan>'
        column += len(text)


def _style() -> str:
    font = f"font:{FONT_PX}px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"
    fixed = f"text{{{font};white-space:pre}}.bold{{font-weight:bold}}.underlined{{text-decoration:underline}}"
    return f"{fixed}{_colours(_LIGHT)}@media(prefers-color-scheme:dark){{{_colours(_DARK)}}}"


def _colours(colours: Mapping[str, str]) -> str:
    classes = {f".{name}": colour for name, colour in colours.items() if name != "ink"}
    return "".join(f"{name}{{fill:{colour}}}" for name, colour in {"text": colours["ink"], **classes}.items())


if __name__ == "__main__":
    PICTURE.write_text(draw(json.loads(RECORDING.read_text(encoding="utf-8"))), encoding="utf-8")
