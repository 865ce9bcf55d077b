"""Calendar months by an organisation's clocks: which there are, and which are compared at night."""

import re
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from integration_admin.core.errors import InvalidInput
from integration_admin.core.messages import msg
from integration_admin.data.repositories.reconciliations import Span

NIGHT: Final = time(5)
"""From when on, by the organisation's clocks, months are compared: the exports of the night are over by then."""
MOST_SHOWN: Final = 36
_PERIOD: Final = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])")


def checked_period(text: str, now: datetime, zone: ZoneInfo) -> str:
    """Return a month such as 2026-11. Raises InvalidInput for anything else, and for one that is still to come."""
    if _PERIOD.fullmatch(text) is None:
        sentence = msg("“{value}” is not a month. Write it as 2026-11.", value=text[:20])
        raise InvalidInput(sentence, fields={"period": sentence})
    if text > period_of(now, zone):
        sentence = msg("This month is still to come.")
        raise InvalidInput(sentence, fields={"period": sentence})
    return text


def period_of(now: datetime, zone: ZoneInfo) -> str:
    """Return the month an instant is in."""
    return now.astimezone(zone).strftime("%Y-%m")


def before(period: str) -> str:
    """Return the month before one."""
    return (date.fromisoformat(f"{period}-01") - timedelta(days=1)).strftime("%Y-%m")


def span_of(period: str, zone: ZoneInfo) -> Span:
    """Return when a month begins and when the next one does."""
    first = date.fromisoformat(f"{period}-01")
    following = (first + timedelta(days=31)).replace(day=1)
    return Span(datetime.combine(first, time(), zone), datetime.combine(following, time(), zone))


def months_since(then: datetime, now: datetime, zone: ZoneInfo) -> list[str]:
    """Return the months from one instant to another, the newest first, as many as are shown."""
    first, period = period_of(then, zone), period_of(now, zone)
    found = [period]
    while period > first and len(found) < MOST_SHOWN:
        period = before(period)
        found.append(period)
    return found


def night_of(now: datetime, zone: ZoneInfo) -> datetime | None:
    """Return since when this day's comparisons are due, or none where they are not yet."""
    begins = datetime.combine(now.astimezone(zone).date(), NIGHT, zone)
    return begins if now >= begins else None


def days_begin(now: datetime, zone: ZoneInfo) -> datetime:
    """Return when the day began."""
    return datetime.combine(now.astimezone(zone).date(), time(), zone)
