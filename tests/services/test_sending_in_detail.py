"""One batch over the wire: what a run makes of every kind of answer, and how fresh the lock must be."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from integration_admin.adapters.base import Credentials, Outcome, Result, Voucher
from integration_admin.core.errors import AdapterError, AuthenticationFailed, Conflict, Fault
from integration_admin.core.messages import msg
from integration_admin.core.statuses import DeliveryState
from integration_admin.services.delivery_rules import RetryTimes, outcome_of_error, unanswered
from integration_admin.services.export_job import ExportJob
from integration_admin.services.export_outcomes import unsent, verdict
from integration_admin.services.export_send import Answer, BatchSender, LockWatch
from tests.fakes import START
from tests.services.fake_adapter import Behaviour, FakeAdapter, book_all
from tests.services.outgoing import Lock, make_item, make_job

S = DeliveryState
NOT_NOW = msg("Not now.")
HALF = RetryTimes(lambda: 0.5)
STALE_SECONDS = 0.06
"""Longer than an answer about the lock is good for; the event loop's clock cannot be moved by hand."""


class SlowLock(Lock):
    """A lock whose server takes longer to answer than an answer is good for."""

    async def check(self) -> None:
        await super().check()
        await asyncio.sleep(STALE_SECONDS)


@dataclass
class Sending:
    """A sender of batches to a fake accounting system."""

    adapter: FakeAdapter
    lock: Lock
    sender: BatchSender
    job: ExportJob = field(repr=False)


@pytest.fixture
def sending(tmp_path: Path) -> Sending:
    """A sender whose first throw of the dice falls in the middle; it never opens its database."""
    adapter, lock = FakeAdapter(), Lock()
    dice = iter([0.5, 0.25, 0.125])
    job = make_job(tmp_path, adapter, lock, retry_times=RetryTimes(lambda: next(dice)))
    return Sending(adapter, lock, BatchSender(job), job)


def answering(*outcomes: Outcome) -> Behaviour:
    """Answer with these outcomes whatever is sent."""
    return lambda _adapter, _batch: list(outcomes)


def failing(error: Exception) -> Behaviour:
    """Fail instead of answering."""

    def fail(_adapter: FakeAdapter, _batch: Sequence[Voucher]) -> list[Outcome]:
        raise error

    return fail


def not_sent(number: int, fault: Fault | None = Fault.TRANSIENT, **changes: Any) -> Outcome:
    """Return the outcome of a voucher that surely was not processed."""
    return Outcome(f"IA{number}", Result.NOT_SENT, fault=fault, **({"message": NOT_NOW} | changes))


def problem(answer: Answer) -> tuple[str, Fault, float | None] | None:
    """Return what kept a batch from getting through, in parts that can be compared."""
    error = answer.problem
    return None if error is None else (str(error.message), error.fault, error.retry_after)


async def test_each_record_gets_the_outcome_of_its_own_reference(sending: Sending) -> None:
    items = [make_item(number) for number in (1, 2, 3)]
    second = Outcome("IA2", Result.REJECTED, message=NOT_NOW, fault=Fault.CONFIG, field="account")
    first = Outcome("IA1", Result.DELIVERED, "F-1")
    sending.adapter.behaviour = answering(second, first)
    answer = await sending.sender.send(items)
    assert answer.verdicts == tuple(
        verdict(item.delivery, outcome, START, HALF, sending.job.capabilities)
        for item, outcome in zip(items, [first, second, unanswered("IA3")], strict=True)
    )
    assert answer.verdicts[2].due_at == START + timedelta(seconds=60)
    assert (answer.problem, answer.lost_lock) == (None, None)
    assert sending.adapter.sent == [["EC-1", "EC-2", "EC-3"]]


async def test_the_adapter_is_given_the_credentials_of_the_job(sending: Sending) -> None:
    given: list[Any] = []
    honest = sending.adapter.send

    async def send(credentials: Credentials, batch: Sequence[Voucher]) -> list[Outcome]:
        given.append(credentials)
        return await honest(credentials, batch)

    sending.adapter.send = send
    await sending.sender.send([make_item()])
    assert given == [sending.job.credentials]


async def test_a_lost_lock_takes_every_intent_back_and_nothing_is_sent(sending: Sending) -> None:
    sending.lock.lost = True
    items = [make_item(1), make_item(2)]
    answer = await sending.sender.send(items)
    assert answer.verdicts == tuple(unsent(item.delivery) for item in items)
    assert isinstance(answer.lost_lock, Conflict)
    assert (answer.problem, sending.adapter.sent) == (None, [])


@pytest.mark.parametrize("fault", Fault)
async def test_an_error_of_the_call_is_the_outcome_of_every_record(sending: Sending, fault: Fault) -> None:
    error = AdapterError(NOT_NOW, fault, retry_after=9.0)
    sending.adapter.behaviour = failing(error)
    items = [make_item(1), make_item(2)]
    answer = await sending.sender.send(items)
    assert answer.verdicts == tuple(
        verdict(
            item.delivery,
            outcome_of_error(item.delivery.reference, error),
            START,
            HALF,
            sending.job.capabilities,
        )
        for item in items
    )
    assert answer.problem is error


