"""What is typed and not saved yet outlasts a restart of the server, and a reload after somebody else saved first."""

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from playwright.async_api import Browser, Page, expect

from integration_admin.bootstrap import Application
from tests.e2e import road, world
from tests.e2e.road import DASHBOARD
from tests.e2e.server import Server, running_again, running_server
from tests.e2e.world import Xledger

MEMBERS = "/settings/organisation"
NOTICES = "/settings/organisation/notices"


async def account(page: Page, category: str) -> str:
    return await road.account_of(page, category).input_value()


async def test_what_is_typed_and_ticked_is_still_there_after_a_restart_and_goes_with_the_page(
    browser: Browser, xledger: Xledger, tmp_path: Path
) -> None:
    with ExitStack() as before:
        server = before.enter_context(running_server(tmp_path / "instance"))
        async with world.opened_office(server) as office, road.opened_context(browser, server) as context:
            person = await world.new_administrator(office)
            integration = await world.connect(office, person, xledger)
            base = f"{DASHBOARD}/{integration}"
            first = await context.new_page()
            await road.sign_in(first, person)
            pages = {name: await context.new_page() for name in ("schedule", "mapping", "excluded-data")}
            for name, page in pages.items():
                await page.goto(f"{base}/{name}")
            await pages["schedule"].locator("#kind").select_option("weekly")
            await pages["schedule"].locator("#day").select_option("4")
            await pages["schedule"].locator("#at").fill("05:55")
            await road.account_of(pages["mapping"], "meals").fill("7100")
            box = pages["excluded-data"].locator("main [type=checkbox]").first
            ticked = await box.is_checked()
            await box.click()
            await first.goto(MEMBERS)
            await first.locator("#name").fill("Ola Nordmann")
            await first.locator("#email").fill("ola@example.org")
            await first.locator("#role").select_option("coordinator")
            drawn = {
                page: await page.locator("main form [name]").first.element_handle() for page in pages.values()
            }
            before.close()
            lost = first.get_by_role("alert").filter(has_text="The connection to the server is lost")
            await expect(lost).to_be_attached()
            with running_again(server):
                for page in (first, *pages.values()):
                    await expect(page.get_by_text("The connection to the server is lost.")).to_have_count(0)
                for page, field in drawn.items():
                    await page.wait_for_function("(field) => !field.isConnected", arg=field)
                await expect(pages["schedule"].locator("#at")).to_have_value("05:55")
                await expect(pages["schedule"].locator("#kind")).to_have_value("weekly")
                await expect(pages["schedule"].locator("#day")).to_have_value("4")
                await expect(road.account_of(pages["mapping"], "meals")).to_have_value("7100")
                await expect(box).to_be_checked(checked=not ticked)
                await expect(first.locator("#name")).to_have_value("Ola Nordmann")
                await expect(first.locator("#email")).to_have_value("ola@example.org")
                await expect(first.locator("#role")).to_have_value("coordinator")

                await road.press(first, "Invite")
                await expect(first.get_by_text("ola@example.org").first).to_be_visible()
                await expect(first.locator("#name")).to_have_value("")
                await road.press(pages["schedule"], "Save")
                await expect(pages["schedule"].get_by_text("The schedule is saved.")).to_be_visible()

                trail = pages["mapping"].get_by_role("navigation", name="You are here")
                await trail.get_by_role("link", name="Integrations").click()
                await expect(
                    pages["mapping"].get_by_role("button", name="Sync Regnskapet now")
                ).to_be_visible()
                await pages["mapping"].go_back()
                await expect(road.account_of(pages["mapping"], "meals")).not_to_have_value("7100")


async def test_who_was_not_first_to_save_finds_what_was_typed_once_the_page_is_read_anew(
    browser: Browser, server: Server, office: Application, xledger: Xledger
) -> None:
    person = await world.new_administrator(office)
    integration = await world.connect(office, person, xledger)
    async with road.opened_context(browser, server) as context:
        first, second = await context.new_page(), await context.new_page()
        await road.sign_in(first, person)
        for page in (first, second):
            await page.goto(f"{DASHBOARD}/{integration}/mapping")
            await expect(road.account_of(page, "meals")).to_be_visible()
        await road.account_of(first, "meals").fill("7100")
        await first.get_by_role("button", name="Save", exact=True).click()
        await expect(first.get_by_text("The mapping is saved.")).to_be_visible()
        await road.account_of(second, "meals").fill("7140")
        await road.account_of(second, "office.supplies").fill("7100")
        await second.get_by_role("button", name="Save", exact=True).click()
        await expect(second.get_by_text("Somebody else changed this integration")).to_be_visible()
        await second.reload()
        await expect(road.account_of(second, "office.supplies")).to_have_value("7100")
        await expect(road.account_of(second, "meals")).to_have_value("7100")


class Outage(NamedTuple):
    """A server that is about to be away."""

    server: Server
    running: ExitStack

    async def begin(self, page: Page) -> None:
        """Stop the server, and wait until a page has noticed."""
        self.running.close()
        lost = page.get_by_role("alert").filter(has_text="The connection to the server is lost")
        await expect(lost).to_be_attached()


@asynccontextmanager
async def opened_before_an_outage(
    browser: Browser, xledger: Xledger, folder: Path, place: str
) -> AsyncIterator[tuple[Page, Outage]]:
    """Open a page of an integration on a server of the test's own."""
    with ExitStack() as running:
        server = running.enter_context(running_server(folder / "instance"))
        async with world.opened_office(server) as office, road.opened_context(browser, server) as context:
            person = await world.new_administrator(office)
            integration = await world.connect(office, person, xledger)
            page = await context.new_page()
            await road.sign_in(page, person)
            await page.goto(f"{DASHBOARD}/{integration}/{place}")
            yield page, Outage(server, running)


async def test_a_secret_that_was_typed_is_in_its_field_after_a_restart_and_in_no_storage(
    browser: Browser, xledger: Xledger, tmp_path: Path
) -> None:
    async with opened_before_an_outage(browser, xledger, tmp_path, "credentials") as (page, outage):
        field = page.locator("#new-token")
        await field.fill(xledger.tokens["renewed"])
        drawn = await field.element_handle()
        assert drawn is not None
        await outage.begin(page)
        with running_again(outage.server):
            await page.wait_for_function("field => !field.isConnected", arg=drawn)
            await expect(field).to_have_value(xledger.tokens["renewed"])
            assert xledger.tokens["renewed"] not in await page.evaluate(
                "JSON.stringify([sessionStorage, localStorage])"
            )
            await road.press(page, "Test and replace")
            await expect(page.locator("#rotation-done")).to_contain_text(
                "The new secrets work and are in use."
            )
            await expect(field).to_have_value("")
            await page.reload()
            await expect(field).to_have_value("")


async def test_what_was_typed_outlasts_a_restart_although_save_was_pressed_in_vain_meanwhile(
    browser: Browser, xledger: Xledger, tmp_path: Path
) -> None:
    async with opened_before_an_outage(browser, xledger, tmp_path, "schedule") as (page, outage):
        field = page.locator("#at")
        await expect(field).to_have_value("02:00")
        drawn = await field.element_handle()
        await outage.begin(page)
        await field.fill("05:55")
        await road.press(page, "Save")
        with running_again(outage.server):
            await page.wait_for_function("(field) => !field.isConnected", arg=drawn)
            await expect(field).to_have_value("05:55")
            await road.press(page, "Save")
            await expect(page.get_by_text("The schedule is saved.")).to_be_visible()
