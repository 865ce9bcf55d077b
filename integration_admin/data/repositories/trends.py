"""What an integration's runs came to day by day. Reads runs and nothing of their records."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import case, func, select

from integration_admin.data.models import Run
from integration_admin.data.repositories.base import Repository


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
        latest_first = sorted(enumerate(begins), reverse=True)
        day = case(*((Run.requested_at >= begin, place) for place, begin in latest_first))
        failed = Run.rejected + Run.waiting + Run.unknown
        rows = await self._values(
            select(day, func.count(), func.sum(Run.delivered), func.sum(failed))
            .where(
                self._owned(Run),
                Run.integration_id == integration_id,
                Run.requested_at >= begins[0],
            )
            .group_by(day)
        )
        return {row[0]: DaySums(*(int(value) for value in row[1:])) for row in rows}
