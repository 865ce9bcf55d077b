"""What goes wrong on the road, in a real browser: reloads, two savers, dead tokens, closed accounts, strangers."""

import asyncio
import uuid

from playwright.async_api import Browser, Page, expect

from integration_admin.bootstrap import Application
from integration_admin.core.statuses import Role
from tests.e2e import road, world
from tests.e2e.leaks import Frames, places_of
from tests.e2e.road import DASHBOARD
from tests.e2e.server import Server
from tests.e2e.world import ACCOUNTS, Xledger

CONFLICT = "Somebody else changed this integration while you worked."
NOT_ALLOWED = "Your role does not allow this. Ask an administrator."


async def test_a_half_finished_wizard_survives_and_its_secret_is_nowhere(
    browser: Browser, server: Server, office: Application, xledger: Xledger
) -> None:
    person = await world.new_administrator(office)
    await world.receive(office, person, world.claims_of("EC", 3))
    async with road.opened_page(browser, server) as page:
        frames = Frames(page)
        await road.sign_in(page, person)
        await walk_to_the_schedule(page, xledger)
        await page.reload()
        await road.expect_step(page, 4)
        await assert_not_in_page(page, xledger.token)
        typed = [frame for frame in frames.sent if xledger.token in frame]
        assert len(typed) == 1
        assert "store_and_test" in typed[0]
        assert [frame for frame in frames.received if xledger.token in frame] == []
        assert any("Connected to" in frame for frame in frames.received)
    async with road.opened_page(browser, server) as page:
        frames = Frames(page)
        await road.sign_in(page, person)
        await page.get_by_role("link", name="Continue the set-up").click()
        await road.expect_step(page, 4)
        await go_back_and_test_again(page)
        await assert_not_in_page(page, xledger.token)
        assert [frame for frame in frames.sent + frames.received if xledger.token in frame] == []
    assert places_of(person.email, server.instance) != []
    assert places_of(xledger.token, server.instance) == []


async def walk_to_the_schedule(page: Page, xledger: Xledger) -> None:
    await road.begin_wizard(page)
    report = await road.enter_credentials(page, xledger.endpoint, xledger.token)
    await expect(report).to_contain_text("Connected to")
    await assert_not_in_page(page, xledger.token)
    await page.get_by_role("link", name="Continue to field mapping").click()
    await road.enter_mapping(page)
    await road.press(page, "Save and continue to the schedule")
    await road.expect_step(page, 4)


async def go_back_and_test_again(page: Page) -> None:
    """Find what was entered before, and connect without typing the token again."""
    await page.get_by_role("link", name="Back to field mapping").click()
    await expect(road.account_of(page, "meals")).to_have_value(ACCOUNTS["meals"])
    await page.get_by_role("link", name="Back to credentials").click()
    await expect(page.get_by_role("main")).to_contain_text("Stored ")
    await expect(page.locator("#token")).to_have_value("")
    await road.press(page, "Test Connection")
    await expect(page.get_by_role("button", name="Test Connection")).to_be_visible()
    await expect(page.locator("#report")).to_contain_text("Connected to")


async def assert_not_in_page(page: Page, secret: str) -> None:
    """The document, its fields and what the browser keeps hold no trace of it; the document holds other words."""
    kept = await page.evaluate(
        "[JSON.stringify(localStorage), JSON.stringify(sessionStorage), document.cookie, location.href]"
    )
    fields = await page.locator("input").evaluate_all("all => all.map(one => one.value)")
    document = await page.content()
    assert "Integration Admin" in document
    empty_after_sending = [] if await page.locator("#token").count() else fields
    assert [text for text in [document, *kept, *empty_after_sending] if secret in text] == []


