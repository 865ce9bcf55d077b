"""What is left out, in a tab: it is shown and saved for those who may configure, and refused to all others."""

import pytest

from integration_admin.data.database import Database
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.excluded_data import ExcludedData
from integration_admin.services.preview import Previews
from integration_admin.states.access import AccessMiddleware
from integration_admin.states.excluded_data import ExcludedDataState
from tests.services.conftest import Engine
from tests.states.installing import install
from tests.states.people import People
from tests.states.tab import open_tab

PAGES = {"settings/integrations/[id]/excluded-data": [ExcludedDataState.load]}


@pytest.fixture
def engine(alices_engine: Engine, sqlite_database: Database) -> Engine:
    adapters = AdapterRegistry({"xledger": alices_engine.adapter})
    install(
        excluded_data=ExcludedData(sqlite_database, adapters, alices_engine.clock),
        previews=Previews(sqlite_database, adapters, alices_engine.clock),
    )
    return alices_engine


async def test_what_is_ticked_is_left_out_and_told(people: People, engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(2)
    address = f"/settings/integrations/{integration}/excluded-data"
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await people.session(people.alice), address)
        assert [line["name"] for line in tab[ExcludedDataState.texts]] == ["purpose", "line.description"]
        await tab.send(ExcludedDataState.save, form={"line.description": "on", "password": "on"})
        assert tab[ExcludedDataState.refusal] == ""
        assert len(tab[ExcludedDataState.saved]) == 2
        assert [line["left_out"] for line in tab[ExcludedDataState.texts]] == [False, True]
    async with engine.database.read(engine.actor.organisation_id) as unit:
        assert await unit.integrations.exclusions(integration) == {"line.description"}


async def test_who_may_only_look_changes_nothing(people: People, engine: Engine) -> None:
    integration = await engine.set_up()
    address = f"/settings/integrations/{integration}/excluded-data"
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await people.session(people.bob), address)
        await tab.send(ExcludedDataState.save, form={"purpose": "on"})
        assert not tab[ExcludedDataState.ready]
        assert tab[ExcludedDataState.saved] == []
    async with engine.database.read(engine.actor.organisation_id) as unit:
        assert await unit.integrations.exclusions(integration) == frozenset()
