"""What each failure means, row by row; our references; and when something is tried again."""

import base64
import hashlib
import re
import uuid
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integration_admin.adapters.base import Capabilities, Result
from integration_admin.core.errors import AdapterError, AuthenticationFailed, Fault
from integration_admin.core.messages import msg
from integration_admin.core.statuses import DeliveryState
from integration_admin.core.transitions import TRANSITIONS
from integration_admin.data.repositories.deliveries import Suspicion
from integration_admin.services.delivery_rules import (
    STATE_OF,
    TREATMENT,
    Pass,
    References,
    RetryTimes,
    Then,
    Treatment,
    next_look,
    outcome_of_error,
    passes,
    unanswered,
)
from tests.fakes import START

ORGANISATION = uuid.UUID("6f9619ff-8b86-d011-b42d-00c04fc964ff")
INTEGRATION = uuid.UUID("11111111-2222-4333-8444-555555555555")
REASON = msg("Not now.")


@pytest.mark.parametrize(
    ("fault", "result", "then", "counts"),
    [
        (Fault.TRANSIENT, Result.NOT_SENT, Then.GO_ON, True),
        (Fault.RATE_LIMITED, Result.NOT_SENT, Then.WAIT, False),
        (Fault.CONFIG, Result.NOT_SENT, Then.END, False),
        (Fault.UPSTREAM, Result.UNKNOWN, Then.GO_ON, True),
        (Fault.UNKNOWN_OUTCOME, Result.UNKNOWN, Then.GO_ON, True),
        (Fault.BUG, Result.UNKNOWN, Then.END, False),
    ],
)
def test_a_failed_call_is_treated_by_whose_fault_it_is(
    fault: Fault, result: Result, then: Then, *, counts: bool
) -> None:
    assert TREATMENT[fault] == Treatment(result, then, transport=counts)


def test_every_fault_has_a_treatment_and_every_result_a_state() -> None:
    assert set(TREATMENT) == set(Fault)
    assert set(STATE_OF) == set(Result)


@pytest.mark.parametrize(
    ("result", "state"),
    [
        (Result.DELIVERED, DeliveryState.DELIVERED),
        (Result.REJECTED, DeliveryState.REJECTED),
        (Result.NOT_SENT, DeliveryState.RETRY_WAIT),
        (Result.UNKNOWN, DeliveryState.UNKNOWN),
        (Result.NEEDS_PERSON, DeliveryState.NEEDS_PERSON),
    ],
)
def test_each_result_leads_to_its_state_and_what_is_being_sent_may_go_there(
    result: Result, state: DeliveryState
) -> None:
    assert STATE_OF[result] is state
    assert state in TRANSITIONS[DeliveryState.SENDING]


def test_only_what_surely_was_not_processed_is_ever_sent_again_by_itself() -> None:
    by_itself = {result for result, state in STATE_OF.items() if state is DeliveryState.RETRY_WAIT}
    assert by_itself == {Result.NOT_SENT}


@pytest.mark.parametrize("fault", Fault)
def test_an_error_becomes_the_outcome_of_each_voucher_with_its_own_words(fault: Fault) -> None:
    outcome = outcome_of_error("IA1", AdapterError(REASON, fault, retry_after=7.0))
    assert (outcome.reference, outcome.result) == ("IA1", TREATMENT[fault].result)
    assert (outcome.message, outcome.fault, outcome.retry_after) == (REASON, fault, 7.0)


def test_refused_credentials_are_nobody_elses_fault() -> None:
    outcome = outcome_of_error("IA1", AuthenticationFailed(REASON))
    assert (outcome.result, outcome.fault) == (Result.NOT_SENT, Fault.CONFIG)


def test_what_is_not_answered_for_may_have_arrived() -> None:
    outcome = unanswered("IA1")
    assert (outcome.reference, outcome.result, outcome.fault) == (
        "IA1",
        Result.UNKNOWN,
        Fault.UNKNOWN_OUTCOME,
    )
    assert "did not say" in str(outcome.message)


@pytest.mark.parametrize("batch_size", [1, 9, 500])
def test_suspects_go_after_the_others_one_batch_at_a_time_and_the_worst_alone(batch_size: int) -> None:
    assert passes(Capabilities(batch_size=batch_size, in_flight=8)) == (
        Pass(Suspicion(0, 0), batch_size, 8),
        Pass(Suspicion(1, 1), batch_size, 1),
        Pass(Suspicion(2), 1, 1),
    )


def test_a_reference_is_the_same_for_ever() -> None:
    # Written down once: whoever changes how it is computed books every open claim a second time.
    assert (
        References(ORGANISATION, INTEGRATION).of("expense_claim", "EC-2026-1042") == "IAZ2S42QD3JQDRQ54RUXD2"
    )


def slow_reference(*parts: str) -> str:
    """Compute a reference with nothing but the standard library."""
    framed = b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)
    return "IA" + base64.b32encode(hashlib.sha256(framed).digest())[:20].decode()


