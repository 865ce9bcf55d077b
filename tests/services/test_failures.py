"""Failures by their cause: told once however many there are, tried again together, dismissed for a reason, taken back."""

import uuid
from collections.abc import Callable, Sequence
from datetime import date, timedelta

import pytest

from integration_admin.adapters.base import CURRENCY, Outcome, Result, Voucher
from integration_admin.core.actor import Actor
from integration_admin.core.errors import Conflict, Fault, InvalidInput, NotFound, NotPermitted
from integration_admin.core.mapping import FieldMapping
from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import DeliveryState, FailureState, Role
from integration_admin.data.database import Database
from integration_admin.data.models import Delivery, Failure
from integration_admin.data.repositories.failures import Extent
from integration_admin.services.cause_pages import cause_page
from integration_admin.services.export_claims import NO_LONGER_APPROVED
from integration_admin.services.failure_causes import (
    MOST_COUNTED,
    CauseKey,
    CauseView,
    Fix,
    cause_view,
    fix_of_refusal,
    row_at_fault,
)
from integration_admin.services.failures import WITH_PEOPLE
from integration_admin.services.health_status import Status
from integration_admin.services.mapping_plans import CATEGORY, WITHHELD
from integration_admin.services.mapping_resolver import CLAIM_OF_NOTHING
from integration_admin.services.record_story import RecordStories
from integration_admin.services.record_tracking import RecordTracking
from integration_admin.services.run_records import RunRecords
from integration_admin.states.failure_causes import cause_lines
from integration_admin.states.speech import Speech
from tests.builders import make_claim, make_line, make_run, save_organisation
from tests.data.test_repositories_failures import failed
from tests.fakes import START
from tests.services.conftest import MAPPING, Engine
from tests.services.fake_adapter import FakeAdapter, book_all
from tests.services.waiting import save_undecided

NewEngine = Callable[[Database, FakeAdapter, Actor], Engine]
GIFT = [make_line(category="gifts")]
WHY = "Paid out by hand in May."
CLAIM = "expense_claim"
CLOSED = msg("Account 7190 is closed.")


@pytest.fixture
async def engine(sqlite_database: Database, new_engine: NewEngine) -> Engine:
    """An engine on SQLite: what is asked of the database is tried on both engines in tests/data."""
    organisation = await save_organisation(sqlite_database, features=["xledger"])
    return new_engine(sqlite_database, FakeAdapter(), Actor(organisation.id, "Alice", Role.ADMINISTRATOR))


def refuse(_: FakeAdapter, batch: Sequence[Voucher]) -> list[Outcome]:
    """Refuse every voucher for a reason of its own and its own reference."""
    return [
        Outcome(
            voucher.reference,
            Result.REJECTED,
            fault=Fault.CONFIG,
            message=msg("It says: “{words}”", words=f"Voucher {voucher.reference} needs a department."),
        )
        for voucher in batch
    ]


async def causes(engine: Engine, integration: uuid.UUID) -> tuple[CauseView, ...]:
    return (await engine.failures.causes(engine.actor, integration)).causes


async def the_cause(engine: Engine, integration: uuid.UUID) -> CauseView:
    (only,) = await causes(engine, integration)
    return only


async def deliveries(engine: Engine) -> dict[str, Delivery]:
    async with engine.database.read(engine.actor.organisation_id) as unit:
        rows = await unit.records.page(None, 0, 100)
        return {row.external_id: way for row in rows for way in await unit.deliveries.of_record(row.id)}


async def states(engine: Engine) -> dict[str, str]:
    return {record: way.state.value for record, way in (await deliveries(engine)).items()}


async def mend(engine: Engine, integration: uuid.UUID) -> None:
    """Give the category that had none an account."""
    account = FieldMapping(source="line.category", values={**MAPPING["account"].values, "gifts": "6800"})
    version = (await engine.configuration.get(engine.actor, integration)).version
    saved = await engine.mappings.save(
        engine.actor, integration, version, MAPPING | {"account": account}, accept_warnings=True
    )
    assert saved.saved


async def gifts(engine: Engine, count: int = 3) -> uuid.UUID:
    """Set up an integration and export claims of which so many have a category without an account."""
    integration = await engine.set_up()
    await engine.receive(count, lines=GIFT)
    await engine.receive(1, first=50)
    await engine.sync(integration)
    return integration


async def test_records_of_one_cause_are_one_with_their_money_and_the_row_at_fault(engine: Engine) -> None:
    integration = await gifts(engine)
    cause = await the_cause(engine, integration)
    assert (cause.records, cause.more, cause.fix, cause.row) == (3, False, Fix.MAPPING, "map:account:gifts")
    assert [(money.currency, money.decimal()) for money in cause.amounts] == [("NOK", "1236.00")]
    assert str(cause.message) == "Category “Gifts” has no account yet."
    page = await engine.failures.records(engine.actor, integration, cause.key, limit=2)
    rest = await engine.failures.records(engine.actor, integration, cause.key, page.next_cursor, limit=2)
    assert [row.record_id for row in (*page.records, *rest.records)] == ["EC-1", "EC-2", "EC-3"]
    assert rest.next_cursor == 0


