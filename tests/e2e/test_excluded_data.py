"""What is left out, by keyboard alone on a desktop and on a phone: chosen, told, not sent, and proven in the history."""

import uuid

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, ViewportSize, expect

from integration_admin.bootstrap import Application
from integration_admin.core.mapping import FieldMapping
from tests.e2e import road, world
from tests.e2e.road import DASHBOARD, Device
from tests.e2e.server import Server
from tests.e2e.words import Language, said
from tests.e2e.world import Person, Xledger

OUTLAY = "Description of the outlay"
SENT_WITHOUT = "Waiting records that will be sent without “{field}”: {count}."
STAYING = "Waiting claims that stay, because they have a line in a category that is left out: {count}."
ARE_LEFT_OUT = (
    "Claims with a line in the category “{category}” are left out: they and their reimbursements are not exported,"
    " and count as waiting."
)
NARROWEST: ViewportSize = {"width": 320, "height": 640}


@pytest_asyncio.fixture(loop_scope="session")
async def person(office: Application) -> Person:
    """The administrator of an organisation of this test's own."""
    return await world.new_administrator(office)


def choice(page: Page, name: str) -> Locator:
    return page.get_by_role("checkbox", name=said(page, name), exact=True)


async def tick(page: Page, name: str) -> None:
    """Tick a box as somebody without a mouse does."""
    await choice(page, name).focus()
    await page.keyboard.press("Space")
    await expect(choice(page, name)).to_be_checked()


async def save(page: Page) -> None:
    await page.get_by_role("button", name=said(page, "Save"), exact=True).focus()
    await page.keyboard.press("Enter")


@pytest.mark.parametrize(("device", "language"), [("desktop", "en"), ("phone", "nb"), ("phone", "nn")])
async def test_what_is_left_out_is_chosen_by_keyboard_told_not_sent_and_proven(
    browser: Browser,
    server: Server,
    office: Application,
    xledger: Xledger,
    person: Person,
    device: Device,
    language: Language,
) -> None:
    integration = await world.connect(office, person, xledger)
    await world.receive(office, person, world.claims_of("REISE", 3))
    async with road.opened_page(browser, server, device) as page:
        await road.sign_in(page, person, language)
        await page.goto(f"{DASHBOARD}/{integration}")
        await road.follow(page, "What is left out")
        await expect(page.get_by_role("heading", level=1)).to_have_text(said(page, "What is left out"))
        people = page.get_by_role("group", name=said(page, "About the claimant"))
        await expect(people.get_by_role("checkbox")).to_have_count(3)
        always = page.get_by_role("region", name=said(page, "Always left out"))
        await expect(always).to_contain_text(said(page, "Receipts"))
        sent = page.get_by_role("region", name=said(page, "Fields that are sent"))
        await expect(sent).to_contain_text(said(page, OUTLAY))

        for name in ("Claimant’s e-mail address", OUTLAY, "Draft activities", "Meals"):
            await tick(page, name)
        await save(page)
        done = page.locator(".ds-alert").filter(has_text=said(page, "What is left out is saved."))
        await expect(done).to_contain_text(said(page, SENT_WITHOUT, field=said(page, OUTLAY), count=1))
        await expect(done).to_contain_text(said(page, STAYING, count=2))
        await expect(done).to_contain_text(said(page, "What was sent already stays as it is."))
        await expect(sent).not_to_contain_text(said(page, OUTLAY))
        await page.set_viewport_size(NARROWEST)
        assert await page.evaluate("document.documentElement.scrollWidth") <= NARROWEST["width"]

        await page.reload()
        await expect(done).to_have_count(0)
        for name in ("Claimant’s e-mail address", "Draft activities", "Meals"):
            await expect(choice(page, name)).to_be_checked()
        await expect(choice(page, "Claimant’s name")).not_to_be_checked()

        run = await world.export_once(office, person, integration)
        ledger = await xledger.ledger()
        assert world.claims_booked(ledger) == ["REISE-000"]
        assert "Tog Oslo-Hamar" not in repr(ledger)
        await page.goto(f"{DASHBOARD}/{integration}/runs/{run}")
        await expect(road.told(page, "Excluded fields sent")).to_have_text("0")
        await expect(road.told(page, "Left out")).to_contain_text(said(page, "Draft activities"))
        await page.goto(f"{DASHBOARD}/{integration}")
        await expect(page.get_by_text(said(page, ARE_LEFT_OUT, category=said(page, "Meals")))).to_be_visible()


async def test_what_is_needed_cannot_be_left_out_and_a_change_of_others_is_not_overwritten(
    browser: Browser, server: Server, office: Application, xledger: Xledger, person: Person
) -> None:
    services = office.services
    actor = await services.organisations.actor_of(person.organisation)
    integration = await world.connect(office, person, xledger)
    integration_id = uuid.UUID(integration)
    editor = await services.mappings.editor(actor, integration_id)
    by_text = FieldMapping(source="line.description", values={"Tog Oslo-Hamar": "7140"})
    saved = await services.mappings.save(
        actor, integration_id, editor.version, editor.mapping | {"account": by_text}, accept_warnings=True
    )
    assert saved.saved
    async with road.opened_page(browser, server) as page:
        await road.sign_in(page, person)
        await page.goto(f"{DASHBOARD}/{integration}/excluded-data")
        await tick(page, "Description of the outlay")
        await save(page)
        summary = page.locator("#error-summary")
        await expect(summary).to_contain_text("must not be empty")
        await expect(choice(page, "Description of the outlay")).to_be_focused()
        await summary.get_by_role("link").click()
        await expect(choice(page, "Description of the outlay")).to_be_focused()

        await page.keyboard.press("Space")
        await services.excluded_data.save(actor, integration_id, saved.version, ["purpose"])
        await save(page)
        await expect(page.get_by_text("Somebody else changed this integration")).to_be_visible()
        await page.reload()
        await expect(choice(page, "Purpose")).to_be_checked()
