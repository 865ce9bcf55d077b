"""What is restored from a backup lacks nothing, whichever database it came from and goes to; nothing is written over."""

import asyncio
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from integration_admin.core.errors import Conflict, DatabaseUnreachable, InvalidInput
from integration_admin.data import migrations
from integration_admin.data.backup import back_up, key_ids, restore
from integration_admin.data.models_access import VaultKey
from integration_admin.services.audit_chain_check import AuditChainCheck
from tests.builders import make_claim, make_record, save_organisation
from tests.data.worlds import Everything, World, everything_of, open_database
from tests.fakes import START
from tests.postgresql import Server

Empty = Callable[[], str]


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database that has nothing yet, not even a schema."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'new' / 'restored.sqlite3'}"
    server: Server = request.getfixturevalue("postgresql_server")
    return server.new_empty()


async def test_nothing_is_missing_after_a_backup_and_its_restoring(
    filled: tuple[str, World, World, Everything], empty_url: str, tmp_path: Path
) -> None:
    url, *worlds, _ = filled
    file = tmp_path / "backup"
    written = back_up(url, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert restore(empty_url, file) == written
    async with open_database(url) as old, open_database(empty_url) as new:
        for world in worlds:
            assert await everything_of(new, world.id) == await everything_of(old, world.id)
            async with new.write(world.id) as unit:
                await unit.records.add([make_record(make_claim(id="EC-after"))])
                await unit.audit.add(START, "Alice", "look")
            assert (await AuditChainCheck(new).check(world.id)).faults == []
    assert await asyncio.to_thread(migrations.is_current, empty_url)


def test_a_file_that_is_there_is_not_written_over(sqlite_url: str, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    file.write_text("precious")
    with pytest.raises(Conflict):
        back_up(sqlite_url, file)
    assert file.read_text() == "precious"
    file.unlink()
    back_up(sqlite_url, file)
    assert [path.name for path in tmp_path.iterdir()] == ["backup"]


async def test_a_database_that_is_used_or_not_empty_is_left_alone(
    sqlite_url: str, new_sqlite_url: Empty, tmp_path: Path
) -> None:
    file = tmp_path / "backup"
    back_up(sqlite_url, file)
    target = new_sqlite_url()
    async with open_database(target) as database, database.system() as system:
        assert await system.organisations() == []
        with pytest.raises(Conflict, match="locked"):
            restore(target, file)
    async with open_database(target) as database:
        organisation = await save_organisation(database)
    with pytest.raises(Conflict) as refused:
        restore(target, file)
    assert "holds data already" in str(refused.value.message)
    async with open_database(target) as database, database.system() as system:
        assert [row.id for row in await system.organisations()] == [organisation.id]


async def test_a_postgresql_database_somebody_is_connected_to_is_left_alone(
    postgresql_url: str, sqlite_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "backup"
    back_up(sqlite_url, file)
    async with open_database(postgresql_url) as database, database.system() as system:
        assert await system.organisations() == []
        with pytest.raises(Conflict, match="other connections"):
            restore(postgresql_url, file)


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + b"\0" * 200])
def test_what_is_no_backup_changes_nothing(sqlite_url: str, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "broken"
    file.write_bytes(content)
    before = Path(sqlite_url.removeprefix("sqlite:///")).read_bytes()
    with pytest.raises(InvalidInput) as refused:
        restore(sqlite_url, file)
    assert "The file broken is not a backup." in str(refused.value.message)
    assert Path(sqlite_url.removeprefix("sqlite:///")).read_bytes() == before
    with pytest.raises(InvalidInput):
        restore(sqlite_url, tmp_path / "missing")


def test_what_is_no_database_is_said_to_be_none_instead_of_being_backed_up(tmp_path: Path) -> None:
    damaged, file = tmp_path / "damaged.sqlite3", tmp_path / "backup.sqlite3"
    damaged.write_bytes(b"Not a database at all." * 100)
    with pytest.raises(DatabaseUnreachable):
        back_up(f"sqlite:///{damaged}", file)
    assert not file.exists()


def test_a_backup_of_a_newer_release_is_refused(sqlite_url: str, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    back_up(sqlite_url, file)
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(InvalidInput, match="newer release"):
        restore(f"sqlite:///{tmp_path / 'new.sqlite3'}", file)
    assert not (tmp_path / "new.sqlite3").exists()


async def test_a_backup_says_which_keys_it_needs_and_has_none(sqlite_url: str, tmp_path: Path) -> None:
    async with open_database(sqlite_url) as database, database.system(writes=True) as system:
        await system.add_vault_key(VaultKey(key_id="k1", check_value="x", state="active", created_at=START))
    file = tmp_path / "backup"
    back_up(sqlite_url, file)
    assert key_ids(file) == ["k1"]