async def test_the_cause_is_mended_and_all_of_it_is_tried_again_at_once(engine: Engine) -> None:
    integration = await gifts(engine)
    cause = await the_cause(engine, integration)
    await mend(engine, integration)
    run = await engine.failures.retry(engine.actor, integration, cause.key)
    with pytest.raises(Conflict):
        await engine.failures.retry(engine.actor, integration, cause.key)
    await engine.work_off()
    assert (await engine.runs.get(engine.actor, run.id)).delivered == 3
    assert await causes(engine, integration) == ()
    settled = (await engine.failures.ended(engine.actor, integration)).records
    assert [(row.record_id, row.now, row.dismissed) for row in settled] == [
        (record, DeliveryState.DELIVERED, None) for record in ("EC-3", "EC-2", "EC-1")
    ]
    with pytest.raises(Conflict, match="nothing left to retry"):
        await engine.failures.retry(engine.actor, integration, cause.key)


async def test_a_cause_goes_on_since_it_began_whatever_is_tried_meanwhile(engine: Engine) -> None:
    integration = await gifts(engine, 1)
    before = await the_cause(engine, integration)
    engine.clock.advance(timedelta(hours=5))
    await engine.runs.retry(engine.actor, integration)
    await engine.work_off()
    again = await the_cause(engine, integration)
    assert (again.key, again.since, again.records) == (before.key, before.since, 1)
    assert (await engine.failures.ended(engine.actor, integration)).records == ()


async def test_what_tells_only_records_apart_is_one_cause(engine: Engine) -> None:
    integration = await engine.set_up()
    engine.adapter.behaviour = refuse
    await engine.receive(2)
    await engine.sync(integration)
    cause = await the_cause(engine, integration)
    assert (cause.records, cause.fix, cause.row) == (2, Fix.EITHER, "")


@pytest.mark.parametrize(
    ("reason", "field", "fix", "mapped"),
    [
        pytest.param(CLAIM_OF_NOTHING, "", Fix.RECORD, None, id="a claim of nothing"),
        pytest.param(NO_LONGER_APPROVED, "", Fix.RECORD, None, id="no longer approved"),
        pytest.param(WITHHELD, "text", Fix.EXCLUDED, None, id="left out"),
        pytest.param(msg("Currency GBP is not set up."), CURRENCY, Fix.SYSTEM, None, id="a currency"),
        pytest.param(CLOSED, "account", Fix.MAPPING, FieldMapping(constant="7190"), id="an account"),
        pytest.param(
            CLOSED, "account", Fix.MAPPING, FieldMapping(source=CATEGORY), id="a category's account"
        ),
        pytest.param(CLOSED, "project", Fix.MAPPING, None, id="nothing mapped"),
        pytest.param(
            CLOSED, "project", Fix.EITHER, FieldMapping(source="line.project"), id="the claim's own project"
        ),
        pytest.param(msg("Line 3 of the journal is taken."), "", Fix.EITHER, None, id="anything else"),
    ],
)
def test_a_refused_record_is_sent_to_where_its_reason_can_be_mended(
    reason: Message, field: str, fix: Fix, mapped: FieldMapping | None
) -> None:
    assert fix_of_refusal(reason, field, mapped=mapped) is fix


async def test_a_dismissed_record_is_never_exported_and_told_as_such_everywhere(engine: Engine) -> None:
    integration = await gifts(engine)
    (run,) = (await engine.history.page(engine.actor, integration)).runs
    await engine.failures.dismiss(engine.actor, integration, [(CLAIM, "EC-1")], f"  {WHY}\n")
    await mend(engine, integration)
    await engine.runs.retry(engine.actor, integration)
    await engine.work_off()
    await engine.sync(integration)
    assert await states(engine) == {
        "EC-1": "dismissed",
        "EC-2": "delivered",
        "EC-3": "delivered",
        "EC-50": "delivered",
    }
    assert "EC-1" not in {voucher.record_id for voucher in engine.adapter.ledger}
    health = await engine.health.of(engine.actor, integration)
    assert (health.failed, health.waiting, health.failures) == (0, 0, ())

    told = "Dismissed by Alice on 2026-11-21: “Paid out by hand in May.”. It is not tried again as it is."
    (first, *_) = [
        row for row in (await engine.failures.ended(engine.actor, integration)).records if row.may_take_back
    ]
    assert (first.record_id, str(first.dismissed)) == ("EC-1", told)
    tracked = await RecordTracking(engine.database).get(engine.actor, CLAIM, "EC-1")
    assert told in str(tracked.deliveries[0].reason)
    story = await RecordStories(engine.database, RecordTracking(engine.database)).tell(
        engine.actor, CLAIM, "EC-1"
    )
    assert told in [str(event.sentence) for event in story.events]
    records = (await RunRecords(engine.database).page(engine.actor, run.id)).records
    assert [told in str(row.reason) for row in records if row.id == "EC-1"] == [True]
    left = await engine.history.failures_of(engine.actor, run.id)
    assert [str(item.dismissed) for item in left if item.record_id == "EC-1"] == [told]


