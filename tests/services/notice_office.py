"""Notices put together by hand around an engine, with a real mail server and a real webhook on loopback."""

import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.message import EmailMessage

from integration_admin.adapters.addresses import AddressPolicy
from integration_admin.adapters.mail import MailServer
from integration_admin.adapters.outbound import OutboundClient
from integration_admin.adapters.webhook import WebhookCaller
from integration_admin.data.models import Integration
from integration_admin.services.missed_runs import MissedRuns
from integration_admin.services.notice_choices import LogLine, NoticeChoices
from integration_admin.services.notice_courier import NoticeCourier
from integration_admin.services.notice_watch import NoticeWatch
from tests.adapters.mail_server import Inbox, running_mail_server
from tests.adapters.webhook_receiver import Receiver, running_receiver
from tests.builders import save_integration
from tests.services.conftest import Engine

PUBLIC_URL = "https://integrations.example.org"
ALLOW = ["127.0.0.0/8"]


@dataclass
class Office:
    """An organisation's engine and everything that tells of it."""

    engine: Engine
    watch: NoticeWatch
    courier: NoticeCourier
    choices: NoticeChoices
    inbox: Inbox
    receiver: Receiver
    integration_id: uuid.UUID

    @property
    def subjects(self) -> list[str]:
        """The subjects of the e-mails that have arrived, in order."""
        return [mail["Subject"] for mail in self.inbox.mails]

    async def pass_time(self, seconds: float = 15.0) -> None:
        """Look and deliver once, some time later."""
        self.engine.clock.advance(seconds)
        await self.watch.look()
        await self.courier.deliver_due()

    async def note(self, **values: object) -> None:
        """Change the stored integration."""
        async with self.engine.database.write(self.engine.actor.organisation_id) as unit:
            await unit.integrations.note(self.integration_id, **values)

    async def stored(self) -> Integration:
        async with self.engine.database.read(self.engine.actor.organisation_id) as unit:
            return await unit.integrations.get(self.integration_id)

    async def log(self) -> list[LogLine]:
        return await self.choices.log(self.engine.actor)


@asynccontextmanager
async def opened_office(engine: Engine, *, exports: bool = False) -> AsyncIterator[Office]:
    """Put everything together around an engine, and let a first look see nothing.

    Its integration is set up in full where it `exports`; else it is only there.
    """
    if exports:
        integration_id = await engine.set_up()
    else:
        kept = {"kind": "xledger", "name": "Regnskap"}
        organisation_id = engine.actor.organisation_id
        integration_id = (await save_integration(engine.database, organisation_id, **kept)).id
    secrets = engine.rotation._secrets
    async with (
        running_mail_server() as inbox,
        running_receiver() as receiver,
        OutboundClient(allow=ALLOW) as http,
    ):
        mail = MailServer(inbox.url, "ia@example.org", deadline=30.0)
        webhooks = WebhookCaller(http, AddressPolicy(ALLOW).check_url)
        courier = NoticeCourier(engine.database, mail, webhooks, secrets, PUBLIC_URL, engine.clock)
        watch = NoticeWatch(
            engine.database, engine.health, engine.expiry, MissedRuns(engine.clock), engine.clock
        )
        choices = NoticeChoices(
            engine.database, courier, webhooks, secrets, engine.clock, lambda count: b"k" * count,
            mail_is_set_up=True,
        )  # fmt: skip
        office = Office(engine, watch, courier, choices, inbox, receiver, integration_id)
        await watch.look()
        yield office


def texts_of(mail: EmailMessage) -> Mapping[str, str]:
    """Return an e-mail's text and HTML."""
    found = {kind: mail.get_body((kind,)) for kind in ("plain", "html")}
    return {kind: part.get_content() for kind, part in found.items() if part is not None}
