"""History is kept for as long as the organisation says, and only what is finished is ever deleted."""

import hashlib
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from structlog.testing import capture_logs

from integration_admin.core.actor import Actor
from integration_admin.core.errors import InvalidInput, NotFound, NotPermitted
from integration_admin.core.statuses import Role
from integration_admin.data.database import Database
from integration_admin.data.models import RecordRow
from integration_admin.services.retention import Retention, Thinned, years_before
from tests.builders import make_claim, save_organisation
from tests.services.conftest import Engine
from tests.services.fake_adapter import FakeAdapter, book_all
from tests.services.reconciling import Office
from tests.services.reconciling import far as far  # noqa: PLC0414, a fixture
from tests.services.reconciling import office as office  # noqa: PLC0414, a fixture
from tests.services.test_reconciliation_months import FIVE_IN_DECEMBER
from tests.services.test_run_records import refuse_some

TEN_YEARS = timedelta(days=3_655)


@pytest.fixture
async def engine(sqlite_database: Database, new_engine: Any) -> Engine:
    organisation = await save_organisation(sqlite_database, features=["xledger"])
    made: Engine = new_engine(
        sqlite_database, FakeAdapter(), Actor(organisation.id, "Alice", Role.ADMINISTRATOR)
    )
    return made


async def kept(engine: Engine) -> list[str]:
    async with engine.database.read(engine.actor.organisation_id) as unit:
        return [row.external_id for row in await unit.records.page(None, 0, 100)]


async def test_finished_records_and_their_runs_go_after_ten_years_and_nothing_else(engine: Engine) -> None:
    retention = Retention(engine.database, engine.locks, engine.clock)
    integration = await engine.set_up()
    await engine.receive(2, first=10)
    clean = await engine.sync(integration)
    await engine.receive(4)
    engine.adapter.behaviour = refuse_some
    mixed = await engine.sync(integration)
    await engine.records.receive(engine.actor, [make_claim(id="EC-9", status="draft")])

    engine.clock.advance(TEN_YEARS - timedelta(days=30))
    await retention.tick()
    assert len(await kept(engine)) == 7, "not a day too early"

    engine.clock.advance(timedelta(days=30))
    await engine.receive(1, first=20, approved_on=str(engine.clock.now().date()))
    engine.adapter.behaviour = book_all
    recent = await engine.sync(integration)
    assert await retention.thin(engine.actor.organisation_id) == Thinned(records=4, runs=1)
    assert await kept(engine) == ["EC-1", "EC-2", "EC-9", "EC-20"]
    with pytest.raises(NotFound):
        await engine.runs.get(engine.actor, clean.id)
    for run in (mixed, recent):
        assert (await engine.runs.get(engine.actor, run.id)).id == run.id
    async with engine.database.read(engine.actor.organisation_id) as unit:
        lines = [(line.action, line.actor) for line in await unit.audit.latest()]
    assert ("history.thin", "retention") in lines
    assert len(lines) > 3, "the audit log keeps what was done"
    assert await retention.thin(engine.actor.organisation_id) == Thinned()


async def test_comparisons_with_their_statements_and_notices_go_in_the_same_job(office: Office) -> None:
    retention = Retention(office.engine.database, office.engine.locks, office.engine.clock)
    organisation_id = office.actor.organisation_id
    await office.exported(2)
    office.far.loses("EC-1")
    office.engine.clock.set(FIVE_IN_DECEMBER)
    signed = await office.compare("2026-11")
    await office.service.sign(office.actor, signed.id)
    assert await office.told() != []

    office.engine.clock.advance(timedelta(days=366))
    assert await retention.thin(organisation_id) == Thinned(notices=1)
    assert await office.told() == []
    assert hashlib.sha256(await office.file(signed)).hexdigest() == signed.csv_hash
    office.engine.clock.advance(timedelta(days=3_650 - 366))
    await retention.tick()
    assert (await office.service.get(office.actor, signed.id)).signed_by == "Alice"

    office.engine.clock.advance(timedelta(days=8))
    await retention.tick()
    with pytest.raises(NotFound):
        await office.service.get(office.actor, signed.id)
    async with office.engine.database.read(organisation_id) as unit:
        assert await unit.reconciliations.pages(signed.id, 0, 9) == []
        assert await unit.reconciliations.lines(signed.id, 0, 9) == []
        line = next(line for line in await unit.audit.latest() if line.action == "history.thin")
    assert line.detail["reconciliations"] == 1


async def test_a_dismissed_record_goes_with_its_run_once_it_is_old_enough(engine: Engine) -> None:
    retention = Retention(engine.database, engine.locks, engine.clock)
    integration = await engine.set_up()
    await engine.receive(1)
    engine.adapter.behaviour = refuse_some
    run = await engine.sync(integration)
    await engine.failures.dismiss(engine.actor, integration, [("expense_claim", "EC-1")], "Paid by hand.")
    engine.clock.advance(TEN_YEARS)
    assert await retention.thin(engine.actor.organisation_id) == Thinned(records=1, runs=1)
    assert await kept(engine) == []
    with pytest.raises(NotFound):
        await engine.runs.get(engine.actor, run.id)


