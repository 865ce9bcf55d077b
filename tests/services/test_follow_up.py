"""What becomes of delivered records: asked at a polite pace, written down once, shown in sentences, never resent."""

import uuid
from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import chain
from typing import Any

import pytest

from integration_admin.adapters.base import Credentials
from integration_admin.adapters.following import Fate
from integration_admin.core.actor import Actor
from integration_admin.core.errors import AdapterError, AuthenticationFailed, Conflict, Fault
from integration_admin.core.messages import msg
from integration_admin.core.statuses import DeliveryState, FateState, Role
from integration_admin.data.database import Database
from integration_admin.data.models import Delivery
from integration_admin.services.delivery_rules import FIRST_LOOK
from integration_admin.services.health_monitor import Status
from tests.builders import save_organisation
from tests.fakes import START
from tests.services.books_later import BooksLater
from tests.services.conftest import Engine
from tests.services.fake_adapter import FakeAdapter

NewEngine = Callable[[Database, FakeAdapter, Actor], Engine]


@pytest.fixture
def far() -> BooksLater:
    return BooksLater()


@pytest.fixture
async def engine(database: Database, new_engine: NewEngine, far: BooksLater) -> Engine:
    organisation = await save_organisation(database, features=["xledger"])
    return new_engine(database, far, Actor(organisation.id, "Alice", Role.ADMINISTRATOR))


@pytest.fixture
async def integration(engine: Engine) -> uuid.UUID:
    return await engine.set_up()


async def delivered(engine: Engine, integration: uuid.UUID, count: int) -> None:
    await engine.receive(count)
    assert (await engine.sync(integration)).delivered == count


async def look(engine: Engine, **later: float) -> None:
    """Let time pass, as long as until the first look unless told otherwise, and follow up."""
    engine.clock.advance(timedelta(**later) if later else FIRST_LOOK)
    await engine.follow_up.tick()


async def rows(engine: Engine, integration: uuid.UUID) -> dict[str, Delivery]:
    async with engine.database.read(engine.actor.organisation_id) as unit:
        records = {record.id: record.external_id for record in await unit.records.page(None, 0, 100)}
        found = [row for record_id in records for row in await unit.deliveries.of_record(record_id)]
    return {records[row.record_id]: row for row in found if row.integration_id == integration}


async def fates(engine: Engine, integration: uuid.UUID) -> dict[str, FateState | None]:
    return {record: row.fate for record, row in (await rows(engine, integration)).items()}


async def sentences(engine: Engine, integration: uuid.UUID) -> list[str]:
    after = (await engine.health.of(engine.actor, integration)).after_import
    assert after is not None
    return [str(sentence) for sentence in after.sentences]


async def test_what_was_delivered_waits_to_be_booked_until_it_is(
    engine: Engine, integration: uuid.UUID, far: BooksLater
) -> None:
    await delivered(engine, integration, 2)
    assert await sentences(engine, integration) == ["Taken in by Fake ledger, not booked yet: 2."]
    far.books("EC-1")
    await look(engine)
    assert await fates(engine, integration) == {"EC-1": FateState.BOOKED, "EC-2": FateState.STAGED}
    assert await sentences(engine, integration) == [
        "Taken in by Fake ledger, not booked yet: 1.",
        "Booked in Fake ledger: 1.",
    ]
    row = (await rows(engine, integration))["EC-1"]
    assert (row.external_id, row.fate_at, row.fate_due_at) == ("J-EC-1", START + FIRST_LOOK, None)


async def test_nobody_asks_before_minutes_have_passed_and_then_by_the_hour(
    engine: Engine, integration: uuid.UUID, far: BooksLater
) -> None:
    await delivered(engine, integration, 1)
    await look(engine, seconds=FIRST_LOOK.total_seconds() - 1)
    assert far.asked == []
    await look(engine, seconds=1)
    await look(engine, minutes=59)
    assert len(far.asked) == 1
    await look(engine, minutes=1)
    await look(engine, minutes=1)
    assert far.asked == [["EC-1"], ["EC-1"]]


async def test_when_the_months_requests_run_out_it_is_asked_once_a_day(
    engine: Engine, integration: uuid.UUID, far: BooksLater
) -> None:
    await delivered(engine, integration, 1)
    async with engine.database.write(engine.actor.organisation_id) as unit:
        await unit.integrations.count_requests(integration, "2026-11", 80)
    await look(engine)
    await look(engine, hours=23)
    assert len(far.asked) == 1
    await look(engine, hours=1)
    assert len(far.asked) == 2


