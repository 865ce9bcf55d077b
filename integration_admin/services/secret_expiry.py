"""Until when an integration's secrets are good: what its administrator has told, and who is to be reminded when.

Sending a reminder is not done here; neither are the secrets themselves.
"""

import re
import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from integration_admin.core.actor import Actor
from integration_admin.core.clock import Clock
from integration_admin.core.errors import Conflict, InvalidInput
from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import Permission
from integration_admin.data.database import Database
from integration_admin.data.models import Integration
from integration_admin.data.repositories.unit import Unit

REMIND_DAYS = (30, 7, 1)
"""How many days ahead somebody is reminded, the earliest first."""
_LONGEST = timedelta(days=3660)
_NUMBERS = re.compile(r"(?P<day>[0-9]{1,2})(?P<sign>[./, -])(?P<month>[0-9]{1,2})(?P=sign)(?P<year>[0-9]{4})")
_FIELD = "expires_on"


@dataclass(frozen=True, slots=True)
class Expiry:
    """The last day the stored secrets are good, who told it, and what is to be done about it by now."""

    expires_on: date | None
    told_by: str
    warning: Message | None


@dataclass(frozen=True, slots=True)
class Reminder:
    """Somebody is to be told, `days_ahead` days or less before the secrets expire."""

    organisation_id: uuid.UUID
    integration_id: uuid.UUID
    name: str
    expires_on: date
    days_ahead: int
    message: Message


class SecretExpiry:
    """Keeps the expiry dates, and tells which reminders are due."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def of(self, actor: Actor, integration_id: uuid.UUID) -> Expiry:
        """Return what is known of an integration's secrets. Raises NotFound."""
        actor.require(Permission.VIEW)
        async with self._database.read(actor.organisation_id) as unit:
            integration = await unit.integrations.get(integration_id)
            today = await local_day(unit, self._clock.now())
        warning = expiry_warning(integration.secrets_expire_on, today)
        return Expiry(integration.secrets_expire_on, integration.secrets_expiry_by, warning)

    async def set(
        self, actor: Actor, integration_id: uuid.UUID, version: int, expires_on: date | None
    ) -> int:
        """Remember the last day the stored secrets are good, or forget it; return the new version.

        Raises InvalidInput, Conflict.
        """
        actor.require(Permission.CONFIGURE)
        now = self._clock.now()
        async with self._database.write(actor.organisation_id) as unit:
            if not await unit.integrations.credentials(integration_id):
                raise Conflict(msg("There are no stored secrets, so there is nothing that could expire."))
            check_expiry(expires_on, await local_day(unit, now))
            values = expiry_columns(expires_on, actor.name)
            before = (await unit.integrations.get(integration_id)).secrets_expire_on
            new_version = await unit.integrations.change(integration_id, version, now, **values)
            await unit.audit.add(
                now,
                actor.name,
                "credentials.expiry",
                str(integration_id),
                old={"expires_on": before.isoformat() if before else ""},
                new={"expires_on": expires_on.isoformat() if expires_on else ""},
            )
        return new_version

    async def due_reminders(self, now: datetime) -> list[Reminder]:
        """Return what has to be said by now and was not noted as said, one at the most for an integration.

        Days are those of each organisation's own clocks. Asking changes nothing; see `note_reminded`.
        """
        due: list[Reminder] = []
        async with self._database.system() as system:
            for organisation in await system.organisations():
                unit = system.inside(organisation.id)
                today = now.astimezone(ZoneInfo(organisation.time_zone)).date()
                until = today + timedelta(days=max(REMIND_DAYS))
                for integration in await unit.integrations.with_secrets_until(until):
                    reminder = _reminder(integration, today)
                    if reminder is not None:
                        due.append(reminder)
        return due

    async def note_reminded(self, reminder: Reminder) -> bool:
        """Note that somebody is about to be told; False where another process was first or the date is gone."""
        async with self._database.write(reminder.organisation_id) as unit:
            return await unit.integrations.note_reminded(
                reminder.integration_id, reminder.expires_on, reminder.days_ahead
            )


def expiry_warning(expires_on: date | None, today: date) -> Message | None:
    """Say that secrets expire soon or have expired, and what to do; nothing while it is far away."""
    if expires_on is None:
        return None
    left = (expires_on - today).days
    if left > max(REMIND_DAYS):
        return None
    if left < 0:
        return msg(
            "The credentials have passed their expiry date. Make new ones in the accounting system, and replace"
            " the old ones here."
        )
    if left == 0:
        return msg(
            "The credentials expire today. Make new ones in the accounting system, and replace the old ones here."
        )
    if left == 1:
        return msg(
            "The credentials expire tomorrow. Make new ones in the accounting system, and replace the old ones"
            " here."
        )
    return msg(
        "The credentials expire in {count} days. Make new ones in the accounting system, and replace the old ones"
        " here.",
        count=left,
    )


def read_day(typed: str) -> date | None:
    """Return the day that was typed as 21.11.2026 or 2026-11-21, none for nothing. Raises InvalidInput.

    Any of the usual signs may stand between the numbers: a phone's number pad has only one of them.
    """
    if not typed.strip():
        return None
    parts = _NUMBERS.fullmatch(typed.strip())
    try:
        if parts is None:
            return date.fromisoformat(typed.strip())
        return date(int(parts["year"]), int(parts["month"]), int(parts["day"]))
    except ValueError:
        raise _refused(msg("Write day, month and year, such as 31.05.2027.")) from None


def written_day(day: date | None) -> str:
    """Return a day as `read_day` reads it, nothing for none."""
    return f"{day:%d.%m.%Y}" if day else ""


def check_expiry(expires_on: date | None, today: date) -> None:
    """Raise InvalidInput for a day that is over or so far away that it must be a slip of the pen."""
    if expires_on is None:
        return
    if expires_on < today:
        raise _refused(msg("This day is over. Choose the last day the new secret can be used."))
    if expires_on - today > _LONGEST:
        raise _refused(msg("This is more than ten years away. Check the year."))


def expiry_columns(expires_on: date | None, told_by: str) -> dict[str, object]:
    """Return what is stored of an expiry date; nobody has been reminded of a new one."""
    return {
        "secrets_expire_on": expires_on,
        "secrets_expiry_by": told_by if expires_on else "",
        "secrets_reminded": None,
    }


async def local_day(unit: Unit, now: datetime) -> date:
    """Return the day it is by the organisation's clocks."""
    return now.astimezone(ZoneInfo((await unit.organisations.get()).time_zone)).date()


def _reminder(integration: Integration, today: date) -> Reminder | None:
    """Return the reminder nearest to the date; those before it that nobody sent are left out."""
    expires_on = integration.secrets_expire_on
    warning = expiry_warning(expires_on, today)
    if expires_on is None or warning is None:
        return None
    days_ahead = min(days for days in REMIND_DAYS if (expires_on - today).days <= days)
    told = integration.secrets_reminded
    if told is not None and told <= days_ahead:
        return None
    return Reminder(
        integration.organisation_id, integration.id, integration.name, expires_on, days_ahead, warning
    )


def _refused(sentence: Message) -> InvalidInput:
    return InvalidInput(sentence, fields={_FIELD: sentence})
