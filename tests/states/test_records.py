"""Searching for a record and reading its story in a tab, with no more about people than one's role sees."""

import asyncio
import uuid
from typing import Any

import pytest
from sqlalchemy import delete

from integration_admin.adapters.base import Outcome, Result
from integration_admin.core.errors import Fault
from integration_admin.core.messages import msg
from integration_admin.data.database import Database
from integration_admin.data.models import Run
from integration_admin.services.record_search import RecordSearch
from integration_admin.services.record_story import RecordStories
from integration_admin.services.record_tracking import RecordTracking
from integration_admin.services.run_records import RunRecords
from integration_admin.states.access import AccessMiddleware
from integration_admin.states.history import HistoryState, RunState
from integration_admin.states.record import RecordState
from integration_admin.states.records import RecordsState
from tests.builders import make_claim, make_line, save_records
from tests.services.conftest import Engine
from tests.services.fake_adapter import FakeAdapter, book_all
from tests.services.test_run_records import two_runs
from tests.states.installing import install
from tests.states.people import People
from tests.states.tab import open_tab

PAGES = {
    "records": [RecordsState.load],
    "records/[record_kind]/[id]": [RecordState.load],
    "settings/integrations/[id]/history": [HistoryState.load],
    "settings/integrations/[id]/runs/[run]": [RunState.load],
}


@pytest.fixture
def engine(alices_engine: Engine, sqlite_database: Database) -> Engine:
    install(
        configuration=alices_engine.configuration,
        runs=alices_engine.runs,
        history=alices_engine.history,
        records=alices_engine.records,
        search=RecordSearch(sqlite_database),
        stories=RecordStories(sqlite_database, RecordTracking(sqlite_database)),
        run_records=RunRecords(sqlite_database),
    )
    return alices_engine


async def test_a_claim_is_found_and_its_page_tells_where_it_is(people: People, engine: Engine) -> None:
    _, second = await two_runs(engine)
    await save_records(
        engine.database, people.alice.organisation_id, *(make_claim(id=f"ZZ-{n}") for n in range(30))
    )
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await people.session(people.alice), "/records")
        assert len(tab[RecordsState.records]) == 25
        assert " 35" in tab[RecordsState.lately]
        await tab.send(RecordsState.more)
        assert len(tab[RecordsState.records]) == 35
        assert tab[RecordsState.next_cursor] == ""
        await tab.send(RecordsState.more)
        shown = (len(tab[RecordsState.records]), tab[RecordsState.next_cursor])
        assert shown == (35, ""), "a second press adds nothing, and offers no more"
        await tab.send(RecordsState.search, form={"text": "EC-1", "status": "nonsense", "where": "delivered"})
        (line,) = tab[RecordsState.records]
        assert (line["claimant"], line["places"][0]["external_id"]) == ("Kari Nordmann", "F-4")
        assert tab[RecordsState.announcement].endswith("1.")
        first = tab[RecordsState.times_announced]
        await tab.send(RecordsState.search, form={"text": "EC-1", "where": "delivered"})
        assert tab[RecordsState.announcement].endswith("1.")
        assert tab[RecordsState.times_announced] > first, "the same words are read out a second time"
        await tab.connect(await people.session(people.alice), line["href"])
        assert tab[RecordState.record] == "EC-1"
        (way,) = tab[RecordState.ways]
        assert (way["state"], way["external_id"], way["run_href"][-36:]) == ("delivered", "F-4", str(second))
        assert len(tab[RecordState.events]) == 4
        assert "86011117947" in tab[RecordState.as_data]
        await tab.connect(await people.session(people.alice), "/records/expense_claim/EC-77")
        assert (tab[RecordState.ready], tab[RecordState.refusal]) == (False, "")
        assert (tab[RecordState.record], tab[RecordState.gone].endswith(".")) == ("EC-77", True)


async def test_who_only_looks_is_sent_nothing_about_people(people: People, engine: Engine) -> None:
    await two_runs(engine)
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        for address in ("/records", "/records/expense_claim/EC-1"):
            await tab.connect(await people.session(people.bob), address)
        await tab.send(RecordsState.search, form={"text": "kari"})
        assert tab[RecordsState.records] == []
        assert tab[RecordState.claimant] == ""
        sent = repr(tab.received)
    assert "EC-1" in sent
    for word in ("Kari", "kari@example.org", "86011117947", "Likepersonsamling"):
        assert word not in sent


