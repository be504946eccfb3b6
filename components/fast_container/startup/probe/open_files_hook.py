"""Notes each file that this Python opens and each source that it compiles; loaded as ``sitecustomize``.

Decides the form of a line: ``opened`` or ``compiled``, a space, an absolute path; what a program compiles for itself
does not count. A module of the same name that it
hides is run after it. Leaves what the lines mean to ``startup.files_read``.
"""

from __future__ import annotations

import os
import sys


def follow(notes: str) -> None:
    """Add the audit hook; it stays until this Python ends, and never fails."""
    file = os.open(notes, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)

    def is_import() -> bool:
        try:
            return sys._getframe(2).f_code.co_filename.startswith("<frozen importlib")  # pyright: ignore[reportPrivateUsage]
        except ValueError:  # The program itself, which Python compiles each time.
            return False

    def note(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open":
            kind, path = "opened", arguments[0]
        elif event == "compile" and is_import():
            kind, path = "compiled", arguments[1]
        else:
            return
        if isinstance(path, str) and path and path[0] != "<" and "\n" not in path:
            os.write(file, f"{kind} {os.path.abspath(path)}\n".encode("utf-8", "surrogateescape"))  # noqa: PTH100

    sys.addaudithook(note)


def run_hidden() -> None:
    """Run the module of this name that would have been loaded without us."""
    from importlib.machinery import PathFinder  # noqa: PLC0415 - in the image's Python, not in ours
    from importlib.util import module_from_spec  # noqa: PLC0415

    here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120
    spec = PathFinder.find_spec("sitecustomize", [place for place in sys.path if place != here])
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(module_from_spec(spec))


if __name__ == "sitecustomize":
    if os.environ.get("_FAST_CONTAINER_OPENED_FILES"):
        follow(os.environ["_FAST_CONTAINER_OPENED_FILES"])
    run_hidden()
