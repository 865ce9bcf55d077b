"""Why Xledger refused a voucher, in words the person who maintains the mapping understands."""

import re
from difflib import get_close_matches
from typing import Final

from integration_admin.adapters.base import Outcome, Result, Voucher
from integration_admin.adapters.xledger.errors import XledgerError
from integration_admin.adapters.xledger.vouchers import HOME_CURRENCY
from integration_admin.core.errors import Fault
from integration_admin.core.messages import Message, msg

_NO_SUCH_CODE = re.compile(r"(?P<path>[\w.\[\]]+): No value matching owner \w+, \w+ '(?P<code>[^']*)'")
_PATH = re.compile(r"(?P<path>[a-z][\w.\[\]]*): ")

_FIELDS: Final = {
    "account": "account",
    "taxRule": "tax_rule",
    "project": "project",
    "subledger": "subledger",
    "postedDate": "posted_date",
    "dueDate": "due_date",
    "invoiceNumber": "invoice_number",
    "text": "text",
    "transactionSource": "transaction_source",
    "jobLevel": "job_level",
    "currency": "currency",
    **{f"glObject{slot}": f"gl_object_{slot}" for slot in range(1, 6)},
}
"""Xledger's name of an input -> ours."""

_NO_SUCH: Final = {
    "account": msg("Account {code} does not exist in Xledger."),
    "tax_rule": msg("Tax rule {code} does not exist in Xledger."),
    "project": msg("Project {code} does not exist in Xledger."),
    "subledger": msg("Subledger {code} does not exist in Xledger."),
    "transaction_source": msg("Transaction source {code} does not exist in Xledger."),
    "job_level": msg("Job level {code} does not exist in Xledger."),
    "currency": msg("Currency {code} is not set up in Xledger."),
    **{
        f"gl_object_{slot}": msg("{code} does not exist in Xledger as GL object {slot}.", slot=slot)
        for slot in range(1, 6)
    },
}


def rejected(voucher: Voucher, errors: tuple[XledgerError, ...]) -> Outcome:
    """Return the outcome of a voucher Xledger refused, with the field to blame where it names one."""
    error = next((error for error in errors if _field(error)), errors[0])
    no_such = _NO_SUCH_CODE.match(error.message)
    field = _field(error)
    code = no_such["code"] if no_such else ""
    message = _no_such(field, code, error) if no_such and field in _NO_SUCH else _own_words(voucher, error)
    return Outcome(
        voucher.reference,
        Result.REJECTED,
        message=message,
        fault=Fault.CONFIG,
        field=_which_account(voucher, code) if field == "account" else field,
    )


def half_taken(voucher: Voucher) -> Outcome:
    """Return the outcome of a voucher of which Xledger took some lines: a person must tidy up there."""
    return Outcome(
        voucher.reference,
        Result.NEEDS_PERSON,
        message=msg(
            "Xledger took only some lines of voucher {number}. Delete them in Xledger's import before the"
            " claim is sent again.",
            number=voucher.number,
        ),
        fault=Fault.UPSTREAM,
    )


def _field(error: XledgerError) -> str:
    """Return our name of the input an error is about, or an empty string."""
    return next((_FIELDS[step] for step in _steps(error) if step in _FIELDS), "")


def _steps(error: XledgerError) -> list[str]:
    """Return the path of the input an error is about: from its message, else from its place."""
    prefix = _PATH.match(error.message)
    return [*(re.split(r"[.\[\]]+", prefix["path"]) if prefix else ()), *error.path]


def _no_such(field: str, code: str, error: XledgerError) -> Message:
    template = _NO_SUCH[field]
    sentence = Message(template.template, {**template.values, "code": code})
    alike = get_close_matches(code, list(error.examples or {}), n=3, cutoff=0.5)
    if not alike:
        return sentence
    offered = ", ".join(f"{one} {(error.examples or {})[one]}".strip() for one in alike)
    return msg("{sentence} Did you mean {suggestions}?", sentence=sentence, suggestions=offered)


def _own_words(voucher: Voucher, error: XledgerError) -> Message:
    currency = voucher.lines[0].amount.currency
    if currency != HOME_CURRENCY and "amount" in _steps(error):
        return msg(
            "The claim is in {currency}, and Xledger does not convert it to {home} by itself. Enter this one in"
            " Xledger by hand.",
            currency=currency,
            home=HOME_CURRENCY,
        )
    return msg("Xledger refused the voucher. It says: “{words}”", words=error.message)


def _which_account(voucher: Voucher, code: str) -> str:
    """Tell the credit account from the lines' accounts by the code that was refused."""
    of_lines = {line.fields.get("account") for line in voucher.lines}
    is_credit = code == voucher.fields.get("credit_account") and code not in of_lines
    return "credit_account" if is_credit else "account"
