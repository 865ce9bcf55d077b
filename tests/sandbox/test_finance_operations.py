"""The simulated Finance & Operations by itself: its OData, its rules, its batches and its traps."""

import json
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from integration_admin.sandbox.dynamics.finance_operations import FinanceOperations
from tests.sandbox.finance_operations import FinanceSandbox, finance_sandbox
from tests.trust import TLS

HEADER = {"dataAreaId": "NO01", "JournalName": "UTLEGG", "Description": "Utlegg", "IntegrationKey": "K1"}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def served() -> AsyncIterator[FinanceSandbox]:
    async with finance_sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def finance(served: FinanceSandbox) -> FinanceSandbox:
    served.reset()
    return served


async def call(
    finance: FinanceSandbox, method: str, path: str, content: Any = None, app: str = "full", **headers: str
) -> httpx2.Response:
    """Call as one of the apps, signed in anew."""
    body = content if isinstance(content, bytes) or content is None else json.dumps(content).encode()
    async with httpx2.AsyncClient(base_url=finance.url, timeout=30, verify=TLS) as http:
        known = finance.demo["apps"][app]
        form = {"grant_type": "client_credentials", "scope": f"{finance.url}/.default", **known}
        token = (await http.post(f"/{finance.demo['tenant']}/oauth2/v2.0/token", data=form)).json()
        given = {"Authorization": f"Bearer {token['access_token']}"}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        return await http.request(method, path, content=body, headers=given)


async def values(finance: FinanceSandbox, path: str, **headers: str) -> list[Any]:
    answer = await call(finance, "GET", path, **headers)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["value"])


async def opened(finance: FinanceSandbox) -> str:
    answer = await call(finance, "POST", "/data/LedgerJournalHeaders", HEADER)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["JournalBatchNumber"])


def line(journal: str, number: float = 1, **changes: Any) -> dict[str, Any]:
    usual = {
        "dataAreaId": "NO01",
        "JournalBatchNumber": journal,
        "LineNumber": number,
        "Voucher": "V1",
        "TransDate": "2026-11-05T12:00:00Z",
        "AccountType": "Ledger",
        "AccountDisplayValue": "7140",
        "DebitAmount": 412.0,
        "CurrencyCode": "NOK",
        "Text": "Tog",
        "Document": "REF1",
    }
    return {name: value for name, value in {**usual, **changes}.items() if value is not None}


def batch(*changesets: list[dict[str, Any]]) -> bytes:
    lines: list[str] = []
    for place, entities in enumerate(changesets):
        lines += ["--b", f"Content-Type: multipart/mixed; boundary=c{place}", ""]
        for number, entity in enumerate(entities, start=1):
            lines += [f"--c{place}", "Content-Type: application/http", f"Content-ID: {number}", ""]
            lines += ["POST /data/LedgerJournalLines HTTP/1.1", "Content-Type: application/json", ""]
            lines += [json.dumps(entity)]
        lines.append(f"--c{place}--")
    return "\r\n".join([*lines, "--b--", ""]).encode()


async def send(finance: FinanceSandbox, body: bytes, **headers: str) -> httpx2.Response:
    return await call(
        finance, "POST", "/data/$batch", body, Content_Type="multipart/mixed; boundary=b", **headers
    )


async def test_the_number_of_a_journal_is_given_here(finance: FinanceSandbox) -> None:
    assert [await opened(finance), await opened(finance)] == ["00001", "00002"]
    [row, _] = await values(finance, "/data/LedgerJournalHeaders?cross-company=true")
    assert (row["dataAreaId"], row["IsPosted"], row["IntegrationKey"]) == ("no01", "No", "K1")


async def test_without_cross_company_only_the_users_own_company_is_read(finance: FinanceSandbox) -> None:
    await opened(finance)
    assert await values(finance, "/data/LedgerJournalHeaders") == []
    assert len(await values(finance, "/data/LedgerJournalHeaders?cross-company=true")) == 1


async def test_a_journal_is_deleted_with_its_lines_by_its_whole_key_unless_it_is_posted(
    finance: FinanceSandbox,
) -> None:
    path = "/data/LedgerJournalHeaders(dataAreaId='no01',JournalBatchNumber='{}')"
    first, second = await opened(finance), await opened(finance)
    await call(finance, "POST", "/data/LedgerJournalLines", line(first))
    finance.state.books.change(second, "post")

    assert (await call(finance, "DELETE", path.format(first), app="read_only")).status_code == 403
    assert (await call(finance, "DELETE", path.format(first))).status_code == 204
    assert (await call(finance, "DELETE", path.format(first))).status_code == 404
    assert (await call(finance, "DELETE", path.format(second))).status_code == 500
    assert (await call(finance, "DELETE", "/data/LedgerJournalHeaders")).status_code == 404

    assert [row["JournalBatchNumber"] for row in finance.state.books.headers()] == [second]
    assert finance.state.books.lines() == []
    assert await opened(finance) == "00003"


