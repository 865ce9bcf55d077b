"""Looks for changes of state and puts one notice for each into the outbox: what went wrong, and that it is over.

Nothing is sent here, and the export engine knows nothing of it: all is derived from what that has written down. Any
number of processes may look.
"""

import uuid
from collections.abc import Awaitable
from datetime import datetime
from typing import Protocol

import structlog

from integration_admin.core.actor import system_actor
from integration_admin.core.clock import Clock
from integration_admin.core.messages import Message
from integration_admin.core.statuses import NoticeKind
from integration_admin.data.database import Database
from integration_admin.data.repositories.notice_outbox import Signs
from integration_admin.services.health_monitor import HealthMonitor
from integration_admin.services.missed_runs import MissedRuns
from integration_admin.services.notice_news import may_have_news, news_of, sayings, without_quotes
from integration_admin.services.notice_outbox import Told, tell
from integration_admin.services.preflight import PreflightNotice
from integration_admin.services.recurring_failures import log_failure
from integration_admin.services.secret_expiry import Reminder, SecretExpiry

_log = structlog.get_logger(__name__)

_LOOKER = "notices"
"""In whose name health is looked at; nothing is done in it."""
REMIND_EVERY = 60.0
"""Seconds between two looks at which secrets expire, and at what the evening's check has found."""


class _Preflights(Protocol):
    async def unnoticed(self) -> list[PreflightNotice]: ...


class NoticeWatch:
    """Compares how integrations are with what was told last."""

    def __init__(
        self,
        database: Database,
        health: HealthMonitor,
        expiry: SecretExpiry,
        missed: MissedRuns,
        clock: Clock,
        *,
        preflights: _Preflights | None = None,
    ) -> None:
        self._database = database
        self._health = health
        self._expiry = expiry
        self._missed = missed
        self._clock = clock
        self._preflights = preflights
        self._remind_from = 0.0

    async def look(self) -> None:
        """Put into the outbox what has changed since the last look; what fails for one keeps no other waiting."""
        now = self._clock.now()
        async with self._database.system() as system:
            all_signs = await system.notices.signs()
            missed = await self._missed.find(system, now)
        for signs in all_signs:
            target = signs.integration.id
            await _apart(target, self._judge(signs, missed.get(target), now))
        if self._clock.monotonic() >= self._remind_from:
            self._remind_from = self._clock.monotonic() + REMIND_EVERY
            await self._warn(now)

    async def _warn(self, now: datetime) -> None:
        """Tell what is going to be trouble: secrets that expire, and records that would fail."""
        for reminder in await self._expiry.due_reminders(now):
            await _apart(reminder.integration_id, self._remind(reminder, now))
        for found in await self._preflights.unnoticed() if self._preflights else ():
            await _apart(found.integration_id, self._foretell(found, now))

    async def _judge(self, signs: Signs, said: Message | None, now: datetime) -> None:
        """Tell what has changed about one integration; where nothing has, nothing is written."""
        missed = said is not None
        if not may_have_news(signs, now, missed=missed):
            return
        organisation_id, target = signs.integration.organisation_id, signs.integration.id
        async with self._database.read(organisation_id) as unit:
            if not await news_of(unit, signs, now, missed=missed):
                return
        health = await self._health.of(system_actor(organisation_id, _LOOKER), target)
        async with self._database.write(organisation_id) as unit:
            # Of several processes that see the same change, the first tells and the others find it told.
            await unit.organisations.take_turns()
            news = await news_of(unit, signs, now, missed=missed)
            await unit.notices.close_troubles(target, news.closed)
            for kind in news.opened:
                await unit.notices.open_trouble(target, kind, now)
            for told in sayings(signs, news, health, said, now):
                await tell(unit, signs.integration, told, now)
        _log.info("notice", integration=str(target), kinds=[str(kind) for kind in news.telling])

    async def _remind(self, reminder: Reminder, now: datetime) -> None:
        """Put a reminder into the outbox, in the transaction that notes that somebody is told."""
        async with self._database.write(reminder.organisation_id) as unit:
            integration = await unit.integrations.get(reminder.integration_id)
            cause = f"{reminder.expires_on.isoformat()}:{reminder.days_ahead}"
            told = await unit.notices.told_of(integration.id, cause)
            is_first = await unit.integrations.note_reminded(
                integration.id, reminder.expires_on, reminder.days_ahead
            )
            if is_first and NoticeKind.SECRET_EXPIRES not in told:
                await tell(unit, integration, Told(NoticeKind.SECRET_EXPIRES, cause, reminder.message), now)

    async def _foretell(self, found: PreflightNotice, now: datetime) -> None:
        """Put what the evening's check has found into the outbox, in the transaction that notes that it is told."""
        async with self._database.write(found.organisation_id) as unit:
            if await unit.preflights.note_noticed(found.preflight_id, now):
                integration = await unit.integrations.get(found.integration_id)
                cause, sentence = f"preflight:{found.preflight_id}", without_quotes(found.message)
                await tell(unit, integration, Told(NoticeKind.PREFLIGHT, cause, sentence), now)


async def _apart(integration_id: uuid.UUID, work: Awaitable[None]) -> None:
    """Do one item's work so that its failure stops no other's."""
    try:
        await work
    except Exception as error:  # noqa: BLE001, whatever is wrong with one, the others' turn must come
        log_failure(_log, "notice_failed", error, integration=str(integration_id))
