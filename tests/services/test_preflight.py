"""Each evening's check: made once, by one worker, in time; and it tells what the night's run would do."""

import asyncio
import uuid
from collections.abc import Callable, Mapping
from datetime import timedelta

import pytest

from integration_admin.adapters.base import Credentials, Outcome, ReferenceData, Result, Voucher
from integration_admin.core.actor import Actor
from integration_admin.core.errors import AdapterError, AuthenticationFailed, Fault
from integration_admin.core.mapping import FieldMapping
from integration_admin.core.messages import msg
from integration_admin.core.money import Money
from integration_admin.core.reference import ReferenceItem
from integration_admin.core.statuses import Role
from integration_admin.data.database import Database
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.dry_run import DryRuns
from integration_admin.services.dry_run_judge import DryRunEntry, Would
from integration_admin.services.health_monitor import Status
from integration_admin.services.preflight import GIVEN_UP_AFTER, Preflights
from integration_admin.services.preflight_report import MOST_REASONS, Forecast, PreflightView
from integration_admin.services.timetable import read_timetable
from tests import canary
from tests.builders import make_claim, make_line, save_organisation
from tests.fakes import START
from tests.services.conftest import MAPPING, Engine
from tests.services.fake_adapter import ACCOUNTS, FakeAdapter
from tests.services.test_excluded_data import map_fields

NewEngine = Callable[[Database, FakeAdapter, Actor], Engine]
SIX = START.replace(hour=17)
"""Six in the evening by the organisation's clocks; the run is at two."""


