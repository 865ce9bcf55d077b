"""How notices reach people and webhooks: bad servers, tries and their end, settings, the test button, the log."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from integration_admin.adapters.mail import MailServer
from integration_admin.core.actor import Actor
from integration_admin.core.errors import Conflict, InvalidInput, NotPermitted
from integration_admin.core.statuses import NoticeChannel, NoticeKind, NoticeState, Role
from integration_admin.data.database import Database
from integration_admin.services.notice_courier import WAITS
from integration_admin.services.notices import Notices
from tests.adapters.mail_server import running_silence
from tests.builders import make_member, save_organisation
from tests.services.conftest import Engine
from tests.services.fake_adapter import FakeAdapter
from tests.services.notice_office import PUBLIC_URL, Office, opened_office, texts_of

ALL = [str(kind) for kind in NoticeKind]


@pytest.fixture
async def office(
    sqlite_database: Database, new_engine: Callable[[Database, FakeAdapter, Actor], Engine]
) -> AsyncIterator[Office]:
    alice = make_member("Alice", email="alice@example.org")
    organisation = await save_organisation(sqlite_database, alice, features=["xledger"], name="Forbundet")
    actor = Actor(organisation.id, "Alice", Role.ADMINISTRATOR, alice.id)
    async with opened_office(new_engine(sqlite_database, FakeAdapter(), actor)) as opened:
        yield opened


async def fail(office: Office) -> None:
    """Let the accounting system be out of reach, which is told."""
    await office.note(open_until=office.engine.clock.now())


async def with_webhook(office: Office, deputy: str = "", kinds: list[str] | None = None) -> str:
    """Let the office's webhook be called, and return its key."""
    actor = office.engine.actor
    kinds = ALL if kinds is None else kinds
    await office.choices.save(actor, 0, kinds, deputy, office.receiver.url)
    return (await office.choices.make_key(actor, 1)).reveal()


