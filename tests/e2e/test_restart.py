"""A restart of the server in the middle of an export: the open page goes on by itself, and every record is booked once."""

import re
from contextlib import ExitStack
from pathlib import Path

from playwright.async_api import Browser, expect

from tests.e2e import road, world
from tests.e2e.road import DASHBOARD
from tests.e2e.server import running_again, running_server
from tests.e2e.test_progress import COUNT, dealt_with
from tests.e2e.world import Xledger


async def test_an_open_page_tells_of_the_same_export_again_once_the_server_is_back(
    browser: Browser, xledger: Xledger, tmp_path: Path
) -> None:
    with ExitStack() as before:
        server = before.enter_context(running_server(tmp_path / "instance"))
        async with world.opened_office(server) as office, road.opened_context(browser, server) as context:
            person = await world.new_administrator(office)
            await world.receive(office, person, world.claims_of("EC", COUNT))
            integration = await world.connect(office, person, xledger)
            await xledger.change("behaviour", latency=3.0)
            page = await context.new_page()
            await road.sign_in(page, person)
            await page.goto(f"{DASHBOARD}/{integration}")
            await road.press(page, "Sync now")
            await expect(page.locator("#progress-told")).to_contain_text("records a minute")
            seen = await dealt_with(page)
            before.close()
            lost = page.get_by_role("alert").filter(has_text="The connection to the server is lost")
            await expect(lost).to_be_attached()
            with running_again(server):
                told = page.locator("#progress-told")
                await expect(told).to_contain_text("Taken up again after a restart.", timeout=120_000)
                assert await dealt_with(page) >= seen > 0
                await xledger.change("behaviour", latency=0.0)
                # On a slow machine what was on its way may not have landed in time; it is looked up later.
                end = page.get_by_role("status").filter(has_text=re.compile(r"Exported: [12],?\d{3}\."))
                await expect(end).to_be_attached(timeout=120_000)
    assert len(await xledger.ledger()) == COUNT
