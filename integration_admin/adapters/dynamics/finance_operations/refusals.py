"""What a changeset that was not written tells about its voucher, in words the people who can act understand."""

import re
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from integration_admin.adapters.answers import Meaning, meaning
from integration_admin.adapters.base import Outcome, Result, Voucher
from integration_admin.adapters.dynamics.finance_operations.errors import (
    names_a_reason,
    no_access,
    own_words,
    too_many,
    whole_words,
)
from integration_admin.adapters.outbound import Response
from integration_admin.core.errors import Fault
from integration_admin.core.messages import Message, msg
from integration_admin.core.secret import Secret

_NOT_FOUND = re.compile(
    r"The value '(?P<value>[^']{0,100})' in field '(?P<field>[^']{1,100})' is not found in the related table",
    re.IGNORECASE,
)
_EXISTS = re.compile(r"record already exists", re.IGNORECASE)
_NOT_ALLOWED = re.compile(r"not allowed for field '?(?P<field>\w+)'?", re.IGNORECASE)
_NAMED = re.compile(r"field '(?:\w+\.)?(?P<field>\w+)'")

_FIELDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "AccountDisplayValue": "account",
        "MainAccount": "account",
        "LedgerDimension": "account",
        "DefaultDimensionDisplayValue": "account",
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
_SETTINGS: Final[Mapping[str, Message]] = MappingProxyType(
    {
        "LineNumber": msg(
            "Finance & Operations wants to number the lines itself. Under Credentials, choose the details yourself"
            " and leave the line numbers to Finance & Operations."
        ),
        "IntegrationKey": msg(
            "This Finance & Operations takes no integration key. Under Credentials, choose the details yourself"
            " and leave the key out."
        ),
    }
)
"""The other side's name of what it may not be sent -> which setting changes that."""

UNKNOWN: Final = msg(
    "Finance & Operations did not say clearly what became of this voucher. It is looked up there later."
)
_JOURNAL_GONE = msg(
    "The journal {journal} was closed or deleted while the export wrote into it. The voucher goes into a new one."
)
_ALREADY_THERE = msg(
    "Finance & Operations says that such a line is there already. The voucher is looked up there later."
)


def about_settings(response: Response) -> Message | None:
    """Return which setting to change where an answer refuses something this program may leave out."""
    words = whole_words(response)
    found = _NOT_ALLOWED.search(words)
    name = found["field"] if found else next((name for name in _SETTINGS if f"'{name}'" in words), "")
    return _SETTINGS.get(name)


def not_written(voucher: Voucher, response: Response, now: datetime, secrets: tuple[Secret, ...]) -> Outcome:
    """Return what became of a voucher whose changeset was answered with an error."""
    if names_a_reason(response):
        return _refused(voucher, response, secrets)
    has_wait = "retry-after" in response.headers
    match meaning(response.status, has_retry_after=has_wait, promised=response.status == 429):
        case Meaning.WAIT:
            limit = too_many(response.status, response.headers, now)
            return _not_sent(voucher, limit.message, limit.fault, limit.retry_after)
        case Meaning.STOP:
            changed = about_settings(response)
            return _not_sent(voucher, changed or no_access(response.status).message, Fault.CONFIG)
        case Meaning.REJECTED | Meaning.CONFIGURATION:
            return _refused(voucher, response, secrets)
    return unknown(voucher)


def journal_gone(refused: Outcome, journal: str) -> Outcome:
    """Return the outcome of a voucher that was refused because its journal takes no more lines."""
    message = Message(_JOURNAL_GONE.template, {"journal": journal})
    return Outcome(
        refused.reference, Result.NOT_SENT, message=message, fault=Fault.TRANSIENT, retry_after=0.0
    )


def already_exists(response: Response) -> bool:
    """Tell whether something was refused because it is there already."""
    return bool(_EXISTS.search(whole_words(response)))


def unknown(voucher: Voucher, message: Message = UNKNOWN) -> Outcome:
    """Return the outcome of a voucher that may have been booked."""
    return Outcome(voucher.reference, Result.UNKNOWN, message=message, fault=Fault.UNKNOWN_OUTCOME)


def _refused(voucher: Voucher, response: Response, secrets: tuple[Secret, ...]) -> Outcome:
    """Return the outcome of a voucher that broke a rule; that a line is there already may be our own doing."""
    if already_exists(response):
        return unknown(voucher, _ALREADY_THERE)
    changed = about_settings(response)
    if changed is not None:
        return _not_sent(voucher, changed, Fault.CONFIG)
    words = own_words(response, *secrets)
    return Outcome(
        voucher.reference,
        Result.REJECTED,
        message=_sentence(words, response.status),
        fault=Fault.CONFIG,
        field=_field(voucher, whole_words(response)),
    )


def _not_sent(voucher: Voucher, message: Message, fault: Fault, retry_after: float | None = None) -> Outcome:
    return Outcome(voucher.reference, Result.NOT_SENT, message=message, fault=fault, retry_after=retry_after)


def _sentence(words: str, status: int) -> Message:
    missing = _NOT_FOUND.search(words)
    if missing:
        return msg(
            "{value} does not exist in Finance & Operations as “{field}”.",
            value=missing["value"],
            field=missing["field"],
        )
    if words:
        return msg("Finance & Operations refused the voucher. It says: “{words}”", words=words)
    return msg("Finance & Operations refused the voucher ({status}) and does not say why.", status=status)


def _field(voucher: Voucher, words: str) -> str:
    """Return the target field to blame: by the field's name, the credit account told apart by its code."""
    named = next(
        (_FIELDS[found["field"]] for found in _NAMED.finditer(words) if found["field"] in _FIELDS), ""
    )
    missing = _NOT_FOUND.search(words)
    code = missing["value"] if missing else ""
    if code and code == voucher.fields.get("vendor"):
        return "vendor"
    of_lines = {line.fields.get("account") for line in voucher.lines}
    if code and code == voucher.fields.get("credit_account") and code not in of_lines:
        return "credit_account"
    return "account" if code and code in of_lines else named