async def test_history_is_narrowed_down_and_a_run_shows_all_its_records(
    people: People, engine: Engine
) -> None:
    first, second = await two_runs(engine)
    integration = (await engine.runs.get(engine.actor, first)).integration_id
    base = f"/settings/integrations/{integration}"
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await people.session(people.bob), f"{base}/history")
        assert [run["id"] for run in tab[HistoryState.runs]] == [str(second), str(first)]
        await tab.send(HistoryState.more)
        assert len(tab[HistoryState.runs]) == 2, "a second press on what showed the last of them adds nothing"
        await tab.send(HistoryState.choose, form={"outcome": "partly_failed", "since": "2026-11-21"})
        assert [run["id"] for run in tab[HistoryState.runs]] == [str(first)]
        await tab.send(HistoryState.choose, form={"until": "2026-11-20", "trigger": "robot"})
        assert (tab[HistoryState.runs], tab[HistoryState.filtered]) == ([], True)
        for wrong in ("21.11.2026", "9999-12-31", "0001-01-01"):
            await tab.send(HistoryState.choose, form={"since": wrong})
            assert [error["field"] for error in tab[HistoryState.errors]] == ["since"]
        await tab.send(HistoryState.choose, form={"since": "2026-11-22", "until": "2026-11-21"})
        assert [error["field"] for error in tab[HistoryState.errors]] == ["until"], "nothing is in between"
        await tab.connect(await people.session(people.bob), f"{base}/runs/{first}")
        records = tab[RunState.records]
        assert [line["exported"] for line in records] == [False, False, True, True, True]
        assert len(records[0]["reference"]) == 22
        await tab.connect(await people.session(people.bob), f"{base}/runs/{uuid.uuid4()}")
        assert (tab[RunState.records], tab[RunState.ready], tab[RunState.refusal]) == ([], False, "")
        assert tab[RunState.gone].startswith("There is no such export")


async def test_what_lists_are_narrowed_down_to_stands_in_the_address_and_is_read_there(
    people: People, engine: Engine
) -> None:
    first, _ = await two_runs(engine)
    base = f"/settings/integrations/{(await engine.runs.get(engine.actor, first)).integration_id}"
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        session = await people.session(people.bob)
        await tab.connect(session, f"{base}/history")
        await tab.send(HistoryState.choose, form={"outcome": "partly_failed", "since": "2026-11-21"})
        query = tab[HistoryState.query]
        assert query == "outcome=partly_failed&since=2026-11-21"
        await tab.connect(session, f"{base}/history?{query}")
        assert [run["id"] for run in tab[HistoryState.runs]] == [str(first)]
        assert tab[HistoryState.typed] == {"outcome": "partly_failed", "since": "2026-11-21"}
        await tab.connect(session, f"{base}/history?since=never")
        assert (len(tab[HistoryState.runs]), tab[HistoryState.query]) == (2, "")
        await tab.connect(session, "/records")
        await tab.send(RecordsState.search, form={"text": "Åse & co 7", "status": "approved", "where": "x"})
        assert tab[RecordsState.query] == "q=%C3%85se+%26+co+7&status=approved"
        await tab.connect(session, f"/records?{tab[RecordsState.query]}")
        assert (tab[RecordsState.text], tab[RecordsState.status]) == ("Åse & co 7", "approved")
        await tab.send(RecordsState.search, form={"text": "Kari Nordmann", "status": "approved"})
        assert tab[RecordsState.query] == "status=approved", "nobody's name is left in an address"


@pytest.mark.usefixtures("engine")
async def test_a_lost_connection_leaves_what_was_searched_for_as_it_is(people: People) -> None:
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await people.session(people.bob), "/records")
        await tab.send(RecordsState.search, form={"text": "Åse & co 7"})
        tab.address = f"/records?{tab[RecordsState.query]}"
        await tab.reconnect()
        assert tab[RecordsState.times_read] == 1, "the form is not drawn anew"


