"""An argument's error in the words of the command line: ``--build-arg X`` for ``build_args["X"]``.

Decides which flag an argument of a component is. Errors about a plan file keep the program's words, since they are to
be mended in the program.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Final

from fast_container.core.json_document import parse_json
from fast_container.errors import ArgsError, FastContainerError

ARGUMENTS: Final = {
    "build_args": "--build-arg",
    "build_requirements": "--build-requirements",
    "constraints": "--constraints",
    "context": "--context",
    "dockerfile": "--dockerfile",
    "dockerignore": "--dockerignore",
    "extras": "--extra",
    "groups": "--group",
    "ignore": "--ignore",
    "images_lock": "--images-lock",
    "install": "--install",
    "installer": "--installer",
    "lock": "--lock",
    "named_contexts": "--build-context",
    "optional_secrets": "--optional-secret",
    "packages": "--package",
    "parent": "--parent",
    "parent_user": "--parent-user",
    "platform": "--platform",
    "requirements": "--requirements",
    "root": "--root",
    "runs_on": "--runs-on",
    "secrets": "--secret",
    "target": "--target",
    "versions": "--package-version",
}
_PAIRS: Final = frozenset({"build_args", "named_contexts", "versions"})
_QUOTE: Final = '"'
_NAMES: Final = "|".join(ARGUMENTS)
_PATH: Final = re.compile(rf"({_NAMES})(?:\[(['\"]?)(.*?)\2\](?:[.\[].*)?)?", re.DOTALL)
# name={"key": value}, name=["value"], name="value", name=
_ARGUMENT: Final = re.compile(
    rf"(?<![\w-])({_NAMES})=(?:\{{\"([^\"]*)\": ([^{{}}]*)\}}|\[\"([^\"]*)\"\]|\"([^\"]*)\"|(?=[`\s,.;:)]|$))"
)


def flag_of(property_path: str) -> str:
    """Return the flag, with the name in the path if it has one; a path of another thing is unchanged."""
    found = _PATH.fullmatch(property_path)
    if found is None:
        return property_path
    flag, quote, name = ARGUMENTS[found[1]], found[2], found[3]
    if not name or not quote:
        return flag
    # ``errors.bracketed`` wrote it.
    return f"{flag} {name if quote != _QUOTE else _unquoted(name)}"


def _unquoted(name: str) -> str:
    with suppress(ValueError):
        return str(parse_json(f'"{name}"'))
    return name


def in_flags(error: FastContainerError) -> FastContainerError:
    """Put flags in place of arguments into the error."""
    # A file may have the name of an argument; an entry of an argument is never a file.
    if isinstance(error, ArgsError) or "[" in error.where:
        error.where = flag_of(error.where)
    error.what, error.next_step = text_in_flags(error.what), text_in_flags(error.next_step)
    return error


def text_in_flags(text: str) -> str:
    """Replace each argument that is written as in a program (``secrets={"x": …}``) with its flag."""
    return _ARGUMENT.sub(_flag, text)


def _flag(match: re.Match[str]) -> str:
    name, key, value, *others = match.groups()
    if key is None:
        said = next((text for text in others if text), "")
    else:
        said = f"{key}={value.strip(_QUOTE)}" if name in _PAIRS else key
    return f"{ARGUMENTS[name]} {said}" if said else ARGUMENTS[name]
