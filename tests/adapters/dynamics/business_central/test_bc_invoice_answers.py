"""Answers about purchase invoices that the simulated system does not give."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import pytest

from integration_admin.adapters.base import Outcome, Result, Voucher
from integration_admin.adapters.dynamics.business_central.adapter import BusinessCentralAdapter
from integration_admin.adapters.dynamics.business_central.client import BusinessCentralClient, Means
from integration_admin.adapters.dynamics.business_central.companies import Company
from integration_admin.adapters.dynamics.business_central.invoicing import Invoicing
from integration_admin.adapters.dynamics.business_central.options import options
from integration_admin.adapters.dynamics.business_central.place import Place
from integration_admin.adapters.dynamics.entra import EntraTokens
from integration_admin.adapters.outbound import Response
from integration_admin.adapters.pace import Gates, Pace
from integration_admin.core.errors import AdapterError, AuthenticationFailed, Fault
from integration_admin.core.secret import Secret
from integration_admin.core.statuses import FateState
from tests.adapters.dynamics.business_central.central_http import (
    CREDENTIALS,
    SETTINGS,
    CentralHTTP,
    answered,
    refused,
    taken,
)
from tests.adapters.dynamics.business_central.company import line, reference, voucher
from tests.adapters.dynamics.business_central.foreign_claims import claim
from tests.fakes import FakeClock

ID = "cccccccc-0000-4000-8000-000000000001"
MARK = {
    "id": "mark",
    "sequence": 10_000,
    "lineType": "Comment",
    "description": "This invoice is not complete yet",
}
COST = {
    "id": "cost", "sequence": 20_000, "lineType": "Account", "lineObjectNumber": "7140", "unitCost": 412,
    "quantity": 1,
}  # fmt: skip


@pytest.fixture
def http() -> CentralHTTP:
    return CentralHTTP()


@pytest.fixture
def adapter(http: CentralHTTP, clock: FakeClock) -> BusinessCentralAdapter:
    return BusinessCentralAdapter(http, clock)


def invoice(*lines: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return an invoice as it is read back; a draft of our usual claim unless told otherwise."""
    return {
        "id": ID,
        "number": "PI-7",
        "vendorInvoiceNumber": reference(),
        "vendorNumber": "L-201",
        "currencyCode": "EUR",
        "totalAmountIncludingTax": 412,
        "status": "Draft",
        "purchaseInvoiceLines": list(lines),
        **changes,
    }


def held(*invoices: dict[str, Any]) -> Response:
    return answered({"value": list(invoices)})


def currency(step: float = 0.01, code: str = "EUR") -> Response:
    return answered({"value": [{"id": ID, "code": code, "amountRoundingPrecision": step}]})


def problem(code: str, words: str, status: int) -> Response:
    return answered({"error": {"code": code, "message": words}}, status)


async def sent(adapter: BusinessCentralAdapter, offered: Voucher | None = None) -> Outcome:
    [outcome] = await adapter.send(CREDENTIALS, [offered or claim()])
    return outcome


async def test_the_draft_is_asked_for_first_and_made_with_a_mark(
    adapter: BusinessCentralAdapter, http: CentralHTTP
) -> None:
    http.answers += [currency(), taken, taken, taken]
    http.invoices += [held(), held(invoice(MARK)), held(invoice(MARK, COST)), held(invoice(COST))]

    outcome = await sent(adapter)

    assert (outcome.result, outcome.external_id) == (Result.DELIVERED, "PI-7")
    asked = next(request for request in http.requests if "purchaseInvoices" in request.url)
    assert f"vendorInvoiceNumber%20eq%20%27{reference()}%27" in asked.url
    [[header], [cost], [mark]] = [batch.body["requests"] for batch in http.batches]
    assert header["body"]["vendorInvoiceNumber"] == reference()
    assert [one["lineType"] for one in header["body"]["purchaseInvoiceLines"]] == ["Comment"]
    assert cost["url"].endswith(f"purchaseInvoices({ID})/purchaseInvoiceLines")
    assert (cost["body"]["sequence"], cost["body"]["unitCost"], cost["body"]["quantity"]) == (
        20_000,
        412.0,
        1,
    )
    assert (mark["method"], mark["headers"]["If-Match"]) == ("DELETE", "*")
    assert mark["url"].endswith("/purchaseInvoiceLines(mark)")


@pytest.mark.parametrize(
    "answer",
    [
        problem("Application_DialogException", "You do not have permissions to read Purchase Invoices.", 400),
        problem("Authorization_RequestDenied", "No.", 403),
    ],
)
async def test_an_app_without_the_right_to_invoices_is_told_and_the_journal_goes_on(
    adapter: BusinessCentralAdapter, http: CentralHTTP, answer: Response
) -> None:
    http.answers.append(taken)
    http.invoices += [answer, answer]

    outcomes = await adapter.send(CREDENTIALS, [claim(1), voucher(2)])

    found = {outcome.reference: outcome for outcome in outcomes}
    assert (found[reference(1)].result, found[reference(2)].result) == (Result.REJECTED, Result.DELIVERED)
    assert "permission sets" in str(found[reference(1)].message)
    http.answers += [held(), held()]
    assert await adapter.lookup(CREDENTIALS, [reference(1)]) == []


