"""Answers of every kind to what was sent, told by servers that follow a script."""

from typing import Any

import pytest

from integration_admin.adapters.base import Credentials, Result
from integration_admin.adapters.dynamics.finance_operations.adapter import FinanceOperationsAdapter
from integration_admin.core.errors import AdapterError, AuthenticationFailed, Fault
from integration_admin.core.secret import Secret
from tests.adapters.conftest import Serve
from tests.adapters.dynamics.finance_operations.ledger import (
    batch_answer,
    opened,
    reference,
    refused,
    said,
    scripted,
    settings,
    short,
    token,
    voucher,
)
from tests.adapters.hostile import Server, answer

OPEN = said({"value": [{"JournalBatchNumber": "00007", "IsPosted": "No"}]})


def there(server: Server, **changes: str) -> Credentials:
    return Credentials(
        settings(f"http://127.0.0.1:{server.port}", **changes), {"client_secret": Secret("secret-1")}
    )


def written(number: int, count: int = 2, **changes: Any) -> list[tuple[int, Any]]:
    """Return the answers to a voucher that was booked."""
    row = {"JournalBatchNumber": "00007", "Voucher": short(number), "Document": short(number)}
    return [(201, {**row, **changes})] * count


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        ("302 Found", Fault.CONFIG),
        ("400 Bad Request", Fault.UNKNOWN_OUTCOME),
        ("403 Forbidden", Fault.CONFIG),
        ("404 Not Found", Fault.CONFIG),
        ("408 Request Timeout", Fault.UNKNOWN_OUTCOME),
        ("413 Too Large", Fault.UNKNOWN_OUTCOME),
        ("418 Teapot", Fault.UNKNOWN_OUTCOME),
        ("429 Too Many Requests", Fault.UNKNOWN_OUTCOME),
        ("500 Internal Server Error", Fault.UNKNOWN_OUTCOME),
        ("502 Bad Gateway", Fault.UNKNOWN_OUTCOME),
        ("503 Service Unavailable", Fault.UNKNOWN_OUTCOME),
        ("504 Gateway Timeout", Fault.UNKNOWN_OUTCOME),
        ("200 OK", Fault.UNKNOWN_OUTCOME),
        ("202 Accepted", Fault.UNKNOWN_OUTCOME),
    ],
)
async def test_an_answer_to_the_whole_batch_holds_for_all_of_it(
    adapter: FinanceOperationsAdapter, serve: Serve, status: str, fault: Fault
) -> None:
    gone = answer(b"<html>no</html>", status=status)
    held = said({"value": [{"JournalBatchNumber": "00007"}]})
    server = await serve(scripted(token=token(), journal=opened(), batch=gone, lines=held))
    with pytest.raises(AdapterError) as failed:
        await adapter.send(there(server), [voucher(1), voucher(2)])
    assert failed.value.fault is fault
    assert sum(b"$batch" in head for head in server.heads) == 1
    assert not any(head.startswith(b"DELETE") for head in server.heads)


@pytest.mark.parametrize(
    ("status", "body", "result", "fault"),
    [
        (500, refused("Error: The period is closed"), Result.REJECTED, Fault.CONFIG),
        (400, refused("Error: The period is closed"), Result.REJECTED, Fault.CONFIG),
        (400, {"error": {"message": "No such property"}}, Result.REJECTED, Fault.CONFIG),
        (500, {"error": {"message": "An error has occurred."}}, Result.UNKNOWN, Fault.UNKNOWN_OUTCOME),
        (500, {}, Result.UNKNOWN, Fault.UNKNOWN_OUTCOME),
        (503, {}, Result.UNKNOWN, Fault.UNKNOWN_OUTCOME),
        (408, {}, Result.UNKNOWN, Fault.UNKNOWN_OUTCOME),
        (409, {}, Result.UNKNOWN, Fault.UNKNOWN_OUTCOME),
        (429, {}, Result.UNKNOWN, Fault.UNKNOWN_OUTCOME),
        (
            500,
            refused("Info: Cannot create.\nThe record already exists."),
            Result.UNKNOWN,
            Fault.UNKNOWN_OUTCOME,
        ),
        (500, refused("Error: create not allowed for field 'LineNumber'"), Result.NOT_SENT, Fault.CONFIG),
        (404, refused(""), Result.REJECTED, Fault.CONFIG),
    ],
)
async def test_a_changeset_answered_with_an_error_tells_of_its_own_voucher_alone(
    adapter: FinanceOperationsAdapter, serve: Serve, status: int, body: Any, result: Result, fault: Fault
) -> None:
    told = batch_answer(written(1), [(status, body)], written(3))
    server = await serve(scripted(token=token(), journal=opened(), batch=told, journals=OPEN))
    outcomes = await adapter.send(there(server), [voucher(1), voucher(2), voucher(3)])
    assert [outcome.result for outcome in outcomes] == [Result.DELIVERED, result, Result.DELIVERED]
    assert outcomes[1].fault is fault
    assert outcomes[0].external_id == f"00007/{short(1)}"


