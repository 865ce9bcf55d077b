"""Which organisation's rows a PostgreSQL transaction may see or change, whatever its statements forget to say.

The policies of alembic/versions/0016_row_security.py read two settings that are set here, for one transaction
each. SQLite has nothing like it: there the repositories stand alone.
"""

import uuid
from typing import Final, NamedTuple

from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

from integration_admin.data.columns import Base

ORGANISATION: Final = "integration_admin.organisation"
"""The setting that names the one organisation a transaction is about."""
SYSTEM: Final = "integration_admin.system"
"""The setting that is `on` in a transaction that is about all organisations; without either, no row is there."""
ROOT: Final = "organisations"
"""The one table whose rows are not an organisation's but organisations."""

_SET: Final = "SELECT set_config(%s, %s, true)"
_SET_SYSTEM: Final = text("SELECT set_config(:name, 'on', true)").bindparams(name=SYSTEM)
_POWERS: Final = text(
    "SELECT session_user::text AS role,"
    " EXISTS (SELECT FROM pg_roles WHERE (rolsuper OR rolbypassrls)"
    " AND pg_has_role(session_user, oid, 'MEMBER')) AS bypasses,"
    " ARRAY(SELECT relname::text FROM pg_class WHERE relkind = 'r' AND pg_table_is_visible(oid)"
    " AND relname = ANY(:tables) AND NOT (relrowsecurity AND relforcerowsecurity) ORDER BY relname) AS open"
)


class Powers(NamedTuple):
    """What the role this program connects as could do to row-level security.

    `bypasses` is true for superusers, for roles with BYPASSRLS, and for members of either, who may become them;
    `open` names the tables whose rows are not guarded from the table's owner.
    """

    role: str
    bypasses: bool
    open: list[str]


def guarded_tables() -> list[str]:
    """Return the tables with rows of organisations, by what the models say."""
    return [
        ROOT,
        *(name for name, table in sorted(Base.metadata.tables.items()) if "organisation_id" in table.c),
    ]


async def admit(connection: AsyncConnection, organisation_id: uuid.UUID | None) -> None:
    """Let the transaction that has begun see one organisation's rows; None lets it see everybody's."""
    setting = (SYSTEM, "on") if organisation_id is None else (ORGANISATION, str(organisation_id))
    (await connection.exec_driver_sql(_SET, setting)).close()


def admit_to_all(connection: Connection) -> None:
    """Let the transaction of a migration, a backup or a restore see every organisation's rows; any database."""
    if connection.dialect.name == "postgresql":
        connection.execute(_SET_SYSTEM)


async def powers(connection: AsyncConnection) -> Powers:
    """Ask PostgreSQL what the role could do."""
    row = (await connection.execute(_POWERS, {"tables": guarded_tables()})).one()
    return Powers(row.role, row.bypasses, list(row.open))