async def test_the_active_format_of_accounts_and_the_delimiter_can_be_read_and_changed(
    finance: FinanceSandbox,
) -> None:
    changed = {"account_format": "MainAccount-Project", "delimiter": "Bar"}
    await call(finance, "POST", "/_sandbox/finance_operations", changed)
    formats = await values(finance, "/data/DimensionIntegrationFormats?cross-company=true")
    ledger = [row for row in formats if row["DimensionFormatType"] == "DataEntityLedgerDimensionFormat"]
    active = [row["FinancialDimensionFormat"] for row in ledger if row["IsActive"] == "Yes"]
    assert (len(ledger), active) == (2, ["MainAccount-Project"])
    assert await values(finance, "/data/DimensionParameters?cross-company=true") == [
        {"Key": 1, "DimensionSegmentDelimiter": "Bar"}
    ]


async def test_a_line_is_written_and_read_back_with_exact_numbers(finance: FinanceSandbox) -> None:
    journal = await opened(finance)
    body = json.dumps(line(journal)).replace("412.0", "0.1000000000000000055").encode()
    answer = await call(finance, "POST", "/data/LedgerJournalLines", body)
    assert answer.status_code == 201
    [row] = json.loads(
        (await call(finance, "GET", "/data/LedgerJournalLines?cross-company=true")).content,
        parse_float=Decimal,
    )["value"]
    assert row["DebitAmount"] == Decimal("0.1000000000000000055")
    assert (row["Document"], row["LineNumber"]) == ("REF1", 1)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"AccountDisplayValue": "0000"}, "The value '0000' in field 'Main account' is not found"),
        ({"AccountDisplayValue": "7190"}, "not available for posting"),
        ({"AccountDisplayValue": "71"}, "not available for posting"),
        ({"AccountDisplayValue": "7140-999"}, "The value '999' in field 'CostCenter'"),
        ({"AccountDisplayValue": "7140-210-P-12"}, "more segments"),
        ({"AccountDisplayValue": "7140-290"}, "CostCenter 290 is suspended"),
        ({"AccountType": "Vend", "AccountDisplayValue": "X"}, "The value 'X' in field 'Vendor account'"),
        ({"AccountType": "Vend", "AccountDisplayValue": "L\\-290"}, "on hold"),
        ({"AccountType": "Person"}, "LedgerJournalACType"),
        ({"CurrencyCode": "XXX"}, "The value 'XXX' in field 'Currency'"),
        ({"CreditAmount": 1}, "a debit or a credit"),
        ({"DebitAmount": -1}, "a debit or a credit"),
        ({"TransDate": "1999-01-01T12:00:00Z"}, "not open"),
        ({"JournalBatchNumber": "09999"}, "The value '09999' in field 'Journal batch number'"),
        ({"dataAreaId": "NO02"}, "Journal batch number"),
        ({"CurrencyCode": None}, "must be filled in"),
    ],
)
async def test_a_line_that_breaks_a_rule_is_refused_with_status_500_and_an_infolog(
    finance: FinanceSandbox, changes: dict[str, Any], words: str
) -> None:
    journal = await opened(finance)
    answer = await call(finance, "POST", "/data/LedgerJournalLines", line(journal, **changes))
    inner = answer.json()["error"]["innererror"]
    assert answer.status_code == 500
    assert "Infolog: " in inner["message"]
    assert words in inner["message"]
    assert inner["stacktrace"]
    assert finance.booked() == []


@pytest.mark.parametrize(
    "changes", [{"Amount": 1}, {"DebitAmount": "412.00"}, {"TransDate": "2026-11-05"}, {"Text": 7}]
)
async def test_what_odata_does_not_understand_is_a_bad_request(
    finance: FinanceSandbox, changes: dict[str, Any]
) -> None:
    journal = await opened(finance)
    answer = await call(finance, "POST", "/data/LedgerJournalLines", line(journal, **changes))
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "")


async def test_a_line_number_is_taken_once(finance: FinanceSandbox) -> None:
    journal = await opened(finance)
    assert (await call(finance, "POST", "/data/LedgerJournalLines", line(journal))).status_code == 201
    again = await call(finance, "POST", "/data/LedgerJournalLines", line(journal))
    assert "The record already exists." in again.text
    own = await call(finance, "POST", "/data/LedgerJournalLines", line(journal, LineNumber=None))
    assert own.json()["LineNumber"] == 2


async def test_a_reference_that_is_too_long_is_cut_without_a_word(finance: FinanceSandbox) -> None:
    journal = await opened(finance)
    answer = await call(
        finance, "POST", "/data/LedgerJournalLines", line(journal, Document="R" * 22, Text="x" * 99)
    )
    assert (answer.json()["Document"], len(answer.json()["Text"])) == ("R" * 20, 60)


