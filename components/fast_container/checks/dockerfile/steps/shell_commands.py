"""The commands of a ``RUN``: what it starts, with which words.

Decides how each form of ``RUN`` becomes commands (shell, JSON, heredoc), what stands around a command (``sudo``,
``env``, ``sh -c``), and that nothing is known of a ``RUN`` that is not understood. Leaves cutting a script to
``shell_scan``, and quotes and variables to ``core.dockerfile.shell_words``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fast_container.checks.dockerfile.steps.shell_scan import UnreadableScriptError, scan
from fast_container.core.dockerfile.lex_options import LexOptions
from fast_container.core.dockerfile.model import RefusedError
from fast_container.core.dockerfile.parsed_line import ParsedLine
from fast_container.core.dockerfile.shell_words import expand_word

Lookup = Callable[[str], str | None]

_OPTIONS: Final = LexOptions(skip_unset=True)
_ASSIGNMENT: Final = re.compile(r"([A-Za-z_]\w*)\+?=(.*)", re.DOTALL)
_RESERVED: Final = frozenset(["if", "then", "else", "elif", "while", "until", "do", "!", "{"])
_NO_COMMANDS: Final = frozenset(["for", "case", "select", "function", "fi", "done", "esac", "}"])
_WRAPPERS: Final = frozenset(["sudo", "env", "exec", "command", "nohup", "time", "nice", "eatmydata"])
SHELLS: Final = frozenset(["sh", "bash", "ash", "dash", "zsh", "ksh"])
_DOCUMENT: Final = re.compile(r"<<-?\s*(['\"]?)[\w.-]+\1")
_DEEPEST: Final = 5


@dataclass(frozen=True, slots=True)
class ShellCommand:
    """One command.

    Attributes:
        words: The program and its arguments; quotes are removed, known variables expanded, others as written.
        env: What is assigned before it.
        pipeline: Number of its pipeline in the script.
    """

    words: tuple[str, ...]
    env: Mapping[str, str]
    pipeline: int = 0

    @property
    def program(self) -> str:
        """The program without its directory."""
        return self.words[0].rpartition("/")[2]

    @property
    def arguments(self) -> tuple[str, ...]:
        """The words after the program."""
        return self.words[1:]


def commands_of_run(node: ParsedLine, lookup: Lookup, shell: Sequence[str]) -> tuple[ShellCommand, ...] | None:
    """List the commands of a ``RUN``; None if it is not understood.

    Args:
        node: The instruction.
        lookup: Value of a variable, or None where it is unset or unknown.
        shell: The shell that ``SHELL`` names.
    """
    try:
        if node.json:
            return tuple(_command(list(node.args), 0, 0))
        return _shell_form(node, lookup) if _base(shell[0]) in SHELLS else None
    except (UnreadableScriptError, RecursionError):
        return None


def _shell_form(node: ParsedLine, lookup: Lookup) -> tuple[ShellCommand, ...] | None:
    text = node.args[0] if node.args else ""
    if not node.heredocs:
        return tuple(_script(text, lookup, 0))
    bodies = [one.content for one in node.heredocs]
    if _DOCUMENT.fullmatch(text.strip()):
        return _document(bodies[0], lookup)
    first_line = tuple(_script(text, lookup, 0))
    if len(bodies) == 1 and len(first_line) == 1 and first_line[0].program in SHELLS:
        return tuple(_script(bodies[0], lookup, 0))
    return first_line


def _document(body: str, lookup: Lookup) -> tuple[ShellCommand, ...] | None:
    """Read a heredoc that is a script of its own; None if it is one of another language."""
    first, _, rest = body.partition("\n")
    if not first.startswith("#!"):
        return tuple(_script(body, lookup, 0))
    words = first.removeprefix("#!").split()
    interpreter = next((word for word in map(_base, words) if word != "env" and not word.startswith("-")), "")
    return tuple(_script(rest, lookup, 0)) if interpreter in SHELLS else None


def _script(text: str, lookup: Lookup, depth: int) -> Iterator[ShellCommand]:
    for raw in scan(text):
        words = [_expanded(word, lookup) for word in raw.words]
        yield from _command(words, raw.pipeline, depth, lookup)


def _expanded(word: str, lookup: Lookup) -> str:
    try:
        return expand_word(word, lookup, _OPTIONS)
    except RefusedError:
        return word


def _nothing(_name: str) -> str | None:
    return None


def _command(words: list[str], pipeline: int, depth: int, lookup: Lookup = _nothing) -> Iterator[ShellCommand]:
    env: dict[str, str] = {}
    at = 0
    wrapped = False
    while at < len(words):
        word = words[at]
        assignment = _ASSIGNMENT.fullmatch(word)
        if assignment:
            env[assignment[1]] = assignment[2]
        elif _base(word) in _WRAPPERS:
            wrapped = True
        elif not (word in _RESERVED or (wrapped and word.startswith("-"))):
            break
        at += 1
    rest = words[at:]
    if not rest or rest[0] in _NO_COMMANDS or not rest[0]:
        return
    script = _script_argument(rest)
    if script is not None and depth < _DEEPEST:
        yield from _script(script, lookup, depth + 1)
        return
    yield ShellCommand(tuple(rest), env, pipeline)


def _script_argument(words: Sequence[str]) -> str | None:
    """The script of ``sh -c``; None without one."""
    if _base(words[0]) not in SHELLS:
        return None
    for at, word in enumerate(words[1:-1], start=1):
        if word.startswith("-") and not word.startswith("--") and word.endswith("c"):
            return words[at + 1]
        if not word.startswith(("-", "+")) and not words[at - 1].endswith("o"):
            return None
    return None


def _base(word: str) -> str:
    return word.rpartition("/")[2]
