"""Requests sent to an accounting system whose vendor counts them: so many in a calendar month."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from integration_admin.core.clock import Clock
from integration_admin.core.messages import Message, msg
from integration_admin.data.database import Database
from integration_admin.data.models import Integration
from integration_admin.data.repositories.unit import Unit

_NEARLY = 0.8
"""The part of the month's requests from which on a person is warned."""


@dataclass(slots=True)
class RequestTally:
    """Counts the requests of one piece of work; they are written down once, at its end."""

    sent: int = 0

    def count(self) -> None:
        """Note one more request."""
        self.sent += 1


@dataclass(frozen=True, slots=True)
class RequestsThisMonth:
    """How many requests were sent this month, and how many the customer's agreement includes."""

    sent: int
    included: int

    @property
    def warning(self) -> Message | None:
        """Why somebody should look at the agreement, if they should."""
        if self.sent > self.included:
            return msg(
                "More requests have been sent this month than your agreement includes. The export goes on, but the"
                " vendor may charge for them."
            )
        if self.sent >= self.included * _NEARLY:
            return msg("Most of the requests your agreement includes this month have been sent.")
        return None


def requests_this_month(
    integration: Integration, included: int | None, now: datetime, zone: ZoneInfo
) -> RequestsThisMonth | None:
    """Return what is known of the month `now` is in; none where nobody counts."""
    if included is None:
        return None
    sent = integration.requests_sent if integration.requests_month == _month(now, zone) else 0
    return RequestsThisMonth(sent, included)


async def write_requests(unit: Unit, integration_id: uuid.UUID, tally: RequestTally, now: datetime) -> None:
    """Add what was counted to the month `now` is in, by the organisation's clocks, in the caller's unit."""
    if tally.sent:
        zone = ZoneInfo((await unit.organisations.get()).time_zone)
        await unit.integrations.count_requests(integration_id, _month(now, zone), tally.sent)


@asynccontextmanager
async def counted(
    database: Database, clock: Clock, organisation_id: uuid.UUID, integration_id: uuid.UUID
) -> AsyncIterator[RequestTally]:
    """Hand out a tally for the credentials of the work inside, and write it down however that ends."""
    tally = RequestTally()
    try:
        yield tally
    finally:
        if tally.sent:
            async with database.write(organisation_id) as unit:
                await write_requests(unit, integration_id, tally, clock.now())


def _month(now: datetime, zone: ZoneInfo) -> str:
    return now.astimezone(zone).strftime("%Y-%m")
