"""Which months are compared by themselves, what is told of them, and what is signed for good."""

import hashlib
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from integration_admin.adapters.holding import Holding
from integration_admin.core.actor import Actor
from integration_admin.core.errors import (
    Conflict,
    DatabaseBusy,
    InvalidInput,
    NotFound,
    NotPermitted,
)
from integration_admin.core.messages import msg
from integration_admin.core.money import Money
from integration_admin.core.statuses import DeliveryState, ReconciliationState, Role
from integration_admin.data.database import Database
from integration_admin.data.models import Delivery
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.health_monitor import Status
from integration_admin.services.reconciliation_night import ReconciliationNights
from integration_admin.services.reconciliation_report import ReconciliationView
from tests.builders import save_organisation
from tests.services.reconciling import Office
from tests.services.reconciling import far as far  # noqa: PLC0414, a fixture
from tests.services.reconciling import office as office  # noqa: PLC0414, a fixture
from tests.services.tells_holdings import TellsHoldings

AGREES, DIFFERS = ReconciliationState.AGREES, ReconciliationState.DIFFERS
NOT_COMPARED = ReconciliationState.NOT_COMPARED
FIVE_IN_DECEMBER = datetime(2026, 12, 1, 4, 5, tzinfo=UTC)


async def test_a_difference_is_told_once_and_stands_on_the_health_page_until_it_is_over(
    office: Office,
) -> None:
    await office.exported(2)
    office.far.loses("EC-1")
    view = await office.compare()
    await office.compare()
    assert await office.told() == [view.sentence.template]
    health = await office.engine.health.of(office.actor, office.integration)
    assert (health.status, str(health.sentence)) == (Status.NEEDS_ATTENTION, str(view.sentence))
    page = await office.service.lines(office.actor, (await office.newest()).id)
    (missing,) = [line.reference for line in page.lines]
    office.far.changed[missing] = Holding(missing, 1, (Money("NOK", 41200),))
    assert (await office.compare()).state is AGREES
    assert len(await office.told()) == 2
    assert (await office.engine.health.of(office.actor, office.integration)).status is Status.ACTIVE
    assert [one.version for one in await versions(office)] == [3]


class BusyAtFirst(Database):
    """A database nobody can write to the first time."""

    busy = True

    @asynccontextmanager
    async def write(self, organisation_id: uuid.UUID) -> AsyncIterator[Unit]:
        if self.busy:
            self.busy = False
            raise DatabaseBusy(msg("The database is busy."), internal="locked")
        async with super().write(organisation_id) as unit:
            yield unit


async def test_a_night_begun_while_the_database_was_busy_is_made_up_for(
    office: Office, sqlite_url: str
) -> None:
    await office.exported(1)
    office.engine.clock.set(FIVE_IN_DECEMBER)
    busy = BusyAtFirst(sqlite_url)
    nights = ReconciliationNights(busy, office.service._work, office.engine.clock)
    await nights.tick()
    assert await versions(office) == []
    await nights.tick()
    await busy.close()
    assert [one.state for one in await versions(office)] == [AGREES]


async def test_a_signed_month_is_fixed_and_a_later_comparison_is_another_version(office: Office) -> None:
    await office.exported(2)
    office.far.loses("EC-1")
    early = await office.compare()
    with pytest.raises(Conflict):
        await office.service.sign(office.actor, early.id)
    office.engine.clock.set(FIVE_IN_DECEMBER)
    over = await office.compare("2026-11")
    coordinator = Actor(office.actor.organisation_id, "Bob", Role.COORDINATOR)
    with pytest.raises(NotPermitted):
        await office.service.sign(coordinator, over.id)
    with pytest.raises(InvalidInput):
        await office.service.sign(office.actor, over.id, "x" * 1001)
    signed = await office.service.sign(office.actor, over.id, " Booked by hand. ")
    assert (signed.signed_by, signed.signed_at, signed.note) == (
        "Alice",
        FIVE_IN_DECEMBER,
        "Booked by hand.",
    )
    with pytest.raises(Conflict):
        await office.service.sign(office.actor, over.id, "Another word.")
    later = await office.compare("2026-11")
    assert [one.version for one in await versions(office)] == [later.version, signed.version]
    assert await office.service.get(office.actor, signed.id) == signed
    assert hashlib.sha256(await office.file(signed)).hexdigest() == signed.csv_hash
    async with office.engine.database.read(office.actor.organisation_id) as unit:
        (line,) = [line for line in await unit.audit.latest(9) if line.action == "reconciliation.sign"]
    assert (line.actor, line.detail["sha256"]) == ("Alice", signed.csv_hash)


