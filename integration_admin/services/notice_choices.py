"""What an organisation wants to be told and where to: reading and saving it, the webhook's key, a test, and the log."""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from integration_admin.adapters.webhook import WebhookSender, new_key
from integration_admin.core.actor import Actor
from integration_admin.core.clock import Clock
from integration_admin.core.errors import AdapterError, Conflict, InvalidInput
from integration_admin.core.messages import Message, msg
from integration_admin.core.secret import Secret
from integration_admin.core.statuses import NoticeChannel, NoticeKind, NoticeState, Permission, Role
from integration_admin.core.typed_text import without_ends
from integration_admin.data.database import Database
from integration_admin.data.models_notices import Notice, NoticeDelivery, NoticeSettings
from integration_admin.data.repositories.unit import Unit
from integration_admin.data.secrets import SecretStore
from integration_admin.services.notice_courier import LEASE, NoticeCourier
from integration_admin.services.notice_outbox import KINDS, Told, put, wanted, way

LOG_LINES = 50
_LONGEST_URL = 2000
_EMAIL = re.compile(r"[^@\s<>,;\"]+@[^@\s.<>,;\"]+(\.[^@\s.<>,;\"]+)+")


@dataclass(frozen=True, slots=True)
class Choices:
    """What is told and to whom; `key_made_at` is unset while the webhook has no signing key and is not called."""

    kinds: frozenset[NoticeKind]
    administrators: tuple[str, ...]
    deputy_email: str
    webhook_url: str
    key_made_at: datetime | None
    version: int
    mail_is_set_up: bool


@dataclass(frozen=True, slots=True)
class LogLine:
    """One notice's way to one recipient; no `channel` where nobody wanted to hear of it."""

    kind: NoticeKind
    integration: str
    created_at: datetime
    sentence: Message
    channel: NoticeChannel | None
    address: str
    state: NoticeState | None
    attempts: int
    due_at: datetime | None
    error: Message | None


