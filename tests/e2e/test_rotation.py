"""Replacing, dating and removing the secrets of an integration in use, in a real browser; nobody gets one out again."""

import asyncio
import re
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Browser, Page, expect

from integration_admin.adapters.base import Credentials, Outcome, Voucher
from integration_admin.bootstrap import Application
from integration_admin.core.statuses import IntegrationState
from tests.e2e import road, world
from tests.e2e.leaks import Frames, places_of
from tests.e2e.narrow import overflow
from tests.e2e.road import DASHBOARD, Device
from tests.e2e.server import Server
from tests.e2e.words import Language, exported, said
from tests.e2e.world import Person, Xledger

CLAIMS = 5
WRONG = "not-the-right-token-at-all"
DEVICES = pytest.mark.parametrize("device", ["desktop", "phone"])


async def open_credentials(page: Page, integration: str) -> None:
    await page.goto(f"{DASHBOARD}/{integration}/credentials")
    await expect(page.get_by_role("button", name=said(page, "Test and replace"))).to_be_visible()


def stored(page: Page, secret: str) -> re.Pattern[str]:
    """Match the sentence about a stored secret: the day, who stored it, and its last four characters."""
    day, person = "([0-9]+[.]? [a-z]+ [0-9]+)", ".+"
    words = said(
        page, "Stored {day} by {person}, ends in {ending}.", day="DAY", person="PERSON", ending=secret[-4:]
    )
    return re.compile(re.escape(words).replace("DAY", day).replace("PERSON", person), re.IGNORECASE)


async def type_new_token(page: Page, token: str) -> None:
    await page.locator("#new-token").fill(token)
    await road.press(page, "Test and replace")


async def expect_done(page: Page, words: str) -> None:
    """The sentence about the change is shown and has the focus, because the form was drawn anew."""
    await expect(page.locator("#rotation-done")).to_contain_text(said(page, words))
    await expect(page.locator("#rotation-done")).to_be_focused()


async def state_of(office: Application, person: Person, integration: str) -> IntegrationState:
    actor = await office.services.organisations.actor_of(person.organisation)
    return (await office.services.configuration.get(actor, uuid.UUID(integration))).state


async def is_running(office: Application, person: Person, integration: str) -> bool:
    actor = await office.services.organisations.actor_of(person.organisation)
    health = await office.services.health.of(actor, uuid.UUID(integration))
    return health.active_run is not None


@asynccontextmanager
async def exporting(office: Application, person: Person, integration: str) -> AsyncIterator[uuid.UUID]:
    """Carry out an export that is under way with its first batch until the block ends; yields the run's id."""
    sending, go_on = asyncio.Event(), asyncio.Event()
    adapter = office.services.runner._adapters.get("xledger")
    honest = adapter.send

    async def held(credentials: Credentials, batch: Sequence[Voucher]) -> list[Outcome]:
        sending.set()
        await go_on.wait()
        return await honest(credentials, batch)

    actor = await office.services.organisations.actor_of(person.organisation)
    run = await office.services.runs.start(actor, uuid.UUID(integration))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(adapter, "send", held)
        carrying = asyncio.create_task(office.services.runner.carry_out(actor.organisation_id, run.id))
        async with asyncio.timeout(60):
            await sending.wait()
        try:
            yield run.id
        finally:
            go_on.set()
            await carrying


async def what_the_browser_holds(page: Page) -> str:
    """Return the document, its fields and what the browser keeps, as one text."""
    kept = await page.evaluate(
        "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href])"
    )
    fields = await page.locator("input, textarea").evaluate_all("all => all.map(one => one.value).join('|')")
    return f"{await page.content()}{kept}{fields}"


@pytest.mark.parametrize(("device", "language"), [("desktop", "en"), ("phone", "nb"), ("phone", "nn")])
async def test_a_secret_is_replaced_while_a_sync_runs_and_is_found_nowhere(
    browser: Browser,
    server: Server,
    office: Application,
    xledger: Xledger,
    device: Device,
    language: Language,
) -> None:
    person = await world.new_administrator(office)
    await world.receive(office, person, world.claims_of("EC", CLAIMS))
    integration = await world.connect(office, person, xledger)
    fresh = xledger.tokens["renewed"]
    async with road.opened_page(browser, server, device) as page:
        frames = Frames(page)
        await road.sign_in(page, person, language)
        await open_credentials(page, integration)
        assert await overflow(page) == []
        await expect(page.get_by_text(stored(page, xledger.token))).to_be_visible()

        async with exporting(office, person, integration) as run_id:
            await type_new_token(page, fresh)
            await expect_done(page, "The new secrets work and are in use. {report}")
            assert await is_running(office, person, integration)
        actor = await office.services.organisations.actor_of(person.organisation)
        ended = await office.services.runs.get(actor, run_id)
        assert (str(ended.state), ended.delivered) == ("succeeded", CLAIMS)

        await expect(page.get_by_text(stored(page, fresh))).to_be_visible()
        await expect(page.locator("#new-token")).to_have_value("")
        typed = [frame for frame in frames.sent if fresh in frame]
        assert len(typed) == 1
        assert "rotate" in typed[0]
        assert [frame for frame in frames.received if fresh in frame] == []
        assert fresh not in await what_the_browser_holds(page)

        await xledger.change("tokens/full/expire")
        await world.receive(office, person, world.claims_of("ED", 2))
        await page.goto(f"{DASHBOARD}/{integration}")
        await expect(page.locator("#sentence")).to_contain_text(exported(page, CLAIMS))
        assert exported(page, 2) in await road.export(page)
    assert await state_of(office, person, integration) is IntegrationState.ACTIVE
    booked = world.claims_booked(await xledger.ledger())
    assert booked == [f"EC-{number:03}" for number in range(CLAIMS)] + ["ED-000", "ED-001"]
    assert places_of(person.email, server.instance) != []
    assert places_of(fresh, server.instance) == []


