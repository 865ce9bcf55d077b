"""Every pair of states, one by one, against a second list written by hand."""

import pytest

from integration_admin.core.statuses import DeliveryState
from integration_admin.core.transitions import TRANSITIONS, check_transition

ALLOWED = {
    "ready -> sending",
    "ready -> rejected",
    "sending -> delivered",
    "sending -> rejected",
    "sending -> retry_wait",
    "sending -> unknown",
    "sending -> needs_person",
    "sending -> ready",
    "unknown -> delivered",
    "unknown -> ready",
    "unknown -> needs_person",
    "unknown -> unknown",
    "retry_wait -> sending",
    "retry_wait -> rejected",
    "retry_wait -> ready",
    "rejected -> ready",
    "rejected -> dismissed",
    "dismissed -> rejected",
    "dismissed -> ready",
    "needs_person -> delivered",
    "needs_person -> ready",
}


@pytest.mark.parametrize("becomes", DeliveryState)
@pytest.mark.parametrize("was", DeliveryState)
def test_a_move_is_allowed_or_refused_as_the_table_says(was: DeliveryState, becomes: DeliveryState) -> None:
    if f"{was} -> {becomes}" in ALLOWED:
        check_transition(was, becomes)
    else:
        with pytest.raises(ValueError, match=f"^a delivery cannot go from {was} to {becomes}$"):
            check_transition(was, becomes)


def test_there_is_no_other_state() -> None:
    assert {f"{was} -> {becomes}" for was in TRANSITIONS for becomes in TRANSITIONS[was]} == ALLOWED
    assert set(TRANSITIONS) == set(DeliveryState)


def test_what_is_delivered_never_moves_again() -> None:
    assert TRANSITIONS[DeliveryState.DELIVERED] == frozenset()


def test_nothing_but_sending_leads_from_ready_to_delivered() -> None:
    before = {was for was, becomes in TRANSITIONS.items() if DeliveryState.DELIVERED in becomes}
    assert before == {DeliveryState.SENDING, DeliveryState.UNKNOWN, DeliveryState.NEEDS_PERSON}


def test_nothing_whose_outcome_is_open_is_sent_without_an_answer_first() -> None:
    begun = {was for was, becomes in TRANSITIONS.items() if DeliveryState.SENDING in becomes}
    assert begun == {DeliveryState.READY, DeliveryState.RETRY_WAIT}
