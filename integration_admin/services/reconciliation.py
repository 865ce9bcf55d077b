"""Comparisons of months with the accounting system, as people ask for them, read them and sign them.

They are carried out in reconciliation_work.py; which are made at night is decided in reconciliation_night.py.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from integration_admin.core.actor import Actor, actor_label
from integration_admin.core.clock import Clock
from integration_admin.core.errors import Conflict, InvalidInput, NotFound
from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import IntegrationState, Permission, ReconciliationState
from integration_admin.data.database import Database
from integration_admin.data.models_reconciliations import Reconciliation
from integration_admin.services.reconciliation_end import finish
from integration_admin.services.reconciliation_file import pieces
from integration_admin.services.reconciliation_periods import checked_period, months_since, span_of
from integration_admin.services.reconciliation_report import (
    LineView,
    ReconciliationView,
    line_view,
    view_of,
)
from integration_admin.services.reconciliation_statement import statement_pdf
from integration_admin.services.reconciliation_work import HOLD, ReconciliationWork

LONGEST_NOTE: Final = 1_000
LINES_IN_STATEMENT: Final = 500
"""How many vouchers a statement lists; it names the file that has all."""
_SHORTEST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 30.0

NOT_OVER: Final = msg(
    "A month is signed when it is over and has been compared since. Compare it once more after its last day."
)
_SIGNED: Final = msg("This has been signed already, or a newer comparison has taken its place.")
_UNDER_WAY: Final = msg("A comparison is under way. Wait until it has ended.")


@dataclass(frozen=True, slots=True)
class PeriodView:
    """One month: its newest comparison, if there is any, and the one that was signed last."""

    period: str
    newest: ReconciliationView | None
    signed: ReconciliationView | None


@dataclass(frozen=True, slots=True)
class LinePage:
    """Some lines of a comparison; `next_after` is None on the last page."""

    lines: tuple[LineView, ...]
    next_after: int | None


class Reconciliations:
    """Starts, tells of and signs comparisons; `tick` goes on with them."""

    def __init__(self, database: Database, work: ReconciliationWork, clock: Clock) -> None:
        self._database = database
        self._work = work
        self._clock = clock

    async def start(self, actor: Actor, integration_id: uuid.UUID, period: str = "") -> ReconciliationView:
        """Have a month (2026-11) compared soon, the current one unless told.

        Raises NotPermitted, NotFound, InvalidInput for what is no month, Conflict while another is under way.
        """
        actor.require(Permission.RUN)
        now = self._clock.now()
        async with self._database.write(actor.organisation_id) as unit:
            integration = await unit.integrations.get(integration_id)
            if integration.state is IntegrationState.DRAFT:
                raise Conflict(msg("The set-up is not finished. Go on where you left it."))
            zone = ZoneInfo((await unit.organisations.get()).time_zone)
            chosen = checked_period(period or now.astimezone(zone).strftime("%Y-%m"), now, zone)
            if any(row.finished_at is None for row in await unit.reconciliations.of(integration_id)):
                raise Conflict(_UNDER_WAY)
            row = await unit.reconciliations.add(integration_id, chosen, actor.name, now)
            await unit.audit.add(now, actor.name, "reconciliation.start", str(integration_id), period=chosen)
        return view_of(row)

    async def finished(self, actor: Actor, reconciliation_id: uuid.UUID) -> ReconciliationView:
        """Carry a comparison out, or wait for whoever does, and return how it ended. Raises NotFound."""
        pause = _SHORTEST_PAUSE
        while True:
            await self._work.go_on(actor.organisation_id, reconciliation_id)
            view = await self.get(actor, reconciliation_id)
            if view.finished_at is not None:
                return view
            await self._clock.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def cancel(self, actor: Actor, reconciliation_id: uuid.UUID) -> ReconciliationView:
        """Stop a comparison after the page it is at; one that has ended stays as it is. Raises NotFound."""
        actor.require(Permission.RUN)
        async with self._database.write(actor.organisation_id) as unit:
            # Whoever is at it writes nothing more from here on, so the file is whole when it is hashed.
            until = self._clock.now() + HOLD
            row = await unit.reconciliations.take_over(reconciliation_id, uuid.uuid4().hex, until)
        if row is not None:
            trouble = msg("It was stopped by {person}.", person=actor_label(actor.name))
            await finish(self._database, self._clock, row, row.holder, trouble=trouble)
        return await self.get(actor, reconciliation_id)

    async def periods(self, actor: Actor, integration_id: uuid.UUID) -> list[PeriodView]:
        """Return the months since an integration was made and those that were compared, the newest first."""
        actor.require(Permission.VIEW)
        now = self._clock.now()
        async with self._database.read(actor.organisation_id) as unit:
            integration = await unit.integrations.get(integration_id)
            zone = ZoneInfo((await unit.organisations.get()).time_zone)
            rows = await unit.reconciliations.of(integration_id)
        months = {*months_since(integration.created_at, now, zone), *(row.period for row in rows)}
        return [_period(period, rows) for period in sorted(months, reverse=True)]

    async def get(self, actor: Actor, reconciliation_id: uuid.UUID) -> ReconciliationView:
        """Return one comparison; raises NotFound."""
        actor.require(Permission.VIEW)
        async with self._database.read(actor.organisation_id) as unit:
            return view_of(await unit.reconciliations.get(reconciliation_id))

    async def of_period(
        self, actor: Actor, integration_id: uuid.UUID, period: str
    ) -> list[ReconciliationView]:
        """Return the versions of a month that are kept, the newest first. Raises NotFound."""
        actor.require(Permission.VIEW)
        async with self._database.read(actor.organisation_id) as unit:
            await unit.integrations.get(integration_id)
            rows = await unit.reconciliations.of(integration_id)
        return [view_of(row) for row in rows if row.period == period]

    async def lines(
        self, actor: Actor, reconciliation_id: uuid.UUID, after: int = 0, limit: int = 50
    ) -> LinePage:
        """Return vouchers that do not simply agree, in the order they were found; raises NotFound."""
        actor.require(Permission.VIEW)
        async with self._database.read(actor.organisation_id) as unit:
            await unit.reconciliations.get(reconciliation_id)
            rows = await unit.reconciliations.lines(reconciliation_id, after, limit + 1)
        shown = rows[:limit]
        return LinePage(tuple(map(line_view, shown)), shown[-1].id if len(rows) > limit else None)

    async def sign(self, actor: Actor, reconciliation_id: uuid.UUID, note: str = "") -> ReconciliationView:
        """Sign a month's comparison, for good; who calls has asked for the password first.

        Raises NotPermitted, NotFound, InvalidInput for too long a note, Conflict where it cannot be signed.
        """
        actor.require(Permission.CONFIGURE)
        note = note.strip()
        if len(note) > LONGEST_NOTE:
            sentence = msg("Write at most {count} characters.", count=LONGEST_NOTE)
            raise InvalidInput(sentence, fields={"note": sentence})
        now = self._clock.now()
        async with self._database.write(actor.organisation_id) as unit:
            row = await unit.reconciliations.get(reconciliation_id)
            problem = why_not_signed(view_of(row))
            if problem is not None:
                raise Conflict(problem)
            if not await unit.reconciliations.sign(reconciliation_id, actor.name, now, note):
                raise Conflict(_SIGNED)
            await unit.audit.add(
                now,
                actor.name,
                "reconciliation.sign",
                str(row.integration_id),
                period=row.period,
                sha256=row.csv_hash,
            )
            return view_of(await unit.reconciliations.get(reconciliation_id))

    async def csv(self, actor: Actor, reconciliation_id: uuid.UUID) -> AsyncIterator[bytes]:
        """Return the pieces of the file the figures were counted from. Raises NotFound, also before its end."""
        await self._ended(actor, reconciliation_id)
        return pieces(self._database, actor.organisation_id, reconciliation_id)

    async def statement(self, actor: Actor, reconciliation_id: uuid.UUID, language: str) -> bytes:
        """Return the statement as an accessible PDF in `language`. Raises NotFound, also before its end."""
        view = await self._ended(actor, reconciliation_id)
        page = await self.lines(actor, reconciliation_id, limit=LINES_IN_STATEMENT)
        return await asyncio.to_thread(statement_pdf, view, page.lines, language)

    async def _ended(self, actor: Actor, reconciliation_id: uuid.UUID) -> ReconciliationView:
        view = await self.get(actor, reconciliation_id)
        if view.finished_at is None:
            raise NotFound(_UNDER_WAY)
        return view


def why_not_signed(view: ReconciliationView) -> Message | None:
    """Return why a comparison cannot be signed, if it cannot."""
    if view.signed_at is not None:
        return _SIGNED
    if view.state not in {ReconciliationState.AGREES, ReconciliationState.DIFFERS} or view.about is None:
        return msg("Only what could be compared can be signed.")
    ends = span_of(view.period, ZoneInfo(view.about.time_zone)).until
    return NOT_OVER if view.begun_at is None or view.begun_at < ends else None


def _period(period: str, rows: list[Reconciliation]) -> PeriodView:
    """Return what is told of a month; `rows` have their newest version first."""
    views = [view_of(row) for row in rows if row.period == period]
    signed = next((view for view in views if view.signed_at is not None), None)
    return PeriodView(period, views[0] if views else None, signed)
