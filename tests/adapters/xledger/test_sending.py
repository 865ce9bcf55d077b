"""Sending: few mutations, no doubles, nothing lost, and a definite word on every voucher."""

import pytest

from integration_admin.adapters.base import Outcome, Result
from integration_admin.adapters.xledger.adapter import XledgerAdapter
from integration_admin.core.errors import AdapterError, AuthenticationFailed, Fault
from tests.adapters.xledger.fake_http import (
    BURST,
    CONCURRENCY,
    CREDENTIALS,
    FakeHTTP,
    credits_used_up,
    found,
    graphql,
    line,
    lost,
    plain,
    problem,
    taken,
    voucher,
)
from tests.adapters.xledger.ledger import Ledger
from tests.fakes import FakeClock

BAD_ACCOUNT = problem("account.code: No value matching owner 1000101, code '7199'.")
EXPIRED = graphql(None, problem("The API Token has expired.", "UNAUTHORIZED.TOKEN_EXPIRED"))
NO_WRITE = graphql(
    None, problem("Access denied. The API Token lacks the scope General Ledger (write).", "FORBIDDEN")
)


def by_reference(outcomes: list[Outcome]) -> dict[str, Result]:
    assert len({outcome.reference for outcome in outcomes}) == len(outcomes)
    return {outcome.reference: outcome.result for outcome in outcomes}


async def test_a_batch_goes_out_in_one_mutation_and_every_voucher_gets_its_own_id(
    adapter: XledgerAdapter, http: FakeHTTP
) -> None:
    http.answer(taken)
    outcomes = await adapter.send(CREDENTIALS, [voucher(1), voucher(2, line(), line()), voucher(3)])
    assert by_reference(outcomes) == dict.fromkeys(["IAREF1", "IAREF2", "IAREF3"], Result.DELIVERED)
    assert [outcome.external_id for outcome in outcomes] == ["40002", "40005", "40007"]
    assert len(http.requests) == 1
    assert "7140" not in http.requests[0].body["query"]


async def test_an_answer_without_client_ids_is_read_in_its_order(
    adapter: XledgerAdapter, http: FakeHTTP
) -> None:
    edges = [{"node": {"dbId": number}} for number in (11, 12, 13, 14)]
    http.answer(graphql({"addGLImportItems": {"edges": edges}}))
    outcomes = await adapter.send(CREDENTIALS, [voucher(1), voucher(2)])
    assert [outcome.external_id for outcome in outcomes] == ["12", "14"]


async def test_a_large_batch_takes_as_many_mutations_as_500_nodes_demand(
    adapter: XledgerAdapter, http: FakeHTTP
) -> None:
    http.always = taken
    outcomes = await adapter.send(CREDENTIALS, [voucher(n, *[line()] * 19) for n in range(60)])
    assert set(by_reference(outcomes).values()) == {Result.DELIVERED}
    assert [len(request.nodes) for request in http.requests] == [500, 500, 200]


async def test_a_voucher_too_long_for_one_mutation_is_refused_without_being_sent(
    adapter: XledgerAdapter, http: FakeHTTP
) -> None:
    http.answer(taken)
    outcomes = await adapter.send(CREDENTIALS, [voucher(1, *[line()] * 500), voucher(2)])
    assert by_reference(outcomes) == {"IAREF2": Result.DELIVERED, "IAREF1": Result.REJECTED}
    assert "500 lines" in str(outcomes[1].message)
    assert http.requests[0].references == ["IAREF2"]


@pytest.mark.parametrize("field", ["posted_date", "due_date"])
async def test_a_date_in_another_form_is_refused_without_being_sent(
    adapter: XledgerAdapter, http: FakeHTTP, field: str
) -> None:
    [outcome] = await adapter.send(CREDENTIALS, [voucher(1, **{field: "05.11.2026"})])
    assert (outcome.result, outcome.field) == (Result.REJECTED, field)
    assert "05.11.2026" in str(outcome.message)
    assert http.requests == []


async def test_an_empty_batch_asks_nothing(adapter: XledgerAdapter, http: FakeHTTP) -> None:
    assert await adapter.send(CREDENTIALS, []) == []
    assert http.requests == []


async def test_one_bad_voucher_among_a_hundred_is_found_and_the_others_are_booked_once(
    adapter: XledgerAdapter, http: FakeHTTP
) -> None:
    ledger = Ledger(bad={"IAREF37"})
    http.always = ledger.answer
    outcomes = await adapter.send(CREDENTIALS, [voucher(n) for n in range(100)])
    results = by_reference(outcomes)
    assert results.pop("IAREF37") is Result.REJECTED
    assert set(results.values()) == {Result.DELIVERED}
    assert ledger.times_booked() == dict.fromkeys(results, 1)
    assert len(http.sent) == 21


