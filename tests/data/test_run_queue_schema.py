"""The queue's tables come with the migrations, in a schema of their own, as the installed library wants them."""

import hashlib

import psycopg
from procrastinate.schema import SchemaManager

from alembic import command
from integration_admin.data import migrations
from tests.postgresql import Server

MADE_FROM = "c70ec4b400a60ad9592787653aae5ae77ae41bf801d56b5bd2712751a07f2009"
"""The fingerprint of the library's schema that the newest migration was written for."""


def schemas_of_the_queue(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT relnamespace::regnamespace::text FROM pg_class WHERE relname LIKE 'procrastinate%'"
            " UNION SELECT pronamespace::regnamespace::text FROM pg_proc WHERE proname LIKE 'procrastinate%'"
            " UNION SELECT typnamespace::regnamespace::text FROM pg_type WHERE typname LIKE 'procrastinate%'"
            " UNION SELECT nspname FROM pg_namespace WHERE nspname = 'procrastinate'"
        )
        return {name for (name,) in rows}


def test_the_queue_keeps_to_its_own_schema_and_goes_with_it(postgresql_server: Server) -> None:
    url = postgresql_server.new_migrated()
    assert schemas_of_the_queue(url) == {"procrastinate"}
    with migrations.schema_connection(url) as connection:
        command.downgrade(migrations.alembic_config(connection), "0002")
    assert schemas_of_the_queue(url) == set()
    migrations.upgrade(url)
    assert schemas_of_the_queue(url) == {"procrastinate"}


def test_a_release_of_the_library_with_another_schema_needs_a_migration() -> None:
    # A new migration drops the schema and makes it anew, as 0003 does; no run depends on what is in it.
    found = hashlib.sha256(SchemaManager.get_schema().encode()).hexdigest()
    assert found == MADE_FROM
