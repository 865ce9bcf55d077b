"""What the simulated Finance & Operations knows besides journals: companies, accounts, dimensions, vendors."""

from collections.abc import Iterator
from typing import Any, Final

from integration_admin.sandbox.xledger.chart import ACCOUNTS, CLOSED, SUM_ACCOUNTS
from integration_admin.sandbox.xledger.dimensions import COST_CENTRES, CURRENCIES, PEOPLE, PROJECTS, Value

COMPANIES: Final = {"NO01": "Eksempelforbundet", "NO02": "Eksempelforbundet Oslo og Akershus"}
DEFAULT_COMPANY: Final = "NO02"
FINANCE_COMPANY: Final = "NO01"
"""The one to export to, which is not the one a question without a company is answered for."""
"""What is read without cross-company=true: the company the app's user begins in, which is another one."""
JOURNAL_NAMES: Final = frozenset({"UTLEGG", "GENJRN"})
DIMENSIONS: Final = {"CostCenter": COST_CENTRES, "Project": PROJECTS}
"""The dimensions of the active format behind the main account, in their order."""
SEPARATOR: Final = "-"
VENDOR_ON_HOLD: Final = "L-290"

_CHART: Final = "Norsk"
_FIRST: Final = "1900-01-01T12:00:00Z"
"""How a date that is not set is written."""

Row = dict[str, Any]


class Lists:
    """Master data; accounts may be suspended, and there may be more of them, on the way."""

    def __init__(self) -> None:
        self.suspended = set(CLOSED)
        self.extra_accounts = 0
        self.account_format = SEPARATOR.join(["MainAccount", *DIMENSIONS])
        self.delimiter = "Hyphen"
        self._names = dict(ACCOUNTS)
        self._vendors = dict(PEOPLE) | {VENDOR_ON_HOLD: "Sperret leverandør"}

    def of(self, entity: str) -> list[Row] | None:
        """Return the rows of an entity set of master data, or None where it is none."""
        make = {
            "LegalEntities": self._legal_entities,
            "Ledgers": self._ledgers,
            "MainAccounts": self._main_accounts,
            "FinancialDimensionValues": self._dimension_values,
            "VendorsV2": self._vendor_rows,
            "Currencies": self._currencies,
            "DimensionIntegrationFormats": self._formats,
            "DimensionParameters": self._parameters,
        }.get(entity)
        return None if make is None else list(make())

    def account_problem(self, code: str) -> str:
        """Return why a main account takes no entry, or an empty string."""
        if code not in self._names:
            return _missing(code, "Main account", "Main accounts")
        if code in self.suspended or code in SUM_ACCOUNTS:
            return f"Error: Main account {code} is not available for posting"
        return ""

    def vendor_problem(self, code: str) -> str:
        """Return why a vendor takes no entry, or an empty string."""
        if code not in self._vendors:
            return _missing(code, "Vendor account", "Vendors")
        return f"Error: Vendor {code} is on hold" if code == VENDOR_ON_HOLD else ""

    def dimension_problem(self, name: str, code: str) -> str:
        """Return why a value of a dimension cannot be used, or an empty string."""
        found = next((value for value in DIMENSIONS[name] if value.code == code), None)
        if found is None:
            return _missing(code, name, "Financial dimension values")
        return "" if found.open and found.posting else f"Error: {name} {code} is suspended"

    def currency_problem(self, code: str) -> str:
        """Return why a currency cannot be used, or an empty string."""
        known = {currency for currency, _ in (*CURRENCIES, ("JPY", ""), ("KWD", ""))}
        return "" if code in known else _missing(code, "Currency", "Currencies")

    def _legal_entities(self) -> Iterator[Row]:
        for code, name in COMPANIES.items():
            yield {"LegalEntityId": code, "Name": name}

    def _ledgers(self) -> Iterator[Row]:
        for code in COMPANIES:
            yield {"LegalEntityId": code, "ChartOfAccounts": _CHART, "AccountingCurrency": "NOK"}

    def _main_accounts(self) -> Iterator[Row]:
        for code, name in self._names.items():
            yield self._account(code, name)
        for number in range(self.extra_accounts):
            yield self._account(f"9{number:06}", f"Underkonto {number}")
        # Another company's chart of accounts is listed beside ours.
        yield {**self._account("7140", "Reise i et annet land"), "ChartOfAccounts": "Svensk"}

    def _account(self, code: str, name: str) -> Row:
        return {
            "ChartOfAccounts": _CHART,
            "MainAccountId": code,
            "Name": name,
            "MainAccountType": "Total" if code in SUM_ACCOUNTS else "Expense",
            "IsSuspended": "Yes" if code in self.suspended else "No",
            "DoNotAllowManualEntry": "No",
            "ActiveFrom": _FIRST,
            "ActiveTo": _FIRST,
        }

    def _dimension_values(self) -> Iterator[Row]:
        for name, values in DIMENSIONS.items():
            for value in values:
                yield _dimension_value(name, value)

    def _vendor_rows(self) -> Iterator[Row]:
        for code, name in self._vendors.items():
            yield {
                "dataAreaId": "no01",
                "VendorAccountNumber": code,
                "VendorOrganizationName": name,
                "OnHoldStatus": "All" if code == VENDOR_ON_HOLD else "No",
            }

    def _currencies(self) -> Iterator[Row]:
        for code, name in CURRENCIES:
            yield {"CurrencyCode": code, "Name": name}

    def _formats(self) -> Iterator[Row]:
        ledger = "DataEntityLedgerDimensionFormat"
        yield _format("Standard", "DataEntityDefaultDimensionFormat", "CostCenter-Project", "Yes")
        yield _format("Gammel", ledger, "MainAccount-Project", "No")
        if self.account_format:
            yield _format("Regnskap", ledger, self.account_format, "Yes")

    def _parameters(self) -> Iterator[Row]:
        yield {"Key": 1, "DimensionSegmentDelimiter": self.delimiter}


def _format(name: str, kind: str, names: str, active: str) -> Row:
    return {
        "DimensionFormatName": name,
        "DimensionFormatType": kind,
        "FinancialDimensionFormat": names,
        "IsActive": active,
    }


def _dimension_value(name: str, value: Value) -> Row:
    return {
        "FinancialDimension": name,
        "LegalEntityId": "" if value.entity == "main" else "NO02",
        "DimensionValue": value.code,
        "Description": value.description,
        "IsSuspended": "No" if value.open else "Yes",
        "IsTotal": "No" if value.posting else "Yes",
        "IsBlockedForManualEntry": "No",
        "ActiveFrom": f"{value.date_from}T12:00:00Z",
        "ActiveTo": f"{value.date_to}T12:00:00Z" if value.date_to else _FIRST,
    }


def _missing(code: str, field: str, table: str) -> str:
    return (
        f"Warning: The value '{code}' in field '{field}' is not found in the related table '{table}'.; Warning:"
        " validateField failed on field 'LedgerJournalLineEntity.AccountDisplayValue'"
    )
