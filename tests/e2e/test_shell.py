"""What every page has: seen, heard and operated as people do."""

from pathlib import Path

import reflex_base
from playwright.async_api import Browser, Page, Response, expect

from tests.e2e.road import type_sign_in
from tests.e2e.server import EMAIL, ORGANISATION, PASSWORD, Server, running_server
from tests.e2e.waiting import until
from tests.e2e.words import read_in, said

NOWHERE = "/nowhere"
MOST_TRANSFERRED = 250 * 1024
TELL_OF_A_NEW_VERSION = """() => {
  const banner = document.createElement("div");
  banner.id = "reflex-new-version-banner";
  banner.setAttribute("role", "alert");
  banner.append("A new version of this app is available.");
  const button = document.createElement("button");
  button.textContent = "Reload";
  banner.append(button);
  document.body.append(banner);
}"""
"""As Reflex does it where a page that was loaded again is the old one once more."""


async def visit(page: Page, path: str) -> int:
    """Open a page, wait until it is drawn and has the server's state, and return the status it came with."""
    answer = await page.goto(path)
    assert answer is not None
    await page.get_by_role("heading", level=1).wait_for()
    await until(page, "() => sessionStorage.getItem('token') !== null")
    return answer.status


async def test_an_unknown_address_says_so_in_bokmal(page: Page) -> None:
    assert await visit(page, NOWHERE) == 404
    assert await page.title() == "Siden finnes ikke | Integration Admin"
    assert await page.get_by_role("heading", level=1).inner_text() == "Siden finnes ikke"
    assert await page.locator("html").get_attribute("lang") == "nb"


async def test_the_first_stop_of_the_keyboard_leads_past_the_header(page: Page) -> None:
    await visit(page, NOWHERE)
    await page.keyboard.press("Tab")
    assert await page.locator(":focus").inner_text() == "Hopp til innhold"
    await page.keyboard.press("Enter")
    await until(page, "() => document.activeElement.id === 'main'")


async def test_going_to_another_page_moves_the_focus_to_its_heading(page: Page) -> None:
    await visit(page, NOWHERE)
    await page.get_by_role("link", name="Gå til integrasjonene").click()
    await until(page, "() => document.activeElement.localName === 'h1'")
    assert NOWHERE not in page.url


async def test_the_dashboard_is_small_enough_for_a_phone(signed_in_page: Page) -> None:
    arrived: list[Response] = []
    signed_in_page.on("response", lambda response: arrived.extend([response]))
    await visit(signed_in_page, "/settings/integrations")
    await signed_in_page.wait_for_load_state("networkidle")
    sizes = [await response.request.sizes() for response in arrived]
    assert len(sizes) > 5
    assert sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes) < MOST_TRANSFERRED


async def test_the_header_says_who_is_signed_in_and_for_whom(signed_in_page: Page) -> None:
    await visit(signed_in_page, "/settings/integrations")
    header = signed_in_page.get_by_role("banner")
    await header.get_by_text(ORGANISATION).wait_for()
    await header.get_by_text(EMAIL).wait_for()
    here = header.get_by_role("link", name="Integrasjoner")
    assert await here.get_attribute("aria-current") == "true"


async def test_signing_out_leads_to_the_sign_in_page(signed_in_page: Page) -> None:
    await visit(signed_in_page, "/settings/integrations")
    await signed_in_page.get_by_role("button", name="Logg ut").click()
    await signed_in_page.wait_for_url("**/sign-in")


async def test_nothing_is_fetched_from_anywhere_else(page: Page, server: Server) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(NOWHERE, wait_until="networkidle")
    assert [url for url in asked if not url.startswith((server.url, "data:"))] == []


async def test_the_page_fits_the_narrowest_phone(browser: Browser, server: Server) -> None:
    async with await browser.new_context(
        base_url=server.url, viewport={"width": 320, "height": 700}
    ) as phone:
        page = await phone.new_page()
        await visit(page, "/sign-in")
        assert await page.evaluate("document.documentElement.scrollWidth") == 320


async def test_the_language_follows_the_choice_and_the_document_says_which(page: Page) -> None:
    await visit(page, "/sign-in")
    await page.get_by_role("button", name="English").click()
    await page.get_by_role("heading", level=1, name="Sign in").wait_for()
    await until(page, "() => document.documentElement.lang === 'en'")


async def test_a_lost_connection_is_told_in_words(browser: Browser, tmp_path: Path) -> None:
    page = await browser.new_page(locale="nb-NO")
    with running_server(tmp_path) as stopped_soon:
        await visit(page, stopped_soon.url + NOWHERE)
    await page.get_by_role("alert").filter(has_text="Forbindelsen til serveren er brutt").wait_for()
    await page.close()


async def test_a_new_version_is_told_in_the_readers_words(page: Page) -> None:
    script = Path(reflex_base.__file__).parent / ".templates" / "web" / "utils" / "state.js"
    assert 'NEW_VERSION_BANNER_ID = "reflex-new-version-banner"' in script.read_text()
    await visit(page, "/sign-in")
    await read_in(page, "nb")
    await page.evaluate(TELL_OF_A_NEW_VERSION)
    told = said(page, "There is a new version of this program. Load the page again to go on.")
    await expect(page.get_by_role("alert").filter(has_text=told)).to_be_visible()
    await expect(page.get_by_role("button", name=said(page, "Load the page again"))).to_be_visible()


async def test_who_opens_localhost_signs_in_all_the_same(page: Page, server: Server) -> None:
    """To a browser it is another site than 127.0.0.1, where neither forms nor the socket would be taken."""
    await page.goto(f"{server.url.replace('127.0.0.1', 'localhost')}/sign-in?next=/records")
    await type_sign_in(page, EMAIL, PASSWORD)
    await page.wait_for_url(f"{server.url}/records")