class Ledger(FakeAdapter):
    """Counts how often its lists are read, and closes accounts or fails when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0
        self.accounts: tuple[ReferenceItem, ...] = ACCOUNTS
        self.broken: Exception | None = None

    async def reference_data(self, credentials: Credentials) -> ReferenceData:
        del credentials
        self.reads += 1
        await asyncio.sleep(0)
        if self.broken is not None:
            raise self.broken
        return ReferenceData({"accounts": self.accounts})


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
async def engine(sqlite_database: Database, ledger: Ledger, new_engine: NewEngine) -> Engine:
    """An engine on SQLite around an accounting system whose lists change."""
    organisation = await save_organisation(sqlite_database, features=["xledger"])
    return new_engine(sqlite_database, ledger, Actor(organisation.id, "Alice", Role.ADMINISTRATOR))


@pytest.fixture
async def integration(engine: Engine, ledger: Ledger) -> uuid.UUID:
    """An integration that runs at two in the night."""
    integration = await engine.set_up()
    ledger.reads = 0
    return integration


def preflights(engine: Engine, **limits: int) -> Preflights:
    adapters = AdapterRegistry({"xledger": engine.adapter})
    dry_runs = DryRuns(engine.database, adapters, engine.clock)
    return Preflights(
        engine.database,
        adapters,
        engine.credentials,
        engine.mappings,
        dry_runs,
        engine.clock,
        **limits,
    )


async def found(engine: Engine, integration: uuid.UUID) -> PreflightView | None:
    return (await engine.health.of(engine.actor, integration)).preflight


async def status(engine: Engine, integration: uuid.UUID) -> tuple[Status, str]:
    health = await engine.health.of(engine.actor, integration)
    return health.status, str(health.sentence)


async def receive_hotels(engine: Engine, count: int) -> None:
    claims = [make_claim(id=f"EC-hotel-{n}", lines=[make_line(category="hotel")]) for n in range(count)]
    await engine.records.receive(engine.actor, claims)


async def test_what_would_fail_is_found_in_the_evening_and_grouped_by_reason(
    engine: Engine, ledger: Ledger, integration: uuid.UUID
) -> None:
    await engine.receive(2)
    await receive_hotels(engine, 3)
    ledger.accounts = tuple(
        ReferenceItem(item.id, item.code, item.name, open=item.code != "7140") for item in ACCOUNTS
    )
    watch = preflights(engine)
    engine.clock.set(SIX - timedelta(minutes=1))
    await watch.tick()
    assert (ledger.reads, await found(engine, integration)) == (0, None)

    engine.clock.set(SIX)
    await watch.tick()
    engine.clock.advance(timedelta(hours=1))
    await watch.tick()
    await preflights(engine).tick()

    assert (ledger.reads, ledger.sent) == (1, []), "once an evening, and nothing is sent"
    view = await found(engine, integration)
    assert view is not None
    assert (view.would_go, view.would_fail, view.complete, view.time) == (0, 5, True, "02:00")
    hotel, closed = view.reasons
    assert (hotel.records, hotel.record_id, hotel.field) == (3, "EC-hotel-0", "account")
    assert "otel" in str(hotel.message)
    assert (closed.records, str(closed.message)) == (2, "7140 Reise is closed in the accounting system.")
    assert await status(engine, integration) == (
        Status.NEEDS_ATTENTION,
        "Records that would fail at 02:00: 5. See why, and mend the cause before then.",
    )


class Strict:
    """Rules that refuse whatever is booked on one day."""

    def refusal(self, voucher: Voucher, settings: Mapping[str, str]) -> Outcome | None:
        del settings
        closed = msg("The period is closed.")
        return Outcome(voucher.reference, Result.REJECTED, message=closed, field="posted_date")


class Periodic(Ledger):
    """A ledger that tells its open periods when it is asked."""

    async def rules(self, credentials: Credentials) -> Strict:
        assert credentials.secrets["token"].reveal() == canary.secret("token")
        return Strict()


async def test_a_closed_period_is_found_where_the_accounting_system_tells(
    sqlite_database: Database, engine: Engine, integration: uuid.UUID, new_engine: NewEngine
) -> None:
    telling = new_engine(sqlite_database, Periodic(), engine.actor)
    await engine.receive(2)
    engine.clock.set(SIX)
    await preflights(telling).tick()
    view = await found(engine, integration)
    assert view is not None
    assert [(str(one.message), one.field, one.records) for one in view.reasons] == [
        ("The period is closed.", "posted_date", 2)
    ]


async def test_the_result_goes_away_once_the_mapping_was_changed_or_the_run_is_due(
    engine: Engine, integration: uuid.UUID
) -> None:
    await receive_hotels(engine, 1)
    engine.clock.set(SIX)
    watch = preflights(engine)
    await watch.tick()
    (notice,) = await watch.unnoticed()
    assert (notice.integration_id, notice.due_at) == (integration, SIX + timedelta(hours=8))
    assert str(notice.message).startswith("Records that would fail at 02:00: 1.")

    accounts = {"travel.public_transport": "7140", "hotel": "7140"}
    await map_fields(
        engine, integration, MAPPING | {"account": FieldMapping(source="line.category", values=accounts)}
    )
    assert (await found(engine, integration), await watch.unnoticed()) == (None, [])

    engine.clock.advance(timedelta(hours=8))
    await engine.scheduler.tick()
    await engine.work_off()
    await receive_hotels(engine, 2)
    engine.clock.advance(timedelta(hours=16))
    await watch.tick()
    view = await found(engine, integration)
    assert view is not None
    assert str(view.sentence) == "Records that would be exported at 02:00: 1. None would fail."
    assert (await status(engine, integration))[0] is Status.ACTIVE
    engine.clock.advance(timedelta(hours=8))
    assert await found(engine, integration) is None


async def test_who_is_told_is_told_once_and_a_run_in_between_makes_it_old(
    engine: Engine, integration: uuid.UUID
) -> None:
    await receive_hotels(engine, 1)
    engine.clock.set(SIX)
    watch = preflights(engine)
    await watch.tick()
    (notice,) = await watch.unnoticed()
    assert [await watch.note_noticed(notice), await watch.note_noticed(notice)] == [True, False]
    assert await watch.unnoticed() == []
    assert await found(engine, integration) is not None

    engine.clock.advance(60)
    await engine.sync(integration)
    assert await found(engine, integration) is None


@pytest.mark.parametrize(
    ("broken", "needs_person", "said"),
    [
        (AuthenticationFailed(msg("The token is not known.")), True, "The token is not known."),
        (AdapterError(msg("It is down."), Fault.TRANSIENT), False, "It is down."),
        (RuntimeError("secret words"), False, "There is a fault in this program."),
    ],
)
async def test_why_it_could_not_be_checked_is_told(
    engine: Engine,
    ledger: Ledger,
    integration: uuid.UUID,
    *,
    broken: Exception,
    needs_person: bool,
    said: str,
) -> None:
    ledger.broken = broken
    engine.clock.set(SIX)
    await preflights(engine).tick()
    view = await found(engine, integration)
    assert view is not None
    assert (view.needs_person, view.would_fail) == (needs_person, 0)
    assert str(view.sentence) == f"What will happen at 02:00 could not be checked: {said}"
    expected = Status.NEEDS_ATTENTION if needs_person else Status.ACTIVE
    assert (await status(engine, integration))[0] is expected


async def test_a_run_soon_after_six_is_checked_the_evening_before_and_a_paused_one_not_at_all(
    engine: Engine, ledger: Ledger, integration: uuid.UUID
) -> None:
    version = (await engine.configuration.get(engine.actor, integration)).version
    timetable = read_timetable(kind="daily", at="19:30", time_zone="Europe/Oslo")
    await engine.schedules.save(engine.actor, integration, version, timetable)
    watch = preflights(engine)
    await engine.configuration.set_paused(engine.actor, integration, paused=True)
    await watch.tick()
    assert ledger.reads == 0
    await engine.configuration.set_paused(engine.actor, integration, paused=False)
    await watch.tick()
    view = await found(engine, integration)
    assert view is not None
    assert (view.time, view.due_at) == ("19:30", SIX + timedelta(minutes=90))
    assert str(view.sentence) == "Nothing is waiting to be exported at 19:30."


async def test_a_check_whose_process_died_is_made_by_another(
    engine: Engine, ledger: Ledger, integration: uuid.UUID
) -> None:
    async with engine.database.write(engine.actor.organisation_id) as unit:
        await unit.preflights.claim(
            integration,
            "2026-11-21",
            due_at=SIX + timedelta(hours=8),
            version=1,
            now=SIX,
            given_up_before=SIX,
        )
    engine.clock.set(SIX + GIVEN_UP_AFTER)
    await preflights(engine).tick()
    assert (ledger.reads, await found(engine, integration)) == (0, None)
    engine.clock.advance(60)
    await preflights(engine).tick()
    assert (ledger.reads, await found(engine, integration) is None) == (1, False)


async def test_of_several_workers_one_makes_the_check(
    postgresql_database: Database,
    ledger: Ledger,
    new_engine: NewEngine,
) -> None:
    organisation = await save_organisation(postgresql_database, features=["xledger"])
    engine = new_engine(postgresql_database, ledger, Actor(organisation.id, "Alice", Role.ADMINISTRATOR))
    await engine.set_up()
    ledger.reads = 0
    engine.clock.set(SIX)
    await asyncio.gather(*(preflights(engine).tick() for _ in range(3)))
    assert ledger.reads == 1


async def test_of_a_long_backlog_only_the_first_are_tried(engine: Engine, integration: uuid.UUID) -> None:
    await engine.receive(101)
    engine.clock.set(SIX)
    await preflights(engine, most=100).tick()
    view = await found(engine, integration)
    assert view is not None
    assert (view.would_go, view.complete) == (100, False)
    assert [str(remark) for remark in view.remarks] == [
        "More is waiting: only the first 100 records were tried."
    ]


def test_the_reasons_of_most_records_are_kept_and_the_others_counted() -> None:
    forecast, amount = Forecast(), Money("NOK", 100)
    for number in range(MOST_REASONS + 5):
        reasons = (msg("Reason {number}.", number=number), msg("The common one."))
        forecast.add(
            [DryRunEntry("expense_claim", "EC", amount, Would.FAIL, reasons=reasons, fields=("", "text"))]
        )
    kept = forecast.columns()["reasons"]
    assert (len(kept["groups"]), kept["more"]) == (MOST_REASONS, 6)
    assert (kept["groups"][0]["records"], kept["groups"][0]["field"]) == (MOST_REASONS + 5, "text")
