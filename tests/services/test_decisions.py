"""What only a person can tell: decided once, by one person, written down, and never a double by itself."""

import asyncio
import uuid
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import pytest

from integration_admin.adapters.base import Capabilities, Outcome, Result, Voucher
from integration_admin.core.actor import Actor
from integration_admin.core.errors import AdapterError, Conflict, Fault, InvalidInput, NotFound, NotPermitted
from integration_admin.core.messages import msg
from integration_admin.core.statuses import DeliveryState, Role, RunState
from integration_admin.data.models import Delivery
from tests.builders import make_run, save_integration, save_organisation
from tests.fakes import START
from tests.services.conftest import Engine
from tests.services.fake_adapter import FakeAdapter, book_all
from tests.services.waiting import DOUBLED, save_undecided

CLAIM = "expense_claim"
ONE = (CLAIM, "EC-1")
AFTER_QUIET = timedelta(minutes=10)


@pytest.fixture
async def integration(engine: Engine) -> uuid.UUID:
    """An active integration with nothing to send."""
    row = await save_integration(engine.database, engine.actor.organisation_id, kind="xledger")
    return row.id


async def undecided(engine: Engine, integration: uuid.UUID, *ids: str, **changes: object) -> None:
    await save_undecided(engine.database, engine.actor.organisation_id, integration, *ids, **changes)


async def delivery(engine: Engine, record_id: str = "EC-1") -> Delivery:
    async with engine.database.read(engine.actor.organisation_id) as unit:
        row = await unit.records.get(CLAIM, record_id)
        (found,) = await unit.deliveries.of_record(row.id)
    return found


async def test_a_record_that_waits_is_shown_with_what_to_search_for(
    engine: Engine, integration: uuid.UUID
) -> None:
    await undecided(engine, integration, "EC-1", currency="NOK", amount_minor=99_900)
    (shown,) = (await engine.decisions.waiting(engine.actor, integration)).decisions
    stored = await delivery(engine)
    assert (shown.record_kind, shown.record_id) == ONE
    assert (shown.reference, shown.voucher_number) == (stored.reference, stored.voucher_number)
    assert str(shown.amount.decimal()) == "999.00", "the amount that was sent, not the claim's of today"
    assert (shown.sent_at, shown.may_send_again) == (START, True)
    assert "cannot be asked" in str(shown.message)


async def test_what_waits_comes_in_pages_the_oldest_first(engine: Engine, integration: uuid.UUID) -> None:
    ids = [f"EC-{number}" for number in range(5)]
    await undecided(engine, integration, *ids)
    seen, cursor = [], 0
    while True:
        page = await engine.decisions.waiting(engine.actor, integration, cursor, limit=2)
        assert len(page.decisions) <= 2
        seen += [item.record_id for item in page.decisions]
        cursor = page.next_cursor
        if not cursor:
            break
    assert seen == ids


async def test_a_record_that_is_there_counts_as_exported_once(engine: Engine, integration: uuid.UUID) -> None:
    await undecided(engine, integration, "EC-1", "EC-2")
    await engine.decisions.found(engine.actor, integration, ONE, "  2026-4711 ")

    stored = await delivery(engine)
    assert (stored.state, stored.external_id, stored.due_at) == (DeliveryState.DELIVERED, "2026-4711", None)
    health = await engine.health.of(engine.actor, integration)
    assert (health.delivered_total, health.undecided, health.waiting) == (1, 1, 0)
    assert [failure.record_id for failure in health.failures] == ["EC-2"]
    (run,) = (await engine.history.page(engine.actor, integration)).runs
    assert (run.delivered, run.unknown, run.sums) == (0, 2, {}), "no run delivered it, so none counts it"


async def test_a_record_that_is_not_there_is_ready_as_if_never_sent(
    engine: Engine, integration: uuid.UUID
) -> None:
    await undecided(engine, integration, "EC-1", "EC-2")
    before = await delivery(engine)
    await engine.decisions.send_again(engine.actor, integration, [ONE, (CLAIM, "EC-2"), ONE])

    stored = await delivery(engine)
    assert (stored.state, stored.recoveries, stored.first_sent_at) == (DeliveryState.READY, 0, None)
    assert (stored.reference, stored.voucher_number) == (before.reference, before.voucher_number)
    health = await engine.health.of(engine.actor, integration)
    assert (health.undecided, health.waiting, health.failures) == (0, 2, ())
    assert (health.active_run, engine.queue._queue.qsize()) == (None, 0), "deciding starts nothing"


@pytest.mark.parametrize("decision", ["found", "send_again"])
async def test_who_decided_what_is_written_down(
    engine: Engine, integration: uuid.UUID, decision: str
) -> None:
    await undecided(engine, integration, "EC-1")
    await decide(engine, integration, decision)
    async with engine.database.read(engine.actor.organisation_id) as unit:
        (event, *_) = await unit.audit.latest()
    expected = {"integration": str(integration), "reference": (await delivery(engine)).reference}
    number = {"number": "4711"} if decision == "found" else {}
    assert (event.actor, event.action, event.target) == ("Alice", f"record.{decision}", "expense_claim EC-1")
    assert event.detail == expected | number


