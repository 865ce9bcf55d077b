"""A connection of one's own that sees what the database holds of all organisations, past every unit of work."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection

from integration_admin.data.database import Database
from integration_admin.data.row_security import admit


@asynccontextmanager
async def looking(database: Database) -> AsyncIterator[AsyncConnection]:
    """Open a connection on which row-level security hides nothing; what it changes is rolled back unless committed."""
    async with database.engine.connect() as connection:
        if not database.is_sqlite:
            await admit(connection, None)
        yield connection
