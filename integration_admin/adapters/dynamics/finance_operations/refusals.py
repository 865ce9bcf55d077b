"""What a changeset that was not written tells about its voucher, in words the people who can act understand."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final

from integration_admin.adapters.answers import Meaning, meaning
from integration_admin.adapters.base import Outcome, Result, Voucher
from integration_admin.adapters.dynamics.finance_operations.blame import Blame, blame, missing_in
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

_EXISTS = re.compile(r"record already exists", re.IGNORECASE)
_NOT_ALLOWED = re.compile(r"not allowed for field '?(?P<field>\w+)'?", re.IGNORECASE)

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


def not_written(
    voucher: Voucher,
    response: Response,
    now: datetime,
    dimensions: Sequence[str],
    secrets: tuple[Secret, ...],
) -> Outcome:
    """Return what became of a voucher whose changeset was answered with an error.

    `dimensions` are the names of the dimensions in the order of our fields.
    """
    if names_a_reason(response):
        return _refused(voucher, response, dimensions, secrets)
    has_wait = "retry-after" in response.headers
    match meaning(response.status, has_retry_after=has_wait, promised=response.status == 429):
        case Meaning.WAIT:
            limit = too_many(response.status, response.headers, now)
            return _not_sent(voucher, limit.message, limit.fault, limit.retry_after)
        case Meaning.STOP:
            changed = about_settings(response)
            return _not_sent(voucher, changed or no_access(response.status).message, Fault.CONFIG)
        case Meaning.REJECTED | Meaning.CONFIGURATION:
            return _refused(voucher, response, dimensions, secrets)
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


def _refused(
    voucher: Voucher, response: Response, dimensions: Sequence[str], secrets: tuple[Secret, ...]
) -> Outcome:
    """Return the outcome of a voucher that broke a rule; that a line is there already may be our own doing."""
    if already_exists(response):
        return unknown(voucher, _ALREADY_THERE)
    changed = about_settings(response)
    if changed is not None:
        return _not_sent(voucher, changed, Fault.CONFIG)
    about = blame(voucher, whole_words(response), dimensions)
    return Outcome(
        voucher.reference,
        Result.REJECTED,
        message=_sentence(own_words(response, *secrets), response.status, about),
        fault=Fault.CONFIG,
        field=about.field,
    )


def _not_sent(voucher: Voucher, message: Message, fault: Fault, retry_after: float | None = None) -> Outcome:
    return Outcome(voucher.reference, Result.NOT_SENT, message=message, fault=fault, retry_after=retry_after)


def _sentence(words: str, status: int, about: Blame) -> Message:
    missing = missing_in(words)
    if missing:
        return msg(
            "{value} does not exist in Finance & Operations as “{field}”.",
            value=missing.value,
            field=missing.field,
        )
    if words and about.dimension:
        return msg(
            "Finance & Operations refused the value {value} of the dimension {dimension}. It says: “{words}”",
            value=about.value,
            dimension=about.dimension,
            words=words,
        )
    if words:
        return msg("Finance & Operations refused the voucher. It says: “{words}”", words=words)
    return msg("Finance & Operations refused the voucher ({status}) and does not say why.", status=status)
