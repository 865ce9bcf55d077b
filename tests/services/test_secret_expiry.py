"""When secrets expire: what the status says beforehand and afterwards, and each reminder once."""

import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from integration_admin.core.actor import Actor
from integration_admin.core.errors import AuthenticationFailed, Conflict, InvalidInput
from integration_admin.core.messages import msg
from integration_admin.core.statuses import Role
from integration_admin.data.database import Database
from integration_admin.services.health_monitor import Health, Status
from integration_admin.services.secret_expiry import read_day, written_day
from tests.builders import save_organisation
from tests.fakes import START
from tests.services.conftest import Engine
from tests.services.fake_adapter import FakeAdapter

TODAY = START.date()
MEND = "Make new ones in the accounting system, and replace the old ones here."


@pytest.fixture
async def integration(engine: Engine) -> uuid.UUID:
    return await engine.set_up()


async def set_expiry(engine: Engine, integration: uuid.UUID, day: date | None) -> None:
    version = (await engine.configuration.get(engine.actor, integration)).version
    await engine.expiry.set(engine.actor, integration, version, day)


async def health_of(engine: Engine, integration: uuid.UUID) -> Health:
    return await engine.health.of(engine.actor, integration)


@pytest.mark.parametrize(
    ("days", "status", "sentence"),
    [
        (31, Status.ACTIVE, "Ready. The first export has not run yet."),
        (30, Status.NEEDS_ATTENTION, f"The credentials expire in 30 days. {MEND}"),
        (2, Status.NEEDS_ATTENTION, f"The credentials expire in 2 days. {MEND}"),
        (1, Status.NEEDS_ATTENTION, f"The credentials expire tomorrow. {MEND}"),
        (0, Status.NEEDS_ATTENTION, f"The credentials expire today. {MEND}"),
    ],
)
async def test_the_status_warns_from_thirty_days_ahead(
    engine: Engine, integration: uuid.UUID, days: int, status: Status, sentence: str
) -> None:
    await set_expiry(engine, integration, TODAY + timedelta(days=days))
    health = await health_of(engine, integration)
    assert (health.status, str(health.sentence)) == (status, sentence)
    assert (health.expiry is not None) == (days <= 30)


async def test_after_the_date_it_says_that_it_has_passed(engine: Engine, integration: uuid.UUID) -> None:
    await set_expiry(engine, integration, TODAY)
    # Past midnight in Oslo, and before the export of that night, which would be missed later on.
    engine.clock.set(datetime(2026, 11, 21, 23, 30, tzinfo=UTC))
    health = await health_of(engine, integration)
    assert health.status is Status.NEEDS_ATTENTION
    assert str(health.sentence).startswith("The credentials have passed their expiry date.")


async def test_a_refusal_after_the_date_names_the_date_as_the_likely_cause(
    engine: Engine, integration: uuid.UUID
) -> None:
    def refuse(*_: object) -> list[object]:
        raise AuthenticationFailed(msg("The token has expired."))

    await set_expiry(engine, integration, TODAY)
    engine.clock.advance(timedelta(days=1))
    engine.adapter.behaviour = refuse  # type: ignore[assignment]  # it never answers
    await engine.receive(1)
    await engine.sync(integration)
    health = await health_of(engine, integration)
    assert (health.status, str(health.sentence)) == (
        Status.ERROR,
        (
            "The export has stopped: the accounting system refuses the credentials, and their expiry date has"
            " passed. Enter new ones."
        ),
    )


async def test_the_day_is_that_of_the_organisations_clocks(engine: Engine, integration: uuid.UUID) -> None:
    await set_expiry(engine, integration, TODAY)
    # Half past eleven in the evening in UTC is the next day in Oslo.
    engine.clock.set(datetime(2026, 11, 21, 23, 30, tzinfo=UTC))
    assert "have passed" in str((await health_of(engine, integration)).sentence)


async def test_without_a_date_nothing_is_said(engine: Engine, integration: uuid.UUID) -> None:
    await set_expiry(engine, integration, TODAY)
    await set_expiry(engine, integration, None)
    known = await engine.expiry.of(engine.actor, integration)
    assert (known.expires_on, known.told_by, known.warning) == (None, "", None)
    assert (await health_of(engine, integration)).status is Status.ACTIVE
    assert await engine.expiry.due_reminders(START) == []


