"""The mapping page lists earlier versions, and goes back to one only where the mapping may be saved like that."""

import uuid
from typing import Any

import pytest

from integration_admin.adapters.base import Credentials, ReferenceData
from integration_admin.core.mapping import FieldMapping
from integration_admin.data.database import Database
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.mapping_versions import MappingVersions
from integration_admin.services.preview import Previews
from integration_admin.states.access import AccessMiddleware
from integration_admin.states.mapping import MappingState
from integration_admin.states.mapping_versions import MappingVersionsState
from integration_admin.states.preview import PreviewState
from tests.services.conftest import MAPPING, Engine
from tests.services.fake_adapter import ACCOUNTS
from tests.states.installing import install
from tests.states.people import People
from tests.states.tab import Tab, open_tab

PAGES = {
    "settings/integrations/[id]/mapping": [MappingState.load, PreviewState.load, MappingVersionsState.load]
}
OTHER = MAPPING | {"credit_account": FieldMapping(constant="6800")}


@pytest.fixture
def engine(alices_engine: Engine, sqlite_database: Database) -> Engine:
    install(
        mappings=alices_engine.mappings,
        mapping_versions=MappingVersions(sqlite_database, alices_engine.mappings),
        previews=Previews(
            sqlite_database, AdapterRegistry({"xledger": alices_engine.adapter}), alices_engine.clock
        ),
    )
    return alices_engine


async def changed(engine: Engine, times: int = 1) -> str:
    """Set an integration up and save another mapping; return its page's address."""
    integration = await engine.set_up()
    for _ in range(times):
        version = (await engine.configuration.get(engine.actor, integration)).version
        await engine.mappings.save(engine.actor, integration, version, OTHER, accept_warnings=True)
    return f"/settings/integrations/{integration}/mapping"


def integration_in(address: str) -> uuid.UUID:
    return uuid.UUID(address.split("/")[3])


def credited(tab: Tab) -> str:
    (row,) = [row for row in tab[MappingState.targets] if row["name"] == "credit_account"]
    return str(row["value"])


async def test_versions_are_listed_with_what_changed_and_more_when_asked(
    people: People, engine: Engine
) -> None:
    address = await changed(engine, times=7)
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await people.session(people.alice), address)
        listed = tab[MappingVersionsState.versions]
        assert [line["number"] for line in listed] == [8, 7, 6, 5, 4]
        assert [line["in_use"] for line in listed] == [True, False, False, False, False]
        assert tab[MappingVersionsState.older]
        await tab.send(MappingVersionsState.list_older)
        *_, second, first = tab[MappingVersionsState.versions]
        assert not tab[MappingVersionsState.older]
        assert len(second["changes"]) == 1
        assert "2910" in second["changes"][0]
        assert "Alice" in first["saved"]


async def test_restoring_fills_the_form_and_lists_the_new_version(people: People, engine: Engine) -> None:
    address = await changed(engine)
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await people.session(people.alice), address)
        assert credited(tab) == "6800"
        drawn = tab[MappingState.times_read]
        await tab.send(MappingState.restore, number=1, accept=False)
        assert credited(tab) == "2910"
        assert tab[MappingState.times_read] > drawn
        assert [line["number"] for line in tab[MappingVersionsState.versions]] == [3, 2, 1]
        assert len(tab[MappingVersionsState.told]) == 1
        await tab.send(MappingState.restore, number=2, accept=True)
        assert credited(tab) == "6800"


async def test_warnings_are_shown_first_and_accepted_by_a_second_press(
    people: People, engine: Engine
) -> None:
    address = await changed(engine)

    async def lists(_: Credentials) -> ReferenceData:
        return ReferenceData({"accounts": tuple(item for item in ACCOUNTS if item.code != "2910")})

    engine.adapter.reference_data = lists  # type: ignore[method-assign, assignment]  # this test's own far side
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await people.session(people.alice), address)
        await tab.send(MappingState.refresh)
        await tab.send(MappingState.restore, number=1, accept=False)
        assert credited(tab) == "6800"
        assert (tab[MappingVersionsState.asked], len(tab[MappingVersionsState.warnings])) == (1, 1)
        await tab.send(MappingState.restore, number=1, accept=True)
        assert credited(tab) == "2910"
        assert tab[MappingVersionsState.warnings] == []


@pytest.mark.parametrize("number", [77, 0, -1, 2**80])
async def test_what_is_no_version_is_refused_in_words(people: People, engine: Engine, number: Any) -> None:
    address = await changed(engine)
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await people.session(people.alice), address)
        await tab.send(MappingState.restore, number=number, accept=True)
        assert len(tab[MappingVersionsState.refusal]) == 1
        assert credited(tab) == "6800"


async def test_a_restore_over_a_colleagues_change_is_refused(people: People, engine: Engine) -> None:
    address = await changed(engine)
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await people.session(people.alice), address)
        integration = integration_in(address)
        version = (await engine.configuration.get(engine.actor, integration)).version
        await engine.configuration.save(engine.actor, integration, version, "Another name")
        await tab.send(MappingState.restore, number=1, accept=False)
        assert len(tab[MappingVersionsState.refusal]) == 1
        assert credited(tab) == "6800"


async def test_who_may_only_look_restores_nothing(people: People, engine: Engine) -> None:
    address = await changed(engine)
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await people.session(people.bob), address)
        await tab.send(MappingState.restore, number=1, accept=True)
    assert (await engine.mappings.editor(engine.actor, integration_in(address))).mapping == OTHER
