"""The trail of a page below an integration names it, names no other organisation's, and looks at nothing else."""

import uuid

import pytest

from integration_admin.states.access import AccessMiddleware
from integration_admin.states.trail import TrailState
from tests.services.conftest import Engine
from tests.states.installing import install
from tests.states.people import People
from tests.states.tab import open_tab

PAGES = {"settings/integrations/[id]/mapping": [TrailState.load]}


@pytest.fixture
def engine(alices_engine: Engine) -> Engine:
    # Whatever else of an integration were read here would be missed.
    install(configuration=alices_engine.configuration)
    return alices_engine


async def test_the_trail_names_the_integration_of_the_address(people: People, engine: Engine) -> None:
    integration = await engine.set_up()
    view = await engine.configuration.get(engine.actor, integration)
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await people.session(people.alice), f"/settings/integrations/{integration}/mapping")
        assert (tab[TrailState.integration_id], tab[TrailState.name]) == (str(integration), view.name)
        assert view.name


async def test_what_was_named_before_is_gone_where_there_is_none(people: People, engine: Engine) -> None:
    integration = await engine.set_up()
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await people.session(people.alice), f"/settings/integrations/{integration}/mapping")
        tab.address = f"/settings/integrations/{uuid.uuid4()}/mapping"
        await tab.send(TrailState.load)
        assert (tab[TrailState.integration_id], tab[TrailState.name]) == ("", "")


@pytest.mark.usefixtures("engine")
async def test_an_address_that_names_nothing_leads_to_the_page_that_says_so(people: People) -> None:
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await people.session(people.alice), "/settings/integrations/nothing/mapping")
        assert tab.redirects == ["/404"]
