"""Deliveries move only as the state machine says, and only if nobody else has moved them meanwhile."""

import pytest

from integration_admin.core.statuses import DeliveryState
from integration_admin.core.transitions import TRANSITIONS
from integration_admin.data.database import Database
from integration_admin.data.repositories.deliveries import Intent, Settlement
from tests.data.taken_up import LATER, RUN, export, intent, outcome, revise
from tests.fakes import START

READY, SENDING, DELIVERED = DeliveryState.READY, DeliveryState.SENDING, DeliveryState.DELIVERED


async def test_beginning_to_send_records_the_intent(database: Database) -> None:
    setting = await export(database, 1)
    (row,) = await setting.rows()
    assert await setting.begin(intent(row)) == {row.id}
    (row,) = await setting.rows()
    assert (row.state, row.attempts, row.payload_hash, row.revision) == (SENDING, 1, "digest", 1)
    assert (row.run_id, row.sent_at, row.due_at, row.updated_at) == (RUN, LATER, None, LATER)
    assert (row.first_sent_at, row.currency, row.amount_minor) == (LATER, "NOK", 41200)


async def test_the_time_it_was_sent_first_is_kept_through_later_attempts(database: Database) -> None:
    setting = await export(database, 1)
    (row,) = await setting.rows()
    async with database.write(setting.organisation_id) as unit:
        await unit.deliveries.begin_sending([intent(row)], RUN, START)
        waits = Settlement(row.id, SENDING, 1, DeliveryState.RETRY_WAIT, due_at=START)
        await unit.deliveries.settle([waits], START)
        again = Intent(row.id, DeliveryState.RETRY_WAIT, 1, 1, "digest")
        assert await unit.deliveries.begin_sending([again], RUN, LATER) == {row.id}
    (row,) = await setting.rows()
    assert (row.first_sent_at, row.sent_at, row.attempts) == (START, LATER, 2)


@pytest.mark.parametrize("state", DeliveryState)
async def test_only_what_is_ready_or_waits_can_begin_to_be_sent(
    database: Database, state: DeliveryState
) -> None:
    setting = await export(database, 1)
    await setting.put_in(state)
    (row,) = await setting.rows()
    if state in {READY, DeliveryState.RETRY_WAIT}:
        assert await setting.begin(intent(row)) == {row.id}
        assert await setting.states() == [SENDING]
    else:
        with pytest.raises(ValueError, match=f"from {state} to sending"):
            await setting.begin(intent(row))
        assert await setting.states() == [state]


@pytest.mark.parametrize("becomes", DeliveryState)
@pytest.mark.parametrize("was", DeliveryState)
async def test_settling_writes_every_legal_move_and_refuses_every_other(
    sqlite_database: Database, was: DeliveryState, becomes: DeliveryState
) -> None:
    setting = await export(sqlite_database, 2)
    await setting.put_in(was, SENDING)
    row, lawful = await setting.rows()
    moves = outcome(lawful), outcome(row, becomes, external_id="ext")
    if becomes in TRANSITIONS[was]:
        assert await setting.settle(*moves) == {row.id, lawful.id}
        assert await setting.states() == [becomes, DELIVERED]
    else:
        with pytest.raises(ValueError, match=f"from {was} to {becomes}"):
            await setting.settle(*moves)
        assert await setting.states() == [was, SENDING], "not one of them is written"


@pytest.mark.parametrize("moved", [{"was": DeliveryState.RETRY_WAIT}, {"attempts": 1}, {"attempts": -1}])
async def test_an_intent_for_a_delivery_somebody_else_has_moved_is_left_alone_and_not_counted(
    database: Database, moved: dict[str, object]
) -> None:
    setting = await export(database, 2)
    row, other = await setting.rows()
    assert await setting.begin(intent(row, **moved), intent(other)) == {other.id}
    row, _ = await setting.rows()
    assert (row.state, row.attempts, row.payload_hash, row.run_id) == (READY, 0, "", None)