async def test_a_hundred_bad_vouchers_are_all_refused_one_by_one(
    adapter: XledgerAdapter, http: FakeHTTP, clock: FakeClock
) -> None:
    ledger = Ledger(bad={f"IAREF{n}" for n in range(100)})
    http.always = ledger.answer
    outcomes = await adapter.send(CREDENTIALS, [voucher(n) for n in range(100)])
    assert list(by_reference(outcomes).values()) == [Result.REJECTED] * 100
    assert ledger.booked == []
    assert clock.monotonic() < adapter.capabilities.send_seconds


async def test_what_a_refused_mutation_booked_all_the_same_is_never_sent_again(
    adapter: XledgerAdapter, http: FakeHTTP
) -> None:
    ledger = Ledger(bad={"IAREF5"}, atomic=False)
    http.always = ledger.answer
    results = by_reference(await adapter.send(CREDENTIALS, [voucher(n) for n in range(10)]))
    assert results.pop("IAREF5") is Result.REJECTED
    assert set(results.values()) == {Result.DELIVERED}
    assert ledger.times_booked() == dict.fromkeys(results, 1)


async def test_a_double_seen_after_a_refused_mutation_is_left_to_the_lookup(
    adapter: XledgerAdapter, http: FakeHTTP
) -> None:
    http.answer(
        graphql({"addGLImportItems": None}, BAD_ACCOUNT),
        found(("IAREF1", "5"), ("IAREF1", "9")),
        graphql({"addGLImportItems": None}, BAD_ACCOUNT),
    )
    results = by_reference(await adapter.send(CREDENTIALS, [voucher(1), voucher(2)]))
    assert results == {"IAREF1": Result.UNKNOWN, "IAREF2": Result.REJECTED}


async def test_a_voucher_taken_in_part_is_handed_to_a_person(adapter: XledgerAdapter, http: FakeHTTP) -> None:
    edges = [{"clientId": "IAREF1.1", "node": {"dbId": "7"}}]
    http.answer(
        graphql({"addGLImportItems": {"edges": edges}}, BAD_ACCOUNT),
        found(),
        taken,
    )
    outcomes = await adapter.send(CREDENTIALS, [voucher(1), voucher(2)])
    assert by_reference(outcomes) == {"IAREF1": Result.NEEDS_PERSON, "IAREF2": Result.DELIVERED}
    assert "only some lines of voucher 1" in str(outcomes[0].message)


async def test_a_voucher_missing_from_a_good_answer_is_unknown(
    adapter: XledgerAdapter, http: FakeHTTP
) -> None:
    edges = [{"clientId": f"IAREF1.{place}", "node": {"dbId": str(place)}} for place in (1, 2)]
    http.answer(graphql({"addGLImportItems": {"edges": edges}}))
    outcomes = await adapter.send(CREDENTIALS, [voucher(1), voucher(2)])
    assert by_reference(outcomes) == {"IAREF1": Result.DELIVERED, "IAREF2": Result.UNKNOWN}


@pytest.mark.parametrize(
    "answer",
    [
        lost("deadline"),
        lost("connection_lost"),
        lost("too_large"),
        plain(500, "oops"),
        plain(502, "<html>bad gateway"),
        plain(503, "later", retry_after="1"),
        plain(200, "<!doctype html>"),
        plain(200, ""),
        graphql(None),
        graphql({"addGLImportItems": {"edges": "all"}}),
        graphql({"addGLImportItems": {"edges": [{"node": {"dbId": 1}}]}}),
        graphql({"addGLImportItems": None}, problem("Your query timed out.")),
        graphql({"addGLImportItems": None}, problem("Something broke", "UNHANDLED_ERROR")),
        graphql({"addGLImportItems": None}, problem("Something broke"), status=500),
    ],
)
async def test_an_answer_that_proves_nothing_leaves_the_outcome_unknown_and_sends_nothing_more(
    adapter: XledgerAdapter, http: FakeHTTP, answer: object
) -> None:
    http.answer(answer)  # type: ignore[arg-type]  # a mix of answers and errors
    batch = [voucher(n, *[line()] * 249) for n in range(4)]
    results = by_reference(await adapter.send(CREDENTIALS, batch))
    assert results == {
        "IAREF0": Result.UNKNOWN,
        "IAREF1": Result.UNKNOWN,
        "IAREF2": Result.NOT_SENT,
        "IAREF3": Result.NOT_SENT,
    }
    assert len(http.requests) == 1


