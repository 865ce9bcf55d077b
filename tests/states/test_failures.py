"""Failures by their cause in a tab: seen, tried again, dismissed for a reason and taken back, with the focus on what was done."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from integration_admin.core.actor import Actor
from integration_admin.core.statuses import Role
from integration_admin.data.database import Database
from integration_admin.services import container
from integration_admin.services.cause_pages import CAUSES
from integration_admin.states.access import AccessMiddleware
from integration_admin.states.failures import FailuresState
from integration_admin.states.health import HealthState
from tests.builders import make_line
from tests.services.conftest import Engine
from tests.services.fake_adapter import FakeAdapter
from tests.services.test_failures import WHY, gifts
from tests.states.people import People
from tests.states.tab import Tab, open_tab

BASE = "/settings/integrations"
PAGES = {
    "settings/integrations/[id]": [HealthState.load],
    "settings/integrations/[id]/failures": [FailuresState.load],
}


@pytest.fixture
def engine(people: People, sqlite_database: Database, new_engine: Any) -> Engine:
    """The services the pages ask, with Alice signed up."""
    actor = Actor(people.alice.organisation_id, "Alice", Role.ADMINISTRATOR)
    made: Engine = new_engine(sqlite_database, FakeAdapter(), actor)
    parts = ("configuration", "health", "decisions", "failures", "schedules", "runs", "history")
    installed = {name: getattr(made, name) for name in parts}
    container.install(cast("Any", SimpleNamespace(sign_in=container.current().sign_in, **installed)))
    return made


@pytest.fixture
async def integration(engine: Engine) -> uuid.UUID:
    """An integration whose run left 22 records behind for one cause."""
    return await gifts(engine, 22)


@pytest.fixture
async def tab(people: People, integration: uuid.UUID) -> AsyncIterator[Tab]:
    """Alice's tab on the page of failures, in English."""
    async with people.database.write(people.alice.organisation_id) as unit:
        await unit.organisations.set_language(people.alice.id, "en")
    async with open_tab(PAGES, AccessMiddleware()) as opened:
        await opened.connect(await people.session(people.alice), f"{BASE}/{integration}/failures")
        yield opened


async def test_the_integrations_own_page_shows_the_cause_once_and_the_trend(
    people: People, integration: uuid.UUID
) -> None:
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await people.session(people.alice), f"{BASE}/{integration}")
    assert (tab[HealthState.last_run], tab[HealthState.last_run_amounts]) == (
        "Eksportert: 1. Mislykka: 22.",
        "412,00 NOK",
    )
    (line,) = tab[HealthState.causes]
    assert (line["fix"], line["may_retry"], line["may_dismiss"]) == ("mapping", True, True)
    assert "/mapping?row=map%3Aaccount%3Agifts&back=" in line["fix_href"]
    assert (tab[HealthState.failures], tab[HealthState.more_causes]) == ([], False)
    today = tab[HealthState.trend][-1]
    assert (today["delivered"], today["failed"], today["failed_size"]) == ("1", "22", 100.0)
    assert len(tab[HealthState.trend]) == 30


async def test_causes_of_as_many_records_are_marked_as_alike_so_that_their_headings_say_the_reason(
    tab: Tab, engine: Engine, integration: uuid.UUID
) -> None:
    assert [line["alike"] for line in tab[FailuresState.causes]] == [False]
    for first, category in ((100, "travel.taxi"), (200, "phone")):
        await engine.receive(22 if first == 100 else 1, first=first, lines=[make_line(category=category)])
    await engine.sync(integration)
    await tab.send(FailuresState.load)
    told = {(line["title"], line["alike"]) for line in tab[FailuresState.causes]}
    assert told == {("22 records, one cause", True), ("1 record", False)}


async def test_a_second_press_for_more_causes_takes_none_away(
    tab: Tab, engine: Engine, integration: uuid.UUID
) -> None:
    for number in range(CAUSES):
        await engine.receive(1, first=100 + number, lines=[make_line(category=f"category.{number}")])
    await engine.sync(integration)
    await tab.send(FailuresState.load)
    assert len(tab[FailuresState.causes]) == CAUSES
    for _ in range(2):
        await tab.send(FailuresState.more_causes)
        assert len(tab[FailuresState.causes]) == CAUSES + 1


async def test_records_of_a_cause_are_shown_twenty_at_a_time(tab: Tab) -> None:
    (line,) = tab[FailuresState.causes]
    assert (line["title"], line["records"]) == ("22 records, one cause", "22")
    await tab.send(FailuresState.open_cause, key=line["key"])
    assert len(tab[FailuresState.records]) == 20
    await tab.send(FailuresState.more_records)
    assert (len(tab[FailuresState.records]), tab[FailuresState.next_records]) == (22, 0)
    await tab.send(FailuresState.open_cause, key=line["key"])
    assert tab[FailuresState.records] == []


