"""The organisation's page in a tab: what is chosen is kept, the key is shown once and never kept, a test is sent."""

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from integration_admin.core.actor import Actor
from integration_admin.core.statuses import Role
from integration_admin.data.database import Database
from integration_admin.services import container
from integration_admin.services.organisations import Organisations
from integration_admin.services.passwords import Passwords
from integration_admin.services.reauthentication import Reauthentication
from integration_admin.states.access import AccessMiddleware
from integration_admin.states.notices import KEY_FIELD, NoticesState
from integration_admin.states.organisation import MembersState
from integration_admin.states.reauthentication import ReauthenticationState
from tests.services.entrance import QuickPasswords, factors_without_keys
from tests.services.fake_adapter import FakeAdapter
from tests.services.notice_office import Office, opened_office
from tests.states.people import People
from tests.states.tab import open_tab

ADDRESS = "/settings/organisation"
PAGES = {ADDRESS.strip("/"): [MembersState.load, NoticesState.load]}


@pytest.fixture
async def office(people: People, sqlite_database: Database, new_engine: Any) -> AsyncIterator[Office]:
    async with sqlite_database.system(writes=True) as system:
        (await system.organisations())[0].features = ["xledger"]
    actor = Actor(people.alice.organisation_id, "Alice", Role.ADMINISTRATOR, people.alice.id)
    async with opened_office(new_engine(sqlite_database, FakeAdapter(), actor)) as opened:
        services = SimpleNamespace(
            sign_in=container.current().sign_in,
            reauthentication=Reauthentication(
                sqlite_database,
                QuickPasswords(),
                people.clock,
                factors_without_keys(sqlite_database, people.clock),
            ),
            organisations=Organisations(sqlite_database, Passwords(), people.clock),
            notice_choices=opened.choices,
        )
        container.install(cast("Any", services))
        yield opened


async def test_an_administrator_chooses_makes_a_key_and_sends_a_test(people: People, office: Office) -> None:
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await people.session(people.alice), ADDRESS)
        assert [line["name"] for line in tab[MembersState.members]] == ["Alice", "Bob"]
        assert all(line["chosen"] for line in tab[NoticesState.kinds])
        assert tab[NoticesState.administrators] == people.alice.email

        form = {"notice-failed": True, "deputy_email": "ola", "webhook_url": office.receiver.url}
        await tab.send(NoticesState.save, form=form)
        assert [error["field"] for error in tab[NoticesState.errors]] == ["deputy_email"]
        await tab.send(NoticesState.save, form=form | {"deputy_email": "ola@example.org"})
        assert tab[NoticesState.saved]
        assert [line["name"] for line in tab[NoticesState.kinds] if line["chosen"]] == ["notice-failed"]

        await tab.send(NoticesState.renew_key)
        (written,) = tab.written
        assert KEY_FIELD in written["ref"]
        assert written["value"].startswith("whsec_")
        assert tab[NoticesState.key_is_shown]
        assert "whsec_" not in str(tab.received)

        await tab.send(NoticesState.test)
        assert {line["state"] for line in tab[NoticesState.tested]} == {"sent"}
        assert len(office.inbox.mails) == len(office.receiver.calls) == 1
        assert len(tab[NoticesState.lines]) == 2
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await people.session(people.alice), ADDRESS)
        assert not tab[NoticesState.key_is_shown]
        assert tab.written == []


async def test_after_a_while_nobody_gets_a_new_key_without_the_password(
    people: People, office: Office
) -> None:
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await people.session(people.alice), ADDRESS)
        form = {"notice-failed": True, "webhook_url": office.receiver.url}
        await tab.send(NoticesState.save, form=form)
        people.clock.advance(601)
        await tab.send(NoticesState.renew_key)
        assert tab[ReauthenticationState.needed]
        assert [error["field"] for error in tab[NoticesState.errors]] == ["own_password"]
        assert tab.written == []
    assert (await office.choices.get(office.engine.actor)).key_made_at is None


async def test_who_may_only_look_sees_the_members_and_changes_nothing(people: People, office: Office) -> None:
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await people.session(people.bob), ADDRESS)
        assert len(tab[MembersState.members]) == 2
        for handler, payload in (
            (NoticesState.save, {"form": {"webhook_url": office.receiver.url}}),
            (NoticesState.renew_key, {}),
            (NoticesState.test, {}),
        ):
            await tab.send(handler, **payload)
        assert not tab[NoticesState.ready]
        assert (tab[NoticesState.kinds], tab[NoticesState.lines], tab.written) == ([], [], [])
    assert (await office.choices.get(office.engine.actor)).webhook_url == ""
    assert office.inbox.mails == []
