"""Comparing months with the accounting system: what differs, what it is asked, and what becomes of trouble."""

import hashlib
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from structlog.testing import capture_logs

from integration_admin.adapters.holding import Holding
from integration_admin.core.errors import (
    AdapterError,
    AuthenticationFailed,
    Conflict,
    DatabaseBusy,
    Fault,
    InvalidInput,
    NotFound,
)
from integration_admin.core.messages import msg
from integration_admin.core.money import Money
from integration_admin.core.statuses import DeliveryState, Finding, ReconciliationState
from integration_admin.data.database import Database
from integration_admin.data.models import Delivery
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.reconciliation import Reconciliations
from integration_admin.services.reconciliation_work import ReconciliationWork
from tests.builders import make_claim, make_line
from tests.fakes import START
from tests.services.reconciling import Office
from tests.services.reconciling import far as far  # noqa: PLC0414, a fixture
from tests.services.reconciling import office as office  # noqa: PLC0414, a fixture
from tests.services.tells_holdings import TellsHoldings

AGREES, DIFFERS = ReconciliationState.AGREES, ReconciliationState.DIFFERS
NOT_COMPARED = ReconciliationState.NOT_COMPARED
LATER = START + timedelta(hours=1)


async def test_what_was_delivered_agrees_voucher_by_voucher(office: Office) -> None:
    await office.exported(7)
    view = await office.compare()
    assert (view.state, view.count(Finding.AGREES), view.differences) == (AGREES, 7, 0)
    assert view.here == view.there
    assert (view.here[0].count, view.here[0].sum) == (7, Money("NOK", 7 * 41200))
    assert [len(page) for page in office.far.asked] == [3, 3, 1]
    assert "Vouchers with the same amounts on both sides: 7." in str(view.sentence)
    about = view.about
    assert about is not None
    assert (about.organisation_number, str(about.system), about.integration) != ("", "", "")


async def test_a_month_without_deliveries_agrees_and_one_to_come_is_refused(office: Office) -> None:
    view = await office.compare("2026-10")
    assert (view.state, office.far.asked) == (AGREES, [])
    assert "there is nothing to compare" in str(view.sentence)
    for wrong in ("2026-12", "2026-13", "november", "2026-1'; --"):
        with pytest.raises(InvalidInput):
            await office.service.start(office.actor, office.integration, wrong)


async def test_every_way_of_differing_is_found_with_both_sides(office: Office) -> None:
    await office.exported(6)
    office.far.loses("EC-1")
    office.far.holds("EC-2", count=2, sums=(Money("NOK", 82400),))
    office.far.holds("EC-3", sums=(Money("NOK", 41300),))
    office.far.holds("EC-4", waiting=1)
    office.far.holds("EC-5", sums=(Money("EUR", 41200),))
    await office.engine.receive(2, first=7)
    await take_up(office)
    extra, undecided = await put(office, DeliveryState.REJECTED, DeliveryState.NEEDS_PERSON)
    office.far.changed[extra] = Holding(extra, 1, (Money("NOK", 41200),))
    office.far.changed[undecided] = Holding(undecided, 1, (Money("NOK", 41200),))
    office.engine.clock.advance(1)

    view = await office.compare()

    assert view.state is DIFFERS
    found = {line.record: line for line in (await office.service.lines(office.actor, view.id)).lines}
    assert {record: line.finding for record, line in found.items()} == {
        "EC-1": Finding.MISSING,
        "EC-2": Finding.DOUBLED,
        "EC-3": Finding.AMOUNT,
        "EC-4": Finding.WAITING,
        "EC-5": Finding.AMOUNT,
        "EC-7": Finding.NOT_DELIVERED,
        "EC-8": Finding.OPEN,
    }
    assert found["EC-3"].here == Money("NOK", 41200)
    assert found["EC-3"].there == (Money("NOK", 41300),)
    assert (found["EC-1"].count_there, found["EC-1"].there) == (0, ())
    assert (view.differences, view.count(Finding.AGREES), len(view.remarks)) == (5, 1, 2)
    there = {one.sum.currency: (one.count, one.sum.minor) for one in view.there}
    assert there == {"NOK": (2 + 1 + 1 + 1 + 1, 82400 + 41300 + 3 * 41200), "EUR": (1, 41200)}
    assert (view.here[0].count, view.here[0].sum.minor) == (6, 6 * 41200)


