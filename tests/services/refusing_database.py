"""A database that refuses to write one thing, as one does whose disk is full."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text

from integration_admin.core.statuses import DeliveryState
from integration_admin.data.database import Database

_SQLITE = (
    (
        "CREATE TRIGGER refuses BEFORE UPDATE ON deliveries WHEN NEW.state = '{state}'"
        " BEGIN SELECT RAISE(ABORT, 'no room'); END"
    ),
)
_POSTGRESQL = (
    "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no room'; END $$",
    (
        "CREATE TRIGGER refuses BEFORE UPDATE ON deliveries FOR EACH ROW WHEN (NEW.state = '{state}')"
        " EXECUTE FUNCTION refuse()"
    ),
)


@asynccontextmanager
async def refusing(database: Database, state: DeliveryState) -> AsyncIterator[None]:
    """Let no delivery come into this state, until the end of the block."""
    on_sqlite = database.engine.dialect.name == "sqlite"
    await _carry_out(database, *(one.format(state=state) for one in (_SQLITE if on_sqlite else _POSTGRESQL)))
    try:
        yield
    finally:
        await _carry_out(database, "DROP TRIGGER refuses" if on_sqlite else "DROP FUNCTION refuse CASCADE")


async def _carry_out(database: Database, *statements: str) -> None:
    async with database.system(writes=True) as system:
        for statement in statements:
            await system._session.execute(text(statement))
