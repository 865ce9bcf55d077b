"""Why Business Central refused a voucher, in words for a person, and which of our fields is to blame."""

from collections.abc import Mapping
from typing import Any

from integration_admin.adapters.base import Outcome, Result, Voucher
from integration_admin.adapters.dynamics.business_central.batch import Operation, Refusal
from integration_admin.adapters.dynamics.business_central.errors import (
    PASSING,
    Context,
    Said,
    definite_refusal,
    not_written,
    too_many,
    unclear,
)
from integration_admin.adapters.dynamics.business_central.fields import DIMENSIONS
from integration_admin.adapters.dynamics.references import short
from integration_admin.core.errors import AdapterError, Fault
from integration_admin.core.messages import Message, msg

MISSING = frozenset(
    {
        "Internal_RecordNotFound",
        "BadRequest_NotFound",
        "BadRequest_ResourceNotFound",
        "Internal_DataNotFoundFilter",
    }
)
"""Codes of something that is not there: an account, or the journal itself."""

_FIELDS = (
    ("posting date", "posted_date"),
    ("vat ", "tax_code"),
    ("tax group", "tax_code"),
)


def not_about_vouchers(refusal: Refusal, told: Said, context: Context) -> AdapterError | None:
    """Return the error where no voucher is to blame for a refusal inside a batch, None where one is.

    Any refusal there means that nothing of the batch was written, except that a time limit leaves doubt.
    """
    definite = definite_refusal(refusal.status, told, context)
    if definite is not None:
        return definite
    if refusal.status == 429:
        return too_many(refusal.status, {}, context.now)
    if refusal.status in {408, 504}:
        return unclear(refusal.status, told)
    if refusal.status >= 500 or told.code in PASSING:
        return not_written(refusal.status, told)
    return None


def rejected(
    voucher: Voucher,
    refusal: Refusal,
    told: Said,
    operation: Operation | None,
    dimensions: tuple[str, ...],
) -> Outcome:
    """Return the outcome of the voucher a batch was refused for."""
    body = operation.body if operation else {}
    code = str(body.get("code", ""))
    return Outcome(
        voucher.reference,
        Result.REJECTED,
        message=_reason(told, refusal.status),
        fault=Fault.CONFIG,
        field=DIMENSIONS[dimensions.index(code)] if code in dimensions else _field(told, body),
    )


def line_number_taken(voucher: Voucher, number: int, journal: str) -> Outcome:
    """Return the outcome of a voucher whose place in the journal somebody else's line has."""
    return Outcome(
        voucher.reference,
        Result.REJECTED,
        message=msg(
            "Line {number} of the journal {journal} belongs to something else. Delete or post that line in Business"
            " Central, or use a journal for these vouchers alone.",
            number=number,
            journal=journal,
        ),
        fault=Fault.CONFIG,
    )


def different(voucher: Voucher, journal: str) -> Outcome:
    """Return the outcome of a voucher whose lines are in the journal, but not as they were sent."""
    return Outcome(
        voucher.reference,
        Result.NEEDS_PERSON,
        message=msg(
            "The journal {journal} has lines of this voucher already, but not all, or changed ones. Look at document"
            " {document} there before anything is sent again.",
            journal=journal,
            document=short(voucher.reference),
        ),
        fault=Fault.UPSTREAM,
    )


def half_taken(voucher: Voucher, told: Said, status: int, journal: str) -> Outcome:
    """Return the outcome of a voucher whose lines are in, whose dimensions are refused, and which stays there."""
    return Outcome(
        voucher.reference,
        Result.NEEDS_PERSON,
        message=msg(
            "The lines of document {document} are in the journal {journal}, but without all their dimensions, which"
            " Business Central refuses: {reason} Delete these lines there before the claim is sent again.",
            document=short(voucher.reference),
            journal=journal,
            reason=_reason(told, status),
        ),
        fault=Fault.UPSTREAM,
    )


def _reason(told: Said, status: int) -> Message:
    if told.words:
        return msg("Business Central refused the voucher. It says: “{words}”", words=told.words)
    return msg("Business Central refused the voucher ({status}) and does not say why.", status=status)


def _field(told: Said, body: Mapping[str, Any]) -> str:
    """Return the target field the words are about, by the kind of the refused line; empty where that is not clear."""
    words = told.words.lower()
    for mark, field in _FIELDS:
        if mark in words:
            return field
    kind = {"Employee": "employee", "Vendor": "vendor"}.get(str(body.get("accountType")), "account")
    return kind if "account" in words or kind in words else ""
