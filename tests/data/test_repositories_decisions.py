"""Deliveries that wait for a person are found with their reason and moved once; what there is, is counted."""

import uuid

import pytest
from sqlalchemy import update

from integration_admin.core.statuses import DeliveryState
from integration_admin.data.database import Database
from integration_admin.data.models import Delivery, Integration, RecordRow
from integration_admin.data.repositories.deliveries import NewDelivery
from tests.builders import (
    make_activity,
    make_claim,
    save_integration,
    save_organisation,
    save_records,
    save_run,
)
from tests.data.worlds import make_failure
from tests.fakes import START

CLAIMS = (["expense_claim"], ["approved", "paid"])
OTHERS = [state for state in DeliveryState if state is not DeliveryState.NEEDS_PERSON]


async def connected(database: Database) -> Integration:
    organisation = await save_organisation(database)
    return await save_integration(database, organisation.id)


async def save_deliveries(
    database: Database, integration: Integration, *states: DeliveryState
) -> list[RecordRow]:
    """Store a claim for each state with a delivery in it."""
    rows = await save_records(database, integration.organisation_id, *(make_claim() for _ in states))
    new = [NewDelivery(row.id, f"ref-{row.id}", row.id, 1) for row in rows]
    async with database.write(integration.organisation_id) as unit:
        await unit.deliveries.add(integration.id, new, START)
    for row, state in zip(rows, states, strict=True):
        await put(database, row.id, state=state, recoveries=3, first_sent_at=START, due_at=START)
    return rows


async def put(database: Database, record_id: int, **values: object) -> None:
    async with database.system(writes=True) as system:
        await system._session.execute(
            update(Delivery).where(Delivery.record_id == record_id).values(**values)
        )


async def test_only_what_needs_a_person_waits_each_with_its_latest_open_failure(database: Database) -> None:
    integration = await connected(database)
    rows = await save_deliveries(
        database, integration, DeliveryState.NEEDS_PERSON, *OTHERS, DeliveryState.NEEDS_PERSON
    )
    first, last = rows[0], rows[-1]
    run = await save_run(database, integration.organisation_id, integration.id)
    async with database.write(integration.organisation_id) as unit:
        for record_id, field in ((first.id, "resolved"), (last.id, "older"), (last.id, "newer")):
            await unit.runs.add_failures([make_failure(integration.id, run.id, record_id, field=field)])
        await unit.runs.resolve_failures(integration.id, [first.id], START)
    async with database.read(integration.organisation_id) as unit:
        waiting = await unit.decisions.waiting(integration.id, 0, 10)
        later = await unit.decisions.waiting(integration.id, waiting[0][0].id, 10)
        limited = await unit.decisions.waiting(integration.id, 0, 1)
    assert [row.id for _, row, _ in waiting] == [first.id, last.id]
    assert [failure and failure.field for _, _, failure in waiting] == [None, "newer"]
    assert [[row.id for _, row, _ in found] for found in (later, limited)] == [[last.id], [first.id]]


@pytest.mark.parametrize("state", DeliveryState)
async def test_only_what_needs_a_person_is_moved(database: Database, state: DeliveryState) -> None:
    integration = await connected(database)
    there, absent = await save_deliveries(database, integration, state, state)
    async with database.write(integration.organisation_id) as unit:
        found = await unit.decisions.found(integration.id, there.id, "4711", START)
        again = await unit.decisions.send_again(integration.id, absent.id, START)
        (first,), (second,) = [await unit.deliveries.of_record(row.id) for row in (there, absent)]
    if state is not DeliveryState.NEEDS_PERSON:
        assert (found, again, first.state, second.state) == (None, None, state, state)
        return
    assert (found, again) == (first.reference, second.reference)
    assert (first.state, first.external_id, first.due_at) == (DeliveryState.DELIVERED, "4711", None)
    assert (second.state, second.recoveries, second.first_sent_at) == (DeliveryState.READY, 0, None)


async def test_another_organisation_can_neither_see_nor_move_what_waits(database: Database) -> None:
    theirs, ours = await connected(database), await connected(database)
    (row,) = await save_deliveries(database, theirs, DeliveryState.NEEDS_PERSON)
    async with database.write(ours.organisation_id) as unit:
        assert await unit.decisions.waiting(theirs.id, 0, 10) == []
        assert await unit.decisions.states_of(theirs.id, [row.id]) == {}
        assert await unit.decisions.found(theirs.id, row.id, "stolen", START) is None
        assert await unit.decisions.send_again(theirs.id, row.id, START) is None
        assert await unit.backlog.by_state(theirs.id) == {}
    async with database.read(theirs.organisation_id) as unit:
        assert await unit.decisions.states_of(theirs.id, [row.id]) == {row.id: DeliveryState.NEEDS_PERSON}


async def test_records_without_a_delivery_are_counted_whatever_became_of_the_others(
    database: Database,
) -> None:
    integration = await connected(database)
    organisation = integration.organisation_id
    taken = await save_deliveries(database, integration, *DeliveryState)
    async with database.write(organisation) as unit:
        # Claims that were taken up and are approved no more, and others that never were.
        for row in (await unit.records.by_ids([taken[0].id, taken[1].id])).values():
            row.status = "draft"
    await save_records(
        database,
        organisation,
        *(make_claim() for _ in range(3)),
        make_claim(status="paid"),
        make_claim(status="draft", approved_on=None),
        make_activity(),
    )
    async with database.read(organisation) as unit:
        counts = await unit.backlog.by_state(integration.id)
        new = await unit.backlog.not_taken_up(integration.id, *CLAIMS, sum(counts.values()))
        looked = await unit.records.without_delivery(integration.id, *CLAIMS, 0, 100)
        nowhere = await unit.backlog.not_taken_up(uuid.uuid4(), *CLAIMS, 0)
    assert counts == dict.fromkeys(DeliveryState, 1)
    assert new == len(looked) == 4
    assert nowhere == len(taken) - 2 + 4
