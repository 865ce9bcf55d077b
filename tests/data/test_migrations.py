"""The schema the migrations make is the one the models describe, on both engines."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Engine, Integer, create_engine, inspect, text

from alembic import command
from integration_admin.data import migrations
from integration_admin.data.columns import Base, owned_models
from tests.builders import save_organisation
from tests.data.worlds import open_database
from tests.postgresql import Server

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without a table; the SQLite file does not exist yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'new' / 'folder' / 'data.sqlite3'}"
    server: Server = request.getfixturevalue("postgresql_server")
    return server.new_empty()


@pytest.fixture
def migrated(empty_url: str) -> Iterator[Engine]:
    migrations.upgrade(empty_url)
    engine = create_engine(migrations.synchronous_url(empty_url))
    yield engine
    engine.dispose()


def downgrade(url: str) -> None:
    with migrations.schema_connection(url) as connection:
        command.downgrade(migrations.alembic_config(connection), "base")


def migrate_halfway(url: str) -> None:
    broken = "The second half fails."
    with migrations.schema_connection(url) as connection:
        operations = Operations(MigrationContext.configure(connection))
        operations.create_table("half_made", Column("id", Integer, primary_key=True))
        raise RuntimeError(broken)


def tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names()) - {"alembic_version"}


def test_an_empty_database_gets_every_table_of_the_models(migrated: Engine) -> None:
    assert tables(migrated) == set(Base.metadata.tables)
    assert {model.__tablename__ for model in owned_models()} < tables(migrated)  # type: ignore[attr-defined]  # mapped classes


def test_the_models_and_the_migrated_database_do_not_differ(migrated: Engine) -> None:
    assert migrations.differences(migrated) == []


def test_alembic_itself_finds_nothing_to_generate(migrated: Engine) -> None:
    with migrated.connect() as connection:
        command.check(migrations.alembic_config(connection))


def test_a_difference_is_found(migrated: Engine) -> None:
    with migrated.begin() as connection:
        connection.execute(text("ALTER TABLE vault_keys DROP COLUMN state"))
    assert len(migrations.differences(migrated)) == 1


def test_down_to_nothing_and_up_again(empty_url: str, migrated: Engine) -> None:
    downgrade(empty_url)
    assert tables(migrated) == set()
    assert not migrations.is_current(empty_url)
    migrations.upgrade(empty_url)
    assert migrations.differences(migrated) == []


def test_upgrading_twice_changes_nothing(empty_url: str, migrated: Engine) -> None:
    migrations.upgrade(empty_url)
    assert migrations.differences(migrated) == []


def test_a_database_is_current_only_after_the_upgrade(empty_url: str) -> None:
    assert not migrations.is_current(empty_url)
    migrations.upgrade(empty_url)
    assert migrations.is_current(empty_url)


def test_asking_about_a_missing_file_does_not_make_one(tmp_path: Path) -> None:
    assert not migrations.is_current(f"sqlite:///{tmp_path / 'missing.sqlite3'}")
    assert list(tmp_path.iterdir()) == []


def test_there_is_one_line_of_migrations() -> None:
    assert len(ScriptDirectory.from_config(migrations.alembic_config()).get_heads()) == 1


def test_a_migration_that_fails_halfway_leaves_nothing_behind(empty_url: str, migrated: Engine) -> None:
    with pytest.raises(RuntimeError, match="second half"):
        migrate_halfway(empty_url)
    assert "half_made" not in tables(migrated)


def test_who_comes_while_another_migrates_waits_and_then_has_nothing_to_do(empty_url: str) -> None:
    with ThreadPoolExecutor(1) as executor:
        with migrations.schema_connection(empty_url) as connection:
            late = executor.submit(migrations.upgrade, empty_url)
            with pytest.raises(TimeoutError):
                late.result(timeout=0.7)
            command.upgrade(migrations.alembic_config(connection), "head")
        late.result(timeout=30)
    assert migrations.is_current(empty_url)


def test_a_migrated_file_is_in_wal_mode_from_the_start(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'data.sqlite3'}"
    migrations.upgrade(url)
    engine = create_engine(url)
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
    engine.dispose()


async def test_rows_survive_an_upgrade_that_has_nothing_to_do(migrated: Engine, empty_url: str) -> None:
    assert tables(migrated)
    async with open_database(empty_url) as database:
        organisation = await save_organisation(database)
    migrations.upgrade(empty_url)
    async with open_database(empty_url) as database, database.read(organisation.id) as unit:
        assert (await unit.organisations.get()).name == organisation.name


def test_the_migration_command_of_alembic_works_on_the_database_the_settings_name(empty_url: str) -> None:
    program = "from alembic.config import main; main(argv=['upgrade', 'head'])"
    environment = {"INTEGRATION_ADMIN_DATABASE_URL": empty_url}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert migrations.is_current(empty_url)
