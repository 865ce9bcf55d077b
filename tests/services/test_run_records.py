"""A run's records, one record's story, and the files somebody takes away: true, in order, and safe to open."""

import csv
import io
import json
import uuid
from typing import Any

import pytest
from sqlalchemy import delete

from integration_admin.adapters.base import Outcome, Result
from integration_admin.core.actor import Actor
from integration_admin.core.errors import Fault, InvalidInput, NotFound
from integration_admin.core.messages import msg
from integration_admin.core.statuses import DeliveryState, Role, RunState, Trigger
from integration_admin.data.database import Database
from integration_admin.data.models import Run
from integration_admin.services.history import RunFilter
from integration_admin.services.record_story import Chapter, RecordStories
from integration_admin.services.record_tracking import RecordTracking
from integration_admin.services.run_files import RunFiles
from integration_admin.services.run_records import RunRecords
from tests.builders import save_organisation
from tests.services.conftest import Engine
from tests.services.fake_adapter import FakeAdapter, book_all

NASTY = '=HYPERLINK(“https://evil.example”) æ; "x"\r\nnext'


@pytest.fixture
async def engine(sqlite_database: Database, new_engine: Any) -> Engine:
    organisation = await save_organisation(sqlite_database, features=["xledger"])
    made: Engine = new_engine(
        sqlite_database, FakeAdapter(), Actor(organisation.id, "Alice", Role.ADMINISTRATOR)
    )
    return made


def refuse_some(adapter: FakeAdapter, batch: Any) -> list[Outcome]:
    """Book all but EC-1 and EC-2, which are refused with words nobody should open in a spreadsheet."""
    return [
        Outcome(voucher.reference, Result.REJECTED, fault=Fault.CONFIG, message=msg(NASTY))
        if voucher.record_id in {"EC-1", "EC-2"}
        else adapter.book(voucher)
        for voucher in batch
    ]


async def two_runs(engine: Engine) -> tuple[uuid.UUID, uuid.UUID]:
    """Export five claims of which two are refused, then those two; return both runs."""
    integration = await engine.set_up()
    await engine.receive(5)
    engine.adapter.behaviour = refuse_some
    first = await engine.sync(integration)
    engine.adapter.behaviour = book_all
    engine.clock.advance(60)
    second = await engine.runs.retry(engine.actor, integration)
    await engine.runner.carry_out(engine.actor.organisation_id, second.id)
    return first.id, second.id


def lines_of(text: str) -> list[list[str]]:
    assert text.startswith("\ufeff"), "spreadsheets need it to read Norwegian letters"
    return list(csv.reader(io.StringIO(text[1:], newline=""), delimiter=";"))


async def test_each_run_keeps_its_records_with_reason_reference_and_voucher(engine: Engine) -> None:
    first, second = await two_runs(engine)
    records = RunRecords(engine.database)
    page = await records.page(engine.actor, first)
    assert [(line.id, line.exported, line.state) for line in page.records] == [
        ("EC-1", False, DeliveryState.DELIVERED),
        ("EC-2", False, DeliveryState.DELIVERED),
        ("EC-3", True, DeliveryState.DELIVERED),
        ("EC-4", True, DeliveryState.DELIVERED),
        ("EC-5", True, DeliveryState.DELIVERED),
    ]
    assert [str(line.reason) for line in page.records[:2]] == [NASTY, NASTY]
    assert (len(page.records[2].reference), page.records[2].external_id) == (22, "F-1")
    later = await records.page(engine.actor, second)
    assert [(line.id, line.exported, line.reason) for line in later.records] == [
        ("EC-1", True, None),
        ("EC-2", True, None),
    ]
    for size in (1, 2, 3):
        pieces: list[str] = []
        cursor = ""
        while True:
            part = await records.page(engine.actor, first, cursor, size)
            pieces += [line.id for line in part.records]
            cursor = part.next_cursor
            if not cursor:
                break
        assert pieces == [line.id for line in page.records], size