async def test_a_system_that_does_not_tell_enough_is_no_success(office: Office) -> None:
    await office.exported(2)
    office.far.holds("EC-1", sums=None)
    view = await office.compare()
    assert (view.state, view.count(Finding.UNTOLD)) == (NOT_COMPARED, 1)
    assert "not their amounts" in str(view.sentence)
    office.far.capabilities = TellsHoldings(lookup=False).capabilities
    view = await office.compare()
    assert view.state is NOT_COMPARED
    assert "cannot be asked what it holds" in str(view.sentence)


async def test_a_system_that_fails_for_a_while_is_asked_again_and_one_that_refuses_is_not(
    office: Office,
) -> None:
    await office.exported(4)
    gone = AdapterError(msg("Nothing answers."), Fault.TRANSIENT)
    office.far.trouble = [gone, gone]
    assert (await office.compare()).state is AGREES
    office.far.trouble = [AuthenticationFailed(msg("The token is not accepted."))]
    asked = len(office.far.asked)
    view = await office.compare()
    assert (view.state, len(office.far.asked) - asked) == (NOT_COMPARED, 1)
    assert "The token is not accepted." in str(view.sentence)
    office.far.trouble = [gone] * 6
    assert "Nothing answers." in str((await office.compare()).sentence)


async def test_it_goes_on_where_another_process_left_off_and_others_have_their_turn(office: Office) -> None:
    await office.exported(7)
    started = await office.service.start(office.actor, office.integration)
    office.far.meanwhile = lambda: office.engine.clock.advance(31)
    for pages in (1, 2, 3):
        await office.nights.tick()
        assert len(office.far.asked) == pages
    with pytest.raises(Conflict):
        await office.service.start(office.actor, office.integration)
    assert (await office.service.get(office.actor, started.id)).asked == 7
    await office.nights.tick()
    view = await office.service.get(office.actor, started.id)
    assert (view.state, view.count(Finding.AGREES)) == (AGREES, 7)
    assert len({reference for page in office.far.asked for reference in page}) == 7


async def test_one_whose_holder_died_is_taken_over_and_the_dead_one_writes_nothing_more(
    office: Office,
) -> None:
    await office.exported(2)
    started = await office.service.start(office.actor, office.integration)
    async with office.engine.database.write(office.actor.organisation_id) as unit:
        now = office.engine.clock.now()
        assert await unit.reconciliations.hold(started.id, "dead", now, now + timedelta(minutes=5))
    await office.nights.tick()
    assert office.far.asked == []
    office.engine.clock.advance(301)
    await office.nights.tick()
    assert (await office.service.get(office.actor, started.id)).state is AGREES
    async with office.engine.database.write(office.actor.organisation_id) as unit:
        assert not await unit.reconciliations.change(started.id, "dead", state=DIFFERS)


async def test_a_person_can_stop_it_and_whoever_is_at_it_writes_nothing_more(office: Office) -> None:
    await office.exported(7)
    started = await office.service.start(office.actor, office.integration)
    office.far.meanwhile = lambda: office.engine.clock.advance(31)
    await office.nights.tick()
    stopped = await office.service.cancel(office.actor, started.id)
    assert (stopped.state, str(stopped.trouble)) == (NOT_COMPARED, "It was stopped by Alice.")
    await office.nights.tick()
    assert len(office.far.asked) == 1
    assert await office.service.cancel(office.actor, started.id) == stopped
    assert (await office.compare()).state is AGREES


class Busy(Database):
    """A database nobody can write to."""

    @asynccontextmanager
    async def write(self, organisation_id: uuid.UUID) -> AsyncIterator[Unit]:
        del organisation_id
        raise DatabaseBusy(msg("The database is busy."), internal="locked")
        yield


async def test_a_busy_database_puts_it_off_and_keeps_no_other_waiting(
    office: Office, sqlite_url: str
) -> None:
    await office.exported(1)
    started = await office.service.start(office.actor, office.integration)
    engine = office.engine
    adapters = AdapterRegistry({"xledger": office.far})
    work = ReconciliationWork(Busy(sqlite_url), adapters, engine.credentials, engine.clock)
    with capture_logs() as logs:
        await work.go_on(office.actor.organisation_id, started.id)
    assert [entry["event"] for entry in logs] == ["reconciliation_put_off"]
    await office.nights.tick()
    assert (await office.service.get(office.actor, started.id)).state is AGREES


