"""Deciding in a tab: what waits is shown, what was decided is said and takes the focus, and others are told."""

import uuid
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy.event import listen

from integration_admin.core.actor import Actor
from integration_admin.core.errors import Fault
from integration_admin.core.statuses import DeliveryState, Role, RunState
from integration_admin.data.database import Database
from integration_admin.services import container
from integration_admin.services.run_records import RunRecords
from integration_admin.states.access import AccessMiddleware
from integration_admin.states.health import HealthState
from integration_admin.states.history import HistoryState
from integration_admin.states.history import RunState as RunPageState
from integration_admin.states.shell import ShellState
from tests.builders import make_run, save_integration
from tests.fakes import START
from tests.services.conftest import Engine
from tests.services.fake_adapter import FakeAdapter
from tests.services.waiting import DOUBLED, save_undecided
from tests.states.people import People
from tests.states.tab import Tab, open_tab

BASE = "/settings/integrations"
PAGES: dict[str, list[Any]] = {
    "settings/integrations/[id]": [HealthState.load],
    "settings/integrations/[id]/history": [HistoryState.load],
    "settings/integrations/[id]/runs/[run]": [RunPageState.load],
}


@pytest.fixture
def engine(people: People, sqlite_database: Database, new_engine: Any) -> Engine:
    """The services a page asks, with Alice, who reads nynorsk, signed up."""
    actor = Actor(people.alice.organisation_id, "Alice", Role.ADMINISTRATOR)
    made: Engine = new_engine(sqlite_database, FakeAdapter(), actor)
    parts = ("configuration", "health", "decisions", "failures", "schedules", "runs", "history")
    installed = {name: getattr(made, name) for name in parts}
    installed["run_records"] = RunRecords(sqlite_database)
    container.install(cast("Any", SimpleNamespace(sign_in=container.current().sign_in, **installed)))
    return made


@pytest.fixture
async def integration(engine: Engine) -> uuid.UUID:
    """An active integration in which two records wait, and one that is booked twice."""
    row = await save_integration(engine.database, engine.actor.organisation_id, kind="xledger")
    organisation = engine.actor.organisation_id
    await save_undecided(engine.database, organisation, row.id, "EC-1", "EC-2")
    await save_undecided(engine.database, organisation, row.id, "EC-3", fault=Fault.UPSTREAM, message=DOUBLED)
    return row.id


@pytest.fixture
async def tab(people: People, integration: uuid.UUID) -> AsyncIterator[Tab]:
    """Alice's tab on the integration's page, in English."""
    async with people.database.write(people.alice.organisation_id) as unit:
        await unit.organisations.set_language(people.alice.id, "en")
    async with open_tab(PAGES, AccessMiddleware()) as opened:
        await opened.connect(await people.session(people.alice), f"{BASE}/{integration}")
        yield opened


def shown(tab: Tab) -> list[str]:
    return [line["record"] for line in tab[HealthState.decisions]]


def reference(tab: Tab, record: str) -> str:
    return next(line["reference"] for line in tab[HealthState.decisions] if line["record"] == record)


async def test_what_waits_stands_in_a_list_of_its_own(tab: Tab) -> None:
    assert shown(tab) == ["EC-1", "EC-2", "EC-3"]
    assert [line["may_send_again"] for line in tab[HealthState.decisions]] == [True, True, False]
    assert (tab[HealthState.sendable], tab[HealthState.beyond], tab[HealthState.failures]) == (2, "", [])
    assert tab[HealthState.status] == "needs_attention"


async def test_the_page_is_one_reading_with_what_waits_for_a_person(tab: Tab, people: People) -> None:
    begun: list[object] = []
    listen(people.database.engine.sync_engine, "begin", begun.append)
    await tab.send(HealthState.load)
    assert len(begun) == 2, "whose event it is, and the page"
    assert len(shown(tab)) == 3


async def test_a_record_that_is_there_leaves_the_list_and_is_said(tab: Tab) -> None:
    await tab.send(HealthState.found, form={"reference": reference(tab, "EC-1"), "voucher_number": " 4711 "})
    assert shown(tab) == ["EC-2", "EC-3"]
    assert tab[HealthState.decided] == ["EC-1 counts as exported, with voucher number 4711."]


async def test_a_missing_number_is_told_at_the_records_own_field(tab: Tab) -> None:
    named = reference(tab, "EC-2")
    await tab.send(HealthState.found, form={"reference": named, "voucher_number": ""})
    assert [error["field"] for error in tab[HealthState.errors]] == [f"number-{named}"]
    assert (len(shown(tab)), tab[HealthState.decided]) == (3, [])


async def test_a_record_that_is_not_there_waits_for_the_next_export(tab: Tab, engine: Engine) -> None:
    await tab.send(HealthState.send_again, reference=reference(tab, "EC-2"))
    assert shown(tab) == ["EC-1", "EC-3"]
    assert "EC-2" in tab[HealthState.decided][0]
    assert tab[HealthState.waiting] == "1"
    assert engine.queue._queue.empty()


async def test_all_that_may_be_sent_again_go_at_once(tab: Tab) -> None:
    await tab.send(HealthState.send_all_again)
    assert shown(tab) == ["EC-3"]
    assert "EC-1, EC-2" in tab[HealthState.decided][0]
    await tab.send(HealthState.send_all_again)
    assert tab[HealthState.refusal]
    assert shown(tab) == ["EC-3"]


