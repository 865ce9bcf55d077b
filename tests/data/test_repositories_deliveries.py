"""Deliveries move only between the states they should, and every move is counted."""

import uuid
from datetime import timedelta

import pytest

from integration_admin.core.errors import Conflict
from integration_admin.core.statuses import DeliveryState
from integration_admin.data.database import Database
from integration_admin.data.models import Delivery, RecordRow
from integration_admin.data.repositories.deliveries import Intent, NewDelivery, Settlement
from integration_admin.data.repositories.unit import Unit
from tests.builders import make_claim, save_integration, save_organisation, save_records
from tests.fakes import START

READY, SENDING, DELIVERED = DeliveryState.READY, DeliveryState.SENDING, DeliveryState.DELIVERED
LATER = START + timedelta(minutes=5)
RUN = uuid.uuid4()


class Export:
    """An integration whose records are all taken up; `rows` are its deliveries by id."""

    def __init__(
        self,
        database: Database,
        organisation_id: uuid.UUID,
        integration_id: uuid.UUID,
        records: list[RecordRow],
    ) -> None:
        self.database = database
        self.organisation_id = organisation_id
        self.integration_id = integration_id
        self.records = records

    async def rows(self) -> list[Delivery]:
        async with self.database.read(self.organisation_id) as unit:
            return [row for record in self.records for row in await unit.deliveries.of_record(record.id)]

    async def put_in(self, *states: DeliveryState) -> None:
        """Put the deliveries, in their order, into `states`."""
        rows = await self.rows()
        moves = [Settlement(row.id, state) for row, state in zip(rows, states, strict=True)]
        async with self.database.write(self.organisation_id) as unit:
            assert await unit.deliveries.settle(moves, list(DeliveryState), START) == len(moves)

    async def states(self) -> list[DeliveryState]:
        return [row.state for row in await self.rows()]


async def export(database: Database, count: int) -> Export:
    organisation = await save_organisation(database)
    integration = await save_integration(database, organisation.id)
    records = await save_records(database, organisation.id, *(make_claim() for _ in range(count)))
    async with database.write(organisation.id) as unit:
        await take_up(unit, integration.id, records)
    return Export(database, organisation.id, integration.id, records)


async def take_up(unit: Unit, integration_id: uuid.UUID, records: list[RecordRow]) -> None:
    first = await unit.integrations.take_voucher_numbers(integration_id, len(records))
    new = [NewDelivery(row.id, f"ref-{row.id}", first + n, row.revision) for n, row in enumerate(records)]
    await unit.deliveries.add(integration_id, new, START)


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


async def test_beginning_to_send_records_the_intent(database: Database) -> None:
    setting = await export(database, 1)
    (row,) = await setting.rows()
    async with database.write(setting.organisation_id) as unit:
        assert (
            await unit.deliveries.begin_sending([Intent(row.id, "digest", 3, "NOK", 41200)], RUN, LATER) == 1
        )
    (row,) = await setting.rows()
    assert (row.state, row.attempts, row.payload_hash, row.revision) == (SENDING, 1, "digest", 3)
    assert (row.run_id, row.sent_at, row.due_at, row.updated_at) == (RUN, LATER, None, LATER)
    assert (row.currency, row.amount_minor) == ("NOK", 41200)


@pytest.mark.parametrize("state", DeliveryState)
async def test_only_what_is_ready_or_waits_can_begin_to_be_sent(
    database: Database, state: DeliveryState
) -> None:
    setting = await export(database, 1)
    await setting.put_in(state)
    (row,) = await setting.rows()
    async with database.write(setting.organisation_id) as unit:
        moved = await unit.deliveries.begin_sending([Intent(row.id, "digest", 1, "NOK", 41200)], RUN, LATER)
    may = state in {READY, DeliveryState.RETRY_WAIT}
    assert moved == int(may)
    assert await setting.states() == [SENDING if may else state]


async def test_what_is_being_sent_is_not_begun_again(database: Database) -> None:
    setting = await export(database, 3)
    intents = [Intent(row.id, "digest", 1, "NOK", 41200) for row in await setting.rows()]
    async with database.write(setting.organisation_id) as unit:
        assert await unit.deliveries.begin_sending(intents[:1], RUN, START) == 1
        assert await unit.deliveries.begin_sending(intents, RUN, START) == 2
        assert await unit.deliveries.begin_sending(intents, RUN, START) == 0
    assert [row.attempts for row in await setting.rows()] == [1, 1, 1]


async def test_settling_touches_and_counts_only_rows_in_the_expected_states(database: Database) -> None:
    setting = await export(database, len(DeliveryState))
    await setting.put_in(*DeliveryState)
    rows = await setting.rows()
    outcomes = [Settlement(row.id, DELIVERED, f"ext-{row.id}") for row in rows]
    async with database.write(setting.organisation_id) as unit:
        settled = await unit.deliveries.settle(outcomes, [SENDING, DeliveryState.UNKNOWN], LATER)
    assert settled == 2
    changed = {row.state: after for row, after in zip(rows, await setting.rows(), strict=True)}
    assert {state for state, after in changed.items() if after.updated_at == LATER} == {
        SENDING,
        DeliveryState.UNKNOWN,
    }
    assert changed[SENDING].external_id == f"ext-{changed[SENDING].id}"
    assert changed[DeliveryState.REJECTED].state is DeliveryState.REJECTED


