"""What a rate limit means for a run: short ones are waited out, long ones end it."""

import asyncio
from collections.abc import Sequence

import pytest

from integration_admin.adapters.base import Outcome, Voucher
from integration_admin.core.errors import AdapterError, Fault
from integration_admin.core.messages import msg
from integration_admin.core.statuses import DeliveryState, RunState
from tests.services.conftest import Engine
from tests.services.fake_adapter import FakeAdapter, book_all
from tests.services.traffic import Traffic, limited, set_up, states


async def test_a_rate_limit_of_a_minute_is_waited_out_inside_the_run(engine: Engine) -> None:
    integration = await set_up(engine, 40, batch_size=10, in_flight=1)
    engine.adapter.behaviour = limited(60, 1)
    run = await engine.sync(integration)

    assert engine.clock.slept == [60]
    assert (run.delivered, len(engine.adapter.ledger)) == (40, 40)
    assert run.sums == {"NOK": 40 * 41_200}


async def test_a_run_that_delivers_everything_after_a_wait_has_succeeded(engine: Engine) -> None:
    integration = await set_up(engine, 40, batch_size=10, in_flight=1)
    engine.adapter.behaviour = limited(5, 2)
    run = await engine.sync(integration)
    assert (run.delivered, run.waiting, run.state) == (40, 0, RunState.SUCCEEDED)


async def test_a_rate_limit_without_a_time_rests_for_a_second(engine: Engine) -> None:
    integration = await set_up(engine, 20, batch_size=10, in_flight=1)

    def once(adapter: FakeAdapter, batch: Sequence[Voucher]) -> list[Outcome]:
        if len(adapter.sent) == 1:
            raise AdapterError(msg("Too many requests."), Fault.RATE_LIMITED)
        return book_all(adapter, batch)

    engine.adapter.behaviour = once
    await engine.sync(integration)
    assert engine.clock.slept == [1]
    assert len(engine.adapter.ledger) == 10, "the refused ones wait for their own time"


@pytest.mark.parametrize("in_flight", [1, 8])
async def test_a_longer_rate_limit_ends_the_run(engine: Engine, in_flight: int) -> None:
    integration = await set_up(engine, 100, batch_size=1, in_flight=in_flight)
    Traffic(engine.adapter, limited(61, 1000))
    run = await engine.sync(integration)
    assert (engine.clock.slept, run.state) == ([], RunState.FAILED)
    assert str(run.message) == "Too many requests."
    assert len(engine.adapter.sent) <= in_flight


async def test_a_run_rests_five_times_in_a_row_and_not_more(engine: Engine) -> None:
    integration = await set_up(engine, 100, batch_size=10, in_flight=1)
    engine.adapter.behaviour = limited(3, 1000)
    run = await engine.sync(integration)
    assert engine.clock.slept == [3] * 5
    assert (run.state, str(run.message)) == (RunState.FAILED, "Too many requests.")
    assert DeliveryState.SENDING not in await states(engine, integration)


async def test_sends_that_are_refused_at_the_same_time_are_one_rest(engine: Engine) -> None:
    integration = await set_up(engine, 100, batch_size=1, in_flight=16)
    all_there = asyncio.Barrier(16)
    refuse = limited(7, 16)

    async def together(adapter: FakeAdapter, batch: Sequence[Voucher]) -> list[Outcome]:
        if len(adapter.sent) <= 16:
            await all_there.wait()
        return refuse(adapter, batch)

    engine.adapter.behaviour = together
    await engine.sync(integration)
    assert engine.clock.slept == [7]
    assert len(engine.adapter.ledger) == 100


async def test_after_a_rest_that_helped_the_count_of_rests_begins_anew(engine: Engine) -> None:
    integration = await set_up(engine, 100, batch_size=10, in_flight=1)

    def every_second(adapter: FakeAdapter, batch: Sequence[Voucher]) -> list[Outcome]:
        if len(adapter.sent) % 2:
            raise AdapterError(msg("Too many requests."), Fault.RATE_LIMITED, retry_after=1)
        return book_all(adapter, batch)

    engine.adapter.behaviour = every_second
    await engine.sync(integration)
    assert len(engine.clock.slept) >= 10
    assert len(engine.adapter.ledger) == 100
