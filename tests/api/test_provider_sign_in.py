"""Signing in with an organisation's provider over HTTP, and setting it up: cookies, pages, who may, and from where."""

import re
from collections.abc import AsyncIterator
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import pytest

from integration_admin.core.secret import Secret
from integration_admin.core.statuses import Role
from integration_admin.services.signed_in import Visit
from tests.api.conftest import EMAIL, Edge
from tests.builders import make_member
from tests.fakes import FakeClock
from tests.openid_issuer import CLIENT, DISCOVERY, SECRET, FakeIssuer, answering, running_issuer

PAGE, CALLBACK = "/settings/sign-in/provider", "/auth/openid/callback"


@pytest.fixture
async def issuer(clock: FakeClock) -> AsyncIterator[FakeIssuer]:
    async with running_issuer(clock) as made:
        made.person = {"email": EMAIL, "email_verified": True}
        yield made


@pytest.fixture
async def browser(client: httpx2.AsyncClient, running: Edge) -> httpx2.AsyncClient:
    """A browser that asks for English, in which Alice is signed in."""
    client.headers["Accept-Language"] = "en"
    await enter(client, running, running.alice.member_id)
    return client


async def enter(client: httpx2.AsyncClient, running: Edge, member_id: Any) -> None:
    """Sign somebody in without a password."""
    async with running.database.read(running.alice.organisation_id) as unit:
        member = await unit.organisations.member(member_id)
    client.cookies.clear()
    opened = await running.services.sign_in.open(member, Visit("127.0.0.1"))
    client.cookies.set("session", opened.token.reveal())


def form(issuer: FakeIssuer, /, **changes: str) -> dict[str, str]:
    return {"name": "Entra <b>", "issuer": issuer.url, "client_id": CLIENT, "secret": SECRET} | changes


async def set_up(browser: httpx2.AsyncClient, issuer: FakeIssuer) -> str:
    """Set the provider up by its page; return the sign-in address shown there."""
    saved = await browser.post("/auth/provider/save", data=form(issuer))
    assert saved.status_code == 200
    found = re.search(r'id="sign-in-address">([^<]+)<', saved.text)
    assert found is not None
    return unescape(found[1])


def link_on(page: httpx2.Response, path: str) -> str:
    """Return the address of the page's link to a path."""
    found = re.search(rf'href="({re.escape(path)}[^"]*)"', page.text)
    assert found is not None
    return unescape(found[1])


async def come_back(
    browser: httpx2.AsyncClient, issuer: FakeIssuer, departure: httpx2.Response
) -> httpx2.Response:
    """Come back from the provider, as a browser does: from another site's page, without our strict cookies."""
    assert departure.status_code == 303
    brought = urlencode(issuer.sign_in(departure.headers["location"]))
    session = browser.cookies.get("session")
    for name in {"session", "sign-in-step"} & set(browser.cookies):
        browser.cookies.delete(name)
    answer = await browser.get(f"{CALLBACK}?{brought}", headers={"Sec-Fetch-Site": "cross-site"})
    if session and "session" not in browser.cookies:
        browser.cookies.set("session", session)
    return answer


def cookie_of(answer: httpx2.Response, name: str) -> set[str]:
    """Return the flags of a cookie an answer sets."""
    (line,) = [one for one in answer.headers.get_list("set-cookie") if one.startswith(f"{name}=")]
    return {part.strip() for part in line.split(";")[1:]}


async def test_from_setting_it_up_to_signing_in_with_it(
    browser: httpx2.AsyncClient, running: Edge, issuer: FakeIssuer
) -> None:
    address = await set_up(browser, issuer)
    browser.cookies.clear()
    page = await browser.get(address + "&next=/records")
    assert "Sign in with Entra &lt;b&gt;" in page.text
    assert cookie_of(page, "sign-in-with") >= {"HttpOnly", "SameSite=lax", "Max-Age=31536000"}

    departure = await browser.get(link_on(page, "/auth/openid/start"))
    assert cookie_of(departure, "sign-in-way") == {"HttpOnly", "Max-Age=600", "Path=/", "SameSite=lax"}
    assert departure.headers["cache-control"] == "no-store"
    answer = await come_back(browser, issuer, departure)
    assert answer.status_code == 200
    assert '<meta http-equiv="refresh" content="0;url=/records">' in answer.text
    assert cookie_of(answer, "session") >= {"HttpOnly", "SameSite=strict"}
    assert "sign-in-way" not in browser.cookies
    principal = await running.services.sign_in.resolve(Secret(browser.cookies["session"]))
    assert principal is not None
    assert principal.email == EMAIL
    assert (await browser.get(link_on(page, "/auth/openid/start"))).headers["location"] == "/records"


