"""Changing the vault's key while everything is in use."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import update

from integration_admin.core.errors import Conflict, KeyMismatch, KeyMissing
from integration_admin.core.secret import Secret
from integration_admin.data.database import Database
from integration_admin.data.key_provider import KeyDirectory
from integration_admin.data.key_rotation import KeyRotation, KeyUse
from integration_admin.data.keyring import create_key
from integration_admin.data.models import Credential
from integration_admin.data.sealed_columns import sealed_column
from integration_admin.data.vault import USAGE_ALARM
from security.key_rotation import trial
from tests.data.sealed import FIRST, SECOND, SIGNING_KEY, Sealed, sealed_in
from tests.fakes import START, FakeClock

NEW = f"key-{START:%Y%m%d-%H%M%S}"


@pytest.fixture
async def sealed(database: Database, tmp_path: Path, clock: FakeClock) -> Sealed:
    """Sealed secrets, once on each engine."""
    return await sealed_in(database, tmp_path, clock)


@pytest.fixture
async def on_sqlite(sqlite_database: Database, tmp_path: Path, clock: FakeClock) -> Sealed:
    """Sealed secrets where the engine does not matter."""
    return await sealed_in(sqlite_database, tmp_path, clock)


async def states(sealed: Sealed) -> dict[str, tuple[str, int]]:
    return {use.key_id: (use.state, use.holds) for use in await sealed.rotation.uses()}


async def test_after_a_rotation_every_secret_is_sealed_with_the_new_key_and_opens(sealed: Sealed) -> None:
    before = await sealed.envelope()
    result = await sealed.rotation.rotate()
    assert (result.key_id, result.done, result.unreadable) == (NEW, 2, 0)
    assert await states(sealed) == {"key-1": ("old", 0), NEW: ("active", 2)}
    assert await sealed.envelope() != before
    for store in (sealed.store, await sealed.another_process()):
        assert await sealed.opened(store) == {"token": FIRST}
        async with sealed.database.read(sealed.organisation_id) as unit:
            settings = await unit.notices.settings()
        assert settings is not None
        assert store.open_signing_key(settings).reveal() == SIGNING_KEY
    told = await sealed.told()
    assert sorted(told[:3], key=str) == [
        ("keys.promote", NEW, {}),
        ("keys.reencrypt", NEW, {"count": 1}),
        ("keys.reencrypt", NEW, {"count": 1}),
    ]


async def test_a_process_that_runs_on_seals_with_the_new_key_at_once(sealed: Sealed) -> None:
    await sealed.rotation.promote(await sealed.rotation.add())
    assert sealed.keys.vault().active_key_id == "key-1"
    await sealed.put(SECOND)
    assert (await sealed.envelope()).startswith(f"v1.{NEW}.")
    assert await sealed.opened(await sealed.another_process()) == {"token": SECOND}


async def test_a_key_is_not_promoted_while_a_secret_is_being_sealed_with_the_one_before(
    postgresql_database: Database, tmp_path: Path, clock: FakeClock
) -> None:
    sealed = await sealed_in(postgresql_database, tmp_path, clock)
    added = await sealed.rotation.add()
    async with sealed.database.write(sealed.organisation_id) as unit:
        await sealed.store.put(unit, sealed.integration, "token", Secret(SECOND), "Alice", START)
        promoting = asyncio.create_task(sealed.rotation.promote(added))
        done, _ = await asyncio.wait({promoting}, timeout=0.2)
        assert done == set()
    await promoting
    assert await states(sealed) == {"key-1": ("old", 2), NEW: ("active", 0)}


async def test_a_secret_somebody_is_changing_is_passed_over_and_taken_up_in_the_next_pass(
    postgresql_database: Database, tmp_path: Path, clock: FakeClock
) -> None:
    sealed = await sealed_in(postgresql_database, tmp_path, clock)
    await sealed.rotation.promote(await sealed.rotation.add())
    async with sealed.database.write(sealed.organisation_id) as unit:
        (row,) = await unit.integrations.credentials(sealed.integration.id)
        await unit.integrations._execute(
            update(Credential).where(Credential.id == row.id).values(ending="edit")
        )
        rotating = asyncio.create_task(sealed.rotation.reencrypt())
        while not sealed.clock.slept:  # noqa: ASYNC110, a clock tells nobody
            await asyncio.sleep(0.01)
        assert (await states(sealed))["key-1"] == ("old", 1)
    assert (await rotating).unreadable == 0
    assert await states(sealed) == {"key-1": ("old", 0), NEW: ("active", 2)}


async def test_an_envelope_that_was_replaced_since_it_was_read_is_never_overwritten(sealed: Sealed) -> None:
    async with sealed.database.read(sealed.organisation_id) as unit:
        (row,) = await unit.integrations.credentials(sealed.integration.id)
    async with sealed.database.write(sealed.organisation_id) as unit:
        await unit.integrations._execute(
            update(Credential).where(Credential.id == row.id).values(envelope="v1.key-1.somebody.else")
        )
    with pytest.raises(Conflict):
        async with sealed.database.system(writes=True) as system:
            await system.sealing.replace(sealed_column(Credential), [(row, "v1.key-2.ours.ours")])
    assert await sealed.envelope() == "v1.key-1.somebody.else"


async def test_what_cannot_be_opened_stays_as_it_is_and_is_counted(on_sqlite: Sealed) -> None:
    sealed = on_sqlite
    broken = (await sealed.envelope())[:-4] + "AAAA"
    async with sealed.database.write(sealed.organisation_id) as unit:
        await unit.integrations._execute(update(Credential).values(envelope=broken))
    result = await sealed.rotation.rotate()
    assert (result.done, result.unreadable) == (1, 1)
    assert await sealed.envelope() == broken
    with pytest.raises(Conflict, match=r"still needed: secrets sealed with it: 1\."):
        await sealed.rotation.retire("key-1")
    await sealed.put(SECOND)
    await sealed.rotation.retire("key-1")
    assert set(await states(sealed)) == {NEW}


async def test_a_key_is_retired_only_when_nothing_uses_it(sealed: Sealed) -> None:
    await sealed.rotation.promote(await sealed.rotation.add())
    for key_id in ("key-1", NEW, "unheard-of"):
        with pytest.raises(Conflict):
            await sealed.rotation.retire(key_id)
    await sealed.rotation.reencrypt()
    await sealed.rotation.retire("key-1")
    assert await states(sealed) == {NEW: ("active", 2)}
    assert "key-1" in sealed.provider.load().ids
    assert (await sealed.told())[0] == ("keys.retire", "key-1", {})
    (Path(sealed.provider.place) / "key-1").unlink()
    assert await sealed.opened(await sealed.another_process()) == {"token": FIRST}


async def test_a_key_that_is_not_on_this_machine_or_is_another_one_is_not_promoted(on_sqlite: Sealed) -> None:
    sealed = on_sqlite
    added = await sealed.rotation.add()
    file = Path(sealed.provider.place) / added
    kept = file.read_bytes()
    file.unlink()
    assert [use.here for use in await sealed.rotation.uses()] == ["yes", "no"]
    with pytest.raises(KeyMissing, match=added):
        await sealed.rotation.promote(added)
    create_key(Path(sealed.provider.place), added)
    assert [use.here for use in await sealed.rotation.uses()] == ["yes", "another"]
    with pytest.raises(KeyMismatch, match=added):
        await sealed.rotation.promote(added)
    file.write_bytes(kept)
    await sealed.rotation.promote(added)
    with pytest.raises(Conflict):
        await sealed.rotation.promote(added)


async def test_a_machine_without_the_new_key_stores_nothing_until_it_has_it(
    on_sqlite: Sealed, tmp_path: Path
) -> None:
    sealed = on_sqlite
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    (elsewhere / "key-1").write_bytes((Path(sealed.provider.place) / "key-1").read_bytes())
    (elsewhere / "key-1").chmod(0o600)
    here, sealed.provider = sealed.provider, KeyDirectory(elsewhere)
    sealed.store = await sealed.another_process()
    await sealed.rotation.rotate()
    for attempt in (sealed.opened(), sealed.put(SECOND)):
        with pytest.raises(KeyMissing, match=NEW):
            await attempt
    (elsewhere / NEW).write_bytes((Path(here.place) / NEW).read_bytes())
    (elsewhere / NEW).chmod(0o600)
    assert await sealed.opened() == {"token": FIRST}
    await sealed.put(SECOND)
    assert await sealed.opened() == {"token": SECOND}


async def test_what_an_interrupted_rotation_has_begun_is_finished_instead_of_begun_anew(
    on_sqlite: Sealed,
) -> None:
    sealed = on_sqlite
    added = await sealed.rotation.add()
    sealed.clock.advance(60)
    assert (await sealed.rotation.rotate()).key_id == added
    later = await sealed.rotation.add()
    await sealed.rotation.promote(later)
    sealed.clock.advance(60)
    finished = await sealed.rotation.rotate()
    assert (finished.key_id, finished.done) == (later, 2)
    assert len(await states(sealed)) == 3


async def test_two_rotations_in_one_second_have_a_key_each(on_sqlite: Sealed) -> None:
    first, second = [await on_sqlite.rotation.rotate() for _ in range(2)]
    assert second.key_id == f"{first.key_id}-2"
    assert await on_sqlite.opened() == {"token": FIRST}


async def test_how_much_a_key_has_sealed_is_never_told_too_low(on_sqlite: Sealed) -> None:
    sealed = on_sqlite
    for number in range(3):
        async with sealed.database.write(sealed.organisation_id) as unit:
            for field in ("one", "two"):
                await sealed.store.put(unit, sealed.integration, field, Secret(str(number)), "A", START)
            await unit.audit.add(START, "Alice", "credentials.store")
    sealed.clock.advance(1)
    await sealed.rotation.rotate()
    first, second = await sealed.rotation.uses()
    assert (first.holds, second.holds) == (0, 4)
    assert first.sealed_at_most >= 2 * 3 + 2
    assert 4 <= second.sealed_at_most < first.sealed_at_most


@pytest.mark.parametrize(("sealed_at_most", "worn"), [(USAGE_ALARM - 1, False), (USAGE_ALARM, True)])
def test_a_key_is_worn_at_half_of_what_the_standard_allows(sealed_at_most: int, *, worn: bool) -> None:
    assert KeyUse("k", "active", "yes", START, 0, sealed_at_most).worn is worn


async def test_a_rotation_that_is_killed_again_and_again_while_secrets_are_edited_loses_none(
    tmp_path: Path,
) -> None:
    ended = await trial(tmp_path, secrets=500, kills=5, longest=0.4)
    assert (ended.unreadable, ended.lost, ended.left, ended.undercounted) == (0, 0, 0, 0)
    assert ended.kills == 5
    assert ended.edits > 0
    assert ended.rotations > 0


async def test_two_rotations_at_once_leave_one_active_key_and_nothing_behind(on_sqlite: Sealed) -> None:
    sealed = on_sqlite
    other = KeyRotation(sealed.database, sealed.provider, FakeClock(START.replace(second=30)), "command line")
    ended = await asyncio.gather(sealed.rotation.rotate(), other.rotate(), return_exceptions=True)
    assert [one for one in ended if isinstance(one, BaseException) and not isinstance(one, Conflict)] == []
    assert (await sealed.rotation.reencrypt()).unreadable == 0
    found = await states(sealed)
    assert [count for state, count in found.values() if state == "active"] == [2]
    assert sum(count for _, count in found.values()) == 2
