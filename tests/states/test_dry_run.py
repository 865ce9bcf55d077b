"""The dry run and the preview in a tab: counts and lines arrive, and only those who may export see them."""

import pytest

from integration_admin.data.database import Database
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