class Overtaken(Database):
    """A database in which another process takes a comparison up just before something is written."""

    reconciliation_id: uuid.UUID | None = None

    @asynccontextmanager
    async def write(self, organisation_id: uuid.UUID) -> AsyncIterator[Unit]:
        if self.reconciliation_id is not None:
            async with super().write(organisation_id) as unit:
                assert await unit.reconciliations.hold(self.reconciliation_id, "other", LATER, LATER)
            self.reconciliation_id = None
        async with super().write(organisation_id) as unit:
            yield unit


async def test_a_person_can_stop_it_at_the_moment_another_process_takes_it_up(
    office: Office, sqlite_url: str
) -> None:
    await office.exported(1)
    started = await office.service.start(office.actor, office.integration)
    overtaken = Overtaken(sqlite_url)
    overtaken.reconciliation_id = started.id
    service = Reconciliations(overtaken, office.service._work, office.engine.clock)
    assert (await service.cancel(office.actor, started.id)).state is NOT_COMPARED
    async with overtaken.write(office.actor.organisation_id) as unit:
        assert not await unit.reconciliations.change(started.id, "other", tries=1)
    await overtaken.close()


async def test_a_file_that_a_newer_version_removes_meanwhile_is_no_whole_one(office: Office) -> None:
    await office.exported(2)
    view = await office.compare()
    rest = await office.service.csv(office.actor, view.id)
    await anext(rest)
    await office.compare()
    with pytest.raises(NotFound):
        [piece async for piece in rest]


async def test_it_begins_when_no_export_is_under_way_and_compares_what_was_delivered_then(
    office: Office,
) -> None:
    await office.exported(2)
    await office.engine.receive(1, first=3)
    run = await office.engine.runs.start(office.actor, office.integration)
    started = await office.service.start(office.actor, office.integration)
    await office.nights.tick()
    waiting = await office.service.get(office.actor, started.id)
    assert (waiting.begun_at, office.far.asked) == (None, [])
    assert "as soon as no export is under way" in str(waiting.sentence)
    await office.engine.runner.carry_out(office.actor.organisation_id, run.id)
    office.engine.clock.advance(1)
    await office.nights.tick()
    assert (await office.service.get(office.actor, started.id)).count(Finding.AGREES) == 3


async def test_the_file_has_every_voucher_is_the_same_each_time_and_no_formula(office: Office) -> None:
    await office.engine.receive(1)
    await office.engine.records.receive(office.actor, [claim("=HYPERLINK(1)")])
    assert (await office.engine.sync(office.integration)).delivered == 2
    office.engine.clock.advance(1)
    view = await office.compare()
    content = await office.file(view)
    assert hashlib.sha256(content).hexdigest() == view.csv_hash
    lines = content.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("finding;kind;record;reference;")
    assert [line.split(";")[2] for line in lines[1:]] == ["EC-1", "'=HYPERLINK(1)"]
    assert "412.00 NOK" in lines[1]


async def test_of_many_lines_the_first_are_kept_and_come_in_pages(office: Office) -> None:
    await office.exported(5)
    for record in range(1, 6):
        office.far.loses(f"EC-{record}")
    view = await office.compare()
    first = await office.service.lines(office.actor, view.id, limit=3)
    rest = await office.service.lines(office.actor, view.id, first.next_after or 0, limit=3)
    assert [line.record for line in (*first.lines, *rest.lines)] == [f"EC-{n}" for n in range(1, 6)]
    assert rest.next_after is None


def claim(record: str) -> dict[str, Any]:
    return make_claim(id=record, lines=[make_line()])


async def take_up(office: Office) -> None:
    """Let an export take records up and send none of them."""
    office.far.behaviour = lambda _far, _batch: []
    await office.engine.sync(office.integration)


async def put(office: Office, *states: DeliveryState) -> list[str]:
    """Put what is not delivered into states, and return the references in the records' order."""
    async with office.engine.database.write(office.actor.organisation_id) as unit:
        session = unit.deliveries._session
        waiting = Delivery.state != DeliveryState.DELIVERED
        rows = (await session.scalars(select(Delivery).where(waiting).order_by(Delivery.id))).all()
        for row, state in zip(rows, states, strict=True):
            await session.execute(update(Delivery).where(Delivery.id == row.id).values(state=state))
        return [row.reference for row in rows]
