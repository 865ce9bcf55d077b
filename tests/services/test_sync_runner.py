"""The export, start to end, on both databases: each claim once, every failure told, nothing sent blindly."""

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest

from integration_admin.adapters.base import Outcome, Result, Voucher
from integration_admin.core.actor import Actor
from integration_admin.core.errors import AdapterError, AuthenticationFailed, Conflict, Fault
from integration_admin.core.messages import msg
from integration_admin.core.statuses import DeliveryState, IntegrationState, RunState
from integration_admin.data.database import Database
from tests.builders import make_claim, make_line
from tests.services.conftest import Engine
from tests.services.fake_adapter import FakeAdapter, book_all


async def states(engine: Engine, integration_id: object) -> dict[DeliveryState, int]:
    async with engine.database.read(engine.actor.organisation_id) as unit:
        return await unit.deliveries.counts(integration_id)


async def test_every_approved_claim_is_exported_once_and_only_once(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(25)
    await engine.receive(2, first=100, status="draft", approved_on=None)

    first = await engine.sync(integration)
    second = await engine.sync(integration)

    assert (first.state, first.delivered) == (RunState.SUCCEEDED, 25)
    assert first.sums == {"NOK": sum(line.amount.minor for v in engine.adapter.ledger for line in v.lines)}
    assert sorted(v.record_id for v in engine.adapter.ledger) == sorted(f"EC-{n}" for n in range(1, 26))
    assert (second.state, second.delivered) == (RunState.SUCCEEDED, 0)
    assert str(second.message) == "Nothing to export: no approved claims or reimbursements were waiting."


async def test_vouchers_carry_the_mapped_accounts_and_numbers_of_their_own(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(12)
    await engine.sync(integration)

    ledger = engine.adapter.ledger
    assert {line.fields["account"] for voucher in ledger for line in voucher.lines} == {"7140"}
    assert {voucher.fields["credit_account"] for voucher in ledger} == {"2910"}
    assert len({voucher.number for voucher in ledger}) == 12
    assert len({voucher.reference for voucher in ledger}) == 12
    assert all(len(voucher.reference) <= 25 for voucher in ledger)


async def test_the_intent_is_committed_before_anything_is_sent(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(3)
    seen: list[dict[DeliveryState, int]] = []

    async def look(_credentials: object, batch: Sequence[Voucher]) -> list[Outcome]:
        seen.append(await states(engine, integration))
        return book_all(engine.adapter, batch)

    engine.adapter.send = look
    await engine.sync(integration)

    assert seen == [{DeliveryState.SENDING: 3}]


async def test_an_unmapped_category_fails_its_claim_with_the_reason_and_leaves_the_others(
    engine: Engine,
) -> None:
    integration = await engine.set_up()
    await engine.receive(2)
    await engine.records.receive(engine.actor, [_claim_in("gifts", "EC-9")])

    run = await engine.sync(integration)
    health = await engine.health.of(engine.actor, integration)

    assert (run.state, run.delivered, run.rejected) == (RunState.PARTLY_FAILED, 2, 1)
    assert [(item.record_id, item.field) for item in health.failures] == [("EC-9", "account")]
    assert "Gifts" in str(health.failures[0].message)


async def test_a_rejected_claim_is_exported_after_its_cause_is_mended_and_it_is_retried(
    engine: Engine,
) -> None:
    integration = await engine.set_up()
    await engine.receive(1)
    engine.adapter.behaviour = lambda _, batch: [
        Outcome(v.reference, Result.REJECTED, message=msg("Account closed."), fault=Fault.CONFIG)
        for v in batch
    ]
    assert (await engine.sync(integration)).state is RunState.FAILED

    engine.adapter.behaviour = book_all
    assert (await engine.sync(integration)).delivered == 0, "nothing is sent again by itself"
    retried = await engine.runs.retry(engine.actor, integration)
    await engine.work_off()

    assert (await engine.runs.get(engine.actor, retried.id)).delivered == 1
    assert len(engine.adapter.ledger) == 1
    assert (await engine.health.of(engine.actor, integration)).failures == ()


async def test_a_new_revision_of_a_rejected_claim_goes_out_by_itself(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.records.receive(engine.actor, [_claim_in("gifts", "EC-1")])
    await engine.sync(integration)
    await engine.receive(1, revision=2)

    run = await engine.sync(integration)

    assert run.delivered == 1


async def test_a_claim_that_changes_after_its_export_is_not_exported_again(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(1)
    await engine.sync(integration)
    await engine.receive(1, revision=2)

    await engine.sync(integration)

    assert len(engine.adapter.ledger) == 1


async def test_refused_credentials_stop_the_integration_and_blame_no_record(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(3)

    def refuse(_adapter: FakeAdapter, _batch: Sequence[Voucher]) -> list[Outcome]:
        raise AuthenticationFailed(msg("The token is not accepted."))

    engine.adapter.behaviour = refuse
    run = await engine.sync(integration)
    view = await engine.configuration.get(engine.actor, integration)

    assert (run.state, str(run.message)) == (RunState.FAILED, "The token is not accepted.")
    assert view.state is IntegrationState.STOPPED
    assert await states(engine, integration) == {DeliveryState.READY: 3}
    assert (await engine.health.of(engine.actor, integration)).failures == ()
    with pytest.raises(Conflict):
        await engine.runs.start(engine.actor, integration)


async def test_new_credentials_that_pass_the_test_let_a_stopped_integration_go_on(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(3)

    def refuse(_adapter: FakeAdapter, _batch: Sequence[Voucher]) -> list[Outcome]:
        raise AuthenticationFailed(msg("The token is not accepted."))

    engine.adapter.behaviour = refuse
    await engine.sync(integration)
    engine.adapter.behaviour = book_all

    view = await engine.configuration.get(engine.actor, integration)
    await engine.credentials.store(engine.actor, integration, view.version, {"token": "another-token"})
    await engine.credentials.test(engine.actor, integration)

    assert (await engine.sync(integration)).delivered == 3


async def test_a_lost_reply_is_looked_up_after_the_quiet_period_and_not_sent_again(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(3)

    def book_and_lose(adapter: FakeAdapter, batch: Sequence[Voucher]) -> list[Outcome]:
        book_all(adapter, batch)
        raise AdapterError(msg("The answer was lost."), Fault.UNKNOWN_OUTCOME)

    engine.adapter.behaviour = book_and_lose
    first = await engine.sync(integration)
    engine.adapter.behaviour = book_all
    too_early = await engine.sync(integration)
    engine.clock.advance(timedelta(seconds=61))
    settled = await engine.sync(integration)

    assert (first.state, first.unknown) == (RunState.FAILED, 3)
    assert (too_early.delivered, engine.adapter.looked_up) != (3, [])
    assert settled.delivered == 3
    assert len(engine.adapter.ledger) == 3
    assert len(engine.adapter.sent) == 1


async def test_what_a_lookup_does_not_find_is_sent_again_under_the_same_reference(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(1)

    def lose(_adapter: FakeAdapter, _batch: Sequence[Voucher]) -> list[Outcome]:
        raise AdapterError(msg("The answer was lost."), Fault.UNKNOWN_OUTCOME)

    engine.adapter.behaviour = lose
    await engine.sync(integration)
    engine.adapter.behaviour = book_all
    engine.clock.advance(61)
    run = await engine.sync(integration)

    assert run.delivered == 1
    assert engine.adapter.looked_up == [[engine.adapter.ledger[0].reference]]


async def test_a_voucher_that_is_booked_twice_waits_for_a_person(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(1)

    def book_twice_and_lose(adapter: FakeAdapter, batch: Sequence[Voucher]) -> list[Outcome]:
        book_all(adapter, batch)
        book_all(adapter, batch)
        raise AdapterError(msg("The answer was lost."), Fault.UNKNOWN_OUTCOME)

    engine.adapter.behaviour = book_twice_and_lose
    await engine.sync(integration)
    engine.clock.advance(61)
    await engine.sync(integration)

    assert await states(engine, integration) == {DeliveryState.NEEDS_PERSON: 1}
    health = await engine.health.of(engine.actor, integration)
    assert "2 times" in str(health.failures[0].message)


async def test_what_a_dead_process_was_sending_is_looked_up_and_never_sent_blindly(
    engine: Engine,
    database: Database,
    new_engine: Callable[[Database, FakeAdapter, Actor], Engine],
) -> None:
    integration = await engine.set_up()
    await engine.receive(25)

    class Dies(BaseException):
        """Stands for the process's end: nothing in the runner handles it."""

    def die_in_the_second_batch(adapter: FakeAdapter, batch: Sequence[Voucher]) -> list[Outcome]:
        book_all(adapter, batch)
        if len(adapter.sent) == 2:
            raise Dies
        return [Outcome(v.reference, Result.DELIVERED, external_id="x") for v in batch]

    engine.adapter.behaviour = die_in_the_second_batch
    run = await engine.runs.start(engine.actor, integration)
    with pytest.raises(Dies):
        await engine.runner.carry_out(engine.actor.organisation_id, run.id)

    engine.adapter.behaviour = book_all
    successor = new_engine(database, engine.adapter, engine.actor)
    await successor.scheduler.tick()
    await successor.work_off()
    engine.clock.advance(61)
    await successor.scheduler.tick()
    await successor.work_off()

    assert len(engine.adapter.ledger) == 25
    assert len({voucher.reference for voucher in engine.adapter.ledger}) == 25
    assert await states(engine, integration) == {DeliveryState.DELIVERED: 25}


async def test_a_voucher_the_answer_does_not_mention_counts_as_unknown(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(2)
    engine.adapter.behaviour = lambda adapter, batch: [adapter.book(batch[0])]

    run = await engine.sync(integration)

    assert (run.delivered, run.unknown, run.state) == (1, 1, RunState.PARTLY_FAILED)


async def test_a_rate_limit_ends_the_run_and_the_rest_goes_out_when_the_wait_is_over(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(15)

    def limited(_adapter: FakeAdapter, _batch: Sequence[Voucher]) -> list[Outcome]:
        raise AdapterError(msg("Too many requests."), Fault.RATE_LIMITED, retry_after=600)

    engine.adapter.behaviour = limited
    run = await engine.sync(integration)
    assert (run.state, run.waiting, len(engine.adapter.sent)) == (RunState.FAILED, 10, 1)

    engine.adapter.behaviour = book_all
    engine.clock.advance(599)
    await engine.scheduler.tick()
    await engine.work_off()
    assert engine.adapter.ledger == []

    engine.clock.advance(2)
    await engine.scheduler.tick()
    await engine.work_off()
    assert len(engine.adapter.ledger) == 15


async def test_a_second_run_at_the_same_time_is_refused_with_a_sentence(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(1)
    await engine.runs.start(engine.actor, integration)

    with pytest.raises(Conflict) as refusal:
        await engine.runs.start(engine.actor, integration)

    assert "already being synchronised" in str(refusal.value.message)


async def test_the_same_idempotency_key_starts_one_run(engine: Engine) -> None:
    integration = await engine.set_up()
    first = await engine.runs.start(engine.actor, integration, idempotency_key="night-1")
    second = await engine.runs.start(engine.actor, integration, idempotency_key="night-1")

    assert first.id == second.id


async def test_a_cancelled_run_stops_between_batches_and_the_next_one_goes_on(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(30)
    run = await engine.runs.start(engine.actor, integration)

    async def cancel_while_sending(_credentials: object, batch: Sequence[Voucher]) -> list[Outcome]:
        await engine.runs.cancel(engine.actor, run.id)
        return book_all(engine.adapter, batch)

    honest = engine.adapter.send
    engine.adapter.send = cancel_while_sending
    await engine.runner.carry_out(engine.actor.organisation_id, run.id)
    engine.adapter.send = honest
    cancelled = await engine.runs.get(engine.actor, run.id)
    rest = await engine.sync(integration)

    assert (cancelled.state, cancelled.delivered) == (RunState.CANCELLED, 10)
    assert rest.delivered == 20
    assert len(engine.adapter.ledger) == 30


async def test_a_claim_that_is_withdrawn_before_it_is_sent_is_not_exported(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(1)

    def wait(_adapter: FakeAdapter, _batch: Sequence[Voucher]) -> list[Outcome]:
        raise AdapterError(msg("Not now."), Fault.TRANSIENT)

    engine.adapter.behaviour = wait
    await engine.sync(integration)
    engine.adapter.behaviour = book_all
    await engine.receive(1, revision=2, status="draft", approved_on=None)
    engine.clock.advance(3600)
    run = await engine.sync(integration)

    assert (run.rejected, engine.adapter.ledger) == (1, [])


def _claim_in(category: str, claim_id: str) -> dict[str, object]:
    return make_claim(id=claim_id, lines=[make_line(category=category)])
