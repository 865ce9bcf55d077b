"""Which of our fields a refusal is about, told by the names and codes in its words."""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from integration_admin.adapters.base import CURRENCY, Voucher
from integration_admin.adapters.dynamics.finance_operations.targets import DIMENSIONS

_NOT_FOUND = re.compile(
    r"The value '(?P<value>[^']{0,100})' in field '(?P<field>[^']{1,100})' is not found in the related table",
    re.IGNORECASE,
)
_NAMED = re.compile(r"field '(?:\w+\.)?(?P<field>\w+)'")

_FIELDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "AccountDisplayValue": "account",
        "MainAccount": "account",
        "LedgerDimension": "account",
        "DefaultDimensionDisplayValue": "account",
        "CurrencyCode": CURRENCY,
        "TransDate": "posted_date",
        "DueDate": "due_date",
        "Due": "due_date",
        "Text": "text",
        "Txt": "text",
        "SalesTaxGroup": "sales_tax_group",
        "TaxGroup": "sales_tax_group",
        "ItemSalesTaxGroup": "item_sales_tax_group",
        "TaxItemGroup": "item_sales_tax_group",
    }
)
"""The other side's name of a field of a line, or of its table -> ours."""


class Missing(NamedTuple):
    """A value that is not there, and what the other side calls its field."""

    value: str
    field: str


class Blame(NamedTuple):
    """The target field to blame, empty where that is not clear; a dimension with its name there and its value."""

    field: str = ""
    dimension: str = ""
    value: str = ""


def missing_in(words: str) -> Missing | None:
    """Return what the words say is not there, or None."""
    found = _NOT_FOUND.search(words)
    return Missing(found["value"], found["field"]) if found else None


def blame(voucher: Voucher, words: str, dimensions: Sequence[str]) -> Blame:
    """Return what a refusal is about; `dimensions` are the other side's names in the order of our fields."""
    missing = missing_in(words)
    for field, name in zip(DIMENSIONS, dimensions, strict=False):
        if missing is not None and missing.field.casefold() == name.casefold():
            return Blame(field, name, missing.value)
        for value in _values(voucher, field):
            if _stands_in(name, words) and _stands_in(value, words):
                return Blame(field, name, value)
    if missing is not None and (owner := _owner(voucher, missing.value)):
        return Blame(owner)
    named = (_FIELDS[found["field"]] for found in _NAMED.finditer(words) if found["field"] in _FIELDS)
    return Blame(next(named, "") or _owner_of_any(voucher, words))


def _owner_of_any(voucher: Voucher, words: str) -> str:
    """Return the field of a code that stands in the words; empty where none does."""
    codes = [voucher.fields.get("vendor", ""), voucher.fields.get("credit_account", "")]
    codes += _values(voucher, "account")
    return next((_owner(voucher, code) for code in codes if _stands_in(code, words)), "")


def _owner(voucher: Voucher, code: str) -> str:
    """Return whose code this is: the vendor's, a line's account, the account for what is owed, or the currency's."""
    if not code:
        return ""
    if code == voucher.fields.get("vendor"):
        return "vendor"
    if code in _values(voucher, "account"):
        return "account"
    if code == voucher.fields.get("credit_account"):
        return "credit_account"
    return CURRENCY if code == voucher.lines[0].amount.currency else ""


def _values(voucher: Voucher, field: str) -> list[str]:
    return [value for line in voucher.lines if (value := line.fields.get(field))]


def _stands_in(code: str, words: str) -> bool:
    """Tell whether a code stands in the words as a whole, and not as a part of another."""
    return bool(code) and bool(re.search(rf"(?<![\w-]){re.escape(code)}(?![\w-])", words, re.IGNORECASE))