@pytest.mark.parametrize(
    ("answer", "code", "fault"),
    [
        (lost("refused", Fault.TRANSIENT), "refused", Fault.TRANSIENT),
        (lost("tls", Fault.CONFIG), "tls", Fault.CONFIG),
        (plain(302, ""), "redirect", Fault.CONFIG),
        (plain(404, ""), "not_found", Fault.CONFIG),
        (plain(429, "", retry_after="9"), "burst_limit", Fault.RATE_LIMITED),
        (graphql(None, problem('Unknown type "AddGLImportItemsInput".')), "schema", Fault.CONFIG),
    ],
)
async def test_a_batch_of_which_nothing_was_processed_ends_in_one_error(
    adapter: XledgerAdapter, http: FakeHTTP, answer: object, code: str, fault: Fault
) -> None:
    http.answer(answer)  # type: ignore[arg-type]  # a mix of answers and errors
    with pytest.raises(AdapterError) as failed:
        await adapter.send(CREDENTIALS, [voucher(1), voucher(2)])
    assert (failed.value.code, failed.value.fault) == (code, fault)


@pytest.mark.parametrize(("answer", "code"), [(EXPIRED, "token_expired"), (NO_WRITE, "scope")])
async def test_a_token_refused_before_anything_was_processed_stops_the_integration(
    adapter: XledgerAdapter, http: FakeHTTP, answer: object, code: str
) -> None:
    http.answer(answer)  # type: ignore[arg-type]  # a response
    with pytest.raises(AuthenticationFailed) as refused:
        await adapter.send(CREDENTIALS, [voucher(1)])
    assert refused.value.code == code
    assert code != "scope" or "General Ledger (write)" in str(refused.value.message)


async def test_a_token_refused_half_way_keeps_what_was_delivered(
    adapter: XledgerAdapter, http: FakeHTTP
) -> None:
    http.answer(taken, EXPIRED)
    batch = [voucher(n, *[line()] * 249) for n in range(6)]
    outcomes = await adapter.send(CREDENTIALS, batch)
    results = by_reference(outcomes)
    assert [results[f"IAREF{n}"] for n in range(6)] == [Result.DELIVERED] * 2 + [Result.NOT_SENT] * 4
    assert {outcome.fault for outcome in outcomes if outcome.result is Result.NOT_SENT} == {Fault.CONFIG}


async def test_a_burst_is_waited_out_and_the_refused_mutation_sent_again(
    adapter: XledgerAdapter, http: FakeHTTP, clock: FakeClock
) -> None:
    http.answer(BURST, CONCURRENCY, taken)
    [outcome] = await adapter.send(CREDENTIALS, [voucher(1)])
    assert outcome.result is Result.DELIVERED
    assert clock.slept == [5.5, 1.0]


async def test_a_mutation_is_never_offered_more_than_three_times(
    adapter: XledgerAdapter, http: FakeHTTP, clock: FakeClock
) -> None:
    http.always = lambda _: BURST
    with pytest.raises(AdapterError) as failed:
        await adapter.send(CREDENTIALS, [voucher(1)])
    assert (failed.value.fault, len(http.sent)) == (Fault.RATE_LIMITED, 3)
    assert clock.slept == [5.5, 10.5]


async def test_used_up_credits_are_not_waited_for_but_told_with_their_time(
    adapter: XledgerAdapter, http: FakeHTTP, clock: FakeClock
) -> None:
    http.answer(taken, credits_used_up("2026-11-21T13:10:00"))
    outcomes = await adapter.send(CREDENTIALS, [voucher(n, *[line()] * 249) for n in range(3)])
    waiting = outcomes[-1]
    assert (waiting.result, waiting.fault) == (Result.NOT_SENT, Fault.RATE_LIMITED)
    assert waiting.retry_after == 600.0
    assert clock.slept == []


async def test_a_batch_that_runs_out_of_time_begins_no_further_mutation(
    adapter: XledgerAdapter, http: FakeHTTP
) -> None:
    http.always = taken
    http.seconds = 36.0
    outcomes = await adapter.send(CREDENTIALS, [voucher(n, *[line()] * 499) for n in range(4)])
    assert [outcome.result for outcome in outcomes] == [Result.DELIVERED] * 2 + [Result.NOT_SENT] * 2
    assert {outcome.fault for outcome in outcomes[2:]} == {Fault.TRANSIENT}
    assert {outcome.retry_after for outcome in outcomes[2:]} == {0.0}


async def test_a_lookup_that_fails_in_the_middle_leaves_the_outcome_unknown(
    adapter: XledgerAdapter, http: FakeHTTP
) -> None:
    http.answer(graphql({"addGLImportItems": None}, BAD_ACCOUNT), lost("refused", Fault.TRANSIENT))
    outcomes = await adapter.send(CREDENTIALS, [voucher(1), voucher(2)])
    assert by_reference(outcomes) == {"IAREF1": Result.UNKNOWN, "IAREF2": Result.UNKNOWN}
    assert {outcome.fault for outcome in outcomes} == {Fault.UNKNOWN_OUTCOME}
