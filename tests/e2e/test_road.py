"""The whole road in a real browser: from a fresh organisation to vouchers in the accounting system, once each."""

import re
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from integration_admin.bootstrap import Application
from integration_admin.core.statuses import IntegrationState
from tests.e2e import road, world
from tests.e2e.road import Device
from tests.e2e.server import Server
from tests.e2e.words import Language, said
from tests.e2e.world import ACCOUNTS, CREDIT_ACCOUNT, Xledger

APPROVED = 7
MOST_INTERACTIONS = 12
NOTHING_YET = "Nothing is connected yet. Choose your accounting system below; it takes a few minutes."
REFUSED = "Xledger refuses the token. Check that all of it was copied, and that it was made in the environment you chose."


@pytest.mark.parametrize(("device", "language"), [("desktop", "nb"), ("phone", "nn")])
async def test_from_a_fresh_organisation_to_vouchers_once_each(
    browser: Browser, server: Server, xledger: Xledger, device: Device, language: Language
) -> None:
    person = world.create_administrator(server)
    claims = world.claims_of("EC", APPROVED)
    await world.post_claims(server, person, claims)
    async with road.opened_page(browser, server, device) as page:
        await road.sign_in(page, person, language)
        await expect(page.get_by_role("main")).to_contain_text(said(page, NOTHING_YET))
        await road.begin_wizard(page)
        await credentials_step(page, xledger)
        await mapping_step(page)
        await schedule_step(page)
        await review_step(page)
        sentence = await road.export(page)
        assert f"{APPROVED}" in sentence
        await history_and_run(page)
    ledger = await xledger.ledger()
    assert world.claims_booked(ledger) == [f"EC-{number:03}" for number in range(APPROVED)]
    assert_as_mapped(ledger)


async def test_twelve_interactions_lead_from_signing_in_to_a_tested_integration(
    browser: Browser, server: Server, office: Application, xledger: Xledger
) -> None:
    person = await world.new_administrator(office)
    await world.receive(office, person, world.claims_of("EC", APPROVED))
    async with road.opened_page(browser, server) as page:
        await page.goto("/sign-in")
        mouse = Mouse(page)
        await mouse.type_in("#email", person.email)
        await mouse.type_in("#password", person.password)
        await page.keyboard.press("Enter")
        await mouse.click("main button:has-text('Xledger')")
        # The address of a simulation has to be given; with Xledger itself these two fall away.
        await mouse.choose("#environment", "custom")
        await mouse.type_in("#endpoint", xledger.endpoint)
        await mouse.type_in("#token", xledger.token)
        await mouse.click("main form:has(#token) button[type=submit]")
        await mouse.click("main a[href$='step=mapping']")
        await mouse.type_in('[name="value:credit_account"]', CREDIT_ACCOUNT)
        # The accounts of the three categories in use are plain enough to be suggested.
        await mouse.click("main form:has([name='value:credit_account']) button[type=submit]")
        await mouse.click("main form:has(#kind) button[type=submit]")
        await mouse.click("main form:has(#name) button[type=submit]")
        await page.wait_for_url(road.INTEGRATION)
    assert len(mouse.done) <= MOST_INTERACTIONS, mouse.done
    actor = await office.services.organisations.actor_of(person.organisation)
    (view,) = await office.services.configuration.everything(actor)
    assert view.state is IntegrationState.ACTIVE
    assert view.tested_at is not None


@dataclass(slots=True)
class Mouse:
    """The shortest way with a mouse: every click and every choice counts, into a field too; keys do not."""

    page: Page
    done: list[str] = field(default_factory=list)

    async def click(self, what: str) -> None:
        self.done.append(f"click {what}")
        await self.page.locator(what).click()

    async def type_in(self, what: str, text: str) -> None:
        await self.click(what)
        await self.page.keyboard.type(text)

    async def choose(self, what: str, value: str) -> None:
        self.done.append(f"choose {what}")
        await self.page.locator(what).select_option(value)


