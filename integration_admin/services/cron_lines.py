"""Cron lines as people write them: five fields, checked and put into one form. Due times are computed in slots.py."""

from datetime import datetime
from itertools import pairwise

from cronsim import CronSim, CronSimError

from integration_admin.core.messages import Message, msg

LEAST_MINUTES = 5
"""How close together two exports of one cron line may be.

The scheduler looks every 20 seconds, and an export that is due while the one before still goes is left
out: exports closer together would bring no record sooner, only more requests and a longer history.
"""
LONGEST = 100
_ANY_TIME = datetime(2026, 1, 1)  # noqa: DTZ001, a cron line knows only what the clock on the wall shows
_PARTS = {
    "Bad minute": msg("the minute"),
    "Bad hour": msg("the hour"),
    "Bad day-of-month": msg("the day of the month"),
    "Bad month": msg("the month"),
    "Bad day-of-week": msg("the weekday"),
}
"""The words cronsim refuses a field with, and the field's name for people."""


def tidy(line: str) -> str:
    """Return the line with single spaces and in capitals, the form that is stored."""
    return " ".join(line.split()).upper()


def what_is_wrong(line: str) -> Message | None:
    """Return why a cron line cannot be used, or nothing for one that can."""
    if len(line) > LONGEST or len(line.split()) != 5:
        return msg(
            "Write five parts with spaces between them: minute, hour, day of the month, month, weekday."
            " 30 6 * * 1-5 is half past six from Monday to Friday."
        )
    try:
        simulated = CronSim(line, _ANY_TIME)
    except CronSimError as error:
        part = _PARTS.get(str(error), msg("one of the parts"))
        return msg("This line cannot be read: look at {part}.", part=part)
    if _least_minutes(simulated) < LEAST_MINUTES:
        return msg("Leave at least {minutes} minutes between two exports.", minutes=LEAST_MINUTES)
    if next(simulated, None) is None:
        return msg("No day fits this line, so it would never run.")
    return None


def follows_the_clock(line: str) -> bool:
    """Tell whether a line means every so many minutes or hours rather than certain times of the day.

    Debian cron's rule: such a line, whose minute or hour begins with a star, runs by what the clock
    shows, so an hour that is left out has no run and an hour that comes twice has its runs twice.
    """
    minute, hour = line.split()[:2]
    return minute.startswith("*") or hour.startswith("*")


def _least_minutes(simulated: CronSim) -> int:
    """Return the shortest time between two runs by the clock; two hours or more count as 60 minutes."""
    minutes = sorted(simulated.minutes)
    gaps = [later - earlier for earlier, later in pairwise(minutes)]
    if any((hour + 1) % 24 in simulated.hours for hour in simulated.hours):
        gaps.append(60 - minutes[-1] + minutes[0])
    return min(gaps, default=60)