async def test_a_dismissal_needs_a_reason_is_said_and_can_be_taken_back(tab: Tab) -> None:
    key = tab[FailuresState.causes][0]["key"]
    await tab.send(FailuresState.dismiss_cause, form={"cause": key, "reason": " "})
    assert [error["field"] for error in tab[FailuresState.errors]] == [f"reason-{key}"]
    await tab.send(
        FailuresState.dismiss_record, form={"kind": "expense_claim", "record": "EC-1", "reason": WHY}
    )
    assert tab[FailuresState.decided] == ["EC-1 is dismissed. It is not tried again as it is."]
    assert tab[FailuresState.causes][0]["records"] == "21"
    await tab.send(FailuresState.take_back, kind="expense_claim", record="EC-1")
    assert tab[FailuresState.causes][0]["records"] == "22"
    await tab.send(FailuresState.dismiss_cause, form={"cause": key, "reason": WHY})
    assert tab[FailuresState.causes] == []
    assert tab[FailuresState.decided][0].startswith("Records dismissed: 22.")


async def test_what_was_dismissed_together_is_taken_back_by_one_press(
    people: People, engine: Engine, tab: Tab, integration: uuid.UUID
) -> None:
    await tab.send(
        FailuresState.dismiss_record, form={"kind": "expense_claim", "record": "EC-1", "reason": WHY}
    )
    engine.clock.advance(60)
    key = tab[FailuresState.causes][0]["key"]
    await tab.send(FailuresState.dismiss_cause, form={"cause": key, "reason": WHY})
    async with open_tab(PAGES, AccessMiddleware()) as settled:
        session = await people.session(people.alice)
        await settled.connect(session, f"{BASE}/{integration}/failures?show=ended")
        await settled.send(FailuresState.more_records)
        offered = [line["record"] for line in settled[FailuresState.records] if line["first"]]
        assert offered == ["EC-22"]
        await settled.send(FailuresState.take_back_together, kind="expense_claim", record="EC-22")
        assert settled[FailuresState.decided][0].startswith("Records that are not dismissed any more: 21.")
        assert [line["record"] for line in settled[FailuresState.records]] == ["EC-1"]


async def test_a_retry_goes_where_the_export_is_followed_and_so_does_a_second_press(
    tab: Tab, integration: uuid.UUID
) -> None:
    key = tab[FailuresState.causes][0]["key"]
    for presses in (1, 2):
        await tab.send(FailuresState.retry_cause, key=key)
        assert tab.redirects == [f"{BASE}/{integration}"] * presses
        assert tab[FailuresState.refusal] == ""
    await tab.send(FailuresState.retry_record, kind="expense_claim", record="EC-1")
    assert "already being synchronised" in tab[FailuresState.refusal], "nothing was done about that record"


async def test_a_second_press_on_a_retry_is_no_error_where_the_export_is_followed(
    people: People, engine: Engine, integration: uuid.UUID
) -> None:
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        session = await people.session(people.alice)
        await tab.connect(session, f"{BASE}/{integration}")
        key = tab[HealthState.causes][0]["key"]
        presses = [asyncio.create_task(tab.send(HealthState.retry_cause, key=key)) for _ in range(2)]
        await tab.until(lambda: tab[HealthState.times_announced] >= 2)
        assert (tab[HealthState.refusal], tab[HealthState.running]) == ("", True)
        await engine.work_off()
        await asyncio.gather(*presses)


async def test_what_was_refused_outlasts_a_lost_connection_and_not_a_page_that_is_opened_anew(
    people: People, integration: uuid.UUID
) -> None:
    async with open_tab(PAGES | {"elsewhere": []}, AccessMiddleware()) as tab:
        session = await people.session(people.alice)
        await tab.connect(session, f"{BASE}/{integration}/failures")
        await tab.send(FailuresState.retry_record, kind="expense_claim", record="nobody's")
        refused = tab[FailuresState.refusal]
        await tab.reconnect()
        assert tab[FailuresState.refusal] == refused != ""
        await tab.connect(session, "/elsewhere")
        assert tab[FailuresState.refusal] == "", "it would be read out before the page is read"


async def test_a_cause_that_is_none_is_refused_in_words(people: People, integration: uuid.UUID) -> None:
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(
            await people.session(people.alice), f"{BASE}/{integration}/failures?cause=refused-x"
        )
    assert tab[FailuresState.refusal]
    assert tab[FailuresState.records] == []
