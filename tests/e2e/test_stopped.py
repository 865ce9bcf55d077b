"""Credentials that are refused: the e-mail comes, its link leads to the form, and the next e-mail says that all is well."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage

import pytest
from playwright.async_api import Browser, expect

from integration_admin.bootstrap import Application, assemble
from integration_admin.core.settings import PREFIX, load_settings
from integration_admin.core.statuses import NoticeState
from tests.adapters.mail_server import Inbox, running_mail_server
from tests.e2e import road, world
from tests.e2e.road import Device
from tests.e2e.server import Server
from tests.e2e.test_rotation import type_new_token
from tests.e2e.words import Language, exported, read_in, said
from tests.e2e.world import Person, Xledger
from tests.services.notice_office import texts_of

WELL_AGAIN = "The accounting system accepts the credentials again. Exports go on as planned."
_LINK = re.compile(r"https?://\S+")


class Post:
    """Another process of the installation, one that has a mail server; it looks and delivers when it is asked to."""

    def __init__(self, process: Application, inbox: Inbox, person: Person) -> None:
        self._process = process
        self._inbox = inbox
        self._person = person

    async def next_mail(self, number: int) -> EmailMessage:
        """Wait for the e-mail to our person that has this number, and return it."""
        async with asyncio.timeout(60):
            while len(found := self._found()) < number:
                await self._process.services.notices._watch.look()
                await self._hand_on()
                await self._process.services.notices._courier.deliver_due()
        return found[number - 1]

    def _found(self) -> list[EmailMessage]:
        return [mail for mail in self._inbox.mails if mail["To"] == self._person.email]

    async def _hand_on(self) -> None:
        """Count what the server under test, which has no mail server, has tried as yet to be tried."""
        actor = await self._process.services.organisations.actor_of(self._person.organisation)
        now = self._process.clock.now()
        async with self._process.database.write(actor.organisation_id) as unit:
            for _, delivery in await unit.notices.log(20):
                if delivery is not None and delivery.state is NoticeState.GIVEN_UP:
                    await unit.notices.note_delivery(delivery.id, state=NoticeState.WAITING, due_at=now)


@asynccontextmanager
async def opened_post(server: Server, person: Person) -> AsyncIterator[Post]:
    async with running_mail_server() as inbox:
        mail = {PREFIX + "SMTP_URL": inbox.url, PREFIX + "MAIL_FROM": "ia@example.org"}
        process = assemble(load_settings({**server.environment, **mail}))
        try:
            await process.keys.run()
            yield Post(process, inbox, person)
        finally:
            await process.close()


@pytest.mark.parametrize(("device", "language"), [("desktop", "nb"), ("phone", "nn")])
async def test_refused_credentials_are_told_by_e_mail_renewed_by_its_link_and_told_to_be_well_again(
    browser: Browser,
    server: Server,
    office: Application,
    xledger: Xledger,
    device: Device,
    language: Language,
) -> None:
    person = await world.new_administrator(office)
    integration = await world.connect(office, person, xledger)
    await world.receive(office, person, world.claims_of("EC", 2))
    await xledger.change("tokens/full/expire")
    await world.export_once(office, person, integration)
    async with opened_post(server, person) as post, road.opened_page(browser, server, device) as page:
        link = _LINK.search(texts_of(await post.next_mail(1))["plain"])
        assert link is not None
        await page.goto(link[0])
        await road.type_sign_in(page, person.email, person.password)
        await page.wait_for_url(f"**/settings/integrations/{integration}/credentials")
        await read_in(page, language)
        await type_new_token(page, xledger.tokens["renewed"])
        await expect(page.locator("#rotation-done")).to_contain_text(
            said(page, "The new secrets work and are in use. {report}")
        )

        recovered = texts_of(await post.next_mail(2))
        assert said(page, WELL_AGAIN) in " ".join(recovered["plain"].split())
        assert xledger.tokens["renewed"] not in str(recovered)
        link = _LINK.search(recovered["plain"])
        assert link is not None
        await page.goto(link[0])
        assert exported(page, 2) in await road.export(page)
    actor = await office.services.organisations.actor_of(person.organisation)
    log = await office.services.notice_choices.log(actor)
    assert [str(line.kind) for line in log] == ["recovered", "stopped"]
