"""Units of work that end in another way: several services in one commit, or what is only tried out and not kept."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from integration_admin.data.database import Database
from integration_admin.data.repositories.unit import SystemUnit, Unit


class JoinedDatabase(Database):
    """Hands out one unit that is open already; whoever opened it commits it, or rolls it back."""

    def __init__(self, unit: Unit) -> None:
        super().__init__("sqlite://")
        self._unit = unit

    @asynccontextmanager
    async def read(self, organisation_id: uuid.UUID) -> AsyncIterator[Unit]:
        """Return the open unit. Raises RuntimeError for another organisation."""
        yield self._of(organisation_id)

    @asynccontextmanager
    async def write(self, organisation_id: uuid.UUID) -> AsyncIterator[Unit]:
        """Return the open unit, which is not committed here. Raises RuntimeError for another organisation."""
        yield self._of(organisation_id)

    @asynccontextmanager
    async def system(self, *, writes: bool = False) -> AsyncIterator[SystemUnit]:
        """Raise RuntimeError: one organisation's unit answers nothing about the others."""
        del writes
        detail = "A joined database has no system unit."
        raise RuntimeError(detail)
        yield

    def _of(self, organisation_id: uuid.UUID) -> Unit:
        if organisation_id != self._unit.organisation_id:
            detail = "The open unit belongs to another organisation."
            raise RuntimeError(detail)
        return self._unit


class _NothingKept(Exception):
    """Rolls a unit of work back."""


@asynccontextmanager
async def rolled_back(database: Database, organisation_id: uuid.UUID) -> AsyncIterator[Unit]:
    """Open a unit for writing of which nothing is kept."""
    with suppress(_NothingKept):
        async with database.write(organisation_id) as unit:
            yield unit
            raise _NothingKept
