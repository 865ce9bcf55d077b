"""Locks that are lost in the middle of a run, as when the connection that holds one is cut."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from integration_admin.core.errors import Conflict
from integration_admin.core.messages import msg
from integration_admin.data.locks import HeldLock, Locks


async def nothing() -> None:
    """Let nobody else take the lock."""


class LosingLocks:
    """A lock of these stops being held at the check number `lasts`; `meanwhile` happens at that moment."""

    def __init__(self, honest: Locks, lasts: int, meanwhile: Callable[[], Awaitable[Any]] = nothing) -> None:
        self._honest = honest
        self._lasts = lasts
        self._meanwhile = meanwhile
        self._checks = 0
        self._holding: AbstractAsyncContextManager[HeldLock] | None = None

    @asynccontextmanager
    async def hold(self, integration_id: uuid.UUID) -> AsyncIterator[HeldLock]:
        self._holding = self._honest.hold(integration_id)
        await self._holding.__aenter__()
        try:
            yield self
        finally:
            await self._let_go()

    async def is_free(self, integration_id: uuid.UUID) -> bool:
        return await self._honest.is_free(integration_id)

    async def check(self) -> None:
        self._checks += 1
        if self._checks == self._lasts:
            await self._let_go()
            await self._meanwhile()
        if self._checks >= self._lasts:
            raise Conflict(msg("Lost."))

    async def _let_go(self) -> None:
        holding, self._holding = self._holding, None
        if holding is not None:
            await holding.__aexit__(None, None, None)
