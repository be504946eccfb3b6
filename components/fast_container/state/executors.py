"""The executors of one program: one for each builder and executor key, with the builder's limit.

Decides that all images of a builder that share an executor share its limit, and that what a build needs is looked for
while the registry is asked whether there is anything to build. Leaves making executors to the builders.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from fast_container.build.scheduler import LimitedExecutor
from fast_container.builder_interface import Builder, ExecutorNeeds
from fast_container.core.aws_access import AwsAccess
from fast_container.core.ports import Executor, PreparingExecutor


@dataclass(slots=True)
class ProgramExecutors:
    """Executors by builder and the builder's key; see the module."""

    needs: ExecutorNeeds
    _limited: dict[tuple[int, str], LimitedExecutor] = field(default_factory=dict[tuple[int, str], LimitedExecutor])
    _made: dict[tuple[int, str], Executor] = field(default_factory=dict[tuple[int, str], Executor])
    _prepared: set[tuple[int, str]] = field(default_factory=set[tuple[int, str]])
    _builders: list[Builder] = field(default_factory=list[Builder])
    _told: list[Callable[[Builder], None]] = field(default_factory=list[Callable[[Builder], None]])

    def declare(self, builder: Builder) -> None:
        """Note the builder of an image."""
        if not any(builder is known for known in self._builders):
            self._builders.append(builder)
            for tell in self._told:
                tell(builder)

    def tell_builders(self, tell: Callable[[Builder], None]) -> None:
        """Call a function with each builder of the program once: now, or when its first image is declared."""
        self._told.append(tell)
        for builder in tuple(self._builders):
            tell(builder)

    async def executor(self, builder: Builder, platform: str, access: AwsAccess) -> LimitedExecutor:
        """Return the executor for a platform; all images of a builder share its limit."""
        made = await self.unlimited(builder, platform, access)
        limited = LimitedExecutor(made, builder.images_at_once, self.needs.may_begin, self.needs.goes_first)
        return self._limited.setdefault((id(builder), builder.executor_key(platform)), limited)

    async def unlimited(self, builder: Builder, platform: str, access: AwsAccess) -> Executor:
        """Return the executor for a platform, without the limit."""
        key = builder.executor_key(platform)
        identity = (id(builder), key)
        if identity not in self._made:
            made = await builder.executor(key, access, self.needs)
            # Another image may have made it while this one waited; a CodeBuild project needs one poller only.
            self._made.setdefault(identity, made)
        return self._made[identity]

    @asynccontextmanager
    async def preparing(self, builder: Builder, platform: str, access: AwsAccess) -> AsyncGenerator[None]:
        """Prepare the executor for a platform meanwhile, once; what is wrong with it, a build will say."""
        if (id(builder), platform) in self._prepared:
            yield
            return
        self._prepared.add((id(builder), platform))
        preparation = asyncio.create_task(self._prepare(builder, platform, access))
        try:
            yield
        finally:
            preparation.cancel()
            await asyncio.wait([preparation])

    async def _prepare(self, builder: Builder, platform: str, access: AwsAccess) -> None:
        with suppress(Exception):
            executor = await self.unlimited(builder, platform, access)
            if isinstance(executor, PreparingExecutor):
                await executor.prepare(_Silent())


class _Silent:
    """A reporter that shows nothing."""

    def progress(self, line: str) -> None:
        """Say nothing."""

    def note(self, line: str) -> None:
        """Say nothing."""

    def warn(self, line: str) -> None:
        """Say nothing."""
