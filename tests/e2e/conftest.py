"""One build, one production server and one browser for all tests of this folder; a fresh page for each.

Tests are `async def` and share one event loop, because the browser lives in it.
"""

from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright, expect

from integration_admin.bootstrap import Application
from integration_admin.commands.build import build_frontend
from tests.e2e.browser import FLAGS, find_browser
from tests.e2e.inhabited import Inhabited, inhabited
from tests.e2e.server import EMAIL, PASSWORD, Server, running_server
from tests.e2e.walk import Walk, walk_on_a_desktop, walk_on_a_phone
from tests.e2e.world import Xledger, opened_office, running_xledger

expect.set_options(timeout=30_000)
"""Milliseconds; only what fails waits that long, and a busy machine is no failure."""

HERE = Path(__file__).parent
_SEEDS = count(1000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder as one that drives the browser, in the browser's event loop."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The production server with one organisation and its administrator."""
    build_frontend()
    with running_server(tmp_path_factory.mktemp("instance"), TRUSTED_PROXIES="1") as started:
        yield started


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """A real Chromium without a window."""
    async with async_playwright() as playwright:
        program = find_browser(Path(playwright.chromium.executable_path))
        started = await playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield started
        await started.close()


@pytest_asyncio.fixture(loop_scope="session")
async def context(browser: Browser, server: Server) -> AsyncIterator[BrowserContext]:
    """A browser profile nobody has used, on a Norwegian machine; addresses may leave out the server."""
    async with await browser.new_context(base_url=server.url, locale="nb-NO") as fresh:
        yield fresh


@pytest_asyncio.fixture(loop_scope="session")
async def page(context: BrowserContext) -> AsyncIterator[Page]:
    """An open tab; the test fails if a page throws, or writes an error to the console, in it."""
    errors: list[str] = []
    opened = await context.new_page()
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("console", lambda message: errors.extend(_error_of(message)))
    yield opened
    assert errors == []


@pytest_asyncio.fixture(loop_scope="session")
async def signed_in_page(context: BrowserContext, server: Server, page: Page) -> Page:
    """A tab in which the administrator has signed in."""
    form = {"email": EMAIL, "password": PASSWORD, "next": "/settings/integrations"}
    answer = await context.request.post(
        "/auth/sign-in", form=form, headers={"Origin": server.url}, max_redirects=0
    )
    assert answer.headers["location"] == "/settings/integrations"
    return page


def _error_of(message: ConsoleMessage) -> list[str]:
    """Return an error's text; the browser's own line about a 404 status is none of ours."""
    if message.type != "error" or "status of 404" in message.text:
        return []
    return [message.text]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def office(server: Server) -> AsyncIterator[Application]:
    """The product's services on the server's database, for what is not a test's own matter."""
    async with opened_office(server) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def xledger() -> AsyncIterator[Xledger]:
    """A simulated Xledger nobody has booked in; its demo tokens are those of no other test."""
    async with running_xledger(seed=next(_SEEDS)) as started:
        yield started


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def made(office: Application) -> AsyncIterator[Inhabited]:
    """An organisation in which every page has something to show; tests of it only look."""
    async with inhabited(office) as lived_in:
        yield lived_in


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def desktop_walk(browser: Browser, server: Server, made: Inhabited) -> Walk:
    """What was noted on a walk past every page on a desktop, in bokmål; each page is opened once."""
    return await walk_on_a_desktop(browser, server, made)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def phone_walk(browser: Browser, server: Server, made: Inhabited) -> Walk:
    """What was noted on a walk past every page on a phone, in English; each page is opened once."""
    return await walk_on_a_phone(browser, server, made)
