"""Reads the lists a voucher refers to: main accounts, dimension values, vendors and currencies.

Suspended and total entries are kept; whether a code may be used is for the services to say.
"""

from collections.abc import AsyncIterator, Callable
from datetime import date
from typing import Any, Final

from integration_admin.adapters.base import ReferenceData
from integration_admin.adapters.dynamics.finance_operations.client import ODataClient, Row
from integration_admin.adapters.dynamics.finance_operations.targets import DIMENSIONS
from integration_admin.adapters.dynamics.odata import text
from integration_admin.adapters.listing import once_each
from integration_admin.core.errors import AdapterError, AuthenticationFailed, Fault
from integration_admin.core.reference import ReferenceItem

_NO_POSTING: Final = frozenset({"Total", "Reporting", "Common"})
"""Types of main accounts that only add up or describe others."""
_NEVER: Final = frozenset({date(1900, 1, 1), date(2154, 12, 31)})
"""How a date that is not set looks, at either end."""

_OF_ACCOUNTS: Final = (
    "ChartOfAccounts,MainAccountId,Name,MainAccountType,IsSuspended,DoNotAllowManualEntry,ActiveFrom,ActiveTo"
)
_OF_VALUES: Final = (
    "FinancialDimension,LegalEntityId,DimensionValue,Description,IsSuspended,IsTotal,IsBlockedForManualEntry,"
    "ActiveFrom,ActiveTo"
)

Items = tuple[ReferenceItem, ...]


async def read_all(client: ODataClient) -> ReferenceData:
    """Read every list; one that is not to be had is left out, but for the accounts. Raises AdapterError."""
    lists = {"accounts": await _items(await _accounts(client), _account)}
    company = client.options.booking.company
    vendors = client.pages(
        "VendorsV2",
        select="VendorAccountNumber,VendorOrganizationName,OnHoldStatus",
        filter=f"dataAreaId eq {text(company)}",
    )
    optional = {
        "vendors": (vendors, _vendor),
        "currencies": (client.pages("Currencies", select="CurrencyCode,Name"), _currency),
    }
    titles = dict(zip(DIMENSIONS, client.options.booking.dimensions, strict=False))
    for field, name in titles.items():
        values = client.pages(
            "FinancialDimensionValues", select=_OF_VALUES, filter=f"FinancialDimension eq {text(name)}"
        )
        optional[field] = (_of_company(values, company), _dimension_value)
    for list_name, (rows, as_item) in optional.items():
        items = await _if_there(rows, as_item)
        lists |= {} if items is None else {list_name: items}
    return ReferenceData(lists, titles)


async def _accounts(client: ODataClient) -> AsyncIterator[Row]:
    """Return the accounts of the legal entity's own chart; where the chart is not told, those of every one."""
    company = client.options.booking.company
    try:
        ledgers = await client.rows(
            "Ledgers",
            select="LegalEntityId,ChartOfAccounts",
            filter=f"LegalEntityId eq {text(company)}",
        )
    except AdapterError as error:
        _raise_unless_missing(error)
        ledgers = []
    charts = [str(row["ChartOfAccounts"]) for row in ledgers if row.get("ChartOfAccounts")]
    chosen = f"ChartOfAccounts eq {text(charts[0])}" if charts else ""
    return client.pages("MainAccounts", select=_OF_ACCOUNTS, filter=chosen)


async def _of_company(rows: AsyncIterator[Row], company: str) -> AsyncIterator[Row]:
    """Yield the dimension values of the chosen legal entity, and those every one has.

    A value may be there twice: what is said of it for the chosen one alone is what counts there.
    """
    shared: dict[str, Row] = {}
    own: set[str] = set()
    async for row in rows:
        where, code = _text(row.get("LegalEntityId")).casefold(), _text(row.get("DimensionValue"))
        if where == company.casefold():
            own.add(code)
            yield row
        elif not where:
            shared[code] = row
    for code, row in shared.items():
        if code not in own:
            yield row


async def _if_there(rows: AsyncIterator[Row], as_item: Callable[[Row], ReferenceItem]) -> Items | None:
    try:
        return await _items(rows, as_item)
    except AdapterError as error:
        _raise_unless_missing(error)
        return None


def _raise_unless_missing(error: AdapterError) -> None:
    """Let pass what a right that is missing, or an older version, leads to."""
    forbidden = isinstance(error, AuthenticationFailed) and error.code == "forbidden"
    if not forbidden and (error.fault is not Fault.CONFIG or not error.code.startswith("http_4")):
        raise error


async def _items(rows: AsyncIterator[Row], as_item: Callable[[Row], ReferenceItem]) -> Items:
    return once_each([item async for row in rows if (item := as_item(row)).code])


def _account(row: Row) -> ReferenceItem:
    code = _text(row.get("MainAccountId"))
    return ReferenceItem(
        id=f"{_text(row.get('ChartOfAccounts'))}/{code}",
        code=code,
        name=_text(row.get("Name")),
        open=row.get("IsSuspended") != "Yes",
        posting=row.get("MainAccountType") not in _NO_POSTING and row.get("DoNotAllowManualEntry") != "Yes",
        valid_from=_day(row.get("ActiveFrom")),
        valid_to=_day(row.get("ActiveTo")),
    )


def _dimension_value(row: Row) -> ReferenceItem:
    code = _text(row.get("DimensionValue"))
    return ReferenceItem(
        id=f"{_text(row.get('LegalEntityId'))}/{code}",
        code=code,
        name=_text(row.get("Description")),
        open=row.get("IsSuspended") != "Yes",
        posting=row.get("IsTotal") != "Yes" and row.get("IsBlockedForManualEntry") != "Yes",
        valid_from=_day(row.get("ActiveFrom")),
        valid_to=_day(row.get("ActiveTo")),
    )


def _vendor(row: Row) -> ReferenceItem:
    code = _text(row.get("VendorAccountNumber"))
    is_open = row.get("OnHoldStatus") not in {"All", "Invoice"}
    return ReferenceItem(id=code, code=code, name=_text(row.get("VendorOrganizationName")), open=is_open)


def _currency(row: Row) -> ReferenceItem:
    code = _text(row.get("CurrencyCode"))
    return ReferenceItem(id=code, code=code, name=_text(row.get("Name")))


def _day(value: Any) -> date | None:
    try:
        day = date.fromisoformat(str(value)[:10])
    except ValueError:
        return None
    return None if day in _NEVER else day


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()