async def test_a_cause_is_dismissed_at_once_with_one_line_in_the_audit_log(engine: Engine) -> None:
    integration = await gifts(engine)
    cause = await the_cause(engine, integration)
    assert await engine.failures.dismiss_cause(engine.actor, integration, cause.key, WHY) == 3
    async with engine.database.read(engine.actor.organisation_id) as unit:
        (line, *_) = await unit.audit.latest()
    assert (line.actor, line.action, line.target) == ("Alice", "failures.dismiss", str(integration))
    assert (line.detail["records"], line.detail["reason"]) == (3, WHY)
    assert (await engine.health.of(engine.actor, integration)).status is Status.ACTIVE
    with pytest.raises(Conflict, match="nothing left to dismiss"):
        await engine.failures.dismiss_cause(engine.actor, integration, cause.key, WHY)


async def test_a_dismissal_is_taken_back_and_the_record_waits_for_its_cause_again(engine: Engine) -> None:
    integration = await gifts(engine, 1)
    before = await the_cause(engine, integration)
    record = (CLAIM, "EC-1")
    await engine.failures.dismiss(engine.actor, integration, [record], WHY)
    assert await causes(engine, integration) == ()
    await engine.failures.take_back(engine.actor, integration, record)
    assert await the_cause(engine, integration) == before
    async with engine.database.read(engine.actor.organisation_id) as unit:
        lines = await unit.audit.latest(2)
    assert {line.action for line in lines} == {"record.dismiss", "record.take_back"}
    with pytest.raises(Conflict, match="not dismissed any more"):
        await engine.failures.take_back(engine.actor, integration, record)


async def test_a_new_revision_of_a_dismissed_record_is_exported(engine: Engine) -> None:
    integration = await gifts(engine, 1)
    await engine.failures.dismiss(engine.actor, integration, [(CLAIM, "EC-1")], WHY)
    await engine.records.receive(engine.actor, [make_claim(id="EC-1", revision=2)])
    await engine.sync(integration)
    assert (await states(engine))["EC-1"] == "delivered"


async def test_only_what_was_surely_refused_can_be_dismissed(engine: Engine) -> None:
    integration = await gifts(engine, 1)
    await save_undecided(engine.database, engine.actor.organisation_id, integration, "EC-70")
    for record in ("EC-70", "EC-50"):
        with pytest.raises(Conflict):
            await engine.failures.dismiss(engine.actor, integration, [(CLAIM, record)], WHY)
    (waiting,) = (await engine.failures.causes(engine.actor, integration, WITH_PEOPLE)).causes
    assert (waiting.records, waiting.fix) == (1, Fix.DECIDE)
    with pytest.raises(Conflict):
        await engine.failures.dismiss_cause(engine.actor, integration, waiting.key, WHY)
    with pytest.raises(NotFound):
        await engine.failures.dismiss(engine.actor, integration, [(CLAIM, "EC-none")], WHY)
    both = [(CLAIM, "EC-1"), (CLAIM, "EC-50")]
    with pytest.raises(Conflict):
        await engine.failures.dismiss(engine.actor, integration, both, WHY)
    assert (await states(engine))["EC-1"] == "rejected", "all of several are dismissed, or none"


@pytest.mark.parametrize("reason", ["", " \n", "x" * 501])
async def test_a_dismissal_needs_a_reason(engine: Engine, reason: str) -> None:
    integration = await gifts(engine, 1)
    with pytest.raises(InvalidInput) as refused:
        await engine.failures.dismiss(engine.actor, integration, [(CLAIM, "EC-1")], reason)
    assert "reason" in refused.value.fields


async def test_who_only_looks_decides_nothing(engine: Engine) -> None:
    integration = await gifts(engine, 1)
    key = (await the_cause(engine, integration)).key
    bob = Actor(engine.actor.organisation_id, "Bob", Role.VIEWER)
    assert (await engine.failures.causes(bob, integration)).causes
    record = (CLAIM, "EC-1")
    for attempt in (
        engine.failures.retry(bob, integration, key),
        engine.failures.dismiss(bob, integration, [record], WHY),
        engine.failures.dismiss_cause(bob, integration, key, WHY),
        engine.failures.take_back(bob, integration, record),
    ):
        with pytest.raises(NotPermitted):
            await attempt


