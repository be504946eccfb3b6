"""The states of Pulumi stacks, from files and from the engine.

Decides that a state is read again each time it is asked for, and that one which cannot be read is an error: what it
uses is not known. Leaves what a state uses to ``core.cleanup.stack_state``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from fast_container.adapters.process.child import run
from fast_container.core.cleanup.stack_state import uses_of_state
from fast_container.core.cleanup.uses import Use
from fast_container.errors import ArgsError

_TIMEOUT_S: Final = 120.0


class StateFiles:
    """Files that ``pulumi stack export`` wrote."""

    name = "state"

    def __init__(self, files: Sequence[str]) -> None:
        self._files = files

    def read(self) -> list[Use]:
        """Return what they use.

        Raises:
            ArgsError: One cannot be read.
        """
        return [use for file in self._files for use in self._of(file)]

    def _of(self, file: str) -> list[Use]:
        try:
            text = Path(file).read_text(encoding="utf-8")
            return uses_of_state(text, Path(file).stem)
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise ArgsError(
                f"{file} is not the state of a stack that can be read.",
                property_path="--state",
                why=why,
                next_step="Write it with `pulumi stack export --file FILE`.",
            ) from None


class Stacks:
    """Stacks whose states the engine exports.

    Args:
        names: As ``pulumi stack export --stack`` takes them.
        environment: Of the command.
    """

    name = "stack"

    def __init__(self, names: Sequence[str], environment: Mapping[str, str]) -> None:
        self._names = names
        self._environment = environment

    def read(self) -> list[Use]:
        """Return what they use.

        Raises:
            ArgsError: One cannot be exported.
        """
        return [use for name in self._names for use in asyncio.run(self._of(name))]

    async def _of(self, name: str) -> list[Use]:
        lines: list[str] = []
        said: list[str] = []
        argv = ["pulumi", "stack", "export", "--non-interactive", f"--stack={name}"]
        code = await run(
            argv,
            env=self._environment,
            on_stdout_line=lines.append,
            on_stderr_line=said.append,
            timeout_s=_TIMEOUT_S,
        )
        why = "the pulumi command is not installed" if code == 127 else " ".join(said[-3:])
        if code == 0:
            try:
                return uses_of_state("\n".join(lines), name)
            except ValueError as error:
                why = str(error)
        raise ArgsError(
            f"The state of stack {name} cannot be read.",
            property_path="--stack",
            why=why,
            next_step="Run it in the folder of the program, or give --state FILE.",
        )
