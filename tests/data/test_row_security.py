"""PostgreSQL itself keeps organisations apart: what a statement forgets to say is neither seen nor changed."""

import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Table, delete, func, insert, select, text, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from integration_admin.bootstrap import assemble
from integration_admin.core.errors import ConfigurationError
from integration_admin.core.settings import Settings
from integration_admin.data import migrations
from integration_admin.data.columns import Base
from integration_admin.data.database import Database
from integration_admin.data.models import Integration
from integration_admin.data.row_security import ROOT, admit, guarded_tables
from integration_admin.data.startup import check_role
from tests.data.worlds import Neighbours, open_database
from tests.postgresql import Server

ROOT_FOLDER = Path(__file__).resolve().parents[2]
PACKAGE = ROOT_FOLDER / "integration_admin"
GUARDED = [Base.metadata.tables[name] for name in guarded_tables()]
on_postgresql = pytest.mark.parametrize("filled", ["postgresql"], indirect=True)

SEES_ALL = {
    "bootstrap.py": "whether the database answers",
    "commands/acting.py": "which organisation an integration's id belongs to",
    "commands/backup.py": "every integration that a restore pauses",
    "commands/doctor_checks.py": "every organisation's audit log and systems",
    "data/key_rotation.py": "every stored secret, to seal it with another key",
    "data/startup.py": "the vault's keys, and what is sealed with them",
    "demo.py": "whether the demonstration's organisation is there",
    "services/audit_chain_check.py": "every organisation's audit log",
    "services/factor_demands.py": "whose e-mail address it is",
    "services/follow_up.py": "what is due",
    "services/heartbeat.py": "when the scheduler ticked",
    "services/identity_providers.py": "whose sign-in address it is",
    "services/known_devices.py": "whose browser it was that signed in before",
    "services/metrics.py": "figures of the installation",
    "services/notice_courier.py": "which notices are due",
    "services/notice_watch.py": "how integrations are",
    "services/one_time_links.py": "whose link or e-mail address it is",
    "services/openid_flows.py": "whose way back from a sign-in provider it is",
    "services/openid_sign_in.py": "whose sign-in address or half-finished sign-in it is",
    "services/organisations.py": "which organisation has a name or an e-mail address",
    "services/passkeys.py": "whose passkey it is, and questions to passkeys",
    "services/preflight.py": "what is due",
    "services/reconciliation_night.py": "every organisation's night, and comparisons nobody goes on with",
    "services/retention.py": "every organisation, one after the other",
    "services/second_step.py": "whose half-finished sign-in it is",
    "services/secret_expiry.py": "every organisation, one after the other",
    "services/sessions.py": "every organisation, one after the other",
    "services/sign_in.py": "whose e-mail address or cookie it is",
    "services/sync_scheduler.py": "what is due",
    "services/tokens.py": "whose token it is",
}
"""Who may open a unit that sees every organisation's rows, and what for."""


def owner_of(table: Table) -> Any:
    return table.c.id if table.name == ROOT else table.c.organisation_id


async def count(connection: AsyncConnection, table: Table, organisation_id: uuid.UUID | None = None) -> int:
    statement = select(func.count()).select_from(table)
    if organisation_id is not None:
        statement = statement.where(owner_of(table) == organisation_id)
    return await connection.scalar(statement) or 0


async def test_every_table_with_rows_of_organisations_is_guarded_even_from_its_owner(
    postgresql_database: Database,
) -> None:
    async with postgresql_database.engine.connect() as connection:
        policies = await connection.execute(
            text("SELECT tablename, qual FROM pg_policies WHERE schemaname = 'public'")
        )
        policy_of = {row.tablename: row.qual for row in policies}
        forced = await connection.scalars(
            text("SELECT relname::text FROM pg_class WHERE relrowsecurity AND relforcerowsecurity")
        )
        assert set(forced) == set(guarded_tables()) == policy_of.keys()
    wrong = [table.name for table in GUARDED if f"(({owner_of(table).name} = (" not in policy_of[table.name]]
    assert wrong == []


def test_every_table_is_an_organisations_or_known_to_belong_to_none() -> None:
    assert set(Base.metadata.tables) - set(guarded_tables()) == {
        "heartbeats",
        "passkey_challenges",
        "vault_keys",
    }


@on_postgresql
async def test_with_another_organisation_set_no_statement_sees_or_changes_a_row(
    neighbours: Neighbours,
) -> None:
    ours, theirs = neighbours.ours.id, neighbours.theirs.id
    async with neighbours.database.engine.connect() as connection:
        for table in GUARDED:
            await admit(connection, None)
            row = (
                (await connection.execute(select(table).where(owner_of(table) == theirs).limit(1)))
                .mappings()
                .one()
            )
            assert await count(connection, table) > await count(connection, table, theirs) > 0
            await connection.rollback()
            await admit(connection, ours)
            assert await count(connection, table) == await count(connection, table, ours) > 0
            assert await count(connection, table, theirs) == 0
            column = owner_of(table)
            assert (
                await connection.execute(update(table).where(column == theirs).values({column: ours}))
            ).rowcount == 0
            assert (await connection.execute(delete(table).where(column == theirs))).rowcount == 0
            for statement in (
                insert(table).values({**row, "id": uuid.uuid4()} if table.name == ROOT else dict(row)),
                update(table)
                .where(column == ours)
                .values({column: uuid.uuid4() if table.name == ROOT else theirs}),
            ):
                with pytest.raises(DBAPIError, match="row-level security"):
                    async with connection.begin_nested():
                        await connection.execute(statement)
            await connection.rollback()


