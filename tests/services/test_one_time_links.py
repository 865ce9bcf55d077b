"""A forgotten password is replaced by a link, and nobody learns from it who has an account."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from integration_admin.core.errors import InvalidInput, NotFound, SignInRequired, TooManyAttempts
from integration_admin.core.secret import Secret
from integration_admin.data.database import Database
from tests.fakes import FakeClock
from tests.services.people import HERE, PASSWORD, Office


@pytest.fixture
async def office(sqlite_database: Database, clock: FakeClock) -> AsyncIterator[Office]:
    opened = await Office(sqlite_database, clock).open()
    yield opened
    # What is written down after the answer still needs the database.
    await opened.close()


async def ask(office: Office, email: str, address: str = HERE) -> None:
    """Ask for a link, and wait until what follows is done."""
    await office.links.forgotten(email, address)
    await office.links.close()


async def test_a_link_replaces_the_password_and_ends_every_session(office: Office) -> None:
    session = await office.begin(office.bob)
    await ask(office, f" {office.bob.email.upper()} ")
    token = office.mailbox.carried()
    assert token.reveal() not in str(await office.stored_links())
    with pytest.raises(InvalidInput):
        await office.links.accept(token, Secret("Prøveforbundet2026"))
    await office.links.accept(token, PASSWORD)
    assert await office.sign_in.resolve(session) is None
    assert (await office.enter(office.bob.email)).actor.member_id == office.bob.id
    with pytest.raises(NotFound):
        await office.links.accept(token, PASSWORD)
    assert [line[1] for line in await office.told()] == ["password.forgotten", "password.reset", "sign_in"]


async def test_asking_does_the_same_for_everybody_before_it_answers(office: Office) -> None:
    for email in (office.bob.email, "nobody@example.org"):
        await office.links.forgotten(email, HERE)
    # Whatever depends on the account is done after the answer.
    assert office.mailbox.mails == []
    await office.links.close()
    assert [mail.to for mail in office.mailbox.mails] == [office.bob.email]
    assert len(await office.stored_links()) == 1


async def test_a_link_for_a_new_password_is_good_for_an_hour_and_replaced_by_the_next(office: Office) -> None:
    await ask(office, office.bob.email)
    await ask(office, office.bob.email)
    with pytest.raises(NotFound):
        await office.links.open(office.mailbox.carried(0))
    office.clock.advance(timedelta(minutes=59))
    await office.links.open(office.mailbox.carried(1))
    office.clock.advance(timedelta(minutes=1))
    with pytest.raises(NotFound):
        await office.links.open(office.mailbox.carried(1))


async def test_whoever_cannot_sign_in_any_more_gets_no_link_and_an_old_one_does_nothing(
    office: Office,
) -> None:
    await ask(office, office.bob.email)
    async with office.database.write(office.bob.organisation_id) as unit:
        (await unit.organisations.member(office.bob.id)).disabled_at = office.clock.now()
    with pytest.raises(NotFound):
        await office.links.accept(office.mailbox.carried(), PASSWORD)
    await ask(office, office.bob.email)
    assert len(office.mailbox.mails) == 1
    with pytest.raises(SignInRequired):
        await office.enter(office.bob.email)


@pytest.mark.parametrize("known", [True, False])
async def test_one_address_may_ask_five_times_known_or_not(office: Office, *, known: bool) -> None:
    email = office.bob.email if known else "nobody@example.org"
    for _ in range(5):
        await ask(office, email)
    with pytest.raises(TooManyAttempts):
        await ask(office, email)


async def test_a_mailbox_is_not_filled_by_many_who_ask(office: Office) -> None:
    for number in range(8):
        await ask(office, office.bob.email, f"198.51.100.{number}")
    assert len(office.mailbox.mails) == 5


async def test_a_mail_server_that_refuses_is_no_error_for_whoever_asks(office: Office) -> None:
    office.mailbox.refuses = True
    await ask(office, office.bob.email)
    assert office.mailbox.mails == []


@pytest.mark.parametrize("carried", ["", "x", "A" * 43, "\ud800"])
async def test_what_is_no_link_opens_nothing(office: Office, carried: str) -> None:
    with pytest.raises(NotFound):
        await office.links.open(Secret(carried))
