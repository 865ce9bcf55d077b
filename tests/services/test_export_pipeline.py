"""How an export keeps sends in flight: never too many, none forgotten, everything committed in groups."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event

from integration_admin.adapters.base import Outcome, Result, Voucher
from integration_admin.core.errors import AdapterError, Fault
from integration_admin.core.messages import msg
from integration_admin.core.statuses import DeliveryState, RunState
from integration_admin.data.repositories.deliveries import DeliveryRepository
from tests.builders import make_claim, make_line
from tests.services.conftest import Engine
from tests.services.fake_adapter import FakeAdapter, book_all
from tests.services.traffic import Traffic, limited, set_up, states


@pytest.mark.parametrize(
    ("batch_size", "in_flight", "count"), [(1, 1, 30), (1, 4, 60), (1, 32, 150), (10, 8, 240), (100, 3, 600)]
)
async def test_never_more_sends_are_under_way_than_allowed_and_all_places_are_used(
    engine: Engine, batch_size: int, in_flight: int, count: int
) -> None:
    integration = await set_up(engine, count, batch_size=batch_size, in_flight=in_flight)
    traffic = Traffic(engine.adapter, turns=20 + 2 * batch_size)
    run = await engine.sync(integration)

    assert (run.state, run.delivered) == (RunState.SUCCEEDED, count)
    assert max(traffic.seen) == in_flight
    assert (
        len({voucher.reference for voucher in engine.adapter.ledger}) == len(engine.adapter.ledger) == count
    )
    assert all(len(batch) <= batch_size for batch in engine.adapter.sent)


@pytest.mark.parametrize(("batch_size", "in_flight"), [(10, 4), (1, 8)])
async def test_nothing_leaves_before_its_intent_is_committed(
    engine: Engine, batch_size: int, in_flight: int
) -> None:
    integration = await set_up(engine, 60, batch_size=batch_size, in_flight=in_flight)
    without_intent: list[str] = []

    async def look(adapter: FakeAdapter, batch: Sequence[Voucher]) -> list[Outcome]:
        async with engine.database.read(engine.actor.organisation_id) as unit:
            sending = {item.reference for item in await unit.deliveries.interrupted(integration, 0, 1000)}
        without_intent.extend({voucher.reference for voucher in batch} - sending)
        return book_all(adapter, batch)

    engine.adapter.behaviour = look
    await engine.sync(integration)
    assert (len(engine.adapter.ledger), without_intent) == (60, [])


@pytest.mark.parametrize(
    ("lookup", "ahead"), [(True, 48), (False, 8)], ids=["looked up", "questions to a person"]
)
async def test_what_is_claimed_ahead_is_little_and_least_where_a_crash_would_make_questions_of_it(
    engine: Engine, *, lookup: bool, ahead: int
) -> None:
    integration = await set_up(engine, 600, batch_size=1, in_flight=8)
    engine.adapter.capabilities = replace(engine.adapter.capabilities, lookup=lookup)
    claimed: list[int] = []

    async def look(adapter: FakeAdapter, batch: Sequence[Voucher]) -> list[Outcome]:
        claimed.append((await states(engine, integration)).get(DeliveryState.SENDING, 0))
        return book_all(adapter, batch)

    engine.adapter.behaviour = look
    await engine.sync(integration)
    # In flight, and waiting to fill a place.
    assert max(claimed) <= 8 + ahead


async def test_another_thousand_claims_are_read_with_few_more_questions(engine: Engine) -> None:
    integration = await set_up(engine, 1, batch_size=100, in_flight=5)
    await engine.sync(integration)
    questions: list[str] = []
    event.listen(
        engine.database.engine.sync_engine,
        "before_cursor_execute",
        lambda _connection, _cursor, statement, *_: questions.append(statement),
    )
    asked = []
    for count, first in ((500, 1_000), (1_500, 3_000)):
        await engine.receive(count, first)
        questions.clear()
        assert (await engine.sync(integration)).delivered == count
        pages = [one for one in questions if one.startswith("SELECT") and ".external_id, records." in one]
        ready = [one for one in questions if one.startswith("SELECT deliveries.id, deliveries.record_id")]
        asked.append((len(pages), len(ready)))
    (few_pages, few_ready), (many_pages, many_ready) = asked
    # A page of 500 is taken up, and read, with one question each.
    assert (many_pages - few_pages, many_ready - few_ready) == (2, 2)


@pytest.mark.parametrize("how", ["cancel", "pause"])
async def test_intents_that_were_not_sent_are_taken_back_when_somebody_stops_the_run(
    engine: Engine, how: str
) -> None:
    integration = await set_up(engine, 160, batch_size=1, in_flight=8)
    run = await engine.runs.start(engine.actor, integration)
    stopped = asyncio.Event()

    async def stop_at_the_tenth(adapter: FakeAdapter, batch: Sequence[Voucher]) -> list[Outcome]:
        place = len(adapter.sent)
        if place == 10 and how == "cancel":
            await engine.runs.cancel(engine.actor, run.id)
        elif place == 10:
            await engine.configuration.set_paused(engine.actor, integration, paused=True)
        if place == 10:
            stopped.set()
        elif place > 10:
            await stopped.wait()
        return book_all(adapter, batch)

    engine.adapter.behaviour = stop_at_the_tenth
    await engine.runner.carry_out(engine.actor.organisation_id, run.id)

    booked = len(engine.adapter.ledger)
    assert 10 <= booked < 160
    assert await states(engine, integration) == {
        DeliveryState.DELIVERED: booked,
        DeliveryState.READY: 160 - booked,
    }
    assert (await engine.runs.get(engine.actor, run.id)).delivered == booked


async def test_intents_that_were_not_sent_are_taken_back_when_the_run_ends_early(engine: Engine) -> None:
    integration = await set_up(engine, 60, batch_size=1, in_flight=8)
    Traffic(engine.adapter, limited(600, 1000))
    run = await engine.sync(integration)

    left = await states(engine, integration)
    assert run.state is RunState.FAILED
    assert set(left) == {DeliveryState.READY, DeliveryState.RETRY_WAIT}
    assert left[DeliveryState.RETRY_WAIT] == len(engine.adapter.sent) <= 8


@pytest.mark.parametrize("in_flight", [1, 4])
async def test_a_batch_that_fails_in_the_middle_does_not_stop_the_others(
    engine: Engine, in_flight: int
) -> None:
    integration = await set_up(engine, 60, batch_size=10, in_flight=in_flight)

    def third_is_lost(adapter: FakeAdapter, batch: Sequence[Voucher]) -> list[Outcome]:
        if any(voucher.record_id == "EC-25" for voucher in batch):
            raise AdapterError(msg("The answer was lost."), Fault.UNKNOWN_OUTCOME)
        return book_all(adapter, batch)

    Traffic(engine.adapter, third_is_lost)
    run = await engine.sync(integration)
    assert (run.state, run.delivered, run.unknown) == (RunState.PARTLY_FAILED, 50, 10)


async def test_claims_that_cannot_become_vouchers_keep_no_place_and_no_other_claim(engine: Engine) -> None:
    integration = await set_up(engine, 0, batch_size=5, in_flight=4)
    unmapped = [make_line(category="gifts")]
    claims = [make_claim(id=f"EC-{n}", **({} if n % 3 else {"lines": unmapped})) for n in range(90)]
    await engine.records.receive(engine.actor, claims)
    run = await engine.sync(integration)
    assert (run.delivered, run.rejected) == (60, 30)


async def test_a_record_revised_between_reading_and_intent_goes_out_in_its_new_revision_in_the_same_run(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    integration = await set_up(engine, 5, batch_size=10, in_flight=1)
    honest = DeliveryRepository.ready
    read: list[int] = []

    async def revise_after_reading(self: DeliveryRepository, *arguments: Any) -> Any:
        page = await honest(self, *arguments)
        if page and not read:
            read.append(len(page))
            revising.append(asyncio.create_task(revise()))
        return page

    async def revise() -> None:
        changed = make_claim(id="EC-3", revision=2, lines=[make_line(amount="99.00")])
        await engine.records.receive(engine.actor, [changed])

    revising: list[asyncio.Task[None]] = []
    honest_write = engine.database.write

    @asynccontextmanager
    async def after_the_revision(organisation_id: uuid.UUID) -> AsyncIterator[Any]:
        # The export's own writes wait until the revision is in; the revision's own does not.
        if revising and asyncio.current_task() is not revising[0]:
            await revising[0]
        async with honest_write(organisation_id) as unit:
            yield unit

    monkeypatch.setattr(DeliveryRepository, "ready", revise_after_reading)
    monkeypatch.setattr(engine.database, "write", after_the_revision)
    run = await engine.sync(integration)

    assert engine.adapter.sent == [["EC-1", "EC-2", "EC-4", "EC-5"], ["EC-3"]]
    (revised,) = [voucher for voucher in engine.adapter.ledger if voucher.record_id == "EC-3"]
    assert revised.lines[0].amount.minor == 9_900
    assert (run.delivered, run.sums) == (5, {"NOK": 4 * 41_200 + 9_900})


async def test_a_fault_while_reading_ahead_leaves_nothing_marked_as_being_sent(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    integration = await set_up(engine, 250, batch_size=10, in_flight=2)
    honest = DeliveryRepository.ready
    pages: list[int] = []

    async def break_on_the_second(self: DeliveryRepository, *arguments: Any) -> Any:
        pages.append(1)
        if len(pages) == 3:
            detail = "the disk is gone"
            raise OSError(detail)
        return await honest(self, *arguments)

    monkeypatch.setattr(DeliveryRepository, "ready", break_on_the_second)
    Traffic(engine.adapter)
    run = await engine.sync(integration)
    assert run.state in {RunState.FAILED, RunState.PARTLY_FAILED}
    assert DeliveryState.SENDING not in await states(engine, integration)

    engine.clock.advance(61)
    await engine.scheduler.tick()
    await engine.work_off()
    await engine.sync(integration)
    assert len({voucher.reference for voucher in engine.adapter.ledger}) == len(engine.adapter.ledger) == 250
    assert await states(engine, integration) == {DeliveryState.DELIVERED: 250}


async def test_commits_cover_groups(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    integration = await set_up(engine, 2000, batch_size=1, in_flight=32)
    Traffic(engine.adapter)
    honest = engine.database.write
    commits: list[int] = []

    @asynccontextmanager
    async def counted(organisation_id: uuid.UUID) -> AsyncIterator[Any]:
        commits.append(1)
        async with honest(organisation_id) as unit:
            yield unit

    monkeypatch.setattr(engine.database, "write", counted)
    run = await engine.sync(integration)
    assert run.delivered == len(engine.adapter.sent) == 2000
    assert len(commits) < 2000 / 3


async def test_outcomes_are_committed_while_the_run_goes_on(engine: Engine) -> None:
    integration = await set_up(engine, 1000, batch_size=1, in_flight=4)
    uncommitted: list[int] = []

    async def look(adapter: FakeAdapter, batch: Sequence[Voucher]) -> list[Outcome]:
        if len(adapter.sent) % 50 == 0:
            delivered = (await states(engine, integration)).get(DeliveryState.DELIVERED, 0)
            uncommitted.append(len(adapter.ledger) - delivered)
        return book_all(adapter, batch)

    engine.adapter.behaviour = look
    await engine.sync(integration)
    assert len(uncommitted) == 20
    assert max(uncommitted) <= 150


class _Held:
    """Books so many sends at once and holds the others until they are let go."""

    def __init__(self, adapter: FakeAdapter, first: int) -> None:
        self._first = self._answered = first
        self._waiting: asyncio.Queue[asyncio.Event] = asyncio.Queue()
        self._all = asyncio.Event()
        adapter.behaviour = self._send

    async def _send(self, adapter: FakeAdapter, batch: Sequence[Voucher]) -> list[Outcome]:
        if len(adapter.sent) > self._first and not self._all.is_set():
            answer = asyncio.Event()
            self._waiting.put_nowait(answer)
            await asyncio.wait(
                [asyncio.ensure_future(answer.wait()), asyncio.ensure_future(self._all.wait())],
                return_when=asyncio.FIRST_COMPLETED,
            )
        return book_all(adapter, batch)

    async def let_one_go(self, engine: Engine, integration: uuid.UUID) -> None:
        """Answer one of those held, and let the time pass until that is committed."""
        (await self._waiting.get()).set()
        self._answered += 1
        async with asyncio.timeout(10):
            while (await states(engine, integration)).get(DeliveryState.DELIVERED) != self._answered:
                engine.clock.advance(1)
                await asyncio.sleep(0.01)

    async def wait_until_full(self, places: int) -> None:
        """Wait until so many are held."""
        async with asyncio.timeout(10):
            while self._waiting.qsize() < places:  # noqa: ASYNC110, a queue tells nobody its size
                await asyncio.sleep(0.01)

    def let_all_go(self) -> None:
        self._all.set()


async def test_an_answer_is_committed_soon_however_slowly_others_come(engine: Engine) -> None:
    integration = await set_up(engine, 160, batch_size=1, in_flight=8)
    held = _Held(engine.adapter, first=60)
    syncing = asyncio.create_task(engine.sync(integration))
    await held.let_one_go(engine, integration)
    held.let_all_go()
    assert (await syncing).delivered == 160


async def test_who_cancels_is_heard_although_all_that_is_left_is_ready_to_leave(engine: Engine) -> None:
    integration = await set_up(engine, 60, batch_size=1, in_flight=8)
    held = _Held(engine.adapter, first=10)
    run = await engine.runs.start(engine.actor, integration)
    carrying = asyncio.create_task(engine.runner.carry_out(engine.actor.organisation_id, run.id))
    await held.let_one_go(engine, integration)
    await held.wait_until_full(8)
    await engine.runs.cancel(engine.actor, run.id)
    await held.let_one_go(engine, integration)
    held.let_all_go()
    await carrying
    # Twelve that were answered by then, and eight that were under way.
    assert await states(engine, integration) == {DeliveryState.DELIVERED: 20, DeliveryState.READY: 40}
    assert (await engine.runs.get(engine.actor, run.id)).state is RunState.CANCELLED


async def test_a_partial_answer_is_taken_record_by_record(engine: Engine) -> None:
    integration = await set_up(engine, 5, batch_size=5, in_flight=1)

    def one_of_each(adapter: FakeAdapter, batch: Sequence[Voucher]) -> list[Outcome]:
        told = [
            Outcome(v.reference, result, message=msg("Not now."), fault=Fault.TRANSIENT)
            for v, result in zip(
                batch[1:],
                [Result.REJECTED, Result.NOT_SENT, Result.NEEDS_PERSON, Result.UNKNOWN],
                strict=True,
            )
        ]
        return [*reversed(told), adapter.book(batch[0])]

    engine.adapter.behaviour = one_of_each
    await engine.sync(integration)
    assert await states(engine, integration) == dict.fromkeys(
        [
            DeliveryState.DELIVERED,
            DeliveryState.REJECTED,
            DeliveryState.RETRY_WAIT,
            DeliveryState.NEEDS_PERSON,
            DeliveryState.UNKNOWN,
        ],
        1,
    )


@pytest.mark.parametrize("in_flight", [1, 4])
async def test_batches_are_as_full_as_the_lines_allow_and_never_fuller(
    engine: Engine, in_flight: int
) -> None:
    integration = await set_up(engine, 0, batch_size=50, in_flight=in_flight)
    engine.adapter.capabilities = replace(engine.adapter.capabilities, batch_lines=20)
    counts = [number % 5 + 1 for number in range(120)] + [25]
    claims = [
        make_claim(id=f"EC-{place}", lines=[make_line(line=line) for line in range(1, count + 1)])
        for place, count in enumerate(counts)
    ]
    await engine.records.receive(engine.actor, claims)
    sizes: list[int] = []

    def count(adapter: FakeAdapter, batch: Sequence[Voucher]) -> list[Outcome]:
        sizes.append(sum(len(voucher.lines) + 1 for voucher in batch))
        return book_all(adapter, batch)

    engine.adapter.behaviour = count
    run = await engine.sync(integration)
    assert run.delivered == len(counts)
    assert max(sizes) == 26, "what is too large for any batch goes alone"
    assert all(size <= 20 for size in sorted(sizes)[:-1])
    # The last ones of a page and of all have what is left over.
    assert sum(1 for size in sizes if size < 15) <= 2
