"""What every page has: seen, heard and operated as people do."""

import asyncio

from playwright.async_api import Browser, Page, Response, WebSocketRoute

from tests.e2e.server import Server

NOWHERE = "/nowhere"
MOST_TRANSFERRED = 250 * 1024


async def hydrated(page: Page) -> None:
    """Wait until the page has the server's state; Reflex writes its token only then."""
    await page.wait_for_function("sessionStorage.getItem('token') !== null")


async def test_an_unknown_address_says_so_in_bokmal(page: Page) -> None:
    answer = await page.goto(NOWHERE)
    assert answer is not None
    assert answer.status == 404
    assert await page.title() == "Siden finnes ikke | Integration Admin"
    assert await page.get_by_role("heading", level=1).inner_text() == "Siden finnes ikke"
    assert await page.locator("html").get_attribute("lang") == "nb"


async def test_the_first_stop_of_the_keyboard_leads_past_the_header(page: Page) -> None:
    await page.goto(NOWHERE)
    await hydrated(page)
    await page.keyboard.press("Tab")
    assert await page.locator(":focus").inner_text() == "Hopp til innhold"
    await page.keyboard.press("Enter")
    await page.wait_for_function("document.activeElement.id === 'main'")


async def test_going_to_another_page_moves_the_focus_to_its_content(page: Page) -> None:
    await page.goto(NOWHERE)
    await hydrated(page)
    await page.get_by_role("link", name="Gå til integrasjonene").click()
    await page.wait_for_function("document.activeElement.id === 'main'")
    assert NOWHERE not in page.url


async def test_a_page_is_small_enough_for_a_phone(page: Page) -> None:
    arrived: list[Response] = []
    page.on("response", arrived.append)
    await page.goto(NOWHERE, wait_until="networkidle")
    sizes = [await response.request.sizes() for response in arrived]
    assert len(sizes) > 5
    assert sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes) < MOST_TRANSFERRED


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
        await page.goto("/sign-in")
        await page.wait_for_selector("form")
        assert await page.evaluate("document.documentElement.scrollWidth") == 320


async def test_the_language_follows_the_choice_and_the_document_says_which(page: Page) -> None:
    await page.goto("/sign-in")
    await hydrated(page)
    await page.get_by_role("button", name="English").click()
    await page.get_by_role("heading", level=1, name="Sign in").wait_for()
    assert await page.locator("html").get_attribute("lang") == "en"


async def test_a_lost_connection_is_told_in_words(page: Page) -> None:
    open_sockets: list[WebSocketRoute] = []
    refused = asyncio.Event()

    async def meet(socket: WebSocketRoute) -> None:
        if refused.is_set():
            await socket.close()
            return
        socket.connect_to_server()
        open_sockets.append(socket)

    await page.route_web_socket("**/_event/**", meet)
    await page.goto(NOWHERE)
    await hydrated(page)
    refused.set()
    for socket in open_sockets:
        await socket.close()
    await page.get_by_role("alert").filter(has_text="Forbindelsen til serveren er brutt").wait_for()
    refused.clear()
    await page.get_by_role("alert").wait_for(state="detached")
