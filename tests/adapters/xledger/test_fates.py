"""What became of vouchers: staged, booked or refused after import, and never guessed."""

from typing import Any

import pytest

from integration_admin.adapters.base import Credentials
from integration_admin.adapters.following import Fate
from integration_admin.adapters.outbound import Response
from integration_admin.adapters.xledger.adapter import XledgerAdapter
from integration_admin.core.errors import AdapterError, AuthenticationFailed, Fault
from integration_admin.core.statuses import FateState
from tests.adapters.xledger.fake_http import (
    BURST,
    CANARY,
    CREDENTIALS,
    FakeHTTP,
    Request,
    graphql,
    lost,
    problem,
)

STAGED, BOOKED, REJECTED = FateState


def page(*nodes: dict[str, Any], more: bool = False) -> dict[str, Any]:
    edges = [{"cursor": f"c{n}", "node": node} for n, node in enumerate(nodes)]
    return {"edges": edges or None, "pageInfo": {"hasNextPage": more}}


def standing(queued: dict[str, int] | None = None, posted: tuple[str, ...] = ()) -> Response:
    """Return where vouchers stand: reference -> trRegNumber in the import queue, references in the books."""
    waiting = [
        {"dbId": str(100 * number), "extIdentifier": ref, "trRegNumber": number, "ownerDbId": 7}
        for ref, number in (queued or {}).items()
    ]
    booked = [{"dbId": 900 + n, "extIdentifier": ref} for n, ref in enumerate(posted)]
    return graphql({"glImportItems": page(*waiting), "journalEntries": page(*booked)})


def lines(*nodes: tuple[int, int, int], more: bool = False) -> Response:
    """Return lines of the import queue: (dbId, trRegNumber, owner)."""
    items = [{"dbId": str(key), "trRegNumber": number, "ownerDbId": owner} for key, number, owner in nodes]
    return graphql({"glImportItems": page(*items, more=more)})


def errors(*nodes: tuple[int, str], level: str = "ERROR") -> Response:
    """Return errors of the import queue: (dbId of the line, words)."""
    found = [
        {
            "dbId": str(n),
            "transactionDbId": str(key),
            "message": words,
            "errorLevel": {"code": level, "name": None},
        }
        for n, (key, words) in enumerate(nodes)
    ]
    return graphql({"glImportItemErrors": page(*found)})


async def told(adapter: XledgerAdapter, *references: str) -> dict[str, Fate]:
    return {fate.reference: fate for fate in await adapter.fates(CREDENTIALS, references)}


async def test_what_is_in_the_books_is_booked_at_the_cost_of_one_request(
    adapter: XledgerAdapter, http: FakeHTTP
) -> None:
    http.answer(standing(posted=("A", "B")))
    assert await told(adapter, "A", "B", "C") == {
        "A": Fate("A", BOOKED, "900"),
        "B": Fate("B", BOOKED, "901"),
    }
    assert len(http.requests) == 1


async def test_what_waits_without_an_error_is_staged(adapter: XledgerAdapter, http: FakeHTTP) -> None:
    http.answer(standing({"A": 1}), lines((100, 1, 7), (101, 1, 7)), errors())
    assert await told(adapter, "A") == {"A": Fate("A", STAGED)}
    assert http.requests[1].variables["filter"] == {"trRegNumber_in": [1]}
    assert http.requests[2].variables["filter"] == {"transactionDbId_in": ["100", "101"]}


async def test_an_error_about_any_line_refuses_its_voucher_in_xledgers_own_words(
    adapter: XledgerAdapter, http: FakeHTTP
) -> None:
    http.answer(
        standing({"A": 1, "B": 2}),
        lines((100, 1, 7), (101, 1, 7), (200, 2, 7), (201, 2, 7)),
        errors((201, "account: Closed."), (201, "account: Closed."), (200, "postedDate: Closed.")),
    )
    fates = await told(adapter, "A", "B")
    assert (fates["A"].state, fates["B"].state) == (STAGED, REJECTED)
    assert str(fates["B"].message) == (
        "Xledger took the voucher in, but will not book it. It says: “account: Closed. postedDate: Closed.”"
    )


async def test_an_error_about_another_entitys_voucher_of_the_same_number_is_not_ours(
    adapter: XledgerAdapter, http: FakeHTTP
) -> None:
    http.answer(standing({"A": 1}), lines((100, 1, 7), (500, 1, 8)), errors((500, "No."), (999, "No.")))
    assert await told(adapter, "A") == {"A": Fate("A", STAGED)}


async def test_what_is_booked_is_booked_whatever_is_left_in_the_queue(
    adapter: XledgerAdapter, http: FakeHTTP
) -> None:
    http.answer(standing({"A": 1}, posted=("A",)))
    assert (await told(adapter, "A"))["A"].state is BOOKED