@pytest.mark.parametrize("moved", [{"was": DeliveryState.UNKNOWN}, {"attempts": 2}, {"attempts": 0}])
async def test_an_outcome_for_a_delivery_somebody_else_has_moved_is_left_alone_and_not_counted(
    database: Database, moved: dict[str, object]
) -> None:
    setting = await export(database, 2)
    await setting.begin(*[intent(row) for row in await setting.rows()])
    row, other = await setting.rows()
    stale = outcome(row, external_id="ext", **moved)
    assert await setting.settle(stale, outcome(other)) == {other.id}
    row, other = await setting.rows()
    assert (row.state, row.external_id, row.attempts) == (SENDING, "", 1)
    assert other.state is DELIVERED


@pytest.mark.parametrize("revision", [1, 3])
async def test_an_intent_holds_only_for_the_revision_the_record_has_now(
    database: Database, revision: int
) -> None:
    setting = await export(database, 2)
    await revise(setting, 0, 2)
    row, other = await setting.rows()
    assert await setting.begin(intent(row, revision=revision), intent(other)) == {other.id}
    assert await setting.begin(intent(row, revision=2)) == {row.id}
    assert [row.revision for row in await setting.rows()] == [2, 1]


async def test_what_is_being_sent_is_not_begun_again(database: Database) -> None:
    setting = await export(database, 3)
    rows = await setting.rows()
    intents = [intent(row) for row in rows]
    assert await setting.begin(intents[0]) == {rows[0].id}
    assert await setting.begin(*intents) == {rows[1].id, rows[2].id}
    assert await setting.begin(*intents) == frozenset()
    assert [row.attempts for row in await setting.rows()] == [1, 1, 1]


async def test_each_row_of_many_gets_its_own_outcome(database: Database) -> None:
    setting = await export(database, 4)
    await setting.put_in(SENDING, SENDING, SENDING, SENDING)
    one, two, three, four = await setting.rows()
    moved = await setting.settle(
        outcome(one, external_id="ext-1"),
        outcome(two, DeliveryState.RETRY_WAIT, due_at=LATER),
        outcome(three, DeliveryState.REJECTED, revision=7),
        outcome(four, DeliveryState.UNKNOWN, due_at=LATER, recovered=1),
    )
    assert moved == {one.id, two.id, three.id, four.id}
    assert [
        (row.state, row.external_id, row.due_at, row.revision, row.recoveries) for row in await setting.rows()
    ] == [
        (DELIVERED, "ext-1", None, 1, 0),
        (DeliveryState.RETRY_WAIT, "", LATER, 1, 0),
        (DeliveryState.REJECTED, "", None, 7, 0),
        (DeliveryState.UNKNOWN, "", LATER, 1, 1),
    ]


async def test_a_long_list_is_moved_and_answered_for_row_by_row(database: Database) -> None:
    setting = await export(database, 700)
    await setting.put_in(*[SENDING if number % 3 else READY for number in range(700)])
    rows = await setting.rows()
    sending = {row.id for row in rows if row.state is SENDING}
    outcomes = [outcome(row, was=SENDING) for row in rows]
    absent = Settlement(10**9, SENDING, 0, DELIVERED)
    assert await setting.settle(*outcomes, absent) == sending
    begun = await setting.begin(*[intent(row, was=READY) for row in rows])
    assert begun == {row.id for row in rows} - sending


async def test_moving_nothing_moves_nothing(database: Database) -> None:
    setting = await export(database, 1)
    assert await setting.begin() == frozenset()
    assert await setting.settle() == frozenset()
    assert await setting.states() == [READY]


async def test_texts_with_quotes_and_letters_of_ours_and_instants_survive(database: Database) -> None:
    setting = await export(database, 1)
    await setting.begin(*[intent(row) for row in await setting.rows()])
    (row,) = await setting.rows()
    due, said = LATER.replace(microsecond=123456), "Bilag 'æøå' \"ÆØÅ\" \\ 💶 $[0]"
    await setting.settle(outcome(row, DeliveryState.UNKNOWN, external_id=said, due_at=due))
    (row,) = await setting.rows()
    assert (row.external_id, row.due_at) == (said, due)