async def decide(engine: Engine, integration: uuid.UUID, decision: str, actor: Actor | None = None) -> None:
    actor = actor or engine.actor
    if decision == "found":
        await engine.decisions.found(actor, integration, ONE, "4711")
    else:
        await engine.decisions.send_again(actor, integration, [ONE])


@pytest.mark.parametrize("first", ["found", "send_again"])
@pytest.mark.parametrize("second", ["found", "send_again"])
async def test_the_second_to_decide_is_told_and_changes_nothing(
    engine: Engine, integration: uuid.UUID, first: str, second: str
) -> None:
    await undecided(engine, integration, "EC-1")
    await decide(engine, integration, first)
    before = await delivery(engine)
    with pytest.raises(Conflict) as told:
        await decide(engine, integration, second)
    assert "Somebody else has decided this already" in str(told.value.message)
    after = await delivery(engine)
    assert (after.state, after.external_id) == (before.state, before.external_id)


async def test_of_several_who_decide_at_once_one_wins(engine: Engine, integration: uuid.UUID) -> None:
    await undecided(engine, integration, "EC-1")
    answers = await asyncio.gather(
        *(decide(engine, integration, word) for word in ("found", "send_again") * 3), return_exceptions=True
    )
    assert Counter(type(answer) for answer in answers) == {type(None): 1, Conflict: 5}


async def test_people_who_decide_about_the_same_records_at_once_never_block_each_other(
    engine: Engine, integration: uuid.UUID
) -> None:
    ids = [(CLAIM, f"EC-{number}") for number in range(8)]
    await undecided(engine, integration, *(record_id for _, record_id in ids))
    answers = await asyncio.gather(
        *(engine.decisions.send_again(engine.actor, integration, order) for order in (ids, ids[::-1])),
        return_exceptions=True,
    )
    assert Counter(type(answer) for answer in answers) == {type(None): 1, Conflict: 1}


async def test_all_of_several_are_sent_again_or_none(engine: Engine, integration: uuid.UUID) -> None:
    await undecided(engine, integration, "EC-1", "EC-2")
    await engine.decisions.found(engine.actor, integration, (CLAIM, "EC-2"), "4711")
    with pytest.raises(Conflict):
        await engine.decisions.send_again(engine.actor, integration, [ONE, (CLAIM, "EC-2")])
    assert (await delivery(engine)).state is DeliveryState.NEEDS_PERSON


async def test_what_is_booked_twice_cannot_be_sent_again(engine: Engine, integration: uuid.UUID) -> None:
    await undecided(engine, integration, "EC-1", fault=Fault.UPSTREAM, message=DOUBLED)
    (shown,) = (await engine.decisions.waiting(engine.actor, integration)).decisions
    assert not shown.may_send_again
    with pytest.raises(Conflict) as told:
        await engine.decisions.send_again(engine.actor, integration, [ONE])
    assert "booked more than once" in str(told.value.message)
    assert (await delivery(engine)).state is DeliveryState.NEEDS_PERSON

    await engine.decisions.found(engine.actor, integration, ONE, "4711")
    assert (await delivery(engine)).state is DeliveryState.DELIVERED


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (Fault.UPSTREAM, msg("Xledger took only some lines of voucher {number}.", number=7)),
        (Fault.BUG, msg("The program stopped three times while sending this record.")),
    ],
)
async def test_what_was_taken_in_part_or_stopped_the_program_may_be_sent_again(
    engine: Engine, integration: uuid.UUID, fault: Fault, message: object
) -> None:
    await undecided(engine, integration, "EC-1", fault=fault, message=message)
    (shown,) = (await engine.decisions.waiting(engine.actor, integration)).decisions
    assert shown.may_send_again
    await engine.decisions.send_again(engine.actor, integration, [ONE])
    assert (await delivery(engine)).state is DeliveryState.READY


@pytest.mark.parametrize(
    "state", [state for state in DeliveryState if state is not DeliveryState.NEEDS_PERSON]
)
@pytest.mark.parametrize("decision", ["found", "send_again"])
async def test_nobody_decides_about_a_record_the_export_is_still_responsible_for(
    engine: Engine, integration: uuid.UUID, state: DeliveryState, decision: str
) -> None:
    await undecided(engine, integration, "EC-1", state=state)
    with pytest.raises(Conflict):
        await decide(engine, integration, decision)
    assert (await delivery(engine)).state is state


@pytest.mark.parametrize("typed", ["", "   ", "4" * 101, "47\n11", "\x00"])
async def test_a_voucher_number_is_asked_for(engine: Engine, integration: uuid.UUID, typed: str) -> None:
    await undecided(engine, integration, "EC-1")
    with pytest.raises(InvalidInput) as told:
        await engine.decisions.found(engine.actor, integration, ONE, typed)
    assert list(told.value.fields) == ["voucher_number"]
    assert (await delivery(engine)).state is DeliveryState.NEEDS_PERSON


