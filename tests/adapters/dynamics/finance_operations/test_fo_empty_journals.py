"""Journals nothing was written into: they are taken away again, and no other is."""

import pytest

from integration_admin.adapters.base import Credentials, Result
from integration_admin.adapters.dynamics.finance_operations.adapter import FinanceOperationsAdapter
from integration_admin.core.errors import AdapterError, Fault
from integration_admin.core.secret import Secret
from tests.adapters.conftest import Serve
from tests.adapters.dynamics.finance_operations.ledger import (
    CANARY,
    batch_answer,
    credentials,
    line,
    opened,
    refused,
    said,
    scripted,
    settings,
    token,
    voucher,
)
from tests.adapters.hostile import Server
from tests.sandbox.finance_operations import FinanceSandbox


def at(server: Server) -> Credentials:
    """Return what signs in at a server with answers of its own."""
    return Credentials(settings(f"http://127.0.0.1:{server.port}"), {"client_secret": Secret(CANARY)})


async def test_a_journal_all_of_whose_vouchers_are_refused_does_not_stay_behind(
    adapter: FinanceOperationsAdapter, sandbox: FinanceSandbox
) -> None:
    wrong = line(account="0000")
    for number in range(1, 4):
        [outcome] = await adapter.send(credentials(sandbox), [voucher(number, wrong)])
        assert outcome.result is Result.REJECTED
    assert sandbox.state.books.journals == {}


async def test_a_journal_that_has_one_good_voucher_stays(
    adapter: FinanceOperationsAdapter, sandbox: FinanceSandbox
) -> None:
    batch = [voucher(1, line(account="0000")), voucher(2)]
    outcomes = await adapter.send(credentials(sandbox), batch)
    assert {outcome.result for outcome in outcomes} == {Result.REJECTED, Result.DELIVERED}
    assert len(sandbox.state.books.lines()) == 2


async def test_a_batch_that_was_throttled_leaves_no_journal_behind(
    adapter: FinanceOperationsAdapter, serve: Serve
) -> None:
    throttled = said({}, "429 Too Many Requests", "Retry-After: 3")
    server = await serve(
        scripted(
            token=token(),
            journal=opened(),
            batch=throttled,
            lines=said({"value": []}),
            journals=said({}, "204 No Content"),
        )
    )
    with pytest.raises(AdapterError) as told:
        await adapter.send(at(server), [voucher(1)])
    assert (told.value.fault, told.value.retry_after) == (Fault.RATE_LIMITED, 3.0)
    key = (
        b"DELETE /data/LedgerJournalHeaders(dataAreaId='NO01',JournalBatchNumber='00007')?cross-company=true"
    )
    assert server.heads[-1].startswith(key)


@pytest.mark.parametrize("fault", ["drop_before", "drop_after", "error500_after", "half_body", "error503"])
async def test_a_journal_that_may_have_lines_is_never_taken_away(
    adapter: FinanceOperationsAdapter, sandbox: FinanceSandbox, fault: str
) -> None:
    sandbox.plan.change(f"{fault}=1")
    with pytest.raises(AdapterError) as told:
        await adapter.send(credentials(sandbox), [voucher(1)])
    assert told.value.fault is Fault.UNKNOWN_OUTCOME
    assert list(sandbox.state.books.journals) == ["00001"]


async def test_an_earlier_attempts_journal_with_lines_is_left_as_it_is(
    adapter: FinanceOperationsAdapter, sandbox: FinanceSandbox
) -> None:
    sandbox.state.behaviour.unique_integration_key = True
    await adapter.send(credentials(sandbox), [voucher(1)])
    sandbox.state.lists.suspended.add("7140")
    [outcome] = await adapter.send(credentials(sandbox, details="own", line_numbers="no"), [voucher(1)])
    assert outcome.result is Result.REJECTED
    assert len(sandbox.state.books.lines()) == 2


@pytest.mark.parametrize("status", ["403 Forbidden", "405 Method Not Allowed", "500 Internal Server Error"])
async def test_a_journal_that_may_not_be_deleted_changes_nothing_about_the_vouchers(
    adapter: FinanceOperationsAdapter, serve: Serve, status: str
) -> None:
    server = await serve(
        scripted(
            token=token(),
            journal=opened(),
            batch=batch_answer([(500, refused("Error: The period is closed"))]),
            lines=said({"value": []}),
            journals=[said({"value": [{"IsPosted": "No"}]}), said({}, status)],
        )
    )
    [outcome] = await adapter.send(at(server), [voucher(1)])
    assert outcome.result is Result.REJECTED
    assert sum(head.startswith(b"DELETE") for head in server.heads) == 1


async def test_a_lookup_that_fails_keeps_the_journal(adapter: FinanceOperationsAdapter, serve: Serve) -> None:
    server = await serve(
        scripted(
            token=token(),
            journal=opened(),
            batch=batch_answer([(500, refused("Error: The period is closed"))]),
            lines=said({}, "500 Internal Server Error"),
            journals=said({"value": [{"IsPosted": "No"}]}),
        )
    )
    [outcome] = await adapter.send(at(server), [voucher(1)])
    assert outcome.result is Result.REJECTED
    assert not any(head.startswith(b"DELETE") for head in server.heads)
