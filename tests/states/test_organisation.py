"""The organisation's pages in a tab: inviting, one member, API tokens; links and tokens are shown past every var."""

import os
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from integration_admin.core.actor import Actor
from integration_admin.core.statuses import Role
from integration_admin.services import container
from integration_admin.services.members import Members
from integration_admin.services.one_time_links import LinkPost
from integration_admin.services.organisations import Organisations
from integration_admin.services.passwords import Passwords
from integration_admin.services.reauthentication import Reauthentication
from integration_admin.services.sessions import Sessions
from integration_admin.services.tokens import SCOPES, ApiTokens
from integration_admin.states.access import AccessMiddleware
from integration_admin.states.api_tokens import TOKEN_FIELD, ApiTokensState
from integration_admin.states.handing import LINK_FIELD
from integration_admin.states.member import MemberState
from integration_admin.states.organisation import MembersState
from integration_admin.states.reauthentication import ReauthenticationState
from integration_admin.states.shell import ShellState
from tests.builders import make_member
from tests.data.factor_rows import passkey_of
from tests.services.entrance import PASSWORD, QuickPasswords, factors_without_keys
from tests.services.people import SITE, Mailbox
from tests.states.people import People
from tests.states.tab import Tab, open_tab

HOME, TOKENS = "/settings/organisation", "/settings/organisation/api-tokens"
PAGES = {
    HOME.strip("/"): [MembersState.load],
    "settings/organisation/members/[member]": [MemberState.load],
    TOKENS.strip("/"): [ApiTokensState.load],
}
KARI = {"name": "Kari", "email": "kari@example.org", "role": "coordinator"}


@pytest.fixture
async def tab(people: People) -> AsyncIterator[Tab]:
    database, clock = people.database, people.clock
    post = LinkPost(Mailbox(), clock, os.urandom, SITE, mail_is_set_up=False)
    services = SimpleNamespace(
        sign_in=container.current().sign_in,
        organisations=Organisations(database, Passwords(), clock),
        people=SimpleNamespace(members=Members(database, post, clock), sessions=Sessions(database, clock)),
        tokens=ApiTokens(database, clock, os.urandom),
        reauthentication=Reauthentication(
            database, QuickPasswords(), clock, factors_without_keys(database, clock)
        ),
    )
    container.install(cast("Any", services))
    async with open_tab(PAGES, AccessMiddleware()) as opened:
        yield opened


async def test_an_administrator_invites_and_withdraws(tab: Tab, people: People) -> None:
    await tab.connect(await people.session(people.alice), HOME)
    assert tab[MembersState.members][1]["href"] == f"{HOME}/members/{people.bob.id}"
    await tab.send(MembersState.invite, form=KARI | {"email": "kari"})
    assert [error["field"] for error in tab[MembersState.errors]] == ["email"]

    await tab.send(MembersState.invite, form=KARI)
    (written,) = tab.written
    assert LINK_FIELD.replace("-", "_") in written["ref"]
    assert written["value"].startswith(f"{SITE}/link#")
    assert tab[MembersState.to_pass_on]
    assert "/link#" not in str(tab.received)
    (invitation,) = tab[MembersState.invitations]
    await tab.send(MembersState.invite_again, invitation_id=invitation["id"])
    assert len({one["value"] for one in tab.written}) == 2

    (invitation,) = tab[MembersState.invitations]
    await tab.send(MembersState.withdraw, invitation_id=invitation["id"])
    assert tab[MembersState.invitations] == []
    assert tab[MembersState.withdrawn]
    assert tab[MembersState.to_pass_on] == ""


async def test_a_link_that_is_shown_stays_until_its_own_invitation_is_withdrawn(
    tab: Tab, people: People
) -> None:
    await tab.connect(await people.session(people.alice), HOME)
    await tab.send(MembersState.invite, form={"name": "Ada", "email": "ada@example.org", "role": "viewer"})
    await tab.send(MembersState.invite, form=KARI)
    shown = tab[MembersState.to_pass_on]
    assert "kari@example.org" in shown
    await tab.send(MembersState.invite, form=KARI | {"email": "ola"})
    assert tab[MembersState.errors]
    ids = {line["email"]: line["id"] for line in tab[MembersState.invitations]}
    await tab.send(MembersState.withdraw, invitation_id=ids["ada@example.org"])
    assert (tab[MembersState.to_pass_on], tab[MembersState.times_handed]) == (shown, 2)
    await tab.send(MembersState.withdraw, invitation_id=ids["kari@example.org"])
    assert tab[MembersState.to_pass_on] == ""