async def test_every_refusal_reads_the_same(browser: httpx2.AsyncClient, issuer: FakeIssuer) -> None:
    address = await set_up(browser, issuer)
    browser.cookies.clear()
    start = link_on(await browser.get(address), "/auth/openid/start")

    async def refusal(person: dict[str, Any], **brought: str) -> tuple[int, str]:
        issuer.person = person
        departure = await browser.get(start)
        answer = dict(issuer.sign_in(departure.headers["location"])) | brought
        shown = await browser.get(f"{CALLBACK}?{urlencode(answer)}")
        assert "session" not in browser.cookies
        return shown.status_code, shown.text

    refused = [
        await refusal({}),
        await refusal({"email": "nobody@example.org", "email_verified": True}),
        await refusal({"email": EMAIL, "email_verified": True, "nonce": "another"}),
        await refusal({"email": EMAIL, "email_verified": True}, state="made up"),
        await refusal({"email": EMAIL, "email_verified": True}, error="access_denied"),
    ]
    without = await browser.get(CALLBACK)
    assert set(refused) == {(without.status_code, without.text)}
    assert without.status_code == 401


async def test_only_our_own_pages_send_anybody_anywhere(
    browser: httpx2.AsyncClient, running: Edge, issuer: FakeIssuer
) -> None:
    address = await set_up(browser, issuer)
    start = link_on(await browser.get(address), "/auth/openid/start")
    for path in (start, "/auth/openid/finish", "/auth/openid/connect", "/auth/openid/confirm"):
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "none"}):
            answer = await browser.get(path, headers=headers)
            assert urlsplit(answer.headers["location"]).path in {
                "/sign-in/provider",
                "/settings/sign-in/confirm",
            }
            assert "sign-in-way" not in answer.headers.get("set-cookie", "")
    del browser.headers["Sec-Fetch-Site"]
    browser.cookies.clear()
    assert (await browser.get(start)).headers["location"].startswith("/sign-in/provider?with=")
    older = await browser.get(start, headers={"Referer": f"{running.url}/sign-in"})
    assert older.headers["location"].startswith(f"{issuer.url}/authorize?")


async def test_a_made_up_sign_in_address_is_no_organisations(browser: httpx2.AsyncClient) -> None:
    browser.cookies.clear()
    for made_up in ("", "?with=abc", "?with=" + "x" * 400):
        page = await browser.get(f"/sign-in/provider{made_up}")
        assert (page.status_code, "leads nowhere" in page.text) == (404, True)
    start = await browser.get("/auth/openid/start?with=abc")
    assert start.status_code == 404


async def test_a_provider_that_cannot_be_reached_is_said_on_the_page(
    browser: httpx2.AsyncClient, running: Edge, issuer: FakeIssuer, clock: FakeClock
) -> None:
    address = await set_up(browser, issuer)
    clock.advance(3_601)
    browser.cookies.clear()
    issuer.answers = {DISCOVERY: answering(500, {})}
    page = await browser.get(link_on(await browser.get(address), "/auth/openid/start"))
    assert (page.status_code, "cannot be reached just now" in page.text) == (502, True)
    await enter(browser, running, running.alice.member_id)
    own = await browser.get("/auth/openid/connect")
    assert (own.status_code, "cannot be reached just now" in own.text) == (502, True)


async def test_the_own_account_is_connected_and_confirms_and_is_disconnected(
    browser: httpx2.AsyncClient, issuer: FakeIssuer, clock: FakeClock
) -> None:
    await set_up(browser, issuer)
    own = await browser.get("/settings/sign-in")
    departure = await browser.get(link_on(own, "/auth/openid/connect"))
    assert "/settings/sign-in" in (await come_back(browser, issuer, departure)).text
    assert "is connected with your account here" in (await browser.get("/settings/sign-in")).text

    clock.advance(700)
    asked = await browser.get("/settings/sign-in/confirm?next=/records")
    departure = await browser.get(link_on(asked, "/auth/openid/confirm"))
    issuer.seen_at(clock.now())
    assert "url=/records" in (await come_back(browser, issuer, departure)).text
    left = await browser.post("/auth/openid/disconnect")
    assert left.headers["location"] == "/settings/sign-in"
    assert "Connect with Entra" in (await browser.get("/settings/sign-in")).text


