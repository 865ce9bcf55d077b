"""Deliveries are taken up once, read in pages by what is due, and made ready again when somebody asks."""

import json
import uuid
from datetime import datetime, timedelta

import pytest

from integration_admin.core.errors import Conflict
from integration_admin.core.statuses import DeliveryState
from integration_admin.data.database import Database
from integration_admin.data.repositories.deliveries import NewDelivery, Settlement, Suspicion
from tests.builders import make_claim, save_integration, save_records
from tests.data.taken_up import LATER, export, intent, outcome, revise, take_up
from tests.fakes import START

READY, SENDING, DELIVERED = DeliveryState.READY, DeliveryState.SENDING, DeliveryState.DELIVERED
EVERY = Suspicion()


async def test_a_record_taken_up_is_ready_and_untried(database: Database) -> None:
    setting = await export(database, 1)
    (row,) = await setting.rows()
    assert (row.state, row.attempts, row.recoveries, row.revision) == (READY, 0, 0, 1)
    assert (row.payload_hash, row.external_id, row.sent_at, row.due_at) == ("", "", None, None)


async def test_taking_up_nothing_adds_nothing(database: Database) -> None:
    setting = await export(database, 0)
    async with database.write(setting.organisation_id) as unit:
        await unit.deliveries.add(setting.integration_id, [], START)
        assert await unit.deliveries.counts(setting.integration_id) == {}


@pytest.mark.parametrize("shared", ["record_id", "reference", "voucher_number"])
async def test_a_record_a_reference_and_a_voucher_number_are_taken_once(
    database: Database, shared: str
) -> None:
    setting = await export(database, 1)
    (taken,) = await setting.rows()
    (other,) = await save_records(database, setting.organisation_id, make_claim())
    values = {"record_id": other.id, "reference": "other", "voucher_number": 900, "revision": 1}
    values[shared] = getattr(taken, shared)
    with pytest.raises(Conflict):
        async with database.write(setting.organisation_id) as unit:
            await unit.deliveries.add(setting.integration_id, [NewDelivery(**values)], START)  # type: ignore[arg-type]  # by name


async def test_what_is_ready_comes_in_pages_without_gap_or_repeat(database: Database) -> None:
    setting = await export(database, 10)
    states = [READY] * 10
    states[3], states[5] = DeliveryState.RETRY_WAIT, SENDING
    await setting.put_in(*states)
    pages: list[list[int]] = []
    async with database.read(setting.organisation_id) as unit:
        after = 0
        while page := await unit.deliveries.ready(setting.integration_id, EVERY, after, 3):
            pages.append([row.id for row in page])
            after = page[-1].id
    ready = [row.id for number, row in enumerate(await setting.rows()) if number not in {3, 5}]
    assert pages == [ready[:3], ready[3:6], ready[6:]]


async def test_what_is_ready_comes_with_its_record_as_it_is_now(database: Database) -> None:
    setting = await export(database, 1)
    await revise(setting, 0, 2)
    (row,) = await setting.rows()
    async with database.read(setting.organisation_id) as unit:
        (found,) = await unit.deliveries.ready(setting.integration_id, EVERY, 0, 10)
    record = setting.records[0]
    assert (found.id, found.record_id, found.reference) == (row.id, record.id, row.reference)
    assert (found.state, found.attempts, found.recoveries, found.first_sent_at) == (READY, 0, 0, None)
    assert (found.status, found.revision, found.currency, found.amount_minor) == ("approved", 2, "NOK", 41200)
    assert (found.content_hash, json.loads(found.payload)) == (record.content_hash, record.payload)


async def test_a_wait_is_over_at_its_instant_and_not_before(database: Database) -> None:
    setting = await export(database, 3)
    await setting.put_in(SENDING, SENDING, READY)
    one, two, _ = await setting.rows()
    wait = DeliveryState.RETRY_WAIT
    due = LATER.replace(microsecond=500)
    await setting.settle(outcome(one, wait, due_at=due), outcome(two, wait, due_at=LATER))
    async with database.read(setting.organisation_id) as unit:

        async def waited(now: datetime, after: int = 0, limit: int = 10) -> list[int]:
            page = await unit.deliveries.waited(setting.integration_id, EVERY, now, after, limit)
            return [row.id for row in page]

        assert await waited(LATER - timedelta(microseconds=1)) == []
        assert await waited(LATER) == [two.id]
        assert await waited(due) == [one.id, two.id]
        assert await waited(due, limit=1) == [one.id]
        assert await waited(due, after=one.id) == [two.id]


@pytest.mark.parametrize(
    ("suspicion", "recoveries"),
    [(EVERY, {0, 1, 2, 3}), (Suspicion(0, 0), {0}), (Suspicion(1, 1), {1}), (Suspicion(2), {2, 3})],
)
async def test_suspects_are_read_apart(
    database: Database, suspicion: Suspicion, recoveries: set[int]
) -> None:
    setting = await export(database, 8)
    await setting.put_in(*[READY] * 4, *[DeliveryState.RETRY_WAIT] * 4)
    for number, row in enumerate(await setting.rows()):
        await setting.suspect(row, number % 4)
        if number >= 4:
            await setting.settle(outcome(row, READY))
            await setting.begin(intent(row, was=READY))
            await setting.settle(
                outcome(row, DeliveryState.RETRY_WAIT, was=SENDING, attempts=1, due_at=LATER)
            )
    async with database.read(setting.organisation_id) as unit:
        ready = await unit.deliveries.ready(setting.integration_id, suspicion, 0, 10)
        waited = await unit.deliveries.waited(setting.integration_id, suspicion, LATER, 0, 10)
    assert [row.recoveries for row in ready] == sorted(recoveries)
    assert [row.recoveries for row in waited] == sorted(recoveries)


