"""What goes wrong around an export: nothing blocks the rest, nothing is sent blindly, nothing is called a success."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from faults.looking import looking
from integration_admin.adapters.base import Booked, Capabilities, Outcome, Result, Voucher
from integration_admin.adapters.wording import scrub
from integration_admin.core.errors import AdapterError, Fault
from integration_admin.core.mapping import FieldMapping
from integration_admin.core.messages import msg
from integration_admin.core.statuses import DeliveryState, RunState
from integration_admin.data.models import RecordRow, Run
from tests.builders import make_claim, make_line
from tests.services.conftest import MAPPING, Engine
from tests.services.fake_adapter import FakeAdapter, book_all
from tests.services.refusing_database import refusing

AFTER_QUIET = timedelta(minutes=10)


def lose(_adapter: FakeAdapter, _batch: Sequence[Voucher]) -> list[Outcome]:
    raise AdapterError(msg("The answer was lost."), Fault.UNKNOWN_OUTCOME)


async def states(engine: Engine, integration_id: object) -> dict[DeliveryState, int]:
    async with engine.database.read(engine.actor.organisation_id) as unit:
        return await unit.deliveries.counts(integration_id)


async def run_states(engine: Engine) -> list[RunState]:
    async with looking(engine.database) as connection:
        return list(await connection.scalars(select(Run.state)))


async def test_a_lookup_that_fails_keeps_no_new_claim_from_going_out(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(2)
    engine.adapter.behaviour = lose
    await engine.sync(integration)

    async def broken(_credentials: object, _references: Sequence[str]) -> list[Booked]:
        raise AdapterError(msg("Not now."), Fault.UPSTREAM)

    engine.adapter.lookup = broken
    engine.adapter.behaviour = book_all
    await engine.receive(3, first=10)
    engine.clock.advance(AFTER_QUIET)
    run = await engine.sync(integration)

    assert run.delivered == 3
    assert run.state is RunState.PARTLY_FAILED
    assert await states(engine, integration) == {DeliveryState.DELIVERED: 3, DeliveryState.UNKNOWN: 2}
    async with engine.database.system() as system:
        assert await system.integrations_with_due_deliveries(engine.clock.now()) == []


async def test_a_lookup_our_own_fault_breaks_keeps_no_new_claim_from_going_out_either(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(2)
    engine.adapter.behaviour = lose
    await engine.sync(integration)

    async def broken(_credentials: object, _references: Sequence[str]) -> list[Booked]:
        detail = "a bug"
        raise TypeError(detail)

    engine.adapter.lookup = broken
    engine.adapter.behaviour = book_all
    await engine.receive(3, first=10)
    engine.clock.advance(AFTER_QUIET)
    run = await engine.sync(integration)

    assert (run.delivered, run.state) == (3, RunState.PARTLY_FAILED)
    assert await states(engine, integration) == {DeliveryState.DELIVERED: 3, DeliveryState.UNKNOWN: 2}
    async with engine.database.system() as system:
        assert await system.integrations_with_due_deliveries(engine.clock.now()) == []


async def test_words_cut_in_the_middle_of_an_emoji_cost_one_record_and_no_run(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(3)

    def refuse_one(adapter: FakeAdapter, batch: Sequence[Voucher]) -> list[Outcome]:
        why = msg("It says: “{words}”", words=scrub("Too long: Middag \ud83c"))
        refused = Outcome(batch[0].reference, Result.REJECTED, message=why, fault=Fault.UPSTREAM)
        return [refused, *book_all(adapter, batch[1:])]

    engine.adapter.behaviour = refuse_one
    run = await engine.sync(integration)
    assert (run.delivered, run.rejected) == (2, 1)
    (failure,) = (await engine.health.of(engine.actor, integration)).failures
    assert str(failure.message) == "It says: “Too long: Middag”"


async def test_where_nothing_can_be_looked_up_a_person_decides_and_nothing_is_sent_again(
    engine: Engine,
) -> None:
    integration = await engine.set_up()
    engine.adapter.capabilities = Capabilities(batch_size=10, lookup=False, send_seconds=30.0)
    await engine.receive(2)
    engine.adapter.behaviour = lose
    await engine.sync(integration)
    engine.adapter.behaviour = book_all
    engine.clock.advance(AFTER_QUIET)
    run = await engine.sync(integration)

    assert (engine.adapter.ledger, engine.adapter.looked_up) == ([], [])
    assert await states(engine, integration) == {DeliveryState.NEEDS_PERSON: 2}
    assert run.state is RunState.FAILED


async def test_another_mapping_or_revision_sends_nothing_again_whose_outcome_nobody_knows(
    engine: Engine,
) -> None:
    integration = await engine.set_up()
    # A REST interface that only honours its Idempotency-Key, which would be another one for another content.
    engine.adapter.capabilities = Capabilities(batch_size=1, lookup=False, send_seconds=30.0)
    await engine.receive(1)

    def book_and_lose(adapter: FakeAdapter, batch: Sequence[Voucher]) -> list[Outcome]:
        book_all(adapter, batch)
        return lose(adapter, batch)

    engine.adapter.behaviour = book_and_lose
    await engine.sync(integration)
    version = (await engine.mappings.editor(engine.actor, integration)).version
    other = MAPPING | {"text": FieldMapping(constant="Utlegg")}
    assert (await engine.mappings.save(engine.actor, integration, version, other, accept_warnings=True)).saved
    engine.adapter.behaviour = book_all
    await engine.sync(integration)
    engine.clock.advance(AFTER_QUIET)
    await engine.sync(integration)
    await engine.receive(1, revision=2, purpose="Rettet")
    engine.clock.advance(AFTER_QUIET)
    await engine.sync(integration)

    assert await states(engine, integration) == {DeliveryState.NEEDS_PERSON: 1}
    assert len(engine.adapter.ledger) == 1


async def test_a_fault_of_our_own_in_the_middle_of_a_send_leaves_nothing_marked_as_being_sent(
    engine: Engine,
) -> None:
    integration = await engine.set_up()
    await engine.receive(3)

    def break_down(adapter: FakeAdapter, batch: Sequence[Voucher]) -> list[Outcome]:
        book_all(adapter, batch)
        detail = "a bug"
        raise RuntimeError(detail)

    engine.adapter.behaviour = break_down
    run = await engine.sync(integration)
    assert (run.state, await states(engine, integration)) == (RunState.FAILED, {DeliveryState.UNKNOWN: 3})

    engine.adapter.behaviour = book_all
    engine.clock.advance(AFTER_QUIET)
    await engine.sync(integration)
    assert await states(engine, integration) == {DeliveryState.DELIVERED: 3}
    assert len(engine.adapter.ledger) == 3


async def test_a_run_that_cannot_write_down_what_is_in_doubt_is_taken_up_by_the_next_tick(
    engine: Engine,
) -> None:
    integration = await engine.set_up()
    await engine.receive(3)
    engine.adapter.behaviour = lose
    async with refusing(engine.database, DeliveryState.UNKNOWN):
        broken = await engine.sync(integration)
        await engine.scheduler.tick()
        await engine.work_off()
    assert broken.state is RunState.RUNNING
    assert await states(engine, integration) == {DeliveryState.SENDING: 3}
    assert await run_states(engine) == [RunState.RUNNING]

    engine.adapter.behaviour = book_all
    for _ in range(2):
        await engine.scheduler.tick()
        await engine.work_off()
        engine.clock.advance(AFTER_QUIET)
    assert await states(engine, integration) == {DeliveryState.DELIVERED: 3}
    assert len(engine.adapter.ledger) == 3


async def test_what_a_dead_run_of_a_paused_integration_was_sending_is_doubted_at_once_and_looked_up_after_the_pause(
    engine: Engine,
) -> None:
    integration = await engine.set_up()
    await engine.receive(3)
    engine.adapter.behaviour = lose
    async with refusing(engine.database, DeliveryState.UNKNOWN):
        await engine.sync(integration)
    await engine.configuration.set_paused(engine.actor, integration, paused=True)
    await engine.scheduler.tick()
    await engine.work_off()
    assert await states(engine, integration) == {DeliveryState.UNKNOWN: 3}
    assert await run_states(engine) == [RunState.FAILED]

    engine.adapter.behaviour = book_all
    await engine.configuration.set_paused(engine.actor, integration, paused=False)
    for _ in range(2):
        await engine.scheduler.tick()
        await engine.work_off()
        engine.clock.advance(AFTER_QUIET)
    assert await states(engine, integration) == {DeliveryState.DELIVERED: 3}
    assert len(engine.adapter.ledger) == 3


async def test_a_stored_claim_that_cannot_be_read_fails_alone(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(4)
    async with engine.database.system(writes=True) as system:
        await system._session.execute(
            update(RecordRow).where(RecordRow.external_id == "EC-2").values(payload={"kind": "nonsense"})
        )

    run = await engine.sync(integration)

    assert (run.delivered, run.rejected) == (3, 1)


@pytest.mark.parametrize("when", ["queued", "running"])
async def test_pausing_stops_a_run_that_waits_or_is_under_way(engine: Engine, when: str) -> None:
    integration = await engine.set_up()
    await engine.receive(30)
    run = await engine.runs.start(engine.actor, integration)
    honest = engine.adapter.send

    async def pause_while_sending(credentials: object, batch: Sequence[Voucher]) -> list[Outcome]:
        await engine.configuration.set_paused(engine.actor, integration, paused=True)
        return await honest(credentials, batch)

    if when == "queued":
        await engine.configuration.set_paused(engine.actor, integration, paused=True)
    else:
        engine.adapter.send = pause_while_sending
    await engine.runner.carry_out(engine.actor.organisation_id, run.id)

    assert len(engine.adapter.ledger) == (0 if when == "queued" else 10)


@pytest.mark.parametrize("before", [True, False])
async def test_a_run_that_pausing_cuts_short_is_no_success_and_says_so(
    engine: Engine,
    before: bool,  # noqa: FBT001, a case
) -> None:
    integration = await engine.set_up()
    await engine.receive(1)
    engine.adapter.behaviour = lose
    await engine.sync(integration)
    engine.adapter.behaviour = book_all
    await engine.receive(30, first=10)
    engine.clock.advance(AFTER_QUIET)
    asked, send = engine.adapter.lookup, engine.adapter.send

    async def pause_and_ask(credentials: object, references: Sequence[str]) -> list[Booked]:
        await engine.configuration.set_paused(engine.actor, integration, paused=before)
        return await asked(credentials, references)

    async def pause_and_send(credentials: object, batch: Sequence[Voucher]) -> list[Outcome]:
        await engine.configuration.set_paused(engine.actor, integration, paused=True)
        return await send(credentials, batch)

    engine.adapter.lookup, engine.adapter.send = pause_and_ask, pause_and_send
    run = await engine.sync(integration)

    exported = len(engine.adapter.ledger)
    assert exported == (0 if before else 1)
    assert (run.state, run.delivered) == (RunState.CANCELLED, exported)
    assert str(run.message) == f"Cancelled after {exported} exported records."


async def test_a_revision_that_is_refused_is_refused_once(engine: Engine) -> None:
    integration = await engine.set_up()
    unmapped = [make_line(category="gifts")]
    for revision in (1, 2):
        await engine.records.receive(engine.actor, [make_claim(id="EC-1", revision=revision, lines=unmapped)])
        await engine.sync(integration)

    again = await engine.sync(integration)

    assert (again.rejected, again.state) == (0, RunState.SUCCEEDED)
    assert len((await engine.health.of(engine.actor, integration)).failures) == 1


async def test_a_claim_found_absent_counts_once_when_it_is_delivered_after_all(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(2)
    engine.adapter.behaviour = lose
    await engine.sync(integration)
    engine.adapter.behaviour = book_all
    engine.clock.advance(AFTER_QUIET)

    run = await engine.sync(integration)

    assert (run.state, run.delivered, run.waiting) == (RunState.SUCCEEDED, 2, 0)


async def test_a_run_beside_an_open_doubt_is_no_success_and_says_so(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(1)
    engine.adapter.behaviour = lose
    await engine.sync(integration)

    run = await engine.sync(integration)

    assert run.state is RunState.FAILED
    assert "being checked: 1" in str(run.message)


async def test_the_sums_are_of_what_was_sent_not_of_what_the_claim_says_now(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(1, lines=[make_line(amount="412.00")])

    def book_and_lose(adapter: FakeAdapter, batch: Sequence[Voucher]) -> list[Outcome]:
        book_all(adapter, batch)
        return lose(adapter, batch)

    engine.adapter.behaviour = book_and_lose
    await engine.sync(integration)
    await engine.receive(1, revision=2, lines=[make_line(amount="9999.00")])
    engine.clock.advance(AFTER_QUIET)

    run = await engine.sync(integration)

    assert (run.delivered, run.sums) == (1, {"NOK": 41_200})


async def test_an_outage_of_hours_makes_few_runs(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(40)

    def down(_adapter: FakeAdapter, _batch: Sequence[Voucher]) -> list[Outcome]:
        raise AdapterError(msg("Nothing answers."), Fault.TRANSIENT)

    engine.adapter.behaviour = down
    await engine.sync(integration)
    for _ in range(180):
        engine.clock.advance(60)
        await engine.scheduler.tick()
        await engine.work_off()
    page = await engine.history.page(engine.actor, integration, limit=500)
    assert len(page.runs) < 60
    engine.adapter.behaviour = book_all
    engine.clock.advance(3600)
    await engine.scheduler.tick()
    await engine.work_off()
    assert len(engine.adapter.ledger) == 40