@DEVICES
async def test_a_secret_that_does_not_work_changes_nothing(
    browser: Browser, server: Server, office: Application, xledger: Xledger, device: Device
) -> None:
    person = await world.new_administrator(office)
    await world.receive(office, person, world.claims_of("EC", 2))
    integration = await world.connect(office, person, xledger)
    async with road.opened_page(browser, server, device) as page:
        frames = Frames(page)
        await road.sign_in(page, person)
        await open_credentials(page, integration)
        await type_new_token(page, "")
        await expect(page.locator("#error-summary")).to_contain_text("Type the new secret here.")
        await expect(page.locator("#new-token")).to_be_focused()
        await type_new_token(page, WRONG)
        told = page.get_by_role("alert").filter(has_text="The new secrets do not work")
        await expect(told).to_contain_text("the secrets stored before are still in use")
        assert await overflow(page) == []
        await expect(page.get_by_text(f"ends in {xledger.token[-4:]}")).to_be_visible()
        assert [frame for frame in frames.received if WRONG in frame] == []
        await page.goto(f"{DASHBOARD}/{integration}")
        assert "Exported: 2." in await road.export(page)
    assert places_of(WRONG, server.instance) == []


@DEVICES
async def test_after_a_while_the_password_is_asked_for_and_then_secrets_are_dated_and_removed(
    browser: Browser, server: Server, office: Application, xledger: Xledger, device: Device
) -> None:
    person = await world.new_administrator(office)
    await world.receive(office, person, world.claims_of("EC", 2))
    integration = await world.connect(office, person, xledger)
    # On a quick machine all of it takes place within five seconds, in which Xledger answers twenty requests.
    await xledger.change("behaviour", limits=False)
    async with road.opened_page(browser, server, device) as page:
        frames = Frames(page)
        await road.sign_in(page, person)
        await open_credentials(page, integration)
        await world.let_time_pass(office, person)
        # The day is the organisation's, which begins before the one in UTC.
        tomorrow = office.clock.now().astimezone(ZoneInfo("Europe/Oslo")).date() + timedelta(days=1)
        await page.locator("#expires_on").fill(f"{tomorrow:%d.%m.%Y}")
        await road.press(page, "Save the date")
        await expect(page.locator("#error-summary")).to_contain_text("Confirm that it is you first")
        await confirm(page, "not my password")
        await expect(page.locator("#own_password-error")).to_contain_text("not the password you sign in with")
        await confirm(page, person.password)
        await expect(page.locator("#confirmed")).to_contain_text("for the next ten minutes")
        await expect(page.locator("#confirmed")).to_be_focused()
        # What was typed before the question is still there.
        await expect(page.locator("#expires_on")).to_have_value(f"{tomorrow:%d.%m.%Y}")
        await road.press(page, "Save the date")
        await expect_done(page, "The expiry date is saved.")
        assert await overflow(page) == []

        await page.goto(DASHBOARD)
        await expect(page.get_by_role("main")).to_contain_text("The credentials expire tomorrow.")
        await page.get_by_role("link", name="Enter new credentials").click()
        await remove(page)
        await expect(page.get_by_role("alert").filter(has_text="removed the stored secrets")).to_be_visible()
        await page.goto(f"{DASHBOARD}/{integration}")
        await expect(page.locator("main .ds-tag").first).to_have_text("Error")
        await page.get_by_role("link", name="Enter new credentials").click()
        # What was shown last is shown until the page has read anew what there is.
        await expect(page.locator("#rotation-done")).to_have_text("")
        await expect(page.get_by_label("API token")).to_have_count(1)
        await type_new_token(page, xledger.token)
        await expect_done(page, "The new secrets work and are in use.")
        assert [frame for frame in frames.received if person.password in frame] == []
    assert await state_of(office, person, integration) is IntegrationState.ACTIVE
    assert places_of(person.password, server.instance) == []


async def confirm(page: Page, password: str) -> None:
    await page.locator("#own_password").fill(password)
    await page.get_by_role("button", name="Confirm", exact=True).click()


async def remove(page: Page) -> None:
    """Change one's mind first, then remove."""
    await road.press(page, "Remove the stored secrets")
    question = page.get_by_role("dialog", name="Remove the stored secrets?")
    await question.get_by_role("button", name="Keep them").click()
    await expect(question).not_to_be_visible()
    await road.press(page, "Remove the stored secrets")
    await question.get_by_role("button", name="Remove them").click()
    await expect_done(page, "The secrets are removed, and nothing is exported any more.")
