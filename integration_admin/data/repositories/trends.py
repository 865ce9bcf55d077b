"""What an integration's runs came to day by day. Reads runs and nothing of their records."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, case, func, select

from integration_admin.data.columns import UTCDateTime
from integration_admin.data.models import Run
from integration_admin.data.repositories.base import INTEGRATION, ORGANISATION, Repository


class DaySums(NamedTuple):
    """How many runs a day had, and what became of the records in them."""

    runs: int
    delivered: int
    failed: int


class TrendRepository(Repository):
    """Sums runs up."""

    async def by_day(self, integration_id: uuid.UUID, begins: Sequence[datetime]) -> dict[int, DaySums]:
        """Return the sums of runs asked for on each day, by the day's place; `begins` are when days begin, in order.

        Days without a run are left out, and what is before the first. The last day has no end.
        """
        named = {f"begin_{place}": begin for place, begin in enumerate(begins)}
        rows = await self._asked(_by_day(len(begins)), integration=integration_id, **named)
        return {row[0]: DaySums(*(int(value) for value in row[1:])) for row in rows}


@lru_cache
def _by_day(days: int) -> Select[*tuple[Any, ...]]:
    begins = [bindparam(f"begin_{place}", type_=UTCDateTime()) for place in range(days)]
    latest_first = reversed(list(enumerate(begins)))
    place_of = case(*((Run.requested_at >= begin, place) for place, begin in latest_first))
    day = select(
        place_of.label("place"),
        Run.delivered,
        (Run.rejected + Run.waiting + Run.unknown).label("failed"),
    ).where(
        Run.organisation_id == ORGANISATION, Run.integration_id == INTEGRATION, Run.requested_at >= begins[0]
    )
    runs = day.subquery()
    return select(runs.c.place, func.count(), func.sum(runs.c.delivered), func.sum(runs.c.failed)).group_by(
        runs.c.place
    )
