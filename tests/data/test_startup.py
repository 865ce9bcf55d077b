"""What is checked before anything is sealed or sent."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from integration_admin.bootstrap import assemble
from integration_admin.core.errors import ConfigurationError, Conflict, KeyMismatch, KeyMissing
from integration_admin.core.settings import Settings
from integration_admin.data.audit_chain import BEGINNING
from integration_admin.data.database import Database
from integration_admin.data.key_provider import KeyDirectory
from integration_admin.data.keyring import create_key
from integration_admin.data.models_access import AuditHead
from integration_admin.data.startup import KeyCheck, check_schema
from integration_admin.data.vault import MAX_SEALS_A_LINE, USAGE_ALARM
from tests.builders import save_organisation
from tests.fakes import FakeClock


async def test_without_any_key_the_program_does_not_start(
    sqlite_database: Database, tmp_path: Path, clock: FakeClock
) -> None:
    with pytest.raises(KeyMissing) as refusal:
        await KeyCheck(sqlite_database, KeyDirectory(tmp_path / "keys"), clock).run()
    assert "init-key" in str(refusal.value.message)


async def test_the_first_key_is_made_once(
    sqlite_database: Database, tmp_path: Path, clock: FakeClock
) -> None:
    keys = KeyCheck(sqlite_database, KeyDirectory(tmp_path / "keys"), clock)
    await keys.init_key("first")
    with pytest.raises(Conflict):
        await keys.init_key("second")
    assert (await keys.run()).active_key_id == "first"
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["first"]


async def test_a_lost_key_is_never_replaced_by_a_new_one(
    sqlite_database: Database, tmp_path: Path, clock: FakeClock
) -> None:
    keys = KeyCheck(sqlite_database, KeyDirectory(tmp_path / "keys"), clock)
    await keys.init_key("first")
    (tmp_path / "keys" / "first").unlink()
    with pytest.raises(Conflict):
        await keys.init_key("second")
    with pytest.raises(KeyMissing):
        await keys.run()


async def test_a_key_file_whose_registration_was_cut_short_is_registered_at_the_next_try(
    sqlite_database: Database, tmp_path: Path, clock: FakeClock
) -> None:
    create_key(tmp_path / "keys", "left-behind")
    keys = KeyCheck(sqlite_database, KeyDirectory(tmp_path / "keys"), clock)
    await keys.init_key("other")
    assert (await keys.run()).active_key_id == "left-behind"


@pytest.mark.parametrize(("lines", "worn"), [(USAGE_ALARM // MAX_SEALS_A_LINE - 1, 0), (USAGE_ALARM, 1)])
async def test_a_start_asks_for_another_key_long_before_one_has_sealed_too_much(
    sqlite_database: Database, tmp_path: Path, clock: FakeClock, lines: int, worn: int
) -> None:
    keys = KeyCheck(sqlite_database, KeyDirectory(tmp_path / "keys"), clock)
    await keys.init_key("first")
    organisation = await save_organisation(sqlite_database)
    async with sqlite_database.write(organisation.id) as unit:
        await unit.audit._add(AuditHead(number=lines, hash=BEGINNING))
    with capture_logs() as told:
        await keys.run()
    assert [line["event"] for line in told] == ["keys.worn"] * worn


async def test_another_key_under_the_same_name_refuses_to_start(
    sqlite_database: Database, tmp_path: Path, clock: FakeClock
) -> None:
    await KeyCheck(sqlite_database, KeyDirectory(tmp_path / "keys"), clock).init_key("first")
    create_key(tmp_path / "other", "first")
    with pytest.raises(KeyMismatch):
        await KeyCheck(sqlite_database, KeyDirectory(tmp_path / "other"), clock).run()


async def test_a_database_that_is_behind_refuses_the_start_and_names_the_command(
    tmp_path: Path, sqlite_url: str
) -> None:
    await check_schema(sqlite_url)
    with pytest.raises(ConfigurationError, match="integration-admin migrate"):
        await check_schema(f"sqlite:///{tmp_path / 'missing.sqlite3'}")


async def test_an_instance_without_its_schema_neither_starts_nor_is_ready(tmp_path: Path) -> None:
    (tmp_path / "integration_admin.sqlite3").touch()
    application = assemble(Settings(instance_dir=tmp_path))
    with pytest.raises(ConfigurationError):
        await application.ready()
    with pytest.raises(ConfigurationError):
        async with application.working():
            pass
    await application.close()
