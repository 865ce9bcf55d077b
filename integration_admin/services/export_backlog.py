"""What a run has before it, page by page: records not taken up yet, ready ones, and those whose wait is over.

Nothing here holds more than a page.
"""

from collections.abc import AsyncIterator, Sequence

from integration_admin.data.repositories.deliveries import NewDelivery, Outgoing
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.delivery_rules import Pass, References
from integration_admin.services.export_claims import EXPORTED_STATUSES
from integration_admin.services.export_job import ExportJob
from integration_admin.services.held_claims import with_holders

_SMALLEST_PAGE = 500
"""Fewer records at once cost more in questions than they save in memory."""
_MOST_TAKEN_UP = 1_000
"""More at once would keep others from writing for long."""


class Backlog:
    """Reads an integration's deliveries while its lock is held."""

    def __init__(self, job: ExportJob) -> None:
        self._job = job
        self._references = References(job.organisation_id, job.integration_id)
        self._taken_up_to = 0
        self._all_taken_up = False

    async def pages(self, what: Pass) -> AsyncIterator[Sequence[Outgoing]]:
        """Yield what one pass sends, in the order it was taken up; then what waited for another attempt."""
        after = 0
        size = max(_SMALLEST_PAGE, what.batch_size * what.in_flight)
        taken_up = False
        while True:
            page = await self._ready(what, after, size)
            if page:
                after = page[-1].id
                yield page
            # What was taken up just now is one page. What else becomes ready behind it belongs to the next round.
            if len(page) == size and not taken_up:
                continue
            taken_up = not what.suspicion.fewest and await self._take_up(size)
            if not taken_up:
                break
        after = 0
        while page := await self._waited(what, after, size):
            after = page[-1].id
            yield page

    async def revive(self) -> None:
        """Make refused records ready whose newer revision has come."""
        database, integration_id = self._job.database, self._job.integration_id
        while True:
            # Of a million refused records all are looked at: nobody waits for that, for it only reads.
            async with database.read(self._job.organisation_id) as unit:
                revised = await unit.deliveries.revised(integration_id)
            if not revised:
                return
            async with database.write(self._job.organisation_id) as unit:
                await unit.deliveries.revive_revised(integration_id, revised, self._job.clock.now())

    async def _ready(self, what: Pass, after: int, size: int) -> Sequence[Outgoing]:
        async with self._job.database.read(self._job.organisation_id) as unit:
            rows = await unit.deliveries.ready(self._job.integration_id, what.suspicion, after, size)
            return await self._with_holders(unit, rows)

    async def _waited(self, what: Pass, after: int, size: int) -> Sequence[Outgoing]:
        """Return due repetitions, no more than the day's budget still allows."""
        limit = min(size, self._job.budget.left)
        if limit == 0:
            return ()
        async with self._job.database.read(self._job.organisation_id) as unit:
            rows = await unit.deliveries.waited(
                self._job.integration_id, what.suspicion, self._job.clock.now(), after, limit
            )
            return await self._with_holders(unit, rows)

    async def _with_holders(self, unit: Unit, rows: Sequence[Outgoing]) -> Sequence[Outgoing]:
        return await with_holders(unit, self._job.integration_id, self._job.mapping.left_out, rows)

    async def _take_up(self, most: int) -> bool:
        """Make deliveries of the next exportable records that have none, `most` at once; tell whether there were any."""
        job = self._job
        if self._all_taken_up:
            return False
        limit = min(most, _MOST_TAKEN_UP)
        async with job.database.read(job.organisation_id) as unit:
            rows = await unit.records.without_delivery(
                job.integration_id, job.kinds, EXPORTED_STATUSES, self._taken_up_to, limit
            )
        if not rows:
            self._all_taken_up = True
            return False
        references = [self._references.of(kind, external_id) for _, kind, external_id, _ in rows]
        async with job.database.write(job.organisation_id) as unit:
            first = await unit.integrations.take_voucher_numbers(job.integration_id, len(rows))
            new = [
                NewDelivery(row[0], reference, first + place, row[3])
                for place, (row, reference) in enumerate(zip(rows, references, strict=True))
            ]
            await unit.deliveries.add(job.integration_id, new, job.clock.now())
        self._taken_up_to = rows[-1][0]
        return True
