"""A stand-in for ``pulumi-resource-aws``: Pulumi's AWS types on an AWS emulator of this machine.

The real engine starts it as it starts the real plugin (``install`` puts it into a ``PULUMI_HOME``). It is strict where
the real one is: unknown types, unknown properties and wrong types are errors, and diffs and previews follow the real
provider. It refuses every endpoint that is not on a loopback address.

How to find one's way::

    __main__      the process: port, threads, end
    servicer      the provider protocol
    catalogue     which types and functions there are
    schema        the words in which one is declared
    types/        one module a resource type: its declaration and its calls
    functions/    the same for functions (invokes)
    checking      inputs: right, and in full
    diffing       what changes, what replaces
    lifecycle     create, read, update, delete, previews
    configuration the provider's configuration and the loopback rule
    session       credentials, clients, waiting
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

COMMAND: Final = "LOCALCLOUD_PYTHON"
"""The variable that names another command to run the stand-in with than the interpreter that installed it."""


def install(pulumi_home: Path) -> None:
    """Put this stand-in where the engine looks for the AWS plugin of the installed SDK's version.

    Args:
        pulumi_home: A ``PULUMI_HOME`` folder of one's own; never a user's, whose real plugin would be hidden.
    """
    from localcloud.aws_plugin.install import install_plugin  # noqa: PLC0415

    install_plugin(pulumi_home)


__all__ = ["COMMAND", "install"]
