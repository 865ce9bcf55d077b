"""What Xledger says of an input it refuses, put into sentences of our own; what is not known here is quoted.

Only `No value matching` is known from public client code (ds-provider-xledger-py-lib) and is in refusals.py; the
others are said by the simulated Xledger, and are recognised by their wording alone.
"""

import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import Final

from integration_admin.core.figures import Figure
from integration_admin.core.messages import Message, msg

_SAYING: Final = re.compile(r"(?P<path>[a-z][\w.\[\]]*): (?P<said>.+)", re.DOTALL)
_SLOT: Final = re.compile(r"glObject(?P<slot>[1-5])")
_WHAT: Final = {
    "account": msg("Account {code}"),
    "taxRule": msg("Tax rule {code}"),
    "project": msg("Project {code}"),
    "subledger": msg("Subledger {code}"),
    "transactionSource": msg("Transaction source {code}"),
    "jobLevel": msg("Job level {code}"),
    "currency": msg("Currency {code}"),
}
_INPUTS: Final = {
    "account": msg("account"),
    "amount": msg("amount"),
    "postedDate": msg("posting date"),
    "dueDate": msg("due date"),
    "invoiceNumber": msg("invoice number"),
    "subledger": msg("subledger"),
    "taxRule": msg("tax rule"),
    "text": msg("text"),
}


def own_words(said: str) -> Message | None:
    """Return what Xledger said in our words, or None where it is nothing known."""
    found = _SAYING.fullmatch(said)
    if found is None:
        return None
    name = re.split(r"[.\[\]]+", found["path"])[0]
    for wording, tell in _TELL:
        if match := wording.fullmatch(found["said"]):
            return tell(name, match)
    return None


def all_in_own_words(sayings: Sequence[str]) -> Message | None:
    """Return several sayings in our words, one after the other, or None unless all of them are known."""
    told = [own_words(said) for said in sayings]
    known = [message for message in told if message is not None]
    if not known or len(known) < len(told):
        return None
    names = [f"sentence_{place}" for place in range(len(known))]
    return Message(" ".join(f"{{{name}}}" for name in names), dict(zip(names, known, strict=True)))


def _what(name: str, code: str) -> Message:
    """Return an entry of one of Xledger's lists by its kind and code."""
    if slot := _SLOT.fullmatch(name):
        return msg("GL object {slot} {code}", slot=slot["slot"], code=code)
    known = _WHAT.get(name)
    return Message(known.template, {"code": code}) if known else msg("The code {code}", code=code)


def _closed(name: str, found: re.Match[str]) -> Message:
    return msg(
        "{what} is closed in Xledger. Choose another one in the mapping, or have it opened there.",
        what=_what(name, found["code"]),
    )


def _no_posting(name: str, found: re.Match[str]) -> Message:
    return msg(
        "{what} takes no postings in Xledger. Choose another one in the mapping.",
        what=_what(name, found["code"]),
    )


def _not_valid(name: str, found: re.Match[str]) -> Message | None:
    try:
        day = date.fromisoformat(found["day"])
    except ValueError:
        return None
    return msg("{what} is not valid in Xledger on {day}.", what=_what(name, found["code"]), day=day)


def _period(_name: str, found: re.Match[str]) -> Message:
    return msg(
        "The period {month} is closed in Xledger. Have it opened there, or send the claim with a later date.",
        month=Figure("month", found["month"]),
    )


def _no_date(name: str, found: re.Match[str]) -> Message | None:
    field = _INPUTS.get(name)
    return field and msg(
        "Xledger cannot read “{value}” as the {field}. Check the mapping.", value=found["value"], field=field
    )


def _needs_subledger(_name: str, found: re.Match[str]) -> Message:
    return msg(
        "Account {code} needs a subledger in Xledger. Let the mapping fill Subledger.", code=found["code"]
    )


def _required(name: str, _found: re.Match[str]) -> Message | None:
    field = _INPUTS.get(name)
    return field and msg("Xledger demands the {field}. Let the mapping fill it.", field=field)


_Tell = Callable[[str, re.Match[str]], Message | None]
_TELL: Final[tuple[tuple[re.Pattern[str], _Tell], ...]] = (
    (re.compile(r"Value '(?P<code>[^']*)' is closed\."), _closed),
    (re.compile(r"Value '(?P<code>[^']*)' does not allow posting\."), _no_posting),
    (re.compile(r"Value '(?P<code>[^']*)' is not valid on (?P<day>\d{4}-\d\d-\d\d)\."), _not_valid),
    (re.compile(r"The period (?P<month>\d{4}-(?:0[1-9]|1[0-2])) is closed\."), _period),
    (re.compile(r"'(?P<value>[^']*)' is not a date\."), _no_date),
    (re.compile(r"Required by account '(?P<code>[^']*)'\."), _needs_subledger),
    (re.compile(r"Required\."), _required),
)