@settings(derandomize=True, deadline=None)
@given(st.uuids(), st.uuids(), st.text(max_size=20), st.text(max_size=80))
def test_a_reference_is_a_hash_in_base_32(
    organisation: uuid.UUID, integration: uuid.UUID, kind: str, external_id: str
) -> None:
    kind, external_id = (part.encode(errors="ignore").decode() for part in (kind, external_id))
    reference = References(organisation, integration).of(kind, external_id)
    assert re.fullmatch("IA[A-Z2-7]{20}", reference)
    assert reference == slow_reference(str(organisation), str(integration), kind, external_id)


def test_whatever_differs_makes_another_reference() -> None:
    of = References(ORGANISATION, INTEGRATION).of
    other = uuid.uuid4()
    references = [
        of("expense_claim", "EC-1"),
        of("expense_claim", "EC-2"),
        of("reimbursement", "EC-1"),
        of("expense_clai", "mEC-1"),
        References(other, INTEGRATION).of("expense_claim", "EC-1"),
        References(ORGANISATION, other).of("expense_claim", "EC-1"),
    ]
    assert len(set(references)) == len(references)


@settings(derandomize=True, deadline=None)
@given(st.integers(0, 1000), st.floats(0, 1, exclude_max=True))
def test_the_wait_has_full_jitter_under_a_ceiling_that_doubles_to_a_quarter_of_an_hour(
    attempts: int, thrown: float
) -> None:
    wait = (RetryTimes(lambda: thrown).after_refusal(START, attempts, None) - START).total_seconds()
    ceiling = min(30 * 2 ** min(max(attempts - 1, 0), 10), 900)
    assert 0 <= wait <= ceiling
    assert wait == pytest.approx(ceiling * thrown, abs=1e-5)


@pytest.mark.parametrize(
    ("attempts", "ceiling"), [(0, 30), (1, 30), (2, 60), (3, 120), (5, 480), (6, 900), (7, 900), (500, 900)]
)
def test_the_ceiling_doubles_with_each_attempt(attempts: int, ceiling: int) -> None:
    almost = RetryTimes(lambda: 1 - 1e-12).after_refusal(START, attempts, None) - START
    assert almost.total_seconds() == pytest.approx(ceiling)


@settings(derandomize=True, deadline=None)
@given(st.floats(-1e9, 1e9), st.integers(1, 20))
def test_a_wait_the_other_side_asks_for_is_kept_to_between_none_and_an_hour(
    asked: float, attempts: int
) -> None:
    wait = (RetryTimes(lambda: 0.5).after_refusal(START, attempts, asked) - START).total_seconds()
    assert wait == pytest.approx(min(max(asked, 0), 3600), abs=1e-5)


@pytest.mark.parametrize("asked", [float("inf"), float("-inf")])
def test_an_endless_wait_is_an_hour(asked: float) -> None:
    wait = RetryTimes(lambda: 0.5).after_refusal(START, 1, asked) - START
    assert wait == (timedelta(hours=1) if asked > 0 else timedelta())


def test_a_batch_throws_the_dice_once() -> None:
    dice = iter([0.25, 0.75])
    times = RetryTimes(lambda: next(dice)).drawn()
    assert times.after_refusal(START, 1, None) == times.after_refusal(START, 1, None)
    assert times.after_refusal(START, 1, None) - START == timedelta(seconds=7.5)


def test_an_unknown_outcome_rests_for_the_quiet_period() -> None:
    capabilities = Capabilities(batch_size=1, quiet_seconds=240.0)
    assert RetryTimes(lambda: 0.5).after_quiet(START, capabilities) == START + timedelta(minutes=4)


@pytest.mark.parametrize(
    ("quiet", "send", "processing"), [(89.0, 60.0, 30.0), (59.0, 1.0, 30.0), (119.9, 100.0, 20.0)]
)
def test_a_quiet_period_that_ends_before_a_late_booking_is_refused(
    quiet: float, send: float, processing: float
) -> None:
    with pytest.raises(ValueError, match="quiet_seconds"):
        Capabilities(1, quiet_seconds=quiet, send_seconds=send, processing_seconds=processing)


def test_after_a_day_it_is_asked_less_often_and_after_a_month_not_any_more() -> None:
    now = START
    assert next_look(now, now) == now + timedelta(hours=1)
    assert next_look(now - timedelta(hours=23), now) == now + timedelta(hours=1)
    assert next_look(now - timedelta(days=1), now) == now + timedelta(hours=6)
    assert next_look(now - timedelta(days=29, hours=23), now) == now + timedelta(hours=6)
    assert next_look(now - timedelta(days=30), now) is None
    assert next_look(None, now) == now + timedelta(hours=1)


@pytest.mark.parametrize("age", [timedelta(0), timedelta(days=1), timedelta(days=29)])
def test_with_few_requests_left_it_is_asked_once_a_day(age: timedelta) -> None:
    assert next_look(START - age, START, sparing=True) == START + timedelta(days=1)


def test_with_few_requests_left_nobody_asks_after_a_month_either() -> None:
    assert next_look(START - timedelta(days=30), START, sparing=True) is None
