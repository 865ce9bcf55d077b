"""From refused credentials to a recovered integration, over real SMTP: told, explained, replaced, told that it is over."""

from collections.abc import AsyncIterator, Callable

import pytest

from integration_admin.adapters.base import Outcome
from integration_admin.core.actor import Actor
from integration_admin.core.errors import AuthenticationFailed
from integration_admin.core.messages import msg
from integration_admin.core.statuses import IntegrationState, NoticeKind, Role
from integration_admin.data.database import Database
from integration_admin.services.health_monitor import Status
from tests.builders import make_member, save_organisation
from tests.services.conftest import Engine
from tests.services.fake_adapter import FakeAdapter, book_all
from tests.services.notice_office import PUBLIC_URL, Office, opened_office, texts_of


@pytest.fixture
async def office(
    sqlite_database: Database, new_engine: Callable[[Database, FakeAdapter, Actor], Engine]
) -> AsyncIterator[Office]:
    """An integration that exports, and Alice, who is told by e-mail."""
    alice = make_member("Alice", email="alice@example.org", language="en")
    organisation = await save_organisation(sqlite_database, alice, features=["xledger"])
    actor = Actor(organisation.id, "Alice", Role.ADMINISTRATOR, alice.id)
    async with opened_office(new_engine(sqlite_database, FakeAdapter(), actor), exports=True) as opened:
        yield opened


def refuse(*_: object) -> list[Outcome]:
    raise AuthenticationFailed(msg("The token has expired. Make a new one."))


async def test_refused_credentials_are_told_replaced_and_told_to_be_over(office: Office) -> None:
    engine, integration = office.engine, office.integration_id
    engine.adapter.behaviour = refuse
    await engine.receive(2)
    await engine.sync(integration)
    await office.pass_time()
    (mail,) = office.inbox.mails
    text = texts_of(mail)["plain"]
    assert f"{PUBLIC_URL}/settings/integrations/{integration}/credentials" in text
    health = await engine.health.of(engine.actor, integration)
    assert (health.status, health.failed) == (Status.ERROR, 0), "no record is to blame"
    assert "the accounting system refuses the credentials. Enter new ones." in str(health.sentence)
    said = (await engine.configuration.get(engine.actor, integration)).stop_message
    assert str(said) == "The token has expired. Make a new one."

    engine.adapter.behaviour = book_all
    version = (await engine.configuration.get(engine.actor, integration)).version
    report = await engine.rotation.rotate(engine.actor, integration, version, {"token": "a-new-token"})
    assert report.passed
    await office.pass_time()
    await engine.sync(integration)
    await office.pass_time()
    assert [line.kind for line in await office.log()] == [NoticeKind.RECOVERED, NoticeKind.STOPPED]
    assert len(office.inbox.mails) == 2
    assert (await office.stored()).state is IntegrationState.ACTIVE
    assert sorted(voucher.record_id for voucher in engine.adapter.ledger) == ["EC-1", "EC-2"]
