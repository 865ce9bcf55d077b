"""What people do about failures: look at them by cause, try a cause again, dismiss, and take that back.

Only records that were surely refused can be dismissed. What became of a record whose outcome nobody knows is decided
in decisions.py.
"""

import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

from integration_admin.core.actor import Actor
from integration_admin.core.clock import Clock
from integration_admin.core.errors import Conflict, InvalidInput
from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import FailureState, Permission, Trigger
from integration_admin.data.database import Database
from integration_admin.data.models import RecordRow
from integration_admin.data.repositories.failures import Dismissal
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.cause_pages import CAUSES, OPEN, CausePage, cause_page
from integration_admin.services.decisions import MOST_AT_ONCE, RecordKey
from integration_admin.services.failure_causes import CauseKey, FailedRecordView, failed_record_view
from integration_admin.services.runs import NOTHING_TO_RETRY, Runs, check_may_start
from integration_admin.services.trend import TrendDay, trend_of
from integration_admin.services.views import RunView

WITH_PEOPLE: Final = (FailureState.PERSON,)
PAGE: Final = 20
LONGEST_REASON: Final = 500
_AT_ONCE: Final = 5_000
"""Records one transaction moves: others have their turn in between, however many there are."""


@dataclass(frozen=True, slots=True)
class FailedPage:
    """Some failures; the cursor continues after them and is 0 at the end."""

    records: tuple[FailedRecordView, ...]
    next_cursor: int


