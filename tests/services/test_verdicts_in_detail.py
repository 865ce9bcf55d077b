"""What each outcome makes of a delivery, field by field, and how a run counts and stores it."""

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest

from integration_admin.adapters.base import Booked, Capabilities, Outcome, Result
from integration_admin.core.errors import Fault
from integration_admin.core.messages import msg
from integration_admin.core.statuses import DeliveryState
from integration_admin.data.repositories.deliveries import Outgoing
from integration_admin.services.delivery_rules import MAX_AGE, RetryTimes
from integration_admin.services.export_outcomes import (
    Tally,
    Verdict,
    _settlement,
    doubled,
    interrupted,
    looked_up,
    put_off,
    undecidable,
    unsent,
    verdict,
)
from tests.builders import make_run
from tests.data.taken_up import LATER
from tests.fakes import START
from tests.services.outgoing import make_outgoing

S = DeliveryState
WHY = msg("Account 7140 is closed.")
TIMES = RetryTimes(lambda: 0.5)
QUIET = Capabilities(batch_size=1, quiet_seconds=240.0)
INSTANT = timedelta(microseconds=1)


def judged(result: Result, delivery: Outgoing | None = None, **changes: Any) -> Verdict:
    """Return what a send that ended like this makes of a delivery."""
    outcome = Outcome("IA1", result, **({"message": WHY, "fault": Fault.TRANSIENT} | changes))
    return verdict(delivery or make_outgoing(), outcome, START, TIMES, QUIET)


@pytest.mark.parametrize(
    ("result", "state"),
    [
        (Result.DELIVERED, S.DELIVERED),
        (Result.REJECTED, S.REJECTED),
        (Result.NEEDS_PERSON, S.NEEDS_PERSON),
        (Result.UNKNOWN, S.UNKNOWN),
        (Result.NOT_SENT, S.RETRY_WAIT),
    ],
)
def test_a_verdict_carries_everything_the_answer_said(result: Result, state: S) -> None:
    delivery = make_outgoing()
    due = {S.UNKNOWN: timedelta(minutes=4), S.RETRY_WAIT: timedelta(seconds=15)}.get(state)
    found = judged(result, delivery, external_id="F-9", field="account")
    assert found == Verdict(
        delivery, state, "F-9", due and START + due, Fault.TRANSIENT, "account", WHY, sent=True
    )


@pytest.mark.parametrize(("attempts", "seconds"), [(0, 15), (1, 30), (2, 60), (3, 120)])
def test_a_refused_delivery_waits_by_how_often_it_has_been_tried_with_this_time(
    attempts: int, seconds: int
) -> None:
    found = judged(Result.NOT_SENT, make_outgoing(attempts=attempts))
    assert found.due_at == START + timedelta(seconds=seconds)


def test_a_refused_delivery_waits_as_long_as_the_other_side_asks() -> None:
    assert judged(Result.NOT_SENT, retry_after=77.0).due_at == START + timedelta(seconds=77)


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("result", Result)
def test_only_refused_credentials_leave_a_delivery_ready(result: Result, fault: Fault) -> None:
    delivery = make_outgoing()
    found = judged(result, delivery, fault=fault)
    credentials = result is Result.NOT_SENT and fault is Fault.CONFIG
    assert (found.state is S.READY) is credentials
    if credentials:
        assert found == unsent(delivery) == Verdict(delivery, S.READY, sent=True)


AGES = [(None, False), (MAX_AGE - INSTANT, False), (MAX_AGE, False), (MAX_AGE + INSTANT, True)]


@pytest.mark.parametrize(("age", "gives_up"), AGES)
def test_after_three_days_a_refused_delivery_is_given_up(age: timedelta | None, *, gives_up: bool) -> None:
    delivery = make_outgoing(attempts=4, first_sent_at=None if age is None else START - age)
    found = judged(Result.NOT_SENT, delivery, fault=Fault.RATE_LIMITED)
    if not gives_up:
        assert (found.state, found.due_at) == (S.RETRY_WAIT, START + timedelta(seconds=240))
        return
    assert found == Verdict(delivery, S.REJECTED, fault=Fault.RATE_LIMITED, message=found.message, sent=True)
    assert str(found.message) == (
        "Tried 5 times over 3 days without getting through. Retry it when the accounting system is back."
    )


@pytest.mark.parametrize(("age", "gives_up"), AGES)
def test_after_three_days_without_an_answer_a_person_decides(
    age: timedelta | None, *, gives_up: bool
) -> None:
    delivery = make_outgoing(state=S.UNKNOWN, first_sent_at=None if age is None else START - age)
    asked_again = Verdict(delivery, S.UNKNOWN, due_at=LATER, put_off=True)
    assert put_off(delivery, START, LATER) == (undecidable(delivery) if gives_up else asked_again)


@pytest.mark.parametrize(("recoveries", "poison"), [(0, False), (2, False), (3, True), (4, True)])
@pytest.mark.parametrize("booked", [None, Booked("IA1", 0, "F-1")])
def test_what_is_not_there_goes_out_again_unless_it_was_in_three_crashes(
    booked: Booked | None, recoveries: int, *, poison: bool
) -> None:
    delivery = make_outgoing(state=S.UNKNOWN, recoveries=recoveries)
    found = looked_up(delivery, booked, START)
    if not poison:
        assert found == Verdict(delivery, S.READY)
        return
    assert found == Verdict(delivery, S.NEEDS_PERSON, fault=Fault.BUG, message=found.message)
    assert str(found.message) == (
        f"The program stopped {recoveries} times while this record was being sent."
        " The accounting system does not have it."
    )


