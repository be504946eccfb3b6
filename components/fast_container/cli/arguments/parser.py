"""The parser of all verbs.

Decides that nonsense is refused in one line that says where to read on, and how the version is printed. Leaves the
arguments to ``all_verbs``.
"""

from __future__ import annotations

import argparse
import sys
from typing import NoReturn

from fast_container.printable import printable


class VerbParser(argparse.ArgumentParser):
    """Refuses arguments in one line."""

    def error(self, message: str) -> NoReturn:
        """Print what is wrong and where to read on, and exit with code 2."""
        self.exit(2, f"{self.prog}: {printable(message)}; see {self.prog} --help\n")


class PrintVersion(argparse.Action):
    """Prints the version; the modules for a package's metadata are loaded only then."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """Print it and exit."""
        from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - see above

        try:
            found = version("fast-container")
        except PackageNotFoundError:
            found = "(not installed as a package)"
        sys.stdout.write(f"{parser.prog} {found}\n")
        parser.exit()