async def test_an_administrator_changes_and_removes_a_member(tab: Tab, people: People) -> None:
    bobs = await people.session(people.bob)
    await tab.connect(await people.session(people.alice), f"{HOME}/members/{people.bob.id}")
    assert (tab[MemberState.name], tab[MemberState.role]) == ("Bob", "viewer")
    await tab.send(MemberState.change_role, form={"role": "coordinator"})
    assert tab[MemberState.role] == "coordinator"
    await tab.send(MemberState.make_link)
    assert tab.written[0]["value"].startswith(f"{SITE}/link#")
    assert "/link#" not in str(tab.received)
    await tab.send(MemberState.end_sessions)
    assert tab[MemberState.to_pass_on], "the link is never shown again"
    assert len(tab[MemberState.done]) == 1
    assert await container.current().sign_in.resolve(bobs) is None
    await tab.send(MemberState.remove)
    assert tab.redirects == [HOME]
    assert tab[ShellState.notice]

    await tab.connect(await people.session(people.alice), f"{HOME}/members/{people.bob.id}")
    assert tab[MemberState.missing]
    assert tab[MemberState.refusal]


async def test_the_api_tokens_a_member_made_are_named_before_they_are_removed(
    tab: Tab, people: People
) -> None:
    tokens = container.current().tokens
    for name in ("Expense system", "Report"):
        await tokens.create(Actor(people.bob.organisation_id, "Bob", Role.ADMINISTRATOR), SCOPES, name)
    await tokens.create(
        Actor(people.bob.organisation_id, "Alice", Role.ADMINISTRATOR, people.alice.id), SCOPES, "Own"
    )
    await tab.connect(await people.session(people.alice), f"{HOME}/members/{people.bob.id}")
    assert tab[MemberState.goes_on] == "Expense system, Report"


async def test_the_tokens_of_a_member_of_the_same_name_are_not_taken_for_theirs(
    tab: Tab, people: People
) -> None:
    namesake = make_member("Bob", role=Role.ADMINISTRATOR)
    async with people.database.write(people.bob.organisation_id) as unit:
        await unit.organisations.add_member(namesake)
        (await unit.organisations.member(people.bob.id)).role = Role.ADMINISTRATOR
    for name, member in (("Of Bob", people.bob), ("Of the other Bob", namesake)):
        maker = Actor(people.bob.organisation_id, "Bob", Role.ADMINISTRATOR, member.id)
        await container.current().tokens.create(maker, SCOPES, name)
    await tab.connect(await people.session(people.alice), f"{HOME}/members/{people.bob.id}")
    assert tab[MemberState.goes_on] == "Of Bob"


async def test_an_administrator_makes_and_revokes_an_api_token(tab: Tab, people: People) -> None:
    await tab.connect(await people.session(people.alice), TOKENS)
    await tab.send(ApiTokensState.make, form={"name": "Expense system", "last_day": "2026-11-20"})
    assert [error["field"] for error in tab[ApiTokensState.errors]] == ["scopes"]
    form = {"name": "Expense system", "scope-records-write": True, "last_day": "2027-01-31"}
    await tab.send(ApiTokensState.make, form=form)
    (written,) = tab.written
    assert TOKEN_FIELD.replace("-", "_") in written["ref"]
    assert written["value"].startswith("ia_")
    assert written["value"] not in str(tab.received)
    (line,) = tab[ApiTokensState.lines]
    assert (line["name"], line["used"], line["is_over"]) == ("Expense system", "", False)
    await tab.send(ApiTokensState.revoke, token_id=line["id"])
    assert tab[ApiTokensState.lines] == []
    assert not tab[ApiTokensState.shows_new]
    assert len(tab[ApiTokensState.revoked]) == 1


async def test_a_token_that_is_shown_stays_while_others_are_revoked(tab: Tab, people: People) -> None:
    await tab.connect(await people.session(people.alice), TOKENS)
    for name in ("Old", "New"):
        await tab.send(ApiTokensState.make, form={"name": name, "scope-records-write": True})
    ids = {line["name"]: line["id"] for line in tab[ApiTokensState.lines]}
    await tab.send(ApiTokensState.revoke, token_id=ids["Old"])
    assert (tab[ApiTokensState.shows_new], len(tab[ApiTokensState.revoked])) == (True, 1)
    await tab.send(ApiTokensState.revoke, token_id=ids["New"])
    assert not tab[ApiTokensState.shows_new]


