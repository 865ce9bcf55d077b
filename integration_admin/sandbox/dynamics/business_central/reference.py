"""What can only be read: companies, accounts, people, dimensions, currencies, tax groups and setup."""

from functools import cache
from typing import Final

from integration_admin.sandbox.dynamics.business_central import enumerations, problems
from integration_admin.sandbox.dynamics.business_central.calls import Call, Handler, require_guid
from integration_admin.sandbox.dynamics.business_central.entries import ENTRY_LISTING
from integration_admin.sandbox.dynamics.business_central.identifiers import NOWHERE, Kind, guid
from integration_admin.sandbox.dynamics.business_central.listings import Listing
from integration_admin.sandbox.dynamics.business_central.odata import Record, etag
from integration_admin.sandbox.dynamics.business_central.values import number, shown_date
from integration_admin.sandbox.dynamics.business_central.world import (
    LOCAL_CURRENCY,
    Account,
    Company,
    Named,
    Party,
)

_DIMENSION: Final = "Dimension"
_STAMP: Final = "2026-01-05T08:00:00Z"
_CATEGORIES: Final = {
    "1": "Assets",
    "2": "Liabilities",
    "3": "Income",
    "4": "Cost of Goods Sold",
}


def handlers() -> dict[tuple[str, str], Handler]:
    """Return the handlers of every list."""
    routes: dict[tuple[str, str], Handler] = {}
    for path, listing in _LISTINGS.items():
        routes["GET", path] = listing.get_all
        routes["GET", f"{path}()"] = listing.get
    return routes


def company_record(company: Company) -> Record:
    """Return a company as the list of companies has it."""
    return {
        "id": company.guid,
        "systemVersion": "27.0.0.0",
        "timestamp": 10_000 + company.number,
        "name": company.name,
        "displayName": company.display_name,
        "businessProfileId": "",
        "systemCreatedAt": _STAMP,
        "systemCreatedBy": NOWHERE,
        "systemModifiedAt": _STAMP,
        "systemModifiedBy": NOWHERE,
    }


COMPANY_FIELDS: Final = (
    "id", "systemVersion", "timestamp", "name", "displayName", "businessProfileId", "systemCreatedAt",
    "systemCreatedBy", "systemModifiedAt", "systemModifiedBy",
)  # fmt: skip


def _accounts(call: Call) -> list[Record]:
    call.company.grow(call.books.behaviour.accounts)
    return [_account(account) for account in call.company.accounts]


def _account(account: Account) -> Record:
    return {
        "@odata.etag": etag(0, account.blocked),
        "id": account.guid,
        "number": account.code,
        "displayName": account.name,
        "category": _category(account.code),
        "subCategory": "",
        "blocked": account.blocked,
        "accountType": account.account_type,
        "directPosting": account.direct,
        "netChange": 0,
        "consolidationTranslationMethod": enumerations.encoded("Average Rate (Manual)"),
        "consolidationDebitAccount": "",
        "consolidationCreditAccount": "",
        "excludeFromConsolidation": False,
        "lastModifiedDateTime": _STAMP,
    }


@cache
def _category(code: str) -> str:
    return enumerations.encoded(_CATEGORIES.get(code[0], "Expense"))


_ACCOUNT_FIELDS = (
    "id", "number", "displayName", "category", "subCategory", "blocked", "accountType", "directPosting",
    "netChange", "consolidationTranslationMethod", "consolidationDebitAccount", "consolidationCreditAccount",
    "excludeFromConsolidation", "lastModifiedDateTime",
)  # fmt: skip


def _vendors(call: Call) -> list[Record]:
    return [_vendor(call.company, party) for party in call.company.vendors]


def _vendor(company: Company, party: Party) -> Record:
    currency = company.currencies.get(party.currency)
    return {
        "@odata.etag": etag(0, len(party.blocked)),
        "id": party.guid,
        "number": party.code,
        "displayName": party.name,
        "addressLine1": "",
        "city": "Oslo",
        "country": "NO",
        "email": "",
        "website": "",
        "taxRegistrationNumber": "",
        "currencyId": currency.guid if currency else NOWHERE,
        "currencyCode": party.currency or LOCAL_CURRENCY,
        "paymentTermsId": NOWHERE,
        "paymentMethodId": NOWHERE,
        "taxLiable": False,
        "blocked": enumerations.encoded(party.blocked),
        "balance": 0,
        "lastModifiedDateTime": _STAMP,
    }


_VENDOR_FIELDS = (
    "id", "number", "displayName", "addressLine1", "city", "country", "email", "website",
    "taxRegistrationNumber", "currencyId", "currencyCode", "paymentTermsId", "paymentMethodId", "taxLiable",
    "blocked", "balance", "lastModifiedDateTime",
)  # fmt: skip


def _employees(call: Call) -> list[Record]:
    return [_employee(party) for party in call.company.employees]