@pytest.mark.parametrize(
    "answers",
    [
        written(1, 1),
        written(1, 3),
        [*written(1, 1), (500, refused("Error: No"))],
        [(201, {})] * 2,
        [(204, None)] * 2,
        [(201, "booked")] * 2,
        written(1, JournalBatchNumber="00008"),
        written(1, JournalBatchNumber=None),
    ],
)
async def test_a_changeset_whose_lines_do_not_all_come_back_is_unknown(
    adapter: FinanceOperationsAdapter, serve: Serve, answers: list[tuple[int, Any]]
) -> None:
    server = await serve(
        scripted(token=token(), journal=opened(), batch=batch_answer(answers), journals=OPEN)
    )
    [outcome] = await adapter.send(there(server), [voucher(1)])
    assert (outcome.result, outcome.fault) == (Result.UNKNOWN, Fault.UNKNOWN_OUTCOME)


async def test_another_vouchers_lines_are_no_delivery(
    adapter: FinanceOperationsAdapter, serve: Serve
) -> None:
    told = batch_answer(written(2), written(1))
    server = await serve(scripted(token=token(), journal=opened(), batch=told))
    outcomes = await adapter.send(there(server), [voucher(1), voucher(2)])
    assert {outcome.result for outcome in outcomes} == {Result.UNKNOWN}


@pytest.mark.parametrize("count", [0, 3])
async def test_more_or_no_answers_at_all_are_unknown(
    adapter: FinanceOperationsAdapter, serve: Serve, count: int
) -> None:
    told = batch_answer(*[written(1)] * count)
    server = await serve(scripted(token=token(), journal=opened(), batch=told))
    with pytest.raises(AdapterError) as unclear:
        await adapter.send(there(server), [voucher(1), voucher(2)])
    assert unclear.value.fault is Fault.UNKNOWN_OUTCOME


async def test_what_an_answer_that_ends_with_a_refusal_leaves_out_is_looked_up_and_sent_again(
    adapter: FinanceOperationsAdapter, serve: Serve
) -> None:
    row = {"dataAreaId": "no01", "JournalBatchNumber": "00007", "Document": short(3), "Invoice": short(3)}
    first = batch_answer(written(1), [(500, refused("Error: No"))])
    server = await serve(
        scripted(
            token=token(),
            journal=opened(),
            journals=OPEN,
            batch=[first, batch_answer(written(4))],
            lines=said({"value": [row]}),
        )
    )
    outcomes = await adapter.send(there(server), [voucher(n) for n in range(1, 5)])
    assert {outcome.reference: outcome.result for outcome in outcomes} == {
        reference(1): Result.DELIVERED,
        reference(2): Result.REJECTED,
        reference(3): Result.DELIVERED,
        reference(4): Result.DELIVERED,
    }


async def test_where_that_lookup_fails_the_rest_is_unknown(
    adapter: FinanceOperationsAdapter, serve: Serve
) -> None:
    server = await serve(
        scripted(
            token=token(),
            journal=opened(),
            journals=OPEN,
            batch=batch_answer([(500, refused("Error: No"))]),
            lines=said({}, "500 Oh"),
        )
    )
    outcomes = await adapter.send(there(server), [voucher(1), voucher(2)])
    assert [outcome.result for outcome in outcomes] == [Result.REJECTED, Result.UNKNOWN]


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        (b"", Fault.TRANSIENT),
        (said({}, "500 Oh"), Fault.TRANSIENT),
        (said({}, "502 Bad Gateway"), Fault.TRANSIENT),
        (said({}, "429 Slow"), Fault.RATE_LIMITED),
        (said({}, "201 Created"), Fault.CONFIG),
        (said([], "201 Created"), Fault.CONFIG),
        (said({"dataAreaId": "no01"}, "201 Created"), Fault.TRANSIENT),
        (answer(b"<html>", status="201 Created"), Fault.TRANSIENT),
        (opened(company="no02"), Fault.CONFIG),
        (said(refused("Error: No"), "500 Oh"), Fault.CONFIG),
        (said({}, "404 Not Found"), Fault.CONFIG),
        (answer(b"", "Location: https://elsewhere.example/", status="302 Found"), Fault.CONFIG),
    ],
)
async def test_a_journal_that_could_not_be_opened_leaves_no_doubt_about_vouchers(
    adapter: FinanceOperationsAdapter, serve: Serve, given: bytes, fault: Fault
) -> None:
    server = await serve(scripted(token=token(), journal=given))
    with pytest.raises(AdapterError) as failed:
        await adapter.send(there(server), [voucher(1)])
    assert failed.value.fault is fault
    assert not any(b"$batch" in head for head in server.heads)