async def test_a_form_that_is_sent_twice_in_a_hurry_makes_one_token_and_one_link(
    tab: Tab, people: People
) -> None:
    await tab.connect(await people.session(people.alice), TOKENS)
    form = {
        "name": "Expense system",
        "scope-records-write": True,
        "drawn": str(tab[ApiTokensState.times_read]),
    }
    await tab.send(ApiTokensState.make, form=form)
    await tab.send(ApiTokensState.make, form=form)
    assert len(tab[ApiTokensState.lines]) == len(tab.written) == 1
    assert tab[ApiTokensState.shows_new]
    await tab.send(ApiTokensState.make, form=form | {"drawn": str(tab[ApiTokensState.times_read])})
    assert len(tab[ApiTokensState.lines]) == 2
    await tab.send(ApiTokensState.make, form={"name": ""})
    assert tab[ApiTokensState.errors]
    assert tab[ApiTokensState.shows_new]

    tab.written.clear()
    await tab.connect(await people.session(people.alice), HOME)
    form = KARI | {"drawn": str(tab[MembersState.times_read])}
    await tab.send(MembersState.invite, form=form)
    await tab.send(MembersState.invite, form=form)
    assert len(tab.written) == 1
    assert tab[MembersState.to_pass_on]


async def test_after_a_while_nobody_is_let_in_or_further_in_without_the_password(
    tab: Tab, people: People
) -> None:
    async with people.database.write(people.alice.organisation_id) as unit:
        (await unit.organisations.member(people.alice.id)).password_hash = PASSWORD.reveal()
    session = await people.session(people.alice)
    await tab.connect(session, HOME)
    await tab.send(MembersState.invite, form=KARI)
    (invitation,) = tab[MembersState.invitations]
    tab.written.clear()
    await tab.connect(session, f"{HOME}/members/{people.bob.id}")
    people.clock.advance(601)
    token = {"name": "Expense system", "scope-records-write": True}
    for handler, payload in (
        (MembersState.invite, {"form": KARI | {"email": "ola@example.org"}}),
        (MembersState.invite_again, {"invitation_id": invitation["id"]}),
        (MemberState.change_role, {"form": {"role": "administrator"}}),
        (MemberState.make_link, {}),
        (ApiTokensState.make, {"form": token}),
    ):
        await tab.send(handler, **payload)
        assert tab[ReauthenticationState.needed]
    asked = [tab[state.errors] for state in (MembersState, MemberState, ApiTokensState)]
    assert [[error["field"] for error in errors] for errors in asked] == [["own_password"]] * 3
    assert tab.written == []
    assert tab[MemberState.role] == "viewer"

    await tab.send(ReauthenticationState.confirm, form={"own_password": PASSWORD.reveal()})
    assert not tab[ReauthenticationState.needed]
    assert tab[ReauthenticationState.confirmed]
    # What was refused last is not left standing there as an error.
    assert tab[ApiTokensState.errors] == []
    await tab.send(ApiTokensState.make, form=token)
    assert len(tab.written) == 1


async def test_the_field_for_a_code_is_there_whenever_the_password_is_asked_for(
    tab: Tab, people: People
) -> None:
    async with people.database.write(people.alice.organisation_id) as unit:
        await unit.factors.add_passkey(passkey_of(people.alice))
    await tab.connect(await people.session(people.alice), TOKENS)
    assert not tab[ReauthenticationState.needed]
    people.clock.advance(601)
    await tab.send(ApiTokensState.make, form={})
    assert (tab[ReauthenticationState.needed], tab[ReauthenticationState.asks_code]) == (True, True)
    assert tab[ReauthenticationState.passkey_page].endswith(
        "confirm?next=%2Fsettings%2Forganisation%2Fapi-tokens"
    )


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.VIEWER])
async def test_others_see_the_members_and_change_nothing(tab: Tab, people: People, role: Role) -> None:
    async with people.database.write(people.bob.organisation_id) as unit:
        (await unit.organisations.member(people.bob.id)).role = role
    await tab.connect(await people.session(people.bob), HOME)
    assert [line["href"] for line in tab[MembersState.members]] == ["", ""]
    for handler, payload in (
        (MembersState.invite, {"form": KARI}),
        (MemberState.remove, {}),
        (MemberState.change_role, {"form": {"role": "administrator"}}),
        (ApiTokensState.make, {"form": {"name": "x", "scope-records-write": True}}),
    ):
        await tab.send(handler, **payload)
    assert tab.written == []
    async with people.database.read(people.bob.organisation_id) as unit:
        assert {line.action for line in await unit.audit.latest()} == {"access.denied"}
        assert len(await unit.organisations.members()) == 2
