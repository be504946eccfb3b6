"""Fills templates.

Decides that a page is safe whatever is in it: control characters and marks of direction are shown by their numbers,
everything is escaped, and the page's own policy names the digest of the one script that may run. Leaves what a page
shows to its module.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from fast_container.core.spelling import counted, growth_text, size_text
from fast_container.errors import FastContainerError, LocalSystemError
from fast_container.printable import printable

EXTRA: Final = "fast-container[report]"
_TEMPLATES: Final = Path(__file__).with_name("templates")


def fill(template: str, **values: Any) -> str:
    """Return a page.

    Args:
        template: Name of a file in ``templates``.
        values: For it.

    Raises:
        LocalSystemError: The extra is not installed.
    """
    script = _read("page.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    markup = needed("markupsafe").Markup
    own = {"style": markup(_read("page.css")), "script": markup(script), "script_digest": digest}
    page: str = _environment().get_template(template).render(own | values)
    return page


def needed(name: str) -> Any:
    """Import a module of the extra.

    Raises:
        LocalSystemError: It is not installed.
    """
    try:
        return import_module(name)
    except ImportError:
        raise _absent(name) from None


def _absent(name: str) -> FastContainerError:
    return LocalSystemError(
        "Pages need packages that are not installed.", why=f"there is no module {name}", next_step=f"Install {EXTRA}."
    )


@cache
def _environment() -> Any:
    jinja2 = needed("jinja2")
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"size": size_text, "growth": growth_text, "counted": counted, "share": _share}
    return made


def _shown(value: Any) -> Any:
    # Markup is a string of ours.
    return printable(value) if type(value) is str else value


def _share(part: int, whole: int) -> str:
    """Write a share for a bar's width: ``12.3%``."""
    return f"{100 * abs(part) / whole if whole else 0:.1f}%"


def _read(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")
