"""What only a person can tell, decided in a real browser, by keyboard alone: nothing is sent by mistake, and the focus stays."""

import uuid

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from integration_admin.bootstrap import Application
from integration_admin.core.errors import Fault
from integration_admin.core.statuses import DeliveryState
from tests.e2e import road, world
from tests.e2e.narrow import overflow
from tests.e2e.road import DASHBOARD, Device
from tests.e2e.server import Server
from tests.e2e.world import Person, Xledger
from tests.services.waiting import DOUBLED, save_undecided


async def connect(office: Application, person: Person, xledger: Xledger) -> uuid.UUID:
    """Set up an integration in which two records wait for a person, and one that is booked twice."""
    integration = uuid.UUID(await world.connect(office, person, xledger))
    organisation = (await office.services.organisations.actor_of(person.organisation)).organisation_id
    await save_undecided(office.database, organisation, integration, "EC-901", "EC-902")
    await save_undecided(
        office.database, organisation, integration, "EC-950", fault=Fault.UPSTREAM, message=DOUBLED
    )
    return integration


async def states(office: Application, person: Person, integration: uuid.UUID) -> dict[DeliveryState, int]:
    actor = await office.services.organisations.actor_of(person.organisation)
    async with office.database.read(actor.organisation_id) as unit:
        return await unit.backlog.by_state(integration)


async def press_enter_on(element: Locator) -> None:
    await element.focus()
    await element.page.keyboard.press("Enter")


async def expect_decided(page: Page, words: str) -> None:
    """The sentence about the decision is shown and has the focus, because what was pressed is gone."""
    await expect(page.locator("#decided")).to_contain_text(words)
    await expect(page.locator("#decided")).to_be_focused()


@pytest.mark.parametrize("device", ["desktop", "phone"])
async def test_a_person_decides_about_every_record_by_keyboard(
    browser: Browser, server: Server, office: Application, xledger: Xledger, device: Device
) -> None:
    person = await world.new_administrator(office)
    integration = await connect(office, person, xledger)
    async with road.opened_page(browser, server, device) as page:
        await road.sign_in(page, person)
        await page.goto(f"{DASHBOARD}/{integration}")
        await expect(page.get_by_role("article")).to_have_count(3)
        assert await overflow(page) == []
        await say_that_it_is_there(page)
        await say_that_it_is_not_there(page)
        doubled = page.get_by_role("article", name="EC-950")
        await expect(doubled.get_by_role("button")).to_have_count(1)
        await doubled.get_by_role("textbox").fill("7")
        await press_enter_on(doubled.get_by_role("button", name="It is there"))
        await expect_decided(page, "EC-950 counts as exported")
        await expect(page.get_by_role("article")).to_have_count(0)
    assert await states(office, person, integration) == {DeliveryState.DELIVERED: 2, DeliveryState.READY: 1}
    assert await xledger.ledger() == [], "deciding sends nothing"


async def say_that_it_is_there(page: Page) -> None:
    record = page.get_by_role("article", name="EC-901")
    await press_enter_on(record.get_by_role("button", name="It is there"))
    await expect(page.locator("#error-summary")).to_be_visible()
    await expect(record.get_by_role("textbox")).to_be_focused()
    await expect(record.get_by_role("textbox")).to_have_attribute("aria-invalid", "true")
    await record.get_by_role("textbox").fill("2026-4711")
    await page.keyboard.press("Enter")
    await expect_decided(page, "EC-901 counts as exported, with voucher number 2026-4711.")


async def say_that_it_is_not_there(page: Page) -> None:
    send_again = page.get_by_role("article", name="EC-902").get_by_role("button", name="Send again")
    question = page.get_by_role("dialog", name="Send EC-902 again?")
    await press_enter_on(send_again)
    await expect(question).to_contain_text("booked twice")
    await page.keyboard.press("Escape")
    await expect(question).to_be_hidden()
    await expect(send_again).to_be_focused()
    await page.keyboard.press("Enter")
    await press_enter_on(question.get_by_role("button", name="It is not there: send it again"))
    await expect_decided(page, "EC-902")
