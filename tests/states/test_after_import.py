"""What became of delivered records, in a tab: in sentences, with what a person must put right and can say is done."""

import uuid
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from integration_admin.core.actor import Actor
from integration_admin.core.statuses import Role
from integration_admin.data.database import Database
from integration_admin.services import container
from integration_admin.services.delivery_rules import FIRST_LOOK
from integration_admin.states.access import AccessMiddleware
from integration_admin.states.health import HealthState
from tests.services.books_later import BooksLater
from tests.services.conftest import Engine
from tests.states.people import People
from tests.states.tab import Tab, open_tab

PAGES = {"settings/integrations/[id]": [HealthState.load]}


@pytest.fixture
def engine(people: People, sqlite_database: Database, new_engine: Any) -> Engine:
    actor = Actor(people.alice.organisation_id, "Alice", Role.ADMINISTRATOR)
    made: Engine = new_engine(sqlite_database, BooksLater(included=4), actor)
    parts = ("configuration", "health", "decisions", "failures")
    installed = {name: getattr(made, name) for name in parts}
    container.install(cast("Any", SimpleNamespace(sign_in=container.current().sign_in, **installed)))
    return made


@pytest.fixture
async def integration(engine: Engine) -> uuid.UUID:
    """An integration of whose three records one is booked, one waits and one was refused after import."""
    found = await engine.set_up()
    await engine.receive(3)
    await engine.sync(found)
    assert isinstance(engine.adapter, BooksLater)
    engine.adapter.books("EC-1")
    engine.adapter.refuses("EC-3")
    engine.clock.advance(FIRST_LOOK)
    await engine.follow_up.tick()
    return found


@pytest.fixture
async def tab(people: People, integration: uuid.UUID) -> AsyncIterator[Tab]:
    """Alice's tab on the integration's page, in English."""
    async with people.database.write(people.alice.organisation_id) as unit:
        await unit.organisations.set_language(people.alice.id, "en")
    async with open_tab(PAGES, AccessMiddleware()) as opened:
        await opened.connect(await people.session(people.alice), f"/settings/integrations/{integration}")
        yield opened


async def test_what_became_of_records_is_said_in_sentences(tab: Tab) -> None:
    assert tab[HealthState.after_import] == [
        "Taken in by Fake ledger, not booked yet: 1.",
        "Booked in Fake ledger: 1.",
        "Refused by Fake ledger after import: 1. The period is closed.",
    ]
    assert [(line["record"], line["todo"]) for line in tab[HealthState.failures]] == [("EC-3", "there")]
    assert tab[HealthState.status] == "needs_attention"


async def test_the_months_requests_are_shown_and_nothing_warns_before_there_is_reason_to(tab: Tab) -> None:
    assert (tab[HealthState.requests], tab[HealthState.requests_included]) == ("2", "4")
    assert tab[HealthState.requests_warning] == ""


async def test_what_a_person_has_put_right_there_leaves_the_list_and_is_said(tab: Tab) -> None:
    await tab.send(HealthState.put_right, kind="expense_claim", record="EC-3")
    assert tab[HealthState.failures] == []
    assert tab[HealthState.decided] == ["EC-3 counts as booked."]
    assert tab[HealthState.after_import][1] == "Booked in Fake ledger: 2."


async def test_what_is_put_right_a_second_time_is_told(tab: Tab) -> None:
    for _ in range(2):
        await tab.send(HealthState.put_right, kind="expense_claim", record="EC-3")
    assert tab[HealthState.refusal].startswith("Somebody else has decided this already")
    assert tab[HealthState.decided] == []
