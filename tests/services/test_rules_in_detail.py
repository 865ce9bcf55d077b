"""The numbers of the rules, to the second and on both sides of each bound: waits, the circuit, the daily budget."""

from datetime import datetime, timedelta

import pytest

from integration_admin.adapters.base import Capabilities, Result
from integration_admin.core.errors import AdapterError, Fault
from integration_admin.core.messages import Message, msg
from integration_admin.data.repositories.deliveries import Suspicion
from integration_admin.services.circuit import OPENS_AFTER, Circuit
from integration_admin.services.delivery_rules import Pass, RetryTimes, outcome_of_error, passes, unanswered
from integration_admin.services.retry_budget import RetryBudget
from tests.builders import make_integration
from tests.fakes import START

AWAY = msg("Nothing answers.")
INSTANT = timedelta(microseconds=1)


def wait(attempts: int, thrown: float = 0.5, asked: float | None = None) -> float:
    """Return for how many seconds a delivery waits after so many attempts."""
    return (RetryTimes(lambda: thrown).after_refusal(START, attempts, asked) - START).total_seconds()


@pytest.mark.parametrize(
    ("attempts", "seconds"),
    [(-1, 15), (0, 15), (1, 15), (2, 30), (3, 60), (4, 120), (5, 240), (6, 450), (7, 450), (10**9, 450)],
)
def test_half_a_throw_waits_half_the_ceiling(attempts: int, seconds: float) -> None:
    assert wait(attempts) == seconds


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [(-1.0, 0), (0.0, 0), (0.5, 0.5), (1.0, 1), (3599, 3599), (3600, 3600), (3601, 3600)],
)
def test_what_the_other_side_asks_for_counts_more_than_the_dice(asked: float, seconds: float) -> None:
    assert wait(7, asked=asked) == seconds


def test_the_dice_are_thrown_when_somebody_asks_and_not_before() -> None:
    thrown: list[float] = []

    def throw() -> float:
        thrown.append(0.5)
        return 0.5

    times = RetryTimes(throw).drawn()
    times.after_refusal(START, 1, 10.0)
    assert thrown == []
    times.after_refusal(START, 1, None)
    times.after_refusal(START, 2, None)
    assert thrown == [0.5]


def test_the_passes_of_a_run_are_told_by_how_often_a_record_was_in_a_crash() -> None:
    assert passes(Capabilities(batch_size=7, in_flight=3)) == (
        Pass(Suspicion(0, 0), 7, 3),
        Pass(Suspicion(1, 1), 7, 1),
        Pass(Suspicion(2, None), 1, 1),
    )


def test_an_error_without_a_named_wait_names_none_for_its_vouchers() -> None:
    outcome = outcome_of_error("IA7", AdapterError(AWAY, Fault.TRANSIENT))
    assert (outcome.reference, outcome.result, outcome.external_id) == ("IA7", Result.NOT_SENT, "")
    assert (outcome.message, outcome.fault, outcome.retry_after) == (AWAY, Fault.TRANSIENT, None)


def test_a_voucher_nobody_answered_for_says_so_in_these_words() -> None:
    told = str(unanswered("IA7").message)
    assert told == "The accounting system did not say what became of this record."


def failing(times: int, rest_seconds: float = 60.0) -> Circuit:
    """Return a circuit after so many calls and questions in a row that failed, all at the start."""
    circuit = Circuit(timedelta(seconds=rest_seconds))
    for _ in range(times):
        circuit.still_away(START, AWAY)
    return circuit


def rest(circuit: Circuit) -> float | None:
    """Return for how many minutes a circuit rests from the start on."""
    return None if circuit.open_until is None else (circuit.open_until - START).total_seconds() / 60


@pytest.mark.parametrize(
    ("failures", "minutes"),
    [(0, None), (4, None), (5, 1), (6, 2), (7, 4), (8, 8), (9, 15), (10, 15), (15, 15), (16, 15), (2000, 15)],
)
def test_sending_rests_twice_as_long_each_time_up_to_a_quarter_of_an_hour(
    failures: int, minutes: float | None
) -> None:
    circuit = failing(failures)
    assert (circuit.failures, rest(circuit), circuit.is_open) == (failures, minutes, minutes is not None)
    assert circuit.reason == (None if minutes is None else AWAY)


@pytest.mark.parametrize("failures", [5, 6, 30])
def test_a_rest_that_is_longer_from_the_start_stays_as_it_is(failures: int) -> None:
    assert rest(failing(failures, 3600.0)) == 60


@pytest.mark.parametrize(("failures", "seconds"), [(14, 0.512), (15, 1.024), (16, 1.024), (40, 1.024)])
def test_a_rest_doubles_ten_times_and_no_more(failures: int, seconds: float) -> None:
    minutes = rest(failing(failures, 0.001))
    assert minutes is not None
    assert minutes * 60 == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("passed", "resting"),
    [
        (timedelta(), True),
        (timedelta(minutes=1) - INSTANT, True),
        (timedelta(minutes=1), False),
        (timedelta(minutes=1) + INSTANT, False),
    ],
)
def test_the_rest_is_over_at_its_instant(passed: timedelta, *, resting: bool) -> None:
    circuit = failing(OPENS_AFTER)
    assert circuit.rests(START + passed) is resting
    assert circuit.is_open, "the question is still to be asked"


