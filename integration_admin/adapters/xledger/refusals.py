"""Why Xledger refused a voucher, in words the person who maintains the mapping understands."""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final

from integration_admin.adapters.base import CURRENCY, Outcome, Result, Voucher
from integration_admin.adapters.xledger.errors import Example, XledgerError
from integration_admin.adapters.xledger.sayings import all_in_own_words, own_words
from integration_admin.adapters.xledger.vouchers import HOME_CURRENCY
from integration_admin.core.errors import Fault
from integration_admin.core.messages import Message, msg

_NO_SUCH_CODE = re.compile(r"(?P<path>[\w.\[\]]+): No value matching owner \w+, \w+ '(?P<code>[^']*)'")
_QUOTED = re.compile(r"'(?P<code>[^']*)'")
_PATH = re.compile(r"(?P<path>[a-z][\w.\[\]]*): ")

_OFFERED: Final = 3
"""Suggestions and reasons in one sentence at the most."""
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
    "currency": CURRENCY,
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
    CURRENCY: msg("Currency {code} is not set up in Xledger."),
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
    quoted = _QUOTED.search(error.message)
    code = quoted["code"] if quoted else ""
    message = _no_such(field, code) if no_such and field in _NO_SUCH else _told(error)
    if _is_foreign_amount(voucher, error):
        field, message = CURRENCY, _not_converted(voucher)
    return Outcome(
        voucher.reference,
        Result.REJECTED,
        message=_with_suggestion(message, code, error.examples),
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


def refused_after_import(words: Sequence[str]) -> Message:
    """Say why Xledger will not book what it has taken; `words` are its own, made fit to show."""
    reason = all_in_own_words(words[:_OFFERED])
    if reason is not None:
        return msg("Xledger took the voucher in, but will not book it. {reason}", reason=reason)
    return msg(
        "Xledger took the voucher in, but will not book it. It says: “{words}”",
        words=" ".join(words[:_OFFERED]),
    )


def _field(error: XledgerError) -> str:
    """Return our name of the input an error is about, or an empty string."""
    return next((_FIELDS[step] for step in _steps(error) if step in _FIELDS), "")


def _steps(error: XledgerError) -> list[str]:
    """Return the path of the input an error is about: from its message, else from its place."""
    prefix = _PATH.match(error.message)
    return [*(re.split(r"[.\[\]]+", prefix["path"]) if prefix else ()), *error.path]


def _no_such(field: str, code: str) -> Message:
    template = _NO_SUCH[field]
    return Message(template.template, {**template.values, "code": code})


def _with_suggestion(sentence: Message, code: str, examples: Sequence[Example]) -> Message:
    """Add what Xledger would take in the place of `code`, those alike first, where it says so."""
    same = [example for example in examples if example.code == code and example.db_id]
    if len(same) > 1:
        choices = ", ".join(f"dbId:{example.db_id} ({example.name})" for example in same[:_OFFERED])
        return msg(
            "{sentence} Several entries share the code {code}. Write the one that is meant by its id: {choices}.",
            sentence=sentence,
            code=code,
            choices=choices,
        )
    names = {example.code: example.name for example in examples}
    alike = get_close_matches(code, list(names), n=_OFFERED, cutoff=0.5)
    offered = ", ".join(f"{one} {names[one]}".strip() for one in alike or list(names)[:_OFFERED])
    if alike:
        return msg("{sentence} Did you mean {suggestions}?", sentence=sentence, suggestions=offered)
    if offered:
        return msg(
            "{sentence} Xledger takes, for example, {suggestions}.", sentence=sentence, suggestions=offered
        )
    return sentence


def _is_foreign_amount(voucher: Voucher, error: XledgerError) -> bool:
    return voucher.lines[0].amount.currency != HOME_CURRENCY and "amount" in _steps(error)


def _not_converted(voucher: Voucher) -> Message:
    return msg(
        "The claim is in {currency}, and Xledger does not convert it to {home} by itself. Enter this one in"
        " Xledger by hand.",
        currency=voucher.lines[0].amount.currency,
        home=HOME_CURRENCY,
    )


def _told(error: XledgerError) -> Message:
    return own_words(error.message) or msg(
        "Xledger refused the voucher. It says: “{words}”", words=error.message
    )


def _which_account(voucher: Voucher, code: str) -> str:
    """Tell the credit account from the lines' accounts by the code that was refused."""
    of_lines = {line.fields.get("account") for line in voucher.lines}
    is_credit = code == voucher.fields.get("credit_account") and code not in of_lines
    return "credit_account" if is_credit else "account"