async def test_a_run_that_left_more_behind_than_is_shown_says_so(people: People, engine: Engine) -> None:
    integration = await engine.set_up()
    hotel = [make_line(category="hotel")]
    await engine.records.receive(
        engine.actor, [make_claim(id=f"EC-{number}", lines=hotel) for number in range(201)]
    )
    run = await engine.sync(integration)
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(
            await people.session(people.bob), f"/settings/integrations/{integration}/runs/{run.id}"
        )
        assert (len(tab[RunState.failures]), tab[RunState.more_failures]) == (200, True)


async def test_what_a_run_left_behind_is_retried_from_its_own_page(people: People, engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.records.receive(engine.actor, [make_claim(id="EC/1", lines=[make_line(category="hotel")])])
    run = await engine.sync(integration)
    base = f"/settings/integrations/{integration}"
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await people.session(people.alice), f"{base}/runs/{run.id}")
        assert tab[RunState.run]["summary"] == "Eksportert: 0. Mislykka: 1."
        assert [line["href"] for line in tab[RunState.failures]] == ["/records/expense_claim/EC%2F1"]
        assert tab[RunState.may_retry]
        for presses in (1, 2):
            await tab.send(RunState.retry)
            assert (tab.redirects, tab[RunState.refusal]) == ([base] * presses, "")
        await engine.work_off()
        assert (await engine.health.of(engine.actor, integration)).last_run.trigger == "retry"


async def test_a_run_under_way_is_followed_to_its_end_which_is_read_out(
    people: People, engine: Engine
) -> None:
    integration = await engine.set_up()
    await engine.receive(12)
    started = await engine.runs.start(engine.actor, integration)
    base = f"/settings/integrations/{integration}/runs/{started.id}"
    half, seen = asyncio.Event(), asyncio.Event()

    async def wait_for_the_tab(adapter: FakeAdapter, batch: Any) -> list[Outcome]:
        if adapter.ledger:
            half.set()
            await seen.wait()
        return book_all(adapter, batch)

    engine.adapter.behaviour = wait_for_the_tab
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        export = asyncio.create_task(engine.runner.carry_out(engine.actor.organisation_id, started.id))
        await asyncio.wait_for(half.wait(), 20)
        opened = asyncio.create_task(tab.connect(await people.session(people.bob), base))
        await tab.until(lambda: tab[RunState.announcement])
        assert (tab[RunState.progress_done], tab[RunState.progress_total]) == (10, 12)
        assert tab[RunState.announcement] == "10 of 12 records are dealt with."
        seen.set()
        await export
        await asyncio.wait_for(opened, 20)
        assert (tab[RunState.running], len(tab[RunState.records])) == (False, 12)
        assert tab[RunState.announcement] == tab[RunState.run]["summary"]


async def test_a_run_deleted_while_somebody_looks_is_told_of_in_a_sentence(
    people: People, engine: Engine
) -> None:
    integration = await engine.set_up()
    started = await engine.runs.start(engine.actor, integration)
    base = f"/settings/integrations/{integration}/runs/{started.id}"
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        opened = asyncio.create_task(tab.connect(await people.session(people.alice), base))
        await tab.until(lambda: tab[RunState.running])
        async with engine.database.write(engine.actor.organisation_id) as unit:
            await unit.runs._session.execute(delete(Run).where(Run.id == started.id))
        await asyncio.wait_for(opened, 20)
        assert (tab[RunState.running], tab[RunState.ready], tab[RunState.run]) == (False, False, None)
        assert tab[RunState.gone] != ""
        assert tab[RunState.refusal] == ""


async def test_what_only_the_accounting_systems_words_tell_may_be_tried_again_from_the_runs_page(
    people: People, engine: Engine
) -> None:
    integration = await engine.set_up()
    engine.adapter.behaviour = lambda _, batch: [
        Outcome(one.reference, Result.REJECTED, message=msg("No."), fault=Fault.CONFIG) for one in batch
    ]
    await engine.receive(1)
    run = await engine.sync(integration)
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        address = f"/settings/integrations/{integration}/runs/{run.id}"
        await tab.connect(await people.session(people.bob), address)
        assert [line["todo"] for line in tab[RunState.failures]] == ["either"]
        assert tab[RunState.may_retry]
