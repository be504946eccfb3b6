"""Every reader of one account in one region.

Decides which services are asked. One that is denied or cannot be reached is an error; the user may leave a service out
by name. Leaves reading to the modules beside this one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final, Protocol

from fast_container.adapters.usage.ecs_services import EcsServices
from fast_container.adapters.usage.lambda_functions import LambdaFunctions
from fast_container.adapters.usage.other_services import (
    AppRunnerServices,
    BatchJobs,
    CodeBuildProjects,
    SageMakerModels,
)
from fast_container.core.cleanup.uses import Use

ClientOf = Callable[[str], Any]


class UseReader(Protocol):
    """Reads who uses images."""

    @property
    def name(self) -> str:
        """The service."""
        ...

    def read(self) -> list[Use]:
        """Return the uses; blocking."""
        ...


_READERS: Final = (LambdaFunctions, EcsServices, AppRunnerServices, SageMakerModels, CodeBuildProjects, BatchJobs)
SERVICES: Final = tuple(reader.name for reader in _READERS)
"""The services that are asked."""


def readers_of(client_of: ClientOf, place: str, *, without: Iterable[str] = ()) -> list[UseReader]:
    """Return the readers of one account in one region.

    Args:
        client_of: Makes the client of a service.
        place: Account and region in reasons; "" for the only one.
        without: Services that are not asked.
    """
    left_out = frozenset(without)
    return [reader(partial(client_of, reader.name), place) for reader in _READERS if reader.name not in left_out]