async def test_each_night_compares_the_month_and_when_it_is_over_once_more(office: Office) -> None:
    await office.exported(2)
    clock = office.engine.clock
    await office.nights.tick()
    assert office.far.asked == [], "nothing was delivered before today"
    clock.set(datetime(2026, 11, 22, 3, 55, tzinfo=UTC))
    await office.nights.tick()
    assert office.far.asked == [], "it is not five o'clock in Oslo yet"
    clock.advance(600)
    for _ in range(3):
        await office.nights.tick()
    assert (len(office.far.asked), (await office.newest()).started_by) == (1, "scheduler")
    clock.set(FIVE_IN_DECEMBER)
    for _ in range(3):
        await office.nights.tick()
    assert len(office.far.asked) == 2
    assert (await office.newest()).begun_at == FIVE_IN_DECEMBER
    clock.advance(timedelta(days=1))
    await office.nights.tick()
    assert len(office.far.asked) == 2, "it agreed once it was over"


async def test_a_month_that_agreed_is_compared_again_once_somebody_has_decided_about_one_of_its_vouchers(
    office: Office,
) -> None:
    await office.exported(2)
    async with office.engine.database.write(office.actor.organisation_id) as unit:
        record = await unit.records.get("expense_claim", "EC-1")
        undecided = update(Delivery).where(Delivery.record_id == record.id)
        await unit.deliveries._session.execute(undecided.values(state=DeliveryState.NEEDS_PERSON))
    office.far.loses("EC-1")
    clock = office.engine.clock
    clock.set(FIVE_IN_DECEMBER)
    for _ in range(3):
        await office.nights.tick()
    assert (await office.newest()).state is AGREES
    clock.advance(3_600)
    await office.engine.decisions.found(office.actor, office.integration, ("expense_claim", "EC-1"), "4711")
    clock.advance(timedelta(days=1))
    for _ in range(3):
        await office.nights.tick()
    assert (await office.newest()).state is DIFFERS


async def test_the_night_leaves_counted_requests_to_the_exports(office: Office) -> None:
    await office.exported(4)
    office.far.capabilities = TellsHoldings(included=1).capabilities
    office.engine.clock.set(datetime(2026, 11, 22, 4, 5, tzinfo=UTC))
    await office.nights.tick()
    view = await office.newest()
    assert (view.state, office.far.asked) == (NOT_COMPARED, [])
    assert "kept for the exports" in str(view.sentence)
    assert (await office.compare()).state is AGREES, "whoever asks for it gets it"


async def test_another_organisation_sees_and_starts_nothing(office: Office) -> None:
    await office.exported(1)
    view = await office.compare()
    stranger = Actor((await save_organisation(office.engine.database)).id, "Mallory", Role.ADMINISTRATOR)
    for attempt in (
        office.service.get(stranger, view.id),
        office.service.lines(stranger, view.id),
        office.service.sign(stranger, view.id),
        office.service.csv(stranger, view.id),
        office.service.statement(stranger, view.id, "nb"),
        office.service.start(stranger, office.integration),
        office.service.periods(stranger, office.integration),
    ):
        with pytest.raises(NotFound):
            await attempt


async def versions(office: Office) -> list[ReconciliationView]:
    return await office.service.of_period(office.actor, office.integration, "2026-11")