class Failures:
    """Tells failures by their cause, and carries out what people decide about them."""

    def __init__(self, database: Database, runs: Runs, clock: Clock) -> None:
        self._database = database
        self._runs = runs
        self._clock = clock

    async def causes(
        self,
        actor: Actor,
        integration_id: uuid.UUID,
        states: Sequence[FailureState] = OPEN,
        cursor: str = "",
        limit: int = CAUSES,
    ) -> CausePage:
        """Return up to `limit` causes of open failures in `states` after `cursor`; raises NotFound, InvalidInput."""
        actor.require(Permission.VIEW)
        after = CauseKey.read(cursor) if cursor else None
        async with self._database.read(actor.organisation_id) as unit:
            await unit.integrations.get(integration_id)
            return await cause_page(unit, integration_id, states, after, limit)

    async def records(
        self, actor: Actor, integration_id: uuid.UUID, key: CauseKey, cursor: int = 0, limit: int = PAGE
    ) -> FailedPage:
        """Return up to `limit` failures of one cause after `cursor`, those that have waited longest first."""
        actor.require(Permission.VIEW)
        async with self._database.read(actor.organisation_id) as unit:
            await unit.integrations.get(integration_id)
            rows = await unit.failures.of_cause(integration_id, key.state, key.cause, cursor, limit + 1)
        more = rows[limit - 1].failure.id if len(rows) > limit else 0
        return FailedPage(tuple(failed_record_view(row) for row in rows[:limit]), more)

    async def ended(
        self, actor: Actor, integration_id: uuid.UUID, cursor: int = 0, limit: int = PAGE
    ) -> FailedPage:
        """Return up to `limit` failures that are over, newest first: delivered after all, or dismissed."""
        actor.require(Permission.VIEW)
        async with self._database.read(actor.organisation_id) as unit:
            await unit.integrations.get(integration_id)
            rows = await unit.failures.ended(integration_id, cursor or None, limit + 1)
        more = rows[limit - 1].failure.id if len(rows) > limit else 0
        return FailedPage(tuple(failed_record_view(row) for row in rows[:limit]), more)

    async def trend(self, actor: Actor, integration_id: uuid.UUID) -> tuple[TrendDay, ...]:
        """Return what the runs of the last thirty days came to, day by day, oldest first."""
        actor.require(Permission.VIEW)
        async with self._database.read(actor.organisation_id) as unit:
            await unit.integrations.get(integration_id)
            zone = ZoneInfo((await unit.organisations.get()).time_zone)
            return await trend_of(unit, integration_id, self._clock.now(), zone)

    async def retry(self, actor: Actor, integration_id: uuid.UUID, key: CauseKey) -> RunView:
        """Make the records that failed for one cause ready again, and queue a run.

        Raises NotFound, and Conflict when there are none, when a run is under way or when the integration may not
        run. Records with an unknown outcome are left alone.
        """
        actor.require(Permission.RUN)
        now = self._clock.now()
        async with self._database.read(actor.organisation_id) as unit:
            await check_may_start(unit, integration_id)

        async def some(unit: Unit, after: int) -> tuple[int, int]:
            return await unit.failures.retry(integration_id, key.state, key.cause, after, _AT_ONCE, now)

        if await self._some_at_a_time(actor, some) == 0:
            raise Conflict(NOTHING_TO_RETRY)
        return await self._runs.start(actor, integration_id, trigger=Trigger.RETRY)

    async def dismiss(
        self, actor: Actor, integration_id: uuid.UUID, records: Sequence[RecordKey], reason: str
    ) -> None:
        """Dismiss refused records, all or none: they are not tried again, until a new revision comes.

        Raises InvalidInput, NotFound, and Conflict when one of them is not refused as it stands.
        """
        actor.require(Permission.RUN)
        if not 1 <= len(set(records)) <= MOST_AT_ONCE:
            raise InvalidInput(msg("Choose between 1 and {most} records.", most=MOST_AT_ONCE))
        dismissal = self._dismissal(actor, reason)
        async with self._database.write(actor.organisation_id) as unit:
            await unit.integrations.get(integration_id)
            # In one order for everybody, so that two people at once wait for each other only once.
            for kind, record_id in sorted(set(records)):
                row = await unit.records.get(kind, record_id)
                if not await unit.failures.dismiss_record(integration_id, row.id, dismissal):
                    raise Conflict(
                        msg("{record} is not waiting to be put right any more.", record=row.external_id)
                    )
                target, told = f"{kind} {record_id}", {"reason": dismissal.because}
                await unit.audit.add(
                    dismissal.at,
                    actor.name,
                    "record.dismiss",
                    target,
                    integration=str(integration_id),
                    **told,
                )

    async def dismiss_cause(self, actor: Actor, integration_id: uuid.UUID, key: CauseKey, reason: str) -> int:
        """Dismiss every refused record of one cause; return how many. Raises InvalidInput, NotFound, Conflict."""
        actor.require(Permission.RUN)
        dismissal = self._dismissal(actor, reason)
        if key.state is not FailureState.REFUSED:
            raise Conflict(msg("Only records that were refused can be dismissed."))
        async with self._database.read(actor.organisation_id) as unit:
            await unit.integrations.get(integration_id)

        async def some(unit: Unit, after: int) -> tuple[int, int]:
            moved, after = await unit.failures.dismiss(integration_id, key.cause, after, _AT_ONCE, dismissal)
            if moved:
                told: dict[str, Any] = {"reason": dismissal.because, "records": moved, "cause": key.cause}
                await unit.audit.add(
                    dismissal.at, actor.name, "failures.dismiss", str(integration_id), **told
                )
            return moved, after

        dismissed = await self._some_at_a_time(actor, some)
        if dismissed == 0:
            raise Conflict(msg("There is nothing left to dismiss."))
        return dismissed

    async def take_back(self, actor: Actor, integration_id: uuid.UUID, record: RecordKey) -> None:
        """Count a dismissed record as refused again; raises NotFound, and Conflict when it is not dismissed any more."""
        actor.require(Permission.RUN)
        now = self._clock.now()
        async with self._database.write(actor.organisation_id) as unit:
            await unit.integrations.get(integration_id)
            row = await unit.records.get(*record)
            if not await unit.failures.take_back(integration_id, row.id, now):
                raise Conflict(_not_dismissed(row))
            target = f"{row.kind} {row.external_id}"
            await unit.audit.add(now, actor.name, "record.take_back", target, integration=str(integration_id))

    async def take_back_together(self, actor: Actor, integration_id: uuid.UUID, record: RecordKey) -> int:
        """Take back whatever was dismissed at once with a record, and the record; return how many that were.

        Raises NotFound, and Conflict when the record is not dismissed any more.
        """
        actor.require(Permission.RUN)
        now = self._clock.now()
        async with self._database.read(actor.organisation_id) as unit:
            await unit.integrations.get(integration_id)
            row = await unit.records.get(*record)
            dismissed = (await unit.failures.dismissals(integration_id, [row.id])).get(row.id)
        moment = dismissed.dismissed_at if dismissed is not None else None
        if moment is None:
            raise Conflict(_not_dismissed(row))

        async def some(unit: Unit, after: int) -> tuple[int, int]:
            taken, after = await unit.failures.take_back_together(
                integration_id, moment, after, _AT_ONCE, now
            )
            if taken:
                target = str(integration_id)
                await unit.audit.add(now, actor.name, "failures.take_back", target, records=taken)
            return taken, after

        taken = await self._some_at_a_time(actor, some)
        if taken == 0:
            raise Conflict(_not_dismissed(row))
        return taken

    async def _some_at_a_time(
        self, actor: Actor, some: Callable[[Unit, int], Awaitable[tuple[int, int]]]
    ) -> int:
        """Carry something out in many short transactions; return how many records it moved."""
        moved, after = 0, 0
        while True:
            async with self._database.write(actor.organisation_id) as unit:
                few, after = await some(unit, after)
            moved += few
            if not after:
                return moved

    def _dismissal(self, actor: Actor, reason: str) -> Dismissal:
        because = " ".join(reason.split())
        if not because or len(because) > LONGEST_REASON:
            sentence = msg("Say why in up to {most} characters.", most=LONGEST_REASON)
            raise InvalidInput(sentence, fields={"reason": sentence})
        return Dismissal(actor.name, self._clock.now(), because)


def _not_dismissed(row: RecordRow) -> Message:
    return msg("{record} is not dismissed any more.", record=row.external_id)