async def test_demanded_it_follows_the_password(
    browser: httpx2.AsyncClient, running: Edge, issuer: FakeIssuer
) -> None:
    await set_up(browser, issuer)
    refused = await browser.post("/auth/provider/demand")
    assert (refused.status_code, "Connect your own account" in refused.text) == (422, True)
    own = await browser.get("/settings/sign-in")
    await come_back(browser, issuer, await browser.get(link_on(own, "/auth/openid/connect")))
    assert (await browser.post("/auth/provider/demand")).headers["location"] == PAGE
    assert "Nobody gets in without Entra" in (await browser.get(PAGE)).text

    async with running.database.read(running.alice.organisation_id) as unit:
        alice = await unit.organisations.member(running.alice.member_id)
    half = await running.services.sign_in.come_with_passkey(alice, Visit("127.0.0.1"), None)
    browser.cookies.clear()
    browser.cookies.set("sign-in-step", half.token.reveal())
    page = await browser.get("/sign-in/provider?next=/records")
    assert "Your organisation asks you to sign in with Entra" in page.text
    departure = await browser.get(link_on(page, "/auth/openid/finish"))
    answer = await come_back(browser, issuer, departure)
    assert "url=/records" in answer.text
    assert "session" in browser.cookies


async def test_the_page_shows_what_is_stored_and_never_the_secret(
    browser: httpx2.AsyncClient, issuer: FakeIssuer, clock: FakeClock
) -> None:
    fresh = await browser.get(PAGE)
    assert f"{browser.base_url}".rstrip("/") + CALLBACK in fresh.text
    wrong = await browser.post("/auth/provider/save", data=form(issuer, issuer="ftp://x", client_id=""))
    assert wrong.status_code == 422
    assert 'aria-describedby="issuer-help issuer-error"' in wrong.text
    assert SECRET not in wrong.text
    saved = await browser.post("/auth/provider/save", data=form(issuer))
    assert "The issuer answers" in saved.text
    issuer.answers = {DISCOVERY: answering(404, {})}
    looked = await browser.post("/auth/provider/look")
    assert (looked.status_code, "answers 404" in looked.text) == (422, True)
    for page in (saved, looked, await browser.get(PAGE)):
        assert SECRET not in page.text
        assert "Entra &lt;b&gt;" in page.text
    clock.advance(700)
    told = await browser.get(PAGE)
    assert 'action="/auth/provider/' not in told.text.replace('action="/auth/provider/look"', "")
    for name in ("save", "look", "demand", "free", "remove", "disconnect"):
        asked = await browser.post(f"/auth/provider/{name}", data=form(issuer))
        assert asked.headers["location"] == f"/settings/sign-in/confirm?next={PAGE.replace('/', '%2F')}"


async def test_setting_it_up_is_for_administrators_and_from_our_own_pages(
    browser: httpx2.AsyncClient, running: Edge, issuer: FakeIssuer
) -> None:
    await set_up(browser, issuer)
    foreign = await browser.post("/auth/provider/remove", headers={"Origin": "https://evil.example.org"})
    assert foreign.status_code == 403
    bob = make_member("Bob", email="bob@example.org", role=Role.COORDINATOR)
    async with running.database.write(running.alice.organisation_id) as unit:
        await unit.organisations.add_member(bob)
    await enter(browser, running, bob.id)
    assert (await browser.get(PAGE)).status_code == 403
    for name in ("save", "look", "demand", "free", "remove"):
        assert (await browser.post(f"/auth/provider/{name}", data=form(issuer))).status_code == 403
    other = {"member": str(running.alice.member_id)}
    assert (await browser.post("/auth/provider/disconnect", data=other)).status_code == 403
    async with running.database.read(running.alice.organisation_id) as unit:
        denied = [line.actor for line in await unit.audit.latest() if line.action == "access.denied"]
    assert denied == ["Bob"] * 7


async def test_the_pages_speak_every_language_and_hold_no_inline_script_or_style(
    browser: httpx2.AsyncClient, running: Edge, issuer: FakeIssuer
) -> None:
    await set_up(browser, issuer)
    for language in ("nb", "nn", "en"):
        left = await browser.post(
            "/auth/language", data={"language": language}, headers={"Referer": f"{running.url}{PAGE}"}
        )
        assert left.headers["location"] == PAGE
        page = await browser.get(PAGE)
        assert f'<html lang="{language}"' in page.text
        assert not re.search(r"<style|<script(?! src=)|\sstyle=|\son[a-z]+=", page.text)
        assert dict(parse_qsl(urlsplit(link_on(page, "/settings/sign-in")).query)) == {}
