"""The product with the demo's data and a browser to look at it with. What is pictured is in the other files."""

import tempfile
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from integration_admin import demo
from integration_admin.bootstrap import Application
from integration_admin.commands.build import build_frontend
from integration_admin.core.actor import Actor
from integration_admin.core.secret import Secret
from tests.e2e import world
from tests.e2e.browser import FLAGS, find_browser
from tests.e2e.server import Server, running_server
from tests.e2e.world import Person

KARI = Person(demo.EMAIL, demo.ORGANISATION, demo.PASSWORD)
_SEED = 1


@dataclass(frozen=True, slots=True)
class Demonstration:
    """A running server, a browser, and the ids in the addresses of its pages."""

    server: Server
    browser: Browser
    ids: dict[str, str]


@asynccontextmanager
async def demonstration() -> AsyncIterator[Demonstration]:
    """Run the product and a simulated Xledger with the demo's data until the block ends."""
    build_frontend()
    with tempfile.TemporaryDirectory() as folder, running_server(Path(folder)) as server:
        ids = await _demonstrate(server)
        async with _opened_browser() as browser:
            yield Demonstration(server, browser, ids)


async def _demonstrate(server: Server) -> dict[str, str]:
    """Load the demo, set another integration half up, and return the ids of both and of the last export."""
    async with world.opened_office(server) as office, world.running_xledger(_SEED) as xledger:
        await demo.load(office, xledger.endpoint, Secret(xledger.token))
        actor = await office.services.organisations.actor_of(demo.ORGANISATION, demo.ADMINISTRATOR)
        connected = (await office.services.configuration.everything(actor))[0].id
        health = await office.services.health.of(actor, connected)
        draft = await _begun(office, actor, xledger)
        member = (await office.services.organisations.members(actor))[0].id
        await office.services.people.members.invite(actor, "Ola Nordmann", "ola@example.org", "coordinator")
        period = await world.compare_once(office, KARI, str(connected))
    run = health.last_run.id if health.last_run else ""
    return {
        "period": period,
        "id": str(connected),
        "run": str(run),
        "draft": str(draft),
        "member": str(member),
    }


async def _begun(office: Application, actor: Actor, xledger: world.Xledger) -> uuid.UUID:
    """Begin a set-up, as far as the schedule, and return its id."""
    services = office.services
    draft = await services.configuration.begin(actor, "xledger")
    typed = {"environment": "custom", "endpoint": xledger.endpoint, "token": xledger.token}
    version = await services.credentials.store(actor, draft, 1, typed)
    await services.credentials.test(actor, draft)
    await services.mappings.refresh(actor, draft)
    await services.mappings.save(actor, draft, version, demo.demo_mapping(), accept_warnings=True)
    return draft


@asynccontextmanager
async def _opened_browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        program = find_browser(Path(playwright.chromium.executable_path))
        opened = await playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield opened
        await opened.close()