async def test_a_changeset_is_written_whole_or_not_at_all(finance: FinanceSandbox) -> None:
    journal = await opened(finance)
    body = batch(
        [line(journal, 1), line(journal, 2, CreditAmount=412, DebitAmount=0, Invoice="REF1")],
        [line(journal, 3, Document="REF2"), line(journal, 4, AccountDisplayValue="0000")],
        [line(journal, 5, Document="REF3", Invoice="REF3")],
    )
    answer = await send(finance, body, Prefer="odata.continue-on-error")
    assert answer.status_code == 200
    assert answer.text.count("HTTP/1.1 201 Created") == 3
    assert answer.text.count("HTTP/1.1 500 Internal Server Error") == 1
    assert finance.booked() == ["REF1", "REF3"]


async def test_without_the_preference_a_batch_ends_at_the_first_failure(finance: FinanceSandbox) -> None:
    journal = await opened(finance)
    body = batch([line(journal, 1, AccountDisplayValue="0000")], [line(journal, 2)])
    answer = await send(finance, body)
    assert answer.text.count("HTTP/1.1 ") == 1
    assert finance.booked() == []


@pytest.mark.parametrize("length", [0, 10, 60, 200])
async def test_a_batch_that_breaks_off_is_a_bad_request(finance: FinanceSandbox, length: int) -> None:
    journal = await opened(finance)
    answer = await send(finance, batch([line(journal)])[:length])
    assert answer.status_code == 400
    assert finance.booked() == []


async def test_a_posted_journal_takes_no_more_lines_and_can_still_be_read(finance: FinanceSandbox) -> None:
    journal = await opened(finance)
    await call(finance, "POST", "/data/LedgerJournalLines", line(journal))
    path = f"/_sandbox/finance_operations/journals/{journal}/post"
    assert (await call(finance, "POST", path)).json() == {"done": True}
    answer = await call(finance, "POST", "/data/LedgerJournalLines", line(journal, 2))
    assert "is posted" in answer.text
    assert len(await values(finance, "/data/LedgerJournalLines?cross-company=true")) == 1


async def test_pages_follow_a_link_with_all_that_was_asked(finance: FinanceSandbox) -> None:
    path = "/data/MainAccounts?cross-company=true&$select=MainAccountId&$filter=ChartOfAccounts eq 'norsk'"
    found: list[str] = []
    while path:
        answer = (await call(finance, "GET", path, Prefer="odata.maxpagesize=20")).json()
        assert len(answer["value"]) <= 20
        found += [row["MainAccountId"] for row in answer["value"]]
        path = answer.get("@odata.nextLink", "").removeprefix(finance.url)
    assert len(found) == len(set(found)) > 60


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("Nothing", 404),
        ("MainAccounts?$filter=Nothing eq 'x'", 400),
        ("MainAccounts?$filter=Name gt 'x'", 400),
        ("MainAccounts?$filter=(Name eq 'x'", 400),
        ("MainAccounts?$filter=Name eq 'x' Name", 400),
        ("MainAccounts?$select=Nothing", 400),
        ("MainAccounts?$top=x", 400),
        ("MainAccounts?$orderby=Name", 400),
    ],
)
async def test_a_question_it_does_not_understand_is_refused(
    finance: FinanceSandbox, path: str, status: int
) -> None:
    joined = f"/data/{path}{'&' if '?' in path else '?'}cross-company=true"
    assert (await call(finance, "GET", joined)).status_code == status


async def test_only_known_apps_are_let_in_and_only_some_may_write(finance: FinanceSandbox) -> None:
    assert (await call(finance, "GET", "/data/LegalEntities", app="not_enabled")).status_code == 401
    assert (await call(finance, "GET", "/data/LegalEntities", app="read_only")).status_code == 200
    answer = await call(finance, "POST", "/data/LedgerJournalHeaders", HEADER, app="read_only")
    assert answer.status_code == 403


async def test_throttling_names_the_seconds_to_wait_and_does_nothing(finance: FinanceSandbox) -> None:
    changed = await call(finance, "POST", "/_sandbox/finance_operations", {"throttle": 1})
    assert changed.json()["throttle"] == 1
    answer = await call(finance, "POST", "/data/LedgerJournalHeaders", HEADER)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    assert await values(finance, "/data/LedgerJournalHeaders?cross-company=true") == []
    wrong = await call(finance, "POST", "/_sandbox/finance_operations", {"throttle": "x"})
    assert wrong.status_code == 400


def test_what_was_kept_is_there_again() -> None:
    kept: list[str] = []
    first = FinanceOperations(keep=lambda change: kept.append(json.dumps(change)))
    row = first.books.open(dict(HEADER), unique_key=False)
    journal = row["JournalBatchNumber"]
    numbers = {"LineNumber": Decimal(1), "DebitAmount": Decimal("412.00")}
    first.books.write([{**line(journal), **numbers}], document_length=20, own_numbers=True)
    gone = first.books.open(dict(HEADER), unique_key=False)["JournalBatchNumber"]
    first.books.change(gone, "delete")
    first.books.change(journal, "post")
    second = FinanceOperations()
    for change in kept:
        second.restore(json.loads(change, parse_float=Decimal))
    assert second.booked() == first.booked()
    assert second.stats()["vouchers"] == 1
    assert second.books.headers() == first.books.headers()
    with pytest.raises(ValueError, match="not a change"):
        second.restore({"odd": 1})