async def test_a_refused_app_stops_the_integration(
    adapter: BusinessCentralAdapter, http: CentralHTTP
) -> None:
    http.invoices += [problem("Authentication_InvalidCredentials", "No.", 401)] * 2

    with pytest.raises(AuthenticationFailed):
        await sent(adapter)


@pytest.mark.parametrize(
    "answer",
    [
        problem("Internal_ServerError", "Broken.", 500),
        held(invoice(COST, vendorInvoiceNumber="SOMEBODY")),
        held({**invoice(COST), "purchaseInvoiceLines": None}),
        held(invoice(COST, id="")),
    ],
)
async def test_a_question_that_is_not_answered_well_means_that_nothing_was_sent(
    adapter: BusinessCentralAdapter, http: CentralHTTP, answer: Response
) -> None:
    http.invoices.append(answer)

    with pytest.raises(AdapterError) as caught:
        await sent(adapter)

    assert caught.value.fault is Fault.TRANSIENT
    assert http.batches == []


@pytest.mark.parametrize(
    "there",
    [
        [invoice(COST, totalAmountIncludingTax=515)],
        [invoice(COST | {"unitCost": 411})],
        [invoice(COST, vendorNumber="L-202")],
        [invoice(COST | {"lineType": "Item"})],
        [invoice()],
        [invoice(MARK), invoice(MARK, number="PI-8")],
    ],
)
async def test_what_is_not_as_it_was_sent_is_for_a_person_and_nothing_is_written(
    adapter: BusinessCentralAdapter, http: CentralHTTP, there: Sequence[dict[str, Any]]
) -> None:
    http.invoices.append(held(*there))

    outcome = await sent(adapter)

    assert outcome.result is Result.NEEDS_PERSON
    assert "PI-7" in str(outcome.message)
    assert http.batches == []


@pytest.mark.parametrize(
    ("removal", "result"),
    [
        (taken, Result.REJECTED),
        (refused(0, "BadRequest_NotFound", "It is gone.", 404), Result.REJECTED),
        (refused(0, "Application_DialogException", "It is approved."), Result.NEEDS_PERSON),
        (answered({"responses": []}), Result.UNKNOWN),
    ],
)
async def test_a_draft_whose_lines_are_refused_is_deleted_or_a_person_is_asked(
    adapter: BusinessCentralAdapter, http: CentralHTTP, removal: Any, result: Result
) -> None:
    http.answers += [
        currency(),
        taken,
        refused(0, "Application_DialogException", "No such account."),
        removal,
    ]
    http.invoices += [held(), held(invoice(MARK))]

    outcome = await sent(adapter)

    assert outcome.result is result
    assert http.batches[-1].body["requests"][0]["method"] == "DELETE"
    if result is not Result.UNKNOWN:
        assert "No such account." in str(outcome.message)


async def test_a_draft_that_never_gets_complete_is_unknown(
    adapter: BusinessCentralAdapter, http: CentralHTTP
) -> None:
    http.answers += [taken] * 5
    http.invoices += [held(invoice(MARK))] * 5

    assert (await sent(adapter)).result is Result.UNKNOWN


@pytest.mark.parametrize(("amount", "result"), [("1.234", Result.REJECTED), ("1.230", Result.UNKNOWN)])
async def test_decimals_the_company_does_not_keep_are_told_before_anything_is_sent(
    adapter: BusinessCentralAdapter, http: CentralHTTP, amount: str, result: Result
) -> None:
    http.answers += [currency(0.01, "KWD"), answered({"responses": []})]

    outcome = await sent(adapter, voucher(1, line(amount, "KWD"), vendor="L-201"))

    assert outcome.result is result
    assert len(http.batches) == (0 if result is Result.REJECTED else 1)


@pytest.mark.parametrize(
    ("there", "state"),
    [
        (invoice(COST), FateState.STAGED),
        (invoice(COST, status="In_x0020_Review"), FateState.STAGED),
        (invoice(COST, status="Paid"), FateState.BOOKED),
        (invoice(COST, status="Canceled"), FateState.BOOKED),
    ],
)
async def test_the_status_of_an_invoice_is_its_fate(
    adapter: BusinessCentralAdapter, http: CentralHTTP, there: dict[str, Any], state: FateState
) -> None:
    http.answers += [held(), held()]
    http.invoices.append(held(there))

    [fate] = await adapter.fates(CREDENTIALS, [reference()])

    assert (fate.state, fate.external_id) == (state, "PI-7" if state is FateState.BOOKED else "")


class Silent(CentralHTTP):
    """Never says anything about invoices."""

    async def request(self, method: str, url: str, **options: Any) -> Response:
        if "purchaseInvoices" in url:
            await asyncio.Event().wait()
        return await super().request(method, url, **options)


async def test_when_the_time_is_over_the_claim_is_unknown(clock: FakeClock) -> None:
    http = Silent()
    means = Means(http, clock, EntraTokens(http, clock), uuid4)
    gate = Gates(Pace(100, 5.0), clock).of("app")
    client = BusinessCentralClient(means, gate, options(SETTINGS), Secret("x"))
    place = Place(Company(ID, "CRONUS", "Cronus"), ID, "EXPENSES", "NOK")

    with pytest.raises(AdapterError) as caught:
        await Invoicing(client, place, clock.monotonic() + 0.05).settle(claim())

    assert caught.value.fault is Fault.UNKNOWN_OUTCOME
