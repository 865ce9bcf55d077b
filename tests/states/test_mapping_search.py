"""A search for codes that fails says so, leaves what is typed alone, and is over with the next that succeeds."""

from types import SimpleNamespace
from typing import Any, cast

from integration_admin.core.actor import Actor
from integration_admin.core.errors import DatabaseBusy
from integration_admin.core.statuses import Role
from integration_admin.data.database import Database
from integration_admin.data.failures import TOO_LONG
from integration_admin.services import container
from integration_admin.states.access import AccessMiddleware
from integration_admin.states.mapping import MappingState
from tests.services.fake_adapter import FakeAdapter
from tests.states.people import People
from tests.states.tab import open_tab

PAGES = {"settings/integrations/[id]/mapping": [MappingState.load]}


class BusyNow:
    """The mappings in a moment in which the database has no time."""

    def __init__(self, mappings: Any) -> None:
        self._mappings = mappings
        self.busy = False

    def __getattr__(self, name: str) -> Any:
        if name == "search" and self.busy:
            raise DatabaseBusy(TOO_LONG)
        return getattr(self._mappings, name)


async def test_a_search_the_database_has_no_time_for_is_told(
    people: People, sqlite_database: Database, new_engine: Any
) -> None:
    actor = Actor(people.alice.organisation_id, "Alice", Role.ADMINISTRATOR)
    engine = new_engine(sqlite_database, FakeAdapter(), actor)
    integration, mappings = await engine.set_up(), BusyNow(engine.mappings)
    services = SimpleNamespace(sign_in=container.current().sign_in, mappings=mappings)
    container.install(cast("Any", services))
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        session = await people.session(people.alice)
        await tab.connect(session, f"/settings/integrations/{integration}/mapping")
        await tab.send(MappingState.search, list_name="accounts", words="71")
        assert tab[MappingState.offered]

        mappings.busy = True
        await tab.send(MappingState.search, list_name="accounts", words="68")
        assert (tab[MappingState.offered], tab[MappingState.refusal]) == ([], TOO_LONG.translate("nn"))
        assert tab[MappingState.targets]

        mappings.busy = False
        await tab.send(MappingState.search, list_name="accounts", words="68")
        assert tab[MappingState.offered][0][0] == "6800"
        assert tab[MappingState.refusal] == ""
