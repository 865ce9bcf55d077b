"""What an answer over HTTP means for something that was sent: one table, read from the top.

The table is facts about HTTP, not about any accounting system; what its rows leave to the vendor is asked
of the caller. Calls that bring no whole answer are told apart in outbound_errors.py.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from integration_admin.core.errors import Fault

LONGEST_WAIT: Final = 3_600.0
"""Seconds; a longer Retry-After counts as this."""


class Meaning(StrEnum):
    """What became of what was sent, and what that asks for."""

    TAKEN = "taken"
    """Carried out, and the answer says under which id."""
    NOT_SENT = "not_sent"
    """Surely not processed; send it again later."""
    UNKNOWN = "unknown"
    """May have been carried out; only a lookup can tell."""
    REJECTED = "rejected"
    """Refused for what it says; sending it again unchanged cannot help."""
    WAIT = "wait"
    """Surely not processed; send it again after the time the answer names."""
    STOP = "stop"
    """The credentials are refused: no record is to blame, the integration stops."""
    CONFIGURATION = "configuration"
    """Nothing there takes what was sent: the administrator must change a setting."""


@dataclass(frozen=True, slots=True)
class Row:
    """The answers with these statuses, as far as the other marks fit too; None fits both."""

    statuses: range
    meaning: Meaning
    has_id: bool | None = None
    """Whether the body could be read and says under which id it was carried out."""
    has_retry_after: bool | None = None
    promised: bool | None = None
    """Whether the vendor promises that such an answer means it was not processed."""


def _only(status: int) -> range:
    return range(status, status + 1)


TABLE: Final[tuple[Row, ...]] = (
    Row(range(200, 300), Meaning.TAKEN, has_id=True),
    Row(range(200, 300), Meaning.UNKNOWN),
    Row(range(300, 400), Meaning.CONFIGURATION),
    Row(_only(400), Meaning.REJECTED),
    Row(_only(401), Meaning.STOP),
    Row(_only(403), Meaning.STOP),
    Row(range(404, 408), Meaning.CONFIGURATION),
    Row(_only(408), Meaning.UNKNOWN),
    Row(_only(409), Meaning.UNKNOWN),
    Row(range(410, 412), Meaning.CONFIGURATION),
    Row(_only(413), Meaning.REJECTED),
    Row(_only(415), Meaning.CONFIGURATION),
    Row(_only(422), Meaning.REJECTED),
    Row(_only(429), Meaning.WAIT, has_retry_after=True, promised=True),
    Row(_only(503), Meaning.WAIT, has_retry_after=True, promised=True),
)
"""The first row that fits counts. What fits none is unknown: every 5xx, and whatever else may come."""


@lru_cache(maxsize=1_024)
def meaning(
    status: int, *, has_id: bool = False, has_retry_after: bool = False, promised: bool = False
) -> Meaning:
    """Return what an answer means for what was sent; see Row for the marks."""
    marks = (has_id, has_retry_after, promised)
    for row in TABLE:
        wanted = (row.has_id, row.has_retry_after, row.promised)
        if status in row.statuses and all(
            want in {None, mark} for want, mark in zip(wanted, marks, strict=True)
        ):
            return row.meaning
    return Meaning.UNKNOWN


OF_FAULT: Final = MappingProxyType(
    {
        Fault.CONFIG: Meaning.CONFIGURATION,
        Fault.TRANSIENT: Meaning.NOT_SENT,
        Fault.RATE_LIMITED: Meaning.WAIT,
        Fault.UPSTREAM: Meaning.UNKNOWN,
        Fault.UNKNOWN_OUTCOME: Meaning.UNKNOWN,
        Fault.BUG: Meaning.UNKNOWN,
    }
)
"""What a failed call means for what was being sent, by the fault of its error."""


def retry_after(value: str | None, now: datetime) -> float | None:
    """Return the seconds a Retry-After header asks to wait, between 0 and an hour.

    Takes both forms (RFC 9110, section 10.2.3): a number of seconds, or a date, which is counted from
    `now`. None where there is no header or it is neither.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - now).total_seconds(), 0.0), LONGEST_WAIT)
