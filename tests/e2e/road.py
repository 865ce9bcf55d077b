"""What people do in the browser on the road from sign-in to vouchers, one small function a deed.

What must hold is in the tests; organisations, claims and the accounting system are made in world.py.
"""

import itertools
import re
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Literal

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, ViewportSize, expect

from tests.e2e.server import Server
from tests.e2e.waiting import until
from tests.e2e.words import Language, read_in, said
from tests.e2e.world import ACCOUNTS, CREDIT_ACCOUNT, Person, Xledger

Device = Literal["desktop", "phone"]
SIZES: dict[Device, ViewportSize] = {
    "desktop": {"width": 1280, "height": 900},
    "phone": {"width": 390, "height": 844},
}
DASHBOARD = "/settings/integrations"
_HOMES = itertools.count()
INTEGRATION = re.compile(r"/settings/integrations/[0-9a-f-]{36}$")


@asynccontextmanager
async def opened_context(
    browser: Browser, server: Server, device: Device = "desktop"
) -> AsyncIterator[BrowserContext]:
    """Open a browser profile nobody has used, on a machine set to English."""
    async with await browser.new_context(
        base_url=server.url, viewport=SIZES[device], locale="en-GB"
    ) as context:
        yield context


@asynccontextmanager
async def opened_page(browser: Browser, server: Server, device: Device = "desktop") -> AsyncIterator[Page]:
    """Open a tab in a fresh profile; fails at the end if a page threw or wrote an error to the console."""
    async with opened_context(browser, server, device) as context:
        page = await context.new_page()
        errors = listen_for_errors(page)
        yield page
        assert not errors, errors


def listen_for_errors(page: Page) -> list[str]:
    """Return a list that fills with what goes wrong in a page."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.extend(_error_of(message)))
    return errors


def _error_of(message: ConsoleMessage) -> list[str]:
    return [f"{message.text} ({message.location})"] if message.type == "error" else []


async def sign_in(page: Page, person: Person, language: Language = "en") -> None:
    """Sign in by the form, and read on in a language."""
    await page.goto("/sign-in")
    await type_sign_in(page, person.email, person.password)
    await expect(page.get_by_role("banner")).to_contain_text(person.organisation)
    await read_in(page, language)


async def type_sign_in(page: Page, email: str, password: str) -> None:
    """Fill in the sign-in form and send it, each time from another address: from one come a hundred in 15 minutes."""
    home = f"10.0.{(number := next(_HOMES)) // 256}.{number % 256}"
    await page.context.set_extra_http_headers({"X-Forwarded-For": home})
    await page.locator("#email").fill(email)
    await page.locator("#password").fill(password)
    await page.locator("main button[type=submit]").click()


async def begin_wizard(page: Page, system: str = "Xledger") -> None:
    """Go from the dashboard into a new set-up of an accounting system, at its credentials."""
    words = said(page, "Set up {type}", type=said(page, system))
    await page.get_by_role("button", name=words, exact=True).click()
    await expect_step(page, 2)


async def expect_step(page: Page, number: int) -> None:
    """Wait until the wizard shows a step."""
    await expect(page.locator("#step")).to_contain_text(
        said(page, "Step {step} of {total}: {name}", step=number, total=5)
    )


async def enter_credentials(page: Page, endpoint: str, token: str) -> Locator:
    """Type an address and a token, press the test button and return where the answer appears."""
    await choose_own_address(page)
    await page.locator("#endpoint").fill(endpoint)
    return await enter_token(page, token)


async def choose_own_address(page: Page) -> None:
    """Choose an environment that asks for its address."""
    await page.locator("#environment").select_option("custom")
    await expect(page.locator("#endpoint")).to_be_visible()


async def enter_token(page: Page, token: str) -> Locator:
    """Type a token, press the test button and return where the answer appears."""
    await page.locator("#token").fill(token)
    return await try_connection(page)


async def fill_in(page: Page, typed: Mapping[str, str]) -> None:
    """Fill in fields and choices by name, in order; what a choice brings up may come after it."""
    for name, value in typed.items():
        field = page.locator(f'main [name="{name}"]')
        await expect(field).to_be_visible()
        is_choice = await field.evaluate("(field) => field.tagName === 'SELECT'")
        await (field.select_option(value) if is_choice else field.fill(value))


async def try_connection(page: Page) -> Locator:
    """Press the test button and return where the answer appears."""
    await press(page, "Test Connection")
    return page.locator("#report")


def account_of(page: Page, category: str) -> Locator:
    """Return the field with a category's account."""
    return page.locator(f'[name="map:account:{category}"]')


async def enter_mapping(page: Page, accounts: Mapping[str, str] = ACCOUNTS) -> None:
    """Fill in the accounts and the account that is credited."""
    await expect(page.locator('[name="value:credit_account"]')).to_be_visible()
    await page.locator('[name="value:credit_account"]').fill(CREDIT_ACCOUNT)
    for category, code in accounts.items():
        await account_of(page, category).fill(code)


async def finish_wizard(page: Page, name: str) -> str:
    """Go from the mapping step to the finished integration and return its id."""
    await press(page, "Save and continue to the schedule")
    await expect_step(page, 4)
    await press(page, "Save and continue to the review")
    await expect_step(page, 5)
    await page.locator("#name").fill(name)
    await press(page, "Save and activate")
    await page.wait_for_url(INTEGRATION)
    await expect(page.get_by_role("heading", level=1)).to_have_text(name)
    return integration_in(page.url)


async def set_up(page: Page, xledger: Xledger, name: str = "Regnskapet") -> str:
    """Walk the whole wizard from the dashboard and return the new integration's id."""
    await begin_wizard(page)
    await expect(await enter_credentials(page, xledger.endpoint, xledger.token)).to_contain_text(
        said(page, "Connected to {entity}.")
    )
    await follow(page, "Continue to field mapping")
    await enter_mapping(page)
    return await finish_wizard(page, name)


def integration_in(url: str) -> str:
    """Return the id an address of an integration holds."""
    return str(uuid.UUID(url.rstrip("/").rsplit("/", 1)[-1]))


async def press(page: Page, name: str) -> None:
    """Press a button by its words."""
    await page.get_by_role("button", name=said(page, name)).click()


async def follow(page: Page, name: str) -> None:
    """Follow a link by its words."""
    await page.get_by_role("link", name=said(page, name)).click()


def told(page: Page, name: str) -> Locator:
    """Return what a page's list tells of something, by its name."""
    return page.locator(f"dt:text-is('{said(page, name)}') + dd")


async def export(page: Page, button: str = "Sync now") -> str:
    """Start an export, wait until it has ended and return the sentence about it."""
    last = told(page, "Last export")
    before = await last.inner_html()
    await press(page, button)
    await expect(last).not_to_have_text("")
    await until(
        page,
        """([words, before]) => {
          const last = [...document.querySelectorAll("dt")].find((name) => name.innerText === words);
          return last && last.nextElementSibling.innerHTML !== before;
        }""",
        [said(page, "Last export"), before],
    )
    await expect(page.get_by_role("button", name=said(page, "Sync now"))).to_be_visible()
    return await page.locator("#sentence").inner_text()
