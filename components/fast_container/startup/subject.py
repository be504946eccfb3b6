"""What is started, and when it counts as started.

Decides whether an image is a Lambda function by what its configuration says, which command runs, and the variables that
Lambda gives to a function. Leaves doing so to ``startup.probe``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from fast_container.core.oci.configuration import ImageConfiguration

Kind = Literal["lambda", "service", "module"]

_OF_LAMBDA: Final = re.compile(r"lambda|(^|/)bootstrap$")
_MODULE: Final = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")

STARTED: Final[Mapping[str, str]] = {
    "lambda": "the function asks for its first event",
    "service": "it listens on a port",
    "module": "the module is imported",
}
"""Kind → when it counts as started."""


class NotStartableError(ValueError):
    """What was asked for cannot be started in this image."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One image to start.

    Attributes:
        image: Its name with its digest, as a ``FROM`` has it.
        kind: When it counts as started.
        command: Program and arguments; of a module only the Python.
        env: Its environment.
        user: Who runs it; ``""`` for root. A function is run as Lambda does it.
        working_directory: Where.
        module: What is imported.
        timeout_s: How long a start may take.
        python: The image's own Python, by its path or its name on ``PATH``; ``""`` if it has none.
    """

    image: str
    kind: Kind
    command: tuple[str, ...]
    env: Mapping[str, str]
    user: str
    working_directory: str
    module: str
    timeout_s: float
    python: str

    def as_json(self) -> dict[str, Any]:
        """Its fields, for the probe."""
        return {**asdict(self), "env": dict(self.env)}


def subject_of(
    image: str,
    configuration: ImageConfiguration,
    *,
    runs_on: str,
    python: str,
    module: str,
    env: Mapping[str, str],
    timeout_s: float,
) -> Subject:
    """Decide what of an image is started.

    Args:
        image: Its name with its digest.
        configuration: Its configuration.
        runs_on: ``lambda``, ``ecs``, or ``""`` to tell by the configuration.
        python: Its own Python, by path or name; ``""`` if it has none.
        module: What to import instead of starting its command; ``""`` for the command.
        env: More variables.
        timeout_s: How long a start may take.

    Raises:
        NotStartableError: It has neither command nor Python, or what is to be imported is not a module's name.
    """
    command = (*configuration.entrypoint, *configuration.command)
    if module and not _MODULE.fullmatch(module):
        raise NotStartableError(f"{module!r} is not the name of a module")
    if module and not python:
        raise NotStartableError("the image has no Python, so no module of it can be imported")
    if not module and not command:
        raise NotStartableError("the image has neither an ENTRYPOINT nor a CMD")
    is_function = runs_on == "lambda" or (not runs_on and is_lambda(configuration))
    kind: Kind = "module" if module else "lambda" if is_function else "service"
    given = dict(_lambda_variables(configuration)) if is_function else {}
    return Subject(
        image,
        kind,
        (python,) if module else command,
        {**given, **configuration.env, **env},
        configuration.user,
        configuration.working_directory,
        module,
        timeout_s,
        python,
    )


def is_lambda(configuration: ImageConfiguration) -> bool:
    """Whether an image's configuration is that of a function: Lambda's own base, or a runtime client as its command."""
    words = (*configuration.entrypoint, *configuration.command[:3])
    return "LAMBDA_TASK_ROOT" in configuration.env or any(_OF_LAMBDA.search(word) for word in words)


def _lambda_variables(configuration: ImageConfiguration) -> dict[str, str]:
    """Return the variables that Lambda sets; their credentials belong to no account."""
    return {
        "_HANDLER": configuration.command[-1] if configuration.command else "",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_SESSION_TOKEN": "none",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
        "AWS_LAMBDA_FUNCTION_NAME": "function",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/function",
        "AWS_LAMBDA_LOG_STREAM_NAME": "coldstart",
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "LAMBDA_TASK_ROOT": "/var/task",
        "PATH": "/usr/local/bin:/usr/bin:/bin:/opt/bin",
        "TZ": ":UTC",
    }
