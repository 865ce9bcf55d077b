"""The dry run and the preview in a tab: counts and lines arrive, and only those who may export see them."""

import asyncio
import uuid
from typing import Any

import pytest

from integration_admin.core.actor import Actor
from integration_admin.data.database import Database
from integration_admin.services import container
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.dry_run import DryRuns
from integration_admin.services.preview import Previews
from integration_admin.states.access import AccessMiddleware
from integration_admin.states.dry_run import SHOWN, DryRunState
from integration_admin.states.preview import PreviewState
from tests.builders import make_claim, make_line
from tests.services.conftest import Engine
from tests.states.installing import install
from tests.states.people import People
from tests.states.tab import open_tab

PAGES = {
    "settings/integrations/[id]/dry-run": [DryRunState.load],
    "settings/integrations/[id]/mapping": [PreviewState.load],
}


class Held:
    """The dry runs, each held up until `goes_on` is set, and how many there were."""

    def __init__(self, dry_runs: Any) -> None:
        self._dry_runs = dry_runs
        self.goes_on = asyncio.Event()
        self.times = 0
        self._more = asyncio.Event()

    async def obstacle(self, actor: Actor, integration_id: uuid.UUID) -> Any:
        self.times += 1
        self._more.set()
        await self.goes_on.wait()
        return await self._dry_runs.obstacle(actor, integration_id)

    def pages(self, actor: Actor, integration_id: uuid.UUID) -> Any:
        return self._dry_runs.pages(actor, integration_id)

    async def begun(self, times: int) -> None:
        async with asyncio.timeout(10):
            while self.times < times:
                self._more.clear()
                await self._more.wait()


@pytest.fixture
def engine(alices_engine: Engine, sqlite_database: Database) -> Engine:
    adapters = AdapterRegistry({"xledger": alices_engine.adapter})
    install(
        dry_runs=DryRuns(sqlite_database, adapters, alices_engine.clock),
        previews=Previews(sqlite_database, adapters, alices_engine.clock),
    )
    return alices_engine


async def test_counts_are_of_all_and_the_page_holds_only_the_first(people: People, engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(SHOWN["send"] + 7)
    hotel = make_claim(id="EC-hotel", lines=[make_line(category="hotel")])
    await engine.records.receive(engine.actor, [hotel])
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await people.session(people.alice), f"/settings/integrations/{integration}/dry-run")
        assert tab[DryRunState.ready]
        assert (tab[DryRunState.to_send], tab[DryRunState.to_fail]) == ("32", "1")
        (sendable,) = tab[DryRunState.sendable]
        assert len(sendable["lines"]) == SHOWN["send"]
        assert (sendable["folded"], sendable["count"]) == (True, "32")
        assert tab[DryRunState.more_sendable] == "7"
        (line,) = tab[DryRunState.failing][0]["lines"]
        assert (line["record"], line["payload"]) == ("EC-hotel", "")
        assert '"reference": "IA' in sendable["lines"][0]["payload"]


async def test_a_look_that_a_lost_connection_has_ended_begins_anew_and_one_that_was_done_stays(
    people: People, engine: Engine
) -> None:
    integration = await engine.set_up()
    await engine.receive(1)
    dry_runs = Held(container.current().dry_runs)
    install(dry_runs=dry_runs)
    session = await people.session(people.alice)
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        first = asyncio.create_task(tab.connect(session, f"/settings/integrations/{integration}/dry-run"))
        await dry_runs.begun(1)
        again = asyncio.create_task(tab.reconnect())
        await asyncio.wait_for(asyncio.wait([first]), 10)
        await dry_runs.begun(2)
        dry_runs.goes_on.set()
        await asyncio.wait_for(again, 10)
        assert (tab[DryRunState.ready], tab[DryRunState.to_send]) == (True, "1")
        await tab.reconnect()
        assert (tab[DryRunState.ready], dry_runs.times) == (True, 2)


async def test_what_another_page_was_looking_at_is_not_looked_at_after_a_lost_connection(
    people: People, engine: Engine
) -> None:
    integration = await engine.set_up()
    dry_runs = Held(container.current().dry_runs)
    install(dry_runs=dry_runs, previews=container.current().previews)
    session = await people.session(people.alice)
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        first = asyncio.create_task(tab.connect(session, f"/settings/integrations/{integration}/dry-run"))
        await dry_runs.begun(1)
        await tab.connect(session, f"/settings/integrations/{integration}/mapping")
        await asyncio.wait_for(asyncio.wait([first]), 10)
        await asyncio.wait_for(tab.reconnect(), 10)
        assert dry_runs.times == 1


async def test_who_may_only_look_starts_no_dry_run(people: People, engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(1)
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await people.session(people.bob), f"/settings/integrations/{integration}/dry-run")
        await tab.send(DryRunState.look)
        assert not tab[DryRunState.ready]
        assert tab[DryRunState.sendable] == []


async def test_the_preview_shows_the_newest_and_then_the_one_that_is_asked_for(
    people: People, engine: Engine
) -> None:
    integration = await engine.set_up()
    await engine.receive(3)
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await people.session(people.alice), f"/settings/integrations/{integration}/mapping")
        assert tab[PreviewState.record] == "EC-3"
        await tab.send(PreviewState.choose, form={"preview_record": " EC-1 "})
        assert tab[PreviewState.record] == "EC-1"
        assert [line["account"] for line in tab[PreviewState.postings]] == ["7140 Reise", "2910 Gjeld"]
        await tab.send(PreviewState.choose, form={"preview_record": "EC-404"})
        assert [error["field"] for error in tab[PreviewState.errors]] == ["preview_record"]
        assert tab[PreviewState.record] == "EC-1"


async def test_the_preview_shows_a_claim_to_nobody_who_may_not_see_people(
    people: People, engine: Engine
) -> None:
    integration = await engine.set_up()
    await engine.receive(1)
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await people.session(people.bob), f"/settings/integrations/{integration}/mapping")
        await tab.send(PreviewState.choose, form={"preview_record": "EC-1"})
        assert (tab[PreviewState.received], tab[PreviewState.payload]) == ([], "")