async def test_a_webhook_is_told_the_same_signed_so_that_its_receiver_can_tell(office: Office) -> None:
    key = await with_webhook(office)
    await fail(office)
    await office.pass_time()
    ((headers, body),) = office.receiver.calls
    told = json.loads(body)
    assert told["type"] == "integration.failed"
    assert told["data"]["integration"] == {"id": str(office.integration_id), "name": "Regnskap"}
    assert told["data"]["url"] == f"{PUBLIC_URL}/settings/integrations/{office.integration_id}"
    assert told["data"]["counts"] == {"waiting": 0, "failed": 0, "undecided": 0, "unknown": 0}
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = hmac.new(base64.b64decode(key.removeprefix("whsec_")), signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"


async def test_the_signing_key_is_stored_sealed_and_counted_with_its_vault_key(office: Office) -> None:
    key = await with_webhook(office)
    async with office.engine.database.read(office.engine.actor.organisation_id) as unit:
        settings = await unit.notices.settings()
    assert settings is not None
    assert settings.envelope.startswith("v1.test.")
    assert key not in settings.envelope
    async with office.engine.database.system() as system:
        assert await system.sealed_by_key() == {"test": 1}


async def test_a_webhook_that_answers_500_for_a_day_is_tried_ever_more_rarely_and_given_up_after_two(
    office: Office,
) -> None:
    key = await with_webhook(office, kinds=[str(NoticeKind.FAILED)])
    office.receiver.status = 500
    await fail(office)
    with capture_logs() as said:
        await office.pass_time()
        began = office.engine.clock.now()
        for wait in WAITS:
            office.engine.clock.advance(wait - timedelta(seconds=1))
            assert await office.courier.deliver_due() == 0
            office.engine.clock.advance(1)
            assert await office.courier.deliver_due() == 1
    assert timedelta(days=1) < office.engine.clock.now() - began < timedelta(days=2, hours=1)
    webhook, mail = sorted(await office.log(), key=lambda line: line.channel is NoticeChannel.EMAIL)
    assert (webhook.state, webhook.attempts, webhook.due_at) == (NoticeState.GIVEN_UP, len(WAITS) + 1, None)
    assert str(webhook.error) == "The webhook answers 500 instead of taking the notice."
    assert (mail.state, mail.attempts) == (NoticeState.SENT, 1)
    # Receivers tell a repetition by its id.
    assert len({headers["webhook-id"] for headers, _ in office.receiver.calls}) == 1
    assert key not in str(said)
    assert office.receiver.url not in str(said)


async def test_a_mail_server_that_hangs_keeps_no_webhook_waiting_and_no_export(office: Office) -> None:
    await with_webhook(office)
    await fail(office)
    exporting = await office.engine.set_up()
    async with running_silence() as port:
        office.courier._mail = MailServer(f"smtp://127.0.0.1:{port}", "ia@example.org", deadline=0.3)
        office.engine.clock.advance(15)
        await office.watch.look()
        delivering = asyncio.create_task(office.courier.deliver_due())
        await asyncio.wait_for(office.receiver.called.wait(), 10)
        assert not delivering.done()
        await office.engine.receive(1)
        assert (await office.engine.sync(exporting)).delivered == 1
        await delivering
    (line,) = [line for line in await office.log() if line.channel is NoticeChannel.EMAIL]
    assert (line.state, line.attempts) == (NoticeState.WAITING, 1)
    assert str(line.error) == "The mail server does not answer in time."
    assert line.due_at == office.engine.clock.now() + WAITS[0]


async def test_an_address_that_is_refused_for_good_is_tried_once(office: Office) -> None:
    office.inbox.to_recipients = "550 No such user"
    await fail(office)
    await office.pass_time()
    await office.pass_time(86_400)
    (line,) = await office.log()
    assert (line.state, line.attempts, office.inbox.tries) == (NoticeState.GIVEN_UP, 1, 1)


@pytest.mark.parametrize(
    "gone",
    [
        pytest.param({"role": Role.COORDINATOR}, id="coordinator now"),
        pytest.param({"disabled_at": datetime(2026, 11, 1, tzinfo=UTC)}, id="removed"),
    ],
)
async def test_a_notice_that_waits_for_another_try_does_not_reach_who_is_no_longer_told(
    office: Office, gone: dict[str, Any]
) -> None:
    office.inbox.to_recipients = "451 Try again later"
    await fail(office)
    await office.pass_time()
    member_id = office.engine.actor.member_id
    assert member_id is not None
    async with office.engine.database.write(office.engine.actor.organisation_id) as unit:
        member = await unit.organisations.member(member_id)
        for name, value in gone.items():
            setattr(member, name, value)
    office.inbox.to_recipients = "250 OK"
    await office.pass_time(86_400)
    (line,) = await office.log()
    assert (line.state, line.attempts, office.inbox.mails) == (NoticeState.GIVEN_UP, 2, [])
    assert str(line.error) == "Notices no longer go to this address."


async def test_a_delivery_whose_process_died_is_taken_up_by_another(office: Office) -> None:
    await fail(office)
    await office.watch.look()
    claimed = await office.courier._claim()
    assert len(claimed) == 1
    assert await office.courier.deliver_due() == 0, "it is somebody else's for now"
    office.engine.clock.advance(61)
    assert await office.courier.deliver_due() == 1
    assert len(office.inbox.mails) == 1


async def test_the_deputy_is_told_too_and_only_of_what_was_chosen(office: Office) -> None:
    actor = office.engine.actor
    await office.choices.save(actor, 0, [str(NoticeKind.FAILED)], " Deputy@example.org ", "")
    await fail(office)
    await office.pass_time()
    await office.note(open_until=None)
    await office.pass_time()
    assert sorted(mail["To"] for mail in office.inbox.mails) == ["alice@example.org", "deputy@example.org"]
    newest = (await office.log())[0]
    assert (newest.kind, newest.channel) == (NoticeKind.RECOVERED, None)


async def test_settings_are_checked_by_field_and_only_the_first_of_two_is_kept(office: Office) -> None:
    actor, choices = office.engine.actor, office.choices
    with pytest.raises(InvalidInput) as caught:
        await choices.save(actor, 0, ALL, "deputy@example.org, eve@example.org", "http://10.0.0.1/hook")
    assert caught.value.fields.keys() == {"deputy_email", "webhook_url"}
    with pytest.raises(Conflict):
        await choices.make_key(actor, 0)
    await choices.save(actor, 0, ["failed", "made up"], "", "")
    with pytest.raises(Conflict):
        await choices.save(actor, 0, ALL, "", "")
    with pytest.raises(Conflict):
        await choices.save(actor, 9, ALL, "", "")
    assert (await choices.get(actor)).kinds == {NoticeKind.FAILED}
    looker = Actor(actor.organisation_id, "Bob", Role.COORDINATOR)
    for refused in (choices.get(looker), choices.log(looker), choices.test(looker)):
        with pytest.raises(NotPermitted):
            await refused


async def test_a_test_reaches_who_asks_and_the_webhook_at_once_and_says_how_it_went(office: Office) -> None:
    await with_webhook(office, deputy="deputy@example.org")
    office.receiver.status = 302
    lines = await office.choices.test(office.engine.actor)
    assert {(line.channel, line.state) for line in lines} == {
        (NoticeChannel.EMAIL, NoticeState.SENT),
        (NoticeChannel.WEBHOOK, NoticeState.GIVEN_UP),
    }
    (mail,) = office.inbox.mails
    assert mail["To"] == "alice@example.org"
    assert f"{PUBLIC_URL}/settings/organisation" in texts_of(mail)["plain"]


async def test_names_with_markup_or_line_breaks_are_text_in_a_mail(office: Office) -> None:
    await office.note(name="<b>Regnskap</b>\r\nBcc: eve@example.org")
    await fail(office)
    await office.pass_time()
    (mail,) = office.inbox.mails
    assert mail["Bcc"] is None
    assert mail["Subject"].endswith(": <b>Regnskap</b> Bcc: eve@example.org")
    assert "&lt;b&gt;Regnskap&lt;/b&gt; Bcc: eve@example.org" in texts_of(mail)["html"]
    assert "<b>" not in texts_of(mail)["html"]


async def test_looking_and_delivering_go_on_whatever_fails() -> None:
    class Failing:
        looks, deliveries = 0, 0
        enough = asyncio.Event()

        async def look(self) -> None:
            self.looks += 1
            raise RuntimeError

        async def deliver_due(self) -> int:
            self.deliveries += 1
            if self.looks > 1 and self.deliveries > 1:
                self.enough.set()
            raise RuntimeError

    failing = Failing()
    with capture_logs():
        task = asyncio.create_task(Notices(failing, failing, 0.01, 0.01).run())
        await asyncio.wait_for(failing.enough.wait(), 10)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