async def test_of_two_people_saving_the_same_step_the_second_is_told(
    browser: Browser, server: Server, office: Application, xledger: Xledger
) -> None:
    person = await world.new_administrator(office)
    await world.receive(office, person, world.claims_of("EC", 3))
    async with road.opened_page(browser, server) as first, road.opened_page(browser, server) as second:
        await road.sign_in(first, person)
        await walk_to_the_schedule(first, xledger)
        await first.get_by_role("link", name="Back to field mapping").click()
        await expect(road.account_of(first, "meals")).to_have_value("7350")
        await road.sign_in(second, person)
        await second.goto(first.url)
        await expect(road.account_of(second, "meals")).to_have_value("7350")
        await road.account_of(first, "meals").fill("7100")
        await road.account_of(second, "meals").fill("7140")
        await road.press(first, "Save and continue to the schedule")
        await road.expect_step(first, 4)
        await road.press(second, "Save and continue to the schedule")
        await expect(second.get_by_role("alert")).to_contain_text(CONFLICT)
        await road.expect_step(second, 3)
        await second.reload()
        await expect(road.account_of(second, "meals")).to_have_value("7100")


async def test_of_two_people_finishing_at_once_one_wins_and_one_is_told(
    browser: Browser, server: Server, office: Application, xledger: Xledger
) -> None:
    person = await world.new_administrator(office)
    await world.receive(office, person, world.claims_of("EC", 3))
    async with road.opened_page(browser, server) as first, road.opened_page(browser, server) as second:
        await road.sign_in(first, person)
        await walk_to_the_schedule(first, xledger)
        await road.press(first, "Save and continue to the review")
        await road.expect_step(first, 5)
        await road.sign_in(second, person)
        await second.goto(first.url)
        await road.expect_step(second, 5)
        names = {first: "Hovedregnskap", second: "Prosjektregnskap"}
        for page, name in names.items():
            await page.locator("#name").fill(name)
        await asyncio.gather(*(road.press(page, "Save and activate") for page in names))
        winner = await one_that_shows_an_integration(first, second)
        loser = second if winner is first else first
        await expect(loser.get_by_role("alert")).to_contain_text(CONFLICT)
        await winner.goto(DASHBOARD)
        await expect(winner.locator("main h2 a")).to_have_text([names[winner]])


async def one_that_shows_an_integration(*pages: Page) -> Page:
    """Return the page that left the wizard first."""
    waiting = {asyncio.create_task(page.wait_for_url(road.INTEGRATION)): page for page in pages}
    done, rest = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
    assert len(done) == 1
    return waiting[done.pop()]


async def test_an_expired_token_stops_the_export_until_a_new_one_is_stored(
    browser: Browser, server: Server, office: Application, xledger: Xledger
) -> None:
    person = await world.new_administrator(office)
    await world.receive(office, person, world.claims_of("EC", 4))
    integration = await world.connect(office, person, xledger)
    await xledger.change("tokens/full/expire")
    async with road.opened_page(browser, server) as page:
        await road.sign_in(page, person)
        await page.goto(f"{DASHBOARD}/{integration}")
        sentence = await road.export(page)
        assert "refuses the credentials" in sentence
        await expect(page.locator("main .ds-tag").first).to_have_text("Error")
        stopped = page.get_by_role("alert").filter(has_text="The export has stopped")
        await expect(stopped).to_contain_text("token")
        await stopped.get_by_role("link", name="Enter new credentials").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Credentials")
        await page.locator("#new-token").fill(xledger.tokens["renewed"])
        await road.press(page, "Test and replace")
        await expect(page.locator("#rotation-done")).to_contain_text("Connected to")
        await page.goto(f"{DASHBOARD}/{integration}")
        assert "4" in await road.export(page)
        await expect(page.locator("main .ds-tag").first).to_have_text("Active")
    assert world.claims_booked(await xledger.ledger()) == [f"EC-{number:03}" for number in range(4)]


async def test_an_account_closed_later_fails_its_claims_until_another_is_mapped(
    browser: Browser, server: Server, office: Application, xledger: Xledger
) -> None:
    person = await world.new_administrator(office)
    await world.receive(office, person, world.claims_of("EC", 6))
    integration = await world.connect(office, person, xledger)
    await xledger.change("accounts/7350", open=False)
    async with road.opened_page(browser, server) as page:
        await road.sign_in(page, person)
        await page.goto(f"{DASHBOARD}/{integration}")
        await road.export(page)
        assert world.claims_booked(await xledger.ledger()) == ["EC-000", "EC-003"]
        cause = page.get_by_role("article", name="4 records, one cause")
        await expect(cause).to_contain_text("7350")
        await cause.get_by_role("link", name="Change the mapping").click()
        await expect(road.account_of(page, "meals")).to_be_focused()
        await road.account_of(page, "meals").fill("7140")
        await page.get_by_role("button", name="Save", exact=True).click()
        await expect(page.get_by_role("main")).to_contain_text("The mapping is saved")
        await page.goto(f"{DASHBOARD}/{integration}")
        await road.export(page, "Retry what failed")
        await expect(cause).to_have_count(0)
    ledger = await xledger.ledger()
    assert world.claims_booked(ledger) == [f"EC-{number:03}" for number in range(6)]
    assert world.postings(ledger)["EC-001"] == [("2910", "-511.50"), ("7140", "412.00"), ("7140", "99.50")]