async def test_what_a_dead_run_left_becomes_unknown_and_is_due_after_its_quiet_period(
    database: Database,
) -> None:
    setting = await export(database, len(DeliveryState))
    await setting.put_in(*DeliveryState)
    async with database.write(setting.organisation_id) as unit:
        (left,) = await unit.deliveries.interrupted(setting.integration_id, 0, 10)
        assert (left.state, left.payload) == (SENDING, ""), "what was sent is not read again"
        doubt = Settlement(left.id, SENDING, 0, DeliveryState.UNKNOWN, due_at=LATER, recovered=1)
        assert await unit.deliveries.settle([doubt], START) == {left.id}
        assert await unit.deliveries.unknown_due(setting.integration_id, START, 0, 10) == []
        (due,) = await unit.deliveries.unknown_due(setting.integration_id, LATER, 0, 10)
        assert await unit.deliveries.unknown_due(setting.integration_id, LATER, due.id, 10) == []
    (row,) = [row for row in await setting.rows() if row.id == due.id]
    assert (row.state, row.recoveries, row.due_at) == (DeliveryState.UNKNOWN, 1, LATER)


async def test_what_is_in_doubt_comes_with_the_amount_that_was_sent(database: Database) -> None:
    setting = await export(database, 1)
    await setting.begin(*[intent(row) for row in await setting.rows()])
    async with database.write(setting.organisation_id) as unit:
        known = await unit.records.by_ids([setting.records[0].id])
        known[setting.records[0].id].amount_minor = 999_900
    async with database.write(setting.organisation_id) as unit:
        (found,) = await unit.deliveries.interrupted(setting.integration_id, 0, 10)
    assert (found.currency, found.amount_minor, found.attempts) == ("NOK", 41200, 1)


async def test_retrying_makes_ready_what_is_in_the_named_states(database: Database) -> None:
    setting = await export(database, len(DeliveryState))
    await setting.put_in(*DeliveryState)
    named = [DeliveryState.REJECTED, DeliveryState.NEEDS_PERSON]
    async with database.write(setting.organisation_id) as unit:
        assert await unit.deliveries.retry(setting.integration_id, named, LATER) == 2
    assert await setting.states() == [READY if state in named else state for state in DeliveryState]


async def test_of_very_many_only_so_many_are_made_ready_at_once(database: Database) -> None:
    setting = await export(database, 3)
    rejected = DeliveryState.REJECTED
    await setting.put_in(rejected, rejected, rejected)
    revived = []
    while not revived or revived[-1]:
        async with database.write(setting.organisation_id) as unit:
            revived.append(await unit.deliveries.retry(setting.integration_id, [rejected], LATER, limit=2))
    assert revived == [2, 1, 0]
    assert await setting.states() == [READY] * 3


async def test_one_record_can_be_retried_alone(database: Database) -> None:
    setting = await export(database, 2)
    rejected = DeliveryState.REJECTED
    await setting.put_in(rejected, rejected)
    async with database.write(setting.organisation_id) as unit:
        only = setting.records[1].id
        assert await unit.deliveries.retry(setting.integration_id, [rejected], LATER, only) == 1
    assert await setting.states() == [rejected, READY]


async def test_a_new_revision_revives_what_was_rejected_and_nothing_else(database: Database) -> None:
    setting = await export(database, 3)
    rejected = DeliveryState.REJECTED
    await setting.put_in(rejected, rejected, DELIVERED)
    await revise(setting, 1, 2)
    await revise(setting, 2, 2)
    async with database.write(setting.organisation_id) as unit:
        found = await unit.deliveries.revised(setting.integration_id)
        everything = [row.id for row in await setting.rows()]
        assert (
            await unit.deliveries.revive_revised(setting.integration_id, everything, LATER) == len(found) == 1
        )
    assert await setting.states() == [rejected, READY, DELIVERED]


async def test_deliveries_are_counted_by_state(database: Database) -> None:
    setting = await export(database, 3)
    await setting.put_in(READY, DELIVERED, DELIVERED)
    async with database.read(setting.organisation_id) as unit:
        assert await unit.deliveries.counts(setting.integration_id) == {READY: 1, DELIVERED: 2}
        assert await unit.deliveries.counts(uuid.uuid4()) == {}


async def test_a_record_tells_its_way_to_every_accounting_system(database: Database) -> None:
    setting = await export(database, 1)
    second = await save_integration(database, setting.organisation_id)
    async with database.write(setting.organisation_id) as unit:
        await take_up(unit, second.id, setting.records)
    assert [row.integration_id for row in await setting.rows()] == [setting.integration_id, second.id]


@pytest.mark.parametrize("state", [READY, DELIVERED])
async def test_retrying_what_cannot_become_ready_is_refused_and_changes_nothing(
    database: Database, state: DeliveryState
) -> None:
    setting = await export(database, 2)
    rejected = DeliveryState.REJECTED
    await setting.put_in(state, rejected)
    async with database.write(setting.organisation_id) as unit:
        with pytest.raises(ValueError, match=f"from {state} to ready"):
            await unit.deliveries.retry(setting.integration_id, [rejected, state], LATER)
    assert await setting.states() == [state, rejected]
