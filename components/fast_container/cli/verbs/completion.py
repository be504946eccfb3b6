"""``fast-container completion``: what a shell needs to complete verbs, flags and their values.

Decides that the lists are read from the parsers themselves, so that a new flag is completed as soon as it is there. For
zsh the script for bash is used, through zsh's own ``bashcompinit``.
"""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, cast

from fast_container.cli.arguments.all_verbs import verb_lines, verbs_parser
from fast_container.cli.output import emit

_FOLDERS: Final = frozenset({"DIR"})
_FILES: Final = frozenset({"FILE", "A.json", "B.json"})
_PLAIN: Final = re.compile(r"[\w.,:=/+-]+", re.ASCII)

_BASH: Final = """\
_fast_container() {
    local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD-1]}" verb="${COMP_WORDS[1]}" words=""
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        words="%(verbs)s --help --version"
    else
        case "$verb $prev" in
%(values)s
        esac
        if [ -z "$words" ]; then
            case "$verb" in
%(flags)s
            esac
        fi
    fi
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _fast_container fast-container
"""
_ZSH: Final = "autoload -Uz bashcompinit && bashcompinit\n"


@dataclass(frozen=True, slots=True)
class _Flag:
    """A flag of a verb.

    Attributes:
        names: ``--plan``.
        values: Those that it takes, if they are few.
        place: ``file``, ``folder``, or "" for something else.
        takes_value: Whether one follows it.
    """

    names: tuple[str, ...]
    values: tuple[str, ...]
    place: str
    takes_value: bool
    text: str


@dataclass(frozen=True, slots=True)
class _Verb:
    name: str
    text: str
    flags: tuple[_Flag, ...]
    words: tuple[str, ...]


def run(arguments: argparse.Namespace) -> int:
    """Print the script."""
    verbs = list(_verbs())
    if arguments.shell == "fish":
        emit(_fish(verbs))
    else:
        emit((_ZSH if arguments.shell == "zsh" else "") + _bash(verbs))
    return 0


def _verbs() -> Iterator[_Verb]:
    lines = verb_lines()
    for name, parser in _parsers(verbs_parser()).items():
        words = [str(word) for action in _actions(parser) if not action.option_strings for word in action.choices or ()]
        of_all = [parser, *_parsers(parser).values()]
        flags = [_flag(action) for one in of_all for action in _actions(one) if action.option_strings]
        yield _Verb(name, lines[name], tuple({flag.names: flag for flag in flags}.values()), tuple(words))


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return parser._actions


def _parsers(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return the parsers of a parser's own verbs."""
    found: dict[str, argparse.ArgumentParser] = {}
    for action in _actions(parser):
        if isinstance(action.choices, Mapping):
            found |= cast("Mapping[str, argparse.ArgumentParser]", action.choices)
    return found


def _flag(action: argparse.Action) -> _Flag:
    metavar = action.metavar if isinstance(action.metavar, str) else ""
    place = "folder" if metavar in _FOLDERS else "file" if metavar in _FILES else ""
    values = tuple(str(value) for value in action.choices or () if _PLAIN.fullmatch(str(value)))
    names = tuple(name for name in action.option_strings if name.startswith("--"))
    return _Flag(names, values, place, action.nargs != 0, (action.help or "").replace("%%", "%"))


def _bash(verbs: list[_Verb]) -> str:
    values: list[str] = []
    for verb in verbs:
        for flag in verb.flags:
            pattern = "|".join(f"'{verb.name} {name}'" for name in flag.names)
            if flag.values:
                values.append(f'            {pattern}) words="{" ".join(flag.values)}" ;;')
            elif flag.takes_value and flag.names:
                kind = {"folder": "-d", "file": "-f"}.get(flag.place, "")
                reply = f'COMPREPLY=($(compgen {kind} -- "$cur")); ' if kind else ""
                values.append(f"            {pattern}) {reply}return ;;")
    words = {verb.name: [*verb.words, *(name for flag in verb.flags for name in flag.names)] for verb in verbs}
    flags = [f'                {name}) words="{" ".join(of)}" ;;' for name, of in words.items()]
    names = " ".join(verb.name for verb in verbs)
    return _BASH % {"verbs": names, "values": "\n".join(values), "flags": "\n".join(flags)}


def _fish(verbs: list[_Verb]) -> str:
    begin = "complete -c fast-container"
    lines = [f"{begin} -f -n __fish_use_subcommand -a {verb.name} -d {shlex.quote(verb.text)}" for verb in verbs]
    for verb in verbs:
        of_verb = f'{begin} -n "__fish_seen_subcommand_from {verb.name}"'
        lines += [f"{of_verb} -f -a {shlex.quote(' '.join(verb.words))}"] if verb.words else []
        for flag in verb.flags:
            value = " -r" * flag.takes_value + (f" -f -a {shlex.quote(' '.join(flag.values))}" if flag.values else "")
            lines += [f"{of_verb} -l {name[2:]}{value} -d {shlex.quote(flag.text)}" for name in flag.names]
    return "\n".join(lines) + "\n"
