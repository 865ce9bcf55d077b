"""What is booked under our references, and how a double shows."""

import pytest

from integration_admin.adapters.base import Booked
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
    lost,
    problem,
)
from tests.fakes import FakeClock

NONE = {"edges": None, "pageInfo": {"hasNextPage": False}}


def listed(*nodes: dict[str, object]) -> dict[str, object]:
    return NONE | {"edges": [{"node": node} for node in nodes]}


async def test_a_voucher_is_found_in_the_queue_and_in_the_books(
    adapter: XledgerAdapter, http: FakeHTTP
) -> None:
    http.answer(found(("A", "1"), posted=(("B", "2"),)))
    assert await adapter.lookup(CREDENTIALS, ["A", "B", "C"]) == [Booked("A", 1, "1"), Booked("B", 1, "2")]


async def test_a_voucher_in_both_places_is_one_voucher(adapter: XledgerAdapter, http: FakeHTTP) -> None:
    http.answer(found(("A", "1"), posted=(("A", "2"),)))
    assert await adapter.lookup(CREDENTIALS, ["A"]) == [Booked("A", 1, "1")]


async def test_a_double_is_seen_wherever_both_copies_are(adapter: XledgerAdapter, http: FakeHTTP) -> None:
    http.answer(found(("A", "1"), ("A", "9"), posted=(("B", "2"), ("B", "3"), ("B", "4"))))
    assert await adapter.lookup(CREDENTIALS, ["A", "B"]) == [Booked("A", 2, "1"), Booked("B", 3, "2")]


async def test_ids_may_be_numbers(adapter: XledgerAdapter, http: FakeHTTP) -> None:
    http.answer(graphql({"glImportItems": listed({"extIdentifier": "A", "dbId": 5}), "journalEntries": NONE}))
    assert await adapter.lookup(CREDENTIALS, ["A"]) == [Booked("A", 1, "5")]


async def test_many_references_are_asked_for_a_hundred_at_a_time(
    adapter: XledgerAdapter, http: FakeHTTP
) -> None:
    http.always = lambda request: found(*((ref, "1") for ref in request.variables["references"]))
    references = [f"R{n}" for n in range(250)]
    assert [item.reference for item in await adapter.lookup(CREDENTIALS, references)] == references
    assert [len(request.variables["references"]) for request in http.requests] == [100, 100, 50]


async def test_no_references_ask_nothing(adapter: XledgerAdapter, http: FakeHTTP) -> None:
    assert await adapter.lookup(CREDENTIALS, []) == []
    assert http.requests == []


INCOMPLETE = {
    "list that did not come": None,
    "list cut off": {"edges": None, "pageInfo": {"hasNextPage": True}},
    "list that does not say whether it is whole": {"edges": None},
    "entry without content": {"edges": [{"node": None}], "pageInfo": {"hasNextPage": False}},
    "entry nobody asked for": {
        "edges": [{"node": {"extIdentifier": "B", "dbId": 1}}],
        "pageInfo": {"hasNextPage": False},
    },
}


@pytest.mark.parametrize("kind", INCOMPLETE)
async def test_what_may_not_be_the_whole_answer_is_never_taken_for_absence(
    adapter: XledgerAdapter, http: FakeHTTP, kind: str
) -> None:
    http.answer(graphql({"glImportItems": NONE, "journalEntries": INCOMPLETE[kind]}))
    with pytest.raises(AdapterError) as failed:
        await adapter.lookup(CREDENTIALS, ["A"])
    assert failed.value.code == "shape"


async def test_an_error_beside_data_is_still_an_error(adapter: XledgerAdapter, http: FakeHTTP) -> None:
    http.answer(graphql({"glImportItems": {"edges": None}, "journalEntries": None}, problem("Half broken.")))
    with pytest.raises(AdapterError) as failed:
        await adapter.lookup(CREDENTIALS, ["A"])
    assert (failed.value.code, failed.value.fault) == ("invalid", Fault.UPSTREAM)


async def test_limits_are_waited_out_with_growing_pauses(
    adapter: XledgerAdapter, http: FakeHTTP, clock: FakeClock
) -> None:
    http.answer(BURST, BURST, CONCURRENCY, BURST, found(("A", "1")))
    assert await adapter.lookup(CREDENTIALS, ["A"]) == [Booked("A", 1, "1")]
    assert clock.slept == [5.5, 10.5, 1.0, 20.5]


async def test_a_limit_that_stays_is_given_up_after_five_tries(
    adapter: XledgerAdapter, http: FakeHTTP
) -> None:
    http.always = lambda _: BURST
    with pytest.raises(AdapterError) as failed:
        await adapter.lookup(CREDENTIALS, ["A"])
    assert (failed.value.fault, failed.value.code) == (Fault.RATE_LIMITED, "burst_limit")
    assert len(http.requests) == 5


async def test_used_up_credits_are_told_at_once_with_their_time(
    adapter: XledgerAdapter, http: FakeHTTP, clock: FakeClock
) -> None:
    http.answer(credits_used_up("2026-11-21T14:00:00"))
    with pytest.raises(AdapterError) as failed:
        await adapter.lookup(CREDENTIALS, ["A"])
    assert (failed.value.fault, failed.value.retry_after) == (Fault.RATE_LIMITED, 3_600.0)
    assert clock.slept == []


async def test_a_lost_answer_to_a_question_has_changed_nothing(
    adapter: XledgerAdapter, http: FakeHTTP
) -> None:
    http.answer(lost("deadline"))
    with pytest.raises(AdapterError) as failed:
        await adapter.lookup(CREDENTIALS, ["A"])
    assert (failed.value.fault, failed.value.code) == (Fault.UPSTREAM, "deadline")


async def test_a_token_that_may_not_read_stops_the_integration(
    adapter: XledgerAdapter, http: FakeHTTP
) -> None:
    http.answer(graphql({"glImportItems": None}, problem("Access denied.", "FORBIDDEN.MISSING_SCOPE")))
    with pytest.raises(AuthenticationFailed):
        await adapter.lookup(CREDENTIALS, ["A"])
