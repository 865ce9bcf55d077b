"""What is left out, in a tab: it is shown and saved for those who may configure, and refused to all others."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from integration_admin.core.actor import Actor
from integration_admin.core.statuses import Role
from integration_admin.data.database import Database
from integration_admin.services import container
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.excluded_data import ExcludedData
from integration_admin.services.preview import Previews
from integration_admin.states.access import AccessMiddleware
from integration_admin.states.excluded_data import ExcludedDataState
from tests.services.conftest import Engine
from tests.services.conftest import new_engine as new_engine  # noqa: PLC0414, a fixture of another folder
from tests.services.fake_adapter import FakeAdapter
from tests.states.people import People
from tests.states.tab import open_tab

PAGES = {"settings/integrations/[id]/excluded-data": [ExcludedDataState.load]}


@pytest.fixture
def engine(people: People, sqlite_database: Database, new_engine: Any) -> Engine:
    actor = Actor(people.alice.organisation_id, "Alice", Role.ADMINISTRATOR)
    made: Engine = new_engine(sqlite_database, FakeAdapter(), actor)
    adapters = AdapterRegistry({"xledger": made.adapter})
    services = SimpleNamespace(
        sign_in=container.current().sign_in,
        excluded_data=ExcludedData(sqlite_database, adapters, made.clock),
        previews=Previews(sqlite_database, adapters, made.clock),
    )
    container.install(cast("Any", services))
    return made


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