async def test_each_row_of_many_gets_its_own_outcome(database: Database) -> None:
    setting = await export(database, 3)
    await setting.put_in(SENDING, SENDING, SENDING)
    one, two, three = await setting.rows()
    outcomes = [
        Settlement(one.id, DELIVERED, "ext-1"),
        Settlement(two.id, DeliveryState.RETRY_WAIT, due_at=LATER),
        Settlement(three.id, DeliveryState.REJECTED),
    ]
    async with database.write(setting.organisation_id) as unit:
        assert await unit.deliveries.settle(outcomes, [SENDING], START) == 3
    assert [(row.state, row.external_id, row.due_at) for row in await setting.rows()] == [
        (DELIVERED, "ext-1", None),
        (DeliveryState.RETRY_WAIT, "", LATER),
        (DeliveryState.REJECTED, "", None),
    ]


async def test_the_count_is_of_all_rows_of_a_long_list(database: Database) -> None:
    setting = await export(database, 120)
    rows = await setting.rows()
    await setting.put_in(*[SENDING if number % 3 else READY for number in range(120)])
    outcomes = [Settlement(row.id, DELIVERED) for row in rows] + [Settlement(10**9, DELIVERED)]
    async with database.write(setting.organisation_id) as unit:
        assert await unit.deliveries.settle(outcomes, [SENDING], START) == 80
        intents = [Intent(row.id, "digest", 1, "NOK", 41200) for row in rows]
        assert await unit.deliveries.begin_sending(intents, RUN, START) == 40
        assert await unit.deliveries.counts(setting.integration_id) == {DELIVERED: 80, SENDING: 40}


async def test_an_outcome_told_twice_counts_once(database: Database) -> None:
    setting = await export(database, 1)
    await setting.put_in(SENDING)
    (row,) = await setting.rows()
    twice = [Settlement(row.id, DELIVERED, "first"), Settlement(row.id, DeliveryState.REJECTED)]
    async with database.write(setting.organisation_id) as unit:
        assert await unit.deliveries.settle(twice, [SENDING], START) == 1
    assert [(row.state, row.external_id) for row in await setting.rows()] == [(DELIVERED, "first")]


async def test_moving_nothing_moves_nothing(database: Database) -> None:
    setting = await export(database, 1)
    (row,) = await setting.rows()
    async with database.write(setting.organisation_id) as unit:
        assert await unit.deliveries.begin_sending([], RUN, START) == 0
        assert await unit.deliveries.settle([], [READY], START) == 0
        assert await unit.deliveries.settle([Settlement(row.id, DELIVERED)], [], START) == 0
    assert await setting.states() == [READY]


async def test_what_can_be_sent_comes_in_pages_without_gap_or_repeat(database: Database) -> None:
    setting = await export(database, 10)
    wait, states = DeliveryState.RETRY_WAIT, [READY] * 10
    states[3], states[4], states[5] = wait, wait, SENDING
    await setting.put_in(*states)
    rows = await setting.rows()
    async with database.write(setting.organisation_id) as unit:
        dues = [Settlement(rows[3].id, wait, due_at=START), Settlement(rows[4].id, wait, due_at=LATER)]
        await unit.deliveries.settle(dues, [wait], START)
    pages: list[list[int]] = []
    async with database.read(setting.organisation_id) as unit:
        after = 0
        while page := await unit.deliveries.sendable(setting.integration_id, START, after, 3):
            pages.append([row.id for row in page])
            after = page[-1].id
    sendable = [row.id for number, row in enumerate(rows) if number not in {4, 5}]
    assert pages == [sendable[:3], sendable[3:6], sendable[6:]]


async def test_what_a_dead_run_left_becomes_unknown_and_is_due_after_its_quiet_period(
    database: Database,
) -> None:
    setting = await export(database, len(DeliveryState))
    await setting.put_in(*DeliveryState)
    async with database.write(setting.organisation_id) as unit:
        (left,) = await unit.deliveries.interrupted(setting.integration_id, START, 0, 10)
        doubt = Settlement(left.id, DeliveryState.UNKNOWN, due_at=LATER, recovered=True)
        assert await unit.deliveries.settle([doubt], [SENDING], START) == 1
        assert await unit.deliveries.unknown_due(setting.integration_id, START, 0, 10) == []
        (due,) = await unit.deliveries.unknown_due(setting.integration_id, LATER, 0, 10)
        assert await unit.deliveries.unknown_due(setting.integration_id, LATER, due.id, 10) == []
    (row,) = [row for row in await setting.rows() if row.id == due.id]
    assert (row.state, row.recoveries, row.due_at) == (DeliveryState.UNKNOWN, 1, LATER)


async def test_retrying_makes_ready_what_is_in_the_named_states(database: Database) -> None:
    setting = await export(database, len(DeliveryState))
    await setting.put_in(*DeliveryState)
    named = [DeliveryState.REJECTED, DeliveryState.NEEDS_PERSON]
    async with database.write(setting.organisation_id) as unit:
        assert await unit.deliveries.retry(setting.integration_id, named, LATER) == 2
    assert await setting.states() == [READY if state in named else state for state in DeliveryState]


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
    async with database.write(setting.organisation_id) as unit:
        known = await unit.records.by_ids([record.id for record in setting.records])
        known[setting.records[1].id].revision = 2
        known[setting.records[2].id].revision = 2
    async with database.write(setting.organisation_id) as unit:
        assert await unit.deliveries.revive_revised(setting.integration_id, LATER) == 1
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