def _employee(party: Party) -> Record:
    given, _, surname = party.name.rpartition(" ")
    return {
        "@odata.etag": etag(0, 1),
        "id": party.guid,
        "number": party.code,
        "displayName": party.name,
        "givenName": given,
        "middleName": "",
        "surname": surname,
        "jobTitle": "",
        "email": f"{party.code.lower()}@eksempelforbundet.example",
        "personalEmail": "",
        "employmentDate": "2022-01-01",
        "terminationDate": shown_date(""),
        "status": "Active",
        "bankBranchNumber": "",
        "bankAccountNumber": "",
        "iban": "",
        "lastModifiedDateTime": _STAMP,
    }


_EMPLOYEE_FIELDS = (
    "id", "number", "displayName", "givenName", "middleName", "surname", "jobTitle", "email",
    "personalEmail", "employmentDate", "terminationDate", "status", "bankBranchNumber", "bankAccountNumber",
    "iban", "lastModifiedDateTime",
)  # fmt: skip


def _dimensions(call: Call) -> list[Record]:
    return [
        {**_named(dimension.guid, dimension.code, dimension.name), "consolidationCode": ""}
        for dimension in call.company.dimensions
    ]


def _dimension_values(call: Call) -> list[Record]:
    key = call.keys[0]
    require_guid(key)
    dimension = call.company.dimensions.with_guid(key)
    if dimension is None:
        raise problems.missing(_DIMENSION, key)
    return [
        {
            **_named(value.guid, value.code, value.name),
            "dimensionId": dimension.guid,
            "consolidationCode": "",
        }
        for value in dimension.values
    ]


_NAMED_FIELDS = ("id", "code", "displayName", "lastModifiedDateTime")


def _currencies(call: Call) -> list[Record]:
    return [_currency(currency) for currency in call.company.currencies]


def _currency(currency: Named) -> Record:
    return {
        **_named(currency.guid, currency.code, currency.name),
        "symbol": "",
        "amountDecimalPlaces": f"{currency.number}:{currency.number}",
        "amountRoundingPrecision": number(1, currency.number),
    }


def _tax_groups(call: Call) -> list[Record]:
    return [
        {**_named(group.guid, group.code, group.name), "taxType": "VAT"} for group in call.company.tax_groups
    ]


def _named(identity: str, code: str, name: str) -> Record:
    return {
        "@odata.etag": etag(0, 1),
        "id": identity,
        "code": code,
        "displayName": name,
        "lastModifiedDateTime": _STAMP,
    }


def _setup(call: Call) -> list[Record]:
    return [
        {
            "@odata.etag": etag(0, 1),
            "id": guid(Kind.SETUP, call.company.number),
            "allowPostingFrom": shown_date(call.company.allowed_from),
            "allowPostingTo": shown_date(call.company.allowed_to),
            "additionalReportingCurrency": "",
            "localCurrencyCode": LOCAL_CURRENCY,
            "localCurrencySymbol": "kr",
            "lastModifiedDateTime": _STAMP,
        }
    ]


def _information(call: Call) -> list[Record]:
    return [
        {
            "@odata.etag": etag(0, 1),
            "id": guid(Kind.SETUP, 0x1000 + call.company.number),
            "displayName": call.company.display_name,
            "country": "NO",
            "taxRegistrationNumber": "974761076",
            "currencyCode": LOCAL_CURRENCY,
            "currentFiscalYearStartDate": f"{call.books.today().year}-01-01",
            "lastModifiedDateTime": _STAMP,
        }
    ]


_LISTINGS: Final = {
    "accounts": Listing(_ACCOUNT_FIELDS, _accounts),
    "vendors": Listing(_VENDOR_FIELDS, _vendors),
    "employees": Listing(_EMPLOYEE_FIELDS, _employees),
    "dimensions": Listing((*_NAMED_FIELDS, "consolidationCode"), _dimensions),
    "dimensions()/dimensionValues": Listing(
        (*_NAMED_FIELDS, "consolidationCode", "dimensionId"), _dimension_values
    ),
    "currencies": Listing(
        (*_NAMED_FIELDS, "symbol", "amountDecimalPlaces", "amountRoundingPrecision"), _currencies
    ),
    "taxGroups": Listing((*_NAMED_FIELDS, "taxType"), _tax_groups),
    "generalLedgerSetup": Listing(
        (
            "id", "allowPostingFrom", "allowPostingTo", "additionalReportingCurrency", "localCurrencyCode",
            "localCurrencySymbol", "lastModifiedDateTime",
        ), _setup,
    ),
    "companyInformation": Listing(
        (
            "id", "displayName", "country", "taxRegistrationNumber", "currencyCode",
            "currentFiscalYearStartDate", "lastModifiedDateTime",
        ), _information,
    ),
    "generalLedgerEntries": ENTRY_LISTING,
}  # fmt: skip
