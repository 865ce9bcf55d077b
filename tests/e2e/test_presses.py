"""Buttons under impatient fingers and by keyboard: two presses are one deed, and the focus is never lost."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from integration_admin.api.own_pages import PASSWORD_PAGE
from integration_admin.bootstrap import Application
from tests.e2e import road, world
from tests.e2e.browser import FLAGS, find_browser
from tests.e2e.keys import Keyboard
from tests.e2e.listening import expect_announced, listen
from tests.e2e.road import DASHBOARD
from tests.e2e.server import Server
from tests.e2e.world import Person, Xledger

TOKENS = "/settings/organisation/api-tokens"
_NEW_KEY = "Make a new signing key"


@pytest_asyncio.fixture(loop_scope="session")
async def person(office: Application) -> Person:
    """The administrator of an organisation that has nothing yet."""
    return await world.new_administrator(office)


@pytest_asyncio.fixture(loop_scope="session")
async def remembering_browser() -> AsyncIterator[Browser]:
    """A browser that shows a page again as it was left, as all do outside of tests."""
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(
            executable_path=find_browser(Path(playwright.chromium.executable_path)),
            args=list(FLAGS),
            ignore_default_args=["--disable-back-forward-cache"],
        )
        yield started
        await started.close()


async def fill_in_token(page: Page, name: str) -> None:
    await page.locator("#name").fill(name)
    await page.get_by_role("checkbox", name="Hand over records").check()


async def test_a_double_click_makes_one_api_token_and_begins_one_set_up(
    browser: Browser, server: Server, person: Person
) -> None:
    async with road.opened_page(browser, server) as page:
        await road.sign_in(page, person)
        await page.goto(TOKENS)
        await fill_in_token(page, "Expense system")
        await page.get_by_role("button", name="Make the API token").dblclick()
        await expect(page.locator("#new-api-token")).not_to_have_value("")
        await page.goto(f"{DASHBOARD}/new")
        await page.get_by_role("button", name="Set up Xledger", exact=True).dblclick()
        await road.expect_step(page, 2)

        await page.goto(TOKENS)
        await expect(page.get_by_role("button", name="Revoke")).to_have_count(1)
        await page.goto(DASHBOARD)
        await expect(page.get_by_role("button", name="Discard the set-up")).to_have_count(1)


async def test_a_form_written_on_the_server_is_sent_once_in_a_hurry_and_anew_after_coming_back(
    remembering_browser: Browser, server: Server, person: Person
) -> None:
    async with road.opened_context(remembering_browser, server) as context:
        page = await context.new_page()
        sent: list[str] = []
        page.on("request", lambda asked: sent.append(asked.url) if asked.method == "POST" else None)
        await road.sign_in(page, person)
        await page.goto(PASSWORD_PAGE)
        sent.clear()
        await page.locator("#own_password").fill("not my password")
        await page.locator("#password").fill("quite another password")
        await page.get_by_role("button", name="Change the password").dblclick()
        await expect(page.locator("#own_password-error")).to_contain_text("not the password")
        assert len(sent) == 1
        await page.go_back(wait_until="commit")
        # The very page is back, as browsers keep it, not another copy of it.
        await expect(page.locator("#own_password")).to_have_value("not my password")
        await page.get_by_role("button", name="Change the password").click()
        await expect(page.locator("#own_password-error")).to_contain_text("not the password")
        assert len(sent) == 2


async def test_the_focus_goes_to_the_nearest_heading_when_what_had_it_is_gone(
    browser: Browser, server: Server, person: Person
) -> None:
    async with road.opened_page(browser, server) as page:
        await listen(page)
        keys = Keyboard(page)
        await road.sign_in(page, person)
        await page.goto(TOKENS)
        await fill_in_token(page, "Expense system")
        await keys.press(page.get_by_role("button", name="Make the API token"))
        await keys.expect_at(page.get_by_role("heading", name="Make an API token"))
        await keys.press(page.get_by_role("button", name="Revoke “Expense system”"))
        await keys.press(page.get_by_role("dialog").get_by_role("button", name="Revoke it"))
        await keys.expect_at(page.get_by_role("heading", name="API tokens"))

        await page.goto(DASHBOARD)
        await keys.press(page.get_by_role("button", name="Set up Xledger", exact=True))
        await road.expect_step(page, 2)
        await page.goto(DASHBOARD)
        discard = page.get_by_role("button", name="Discard the set-up of Xledger", exact=True)
        await keys.press(discard)
        await keys.press(page.get_by_role("dialog").get_by_role("button", name="Leave it as it is"))
        await keys.expect_at(discard)
        await keys.press(discard)
        await keys.press(page.get_by_role("dialog").get_by_role("button", name="Discard it"))
        await expect_announced(page, "The set-up of Xledger is discarded.")
        await keys.expect_at(page.get_by_role("heading", name="Add integration"))


async def test_a_form_that_is_refused_again_for_the_same_reason_says_so_again(
    browser: Browser, server: Server, person: Person
) -> None:
    async with road.opened_page(browser, server) as page:
        await listen(page)
        keys = Keyboard(page)
        await road.sign_in(page, person)
        await page.goto(TOKENS)
        for _ in range(2):
            await keys.press(page.get_by_role("button", name="Make the API token"))
            await expect_announced(page, "Give the token a name")
            await keys.expect_at(page.locator("#name"))


async def test_what_is_done_again_is_told_again(browser: Browser, server: Server, person: Person) -> None:
    async with road.opened_page(browser, server) as page:
        await listen(page)
        await road.sign_in(page, person)
        await page.goto(TOKENS)
        for name in ("Expense system", "Membership system"):
            await fill_in_token(page, name)
            await road.press(page, "Make the API token")
            await expect_announced(page, "The API token is made.")
        for name in ("Expense system", "Membership system"):
            await page.get_by_role("button", name=f"Revoke “{name}”").click()
            await page.get_by_role("dialog").get_by_role("button", name="Revoke it").click()
            await expect_announced(page, "The API token is revoked.")

        await page.goto("/settings/organisation")
        await page.locator("#name").fill("Ola Nordmann")
        await page.locator("#email").fill("ola@example.org")
        await road.press(page, "Invite")
        for _ in range(2):
            await expect_announced(page, "Give the link below to ola@example.org yourself")
            await page.get_by_role("button", name="New link for ola@example.org").click()
        await page.locator("#name").fill("Kari Nordmann")
        await page.locator("#email").fill("kari@example.org")
        await road.press(page, "Invite")
        for name in ("ola", "kari"):
            await page.get_by_role("button", name=f"Withdraw the invitation of {name}@example.org").click()
            await expect_announced(page, "The invitation is withdrawn.")

        await page.goto("/settings/organisation/notices")
        await page.locator("#webhook_url").fill("https://notices.example.org/")
        for button, words in (
            ("Save", "What you are told is saved."),
            (_NEW_KEY, "The signing key is made."),
        ):
            for _ in range(2):
                await road.press(page, button)
                await expect_announced(page, words)


async def test_warnings_that_were_not_accepted_take_the_focus_again(
    browser: Browser, server: Server, office: Application, xledger: Xledger, person: Person
) -> None:
    integration = await world.connect(office, person, xledger)
    async with road.opened_page(browser, server) as page:
        await road.sign_in(page, person)
        await page.goto(f"{DASHBOARD}/{integration}/mapping")
        await page.locator('[name="value:credit_account"]').fill("999999")
        save = page.get_by_role("button", name="Save", exact=True)
        for _ in range(2):
            await save.press("Enter")
            await expect(page.locator("#mapping-warnings")).to_be_focused()


async def test_a_wrong_password_of_ones_own_takes_the_focus_to_its_field(
    browser: Browser, server: Server, office: Application, person: Person
) -> None:
    async with road.opened_page(browser, server) as page:
        await road.sign_in(page, person)
        await page.goto(TOKENS)
        await fill_in_token(page, "Expense system")
        await world.let_time_pass(office, person)
        await road.press(page, "Make the API token")
        field = page.locator("#own_password")
        await expect(field).to_be_focused()
        for _ in range(2):
            await field.fill("not my password")
            await page.get_by_role("button", name="Confirm", exact=True).press("Enter")
            await expect(page.locator("#own_password-error")).to_contain_text("not the password")
            await expect(field).to_be_focused()


async def test_a_lost_connection_costs_nothing_that_was_typed_nor_the_focus(
    browser: Browser, server: Server, office: Application, xledger: Xledger, person: Person
) -> None:
    integration = await world.connect(office, person, xledger)
    async with road.opened_context(browser, server, "phone") as context:
        page = await context.new_page()
        await listen(page)
        await road.sign_in(page, person)
        await page.goto(f"{DASHBOARD}/{integration}/schedule")
        field = page.locator("#at")
        await expect(field).to_be_visible()
        await page.get_by_role("link", name="Skip to content").press("Enter")
        await field.fill("05:55")
        await context.set_offline(True)
        await expect_announced(page, "The connection to the server is lost.")
        await context.set_offline(False)
        await expect(page.get_by_text("The connection to the server is lost.")).to_have_count(0)
        await road.press(page, "Pause")
        await expect(page.get_by_role("button", name="Resume")).to_be_visible()
        await expect(field).to_have_value("05:55")


async def test_what_is_refused_is_in_sight_however_far_below_the_button_is(
    browser: Browser, server: Server, office: Application, xledger: Xledger, person: Person
) -> None:
    integration = await world.connect(office, person, xledger)
    async with road.opened_context(browser, server, "phone") as context:
        first, second = await context.new_page(), await context.new_page()
        await road.sign_in(first, person)
        for page in (first, second):
            await page.goto(f"{DASHBOARD}/{integration}/excluded-data")
            await expect(page.get_by_role("button", name="Save")).to_be_visible()
        await road.press(first, "Save")
        await expect(first.get_by_text("What is left out is saved.")).to_be_in_viewport()
        await road.press(second, "Save")
        await expect(second.get_by_text("Somebody else changed this integration")).to_be_in_viewport()