@pytest.mark.parametrize("level", ["WARNING", "warn", "Information"])
async def test_a_warning_refuses_nothing(adapter: XledgerAdapter, http: FakeHTTP, level: str) -> None:
    http.answer(standing({"A": 1}), lines((100, 1, 7)), errors((100, "Unusual."), level=level))
    assert (await told(adapter, "A"))["A"].state is STAGED


async def test_lines_beyond_a_page_are_read_too(adapter: XledgerAdapter, http: FakeHTTP) -> None:
    http.answer(standing({"A": 1}), lines((100, 1, 7), more=True), lines((101, 1, 7)), errors((101, "No.")))
    assert (await told(adapter, "A"))["A"].state is REJECTED
    assert [request.variables.get("after") for request in http.requests[1:3]] == [None, "c0"]


@pytest.mark.parametrize(
    "answer",
    [
        graphql(None, problem('Cannot query field "glImportItemErrors" on type "Query".'), status=400),
        graphql(None, problem("Unknown", "ARGUMENTS_OF_CORRECT_TYPE"), status=400),
        graphql({"glImportItemErrors": None}, problem("Access denied.", "FORBIDDEN.MISSING_SCOPE")),
    ],
)
async def test_where_errors_cannot_be_asked_for_nothing_is_known_to_be_refused(
    adapter: XledgerAdapter, http: FakeHTTP, answer: Response
) -> None:
    http.answer(standing({"A": 1}, posted=("B",)), lines((100, 1, 7)), answer)
    assert {ref: fate.state for ref, fate in (await told(adapter, "A", "B")).items()} == {
        "A": STAGED,
        "B": BOOKED,
    }


async def test_a_voucher_without_a_number_is_not_looked_for_among_all_there_are(
    adapter: XledgerAdapter, http: FakeHTTP
) -> None:
    waiting = page({"dbId": "1", "extIdentifier": "A", "trRegNumber": None, "ownerDbId": 7})
    http.answer(graphql({"glImportItems": waiting, "journalEntries": page()}))
    assert await told(adapter, "A") == {"A": Fate("A", STAGED)}


async def test_a_list_that_may_not_be_whole_is_an_error(adapter: XledgerAdapter, http: FakeHTTP) -> None:
    http.answer(graphql({"glImportItems": page(), "journalEntries": page(more=True)}))
    with pytest.raises(AdapterError) as failed:
        await adapter.fates(CREDENTIALS, ["A"])
    assert failed.value.code == "shape"


async def test_pages_without_end_are_given_up(adapter: XledgerAdapter, http: FakeHTTP) -> None:
    def endless(request: Request) -> Response:
        if "references" in request.variables:
            return standing({"A": 1})
        cursor = f"c{len(http.requests)}"
        node = {"dbId": "1", "trRegNumber": 1, "ownerDbId": 7}
        return graphql(
            {
                "glImportItems": {
                    "edges": [{"cursor": cursor, "node": node}],
                    "pageInfo": {"hasNextPage": True},
                }
            }
        )

    http.always = endless
    with pytest.raises(AdapterError) as failed:
        await adapter.fates(CREDENTIALS, ["A"])
    assert failed.value.code == "shape"


async def test_many_are_asked_for_a_hundred_at_a_time_and_none_not_at_all(
    adapter: XledgerAdapter, http: FakeHTTP
) -> None:
    http.always = lambda request: standing(posted=tuple(request.variables["references"]))
    assert len(await told(adapter, *(f"R{n}" for n in range(250)))) == 250
    assert await told(adapter) == {}
    assert len(http.requests) == 3


async def test_failures_of_the_question_are_told_apart(adapter: XledgerAdapter, http: FakeHTTP) -> None:
    http.answer(lost("deadline"), graphql(None, problem("The API Token has expired.")))
    with pytest.raises(AdapterError) as failed:
        await adapter.fates(CREDENTIALS, ["A"])
    assert failed.value.fault is Fault.UPSTREAM
    with pytest.raises(AuthenticationFailed):
        await adapter.fates(CREDENTIALS, ["A"])


async def test_words_from_outside_are_made_fit_to_show(adapter: XledgerAdapter, http: FakeHTTP) -> None:
    words = f"<b>No</b>\x1b {CANARY}"
    http.answer(standing({"A": 1}), lines((100, 1, 7)), errors((100, words)))
    shown = str((await told(adapter, "A"))["A"].message)
    assert not any(sign in shown for sign in ("<", "\x1b", CANARY))


async def test_every_request_is_counted_those_repeated_after_a_limit_too(
    adapter: XledgerAdapter, http: FakeHTTP
) -> None:
    class Meter:
        requests = 0

        def count(self) -> None:
            self.requests += 1

    meter = Meter()
    http.answer(BURST, standing({"A": 1}), lines((100, 1, 7)), errors())
    await adapter.fates(Credentials(CREDENTIALS.settings, CREDENTIALS.secrets, meter), ["A"])
    assert meter.requests == len(http.requests) == 4
