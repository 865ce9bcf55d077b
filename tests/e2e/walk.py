"""Opens every page once and notes all there is to note there: what axe objects to, what sticks out, how it reads by ear.

The tests of axe, of narrow screens and of screen readers each look at their part of the notes.
"""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from tests.e2e import road
from tests.e2e.inhabited import Inhabited
from tests.e2e.loads import Loads
from tests.e2e.narrow import SCREENS, overflow, resize, torn_words
from tests.e2e.road import DASHBOARD, Device
from tests.e2e.server import Server
from tests.e2e.wishes import moving, told_by_colour_alone
from tests.e2e.words import Language, read_in
from tests.e2e.world import Person

Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")

PAGES = {
    "": "External integrations",
    "/new": "Step 1 of 5: set up an integration",
    "/new?id={draft}&step=credentials": "Step 2 of 5: set up an integration",
    "/new?id={draft}&step=mapping": "Step 3 of 5: set up an integration",
    "/new?id={draft}&step=schedule": "Step 4 of 5: set up an integration",
    "/new?id={draft}&step=review": "Step 5 of 5: set up an integration",
    "/{id}": "Integration: Regnskapet",
    "/{id}/credentials": "Credentials",
    "/{id}/mapping": "Field mapping",
    "/{id}/schedule": "Schedule",
    "/{id}/excluded-data": "What is left out",
    "/{id}/dry-run": "Try without sending",
    "/{id}/failures": "Failures",
    "/{id}/history": "Export history",
    "/{id}/runs/{run}": "One export",
}
"""Addresses below the dashboard's, and the titles there in English."""
ELSEWHERE = {
    "/settings/integrations/[id]/reconciliation": "/settings/integrations/{id}/reconciliation",
    "/settings/integrations/[id]/reconciliation/[period]": "/settings/integrations/{id}/reconciliation/{period}",
    "/records": "/records",
    "/records/[record_kind]/[id]": "/records/expense_claim/EC-001",
    "/settings/organisation": "/settings/organisation",
    "/settings/organisation/members/[member]": "/settings/organisation/members/{member}",
    "/settings/organisation/notices": "/settings/organisation/notices",
    "/settings/organisation/api-tokens": "/settings/organisation/api-tokens",
    "/settings/audit-log": "/settings/audit-log",
}
"""Pages that are not about one integration, by route, and an address of each."""

SERVED = ("/settings/sign-in/sessions", "/settings/sign-in/password")
"""Pages of one's own that the server writes; nothing of theirs is loaded afterwards."""
SERVED_TO_GUESTS = ("/forgotten-password", "/link")

