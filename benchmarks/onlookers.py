"""People of the demo organisation who have their dashboard open, each over a websocket. What is measured stands elsewhere."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import httpx2

from integration_admin import demo
from integration_admin.bootstrap import Application
from integration_admin.core.statuses import Role
from tests.e2e import world
from tests.e2e.road import DASHBOARD
from tests.e2e.server import Server
from tests.e2e.world import Person
from tests.scale_out.web import Tab

CARDS: Final = "integration_admin___states___dashboard____dashboard_state.cards"
"""What a tab shows once the dashboard was read."""
LOAD: Final = "reflex___state____state.integration_admin___states___dashboard____dashboard_state.load"
"""The event that reads the dashboard again."""


@asynccontextmanager
async def onlooker(server: Server, office: Application, number: int) -> AsyncIterator[Tab]:
    """Make one more coordinator, and have their tab open with the dashboard in it."""
    person = await world.new_colleague(office, Person(demo.EMAIL, demo.ORGANISATION), Role.COORDINATOR)
    tab = Tab(f"tab-{number}", await _signed_in(server, person), server.url)
    await tab.connect(server.url)
    try:
        await tab.until(lambda: tab.vars.get(CARDS))
        yield tab
    finally:
        await tab.close()


async def _signed_in(server: Server, person: Person) -> str:
    """Sign somebody in and return the cookie."""
    form = {"email": person.email, "password": person.password, "next": DASHBOARD}
    async with httpx2.AsyncClient() as client:
        answer = await client.post(f"{server.url}/auth/sign-in", data=form, headers={"Origin": server.url})
    return answer.headers["set-cookie"].split(";", 1)[0]
