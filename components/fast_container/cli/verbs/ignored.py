"""``fast-container ignored``: which paths an ignore file ignores.

Decides how paths are read and answered. Leaves the rules to ``core.ignore.rules``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from fast_container.cli.output import say
from fast_container.core.ignore.rules import IgnoreRules, State
from fast_container.errors import DockerfileError


def run(arguments: argparse.Namespace) -> int:
    """Answer every path of standard input.

    Raises:
        DockerfileError: The file cannot be read, or moby refuses one of its patterns.
    """
    file: str = arguments.dockerignore
    try:
        text = Path(file).read_bytes()
    except OSError as error:
        raise DockerfileError("The ignore file cannot be read.", file=file, why=error.strerror or str(error)) from None
    rules = IgnoreRules.parse(text, file=file)
    answers = _answers(rules, sys.stdin.buffer.read())
    if sys.stdout.isatty():
        say(answer.decode("utf-8", "surrogateescape").rstrip("\n") for answer in answers)
    else:
        sys.stdout.buffer.write(b"".join(answers))
    return 0


def _answers(rules: IgnoreRules, paths: bytes) -> list[bytes]:
    # A pattern that moby cannot compile fails a build at its first path; here it fails without any path too.
    rules.ignores("x")
    states: dict[str, State] = {"": rules.start()}
    answers: list[bytes] = []
    for line in paths.split(b"\n"):
        path = line.decode("utf-8", "surrogateescape").strip("/")
        if not path:
            continue
        ignored, state = rules.step(_state_above(rules, states, path), path)
        states[path] = state
        answers.append(b"%b\t%b\n" % (b"ignored" if ignored else b"kept", line))
    return answers


def _state_above(rules: IgnoreRules, states: dict[str, State], path: str) -> State:
    """Return the state of a path's directory, which may not have been among the paths."""
    above = ""
    for part in path.split("/")[:-1]:
        inside = f"{above}/{part}" if above else part
        if inside not in states:
            states[inside] = rules.step(states[above], inside)[1]
        above = inside
    return states[above]
