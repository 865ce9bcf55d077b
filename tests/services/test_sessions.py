"""Where people are signed in, and how that ends."""

import uuid
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from integration_admin.core.errors import InvalidInput, NotFound
from integration_admin.core.secret import Secret
from integration_admin.data.database import Database
from integration_admin.data.models_access import OneTimeLink, Session
from integration_admin.services.devices import device
from integration_admin.services.signed_in import IDLE
from tests.fakes import FakeClock
from tests.services.people import PASSWORD, Office

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/19.0 Mobile/15E148 Safari/604.1"
)
EDGE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0"
    " Safari/537.36 Edg/142.0.0.0"
)
PHONE = (
    "Mozilla/5.0 (Linux; Android 16; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0"
    " Chrome/130.0.0.0 Mobile Safari/537.36"
)


@pytest.fixture
async def office(sqlite_database: Database, clock: FakeClock) -> AsyncIterator[Office]:
    opened = await Office(sqlite_database, clock).open()
    yield opened
    # What is written down after the answer still needs the database.
    await opened.close()


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (FIREFOX, "Firefox on Windows"),
        (IPHONE, "Safari on iPhone"),
        (EDGE, "Edge on Windows"),
        (PHONE, "Samsung Internet on Android"),
        ("curl/8.0 Linux", "Linux"),
        ("", "An unknown browser"),
        ("<script>alert(1)</script>", "An unknown browser"),
    ],
)
def test_a_browser_is_told_in_plain_words(user_agent: str, words: str) -> None:
    assert str(device(user_agent)) == words


async def test_everybody_sees_their_own_sessions_and_which_one_this_is(office: Office) -> None:
    old = await office.begin(office.bob, EDGE)
    office.clock.advance(timedelta(hours=1))
    this, _ = await office.begin(office.bob, IPHONE), await office.begin(office.alice, FIREFOX)
    office.clock.advance(60)
    seen = await office.sessions.own(await office.who(this))
    assert [(str(one.device), one.is_this) for one in seen] == [
        ("Safari on iPhone", True),
        ("Edge on Windows", False),
    ]
    assert seen[0].last_seen_at - seen[0].created_at == timedelta(minutes=1)
    office.clock.advance(IDLE - timedelta(hours=1))
    assert await office.sign_in.resolve(old) is None
    assert [one.is_this for one in await office.sessions.own(await office.who(this))] == [True]


async def test_a_session_is_ended_by_whom_it_belongs_to_and_by_nobody_else(office: Office) -> None:
    this, other = await office.begin(office.bob), await office.begin(office.bob)
    alices = await office.who(await office.begin(office.alice))
    bob, others = await office.who(this), (await office.who(other)).session_id
    for session_id in (alices.session_id, uuid.uuid4()):
        with pytest.raises(NotFound):
            await office.sessions.end(bob, session_id)
    await office.sessions.end(bob, others)
    assert await office.sign_in.resolve(other) is None
    with pytest.raises(NotFound):
        await office.sessions.end(bob, others)
    assert (await office.who(this)).actor.member_id == office.bob.id


async def test_all_others_end_together_and_this_one_goes_on(office: Office) -> None:
    this, *others = [await office.begin(office.bob) for _ in range(3)]
    assert await office.sessions.end_others(await office.who(this)) == 2
    assert [await office.sign_in.resolve(one) for one in others] == [None, None]
    assert (await office.who(this)).email == office.bob.email


async def test_an_administrator_ends_a_members_sessions(office: Office) -> None:
    bobs, alices = await office.begin(office.bob), await office.begin(office.alice)
    assert await office.sessions.end_of_member(office.actor(), office.bob.id) == 1
    assert await office.sign_in.resolve(bobs) is None
    assert await office.sign_in.resolve(alices) is not None
    assert await office.told() == [("Alice", "member.end_sessions", office.bob.email)]


async def test_what_ended_thirty_days_ago_is_removed(office: Office) -> None:
    async def kept() -> tuple[int, int]:
        async with office.database.engine.connect() as connection:
            counts = [
                await connection.scalar(select(func.count()).select_from(table))
                for table in (Session, OneTimeLink)
            ]
        return counts[0] or 0, counts[1] or 0

    await office.begin(office.bob)
    await office.members.make_reset(office.actor(), office.bob.id)
    await office.sessions.end_of_member(office.actor(), office.bob.id)
    await office.begin(office.bob)
    office.clock.advance(timedelta(days=30))
    this = await office.begin(office.bob)
    await office.sessions.tick()
    assert await kept() == (3, 1)
    office.clock.advance(timedelta(hours=9))
    await office.who(await office.begin(office.bob))
    await office.sessions.tick()
    # What is gone had been idle or ended for thirty days; what became idle today is kept.
    assert await kept() == (2, 0)
    assert await office.sign_in.resolve(this) is None


async def test_a_changed_password_ends_the_other_sessions(office: Office) -> None:
    async with office.database.write(office.bob.organisation_id) as unit:
        bob = await unit.organisations.member(office.bob.id)
        bob.password_hash = await office.passwords.hash(PASSWORD)
    this, other = await office.begin(office.bob), await office.begin(office.bob)
    who, wanted = await office.who(this), Secret("tre katter på et tak")
    for present, new, field in (
        (Secret("wrong password of bob"), wanted, "own_password"),
        (PASSWORD, PASSWORD, "password"),
        (PASSWORD, Secret("velkommen2026"), "password"),
        (PASSWORD, Secret("kort"), "password"),
    ):
        with pytest.raises(InvalidInput) as caught:
            await office.own_password.change(who, present, new)
        assert set(caught.value.fields) == {field}
    await office.own_password.change(who, PASSWORD, wanted)
    assert await office.sign_in.resolve(other) is None
    assert await office.sign_in.resolve(this) is not None
    assert (await office.enter(office.bob.email, wanted)).actor.member_id == office.bob.id