async def test_a_batch_whose_token_is_refused_was_not_sent_and_the_sign_in_is_renewed(
    adapter: FinanceOperationsAdapter, serve: Serve
) -> None:
    server = await serve(
        scripted(
            token=[token("first"), token("second")],
            journal=opened(),
            batch=said({}, "401 Unauthorized"),
            entities=said({"value": []}),
            lines=said({"value": []}),
            journals=said({}, "204 No Content"),
        )
    )
    with pytest.raises(AdapterError) as failed:
        await adapter.send(there(server), [voucher(1)])
    assert (failed.value.fault, failed.value.retry_after) == (Fault.TRANSIENT, 0.0)
    assert sum(b"$batch" in head for head in server.heads) == 1
    assert [head for head in server.heads if b"Bearer second" in head]


async def test_an_app_that_is_thrown_out_in_the_middle_stops_the_integration(
    adapter: FinanceOperationsAdapter, serve: Serve
) -> None:
    no = said({}, "401 Unauthorized")
    server = await serve(scripted(token=token(), journal=opened(), batch=no, entities=no))
    with pytest.raises(AuthenticationFailed):
        await adapter.send(there(server), [voucher(1)])


async def test_changesets_all_refused_for_who_sent_them_stop_the_integration(
    adapter: FinanceOperationsAdapter, serve: Serve
) -> None:
    told = batch_answer([(403, {})], [(403, {})])
    server = await serve(scripted(token=token(), journal=opened(), batch=told))
    with pytest.raises(AuthenticationFailed):
        await adapter.send(there(server), [voucher(1), voucher(2)])
    told = batch_answer(written(1), [(403, {})])
    server = await serve(scripted(token=token(), journal=opened(), batch=told))
    outcomes = await adapter.send(there(server), [voucher(1), voucher(2)])
    assert [outcome.result for outcome in outcomes] == [Result.DELIVERED, Result.NOT_SENT]


async def test_of_an_error_only_the_reason_is_shown(adapter: FinanceOperationsAdapter, serve: Serve) -> None:
    words = "Warning: <b>Date</b> is closed.; Warning: validateField failed on field 'LedgerJournalLineEntity.TransDate'"
    told = batch_answer([(500, refused(words))])
    held = said({"value": [{"JournalBatchNumber": "00007"}]})
    server = await serve(scripted(token=token(), journal=opened(), batch=told, journals=OPEN, lines=held))
    [outcome] = await adapter.send(there(server), [voucher(1)])
    message = " ".join(str(outcome.message).split())
    assert message == "Finance & Operations refused the voucher. It says: “Date is closed.”"
    assert outcome.field == "posted_date"


@pytest.mark.parametrize(
    "row",
    [
        {"dataAreaId": "no01", "Document": "SOMEBODYELSE", "JournalBatchNumber": "1"},
        {"dataAreaId": "no02", "Document": short(1), "JournalBatchNumber": "1"},
        {"Document": short(1)},
        {},
        "text",
    ],
)
async def test_a_lookup_that_holds_what_was_not_asked_for_is_not_believed(
    adapter: FinanceOperationsAdapter, serve: Serve, row: Any
) -> None:
    server = await serve(scripted(token=token(), lines=said({"value": [row]})))
    with pytest.raises(AdapterError) as failed:
        await adapter.lookup(there(server), [reference(1)])
    assert (failed.value.fault, failed.value.code) == (Fault.UPSTREAM, "shape")


@pytest.mark.parametrize("given", [b"", answer(b"<html>"), said({"value": None}), said({}, "500 Oh")])
async def test_a_question_without_a_good_answer_leaves_no_doubt_behind(
    adapter: FinanceOperationsAdapter, serve: Serve, given: bytes
) -> None:
    server = await serve(scripted(token=token(), lines=given))
    with pytest.raises(AdapterError) as failed:
        await adapter.lookup(there(server), [reference(1)])
    assert failed.value.fault is Fault.UPSTREAM


async def test_a_lookup_asks_across_companies_in_addresses_that_are_not_too_long(
    adapter: FinanceOperationsAdapter, serve: Serve
) -> None:
    server = await serve(scripted(token=token(), lines=said({"value": []})))
    assert await adapter.lookup(there(server), [reference(n) for n in range(60)]) == []
    asked = [head.split(b" ")[1] for head in server.heads if b"LedgerJournalLines" in head]
    assert len(asked) == 3
    assert all(b"cross-company=true" in address and len(address) < 2_048 for address in asked)
    assert b"dataAreaId%20eq%20'NO01'" in asked[0]