async def test_what_was_deleted_cannot_be_exported_again(engine: Engine) -> None:
    retention = Retention(engine.database, engine.locks, engine.clock)
    integration = await engine.set_up()
    claim = make_claim(id="EC-1")
    await engine.records.receive(engine.actor, [claim])
    await engine.sync(integration)
    engine.clock.advance(TEN_YEARS)
    await retention.tick()
    assert await kept(engine) == []
    (receipt,) = await engine.records.receive(engine.actor, [claim])
    assert (receipt.result, receipt.reasons[0].field) == ("rejected", "approved_on")
    await engine.sync(integration)
    assert len(engine.adapter.ledger) == 1


async def test_what_was_deleted_cannot_be_exported_again_after_history_is_kept_for_longer(
    engine: Engine,
) -> None:
    retention = Retention(engine.database, engine.locks, engine.clock)
    integration = await engine.set_up()
    claim = make_claim(id="EC-1")
    await engine.records.receive(engine.actor, [claim])
    await engine.sync(integration)
    await retention.set_years(engine.actor, 5)
    engine.clock.advance(timedelta(days=6 * 365))
    await retention.tick()
    assert await kept(engine) == []
    await retention.set_years(engine.actor, 10)

    (receipt,) = await engine.records.receive(engine.actor, [claim])
    assert (receipt.result, receipt.reasons[0].field) == ("rejected", "approved_on")
    engine.clock.advance(timedelta(days=3 * 365))
    later = make_claim(id="EC-2", submitted_on="2028-02-01", approved_on="2028-02-02")
    (receipt,) = await engine.records.receive(engine.actor, [later])
    assert receipt.result == "created", "it was never old enough to be deleted"


@pytest.mark.parametrize("days_ahead", [0, 1, 30])
async def test_a_record_is_kept_until_its_own_day_is_refused_on_arrival(
    engine: Engine, days_ahead: int
) -> None:
    retention = Retention(engine.database, engine.locks, engine.clock)
    integration = await engine.set_up()
    approved = engine.clock.now() + timedelta(days=days_ahead)
    claim = make_claim(id="EC-1", approved_on=str(approved.date()))
    await engine.records.receive(engine.actor, [claim])
    await engine.sync(integration)

    exported = engine.clock.now()
    for hours in range(0, 24 * (days_ahead + 3), 12):
        engine.clock.set(exported.replace(year=exported.year + 10) + timedelta(hours=hours, minutes=1))
        await retention.tick()
        await engine.records.receive(engine.actor, [claim])
        await engine.sync(integration)
    assert len(engine.adapter.ledger) == 1
    assert await kept(engine) == []


async def test_an_organisation_whose_history_cannot_be_read_keeps_no_other_from_its_turn(
    sqlite_database: Database, new_engine: Any
) -> None:
    engines = []
    for name in ("A damaged one", "Behind it"):
        organisation = await save_organisation(sqlite_database, name=name, features=["xledger"])
        actor = Actor(organisation.id, "Alice", Role.ADMINISTRATOR)
        engines.append(new_engine(sqlite_database, FakeAdapter(), actor))
    for engine in engines:
        integration = await engine.set_up()
        await engine.receive(1)
        await engine.sync(integration)
    damaged, behind = engines
    async with sqlite_database.system(writes=True) as system:
        await system._session.execute(
            text("UPDATE records SET payload = '{' WHERE organisation_id = :id"),
            {"id": damaged.actor.organisation_id.hex},
        )
    behind.clock.advance(TEN_YEARS)
    await Retention(sqlite_database, behind.locks, behind.clock).tick()
    assert await kept(behind) == []


async def test_a_run_that_breaks_every_time_keeps_nothing_behind_it_from_going(engine: Engine) -> None:
    retention = Retention(engine.database, engine.locks, engine.clock)
    integration = await engine.set_up()
    for first in (1, 2):
        await engine.receive(1, first=first)
        await engine.sync(integration)
    async with engine.database.system(writes=True) as system:
        await system._session.execute(text("UPDATE records SET payload = '{' WHERE external_id = 'EC-1'"))
    engine.clock.advance(TEN_YEARS)
    with capture_logs() as logs:
        for _ in range(2):
            await retention.tick()
    async with engine.database.read(engine.actor.organisation_id) as unit:
        left = await unit.records._values(select(RecordRow.external_id))
        (thinned,) = [line.detail for line in await unit.audit.latest() if line.action == "history.thin"]
    assert [row[0] for row in left] == ["EC-1"]
    assert (thinned["records"], thinned["runs"]) == (1, 1)
    told = [(line["event"], line["broken"]) for line in logs if line["log_level"] == "error"]
    assert told == [("retention_broke", 1)] * 2


async def test_how_long_is_the_administrators_to_say_within_what_the_rules_ask(engine: Engine) -> None:
    retention = Retention(engine.database, engine.locks, engine.clock)
    assert await retention.years(engine.actor) == 10
    await retention.set_years(engine.actor, 5)
    assert await retention.years(engine.actor) == 5
    for years in (4, 51):
        with pytest.raises(InvalidInput):
            await retention.set_years(engine.actor, years)
    with pytest.raises(NotPermitted):
        await retention.set_years(Actor(engine.actor.organisation_id, "Bea", Role.COORDINATOR), 7)
    with pytest.raises(NotFound):
        await retention.years(Actor(uuid.uuid4(), "Stranger", Role.ADMINISTRATOR))


def test_years_are_counted_by_the_calendar() -> None:
    assert years_before(datetime(2026, 11, 21, 2, tzinfo=UTC), 10) == datetime(2016, 11, 21, 2, tzinfo=UTC)
    assert years_before(datetime(2028, 2, 29, tzinfo=UTC), 5) == datetime(2023, 2, 28, tzinfo=UTC)