_RULES: dict[Theme, dict[str, Any]] = {
    "light": {
        "resultTypes": ["violations"],
        # Targets of 24 pixels are in WCAG 2.2 AA, but axe asks for them only when told to.
        "rules": {"target-size": {"enabled": True}},
    },
    # A theme changes colours and nothing else.
    "dark": {"resultTypes": ["violations"], "runOnly": ["color-contrast", "link-in-text-block"]},
}
_AXE = Axe()
_RUN_AXE = "(options) => axe.run(document, options).then((found) => ({ violations: found.violations }))"
_WITHOUT_TRANSITIONS = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("*, *::before, *::after { transition: none !important; animation: none !important; }");
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}"""
"""A colour on its way to another would be taken for the one that is meant."""
_COLOURS_ARE_THERE = """async () => {
  const painted = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  await painted();
  while (document.getAnimations().some((one) => one.playState === "running")) await painted();
}"""
_UNFOLD = "document.querySelectorAll('main details').forEach((one) => { one.open = true; })"
_WHOLE = """() => ({
  lang: document.documentElement.lang,
  first: document.querySelector("a, button, input, select").innerText,
  levels: [...document.querySelectorAll("h1, h2, h3, h4")].filter((one) => one.checkVisibility())
    .map((one) => +one.localName[1]),
  actions: [...document.querySelectorAll("main button")].filter((one) => one.checkVisibility())
    .map((one) => one.ariaLabel ?? one.innerText),
  links: [...document.querySelectorAll("main a[href]")].filter((one) => one.checkVisibility())
    .map((one) => [one.ariaLabel ?? one.innerText, one.href]),
})"""
_SKIP_LINK = {"nb": "Hopp til innhold", "nn": "Hopp til innhald", "en": "Skip to content"}


@dataclass(slots=True)
class Walk:
    """One walk in a browser of one size and language, and what was noted on it."""

    page: Page
    language: Language
    objections: list[str] = field(default_factory=list)
    """What axe objects to, and where."""
    sticking_out: dict[str, list[str]] = field(default_factory=dict)
    """What does not fit or is torn, by page, width and size of text."""
    unlike: list[str] = field(default_factory=list)
    """What a page should have and has not."""
    moving: list[str] = field(default_factory=list)
    """What moves although stillness is asked for."""
    told_by_colour: list[str] = field(default_factory=list)
    """What cannot be told from the rest in colours of the reader's own."""
    heard: dict[str, str] = field(default_factory=dict)
    """The accessibility tree of each page's main part, as a screen reader gets it when the page is opened."""
    themes: list[Theme] = field(default_factory=lambda: list(THEMES))

    async def visit(self, path: str, title: str = "") -> None:
        """Open a page, below the dashboard's address or elsewhere, and note everything about it."""
        name = path or "the dashboard"
        await self._open(path if path.startswith(("/records", "/settings")) else DASHBOARD + path)
        if title:
            await expect(self.page).to_have_title(f"{title} | Integration Admin")
        self.heard[path] = await self.page.locator("main").aria_snapshot()
        self.unlike.extend(f"{name}: {what}" for what in await self._missing())
        if self.language == "nb":
            await self._ask_for_more(name)
        await self.look(name)

    async def visit_served(self, path: str) -> None:
        """Open a page the server writes, and note what axe objects to and what sticks out."""
        await self.page.goto(path)
        self.unlike.extend(f"{path}: {what}" for what in await self._missing())
        await self.look(path)
        if self.language == "nb":
            await self.make_narrow(path)

    async def _ask_for_more(self, name: str) -> None:
        """Note what moves, and what is lost in the reader's own colours; unfolds what folds."""
        await self.page.evaluate(_UNFOLD)
        self.moving.extend(f"{name}: {what}" for what in await moving(self.page))
        self.told_by_colour.extend(f"{name}: {what}" for what in await told_by_colour_alone(self.page))

    async def look(self, what: str) -> None:
        """Note what axe objects to in the page as it is, with everything unfolded that folds."""
        await settled(self.page)
        await self.page.evaluate(_UNFOLD)
        await self.page.evaluate(_WITHOUT_TRANSITIONS)
        await self.page.evaluate(_AXE.axe_script)
        # The theme is changed once a page: the first one is that of the page before.
        for theme in self.themes:
            await self.page.emulate_media(color_scheme=theme)
            found = await self.page.evaluate(_RUN_AXE, _RULES[theme])
            self.objections.extend(f"{what}, {theme}: {line}" for line in _lines(found))
        self.themes.reverse()

    async def make_narrow(self, name: str) -> None:
        """Note what sticks out or is torn on narrow screens and with large text; leaves the page in its usual size."""
        usual = self.page.viewport_size
        assert usual is not None
        for width, size in SCREENS:
            await resize(self.page, width, size)
            if found := [*await overflow(self.page), *await torn_words(self.page)]:
                self.sticking_out[f"{name} at {width} with text of {size} %"] = found
        await self.page.evaluate("document.documentElement.style.fontSize = ''")
        await self.page.set_viewport_size(usual)

    async def open_anew(self, path: str) -> None:
        """Open a page in a new tab, where nothing is left that would be drawn anew while somebody types."""
        before, self.page = self.page, await self.page.context.new_page()
        await before.close()
        await self._open(path)

    async def _open(self, address: str) -> None:
        """Open a page and wait until it shows what the server has read, not what the tab showed before."""
        loads = Loads(self.page)
        await self.page.goto(address)
        await loads.next()
        await settled(self.page)

    async def _missing(self) -> list[str]:
        """Return what the page should have and has not."""
        found = await self.page.evaluate(_WHOLE)
        steps = zip(found["levels"], found["levels"][1:], strict=False)
        good = {
            "one h1": found["levels"].count(1) == 1,
            "its language": found["lang"] == self.language,
            "the skip link first": found["first"] == _SKIP_LINK[self.language],
            "every level of heading": all(after <= before + 1 for before, after in steps),
            "buttons told apart": len(found["actions"]) == len(set(found["actions"])),
            "links told apart": _of_one_name(found["links"]) == [],
            "room": not await overflow(self.page),
        }
        return [what for what, holds in good.items() if not holds]


def _of_one_name(links: list[tuple[str, str]]) -> list[str]:
    """Return the words of links that lead to different places and sound the same."""
    places: dict[str, set[str]] = {}
    for name, address in links:
        places.setdefault(name, set()).add(address)
    return [name for name, addresses in places.items() if len(addresses) > 1]