async def test_a_run_is_taken_away_as_csv_no_spreadsheet_calculates_and_as_json(engine: Engine) -> None:
    first, _ = await two_runs(engine)
    files = RunFiles(engine.runs, RunRecords(engine.database))
    rows = lines_of("".join([piece async for piece in await files.csv(engine.actor, first, "en")]))
    assert len(rows) == 6
    assert rows[1][:5] == ["expense_claim", "EC-1", "412.00", "NOK", "No"]
    assert rows[1][5] == f"'{NASTY}"
    assert [row[4] for row in rows[3:]] == ["Yes", "Yes", "Yes"]
    whole = json.loads("".join([piece async for piece in await files.json(engine.actor, first, "en")]))
    assert (whole["run"], whole["excluded_fields_sent"], len(whole["records"])) == (str(first), 0, 5)
    assert whole["records"][0]["reason"] == NASTY
    stranger = Actor(uuid.uuid4(), "Stranger", Role.ADMINISTRATOR)
    with pytest.raises(NotFound):
        await files.csv(stranger, first, "en")
    with pytest.raises(InvalidInput):
        await RunRecords(engine.database).page(engine.actor, first, "failed|x")


async def test_a_file_of_a_run_that_is_deleted_meanwhile_says_that_it_is_cut_off(engine: Engine) -> None:
    run = await engine.runs.start(engine.actor, await engine.set_up())
    files = RunFiles(engine.runs, RunRecords(engine.database))
    table, document = [await write(engine.actor, run.id, "en") for write in (files.csv, files.json)]
    async with engine.database.write(engine.actor.organisation_id) as unit:
        await unit.runs._session.execute(delete(Run).where(Run.id == run.id))
    assert lines_of("".join([piece async for piece in table]))[-1][0].startswith("The rest is missing")
    whole = json.loads("".join([piece async for piece in document]))
    assert (whole["records"], whole["incomplete"][:19]) == ([], "The rest is missing")


async def test_the_story_of_a_record_tells_each_attempt_in_order(engine: Engine) -> None:
    first, second = await two_runs(engine)
    stories = RecordStories(engine.database, RecordTracking(engine.database))
    story = await stories.tell(engine.actor, "expense_claim", "EC-1")
    assert [event.chapter for event in story.events] == [
        Chapter.RECEIVED,
        Chapter.FAILED,
        Chapter.SENT,
        Chapter.DELIVERED,
    ]
    assert [event.run_id for event in story.events] == [None, first, second, second]
    assert str(story.events[1].sentence) == "Not exported to Regnskap, in an export started by Alice."
    assert str(story.events[1].reason) == NASTY
    assert str(story.events[-1].sentence) == "Regnskap has it, as F-4."
    assert [event.at for event in story.events] == sorted(event.at for event in story.events)
    assert story.visible["claimant"]["bank_account"] == "86011117947"
    organisation = engine.actor.organisation_id
    daily = await stories.tell(Actor(organisation, "Bea", Role.COORDINATOR), "expense_claim", "EC-1")
    assert daily.visible["claimant"] == {"id": "V-118", "name": "Kari Nordmann"}
    looking = await stories.tell(Actor(organisation, "Bob", Role.VIEWER), "expense_claim", "EC-1")
    assert not {"claimant", "purpose", "lines"} & set(looking.visible)
    with pytest.raises(NotFound):
        await stories.tell(Actor(uuid.uuid4(), "Stranger", Role.ADMINISTRATOR), "expense_claim", "EC-1")


async def test_history_is_narrowed_down_by_outcome_start_and_days(engine: Engine) -> None:
    first, second = await two_runs(engine)
    integration = (await engine.runs.get(engine.actor, first)).integration_id
    days = (await engine.runs.get(engine.actor, second)).requested_at

    async def shown(**which: Any) -> list[uuid.UUID]:
        page = await engine.history.page(engine.actor, integration, which=RunFilter(**which))
        return [run.id for run in page.runs]

    assert await shown() == [second, first]
    assert await shown(state=RunState.PARTLY_FAILED) == [first]
    assert await shown(trigger=Trigger.RETRY) == [second]
    assert await shown(since=days) == [second]
    assert await shown(until=days) == [first]
    assert await shown(state=RunState.FAILED) == []
