"""Signing in with an organisation's provider over HTTP: cookies, pages, and from where. Setting it up is in test_provider_settings.py."""

from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx2

from integration_admin.core.secret import Secret
from integration_admin.services.signed_in import Visit
from tests.api.at_provider import (
    CALLBACK,
    PAGE,
    browser,
    come_back,
    cookie_of,
    enter,
    issuer,
    link_on,
    set_up,
)
from tests.api.conftest import EMAIL, Edge
from tests.fakes import FakeClock
from tests.openid_issuer import CLIENT, DISCOVERY, FakeIssuer, answering

__all__ = ["browser", "issuer"]


async def test_from_setting_it_up_to_signing_in_with_it(
    browser: httpx2.AsyncClient, running: Edge, issuer: FakeIssuer
) -> None:
    address = await set_up(browser, issuer)
    browser.cookies.clear()
    page = await browser.get(address + "&next=/records")
    assert "Sign in with Entra &lt;b&gt;" in page.text
    assert "sign-in-with" not in browser.cookies
    departure = await browser.get(link_on(page, "/auth/openid/start"))
    assert cookie_of(departure, "sign-in-way") == {"HttpOnly", "Max-Age=600", "Path=/", "SameSite=lax"}
    assert departure.headers["cache-control"] == "no-store"
    answer = await come_back(browser, issuer, departure)
    assert answer.status_code == 200
    assert '<meta http-equiv="refresh" content="0;url=/records">' in answer.text
    assert cookie_of(answer, "session") >= {"HttpOnly", "SameSite=strict"}
    assert cookie_of(answer, "sign-in-with") >= {"HttpOnly", "SameSite=lax", "Max-Age=31536000"}
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


async def test_a_sign_in_address_is_remembered_once_somebody_has_come_in_by_it(
    browser: httpx2.AsyncClient, issuer: FakeIssuer
) -> None:
    """Else another organisation's link would put its provider's button on the sign-in page of whoever opens it."""
    address = await set_up(browser, issuer)
    browser.cookies.clear()
    start = link_on(await browser.get(address), "/auth/openid/start")
    issuer.person = {"email": "nobody@example.org", "email_verified": True}
    assert (await come_back(browser, issuer, await browser.get(start))).status_code == 401
    assert "sign-in-with" not in browser.cookies
    issuer.person = {"email": EMAIL, "email_verified": True}
    await come_back(browser, issuer, await browser.get(start))
    assert address.endswith(f"?with={browser.cookies['sign-in-with']}")


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


async def test_who_signs_out_here_may_sign_out_there_too(
    browser: httpx2.AsyncClient, issuer: FakeIssuer, clock: FakeClock
) -> None:
    address = await set_up(browser, issuer)
    assert (await browser.post("/auth/sign-out")).headers["location"] == "/sign-in"
    start = link_on(await browser.get(address), "/auth/openid/start")
    await come_back(browser, issuer, await browser.get(start))
    assert (await browser.post("/auth/sign-out")).headers["location"] == "/sign-in?out=1"
    none = await browser.get("/auth/openid/leave")
    assert (none.status_code, "does not say where" in none.text) == (200, True)
    for named, leads_to in (
        (f"{issuer.url}/logout?a=b", f"{issuer.url}/logout?a=b&client_id={CLIENT}"),
        ("http://169.254.169.254/logout", None),
        ("javascript:alert(1)", None),
        ([], None),
    ):
        clock.advance(3_601)
        issuer.metadata = {"end_session_endpoint": named}
        left = await browser.get("/auth/openid/leave")
        assert (named, left.headers.get("location")) == (named, leads_to)
        foreign = await browser.get("/auth/openid/leave", headers={"Sec-Fetch-Site": "cross-site"})
        assert foreign.headers["location"] == "/sign-in"
    browser.cookies.clear()
    assert (await browser.get("/auth/openid/leave")).status_code == 401