async def test_reminders_are_due_thirty_seven_and_one_days_ahead_and_each_once(
    engine: Engine, integration: uuid.UUID
) -> None:
    expires_on = TODAY + timedelta(days=40)
    await set_expiry(engine, integration, expires_on)
    sent = []
    for day in range(45):
        now = START + timedelta(days=day)
        for reminder in await engine.expiry.due_reminders(now):
            assert await engine.expiry.due_reminders(now) == [reminder]
            assert await engine.expiry.note_reminded(reminder)
            assert not await engine.expiry.note_reminded(reminder)
            sent.append(((expires_on - now.date()).days, reminder.days_ahead))
        assert await engine.expiry.due_reminders(now) == []
    assert sent == [(30, 30), (7, 7), (1, 1)]


async def test_a_reminder_says_which_integration_when_and_what_to_do(
    engine: Engine, integration: uuid.UUID
) -> None:
    await set_expiry(engine, integration, TODAY + timedelta(days=5))
    (reminder,) = await engine.expiry.due_reminders(START)
    assert (reminder.organisation_id, reminder.integration_id) == (engine.actor.organisation_id, integration)
    assert (reminder.name, reminder.expires_on) == ("Regnskap", TODAY + timedelta(days=5))
    # The one for thirty days was never sent, and is not made up for.
    assert (reminder.days_ahead, str(reminder.message)) == (7, f"The credentials expire in 5 days. {MEND}")


async def test_a_new_date_begins_anew(engine: Engine, integration: uuid.UUID) -> None:
    await set_expiry(engine, integration, TODAY + timedelta(days=1))
    (stale,) = await engine.expiry.due_reminders(START)
    assert await engine.expiry.note_reminded(stale)
    await set_expiry(engine, integration, TODAY + timedelta(days=20))
    assert [one.days_ahead for one in await engine.expiry.due_reminders(START)] == [30]
    assert not await engine.expiry.note_reminded(stale)


async def test_every_organisation_is_reminded_of_its_own(
    engine: Engine,
    integration: uuid.UUID,
    database: Database,
    new_engine: Callable[[Database, FakeAdapter, Actor], Engine],
) -> None:
    neighbour = await save_organisation(database, features=["xledger"])
    actor = Actor(neighbour.id, "Charlie", Role.ADMINISTRATOR)
    theirs = new_engine(database, FakeAdapter(), actor)
    other = await theirs.set_up()
    await set_expiry(engine, integration, TODAY + timedelta(days=3))
    await set_expiry(theirs, other, TODAY + timedelta(days=3))
    due = await engine.expiry.due_reminders(START)
    assert {(one.organisation_id, one.integration_id) for one in due} == {
        (engine.actor.organisation_id, integration),
        (neighbour.id, other),
    }


@pytest.mark.parametrize(
    ("day", "told"),
    [(TODAY - timedelta(days=1), "This day is over"), (date(2206, 11, 21), "Check the year")],
)
async def test_a_date_that_cannot_be_meant_is_refused(
    engine: Engine, integration: uuid.UUID, day: date, told: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        await set_expiry(engine, integration, day)
    assert told in str(caught.value.fields["expires_on"])


async def test_where_nothing_is_stored_nothing_can_expire(engine: Engine) -> None:
    integration = await engine.configuration.begin(engine.actor, "xledger")
    with pytest.raises(Conflict):
        await set_expiry(engine, integration, TODAY)


def test_a_date_field_is_read() -> None:
    day = date(2027, 5, 31)
    for typed in (" 2027-05-31 ", "31.05.2027", "31.5.2027", "31,05,2027", "31/05/2027", written_day(day)):
        assert read_day(typed) == day
    assert read_day("") is None
    assert written_day(None) == ""
    for typed in ("31.06.2027", "31.05/2027", "31.05.27", "in May"):
        with pytest.raises(InvalidInput) as caught:
            read_day(typed)
    assert "expires_on" in caught.value.fields
