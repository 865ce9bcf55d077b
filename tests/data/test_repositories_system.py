"""The questions asked before an organisation is known, and the organisation's own people."""

import inspect
import uuid
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from integration_admin.core.errors import Conflict
from integration_admin.core.statuses import DeliveryState, IntegrationState, LinkPurpose, RunState
from integration_admin.data.database import Database
from integration_admin.data.models import Delivery
from integration_admin.data.models_access import ApiToken, Session, VaultKey
from integration_admin.data.repositories.deliveries import NewDelivery
from integration_admin.data.repositories.runs import ACTIVE
from integration_admin.data.repositories.unit import SystemUnit
from tests.builders import (
    make_claim,
    make_integration,
    make_member,
    make_run,
    save_integration,
    save_organisation,
    save_records,
    save_run,
)
from tests.data.people_rows import make_link
from tests.data.taken_up import export, intent, outcome
from tests.data.worlds import LATER, Neighbours, make_credential, make_schedule
from tests.fakes import START


async def test_an_organisation_is_found_by_its_exact_name(database: Database) -> None:
    zebra = await save_organisation(database, name="Zebra")
    first = await save_organisation(database, name="Alfa")
    async with database.system() as system:
        found = await system.organisation_named("Zebra")
        assert found is not None
        assert found.id == zebra.id
        assert await system.organisation_named("zebra") is None
        assert [row.id for row in await system.organisations()] == [first.id, zebra.id]


async def test_a_member_signs_in_by_address_whatever_the_organisation(neighbours: Neighbours) -> None:
    async with neighbours.database.system() as system:
        for world in (neighbours.ours, neighbours.theirs):
            found = await system.member_by_email(world.member.email)
            assert found is not None
            assert (found.id, found.organisation_id) == (world.member.id, world.id)
        assert await system.member_by_email("nobody@example.org") is None


async def test_an_address_belongs_to_one_member_of_all_organisations(database: Database) -> None:
    await save_organisation(database, make_member("Alice", email="alice@example.org"))
    with pytest.raises(Conflict):
        await save_organisation(database, make_member("Alice", email="alice@example.org"))


async def test_a_session_leads_to_its_person_and_organisation_until_revoked(database: Database) -> None:
    member = make_member()
    organisation = await save_organisation(database, member, make_member("Bob"))
    session = Session(
        member_id=member.id, token_hash="h1", created_at=START, last_seen_at=START, expires_at=LATER
    )
    async with database.write(organisation.id) as unit:
        await unit.organisations.add_session(session)
    async with database.system(writes=True) as system:
        await system.touch_session(session.id, START + timedelta(minutes=1))
        await system.revoke_session("h1", START + timedelta(minutes=2))
        await system.revoke_session("h1", START + timedelta(minutes=3))
        found = await system.session_by_hash("h1")
        assert await system.session_by_hash("h2") is None
    assert found is not None
    assert [part.id for part in found] == [session.id, member.id, organisation.id]
    assert found[0].last_seen_at == START + timedelta(minutes=1)
    assert found[0].revoked_at == START + timedelta(minutes=2)


async def test_an_api_token_is_found_by_its_hash(database: Database) -> None:
    organisation = await save_organisation(database)
    token = ApiToken(name="Expenses", token_hash="h1", scopes=["records:write"], created_at=START)
    async with database.write(organisation.id) as unit:
        await unit.organisations.add_token(token)
    async with database.system() as system:
        found = await system.token_by_hash("h1")
        assert await system.token_by_hash("h2") is None
    assert found is not None
    assert (found.organisation_id, found.scopes) == (organisation.id, ["records:write"])


async def test_a_one_time_link_is_found_by_its_hash_with_its_organisation(database: Database) -> None:
    member = make_member()
    organisation = await save_organisation(database, member)
    link = make_link(member, LinkPurpose.INVITATION, token_hash="h1")
    async with database.write(organisation.id) as unit:
        await unit.people.add_link(link)
    async with database.system() as system:
        found = await system.link_by_hash("h1")
        assert await system.link_by_hash("h2") is None
    assert found is not None
    assert (found[0].email, found[1].id) == (link.email, organisation.id)


async def test_members_come_by_name_and_keep_their_language(database: Database) -> None:
    bob, alice = make_member("Bob"), make_member("Alice")
    organisation = await save_organisation(database, bob, alice)
    async with database.write(organisation.id) as unit:
        await unit.organisations.set_language(bob.id, "nn")
        assert [row.name for row in await unit.organisations.members()] == ["Alice", "Bob"]
        assert (await unit.organisations.member(bob.id)).language == "nn"


async def test_integrations_are_followed_up_while_they_are_active_reachable_and_at_rest(
    database: Database,
) -> None:
    setting = await export(database, 1)
    await setting.begin(*(intent(row) for row in await setting.rows()))
    await setting.settle(*(outcome(row, follow_at=LATER) for row in await setting.rows()))

    async def due(at: datetime = LATER, **values: object) -> list[uuid.UUID]:
        async with database.write(setting.organisation_id) as unit:
            await unit.integrations.note(setting.integration_id, created_by="Alice", **values)
        async with database.system() as system:
            return [row.id for row in await system.integrations_with_due_fates(at)]

    assert await due() == [setting.integration_id]
    assert await due(START) == []
    assert await due(open_until=LATER) == []
    assert await due(open_until=None, state=IntegrationState.PAUSED) == []
    assert await due(state=IntegrationState.ACTIVE) == [setting.integration_id]
    await save_run(database, setting.organisation_id, setting.integration_id)
    assert await due() == []


