"""Integrations with their versions, voucher numbers, credentials and exclusions."""

import asyncio
import uuid
from datetime import timedelta

import pytest

from integration_admin.core.errors import Conflict, NotFound
from integration_admin.core.statuses import IntegrationState
from integration_admin.data.database import Database
from integration_admin.data.models import Integration
from tests.builders import save_integration, save_organisation
from tests.data.worlds import make_credential
from tests.fakes import START

TASKS = 20


async def connected(database: Database) -> Integration:
    """Store an organisation with one integration."""
    organisation = await save_organisation(database)
    return await save_integration(database, organisation.id)


async def test_integrations_come_oldest_first(database: Database) -> None:
    newest = await connected(database)
    oldest = await save_integration(
        database, newest.organisation_id, created_at=START - timedelta(days=1), state=IntegrationState.DRAFT
    )
    async with database.read(newest.organisation_id) as unit:
        assert [row.id for row in await unit.integrations.everything()] == [oldest.id, newest.id]


async def test_an_unknown_integration_is_not_found(database: Database) -> None:
    organisation = await save_organisation(database)
    with pytest.raises(NotFound):
        async with database.read(organisation.id) as unit:
            await unit.integrations.get(uuid.uuid4())


async def test_a_change_raises_the_version_and_says_so(database: Database) -> None:
    integration = await connected(database)
    later = START + timedelta(hours=1)
    async with database.write(integration.organisation_id) as unit:
        assert await unit.integrations.change(integration.id, 1, later, name="New", settings={"a": 1}) == 2
        assert await unit.integrations.change(integration.id, 2, later, step="review") == 3
        stored = await unit.integrations.get(integration.id)
    assert (stored.version, stored.name, stored.settings, stored.step) == (3, "New", {"a": 1}, "review")
    assert (stored.updated_at, stored.created_at) == (later, START)


async def test_a_change_from_a_stale_version_is_a_conflict_and_changes_nothing(database: Database) -> None:
    integration = await connected(database)
    async with database.write(integration.organisation_id) as unit:
        await unit.integrations.change(integration.id, 1, START, name="First")
    with pytest.raises(Conflict):
        async with database.write(integration.organisation_id) as unit:
            await unit.integrations.change(integration.id, 1, START, name="Second")
    async with database.read(integration.organisation_id) as unit:
        assert (await unit.integrations.get(integration.id)).name == "First"


async def test_a_note_does_not_touch_the_version(database: Database) -> None:
    integration = await connected(database)
    async with database.write(integration.organisation_id) as unit:
        await unit.integrations.note(
            integration.id,
            state=IntegrationState.STOPPED,
            stop_message={"template": "Stopped.", "values": {}},
        )
        stored = await unit.integrations.get(integration.id)
    assert (stored.state, stored.version) == (IntegrationState.STOPPED, 1)
    assert stored.stop_message == {"template": "Stopped.", "values": {}}


async def test_voucher_numbers_never_repeat_however_many_ask_at_once(database: Database) -> None:
    integration = await connected(database)

    async def take() -> int:
        async with database.write(integration.organisation_id) as unit:
            return await unit.integrations.take_voucher_numbers(integration.id, 3)

    firsts = await asyncio.gather(*(take() for _ in range(TASKS)))
    assert sorted(firsts) == list(range(1, 3 * TASKS, 3))


async def test_voucher_numbers_of_a_failed_unit_are_given_to_the_next(database: Database) -> None:
    integration = await connected(database)

    async def take_and_fail() -> None:
        async with database.write(integration.organisation_id) as unit:
            await unit.integrations.take_voucher_numbers(integration.id, 5)
            raise TimeoutError

    with pytest.raises(TimeoutError):
        await take_and_fail()
    async with database.write(integration.organisation_id) as unit:
        assert await unit.integrations.take_voucher_numbers(integration.id, 1) == 1


async def test_a_missing_integration_has_no_voucher_numbers(database: Database) -> None:
    organisation = await save_organisation(database)
    with pytest.raises(NotFound):
        async with database.write(organisation.id) as unit:
            await unit.integrations.take_voucher_numbers(uuid.uuid4(), 1)


async def test_a_new_credential_takes_the_place_of_the_one_for_the_same_field(database: Database) -> None:
    integration = await connected(database)
    first = make_credential(integration.id, field="token", envelope="old")
    second = make_credential(integration.id, field="token", envelope="new")
    other = make_credential(integration.id, field="client_id", envelope="other")
    for credential in (first, other, second):
        async with database.write(integration.organisation_id) as unit:
            await unit.integrations.put_credential(credential)
    async with database.read(integration.organisation_id) as unit:
        stored = await unit.integrations.credentials(integration.id)
    assert [(row.field, row.envelope) for row in stored] == [("client_id", "other"), ("token", "new")]
    assert second.id != first.id


async def test_removed_credentials_are_gone(database: Database) -> None:
    integration = await connected(database)
    async with database.write(integration.organisation_id) as unit:
        await unit.integrations.put_credential(make_credential(integration.id))
        await unit.integrations.remove_credentials(integration.id)
        assert await unit.integrations.credentials(integration.id) == []


async def test_exclusions_are_replaced_as_a_whole(database: Database) -> None:
    integration = await connected(database)
    async with database.write(integration.organisation_id) as unit:
        assert await unit.integrations.exclusions(integration.id) == frozenset()
        await unit.integrations.replace_exclusions(integration.id, frozenset({"a", "b"}))
        await unit.integrations.replace_exclusions(integration.id, frozenset({"b", "c"}))
        assert await unit.integrations.exclusions(integration.id) == {"b", "c"}


async def test_two_who_replace_exclusions_at_once_do_not_mix_them(database: Database) -> None:
    integration = await connected(database)

    async def replace(*categories: str) -> None:
        async with database.write(integration.organisation_id) as unit:
            await unit.integrations.change(integration.id, 1, START)
            await unit.integrations.replace_exclusions(integration.id, frozenset(categories))

    answers = await asyncio.gather(replace("a", "b"), replace("c"), return_exceptions=True)
    assert sum(isinstance(answer, Conflict) for answer in answers) == 1
    async with database.read(integration.organisation_id) as unit:
        assert await unit.integrations.exclusions(integration.id) in ({"a", "b"}, {"c"})
