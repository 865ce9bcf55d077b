"""How an integration's exports went day by day: delivered and failed records of the last thirty days."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from integration_admin.data.repositories.unit import Unit

DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class TrendDay:
    """What the runs asked for on one day came to; `failed` counts every record a run did not deliver."""

    day: date
    runs: int
    delivered: int
    failed: int


async def trend_of(
    unit: Unit, integration_id: uuid.UUID, now: datetime, zone: ZoneInfo
) -> tuple[TrendDay, ...]:
    """Return the last thirty days, oldest first, today among them; days are those of the clocks in `zone`."""
    today = now.astimezone(zone).date()
    days = [today - timedelta(days=DAYS - 1 - place) for place in range(DAYS)]
    sums = await unit.trends.by_day(integration_id, _begins(days, zone))
    return tuple(TrendDay(day, *sums.get(place, (0, 0, 0))) for place, day in enumerate(days))


def _begins(days: Sequence[date], zone: ZoneInfo) -> list[datetime]:
    """Return when the days begin; where the clocks jump over midnight, right after the jump."""
    return [datetime.combine(day, time(), zone).astimezone(UTC) for day in days]
