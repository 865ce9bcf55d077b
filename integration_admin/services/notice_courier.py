"""Carries notices from the outbox to mail servers and webhooks, and tries again where they were not taken.

At least once: a process that dies between handing over and writing that down lets another hand over again, under the
same message id. What is written in a notice is notice_letter.py's.
"""

import asyncio
import uuid
from collections.abc import Container, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import structlog

from integration_admin.adapters.mail import MailSender
from integration_admin.adapters.webhook import WebhookSender
from integration_admin.core.clock import Clock
from integration_admin.core.errors import NotDelivered, VaultError
from integration_admin.core.messages import msg
from integration_admin.core.statuses import NoticeChannel, NoticeKind, NoticeState
from integration_admin.data.database import Database
from integration_admin.data.models_notices import Notice, NoticeDelivery, NoticeSettings
from integration_admin.data.secrets import SecretStore
from integration_admin.services.notice_letter import event, letter
from integration_admin.services.notice_outbox import recipients

_log = structlog.get_logger(__name__)

WAITS: Final = tuple(timedelta(minutes=minutes) for minutes in (0.5, 2, 10, 30, 60, 120, 240, 480, 720, 1200))
"""How long to wait after each failed try; two days in all, then it is given up."""
LEASE: Final = timedelta(minutes=1)
"""How long a delivery belongs to one process: longer than any try may take."""
AT_ONCE: Final = 16


@dataclass(frozen=True, slots=True)
class _Office:
    """What an organisation's notices are sent with, as it is at this moment."""

    organisation: str
    settings: NoticeSettings | None
    recipients: Container[str]


class NoticeCourier:
    """Delivers what is due; any number of processes may, and each delivery is tried by one of them at a time."""

    def __init__(
        self,
        database: Database,
        mail: MailSender,
        webhooks: WebhookSender,
        secrets: SecretStore,
        public_url: str,
        clock: Clock,
    ) -> None:
        self._database = database
        self._mail = mail
        self._webhooks = webhooks
        self._secrets = secrets
        self._public_url = public_url
        self._clock = clock

    async def deliver_due(self) -> int:
        """Try what is due by now, those tried least first; return how many tries that was."""
        tries = 0
        while claimed := await self._claim():
            # All at once, so that one server that hangs keeps no other waiting.
            await asyncio.gather(*(self.deliver(organisation, [one]) for organisation, one in claimed))
            tries += len(claimed)
        return tries

    async def deliver(self, organisation_id: uuid.UUID, delivery_ids: Iterable[int]) -> None:
        """Try these deliveries, which are the caller's, one after another, and write down how it went."""
        async with self._database.read(organisation_id) as unit:
            found = await unit.notices.to_deliver(list(delivery_ids))
            settings = await unit.notices.settings()
            office = _Office(
                (await unit.organisations.get()).name, settings, await recipients(unit, settings)
            )
        for notice, delivery in found:
            if delivery.state is NoticeState.WAITING:
                values = await self._try(notice, delivery, office)
                async with self._database.write(organisation_id) as unit:
                    await unit.notices.note_delivery(delivery.id, **values)

    async def _claim(self) -> list[tuple[uuid.UUID, int]]:
        now = self._clock.now()
        async with self._database.system() as system:
            due = await system.notices.due(now, AT_ONCE)
        if not due:
            return []
        async with self._database.system(writes=True) as system:
            return [
                (organisation_id, one)
                for organisation_id, one, since in due
                if await system.notices.claim(one, since, now + LEASE)
            ]

    async def _try(self, notice: Notice, delivery: NoticeDelivery, office: _Office) -> dict[str, Any]:
        """Hand over once, and return what to write down of it."""
        try:
            await self._hand_over(notice, delivery, office)
        except NotDelivered as error:
            return self._failed(notice, delivery, error)
        except VaultError as error:
            return self._failed(notice, delivery, NotDelivered(error.message, internal="vault"))
        except Exception as error:  # noqa: BLE001, it would come up again every minute for ever
            _log.exception("notice_broken", delivery=delivery.id, error=type(error).__name__)
            broken = msg("The notice could not be sent because of a fault in this program.")
            return self._failed(notice, delivery, NotDelivered(broken, internal=type(error).__name__))
        _log.info("notice_sent", notice=str(notice.id), channel=str(delivery.channel))
        attempts = delivery.attempts + 1
        sent_at = self._clock.now()
        return {
            "state": NoticeState.SENT,
            "attempts": attempts,
            "due_at": None,
            "sent_at": sent_at,
            "error": None,
        }

    async def _hand_over(self, notice: Notice, delivery: NoticeDelivery, office: _Office) -> None:
        if delivery.channel is NoticeChannel.EMAIL:
            # A test goes to whoever asked for it; of everything else a person may be told no longer.
            if notice.kind is not NoticeKind.TEST and delivery.address not in office.recipients:
                raise NotDelivered(
                    msg("Notices no longer go to this address."), final=True, internal="removed"
                )
            await self._mail.send(letter(notice, delivery, office.organisation, self._public_url))
            return
        settings = office.settings
        if settings is None or not settings.webhook_url or not settings.envelope:
            raise NotDelivered(msg("There is no webhook any more."), final=True, internal="removed")
        key = self._secrets.open_signing_key(settings)
        body = event(notice, office.organisation, self._public_url)
        await self._webhooks.send(settings.webhook_url, f"msg_{notice.id.hex}", self._clock.now(), body, key)

    def _failed(self, notice: Notice, delivery: NoticeDelivery, error: NotDelivered) -> dict[str, Any]:
        """Return when to try again, or that it is given up, and why. A test is tried once: somebody waits for it."""
        attempts = delivery.attempts + 1
        gives_up = error.final or attempts > len(WAITS) or notice.kind is NoticeKind.TEST
        _log.warning(
            "notice_not_delivered",
            delivery=delivery.id,
            channel=str(delivery.channel),
            attempts=attempts,
            gives_up=gives_up,
            reason=error.internal,
        )
        return {
            "state": NoticeState.GIVEN_UP if gives_up else NoticeState.WAITING,
            "attempts": attempts,
            "due_at": None if gives_up else self._clock.now() + WAITS[attempts - 1],
            "error": error.message.to_json(),
        }