@on_postgresql
async def test_without_an_organisation_there_is_no_row_not_even_on_a_used_connection(
    neighbours: Neighbours,
) -> None:
    for organisation in (neighbours.ours.id, neighbours.theirs.id):
        async with neighbours.database.read(organisation) as unit:
            assert {row.organisation_id for row in await unit.integrations.everything()} == {organisation}
    async with neighbours.database.engine.connect() as connection:
        assert {table.name: await count(connection, table) for table in GUARDED} == dict.fromkeys(
            guarded_tables(), 0
        )


@on_postgresql
async def test_a_unit_whose_statement_forgets_the_organisation_still_keeps_to_it(
    neighbours: Neighbours,
) -> None:
    async with neighbours.database.read(neighbours.ours.id) as unit:
        found = await unit.integrations._session.scalars(select(Integration.organisation_id))
        assert set(found) == {neighbours.ours.id}
    async with neighbours.database.system() as system:
        both = await system._session.scalars(select(Integration.organisation_id))
        assert set(both) == {neighbours.ours.id, neighbours.theirs.id}


@on_postgresql
def test_a_migration_sees_the_rows_of_every_organisation(filled: tuple[str, Any, Any]) -> None:
    with migrations.schema_connection(filled[0]) as connection:
        assert connection.scalar(text("SELECT count(DISTINCT organisation_id) FROM integrations")) == 2


async def test_an_ordinary_role_may_start_though_it_owns_the_tables(postgresql_database: Database) -> None:
    assert await check_role(postgresql_database) == "integration_admin"


async def test_sqlite_has_no_role_to_look_at(sqlite_database: Database) -> None:
    assert await check_role(sqlite_database) == ""


@pytest.fixture
def powerful(postgresql_server: Server) -> Iterator[psycopg.Connection[Any]]:
    """The server's administrator, and afterwards no role of the test."""
    with psycopg.connect(
        postgresql_server.as_administrator("postgresql:///postgres"), autocommit=True
    ) as connection:
        yield connection
        for role in ("test_past", "test_member"):
            connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role)))


def address(url: str, **changes: str) -> str:
    """Return a database's address with some parts changed."""
    return make_url(url).set(**changes).render_as_string(hide_password=False)


async def refusal(url: str) -> str:
    async with open_database(url) as database:
        with pytest.raises(ConfigurationError) as refused:
            await check_role(database)
    return str(refused.value.message)


async def test_a_superuser_is_refused_at_start(
    postgresql_server: Server, postgresql_url: str, tmp_path: Path
) -> None:
    url = postgresql_server.as_administrator(postgresql_url)
    assert "The PostgreSQL role postgres may see past row-level security." in await refusal(url)
    application = assemble(Settings(instance_dir=tmp_path, database_url=url))
    with pytest.raises(ConfigurationError, match="BYPASSRLS"):
        async with application.working():
            pass
    await application.close()


async def test_a_role_that_bypasses_policies_or_may_become_one_that_does_is_refused(
    powerful: psycopg.Connection[Any], postgresql_url: str
) -> None:
    powerful.execute("CREATE ROLE test_past LOGIN BYPASSRLS")
    powerful.execute("CREATE ROLE test_member LOGIN IN ROLE test_past")
    for role in ("test_past", "test_member"):
        assert role in await refusal(address(postgresql_url, username=role))


async def test_a_table_that_is_no_longer_guarded_refuses_the_start(postgresql_server: Server) -> None:
    url = postgresql_server.new_migrated()
    with psycopg.connect(url) as connection:
        connection.execute("ALTER TABLE members NO FORCE ROW LEVEL SECURITY")
        connection.execute("ALTER TABLE runs DISABLE ROW LEVEL SECURITY")
    assert "switched off for members, runs." in await refusal(url)
    postgresql_server.drop(url)


async def test_the_role_the_documents_tell_to_make_may_migrate_and_start(postgresql_server: Server) -> None:
    (block,) = re.findall(
        r"```sql\n(.*?)```", (ROOT_FOLDER / "docs/operations.md").read_text("utf-8"), re.DOTALL
    )
    administrator = postgresql_server.as_administrator("postgresql:///postgres")
    with psycopg.connect(administrator, autocommit=True) as connection:
        for statement in block.strip().split(";\n"):
            connection.execute(statement)
        url = address(administrator, database="ia", username="ia")
        migrations.upgrade(url)
        async with open_database(url) as database:
            assert await check_role(database) == "ia"
        connection.execute("DROP DATABASE ia")
        connection.execute("DROP ROLE ia")


def test_who_sees_every_organisations_rows_is_listed_with_a_reason() -> None:
    callers = {
        file.relative_to(PACKAGE).as_posix()
        for file in PACKAGE.rglob("*.py")
        if re.search(r"database\.system\(", file.read_text("utf-8"))
    }
    assert callers == set(SEES_ALL)
