"""axe-core objects to nothing: on every page, in the states people meet there, in each size, theme and language."""

import re
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Literal

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from integration_admin import pages
from integration_admin.bootstrap import Application
from tests.e2e import road, world
from tests.e2e.road import DASHBOARD, Device
from tests.e2e.server import Server
from tests.e2e.test_pages import PAGES
from tests.e2e.world import Person
from tests.services.waiting import save_undecided

Theme = Literal["light", "dark"]

THEMES: tuple[Theme, ...] = ("light", "dark")
LANGUAGES = {"nb": "Bokmål", "nn": "Nynorsk", "en": "English"}
OPTIONS: dict[Theme, dict[str, Any]] = {
    "light": {
        "resultTypes": ["violations"],
        # Targets of 24 pixels are in WCAG 2.2 AA, but axe asks for them only when told to.
        "rules": {"target-size": {"enabled": True}},
    },
    # A theme changes colours and nothing else.
    "dark": {"resultTypes": ["violations"], "runOnly": ["color-contrast", "link-in-text-block"]},
}
_COLOURS_ARE_THERE = """async () => {
  const painted = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  await painted();
  while (document.getAnimations().some((one) => one.playState === "running")) await painted();
}"""
_SEEDS = count(900)
_ROUTE = re.compile(r'@ui\.page\(\s*"(/settings/integrations[^"]*)"')


@dataclass(frozen=True, slots=True)
class Office:
    """Who signs in, and what the addresses of `PAGES` are filled in with."""

    person: Person
    newcomer: Person
    ids: dict[str, str]


@dataclass(slots=True)
class Inspector:
    """Looks at a tab with axe and keeps what it objects to."""

    page: Page
    found: list[str] = field(default_factory=list)

    async def look(self, what: str) -> None:
        """Inspect the page as it is, with everything unfolded that folds."""
        await settled(self.page)
        await self.page.evaluate(
            "document.querySelectorAll('main details').forEach((one) => { one.open = true; })"
        )
        for theme in THEMES:
            await show_in(self.page, theme)
            results = await Axe().run(self.page, options=OPTIONS[theme])
            self.found.extend(f"{what}, {theme}: {line}" for line in _lines(results.response))

    async def open_anew(self, path: str) -> None:
        """Open a page in a new tab, where nothing is left that would be drawn anew while somebody types."""
        before, self.page = self.page, await self.page.context.new_page()
        await before.close()
        await self.page.goto(path)
        await settled(self.page)

    async def visit(self, path: str) -> None:
        """Open a page and inspect it."""
        await self.page.goto(path)
        await self.look(path)


def _lines(response: dict[str, Any]) -> list[str]:
    return [
        f"{rule['id']} ({rule['impact']}) at {node['target']}: {rule['help']}\n    {node['html'][:160]}"
        for rule in response["violations"]
        for node in rule["nodes"]
    ]


async def show_in(page: Page, theme: Theme) -> None:
    """Draw a page in a theme, and wait until no colour is on its way to another."""
    await page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    await page.evaluate(_COLOURS_ARE_THERE)


async def settled(page: Page) -> None:
    """Wait until a page has drawn what it reads from the server."""
    await page.get_by_role("heading", level=1).wait_for()
    await expect(page.locator("main [aria-busy=true]")).to_have_count(0)
    await expect(page.locator("main svg.ds-spinner")).to_have_count(0)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def made(office: Application) -> AsyncIterator[Office]:
    """An organisation with an integration that exports, one that has stopped and two half set up, and an empty one."""
    async with AsyncExitStack() as stack:
        good, bad = [
            await stack.enter_async_context(world.running_xledger(seed=next(_SEEDS))) for _ in range(2)
        ]
        person = await world.new_administrator(office)
        await world.receive(office, person, world.claims_of("EC", 3))
        actor = await office.services.organisations.actor_of(person.organisation)
        active = await world.connect(office, person, good)
        stopped = await world.connect(office, person, bad, name="Gammelt regnskap")
        draft = await world.begin(office, person, good)
        rest = await office.services.configuration.begin(actor, "generic_rest")
        await good.change("accounts/7350", open=False)
        run = await world.export_once(office, person, active)
        await bad.change("tokens/full/expire")
        await world.export_once(office, person, stopped)
        await save_undecided(office.database, actor.organisation_id, uuid.UUID(active), "EC-901", "EC-902")
        ids = {"id": active, "stopped": stopped, "draft": draft, "rest": str(rest), "run": run}
        yield Office(person, await world.new_administrator(office), ids)