@pytest.mark.parametrize(("attempts", "enough"), [(2, False), (3, True), (400, True)])
@pytest.mark.parametrize(("age", "gives_up"), AGES)
def test_after_three_days_and_three_sends_what_never_arrives_is_a_persons(
    age: timedelta | None, attempts: int, *, gives_up: bool, enough: bool
) -> None:
    first_sent_at = None if age is None else START - age
    delivery = make_outgoing(state=S.UNKNOWN, attempts=attempts, first_sent_at=first_sent_at)
    found = looked_up(delivery, None, START)
    if not (gives_up and enough):
        assert found == Verdict(delivery, S.READY)
        return
    assert found == Verdict(delivery, S.NEEDS_PERSON, fault=Fault.UNKNOWN_OUTCOME, message=found.message)
    assert str(found.message) == (
        f"Sent {attempts} times over 3 days without a usable answer. The accounting system does not have it."
    )


@pytest.mark.parametrize("recoveries", [0, 5])
def test_what_is_there_once_is_delivered(recoveries: int) -> None:
    delivery = make_outgoing(state=S.UNKNOWN, recoveries=recoveries)
    assert looked_up(delivery, Booked("IA1", 1, "F-1"), START) == Verdict(delivery, S.DELIVERED, "F-1")


@pytest.mark.parametrize("count", [2, 3])
def test_what_is_there_more_than_once_is_a_persons(count: int) -> None:
    delivery = make_outgoing(state=S.UNKNOWN)
    found = looked_up(delivery, Booked("IA1", count, "F-1"), START)
    assert found == doubled(delivery, count)
    assert found == Verdict(delivery, S.NEEDS_PERSON, fault=Fault.UPSTREAM, message=found.message)
    assert str(found.message) == (
        f"The accounting system has this voucher {count} times. Remove the surplus there."
    )


def test_what_a_dead_process_was_sending_is_doubted_and_counted() -> None:
    delivery = make_outgoing(state=S.SENDING)
    found = interrupted(delivery, LATER, crashed=True)
    assert found == Verdict(
        delivery,
        S.UNKNOWN,
        due_at=LATER,
        fault=Fault.UNKNOWN_OUTCOME,
        message=found.message,
        recovered=True,
    )
    assert str(found.message) == (
        "The program stopped while this record was being sent. It is looked up before it goes out again."
    )


def test_where_nobody_can_be_asked_a_person_looks() -> None:
    delivery = make_outgoing(state=S.UNKNOWN)
    found = undecidable(delivery)
    assert found == Verdict(delivery, S.NEEDS_PERSON, fault=Fault.UNKNOWN_OUTCOME, message=found.message)
    assert str(found.message) == (
        "The accounting system cannot be asked whether it has this record. Look there yourself."
    )


def becomes(state: S, **changes: Any) -> Verdict:
    """Return a verdict of which only the state and the amount matter."""
    return Verdict(make_outgoing(**changes), state)


def test_a_run_counts_each_state_in_its_column_and_sums_by_currency() -> None:
    begun = Tally(10, 20, 30, 40, {"NOK": 5})
    counted = begun.plus(
        [
            becomes(S.DELIVERED, amount_minor=100),
            becomes(S.DELIVERED, amount_minor=-30),
            becomes(S.DELIVERED, currency="EUR", amount_minor=7),
            *[becomes(S.REJECTED)] * 2,
            *[becomes(S.RETRY_WAIT)] * 3,
            *[becomes(S.UNKNOWN)] * 4,
            becomes(S.NEEDS_PERSON),
            becomes(S.READY),
        ]
    )
    assert counted == Tally(13, 22, 33, 45, {"NOK": 75, "EUR": 7})
    assert counted.troubled == 100
    assert begun == Tally(10, 20, 30, 40, {"NOK": 5}), "nothing is counted before it is committed"
    begun.become(counted)
    assert begun == counted
    assert begun.columns() == {
        "delivered": 13,
        "rejected": 22,
        "waiting": 33,
        "unknown": 45,
        "sums": {"NOK": 75, "EUR": 7},
    }


def test_a_run_goes_on_counting_where_it_was_left() -> None:
    values: dict[str, Any] = {"delivered": 1, "rejected": 2, "waiting": 3, "unknown": 4, "sums": {"NOK": 5}}
    run = make_run(uuid.uuid4(), **values)
    tally = Tally.of(run)
    assert tally == Tally(1, 2, 3, 4, {"NOK": 5})
    tally.count(becomes(S.DELIVERED, amount_minor=1))
    assert run.sums == {"NOK": 5}


@pytest.mark.parametrize(
    ("sent", "state", "before", "untried"),
    [
        (True, S.READY, None, 1),
        (True, S.READY, START, 0),
        (True, S.UNKNOWN, None, 0),
        (False, S.READY, None, 0),
    ],
)
def test_what_never_left_is_as_if_untried(
    state: S, before: datetime | None, untried: int, *, sent: bool
) -> None:
    found = Verdict(make_outgoing(first_sent_at=before), state, sent=sent)
    assert _settlement(found).untried == untried


@pytest.mark.parametrize("state", list(S))
def test_only_what_is_delivered_is_followed(state: S) -> None:
    found = _settlement(Verdict(make_outgoing(), state), LATER)
    assert found.follow_at == (LATER if state is S.DELIVERED else None)