async def test_what_nobody_booked_in_a_month_stays_waiting_and_is_asked_a_last_time(
    engine: Engine, integration: uuid.UUID, far: BooksLater
) -> None:
    await delivered(engine, integration, 1)
    await look(engine, days=31)
    await look(engine, days=31)
    assert len(far.asked) == 1
    assert (await rows(engine, integration))["EC-1"].fate_due_at is None
    assert await sentences(engine, integration) == ["Taken in by Fake ledger, not booked yet: 1."]


async def test_many_are_asked_for_in_pages_each_once(
    engine: Engine, integration: uuid.UUID, far: BooksLater
) -> None:
    await delivered(engine, integration, 8)
    await look(engine)
    assert [len(page) for page in far.asked] == [3, 3, 2]
    assert sorted(chain(*far.asked)) == sorted(f"EC-{n}" for n in range(1, 9))


async def test_what_was_refused_after_import_is_a_failure_for_a_person_with_the_reason(
    engine: Engine, integration: uuid.UUID, far: BooksLater
) -> None:
    await delivered(engine, integration, 2)
    far.refuses("EC-2")
    await look(engine)
    health = await engine.health.of(engine.actor, integration)
    assert health.status is Status.NEEDS_ATTENTION
    assert str(health.sentence) == (
        "Records that Fake ledger refused after taking them in: 1. See why on the integration's page, then put them"
        " right in Fake ledger."
    )
    assert await sentences(engine, integration) == [
        "Taken in by Fake ledger, not booked yet: 1.",
        "Refused by Fake ledger after import: 1. The period is closed.",
    ]
    [failure] = health.failures
    assert (failure.record_id, str(failure.message)) == ("EC-2", "The period is closed.")
    assert (failure.state, failure.fate) == (DeliveryState.DELIVERED, FateState.REJECTED)
    assert health.last_run is not None
    [of_run] = await engine.history.failures_of(engine.actor, health.last_run.id)
    assert of_run.record_id == "EC-2"


async def test_what_was_refused_after_import_is_never_sent_again(
    engine: Engine, integration: uuid.UUID, far: BooksLater
) -> None:
    await delivered(engine, integration, 1)
    far.refuses("EC-1")
    await look(engine)
    with pytest.raises(Conflict):
        await engine.runs.retry(engine.actor, integration)
    await engine.receive(1, revision=2)
    await engine.sync(integration)
    await engine.scheduler.tick()
    await engine.work_off()
    assert far.sent == [["EC-1"]]


async def test_a_reason_is_written_once_and_a_new_one_takes_its_place(
    engine: Engine, integration: uuid.UUID, far: BooksLater
) -> None:
    await delivered(engine, integration, 1)
    far.refuses("EC-1")
    await look(engine)
    await look(engine, hours=1)
    async with engine.database.read(engine.actor.organisation_id) as unit:
        assert len(await unit.runs.failures(integration)) == 1
    far.refuses("EC-1", why=msg("The account is closed."))
    await look(engine, hours=1)
    health = await engine.health.of(engine.actor, integration)
    assert [str(failure.message) for failure in health.failures] == ["The account is closed."]


async def test_what_is_put_right_there_and_booked_fails_no_more(
    engine: Engine, integration: uuid.UUID, far: BooksLater
) -> None:
    await delivered(engine, integration, 1)
    far.refuses("EC-1")
    await look(engine)
    far.books("EC-1")
    await look(engine, hours=1)
    health = await engine.health.of(engine.actor, integration)
    assert (health.status, health.failures) == (Status.ACTIVE, ())
    assert await sentences(engine, integration) == ["Booked in Fake ledger: 1."]


async def test_a_person_may_say_that_it_is_put_right_and_nobody_asks_any_more(
    engine: Engine, integration: uuid.UUID, far: BooksLater
) -> None:
    await delivered(engine, integration, 1)
    far.refuses("EC-1")
    await look(engine)
    await engine.decisions.put_right(engine.actor, integration, ("expense_claim", "EC-1"))
    await look(engine, hours=1)
    assert len(far.asked) == 1
    assert (await engine.health.of(engine.actor, integration)).failures == ()
    with pytest.raises(Conflict):
        await engine.decisions.put_right(engine.actor, integration, ("expense_claim", "EC-1"))
    async with engine.database.read(engine.actor.organisation_id) as unit:
        assert "record.put_right" in {event.action for event in await unit.audit.latest()}