async def test_schedules_and_runs_of_all_organisations_are_taken_up(database: Database) -> None:
    expected = []
    for enabled in (True, False):
        organisation = await save_organisation(database)
        integration = await save_integration(database, organisation.id)
        schedule = make_schedule(integration.id, enabled=enabled)
        async with database.write(organisation.id) as unit:
            await unit.schedules.put(schedule)
        for state in RunState:
            finished = None if state in ACTIVE else START
            # Of those that have not ended an integration has one at most.
            own = await save_integration(database, organisation.id)
            at = START - timedelta(minutes=len(expected), days=enabled)
            run = await save_run(
                database, organisation.id, own.id, state=state, requested_at=at, finished_at=finished
            )
            if finished is None:
                expected.append(run)
        last = schedule
    async with database.system() as system:
        schedules = await system.enabled_schedules()
        runs = await system.unfinished_runs()
        checked = await system.schedules_checked([last.id, uuid.uuid4()])
    assert checked == {last.id: last.checked_until}
    assert len(schedules) == 1
    assert last.id not in {row.id for row in schedules}
    assert [run.id for run in runs] == [run.id for run in sorted(expected, key=lambda run: run.requested_at)]


@pytest.mark.parametrize(
    ("state", "integration_state", "due"),
    [
        (DeliveryState.RETRY_WAIT, IntegrationState.ACTIVE, 1),
        (DeliveryState.UNKNOWN, IntegrationState.ACTIVE, 1),
        (DeliveryState.UNKNOWN, IntegrationState.PAUSED, 0),
        (DeliveryState.SENDING, IntegrationState.PAUSED, 0),
        (DeliveryState.REJECTED, IntegrationState.ACTIVE, 0),
    ],
)
async def test_only_active_integrations_with_a_wait_that_is_over_are_due(
    database: Database, state: DeliveryState, integration_state: IntegrationState, due: int
) -> None:
    organisation = await save_organisation(database)
    integration = make_integration(state=integration_state)
    (record,) = await save_records(database, organisation.id, make_claim())
    async with database.write(organisation.id) as unit:
        await unit.integrations.add(integration)
        await unit.deliveries.add(integration.id, [NewDelivery(record.id, "ref", 1, 1)], START)
        (row,) = await unit.deliveries.of_record(record.id)
        moved = update(Delivery).where(Delivery.id == row.id).values(state=state, due_at=START)
        await unit.deliveries._session.execute(moved)
    async with database.system() as system:
        early = await system.integrations_with_due_deliveries(START - timedelta(seconds=1))
        now = await system.integrations_with_due_deliveries(START)
    assert early == []
    assert [found.id for found in now] == [integration.id] * due


@pytest.mark.parametrize(("run", "due"), [(None, 1), ({}, 0), ({"finished_at": START}, 1)])
async def test_what_is_marked_as_being_sent_is_due_where_no_run_is_under_way(
    database: Database, run: dict[str, Any] | None, due: int
) -> None:
    organisation = await save_organisation(database)
    integration = make_integration(state=IntegrationState.ACTIVE)
    (record,) = await save_records(database, organisation.id, make_claim())
    async with database.write(organisation.id) as unit:
        await unit.integrations.add(integration)
        await unit.deliveries.add(integration.id, [NewDelivery(record.id, "ref", 1, 1)], START)
        await unit.deliveries._session.execute(update(Delivery).values(state=DeliveryState.SENDING))
        if run is not None:
            await unit.runs.add(make_run(integration.id, **run))
    async with database.system() as system:
        found = await system.integrations_with_due_deliveries(START)
    assert [one.id for one in found] == [integration.id] * due


async def test_vault_keys_are_registered_once_and_their_secrets_counted(database: Database) -> None:
    for number in range(2):
        organisation = await save_organisation(database)
        integration = await save_integration(database, organisation.id)
        for field, key_id in (("token", "k1"), ("secret", f"k{number}")):
            async with database.write(organisation.id) as unit:
                await unit.integrations.put_credential(
                    make_credential(integration.id, field=field, envelope=f"v1.{key_id}.nonce.text")
                )
    keys = [VaultKey(key_id=f"k{n}", check_value="c", state="old", created_at=START) for n in range(2)]
    async with database.system(writes=True) as system:
        for key in keys:
            await system.add_vault_key(key)
        assert [key.key_id for key in await system.vault_keys()] == ["k0", "k1"]
        assert await system.sealed_by_key() == {"k0": 1, "k1": 3}
        assert await system.reachable()
    with pytest.raises(Conflict):
        async with database.system(writes=True) as system:
            await system.add_vault_key(VaultKey(key_id="k1", check_value="c", state="old", created_at=START))


async def test_each_part_of_the_program_has_one_last_beat(database: Database) -> None:
    async with database.system(writes=True) as system:
        assert await system.last_beat("scheduler") is None
        await system.note_beat("scheduler", START)
        await system.note_beat("scheduler", START + timedelta(seconds=20))
    async with database.system() as system:
        assert await system.last_beat("scheduler") == START + timedelta(seconds=20)
        assert await system.last_beat("watch") is None


def test_every_question_of_the_system_unit_is_asked_in_this_file() -> None:
    asked = Path(__file__).read_text()
    questions = [name for name, _ in inspect.getmembers(SystemUnit, inspect.isfunction) if name[0] != "_"]
    # Adding organisations, and working inside a new one, is what every other test here begins with.
    elsewhere = ["add_organisation", "inside"]
    assert [name for name in questions if f"system.{name}(" not in asked] == elsewhere