def _lines(found: dict[str, Any]) -> list[str]:
    return [
        f"{rule['id']} ({rule['impact']}) at {node['target']}: {rule['help']}\n    {node['html'][:160]}"
        for rule in found["violations"]
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


async def walk_on_a_desktop(browser: Browser, server: Server, made: Inhabited) -> Walk:
    """Walk in bokmål, make each page narrow too, and end with the longest form in nynorsk."""
    async with _begun(browser, server, "desktop", "nb") as walk:
        await _everywhere(walk, made, made.person)
        await read_in(walk.page, "nn")
        await walk.open_anew(f"{DASHBOARD}/{made.ids['id']}/mapping")
        await walk.look("the mapping in nynorsk")
    return walk


async def walk_on_a_phone(browser: Browser, server: Server, made: Inhabited) -> Walk:
    """Walk in English, and end where there is nothing yet."""
    async with _begun(browser, server, "phone", "en") as walk:
        await _everywhere(walk, made, made.colleague)
        await walk.page.context.clear_cookies()
        await road.sign_in(walk.page, made.newcomer)
        await walk.look("an empty dashboard")
    return walk


async def walk_in(
    browser: Browser, server: Server, made: Inhabited, device: Device, language: Language
) -> Walk:
    """Walk past every page and state in any size and language."""
    async with _begun(browser, server, device, language) as walk:
        await _everywhere(walk, made, made.person)
    return walk


@asynccontextmanager
async def _begun(browser: Browser, server: Server, device: Device, language: Language) -> AsyncIterator[Walk]:
    async with await browser.new_context(
        base_url=server.url, viewport=road.SIZES[device], locale="en-GB", reduced_motion="reduce"
    ) as context:
        walk = Walk(await context.new_page(), language)
        await _sign_in(walk)
        yield walk


async def _sign_in(walk: Walk) -> None:
    """Look at the sign-in page before and after a refusal, and at an address that leads nowhere."""
    page = walk.page
    await page.goto("/nowhere")
    await walk.look("an address that leads nowhere")
    await page.goto("/sign-in")
    await read_in(page, walk.language)
    await walk.look("signing in")
    await road.type_sign_in(page, f"{uuid.uuid4().hex}@example.org", "a wrong password")
    await expect(page.get_by_role("alert").first).to_be_visible()
    await walk.look("signing in, refused")
    for path in SERVED_TO_GUESTS:
        await walk.visit_served(path)


async def _everywhere(walk: Walk, made: Inhabited, person: Person) -> None:
    await road.sign_in(walk.page, person, walk.language)
    await _pages(walk, made)
    await _states(walk, made)


async def _pages(walk: Walk, made: Inhabited) -> None:
    """Look at every page as it is opened and, in the language with the longer words, at how narrow it gets."""
    for path, title in PAGES.items():
        await walk.visit(path.format(**made.ids), title if walk.language == "en" else "")
        if walk.language == "nb":
            await walk.make_narrow(path or "the dashboard")
    for path in (address.format(**made.ids) for address in ELSEWHERE.values()):
        await walk.visit(path)
        if walk.language == "nb":
            await walk.make_narrow(path)
    for path in SERVED:
        await walk.visit_served(path)
    for path in ("/{stopped}", "/{stopped}/credentials", "/new?id={rest}&step=credentials"):
        await walk.visit(path.format(**made.ids))


async def _states(walk: Walk, made: Inhabited) -> None:
    """Look at refused forms, warnings and open questions."""
    address = f"{DASHBOARD}/{made.ids['id']}"
    await walk.open_anew(f"{DASHBOARD}/new?id={made.ids['draft']}&step=credentials")
    await walk.page.locator("#endpoint").fill("not an address")
    await walk.page.locator("main button[type=submit]").last.click()
    await expect(walk.page.locator("#error-summary")).to_be_visible()
    await walk.look("credentials, refused")
    await walk.open_anew(f"{address}/mapping")
    account = road.account_of(walk.page, "meals")
    await account.fill("9999")
    await account.press("Enter")
    refused = walk.page.locator("#error-summary, main [name=accept_warnings]")
    await expect(refused.first).to_be_visible()
    await walk.look("mapping, with a code that does not exist")
    await _open_question(walk, f"{address}/credentials", "#remove-secrets")
    await walk.look("credentials, asked whether to remove them")
    await _open_question(walk, address, "article dialog")
    await walk.look("asked whether to send again")
    await walk.open_anew(f"{address}/schedule")
    await walk.page.locator("#kind").select_option("weekly")
    await expect(walk.page.locator("#day")).to_be_visible()
    await walk.look("schedule, once a week")


async def _open_question(walk: Walk, path: str, dialog: str) -> None:
    """Open a page and the first of its dialogs that the selector finds."""
    await walk.open_anew(path)
    found = walk.page.locator(dialog).first
    name = await found.get_attribute("id")
    await walk.page.locator(f"[commandfor='{name}'][command=show-modal]").click()
    await expect(found).to_be_visible()