class NoticeChoices:
    """Keeps what an organisation's administrators choose."""

    def __init__(
        self,
        database: Database,
        courier: NoticeCourier,
        webhooks: WebhookSender,
        secrets: SecretStore,
        clock: Clock,
        random: Callable[[int], bytes],
        *,
        mail_is_set_up: bool,
    ) -> None:
        self._database = database
        self._courier = courier
        self._webhooks = webhooks
        self._secrets = secrets
        self._clock = clock
        self._random = random
        self._mail_is_set_up = mail_is_set_up

    async def get(self, actor: Actor) -> Choices:
        """Return what is chosen; all is told to the administrators until somebody has chosen."""
        actor.require(Permission.CONFIGURE)
        async with self._database.read(actor.organisation_id) as unit:
            settings = await unit.notices.settings()
            members = await unit.organisations.members()
        stored = settings or NoticeSettings(deputy_email="", webhook_url="", version=0)
        return Choices(
            kinds=wanted(settings),
            administrators=tuple(
                row.email for row in members if row.role is Role.ADMINISTRATOR and row.disabled_at is None
            ),
            deputy_email=stored.deputy_email,
            webhook_url=stored.webhook_url,
            key_made_at=stored.key_made_at if stored.envelope else None,
            version=stored.version,
            mail_is_set_up=self._mail_is_set_up,
        )

    async def save(
        self, actor: Actor, version: int, kinds: Collection[str], deputy_email: str, webhook_url: str
    ) -> None:
        """Keep what is chosen; raises InvalidInput by field, and Conflict where somebody else was first."""
        actor.require(Permission.CONFIGURE)
        chosen = [str(kind) for kind in KINDS if kind in kinds]
        values = {
            "kinds": chosen,
            "deputy_email": without_ends(deputy_email).lower(),
            "webhook_url": without_ends(webhook_url),
        }
        self._check(values["deputy_email"], values["webhook_url"])
        async with self._database.write(actor.organisation_id) as unit:
            await self._keep(unit, version, values)
            # The addresses themselves stay out of the log: a webhook's may hold a key.
            await unit.audit.add(
                self._clock.now(),
                actor.name,
                "notices.save",
                kinds=chosen,
                deputy=bool(values["deputy_email"]),
                webhook=bool(values["webhook_url"]),
            )

    async def make_key(self, actor: Actor, version: int) -> Secret:
        """Make the webhook's signing key in place of an earlier one, and return it, this once.

        Raises Conflict where somebody else has changed the settings since `version`.
        """
        actor.require(Permission.CONFIGURE)
        now, key = self._clock.now(), new_key(self._random)
        async with self._database.write(actor.organisation_id) as unit:
            settings = await unit.notices.settings()
            if settings is None or not settings.webhook_url:
                raise Conflict(msg("Save the address of the webhook first."))
            envelope = await self._secrets.seal_signing_key(unit, settings, key)
            if not await unit.notices.change_settings(version, envelope=envelope, key_made_at=now):
                raise _changed_meanwhile()
            await unit.audit.add(now, actor.name, "notices.key")
        return key

    async def test(self, actor: Actor) -> list[LogLine]:
        """Send the one who asks an e-mail, and call the webhook, at once; return how it went.

        Raises Conflict where there is neither an address of the own nor a webhook.
        """
        actor.require(Permission.CONFIGURE)
        now = self._clock.now()
        sentence = msg("{person} asked for this test. Notices arrive here.", person=actor.name)
        told = Told(NoticeKind.TEST, now.isoformat(), sentence)
        async with self._database.write(actor.organisation_id) as unit:
            ways = await _ways_of_a_test(unit, actor)
            if not ways:
                raise Conflict(msg("There is nobody to send a test to."))
            notice_id = await put(unit, None, told, ways, now)
            for one in ways:
                # It is sent right here; another process takes it up only where this one dies.
                one.due_at = now + LEASE
            await unit.audit.add(now, actor.name, "notices.test")
            ids = [one.id for one in ways]
        await self._courier.deliver(actor.organisation_id, ids)
        return [line for found, line in await self._lines(actor, LOG_LINES) if found == notice_id]

    async def log(self, actor: Actor, limit: int = LOG_LINES) -> list[LogLine]:
        """Return what was told lately and how its delivery went, newest first."""
        actor.require(Permission.CONFIGURE)
        return [line for _, line in await self._lines(actor, limit)]

    async def _lines(self, actor: Actor, limit: int) -> list[tuple[Any, LogLine]]:
        async with self._database.read(actor.organisation_id) as unit:
            rows = await unit.notices.log(limit)
        return [(notice.id, _line(notice, delivery)) for notice, delivery in rows]

    async def _keep(self, unit: Unit, version: int, values: dict[str, Any]) -> None:
        if version == 0:
            await unit.notices.add_settings(NoticeSettings(id=uuid4(), envelope="", version=1, **values))
        elif not await unit.notices.change_settings(version, **values):
            raise _changed_meanwhile()

    def _check(self, deputy_email: Any, webhook_url: Any) -> None:
        wrong: dict[str, Message] = {}
        fits = len(deputy_email) <= 254 and deputy_email.isascii() and _EMAIL.fullmatch(deputy_email)
        if deputy_email and not fits:
            wrong["deputy_email"] = msg("This is not an e-mail address.")
        if webhook_url:
            try:
                self._webhooks.check(webhook_url[:_LONGEST_URL])
            except AdapterError as error:
                wrong["webhook_url"] = error.message
            if len(webhook_url) > _LONGEST_URL:
                wrong["webhook_url"] = msg("This address is too long.")
        if wrong:
            raise InvalidInput(msg("Some fields need another look."), fields=wrong)


async def _ways_of_a_test(unit: Unit, actor: Actor) -> list[NoticeDelivery]:
    settings = await unit.notices.settings()
    language = (await unit.organisations.get()).language
    ways: list[NoticeDelivery] = []
    if actor.member_id is not None:
        member = await unit.organisations.member(actor.member_id)
        ways.append(way(NoticeChannel.EMAIL, member.language or language, member.email))
    if settings is not None and settings.webhook_url and settings.envelope:
        ways.append(way(NoticeChannel.WEBHOOK, language))
    return ways


def _line(notice: Notice, delivery: NoticeDelivery | None) -> LogLine:
    return LogLine(
        kind=notice.kind,
        integration=notice.integration_name,
        created_at=notice.created_at,
        sentence=Message.from_json(notice.sentence),
        channel=delivery.channel if delivery else None,
        address=delivery.address if delivery else "",
        state=delivery.state if delivery else None,
        attempts=delivery.attempts if delivery else 0,
        due_at=delivery.due_at if delivery else None,
        error=Message.from_json(delivery.error) if delivery and delivery.error else None,
    )


def _changed_meanwhile() -> Conflict:
    return Conflict(msg("Somebody else changed this while you worked. Load it again to see how it is now."))