def test_calls_that_fail_while_it_rests_belong_to_the_failure_before() -> None:
    circuit = failing(OPENS_AFTER)
    circuit.failed(START + timedelta(minutes=1) - INSTANT, msg("Another reason."))
    assert (circuit.failures, rest(circuit), circuit.reason) == (5, 1, AWAY)
    circuit.failed(START + timedelta(minutes=1), msg("Another reason."))
    assert (circuit.failures, rest(circuit), circuit.reason) == (6, 3, msg("Another reason."))


def test_a_circuit_that_never_failed_does_not_rest() -> None:
    circuit = failing(0)
    assert (circuit.rests(START), circuit.is_open) == (False, False)


def test_an_answer_to_a_question_lets_one_send_try_and_its_failure_opens_again() -> None:
    circuit = failing(OPENS_AFTER)
    circuit.answered()
    assert (circuit.failures, circuit.open_until, circuit.reason) == (5, None, None)
    circuit.failed(START, AWAY)
    assert (circuit.failures, rest(circuit)) == (6, 2)


def test_what_got_through_begins_the_count_anew() -> None:
    circuit = failing(OPENS_AFTER)
    circuit.got_through()
    assert (circuit.failures, circuit.open_until, circuit.reason) == (0, None, None)
    circuit.failed(START, AWAY)
    assert (circuit.failures, rest(circuit)) == (1, None)


def test_the_sentence_of_a_circuit_counts() -> None:
    assert str(failing(6).sentence()) == (
        "6 tries in a row did not reach the accounting system. Sending rests for a while; then one request"
        " checks whether it is back."
    )


def test_only_what_changed_is_written_and_each_change_once() -> None:
    circuit = failing(0)
    assert circuit.changes() == {}
    circuit.failed(START, AWAY)
    first = circuit.changes()
    assert first == {"transport_failures": 1, "open_until": None, "open_message": None}
    for _ in range(4):
        circuit.failed(START, AWAY)
    circuit.written(first)
    second = circuit.changes()
    opened = START + timedelta(minutes=1)
    assert second == {"transport_failures": 5, "open_until": opened, "open_message": AWAY.to_json()}
    circuit.written(second)
    assert circuit.changes() == {}
    circuit.written({})
    assert circuit.changes() == {}
    circuit.answered()
    assert circuit.changes() == {"transport_failures": 5, "open_until": None, "open_message": None}


@pytest.mark.parametrize(("until", "why"), [(START, AWAY), (None, None)])
def test_a_circuit_goes_on_where_the_last_run_left_it(until: datetime | None, why: Message | None) -> None:
    integration = make_integration(
        transport_failures=6, open_until=until, open_message=why.to_json() if why else None
    )
    circuit = Circuit.of(integration, 30.0)
    assert (circuit.rest, circuit.failures, circuit.open_until) == (timedelta(seconds=30), 6, until)
    assert (circuit.reason, circuit.changes()) == (why, {})


def test_a_new_window_of_the_budget_has_nothing_spent_and_nothing_to_write() -> None:
    fresh = RetryBudget.of(make_integration(), 5, START)
    assert (fresh.limit, fresh.spent, fresh.since, fresh.left, fresh.changes()) == (5, 0, None, 5, {})
    ended = make_integration(retries_spent=4, retries_since=START - timedelta(hours=24))
    anew = RetryBudget.of(ended, 5, START)
    assert (anew.limit, anew.spent, anew.since, anew.changes()) == (5, 0, None, {})


def test_a_running_window_of_the_budget_is_gone_on_with() -> None:
    began = START - timedelta(hours=24) + INSTANT
    budget = RetryBudget.of(make_integration(retries_spent=4, retries_since=began), 5, START)
    assert (budget.limit, budget.spent, budget.since, budget.left, budget.changes()) == (5, 4, began, 1, {})
    budget.spend(1, START)
    assert (budget.left, budget.since) == (0, began)
    assert budget.changes() == {
        "retries_spent": 5,
        "retries_since": began,
        "retries_rest_until": began + timedelta(hours=24),
    }


@pytest.mark.parametrize(("spent", "left"), [(0, 3), (1, 2), (3, 0), (4, 0), (100, 0)])
def test_what_is_left_is_never_less_than_nothing(spent: int, left: int) -> None:
    assert RetryBudget(3, spent, START).left == left


def test_spending_nothing_begins_no_window_and_spending_one_does() -> None:
    budget = RetryBudget(3)
    budget.spend(0, START)
    assert (budget.spent, budget.since) == (0, None)
    budget.spend(1, START)
    budget.spend(2, START + INSTANT)
    assert (budget.spent, budget.since) == (3, START)


def test_what_has_been_committed_is_not_written_again_although_more_was_spent_meanwhile() -> None:
    budget = RetryBudget(9)
    budget.spend(2, START)
    first = budget.changes()
    assert first == {"retries_spent": 2, "retries_since": START, "retries_rest_until": None}
    budget.spend(1, START)
    budget.written(first)
    assert budget.changes() == {"retries_spent": 3, "retries_since": START, "retries_rest_until": None}
    budget.written({})
    assert budget.changes() == {"retries_spent": 3, "retries_since": START, "retries_rest_until": None}
    budget.written(budget.changes())
    assert budget.changes() == {}