@pytest.mark.parametrize("text", ["", "refused-", "ended-" + "a" * 32, "refused-" + "g" * 32])
def test_a_key_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        CauseKey.read(text)
    assert str(CauseKey.read("refused-" + "a" * 32)) == "refused-" + "a" * 32


@pytest.mark.parametrize(
    ("message", "field", "row"),
    [
        (msg("Account {code} is closed.", code="7140"), "account", "map:account:travel.public_transport"),
        (msg("It says: “{words}”", words="Account 7140: closed."), "account", "map:account:travel.public_transport"),
        (msg("Account {code} is closed.", code="9999"), "account", ""),
        (msg("Account {code} is closed.", code="2910"), "credit_account", "value:credit_account"),
        (msg("“{field}” must be mapped.", field="Project"), "project", "from:project"),
    ],
)  # fmt: skip
def test_the_row_at_fault_is_found_where_the_reason_names_its_code(
    message: Message, field: str, row: str
) -> None:
    assert row_at_fault(message, field, MAPPING, ["gifts"]) == row


async def test_the_largest_causes_come_first_and_the_rest_are_counted(sqlite_database: Database) -> None:
    setting = await failed(sqlite_database, 7, per_cause=2)
    async with sqlite_database.read(setting.organisation_id) as unit:
        page = await cause_page(unit, setting.integration_id, most=3)
    assert [view.records for view in page.causes] == [2, 2, 2]
    assert (page.left_out, page.next_cursor) == (1, "")


def test_of_very_many_records_of_one_cause_it_is_said_that_there_are_more() -> None:
    latest = Failure(message=msg("The account is closed.").to_json(), field="")
    extent = Extent(MOST_COUNTED + 1, {"NOK": 412_000_000}, START)
    key = CauseKey(FailureState.REFUSED, "a" * 32)
    view = cause_view(key, latest, DeliveryState.REJECTED, extent, {}, ())
    (line,) = cause_lines([], [view], Speech("en", "Europe/Oslo"), "1")
    assert (line["title"], line["records"]) == ("More than 10,000 records, one cause", "10,000+")
    assert line["amounts"] == "at least 4,120,000.00 NOK"


async def test_the_trend_is_told_by_the_organisations_days(engine: Engine) -> None:
    integration = await engine.set_up()
    # Half past eleven at night in UTC is the next day in Oslo.
    late = engine.clock.now().replace(hour=23, minute=30) - timedelta(days=2)
    async with engine.database.write(engine.actor.organisation_id) as unit:
        ended = {"finished_at": late, "delivered": 4, "rejected": 1}
        await unit.runs.add(make_run(integration, requested_at=late, **ended))
    days = await engine.failures.trend(engine.actor, integration)
    assert (len(days), days[-1].day) == (30, date(2026, 11, 21))
    assert [(one.day, one.runs, one.delivered, one.failed) for one in days if one.runs] == [
        (date(2026, 11, 20), 1, 4, 1)
    ]


async def test_a_planned_export_that_did_not_begin_is_told_in_the_words_of_the_notice(engine: Engine) -> None:
    integration = await engine.set_up()
    engine.clock.advance(timedelta(hours=13))
    health = await engine.health.of(engine.actor, integration)
    assert health.status.value == "active", "ten minutes must have passed"
    engine.clock.advance(timedelta(minutes=12))
    health = await engine.health.of(engine.actor, integration)
    assert health.status.value == "error"
    assert str(health.sentence).startswith("The export planned for 2026-11-22 at 02:00 has not begun.")


async def test_everything_is_booked_once_where_people_retry_dismiss_and_take_back(engine: Engine) -> None:
    integration = await engine.set_up()
    engine.adapter.behaviour = refuse
    await engine.receive(4)
    await engine.sync(integration)
    key = CauseKey(FailureState.REFUSED, (await the_cause(engine, integration)).key.cause)
    await engine.failures.dismiss(engine.actor, integration, [(CLAIM, "EC-1"), (CLAIM, "EC-2")], WHY)
    engine.adapter.behaviour = book_all
    await engine.failures.retry(engine.actor, integration, key)
    with pytest.raises(Conflict):
        await engine.failures.dismiss(engine.actor, integration, [(CLAIM, "EC-3")], WHY)
    await engine.work_off()
    await engine.failures.take_back(engine.actor, integration, (CLAIM, "EC-1"))
    await engine.failures.retry(engine.actor, integration, key)
    await engine.work_off()
    assert sorted(voucher.record_id for voucher in engine.adapter.ledger) == ["EC-1", "EC-3", "EC-4"]
