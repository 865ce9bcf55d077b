"""Of a secret that was removed or replaced not even the ciphertext stays in SQLite's files."""

import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest

from integration_admin.core.secret import Secret
from integration_admin.data.database import Database
from tests.data.sealed import SECOND, Sealed, sealed_in
from tests.fakes import FakeClock


@pytest.fixture
async def sealed(sqlite_database: Database, tmp_path: Path, clock: FakeClock) -> Sealed:
    return await sealed_in(sqlite_database, tmp_path, clock)


def places_of(envelope: str, database: Database) -> list[str]:
    """Return which of the database's files hold the ciphertext."""
    file = Path(database.path)
    ciphertext = envelope.rsplit(".", 1)[1].encode()
    return [one.name for one in file.parent.glob(f"{file.name}*") if ciphertext in one.read_bytes()]


async def remove(sealed: Sealed) -> None:
    async with sealed.database.write(sealed.organisation_id) as unit:
        await unit.integrations.remove_credentials(sealed.integration.id)


async def discard(sealed: Sealed) -> None:
    async with sealed.database.write(sealed.organisation_id) as unit:
        await unit.integrations.remove(sealed.integration.id)


async def replace(sealed: Sealed) -> None:
    await sealed.put(SECOND)


async def rotate(sealed: Sealed) -> None:
    await sealed.rotation.rotate()


@pytest.mark.parametrize("change", [remove, discard, replace, rotate])
async def test_nothing_of_it_is_left_in_any_file(
    sealed: Sealed, change: Callable[[Sealed], Awaitable[None]]
) -> None:
    envelope = await sealed.envelope()
    assert places_of(envelope, sealed.database)
    await change(sealed)
    assert places_of(envelope, sealed.database) == []


async def test_sealing_again_that_was_killed_at_its_end_and_is_done_again_leaves_nothing_either(
    sealed: Sealed,
) -> None:
    envelope = await sealed.envelope()
    await sealed.rotation.promote(await sealed.rotation.add())
    await sealed.rotation._pass(await sealed.rotation._check())
    assert places_of(envelope, sealed.database)
    assert (await sealed.rotation.reencrypt()).done == 0
    assert places_of(envelope, sealed.database) == []


async def test_a_signing_key_that_was_replaced_is_gone_too(sealed: Sealed) -> None:
    async with sealed.database.write(sealed.organisation_id) as unit:
        settings = await unit.notices.settings()
        assert settings is not None
        before = settings.envelope
        fresh = await sealed.store.seal_signing_key(unit, settings, Secret(SECOND))
        assert await unit.notices.change_settings(1, envelope=fresh)
    assert places_of(before, sealed.database) == []


async def test_while_somebody_reads_the_copy_stays_in_the_log_and_goes_with_the_next_change(
    sealed: Sealed,
) -> None:
    envelope = await sealed.envelope()
    with closing(sqlite3.connect(sealed.database.path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM credentials").fetchone()
        await remove(sealed)
        assert places_of(envelope, sealed.database)
    async with sealed.database.system(writes=True) as system:
        await system.note_beat("scheduler", sealed.clock.now())
    assert places_of(envelope, sealed.database) == []
