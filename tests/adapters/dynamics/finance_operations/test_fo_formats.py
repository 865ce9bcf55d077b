"""What the connection test says where accounts are read there in another way than they are written here."""

import pytest

from integration_admin.adapters.base import Credentials
from integration_admin.adapters.dynamics.finance_operations.adapter import FinanceOperationsAdapter
from integration_admin.core.secret import Secret
from tests.adapters.conftest import Serve
from tests.adapters.dynamics.finance_operations.ledger import credentials, said, scripted, settings, token
from tests.sandbox.finance_operations import FinanceSandbox


async def warned(adapter: FinanceOperationsAdapter, sandbox: FinanceSandbox, **changes: str) -> list[str]:
    """Return what a connection test that passes warns of."""
    connection = await adapter.test_connection(credentials(sandbox, **changes))
    assert connection.entity
    return [str(message) for message in connection.warnings]


@pytest.mark.parametrize("theirs", ["MainAccount-CostCenter-Project", "MAINACCOUNT|costcenter|Project"])
async def test_the_same_names_in_the_same_order_need_no_warning(
    adapter: FinanceOperationsAdapter, sandbox: FinanceSandbox, theirs: str
) -> None:
    sandbox.state.lists.account_format = theirs
    assert await warned(adapter, sandbox, account_format="MainAccount,CostCenter,Project") == []


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("MainAccount-Project-CostCenter", "MainAccount,CostCenter,Project"),
        ("CostCenter-MainAccount", "MainAccount,CostCenter"),
        ("MainAccount", "MainAccount,CostCenter"),
        ("MainAccount-CostCenters", "MainAccount,CostCenter"),
    ],
)
async def test_another_order_or_a_name_that_is_not_there_is_warned_about_with_both(
    adapter: FinanceOperationsAdapter, sandbox: FinanceSandbox, theirs: str, ours: str
) -> None:
    sandbox.state.lists.account_format = theirs
    [warning] = await warned(adapter, sandbox, account_format=ours)
    assert f"reads accounts as {theirs}, and they are written as {ours.replace(',', ', ')}" in warning


async def test_dimensions_no_line_is_given_are_named(
    adapter: FinanceOperationsAdapter, sandbox: FinanceSandbox
) -> None:
    sandbox.state.lists.account_format = "MainAccount-A_Kostnadssted-Project"
    [warning] = await warned(adapter, sandbox, account_format="MainAccount")
    assert "goes on with A_Kostnadssted, Project" in warning


async def test_another_delimiter_is_warned_about(
    adapter: FinanceOperationsAdapter, sandbox: FinanceSandbox
) -> None:
    sandbox.state.lists.delimiter = "Bar"
    [warning] = await warned(adapter, sandbox)
    assert "puts | between account and dimensions, and - is chosen here" in warning


@pytest.mark.parametrize("status", ["404 Not Found", "403 Forbidden", "500 Internal Server Error"])
async def test_where_the_format_cannot_be_read_the_test_passes_without_a_warning(
    adapter: FinanceOperationsAdapter, serve: Serve, status: str
) -> None:
    there = said({"value": [{"LegalEntityId": "NO01", "Name": "Eksempelforbundet"}]})
    answers = [there, said({}, status), said({}, status)]
    server = await serve(scripted(token=token(), lines=said({"value": []}), entities=answers))
    signed_in = Credentials(settings(f"http://127.0.0.1:{server.port}"), {"client_secret": Secret("x")})
    connection = await adapter.test_connection(signed_in)
    assert (connection.entity, connection.warnings) == ("NO01 Eksempelforbundet", ())


async def test_no_active_format_proves_nothing(
    adapter: FinanceOperationsAdapter, sandbox: FinanceSandbox
) -> None:
    sandbox.state.lists.account_format = ""
    assert await warned(adapter, sandbox) == []
