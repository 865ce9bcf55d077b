"""Which exports somebody wants to see, read from the form or the address of the history."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from integration_admin.core.day_range import check_order
from integration_admin.core.errors import InvalidInput
from integration_admin.core.messages import msg
from integration_admin.core.statuses import RunState, Trigger
from integration_admin.services.history import RunFilter

_FIRST_DAY, _LAST_DAY = date(1970, 1, 2), date(9998, 12, 30)


def run_filter(form: dict[str, Any], time_zone: str) -> RunFilter:
    """Read which runs a person wants to see; days are the reader's own. Raises InvalidInput."""
    state, trigger = str(form.get("outcome", "")), str(form.get("trigger", ""))
    since, last = _day(form, "since"), _day(form, "until")
    check_order(since, last, "until")
    zone = ZoneInfo(time_zone)
    return RunFilter(
        state=RunState(state) if state in set(RunState) else None,
        trigger=Trigger(trigger) if trigger in set(Trigger) else None,
        since=datetime.combine(since, time(), zone) if since else None,
        until=datetime.combine(last + timedelta(days=1), time(), zone) if last else None,
    )


def _day(form: dict[str, Any], name: str) -> date | None:
    """Return the day a field holds, if any; raises InvalidInput."""
    typed = str(form.get(name, "")).strip()
    if not typed:
        return None
    try:
        day = date.fromisoformat(typed)
    except ValueError:
        day = date.min
    if not _FIRST_DAY <= day <= _LAST_DAY:
        sentence = msg("Write the date as 2026-11-05.")
        raise InvalidInput(sentence, fields={name: sentence})
    return day