@pytest.mark.parametrize("decision", ["found", "send_again"])
async def test_whoever_may_only_look_decides_nothing(
    engine: Engine, integration: uuid.UUID, decision: str
) -> None:
    await undecided(engine, integration, "EC-1")
    viewer = Actor(engine.actor.organisation_id, "Bob", Role.VIEWER)
    assert len((await engine.decisions.waiting(viewer, integration)).decisions) == 1
    with pytest.raises(NotPermitted):
        await decide(engine, integration, decision, viewer)


@pytest.mark.parametrize("decision", ["found", "send_again"])
async def test_another_organisation_finds_nothing_to_decide(
    engine: Engine, integration: uuid.UUID, decision: str
) -> None:
    await undecided(engine, integration, "EC-1")
    other = await save_organisation(engine.database)
    stranger = Actor(other.id, "Charlie", Role.ADMINISTRATOR)
    with pytest.raises(NotFound):
        await engine.decisions.waiting(stranger, integration)
    with pytest.raises(NotFound):
        await decide(engine, integration, decision, stranger)


async def test_an_unknown_record_is_not_found_and_none_is_no_choice(
    engine: Engine, integration: uuid.UUID
) -> None:
    with pytest.raises(NotFound):
        await decide(engine, integration, "found")
    with pytest.raises(InvalidInput):
        await engine.decisions.send_again(engine.actor, integration, [])


async def test_a_run_under_way_keeps_nobody_from_deciding(engine: Engine, integration: uuid.UUID) -> None:
    await undecided(engine, integration, "EC-1", "EC-2")
    async with engine.database.write(engine.actor.organisation_id) as unit:
        await unit.runs.add(make_run(integration, state=RunState.RUNNING))
    async with engine.locks.hold(integration):
        await decide(engine, integration, "found")
        await engine.decisions.send_again(engine.actor, integration, [(CLAIM, "EC-2")])
    assert (await engine.health.of(engine.actor, integration)).undecided == 0


def lose(_adapter: FakeAdapter, _batch: Sequence[Voucher]) -> list[Outcome]:
    raise AdapterError(msg("The answer was lost."), Fault.UNKNOWN_OUTCOME)


async def test_a_record_sent_again_goes_out_once_under_the_same_reference(engine: Engine) -> None:
    integration = await engine.set_up()
    engine.adapter.capabilities = Capabilities(batch_size=10, lookup=False, send_seconds=30.0)
    await engine.receive(2)
    engine.adapter.behaviour = lose
    await engine.sync(integration)
    engine.clock.advance(AFTER_QUIET)
    await engine.sync(integration)
    first = (await engine.decisions.waiting(engine.actor, integration)).decisions
    assert [item.record_id for item in first] == ["EC-1", "EC-2"]

    engine.adapter.behaviour = book_all
    await engine.decisions.found(engine.actor, integration, ONE, "4711")
    await engine.decisions.send_again(engine.actor, integration, [(CLAIM, "EC-2")])
    run = await engine.sync(integration)

    assert (run.state, run.delivered) == (RunState.SUCCEEDED, 1)
    assert [voucher.reference for voucher in engine.adapter.ledger] == [first[1].reference]
    assert (await engine.sync(integration)).delivered == 0


async def test_what_a_lookup_found_twice_is_never_offered_to_be_sent_again(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(1)

    def book_twice_and_lose(adapter: FakeAdapter, batch: Sequence[Voucher]) -> list[Outcome]:
        book_all(adapter, batch)
        book_all(adapter, batch)
        return lose(adapter, batch)

    engine.adapter.behaviour = book_twice_and_lose
    await engine.sync(integration)
    engine.clock.advance(AFTER_QUIET)
    await engine.sync(integration)

    (shown,) = (await engine.decisions.waiting(engine.actor, integration)).decisions
    assert not shown.may_send_again


async def test_what_an_adapter_says_was_taken_in_part_may_be_sent_again(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(1)
    engine.adapter.behaviour = lambda _, batch: [
        Outcome(
            voucher.reference, Result.NEEDS_PERSON, message=msg("Half of it was taken."), fault=Fault.UPSTREAM
        )
        for voucher in batch
    ]
    await engine.sync(integration)

    (shown,) = (await engine.decisions.waiting(engine.actor, integration)).decisions
    assert shown.may_send_again
    assert str(shown.message) == "Half of it was taken."


async def test_a_record_without_a_reason_is_shown_with_words_of_its_own(
    engine: Engine, integration: uuid.UUID
) -> None:
    rows = await save_undecided(engine.database, engine.actor.organisation_id, integration, "EC-1")
    async with engine.database.write(engine.actor.organisation_id) as unit:
        await unit.runs.resolve_failures(integration, [rows[0].id], START)
    (shown,) = (await engine.decisions.waiting(engine.actor, integration)).decisions
    assert "Look there yourself" in str(shown.message)
    assert shown.may_send_again


async def test_records_of_other_integrations_are_left_alone(engine: Engine, integration: uuid.UUID) -> None:
    other = await save_integration(engine.database, engine.actor.organisation_id, kind="xledger")
    await undecided(engine, integration, "EC-1")
    assert (await engine.decisions.waiting(engine.actor, other.id)).decisions == ()
    with pytest.raises(Conflict):
        await decide(engine, other.id, "found")