@pytest.mark.parametrize(("device", "language", "other"), [("desktop", "nb", "nn"), ("phone", "en", "nb")])
async def test_axe_objects_to_nothing(
    browser: Browser, server: Server, made: Office, device: Device, language: str, other: str
) -> None:
    async with road.opened_context(browser, server, device) as context:
        inspector = Inspector(await context.new_page())
        await inspect_sign_in(inspector, language)
        await road.sign_in(inspector.page, made.person)
        await road.read_in(inspector.page, LANGUAGES[language])
        await inspect_pages(inspector, made)
        await inspect_states(inspector, made)
        await road.read_in(inspector.page, LANGUAGES[other])
        await inspector.visit(DASHBOARD)
        await inspector.visit(f"{DASHBOARD}/{made.ids['id']}/mapping")
        await context.clear_cookies()
        await road.sign_in(inspector.page, made.newcomer)
        await inspector.look("an empty dashboard")
    assert inspector.found == [], "\n" + "\n".join(inspector.found)


async def inspect_sign_in(inspector: Inspector, language: str) -> None:
    """Look at the sign-in page before and after a refusal, and at an address that leads nowhere."""
    page = inspector.page
    await inspector.visit("/nowhere")
    await page.goto("/sign-in")
    await road.read_in(page, LANGUAGES[language])
    await inspector.look("signing in")
    await road.type_sign_in(page, f"{uuid.uuid4().hex}@example.org", "a wrong password")
    await expect(page.get_by_role("alert").first).to_be_visible()
    await inspector.look("signing in, refused")


async def inspect_pages(inspector: Inspector, made: Office) -> None:
    """Look at every page as it is opened."""
    for path in PAGES:
        await inspector.visit(DASHBOARD + path.format(**made.ids))
    await inspector.visit(f"{DASHBOARD}/{made.ids['stopped']}")
    await inspector.visit(f"{DASHBOARD}/{made.ids['stopped']}/credentials")
    await inspector.visit(f"{DASHBOARD}/new?id={made.ids['rest']}&step=credentials")


async def inspect_states(inspector: Inspector, made: Office) -> None:
    """Look at refused forms, warnings and open questions."""
    address = f"{DASHBOARD}/{made.ids['id']}"
    await inspector.open_anew(f"{DASHBOARD}/new?id={made.ids['draft']}&step=credentials")
    await inspector.page.locator("#endpoint").fill("not an address")
    await inspector.page.locator("main button[type=submit]").last.click()
    await expect(inspector.page.locator("#error-summary")).to_be_visible()
    await inspector.look("credentials, refused")
    await inspector.open_anew(f"{address}/mapping")
    account = road.account_of(inspector.page, "meals")
    await account.fill("9999")
    await account.press("Enter")
    refused = inspector.page.locator("#error-summary, main [name=accept_warnings]")
    await expect(refused.first).to_be_visible()
    await inspector.look("mapping, with a code that does not exist")
    await open_question(inspector, f"{address}/credentials", "#remove-secrets")
    await inspector.look("credentials, asked whether to remove them")
    await open_question(inspector, address, "article dialog")
    await inspector.look("asked whether to send again")
    await inspector.open_anew(f"{address}/schedule")
    await inspector.page.locator("#kind").select_option("weekly")
    await expect(inspector.page.locator("#day")).to_be_visible()
    await inspector.look("schedule, once a week")


async def open_question(inspector: Inspector, path: str, dialog: str) -> None:
    """Open a page and the first of its dialogs that the selector finds."""
    await inspector.open_anew(path)
    found = inspector.page.locator(dialog).first
    name = await found.get_attribute("id")
    await inspector.page.locator(f"[commandfor='{name}'][command=show-modal]").click()
    await expect(found).to_be_visible()


async def test_every_page_is_among_those_inspected() -> None:
    sources = Path(pages.__file__).parent.glob("*.py")
    routes = {route for source in sources for route in _ROUTE.findall(source.read_text())}
    walked = {DASHBOARD + path.split("?")[0].replace("{", "[").replace("}", "]") for path in PAGES}
    assert routes - walked == set()
