"""Everybody's own sign-in in a real browser: passkeys with a device made by the browser, and the pages written on the server.

The edge is served here, under a name: browsers make no passkeys for a number such as 127.0.0.1.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, expect
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from integration_admin.api.app import BUILT_SITE, edge
from integration_admin.bootstrap import assemble
from integration_admin.commands.build import build_frontend
from integration_admin.core.secret import Secret
from integration_admin.core.settings import Settings
from integration_admin.data.migrations import upgrade
from integration_admin.services import container
from tests import canary
from tests.api.serving import serving
from tests.e2e.road import SIZES, listen_for_errors
from tests.e2e.walk import Walk
from tests.ports import free_port

EMAIL, PASSWORD = "alice@example.org", canary.secret("alice")
OWN = "/settings/sign-in"
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest_asyncio.fixture(loop_scope="session")
async def address(tmp_path: Path) -> AsyncIterator[str]:
    """The edge at a name of this machine, with Alice who may sign in."""
    build_frontend()
    port = free_port()
    settings = Settings(
        instance_dir=tmp_path, public_url=f"http://localhost:{port}", outbound_allow=("localhost:9",)
    )
    upgrade(settings.database)
    application = assemble(settings)
    container.install(application.services)
    await application.keys.init_key("test")
    await application.keys.run()
    await application.services.organisations.create_administrator(
        "Forbundet", None, EMAIL, Secret(PASSWORD), "Alice"
    )
    async with serving(_with_files(settings), port):
        yield settings.public_url
    await application.close()


async def _ready() -> None:
    """Nothing has to be waited for."""


def _with_files(settings: Settings) -> ASGIApp:
    """Put the edge before the files of the build, as Reflex does."""
    api, *wrappers = edge(settings, _ready, BUILT_SITE, knows=lambda _: True)
    api.mount("/", StaticFiles(directory=BUILT_SITE))
    app: ASGIApp = api
    for wrap in wrappers:
        app = wrap(app)
    return app


async def test_a_passkey_made_in_the_browser_signs_in_without_a_password(
    browser: Browser, address: str
) -> None:
    async with await browser.new_context(
        base_url=address, viewport=SIZES["desktop"], locale="en-GB"
    ) as context:
        page = await signed_in(context, address)
        errors = listen_for_errors(page)
        await give_device(context, page)
        await page.goto(OWN)
        await page.get_by_label("Name", exact=True).fill("My phone")
        await page.get_by_role("button", name="Add a passkey").click()
        await expect(page).to_have_title("Your recovery codes | Integration Admin")
        await expect(page.locator("#codes li")).to_have_count(10)
        async with page.expect_download() as kept:
            await page.get_by_role("button", name="Download the codes").click()
        assert (await kept.value).suggested_filename == "recovery-codes.txt"
        await page.get_by_role("link", name="I have kept them, go on").click()
        await expect(page.get_by_text("My phone: added")).to_be_visible()

        await context.clear_cookies()
        await page.goto(f"/sign-in/passkey?next={OWN}")
        await page.get_by_role("button", name="Sign in with a passkey").click()
        await expect(page).to_have_title("Your sign-in | Integration Admin")
        await expect(page.get_by_text("My phone: added")).to_be_visible()
        assert errors == []


async def test_axe_objects_to_nothing_on_the_pages_written_on_the_server_and_they_fit_a_phone(
    browser: Browser, address: str
) -> None:
    async with await browser.new_context(
        base_url=address, viewport=SIZES["phone"], locale="en-GB"
    ) as context:
        page = await signed_in(context, address)
        walk = Walk(page, "en")
        await give_device(context, page)
        await page.goto(OWN)
        await note(walk, "one's own page")
        await page.get_by_label("Name", exact=True).fill("My phone")
        await page.get_by_role("button", name="Add a passkey").click()
        await expect(page.locator("#codes")).to_be_visible()
        await note(walk, "recovery codes")
        for path in (OWN, f"{OWN}/members", f"{OWN}/confirm", "/sign-in/passkey"):
            await page.goto(path)
            await note(walk, path)
        await page.goto(OWN)
        await page.get_by_role("button", name="Set up an authenticator app").click()
        await note(walk, "a new app")
        await page.get_by_role("textbox", name="Code").fill("000000")
        await page.get_by_role("button", name="Confirm").click()
        await expect(page.get_by_role("textbox", name="Code")).to_be_focused()
        await note(walk, "a new app, refused")
        await set_up_a_provider(walk)
        await context.clear_cookies()
        await post(context, address, "/auth/sign-in", {"email": EMAIL, "password": PASSWORD})
        await page.goto("/sign-in/code")
        await note(walk, "the second step")
    assert (walk.objections, walk.unlike, walk.sticking_out) == ([], [], {})


async def set_up_a_provider(walk: Walk) -> None:
    """Note the page of the organisation's sign-in provider before one is set up, refused, and with one that does not answer."""
    page = walk.page
    await page.goto(f"{OWN}/provider")
    await note(walk, "no provider yet")
    for name, typed in {"name": "Ours", "client_id": "ours", "secret": canary.secret("client")}.items():
        await page.locator(f"#{name}").fill(typed)
    await page.locator("#issuer").fill("https://localhost:9/?x=1")
    await page.locator("main button[type=submit]").first.click()
    await expect(page.locator("#issuer")).to_have_attribute("aria-invalid", "true")
    await note(walk, "a provider, refused")
    await page.locator("#issuer").fill("https://localhost:9")
    await page.locator("#secret").fill(canary.secret("client"))
    await page.locator("main button[type=submit]").first.click()
    await expect(page.get_by_role("heading", name="5. Demand it")).to_be_visible()
    await note(walk, "a provider that does not answer")
    await page.goto(OWN)
    await note(walk, "one's own page with a provider")


async def signed_in(context: BrowserContext, address: str) -> Page:
    """Return a tab in which Alice, who reads English, has signed in with her password."""
    await context.add_cookies([{"name": "language", "value": "en", "url": address}])
    await post(context, address, "/auth/sign-in", {"email": EMAIL, "password": PASSWORD})
    return await context.new_page()


async def post(context: BrowserContext, address: str, path: str, form: dict[str, str]) -> None:
    answer = await context.request.post(path, form=form, headers={"Origin": address}, max_redirects=0)
    assert answer.status == 303


async def give_device(context: BrowserContext, page: Page) -> None:
    """Let the browser play a phone that keeps passkeys and always knows its person."""
    devices = await context.new_cdp_session(page)
    await devices.send("WebAuthn.enable")
    await devices.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})


async def note(walk: Walk, name: str) -> None:
    """Note what axe objects to, what is missing, and what sticks out on narrow screens."""
    walk.unlike.extend(f"{name}: {what}" for what in await walk._missing())
    await walk.look(name)
    await walk.make_narrow(name)