async def credentials_step(page: Page, xledger: Xledger) -> None:
    report = await road.enter_credentials(page, xledger.endpoint, "not-the-right-token")
    await expect(report).to_contain_text(said(page, REFUSED))
    onward = page.get_by_role("link", name=said(page, "Continue to field mapping"))
    await expect(onward).to_have_count(0)
    tested = await road.enter_token(page, xledger.token)
    await expect(tested).to_contain_text(said(page, "Connected to {entity}."))
    await onward.click()


async def mapping_step(page: Page) -> None:
    await road.expect_step(page, 3)
    meals, told = road.account_of(page, "meals"), re.compile(said(page, "Suggestion"))
    await expect(meals).to_have_value(ACCOUNTS["meals"])
    await expect(meals).to_have_accessible_description(told)
    await road.enter_mapping(page, ACCOUNTS | {"meals": "9999"})
    await expect(meals).not_to_have_accessible_description(told)
    await road.press(page, "Save and continue to the schedule")
    missing = said(page, "The accounting system has no code {code}.", code="9999")
    await expect(page.get_by_role("alert")).to_contain_text(missing)
    await road.expect_step(page, 3)
    await meals.fill(ACCOUNTS["meals"])
    await page.locator('[name="from:project"]').select_option("constant")
    await page.locator('[name="value:project"]').fill("P-99")
    await road.follow(page, "Back to credentials")
    await road.expect_step(page, 2)
    await road.follow(page, "Continue to field mapping")
    await assert_typed(page)
    await page.reload()
    await assert_typed(page)
    await page.locator('[name="from:project"]').select_option("")
    await road.press(page, "Save and continue to the schedule")


async def assert_typed(page: Page) -> None:
    """What was typed and not saved is there again, in a field too that only comes with a choice."""
    await road.expect_step(page, 3)
    await expect(road.account_of(page, "office.supplies")).to_have_value(ACCOUNTS["office.supplies"])
    await expect(page.locator('[name="value:credit_account"]')).to_have_value(CREDIT_ACCOUNT)
    await expect(page.locator('[name="value:project"]')).to_have_value("P-99")


async def schedule_step(page: Page) -> None:
    await road.expect_step(page, 4)
    await page.locator("#kind").select_option("manual")
    await expect(page.get_by_role("main")).to_contain_text(said(page, "It will not run by itself."))
    await page.locator("#kind").select_option("daily")
    await page.locator("#at").fill("02:00")
    runs = page.locator("main ol.ds-list > li")
    await expect(runs).to_have_count(5)
    for text in await runs.all_inner_texts():
        assert text.endswith("02:00")
    await road.press(page, "Save and continue to the review")


async def review_step(page: Page) -> None:
    await road.expect_step(page, 5)
    await expect(page.locator("main dl")).to_contain_text("02:00")
    await page.locator("#name").fill("Regnskapet")
    await road.press(page, "Save and activate")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Regnskapet")
    await expect(page.get_by_role("main")).to_contain_text(
        said(page, "Ready. The first export has not run yet.")
    )


async def history_and_run(page: Page) -> None:
    await road.follow(page, "Export history")
    await expect(page.get_by_role("heading", level=1)).to_have_text(said(page, "Export history"))
    rows = page.locator("tbody tr")
    await expect(rows).to_have_count(1)
    await expect(rows.locator("td").nth(1)).to_have_text(str(APPROVED))
    await rows.get_by_role("link").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(said(page, "One export"))
    await expect(road.told(page, "Exported")).to_have_text(str(APPROVED))


def assert_as_mapped(ledger: list[dict[str, Any]]) -> None:
    """Each voucher debits the mapped accounts and credits their sum, and was booked once."""
    lines = world.postings(ledger)
    assert lines["EC-000"] == [("2910", "-412.00"), ("7140", "412.00")]
    assert lines["EC-001"] == [("2910", "-511.50"), ("7140", "412.00"), ("7350", "99.50")]
    assert lines["EC-002"] == [
        ("2910", "-1761.75"),
        ("6800", "1250.25"),
        ("7140", "412.00"),
        ("7350", "99.50"),
    ]
    assert all(voucher["balanced"] and voucher["count"] == 1 for voucher in ledger)