async def test_a_whole_batch_waits_for_the_same_moment(sending: Sending) -> None:
    sending.adapter.behaviour = failing(AdapterError(NOT_NOW, Fault.TRANSIENT))
    answer = await sending.sender.send([make_item(1), make_item(2)])
    assert [found.due_at for found in answer.verdicts] == [START + timedelta(seconds=15)] * 2


async def test_whatever_broke_leaves_the_batch_in_doubt_and_the_log_says_what(sending: Sending) -> None:
    sending.adapter.behaviour = failing(ZeroDivisionError())
    with capture_logs() as logs:
        answer = await sending.sender.send([make_item(1), make_item(2)])
    sentence = "The export stopped because of a fault in this program."
    assert problem(answer) == (sentence, Fault.BUG, None)
    assert [found.delivery.id for found in answer.verdicts] == [1, 2]
    for found in answer.verdicts:
        assert (found.state, found.fault, str(found.message)) == (S.UNKNOWN, Fault.BUG, sentence)
    (line,) = logs
    assert (line["event"], line["error"], line["log_level"]) == ("send_broke", "ZeroDivisionError", "error")
    assert line["references"] == ["IA1", "IA2"]


@pytest.mark.parametrize("result", [Result.DELIVERED, Result.REJECTED, Result.NEEDS_PERSON])
async def test_one_answered_voucher_shows_that_the_batch_got_through(
    sending: Sending, result: Result
) -> None:
    sending.adapter.behaviour = answering(not_sent(1), Outcome("IA2", result, message=NOT_NOW))
    answer = await sending.sender.send([make_item(1), make_item(2)])
    assert problem(answer) is None


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ([not_sent(1, retry_after=5.0)], ("Not now.", Fault.TRANSIENT, 5.0)),
        ([not_sent(1, Fault.RATE_LIMITED), not_sent(2)], ("Not now.", Fault.RATE_LIMITED, None)),
        (
            [not_sent(1, None, message=None)],
            ("The accounting system let nothing through.", Fault.UPSTREAM, None),
        ),
        (
            [Outcome("IA1", Result.UNKNOWN, fault=Fault.UNKNOWN_OUTCOME, message=NOT_NOW)],
            ("Not now.", Fault.UNKNOWN_OUTCOME, None),
        ),
    ],
)
async def test_where_nothing_got_through_the_first_outcome_says_why(
    sending: Sending, outcomes: list[Outcome], expected: tuple[str, Fault, float | None]
) -> None:
    sending.adapter.behaviour = answering(*outcomes)
    answer = await sending.sender.send([make_item(number) for number in range(1, len(outcomes) + 1)])
    assert problem(answer) == expected
    assert not isinstance(answer.problem, AuthenticationFailed)


async def test_credentials_refused_for_one_voucher_stop_the_integration(sending: Sending) -> None:
    refused = not_sent(2, Fault.CONFIG, message=msg("The token is not accepted."))
    sending.adapter.behaviour = answering(Outcome("IA1", Result.DELIVERED, "F-1"), refused, not_sent(3))
    answer = await sending.sender.send([make_item(number) for number in (1, 2, 3)])
    assert isinstance(answer.problem, AuthenticationFailed)
    assert str(answer.problem.message) == "The token is not accepted."
    assert [found.state for found in answer.verdicts] == [S.DELIVERED, S.READY, S.RETRY_WAIT]


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome("IA1", Result.REJECTED, message=NOT_NOW, fault=Fault.CONFIG),
        not_sent(1, Fault.CONFIG, message=None),
        not_sent(1, Fault.TRANSIENT),
    ],
)
async def test_nothing_else_is_taken_for_refused_credentials(sending: Sending, outcome: Outcome) -> None:
    sending.adapter.behaviour = answering(outcome)
    answer = await sending.sender.send([make_item()])
    assert not isinstance(answer.problem, AuthenticationFailed)


async def test_sends_that_leave_together_ask_once_and_later_ones_ask_again(sending: Sending) -> None:
    sending.adapter.behaviour = book_all
    # A machine that stops for a moment in between has them ask anew, but not each time.
    for first in range(1, 301, 10):
        before = sending.lock.checks
        await asyncio.gather(*(sending.sender.send([make_item(first + number)]) for number in range(8)))
        await asyncio.sleep(STALE_SECONDS)
        if sending.lock.checks == before + 1:
            break
    else:
        pytest.fail("Sends that left together never shared a question.")
    before = sending.lock.checks
    await sending.sender.send([make_item(401)])
    assert sending.lock.checks == before + 1


async def test_a_lost_lock_is_asked_for_again_by_each_send() -> None:
    lock = Lock(lost=True)
    watch = LockWatch(lock)
    for _ in range(3):
        with pytest.raises(Conflict):
            await watch.check()
    assert lock.checks == 3


async def test_an_answer_that_came_late_is_as_old_as_its_question() -> None:
    lock = SlowLock()
    watch = LockWatch(lock)
    await watch.check()
    await watch.check()
    assert lock.checks == 2