async def test_a_wrong_password_is_told_in_a_sentence(browser: Browser, server: Server) -> None:
    async with road.opened_page(browser, server) as page:
        await page.goto("/sign-in")
        await road.type_sign_in(page, "nobody@example.org", "not the password")
        alert = page.get_by_role("alert")
        await expect(alert).to_contain_text("The e-mail address or the password is wrong.")
        await page.goto(DASHBOARD)
        await page.wait_for_url("**/sign-in*")


async def test_a_viewer_sees_nothing_to_change_and_is_refused(
    browser: Browser, server: Server, office: Application, xledger: Xledger
) -> None:
    administrator = await world.new_administrator(office)
    await world.receive(office, administrator, world.claims_of("EC", 2))
    integration = await world.connect(office, administrator, xledger)
    viewer = await world.new_colleague(office, administrator, Role.VIEWER)
    async with road.opened_page(browser, server) as page:
        await road.sign_in(page, viewer)
        await expect(page.locator("main h2 a")).to_have_text("Regnskapet")
        await expect(page.locator("main button")).to_have_count(0)
        await page.locator("main h2 a").click()
        await expect(page.locator("#sentence")).to_be_visible()
        await expect(page.locator("main button")).to_have_count(0)
        for part in ("credentials", "mapping", "schedule", "excluded-data"):
            await page.goto(f"{DASHBOARD}/{integration}/{part}")
            await expect(page.get_by_role("alert").first).to_contain_text(NOT_ALLOWED)
            await expect(page.locator("main form")).to_have_count(0)
    assert await xledger.ledger() == []


async def test_buttons_of_a_role_that_was_taken_away_do_nothing(
    browser: Browser, server: Server, office: Application, xledger: Xledger
) -> None:
    administrator = await world.new_administrator(office)
    await world.receive(office, administrator, world.claims_of("EC", 2))
    integration = await world.connect(office, administrator, xledger)
    colleague = await world.new_colleague(office, administrator, Role.ADMINISTRATOR)
    async with road.opened_page(browser, server) as page:
        await road.sign_in(page, colleague)
        await page.goto(f"{DASHBOARD}/{integration}")
        await expect(page.get_by_role("button", name="Sync now")).to_be_visible()
        await world.change_role(office, colleague, Role.VIEWER)
        await road.press(page, "Sync now")
        await expect(page.get_by_role("button", name="Sync now")).to_have_count(0)
        await expect(page.locator("dt:text-is('Last export') + dd")).to_have_text("None yet")
    assert await xledger.ledger() == []


async def test_another_organisations_integration_does_not_exist(
    browser: Browser, server: Server, office: Application, xledger: Xledger
) -> None:
    owner, stranger = [await world.new_administrator(office) for _ in range(2)]
    integration = await world.connect(office, owner, xledger, "Hemmelig regnskap")
    async with road.opened_page(browser, server) as page:
        frames = Frames(page)
        await road.sign_in(page, stranger)
        for part in ("", "/credentials", "/mapping", "/schedule", "/excluded-data", "/dry-run", "/history"):
            theirs = await told(page, f"{DASHBOARD}/{integration}{part}")
            assert theirs == await told(page, f"{DASHBOARD}/{uuid.uuid4()}{part}")
        assert any(stranger.organisation in frame for frame in frames.received)
        assert not any("Hemmelig regnskap" in frame for frame in frames.received)


async def told(page: Page, address: str) -> str:
    """Return what a page says of an integration that is not there."""
    await page.goto(address)
    alert = page.get_by_role("alert").first
    await expect(alert).to_be_visible()
    await expect(page.locator("main form")).to_have_count(0)
    return await alert.inner_text()