@pytest.mark.parametrize("told", [FateState.REJECTED, FateState.STAGED])
async def test_a_person_who_says_so_while_the_question_is_under_way_has_the_last_word(
    engine: Engine, integration: uuid.UUID, far: BooksLater, told: FateState
) -> None:
    await delivered(engine, integration, 1)
    far.refuses("EC-1")
    await look(engine)
    answer = far.fates

    async def put_right_meanwhile(credentials: Credentials, references: Sequence[str]) -> list[Fate]:
        await engine.decisions.put_right(engine.actor, integration, ("expense_claim", "EC-1"))
        return [one._replace(state=told) for one in await answer(credentials, references)]

    far.fates = put_right_meanwhile
    await look(engine, hours=1)
    assert await fates(engine, integration) == {"EC-1": FateState.BOOKED}
    assert (await engine.health.of(engine.actor, integration)).failures == ()


async def test_what_the_accounting_system_says_nothing_of_stays_as_it_was(
    engine: Engine, integration: uuid.UUID, far: BooksLater
) -> None:
    await delivered(engine, integration, 2)
    far.refuses("EC-1")
    await look(engine)
    far.forgotten = {"EC-1", "EC-2"}
    await look(engine, hours=1)
    assert await fates(engine, integration) == {"EC-1": FateState.REJECTED, "EC-2": FateState.STAGED}


@pytest.mark.parametrize(
    "error",
    [AdapterError(msg("Down."), Fault.UPSTREAM), AuthenticationFailed(msg("No.")), RuntimeError("a bug")],
)
async def test_a_question_that_fails_is_asked_again_only_when_its_time_comes(
    engine: Engine, integration: uuid.UUID, far: BooksLater, error: Any
) -> None:
    await delivered(engine, integration, 1)
    far.broken = error
    await look(engine)
    await look(engine, minutes=30)
    assert len(far.asked) == 1
    far.broken = None
    far.books("EC-1")
    await look(engine, minutes=30)
    assert await fates(engine, integration) == {"EC-1": FateState.BOOKED}


async def test_two_that_follow_up_at_the_same_time_ask_once(
    engine: Engine, integration: uuid.UUID, far: BooksLater, new_engine: NewEngine
) -> None:
    await delivered(engine, integration, 1)
    other = new_engine(engine.database, far, engine.actor)
    await look(engine)
    await other.follow_up.tick()
    assert far.asked == [["EC-1"]]


async def test_nobody_asks_while_the_integration_is_paused_or_a_run_is_under_way(
    engine: Engine, integration: uuid.UUID, far: BooksLater
) -> None:
    await delivered(engine, integration, 1)
    await engine.configuration.set_paused(engine.actor, integration, paused=True)
    await look(engine)
    await engine.follow_up.follow(engine.actor.organisation_id, integration)
    await engine.configuration.set_paused(engine.actor, integration, paused=False)
    await engine.runs.start(engine.actor, integration)
    await engine.follow_up.tick()
    assert far.asked == []
    await engine.work_off()
    assert far.asked == [["EC-1"]]


async def test_a_run_looks_after_what_earlier_ones_delivered(
    engine: Engine, integration: uuid.UUID, far: BooksLater
) -> None:
    await delivered(engine, integration, 1)
    far.books("EC-1")
    engine.clock.advance(FIRST_LOOK)
    await engine.receive(1, first=2)
    await engine.sync(integration)
    assert await fates(engine, integration) == {"EC-1": FateState.BOOKED, "EC-2": FateState.STAGED}


async def test_what_a_system_books_at_once_is_not_followed(database: Database, new_engine: NewEngine) -> None:
    organisation = await save_organisation(database, features=["xledger"])
    engine = new_engine(database, FakeAdapter(), Actor(organisation.id, "Alice", Role.ADMINISTRATOR))
    integration = await engine.set_up()
    await delivered(engine, integration, 1)
    row = (await rows(engine, integration))["EC-1"]
    assert (row.fate, row.fate_at, row.fate_due_at) == (None, None, None)
    health = await engine.health.of(engine.actor, integration)
    assert (health.after_import, health.requests) == (None, None)


async def test_an_adapter_that_promises_fates_and_has_none_stops_nothing(
    engine: Engine, integration: uuid.UUID, far: BooksLater, database: Database, new_engine: NewEngine
) -> None:
    await delivered(engine, integration, 1)
    mute = FakeAdapter()
    mute.capabilities = far.capabilities
    other = new_engine(database, mute, engine.actor)
    await look(other)
    assert await fates(engine, integration) == {"EC-1": FateState.STAGED}