async def test_what_is_booked_twice_is_refused_in_words(tab: Tab) -> None:
    await tab.send(HealthState.send_again, reference=reference(tab, "EC-3"))
    assert "booked more than once" in tab[HealthState.refusal]
    assert (len(shown(tab)), tab[HealthState.decided]) == (3, [])


async def test_whoever_decides_second_is_told_and_sees_what_is_left(
    tab: Tab, engine: Engine, integration: uuid.UUID
) -> None:
    named = reference(tab, "EC-1")
    await engine.decisions.found(engine.actor, integration, ("expense_claim", "EC-1"), "1")
    await tab.send(HealthState.send_again, reference=named)
    assert "Somebody else has decided this already" in tab[HealthState.refusal]
    assert shown(tab) == ["EC-2", "EC-3"]


@pytest.mark.parametrize("named", ["", "IAOTHER", "../../x"])
async def test_a_reference_that_is_not_shown_decides_nothing(tab: Tab, named: str) -> None:
    await tab.send(HealthState.send_again, reference=named)
    assert tab[HealthState.refusal] == "This record does not wait for you any more."
    assert len(shown(tab)) == 3


async def test_whoever_may_only_look_decides_nothing(
    tab: Tab, people: People, engine: Engine, integration: uuid.UUID
) -> None:
    named = reference(tab, "EC-1")
    await tab.connect(await people.session(people.bob), f"{BASE}/{integration}")
    assert len(shown(tab)) == 3
    await tab.send(HealthState.send_again, reference=named)
    await tab.send(HealthState.found, form={"reference": named, "voucher_number": "4711"})
    assert tab[ShellState.problem]
    async with engine.database.read(engine.actor.organisation_id) as unit:
        assert await unit.backlog.by_state(integration) == {DeliveryState.NEEDS_PERSON: 3}


async def test_only_the_oldest_fifty_are_drawn_and_the_rest_is_counted(
    tab: Tab, engine: Engine, integration: uuid.UUID
) -> None:
    more = [f"EC-1{number:02}" for number in range(60)]
    await save_undecided(engine.database, engine.actor.organisation_id, integration, *more)
    await tab.send(HealthState.load)
    assert (len(shown(tab)), tab[HealthState.beyond]) == (50, "13")


async def test_a_run_that_has_not_begun_ends_at_once_and_its_end_takes_the_focus(
    tab: Tab, engine: Engine, integration: uuid.UUID
) -> None:
    await engine.runs.start(engine.actor, integration)
    await tab.send(HealthState.stop)
    assert (tab[HealthState.running], tab[HealthState.last_run_state]) == (False, "cancelled")
    assert tab[HealthState.decided] == ["Cancelled before it began."]


async def test_a_run_under_way_is_announced_to_be_stopping(
    tab: Tab, engine: Engine, integration: uuid.UUID
) -> None:
    async with engine.database.write(engine.actor.organisation_id) as unit:
        run = make_run(integration, state=RunState.RUNNING)
        await unit.runs.add(run)
    await tab.send(HealthState.stop)
    assert (tab[HealthState.running], tab[HealthState.stopping]) == (True, True)
    assert "stops after" in tab[HealthState.announcement]
    async with engine.database.read(engine.actor.organisation_id) as unit:
        assert await unit.runs.cancel_requested(run.id)


async def test_missed_exports_are_made_up_for_or_left_to_the_next(
    tab: Tab, engine: Engine, people: People
) -> None:
    connected = await engine.set_up()
    async with engine.database.write(engine.actor.organisation_id) as unit:
        schedule = await unit.schedules.get(connected)
        assert schedule is not None
        await unit.schedules.ask(schedule.id, START)
    await tab.connect(await people.session(people.alice), f"{BASE}/{connected}")
    assert "21 November 2026" in tab[HealthState.missed_since]
    await tab.send(HealthState.answer_missed, answer="later")
    assert (tab[HealthState.missed_since], tab[HealthState.running]) == ("", False)
    assert "next planned export" in tab[HealthState.decided][0]
    await tab.send(HealthState.answer_missed, answer="now")
    assert tab[HealthState.refusal] == "This has been answered already."


async def test_history_and_a_runs_page_tell_why_nothing_was_exported_and_what_interrupted_it(
    tab: Tab, engine: Engine, people: People
) -> None:
    connected = await engine.set_up()
    await engine.sync(connected)
    engine.clock.advance(60)
    run = await engine.sync(connected)
    async with engine.database.write(engine.actor.organisation_id) as unit:
        (await unit.runs.get(run.id)).resumed = 2
    session = await people.session(people.alice)
    await tab.connect(session, f"{BASE}/{connected}/history")
    line, _ = tab[HistoryState.runs]
    await tab.connect(session, f"{BASE}/{connected}/runs/{run.id}")
    assert tab[RunPageState.run] == line
    assert line["summary"].startswith("Nothing to export")
    assert line["resumed"] == "Taken up again 2 times after the program had stopped."
    assert (line["started_by"], line["took"]) == ("Alice", "1 second")


async def test_of_many_that_go_out_again_the_number_is_read_out_and_not_every_name(
    people: People, engine: Engine, integration: uuid.UUID
) -> None:
    more = [f"EC-{number}" for number in range(10, 20)]
    await save_undecided(engine.database, engine.actor.organisation_id, integration, *more)
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await people.session(people.alice), f"{BASE}/{integration}")
        await tab.send(HealthState.send_all_again)
        [told] = tab[HealthState.decided]
        assert "12" in told
        assert "EC-1" not in told
